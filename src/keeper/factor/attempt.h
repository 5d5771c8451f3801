/*
 * An attempt: one code that a factor verifies, to enrol the factor, to sign in, or to renew a proof.
 */
#ifndef KEEPER_ATTEMPT_H
#define KEEPER_ATTEMPT_H

#include "keeper/core/factor_kind.h"
#include "keeper/factor/factor_values.h"
#include "keeper/session/throttle.h"
#include "store/db.h"

enum { FACTORS_MAX = 10 }; /* per account, all kinds together */

/* A factor being enrolled by the session: its row, with the secret still sealed. kind NULL: none, or it has expired. */
struct enrolment {
	const struct factor_kind *kind;
	struct factor_row row;
};

/* The input of an attempt and its result. */
struct attempt {
	const struct factor_kind *kind;
	const struct enrolment *enrolment; /* the factor to confirm; NULL: check all active factors */
	str typed;
	struct throttle throttle;
	struct proof proof; /* set by confirm and verify; kind NULL: wrong or used */
	bool spent;         /* set by verify without a proof: the code is right, but was already used */
	int64_t step;       /* the step that spend marks as used; only for kinds with steps */
};

/* Read the factor that this session is enrolling. */
MUST_USE err factor_pending(struct call *call, struct enrolment *ret_enrolment);

/* Inside a transaction: delete what the session is enrolling. */
MUST_USE err factor_pending_delete(struct call *call);

void attempt_wipe(struct attempt *attempt);

/* Count the attempt in the counters of its kind. ERR_LOCKOUT as throttle_take. */
MUST_USE err attempt_take(struct call *call, struct attempt *attempt);

/* Why was the attempt refused? */
enum audit_reason attempt_why(const struct attempt *attempt);

/* Record a refused attempt. The call's answer is a verified_body, and gets `spent` and `drift_s`. */
MUST_USE err attempt_refuse(struct call *call, const struct attempt *attempt, enum audit_reason why);

#endif
