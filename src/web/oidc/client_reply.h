/*
 * Sends the browser back to an OpenID client, with the parameters of a response.
 *
 *	303                   no form was sent before (OAuth 2.0: never 307, which would repeat a form's body)
 *	a page with a refresh  after a form: browsers apply form-action to each redirect of a form's submission.  A
 *	                      private scheme gets a button, because phones open applications only after a tap
 *	a page with a form    response mode form_post: the script sends it, or its button
 */
#ifndef WEB_CLIENT_REPLY_H
#define WEB_CLIENT_REPLY_H

#include "web/core/exchange.h"

struct client_reply {
	str name;         /* of the client; empty: unknown */
	str redirect_uri; /* registered, without a fragment */
	str response;     /* the parameters, form-encoded; empty: none */
	enum oidc_mode mode;
	bool posted; /* a form was sent before */
};

/* Append the redirect URI with the parameters in its query, beside its own ones, or in its fragment. */
void client_reply_put(const struct client_reply *reply, struct buf *out);

/*
 * An application may send its request as a form.  The browser does not send the session's cookie then (SameSite=Lax).
 * So it repeats the request with GET at this address ("/path?").  This changes nothing, so the form needs no token.
 * A request that is too long gets the page of a malformed one, as with GET.
 */
MUST_USE err exchange_client_repeat(struct exchange *x, str address);

MUST_USE err exchange_client_reply(struct exchange *x, const struct client_reply *reply);

#endif
