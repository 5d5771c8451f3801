/*
 * Makes the tokens of a grant.
 *
 *	access token   dta_ and 256 random bits
 *	refresh token  dtr_, the grant, a counter, and a MAC over both.  Its key is derived from the master key, so the
 *	               same grant and counter always give the same token
 *
 * The database has only their SHA-256.  A token is valid if its hash is in the database.  The MAC is never checked:
 * after a rotation of the master key the newest refresh token stays valid, and its successor has a MAC of the new key.
 */
#ifndef KEEPER_OIDC_ISSUE_H
#define KEEPER_OIDC_ISSUE_H

#include "base/digest.h"
#include "keeper/oidc/grants.h"
#include "keeper/oidc/signing_keys.h"

#define OIDC_ID_TOKEN_US MINUTES_US(60)

/* The client, the grant and the scopes of the tokens to make. */
struct issue {
	const struct oidc_client *client;
	const struct oidc_grant_row *grant;
	int64_t session_id; /* the access token ends with this session; 0: with none */
	unsigned scopes;
	const struct token_signer *signer; /* only for issue_id_token */
};

/* In the open transaction: make an access token and store its hash.  *ret_token is in the call's arena. */
MUST_USE err issue_access_token(struct call *call, const struct issue *issue, str *ret_token);

/* The refresh token of a grant with this counter, from 1.  Stores nothing. */
MUST_USE err issue_refresh_token(struct call *call, int64_t grant_id, int64_t counter, str *ret_token);

/* Read grant and counter of a refresh token.  Both are not verified.  False: not a refresh token. */
bool refresh_token_read(str token, int64_t *ret_grant_id, int64_t *ret_counter);

/*
 * Sign an ID token (OpenID Connect Core 1.0 s2).  Call it before the commit, so that a failure leaves the code or
 * refresh token usable.
 *
 *   access_token  for the claim at_hash
 *   nonce         empty: none
 */
MUST_USE err issue_id_token(struct call *call, const struct issue *issue, const struct person *person, str access_token,
			    str nonce, str *ret_token);

/*
 * Room for all claims of one client and account.  They are CLAIM_RULES_BYTES_MAX of rules, and three quoted lists of
 * groups of GROUPS_MAX_BYTES.  The rest is a nonce of OIDC_NONCE_MAX with escapes, and 2 KiB of names and identifiers.
 */
enum { ISSUE_CLAIMS_MAX = 16 * 1024 };

/* Append the claims that issue_id_token signs, and those of userinfo: a JSON object each. */
MUST_USE err issue_id_claims_put(struct call *call, const struct issue *issue, const struct person *person,
				 str access_token, str nonce, struct buf *out);
MUST_USE err issue_userinfo_put(const struct issue *issue, const struct person *person, struct buf *out);

/* The scopes of the access token as a list. */
MUST_USE err issue_scopes(struct call *call, unsigned scopes, str *ret_scopes);

/* expires_in of an access token that is made now: it ends at until_us (grants_stand) at the latest. */
int64_t issue_expires_s(const struct call *call, const struct oidc_client *client, int64_t until_us);

#endif
