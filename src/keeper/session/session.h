/*
 * Sessions begin, change and end.  A session is a row; its token is 256 random bits that only the browser has, the row holds their SHA-256.
 */
#ifndef KEEPER_SESSION_H
#define KEEPER_SESSION_H

#include "keeper/core/session_lookup.h"

#define SESSION_WAITING_MAX 4000 /* sessions of one account that wait for a first proof; the oldest go */

/* Inside a transaction, each leaving what will hold in call->next. */

/* The path that the presented session keeps; "": none. */
MUST_USE err session_return_to(struct call *call, str *ret_return_to);

/*
 * A session for an account whose password was proved.  The one that was presented ends.  ERR_NOT_FOUND: disabled
 * meanwhile.  way_back is kept for whoever is through, if it is a path.
 */
MUST_USE err session_begin(struct call *call, int64_t account_id, str return_to);

/* The session has one more proof: a new token, the old is dead.  *ret_done false: it was dead already. */
MUST_USE err session_verify(struct call *call, const struct proof *proof, bool *ret_done);

/* This proof takes the place of what the session has proved beside the password. */
MUST_USE err session_reattach(struct call *call, const struct proof *proof);

/* A session that goes on gets a new token, the old is dead.  *ret_done false: it was dead already. */
MUST_USE err session_renew(struct call *call, bool *ret_done);

/* The factor was proved anew, in this session; its token stays.  *ret_done false: it was dead already. */
MUST_USE err session_step_up(struct call *call, bool *ret_done);

/* Those that came in by this factor, but for the one that asks. */
MUST_USE err session_end_of_factor(struct call *call, int64_t factor_id);

/* All sessions of that account. */
MUST_USE err session_end_all(struct call *call, int64_t account_id);

/* All sessions of the account but this one. */
MUST_USE err session_end_others(struct call *call);

#endif
