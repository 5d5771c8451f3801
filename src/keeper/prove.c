/*
 * The questions PROVE and STEP_UP: a code, of an authenticator or for recovery, that opens a session or makes its proof fresh.
 */
#include "base/secret.h"
#include "keeper/devices.h"
#include "keeper/recovery.h"
#include "keeper/throttle.h"
#include "keeper/totp.h"
#include "keeper/handlers.h"

/* What was typed, and what it turned out to be. */
struct attempt {
	struct throttle throttle;
	struct proof proof;
	struct recovery_code recovery;
	bool possible; /* false: what was typed can be no code, and is no attempt */
	bool by_recovery, by_code;
};

static void
attempt_wipe(struct attempt *a)
{
	secret_wipe(a, sizeof(*a));
}

/*
 * By its shape: 24 letters are a recovery code and nothing else is.  What has the shape of a code is counted before it is
 * checked against anything; what has not is not counted.
 */
static err
attempt_read(struct turn *turn, str typed, struct attempt *a)
{
	a->by_recovery = a->possible = recovery_code_read(typed, &a->recovery);
	if (!a->by_recovery)
		TRY(code_possible_any(turn, typed, &a->possible));
	if (!a->possible)
		return ERR_OK;
	TRY(a->by_recovery ? throttle_recovery(turn, &a->throttle) : throttle_code(turn, true, &a->throttle));
	TRY(throttle_take(turn, &a->throttle));
	if (a->by_recovery)
		return ERR_OK;
	TRY(code_check_all(turn, typed, &a->proof));
	a->by_code = a->proof.match.ok;
	return ERR_OK;
}

/* Exactly one request gets the step, or the recovery code. */
static err
attempt_spend(struct turn *turn, const struct attempt *a, bool *ret_done)
{
	return a->by_recovery ? recovery_spend(turn, &a->recovery, ret_done) : code_spend(turn, &a->proof, ret_done);
}

static err
answer_fill(struct turn *turn, const struct attempt *a)
{
	struct proved_body *answer = turn->answer;
	int64_t left = 0;

	TRY(recovery_left(turn, &left));
	answer->recovered = a->by_recovery;
	answer->recovery_left = (uint32_t)(left > 100 ? 100 : left);
	return ERR_OK;
}

static err
refuse(struct turn *turn, const struct throttle *throttle, const struct factor *factor, str typed, const char *why)
{
	struct proved_body *answer = turn->answer;

	TRY(code_refused(turn, factor, typed, why, &answer->drift_s));
	return throttle_wrong(turn, throttle);
}

static err
signed_in(struct turn *turn)
{
	const struct db_value args[] = { DB_INT(turn->now_us), DB_INT(turn->now.session.account_id) };

	return db_run(turn->db, SQL_ACCOUNT_SIGNED_IN, args, COUNT(args), NULL);
}

/* A new token for a session that is through, and where it was on its way to; the browser is known from now on. */
static err
come_in(struct turn *turn, const struct throttle *throttle, int64_t factor_id, bool *ret_done)
{
	struct proved_body *answer = turn->answer;

	TRY(throttle_full(turn, throttle));
	TRY(device_remember(turn, &answer->device));
	TRY(session_way_back(turn, &answer->next));
	TRY(session_prove(turn, factor_id, ret_done));
	*ret_done = *ret_done && turn->next.session.state == STATE_FULL;
	return *ret_done ? signed_in(turn) : ERR_OK;
}

/* --- PROVE, to confirm the first authenticator ------------------------------------------------------------------- */

/* The secret becomes the factor, unless the account got another one, or the time is up. */
static err
confirm(struct turn *turn, void *context, bool *ret_commit)
{
	const struct attempt *a = context;
	const struct proof *proof = &a->proof;
	const struct session *session = &turn->now.session;
	const struct db_value args[] = { DB_INT(turn->now_us), DB_INT(proof->match.step), DB_INT(proof->factor.id),
					 DB_INT(session->account_id), DB_INT(session->id) };
	int64_t changed = 0;
	bool done = false;

	TRY(db_run(turn->db, SQL_FACTOR_CONFIRM, args, COUNT(args), &changed));
	if (changed != 1)
		return ERR_OK;
	/* Whoever else knows the password must prove this factor from now on. */
	TRY(session_end_others(turn));
	TRY(come_in(turn, &a->throttle, proof->factor.id, &done));
	if (!done)
		return ERR_OK;
	*ret_commit = true;
	return audit_write(turn, AUDIT_ENROLLED, session->account_id, "code");
}

static err
confirm_answer(struct turn *turn, str typed, enum verdict *ret_verdict)
{
	CLEANUP(attempt_wipe) struct attempt a = { .by_code = false };
	struct factor *factor = &a.proof.factor;
	bool done = false;

	TRY(factor_pending(turn, factor));
	if (factor->id != 0 && !code_possible(typed, factor->totp.digits)) {
		*ret_verdict = VERDICT_PROBLEMS;
		return ERR_OK;
	}
	TRY(throttle_code(turn, false, &a.throttle));
	TRY(throttle_take(turn, &a.throttle));
	if (factor->id == 0) { /* never shown, or too old by now: another must be made before any code can fit */
		*ret_verdict = VERDICT_STATE;
		return refuse(turn, &a.throttle, factor, (str){ 0 }, "no secret");
	}
	TRY(code_check(factor, typed, turn->now_us, &a.proof.match));
	if (!a.proof.match.ok)
		return refuse(turn, &a.throttle, factor, typed, "code");
	TRY(turn_transact(turn, confirm, &a, &done));
	if (!done)
		return refuse(turn, &a.throttle, factor, (str){ 0 }, "spent");
	audit_log(turn, AUDIT_ENROLLED, turn->now.session.account_id, "code");
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

/* --- PROVE, to finish a sign-in ----------------------------------------------------------------------------------- */

static enum audit_event
came_in_event(const struct attempt *a)
{
	return a->by_recovery ? AUDIT_RECOVERED : AUDIT_PROVED;
}

static err
finish(struct turn *turn, void *context, bool *ret_commit)
{
	const struct attempt *a = context;
	bool done = false;

	TRY(attempt_spend(turn, a, &done));
	if (done)
		TRY(come_in(turn, &a->throttle, a->by_recovery ? 0 : a->proof.factor.id, &done));
	if (!done)
		return ERR_OK;
	*ret_commit = true;
	return audit_write(turn, came_in_event(a), turn->now.session.account_id, "code");
}

static const char *
why_not(const struct attempt *a)
{
	return a->by_recovery ? "recovery code" : a->by_code ? "spent" : "code";
}

static err
finish_answer(struct turn *turn, str typed, enum verdict *ret_verdict)
{
	CLEANUP(attempt_wipe) struct attempt a = { .by_code = false };
	bool done = false;

	TRY(attempt_read(turn, typed, &a));
	if (!a.possible) {
		*ret_verdict = VERDICT_PROBLEMS;
		return ERR_OK;
	}
	if (a.by_recovery || a.by_code)
		TRY(turn_transact(turn, finish, &a, &done));
	if (!done)
		return refuse(turn, &a.throttle, NULL, typed, why_not(&a));
	audit_log(turn, came_in_event(&a), turn->now.session.account_id, "code");
	*ret_verdict = VERDICT_PASSED;
	return answer_fill(turn, &a);
}

err
prove_answer(struct turn *turn, enum verdict *ret_verdict)
{
	const struct prove_body *form = turn->body;

	return turn->now.session.state == STATE_ENROLLING ? confirm_answer(turn, form->code, ret_verdict)
							  : finish_answer(turn, form->code, ret_verdict);
}

/* --- STEP_UP -------------------------------------------------------------------------------------------------------- */

static enum audit_event
fresh_event(const struct attempt *a)
{
	return a->by_recovery ? AUDIT_RECOVERED : AUDIT_STEP_UP;
}

static err
freshen(struct turn *turn, void *context, bool *ret_commit)
{
	const struct attempt *a = context;
	bool done = false;

	TRY(attempt_spend(turn, a, &done));
	if (done)
		TRY(session_step_up(turn, &done));
	if (!done)
		return ERR_OK;
	TRY(throttle_right(turn, &a->throttle));
	*ret_commit = true;
	return audit_write(turn, fresh_event(a), turn->now.session.account_id, "code");
}

err
step_up_answer(struct turn *turn, enum verdict *ret_verdict)
{
	CLEANUP(attempt_wipe) struct attempt a = { .by_code = false };
	const struct prove_body *form = turn->body;
	bool done = false;

	TRY(attempt_read(turn, form->code, &a));
	if (!a.possible) {
		*ret_verdict = VERDICT_PROBLEMS;
		return ERR_OK;
	}
	if (a.by_recovery || a.by_code)
		TRY(turn_transact(turn, freshen, &a, &done));
	if (!done)
		return refuse(turn, &a.throttle, NULL, form->code, why_not(&a));
	audit_log(turn, fresh_event(&a), turn->now.session.account_id, "code");
	*ret_verdict = VERDICT_PASSED;
	return answer_fill(turn, &a);
}
