/*
 * Codes, access tokens and refresh tokens.  A grant is one approved request; its code and tokens belong to it.
 */
#ifndef KEEPER_OIDC_GRANTS_H
#define KEEPER_OIDC_GRANTS_H

#include "base/clock.h"
#include "keeper/oidc/person.h"
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

/* --- the tokens of a grant (keeper/oidc/token.c, refresh.c, bearer.c) ------------------------------------------- */

#define OIDC_CODE_KEPT_US MINUTES_US(60) /* a used code, so that a second use is noticed */
#define OIDC_REFUSAL_US DAYS_US(1)       /* of one grant, the audit trail gets one refused refresh in this time */
enum { OIDC_ACCESS_TOKENS_MAX = 128 };   /* of one grant: the newest ones */

/*
 * Lock the session (0: none) and the grant in the open transaction, so that neither can end before its commit.  The
 * transaction has locked the account.  Read the rows afterwards: another transaction may have deleted them.
 */
MUST_USE err grants_lock(struct call *call, int64_t session_id, int64_t grant_id);

/*
 * Outside a transaction: this client presented a code or token of another one, which stays valid.  The attempt is
 * audited, and counted as a refused authentication of the client: without a limit, one old code could fill the audit
 * trail.  ERR_LOCKOUT.
 */
MUST_USE err grants_refuse_other(struct call *call, const struct oidc_client *client, enum audit_event event,
				 int64_t account_id);

/* In the open transaction: delete the grant, its code, and all its tokens. */
MUST_USE err grants_delete(struct call *call, int64_t grant_id);

/*
 * Find out how long the account, the session, the client and the access rules allow the tokens of a grant.
 *
 *   session_id    0: the tokens belong to no session
 *   ret_until_us  0: they do not allow them; otherwise the end of the session if the user stays idle, or INT64_MAX
 *                 without a session
 */
MUST_USE err grants_stand(struct call *call, const struct oidc_client *client, const struct person *person,
			  int64_t session_id, str amr, int64_t *ret_until_us);

/*
 * The same in two parts, with one query for account and session.  *ret_until_us 0: the account does not exist, or the
 * session has ended.
 */
MUST_USE err grants_person_find(struct call *call, int64_t account_id, int64_t session_id, struct person *ret_person,
				int64_t *ret_until_us);
bool grants_allow(struct call *call, const struct oidc_client *client, const struct person *person, str amr);

#endif
