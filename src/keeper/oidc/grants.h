/*
 * Codes, access tokens and refresh tokens.  A grant is what one approved request may become; they belong to it.
 */
#ifndef KEEPER_OIDC_GRANTS_H
#define KEEPER_OIDC_GRANTS_H

#include "keeper/core/call.h"
#include "oidc/client.h"

#define OIDC_CODE_US SECONDS_US(60)
#define OIDC_REFRESH_IDLE_US DAYS_US(30)    /* unused */
#define OIDC_REFRESH_LIFE_US DAYS_US(90)    /* in all */
#define OIDC_REFRESH_SAME_US SECONDS_US(60) /* the same refresh token gets the same successor */

/* An approved request. */
struct approval {
	const struct oidc_client *client;
	unsigned scopes; /* granted */
	str redirect_uri, challenge, nonce, claims;
	int64_t auth_us; /* auth_time */
	str amr, acr;    /* amr with a space between */
};

/* Inside a transaction of the session that approves: make the grant and its code; find or make the session's `sid`. */
MUST_USE err grants_code_make(struct call *call, const struct approval *approval, str *ret_code);

#endif
