/*
 * The credentials of a client in a request: the header Authorization with Basic, or parameters of the body (RFC 6749
 * s2.3.1).  The keeper verifies them.
 */
#ifndef WEB_OIDC_CREDENTIALS_H
#define WEB_OIDC_CREDENTIALS_H

#include "oidc/errors.h"
#include "web/core/exchange.h"

/* The first members of struct oidc_token_body and struct oidc_inspect_body. */
struct credentials {
	enum oidc_auth auth;
	str client_id, client_secret; /* of Basic: form-decoded */
	str raw_id, raw_secret;       /* of Basic: as they are */
};

/*
 * Read them.  id and secret are those of the body; empty: absent.
 *
 * OIDC_OK               *ret_credentials is set; its texts are in the request's arena
 * OIDC_INVALID_REQUEST  two methods in one request, or two names
 * OIDC_INVALID_CLIENT   none, or a header Authorization that is not well-formed Basic
 */
MUST_USE err credentials_read(struct exchange *x, str id, str secret, struct credentials *ret_credentials,
			      enum oidc_error *ret_error);

/*
 * A text as it is sent to the keeper.  One that is too long, or has a control byte, becomes "?", which fits nothing:
 * the keeper then refuses it like every other wrong one.
 */
str credentials_bounded(str text, size_t max);

#endif
