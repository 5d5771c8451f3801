/*
 * Sessions begin, change and end.  A session is a row; its token is 256 random bits that only the browser has, the row holds their SHA-256.
 */
#ifndef KEEPER_SESSION_H
#define KEEPER_SESSION_H

#include "keeper/session_lookup.h"

#define SESSION_WAITING_MAX 4000 /* sessions of one account that wait for a first proof; the oldest go */

/* Inside a transaction, each leaving what will hold in turn->next. */

/* The path that the presented session keeps; "": none. */
MUST_USE err session_way_back(struct turn *turn, str *ret_way_back);

/*
 * A session for an account whose password was proved.  The one that was presented ends.  ERR_NOT_FOUND: disabled
 * meanwhile.  way_back is kept for whoever is through, if it is a path.
 */
MUST_USE err session_begin(struct turn *turn, int64_t account_id, str way_back);

/* The session has one more proof: a new token, the old is dead.  *ret_done false: it was dead already. */
MUST_USE err session_prove(struct turn *turn, const struct proof *proof, bool *ret_done);

/* This proof takes the place of what the session has proved beside the password. */
MUST_USE err session_stand_on(struct turn *turn, const struct proof *proof);

/* A session that goes on gets a new token, the old is dead.  *ret_done false: it was dead already. */
MUST_USE err session_renew(struct turn *turn, bool *ret_done);

/* The factor was proved anew, in this session; its token stays.  *ret_done false: it was dead already. */
MUST_USE err session_step_up(struct turn *turn, bool *ret_done);

/* Those that came in by this factor, but for the one that asks. */
MUST_USE err session_end_of_factor(struct turn *turn, int64_t factor_id);

/* All sessions of that account. */
MUST_USE err session_end_all(struct turn *turn, int64_t account_id);

/* All sessions of the account but this one. */
MUST_USE err session_end_others(struct turn *turn);

#endif
