/*
 * The questions VERIFY and STEP_UP: a TOTP or recovery code completes a sign-in or renews a proof.
 */
#include "keeper/factor/attempt.h"
#include "keeper/factor/passkey.h"
#include "keeper/handlers.h"
#include "keeper/factor/recovery.h"
#include "keeper/session/session.h"

/* Find the kind of factor that accepts the form of the input; NULL: none. */
static err
verify_factor_attempt_find_kind(struct call *call, const struct attempt *a, const struct factor_kind **ret_kind)
{
	bool possible = false;

	*ret_kind = NULL;
	for (size_t i = 0; i < FACTOR_KINDS_COUNT && !possible; i++) {
		if (factor_kinds[i]->verify == NULL)
			continue;
		TRY(factor_kinds[i]->read(call, a, &possible));
		*ret_kind = possible ? factor_kinds[i] : NULL;
	}
	return ERR_OK;
}

/* Input in the form of a code is counted before it is checked. Other input is not counted; a->kind stays NULL. */
static err
verify_factor_attempt_read(struct call *call, struct attempt *a)
{
	TRY(verify_factor_attempt_find_kind(call, a, &a->kind));
	if (a->kind == NULL)
		return ERR_OK;
	TRY(attempt_take(call, a));
	return a->kind->verify(call, a);
}

static err
verify_factor_answer_fill(struct call *call, const struct attempt *a)
{
	struct verified_body *answer = call->answer;
	int64_t left = 0;

	TRY(recovery_left(call, &left));
	answer->recovered = a->kind->recovers;
	answer->recovery_left = (uint32_t)(left > 100 ? 100 : left);
	return ERR_OK;
}

/* No secret is left to compare with. Clear the code, so that attempt_refuse does not compute a clock drift. */
static err
verify_factor_refuse_spent(struct call *call, struct attempt *a, enum audit_reason why)
{
	a->typed = STR("");
	return attempt_refuse(call, a, why);
}

static err
verify_factor_complete_sign_in(struct call *call, const struct attempt *a, bool *ret_done)
{
	struct verified_body *answer = call->answer;

	TRY(throttle_full(call));
	return session_complete_sign_in(call, &a->proof, &answer->device, &answer->next, ret_done);
}

/* --- VERIFY: confirm the first authenticator ---------------------------------------------------------------------- */

/* Activate the factor, unless the account has another one by now or the enrolment has expired. */
static err
verify_factor_confirm(struct call *call, void *context, bool *ret_commit)
{
	const struct attempt *a = context;
	const struct session *session = &call->now.session;
	const struct db_value args[] = { DB_INT(call->now_us), DB_INT(a->step), DB_INT(a->proof.factor_id),
					 DB_INT(session->account_id), DB_INT(session->id) };
	int64_t changed = 0;
	bool done = false;

	TRY(db_run(call->db, SQL_FACTOR_CONFIRM, args, COUNT(args), &changed));
	if (changed != 1)
		return ERR_OK;
	/* End all other sessions: other people who know the password must verify this factor from now on. */
	TRY(session_end_others(call));
	TRY(verify_factor_complete_sign_in(call, a, &done));
	if (!done)
		return ERR_OK;
	*ret_commit = true;
	TRY(audit_write(call, AUDIT_ENROLLED, session->account_id, REASON_CODE));
	return alarm_settle(call, &call->next.session);
}

/* The secret was never shown or has expired: the user must start a new enrolment. */
static err
verify_factor_confirm_nothing(struct call *call, struct attempt *a, enum verdict *ret_verdict)
{
	a->kind = factor_kind_default();
	TRY(attempt_take(call, a));
	*ret_verdict = VERDICT_STATE;
	return verify_factor_refuse_spent(call, a, REASON_NO_SECRET);
}

static err
verify_factor_confirm_checked(struct call *call, struct attempt *a, enum verdict *ret_verdict)
{
	bool done = false;

	TRY(attempt_take(call, a));
	TRY(a->kind->confirm(call, a));
	if (a->proof.kind == NULL)
		return attempt_refuse(call, a, a->kind->why_wrong);
	TRY(call_transact(call, verify_factor_confirm, a, &done));
	if (!done)
		return verify_factor_refuse_spent(call, a, a->kind->why_spent);
	audit_log(call, AUDIT_ENROLLED, call->now.session.account_id, REASON_CODE);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

static err
verify_factor_confirm_answer(struct call *call, str typed, enum verdict *ret_verdict)
{
	struct enrolment enrolment;
	CLEANUP(attempt_wipe) struct attempt a = { .enrolment = &enrolment, .typed = typed };
	bool possible = false;

	TRY(factor_pending(call, &enrolment));
	a.kind = enrolment.kind;
	if (a.kind == NULL)
		return verify_factor_confirm_nothing(call, &a, ret_verdict);
	TRY(a.kind->read(call, &a, &possible));
	if (possible)
		return verify_factor_confirm_checked(call, &a, ret_verdict);
	*ret_verdict = VERDICT_PROBLEMS;
	return ERR_OK;
}

/* --- VERIFY: complete a sign-in ----------------------------------------------------------------------------------- */

/* The next session that begins with a passkey shows it: an attacker may have avoided the passkey. */
static err
verify_factor_note_code(struct call *call)
{
	const struct db_value args[] = { DB_INT(call->now_us), DB_INT(call->now.session.account_id),
					 DB_TEXT(passkey_rp_id(keeper_config(call->keeper))) };

	if (call->now.session.passkeys_usable == 0)
		return ERR_OK;
	return db_run(call->db, SQL_ACCOUNT_CODE_SIGN_IN, args, COUNT(args), NULL);
}

/* Only one request can spend the step or the recovery code. */
static err
verify_factor_finish(struct call *call, void *context, bool *ret_commit)
{
	const struct attempt *a = context;
	bool done = false;

	TRY(a->kind->spend(call, a, &done));
	if (done)
		TRY(verify_factor_complete_sign_in(call, a, &done));
	if (!done)
		return ERR_OK;
	*ret_commit = true;
	TRY(verify_factor_note_code(call));
	TRY(audit_write(call, a->kind->passed, call->now.session.account_id, REASON_CODE));
	return alarm_settle(call, &call->next.session);
}

/* --- STEP_UP ------------------------------------------------------------------------------------------------------ */

static err
verify_factor_freshen(struct call *call, void *context, bool *ret_commit)
{
	const struct attempt *a = context;
	bool done = false;

	TRY(a->kind->spend(call, a, &done));
	if (done)
		TRY(session_step_up(call, a->kind, &done));
	if (!done)
		return ERR_OK;
	TRY(throttle_right(call, &a->throttle));
	*ret_commit = true;
	TRY(audit_write(call, a->kind->stepped_up, call->now.session.account_id, REASON_CODE));
	return alarm_settle(call, &call->next.session);
}

/* --- VERIFY and STEP_UP ------------------------------------------------------------------------------------------- */

/* Common to VERIFY and STEP_UP: parse the code, complete the work if it is correct, record the result. */
static err
verify_factor_typed(struct call *call, str typed, bool steps_up, enum verdict *ret_verdict)
{
	CLEANUP(attempt_wipe) struct attempt a = { .typed = typed };
	bool done = false;

	TRY(verify_factor_attempt_read(call, &a));
	if (a.kind == NULL) {
		*ret_verdict = VERDICT_PROBLEMS;
		return ERR_OK;
	}
	if (a.proof.kind != NULL)
		TRY(call_transact(call, steps_up ? verify_factor_freshen : verify_factor_finish, &a, &done));
	if (!done)
		return attempt_refuse(call, &a, attempt_why(&a));
	audit_log(call, steps_up ? a.kind->stepped_up : a.kind->passed, call->now.session.account_id, REASON_CODE);
	*ret_verdict = VERDICT_PASSED;
	return verify_factor_answer_fill(call, &a);
}

err
verify_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct verify_body *form = call->body;

	call->browser = form->browser;
	return call->now.session.state == STATE_ENROLLING ? verify_factor_confirm_answer(call, form->code, ret_verdict)
							  : verify_factor_typed(call, form->code, false, ret_verdict);
}

err
step_up_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct verify_body *form = call->body;

	return verify_factor_typed(call, form->code, true, ret_verdict);
}
