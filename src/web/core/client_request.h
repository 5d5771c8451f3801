/*
 * Authorization requests (OpenID Connect) on their way through the pages of this server.
 *
 * A request travels as the address of the authorization endpoint with its parameters, in `next`: through the sign-in,
 * and as the hidden field of the pages that ask something.  The address ends with the parameter `seal`, which the
 * keeper made for this request (docs/develop/openid-connect.md).  It is there, maybe empty, if a form was sent before.
 */
#ifndef WEB_CLIENT_REQUEST_H
#define WEB_CLIENT_REQUEST_H

#include "web/core/exchange.h"

#define AUTHORIZATION_PATH "/api/oidc/authorization"

struct client_request {
	/*
	 * As received, without the parameters of this server: `seal` and `recovery`.  Bytes that an address cannot
	 * have are percent-encoded.
	 */
	str parameters;
	str seal;
	bool posted; /* a form was sent before: no redirect may follow */
};

/* Is this return URL an authorization request? */
bool client_request_is(str next);

/*
 * Read the parameters, from a query or a body.
 *
 * ERR_TOO_LONG  over OIDC_PARAMETERS_MAX bytes, or the seal over OIDC_SEAL_MAX
 */
MUST_USE err client_request_read(str text, struct arena *arena, struct client_request *ret_request);

/* Append the address.  With `posted` it ends with the seal. */
void client_request_put(const struct client_request *request, struct buf *out);

/* Make the address with the seal, for forms and links of a page: a return URL that next_is_safe accepts. */
MUST_USE err client_request_return_to(struct arena *arena, const struct client_request *request, str *ret_address);

/* Name the application on the page: its name, and the redirect URI that shows its host. */
void exchange_client(struct exchange *x, str name, str redirect_uri);

/* Without a choice of the person, show pages in the language of ui_locales. */
void exchange_client_language(struct exchange *x, uint32_t language);

/*
 * If x->next is an authorization request, ask the keeper which application it leads to.  For pages of the sign-in,
 * before exchange_layout.
 */
MUST_USE err exchange_client_ask(struct exchange *x, struct channel *keeper);

#endif
