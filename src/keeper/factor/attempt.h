/*
 * One answer of a person that a factor is to verify: enrolling one, signing in, or proving the factor anew.
 */
#ifndef KEEPER_ATTEMPT_H
#define KEEPER_ATTEMPT_H

#include "keeper/core/factor_kind.h"
#include "keeper/factor/factor_values.h"
#include "keeper/session/throttle.h"
#include "store/db.h"

/* A factor that the session is enrolling: its row, the secret still sealed.  kind NULL: there is none, or its time is up. */
struct enrolment {
	const struct factor_kind *kind;
	struct factor_row row;
};

/* What a person answered, and what it turned out to be. */
struct attempt {
	const struct factor_kind *kind;
	const struct enrolment
	    *enrolment; /* the factor that it shall confirm; NULL: any of the account's in use may have made it */
	str typed;
	struct throttle throttle;
	struct proof proof; /* of confirm and verify; kind NULL: wrong, or spent */
	int64_t step;       /* with it: what spend burns; for kinds that count steps */
};

/* What this session is enrolling. */
MUST_USE err factor_pending(struct call *call, struct enrolment *ret_enrolment);

void attempt_wipe(struct attempt *attempt);

/* Count it by its kind: ERR_LOCKOUT as throttle_take. */
MUST_USE err attempt_take(struct call *call, struct attempt *attempt);

/* It was refused: write it down.  ret_drift_s as of factor_kind.refused. */
MUST_USE err attempt_refuse(struct call *call, const struct attempt *attempt, enum audit_reason why,
			    int64_t *ret_drift_s);

#endif
