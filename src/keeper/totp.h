/*
 * Codes of authenticators: against the secrets of an account, and what becomes of a code that is right or wrong.  Every entrance
 * that takes a code goes through here.
 *
 * A code counts once: its step is burnt by one conditional UPDATE whose row count is the answer.
 */
#ifndef KEEPER_TOTP_H
#define KEEPER_TOTP_H

#include "base/err.h"
#include "doubletour/otp.h"
#include "keeper/audit.h"

struct turn;

enum { CLOCK_STEPS = 20 }; /* ten minutes: how far a clock may be off to be told so */

struct factor {
	int64_t id; /* 0: there is none */
	uint8_t secret[OTP_SECRET_MAX];
	size_t secret_n;
	enum otp_algorithm algorithm;
	struct otp_totp totp;
	int64_t last_step;
	int64_t expires_us;  /* while being enrolled */
	int64_t replaces_id; /* while being enrolled: 0: none */
};
void factor_wipe(struct factor *factor);

/* Which factor a code belongs to, and at which step; match.ok false: to none, or it was spent. */
struct proof {
	struct factor factor;
	struct otp_match match;
};
void proof_wipe(struct proof *proof);

/* libdoubletour-otp's words in ours. */
err otp_err(enum otp_status status);

/* What this session is enrolling; id 0: nothing, or its time is up. */
MUST_USE err factor_pending(struct turn *turn, struct factor *ret_factor);

/*
 * Could what was typed be a code of this many digits, or of any authenticator that the account has in use?  Says nothing about
 * whether it is right.  What cannot be a code is not an attempt: it is neither counted nor checked.
 */
bool code_possible(str typed, unsigned digits);
MUST_USE err code_possible_any(struct turn *turn, str typed, bool *ret_possible);

/* Check what was typed against one secret, or against all that the account has in use.  Changes nothing. */
MUST_USE err code_check(const struct factor *factor, str typed, int64_t now_us, struct otp_match *ret_match);
MUST_USE err code_check_all(struct turn *turn, str typed, struct proof *ret_proof);

/* Within a transaction: burn the step.  *ret_done false: another request had it. */
MUST_USE err code_spend(struct turn *turn, const struct proof *proof, bool *ret_done);

/*
 * A code was refused: write it down.  Returns in *ret_drift_s by how much the clock is off that made it, when the code refused
 * before, in this session, was off by as much (to a step); else 0.  factor: the one it was for; NULL: all in use.
 */
MUST_USE err code_refused(struct turn *turn, const struct factor *factor, str typed, const char *why,
			  int64_t *ret_drift_s);

#endif
