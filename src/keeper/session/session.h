/*
 * Begins, changes and ends sessions. A session is a row. Its token is 256 random bits that only the browser has; the
 * row holds their SHA-256.
 */
#ifndef KEEPER_SESSION_H
#define KEEPER_SESSION_H

#include "keeper/core/session_lookup.h"

#define SESSION_WAITING_MAX 4000 /* sessions of an account without a verified factor; the oldest are deleted */

/* These functions run inside a transaction. They store the resulting state in call->next. */

/* The path saved in the presented session; "": none. */
MUST_USE err session_return_to(struct call *call, str *ret_return_to);

/*
 * Begin a session for an account whose password was verified, and end the presented session. return_to is saved for the
 * end of the sign-in, if it is a path. remember: stay signed in, if SESSION_REMEMBER allows it.
 *
 * ERR_NOT_FOUND  the account was disabled or deleted
 */
MUST_USE err session_begin(struct call *call, int64_t account_id, str return_to, bool remember);

/*
 * Begin a FULL session for an account whose passkey shows knowledge and possession; end the presented session.
 *
 * ERR_NOT_FOUND  the account was disabled or deleted
 */
MUST_USE err session_begin_verified(struct call *call, int64_t account_id, bool remember, const struct proof *proof);

/* The return path, if it is one; otherwise "". */
str session_path(str return_to);

/* Add a proof and issue a new token. *ret_done false: the old token was no longer valid. */
MUST_USE err session_verify(struct call *call, const struct proof *proof, bool *ret_done);

/*
 * Complete the sign-in of a pending or enrolling session with this proof: issue a token, remember the browser, record
 * the time. ret_next: the saved path. *ret_done false: the old token was not valid, or the proof does not suffice.
 */
MUST_USE err session_complete_sign_in(struct call *call, const struct proof *proof, struct token *ret_device,
				      str *ret_next, bool *ret_done);

/* The rest of a complete sign-in, whose session is call->next.session: remember the browser and the time. */
MUST_USE err session_signed_in(struct call *call, struct token *ret_device);

/* Replace the session's second proof by this one. */
MUST_USE err session_reattach(struct call *call, const struct proof *proof);

/* Issue a new token. *ret_done false: the old token was no longer valid. */
MUST_USE err session_renew(struct call *call, bool *ret_done);

/*
 * Record that a factor of this kind was verified again; the token stays. *ret_done false: the token was not valid.
 * Only a kind that resists phishing renews the age of a phishing-resistant proof.
 */
MUST_USE err session_step_up(struct call *call, const struct factor_kind *kind, bool *ret_done);

/*
 * End what this factor opened: its sessions, except the one that asks, and the grants of applications that last without
 * a session (offline_access).
 */
MUST_USE err session_end_of_factor(struct call *call, int64_t factor_id);

/* End all sessions of the account. */
MUST_USE err session_end_all(struct call *call, int64_t account_id);

/* End all other sessions of the account. */
MUST_USE err session_end_others(struct call *call);

#endif
