#include "keeper/attempt.h"

#include "base/secret.h"
#include "keeper/audit.h"
#include "keeper/turn.h"

err
factor_pending(struct turn *turn, struct enrolment *ret_enrolment)
{
	const struct session *session = &turn->now.session;
	const struct db_value args[] = { DB_INT(session->id), DB_INT(session->account_id), DB_INT(turn->now_us) };
	bool found = false;

	*ret_enrolment = (struct enrolment){ .kind = NULL };
	TRY(db_row(turn->db, SQL_FACTOR_PENDING, args, COUNT(args), &turn->arena, &ret_enrolment->row, &found));
	if (found)
		ret_enrolment->kind = factor_kind_named(ret_enrolment->row.kind);
	return ERR_OK;
}

/* --- attempts ------------------------------------------------------------------------------------------------------ */

void
attempt_wipe(struct attempt *attempt)
{
	secret_wipe(attempt, sizeof(*attempt));
}

err
attempt_take(struct turn *turn, struct attempt *attempt)
{
	TRY(attempt->kind->count(turn, attempt));
	return throttle_take(turn, &attempt->throttle);
}

err
attempt_refuse(struct turn *turn, const struct attempt *attempt, enum audit_reason why, int64_t *ret_drift_s)
{
	int64_t account_id = turn->now.session.account_id;

	*ret_drift_s = 0;
	TRY(audit_write(turn, AUDIT_PROVE_REFUSED, account_id, why));
	audit_log(turn, AUDIT_PROVE_REFUSED, account_id, why);
	if (attempt->kind->refused != NULL && attempt->typed.n > 0)
		TRY(attempt->kind->refused(turn, attempt, ret_drift_s));
	return throttle_wrong(turn, &attempt->throttle);
}
