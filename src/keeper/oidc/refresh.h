/*
 * Refresh tokens: a client exchanges one for an access token, an ID token, and the next refresh token (RFC 6749 s6).
 */
#ifndef KEEPER_OIDC_REFRESH_H
#define KEEPER_OIDC_REFRESH_H

#include "keeper/oidc/issue.h"

/* Can this client get refresh tokens, of any grant? */
bool refresh_used_by(const struct oidc_client *client);

/* May this client have a refresh token of this grant now? */
bool refresh_allowed(const struct oidc_client *client, const struct oidc_grant_row *grant);

/* When the newest refresh token expires if it was last used, or made, at used_us. */
int64_t refresh_end_us(const struct oidc_grant_row *grant, int64_t used_us);

/* In the open transaction: make the first refresh token of a grant. */
MUST_USE err refresh_first(struct call *call, const struct oidc_grant_row *grant, str *ret_token);

/*
 * In the open transaction: keep the grant's rows until its last token expires, and for OIDC_CODE_KEPT_US at least.
 *
 *   refresh  the grant has a refresh token
 */
MUST_USE err refresh_extend(struct call *call, const struct issue *issue, bool refresh);

/* Is this the newest refresh token of the grant, or the one before it within OIDC_REFRESH_SAME_US, and not expired? */
bool refresh_is_valid(const struct call *call, const struct oidc_grant_row *grant, const uint8_t hash[DIGEST_BYTES]);

/*
 * QUESTION_OIDC_TOKEN with OIDC_GRANT_REFRESH, for an authenticated client.  call->answer has the tokens, or the error.
 * Each use makes the successor, which is derived, so the same token gets the same successor for OIDC_REFRESH_SAME_US.
 * An older token, or a later repetition, deletes the grant: *ret_reused is true then.
 */
MUST_USE err refresh_use(struct call *call, const struct oidc_client *client, bool *ret_reused);

#endif
