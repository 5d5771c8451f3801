#include "keeper/factor/attempt.h"

#include "base/secret.h"
#include "keeper/core/audit.h"
#include "keeper/core/call.h"

err
factor_pending(struct call *call, struct enrolment *ret_enrolment)
{
	const struct session *session = &call->now.session;
	const struct db_value args[] = { DB_INT(session->id), DB_INT(session->account_id), DB_INT(call->now_us) };
	bool found = false;

	*ret_enrolment = (struct enrolment){ .kind = NULL };
	TRY(db_row(call->db, SQL_FACTOR_PENDING, args, COUNT(args), &call->arena, &ret_enrolment->row, &found));
	if (found)
		ret_enrolment->kind = factor_kind_named(ret_enrolment->row.kind);
	return ERR_OK;
}

err
factor_pending_delete(struct call *call)
{
	const struct db_value args[] = { DB_INT(call->now.session.id) };

	return db_run(call->db, SQL_FACTOR_PENDING_DELETE, args, COUNT(args), NULL);
}

/* --- attempts ----------------------------------------------------------------------------------------------------- */

void
attempt_wipe(struct attempt *attempt)
{
	secret_wipe(attempt, sizeof(*attempt));
}

err
attempt_take(struct call *call, struct attempt *attempt)
{
	TRY(attempt->kind->count(call, attempt));
	return throttle_take(call, &attempt->throttle);
}

enum audit_reason
attempt_why(const struct attempt *attempt)
{
	return attempt->proof.kind == NULL && !attempt->spent ? attempt->kind->why_wrong : attempt->kind->why_spent;
}

err
attempt_refuse(struct call *call, const struct attempt *attempt, enum audit_reason why)
{
	struct verified_body *answer = call->answer;
	int64_t account_id = call->now.session.account_id;

	answer->spent = why == REASON_SPENT || why == REASON_RECOVERY_SPENT;
	answer->recovered = attempt->kind->recovers;
	TRY(audit_write(call, AUDIT_VERIFY_REFUSED, account_id, why));
	audit_log(call, AUDIT_VERIFY_REFUSED, account_id, why);
	TRY(alarm_raise(call, account_id));
	if (attempt->kind->refused != NULL && attempt->typed.n > 0)
		TRY(attempt->kind->refused(call, attempt, &answer->drift_s));
	return throttle_wrong(call, &attempt->throttle);
}
