/*
 * The questions PROVE and STEP_UP: a code, of an authenticator or for recovery, that opens a session or makes its proof fresh.
 */
#include "keeper/devices.h"
#include "keeper/attempt.h"
#include "keeper/handlers.h"
#include "keeper/recovery.h"
#include "keeper/session.h"

/* The kind of factor that what was typed may be an answer of, by its shape; NULL: of none. */
static err
attempt_find_kind(struct turn *turn, const struct attempt *a, const struct factor_kind **ret_kind)
{
	bool possible = false;

	*ret_kind = NULL;
	for (size_t i = 0; i < FACTOR_KINDS_COUNT && !possible; i++) {
		if (factor_kinds[i]->verify == NULL)
			continue;
		TRY(factor_kinds[i]->read(turn, a, &possible));
		*ret_kind = possible ? factor_kinds[i] : NULL;
	}
	return ERR_OK;
}

/*
 * What has the shape of an answer is counted before it is checked against anything; what has not is not counted, and leaves
 * a->kind NULL.
 */
static err
attempt_read(struct turn *turn, struct attempt *a)
{
	TRY(attempt_find_kind(turn, a, &a->kind));
	if (a->kind == NULL)
		return ERR_OK;
	TRY(attempt_take(turn, a));
	return a->kind->verify(turn, a);
}

static err
answer_fill(struct turn *turn, const struct attempt *a)
{
	struct proved_body *answer = turn->answer;
	int64_t left = 0;

	TRY(recovery_left(turn, &left));
	answer->recovered = a->kind->recovers;
	answer->recovery_left = (uint32_t)(left > 100 ? 100 : left);
	return ERR_OK;
}

static err
refuse(struct turn *turn, const struct attempt *a, enum audit_reason why)
{
	struct proved_body *answer = turn->answer;

	return attempt_refuse(turn, a, why, &answer->drift_s);
}

/* Nothing that it could be held against is left: what was typed tells nothing about a clock. */
static err
prove_refuse_spent(struct turn *turn, struct attempt *a, enum audit_reason why)
{
	a->typed = STR("");
	return refuse(turn, a, why);
}

static err
signed_in(struct turn *turn)
{
	const struct db_value args[] = { DB_INT(turn->now_us), DB_INT(turn->now.session.account_id) };

	return db_run(turn->db, SQL_ACCOUNT_SIGNED_IN, args, COUNT(args), NULL);
}

/* A new token for a session that is through, and where it was on its way to; the browser is known from now on. */
static err
come_in(struct turn *turn, const struct attempt *a, bool *ret_done)
{
	struct proved_body *answer = turn->answer;

	TRY(throttle_full(turn, &a->throttle));
	TRY(device_remember(turn, &answer->device));
	TRY(session_way_back(turn, &answer->next));
	TRY(session_prove(turn, &a->proof, ret_done));
	*ret_done = *ret_done && turn->next.session.state == STATE_FULL;
	return *ret_done ? signed_in(turn) : ERR_OK;
}

/* --- PROVE, to confirm the first authenticator ------------------------------------------------------------------- */

/* The secret becomes the factor, unless the account got another one, or the time is up. */
static err
confirm(struct turn *turn, void *context, bool *ret_commit)
{
	const struct attempt *a = context;
	const struct session *session = &turn->now.session;
	const struct db_value args[] = { DB_INT(turn->now_us), DB_INT(a->step), DB_INT(a->proof.factor_id),
					 DB_INT(session->account_id), DB_INT(session->id) };
	int64_t changed = 0;
	bool done = false;

	TRY(db_run(turn->db, SQL_FACTOR_CONFIRM, args, COUNT(args), &changed));
	if (changed != 1)
		return ERR_OK;
	/* Whoever else knows the password must prove this factor from now on. */
	TRY(session_end_others(turn));
	TRY(come_in(turn, a, &done));
	if (!done)
		return ERR_OK;
	*ret_commit = true;
	return audit_write(turn, AUDIT_ENROLLED, session->account_id, REASON_CODE);
}

/* Never shown, or too old by now: another must be made before any code can fit. */
static err
prove_confirm_nothing(struct turn *turn, struct attempt *a, enum verdict *ret_verdict)
{
	a->kind = factor_kind_default();
	TRY(attempt_take(turn, a));
	*ret_verdict = VERDICT_STATE;
	return prove_refuse_spent(turn, a, REASON_NO_SECRET);
}

static err
prove_confirm_checked(struct turn *turn, struct attempt *a, enum verdict *ret_verdict)
{
	bool done = false;

	TRY(attempt_take(turn, a));
	TRY(a->kind->confirm(turn, a));
	if (a->proof.kind == NULL)
		return refuse(turn, a, a->kind->why_wrong);
	TRY(turn_transact(turn, confirm, a, &done));
	if (!done)
		return prove_refuse_spent(turn, a, a->kind->why_spent);
	audit_log(turn, AUDIT_ENROLLED, turn->now.session.account_id, REASON_CODE);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

static err
confirm_answer(struct turn *turn, str typed, enum verdict *ret_verdict)
{
	struct enrolment enrolment;
	CLEANUP(attempt_wipe) struct attempt a = { .enrolment = &enrolment, .typed = typed };
	bool possible = false;

	TRY(factor_pending(turn, &enrolment));
	a.kind = enrolment.kind;
	if (a.kind == NULL)
		return prove_confirm_nothing(turn, &a, ret_verdict);
	TRY(a.kind->read(turn, &a, &possible));
	if (possible)
		return prove_confirm_checked(turn, &a, ret_verdict);
	*ret_verdict = VERDICT_PROBLEMS;
	return ERR_OK;
}

/* --- PROVE, to finish a sign-in ----------------------------------------------------------------------------------- */

/* Exactly one request gets the step, or the recovery code. */
static err
finish(struct turn *turn, void *context, bool *ret_commit)
{
	const struct attempt *a = context;
	bool done = false;

	TRY(a->kind->spend(turn, a, &done));
	if (done)
		TRY(come_in(turn, a, &done));
	if (!done)
		return ERR_OK;
	*ret_commit = true;
	return audit_write(turn, a->kind->passed, turn->now.session.account_id, REASON_CODE);
}

/* --- STEP_UP -------------------------------------------------------------------------------------------------------- */

static err
freshen(struct turn *turn, void *context, bool *ret_commit)
{
	const struct attempt *a = context;
	bool done = false;

	TRY(a->kind->spend(turn, a, &done));
	if (done)
		TRY(session_step_up(turn, &done));
	if (!done)
		return ERR_OK;
	TRY(throttle_right(turn, &a->throttle));
	*ret_commit = true;
	return audit_write(turn, a->kind->stepped_up, turn->now.session.account_id, REASON_CODE);
}

/* --- both -------------------------------------------------------------------------------------------------------------- */

/* What PROVE and STEP_UP do alike: read the answer, do the work if it is right, write down what became of it. */
static err
prove_typed(struct turn *turn, str typed, bool steps_up, enum verdict *ret_verdict)
{
	CLEANUP(attempt_wipe) struct attempt a = { .typed = typed };
	bool done = false;

	TRY(attempt_read(turn, &a));
	if (a.kind == NULL) {
		*ret_verdict = VERDICT_PROBLEMS;
		return ERR_OK;
	}
	if (a.proof.kind != NULL)
		TRY(turn_transact(turn, steps_up ? freshen : finish, &a, &done));
	if (!done)
		return refuse(turn, &a, a.proof.kind == NULL ? a.kind->why_wrong : a.kind->why_spent);
	audit_log(turn, steps_up ? a.kind->stepped_up : a.kind->passed, turn->now.session.account_id, REASON_CODE);
	*ret_verdict = VERDICT_PASSED;
	return answer_fill(turn, &a);
}

err
prove_answer(struct turn *turn, enum verdict *ret_verdict)
{
	const struct prove_body *form = turn->body;

	return turn->now.session.state == STATE_ENROLLING ? confirm_answer(turn, form->code, ret_verdict)
							  : prove_typed(turn, form->code, false, ret_verdict);
}

err
step_up_answer(struct turn *turn, enum verdict *ret_verdict)
{
	const struct prove_body *form = turn->body;

	return prove_typed(turn, form->code, true, ret_verdict);
}
