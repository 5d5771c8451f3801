/*
 * The acts that the dispatcher allows a handler, by its question's row.  All combinations are tested: question, state
 * of the session, age of its proof, end of the session meanwhile, act of the handler.  The handler belongs to this
 * test.  The rows are those of ipc/questions.def, so a new question is tested here too.
 */
#include "keeper/harness.h"

#include "keeper/account/admin.h"
#include "keeper/account/links.h"
#include "keeper/core/dispatch.h"

#include <stdio.h>

/* --- the handler -------------------------------------------------------------------------------------------------- */

enum act { ACT_NOTHING, ACT_WRITE, ACT_TRANSACT, ACT_RAISE_INSIDE, ACT_RAISE_AFTER, ACT_COUNT };

static const char *const act_names[] = { "does nothing", "writes outside a transaction", "writes inside a transaction",
					 "raises the session inside a transaction", "raises the session afterwards" };

static struct {
	enum act act;
	unsigned reached; /* how often the handler was called */
} probe;

/* A row in links shows that the handler wrote. */
static err
probe_write(struct call *call)
{
	struct link_text text;

	return link_make(call->db, LINK_INVITE, 0, call->now_us, &text);
}

/* Raise the call's session to another one in state FULL. */
static void
probe_raise(struct session *session)
{
	session->state = STATE_FULL;
	session->id++;
}

static err
probe_work(struct call *call, void *context, bool *ret_commit)
{
	*ret_commit = true;
	if (probe.act == ACT_RAISE_INSIDE)
		probe_raise(&call->next.session);
	return probe_write(call);
}

static err
probe_answer(struct call *call, enum verdict *ret_verdict)
{
	bool done = false;

	probe.reached++;
	*ret_verdict = VERDICT_PASSED;
	if (probe.act == ACT_WRITE)
		return probe_write(call);
	if (probe.act == ACT_TRANSACT || probe.act == ACT_RAISE_INSIDE)
		return call_transact(call, probe_work, NULL, &done);
	if (probe.act == ACT_RAISE_AFTER)
		probe_raise(&call->now.session);
	return ERR_OK;
}

/* --- the expected results ----------------------------------------------------------------------------------------- */

struct tried {
	enum question_id question;
	enum session_state state;
	bool fresh, live;
	enum act act;
};

static bool
has(const struct tried *t, unsigned flag)
{
	return (question_rows[t->question].flags & flag) != 0;
}

/* The verdict of the checks before the handler; PASSED: the handler is called. */
static enum verdict
verdict_before_handler(const struct tried *t)
{
	if ((question_rows[t->question].states & ROW_IN(t->state)) == 0)
		return VERDICT_STATE;
	return has(t, ROW_FRESH) && !t->fresh ? VERDICT_STEP_UP : VERDICT_PASSED;
}

static enum verdict
verdict_of_transaction(const struct tried *t)
{
	if (!has(t, ROW_WRITES))
		return VERDICT_UNAVAILABLE;
	if (!has(t, ROW_SELF_AUTHORIZED) && !t->live)
		return VERDICT_STATE;
	return t->act == ACT_RAISE_INSIDE && !has(t, ROW_MAY_RAISE) ? VERDICT_UNAVAILABLE : VERDICT_PASSED;
}

static enum verdict
verdict_expected(const struct tried *t)
{
	enum verdict before = verdict_before_handler(t);

	if (before != VERDICT_PASSED)
		return before;
	switch (t->act) {
	case ACT_WRITE:
		return VERDICT_UNAVAILABLE;
	case ACT_TRANSACT:
	case ACT_RAISE_INSIDE:
		return verdict_of_transaction(t);
	case ACT_RAISE_AFTER:
		return has(t, ROW_MAY_RAISE) ? VERDICT_PASSED : VERDICT_UNAVAILABLE;
	default:
		return VERDICT_PASSED;
	}
}

/* --- all combinations --------------------------------------------------------------------------------------------- */

static struct world w;

static void
session_ends(void)
{
	call_before_transaction = NULL;
	sql_run(&w, "DELETE FROM sessions");
}

static void
scene_set(struct browser *b, enum session_state state, bool fresh)
{
	static unsigned accounts;
	char name[40];

	snprintf(name, sizeof(name), "anna%u", accounts++);
	bring_to(&w, b, name, state);
	if (!fresh)
		clock_forward(STEP_UP_US + SECONDS_US(1));
}

static void
try_one(struct browser *b, const struct tried *t)
{
	static const char no_body[WIRE_BODY_MAX_BYTES];
	enum verdict wanted = verdict_expected(t);
	bool reached = verdict_before_handler(t) == VERDICT_PASSED;
	bool writes = wanted == VERDICT_PASSED && (t->act == ACT_TRANSACT || t->act == ACT_RAISE_INSIDE);
	int64_t before = sql_number(&w, "SELECT count(*) FROM links");
	struct browser asks = *b; /* a copy, so that the next question has the same token */

	probe.act = t->act;
	probe.reached = 0;
	question_instead = probe_answer;
	call_before_transaction = t->live ? NULL : session_ends;
	enum verdict is = ask(&w, &asks, t->question, no_body);
	question_instead = NULL;
	call_before_transaction = NULL;
	int64_t written = sql_number(&w, "SELECT count(*) FROM links") - before;
	if (is != wanted || probe.reached != reached || written != writes)
		fail_msg("%s, %s, proof %s, session %s, a handler that %s: verdict %d instead of %d, called %u times, "
			 "wrote %d rows",
			 wire_questions[t->question].name, session_state_name(t->state), t->fresh ? "fresh" : "stale",
			 t->live ? "lives" : "ends", act_names[t->act], is, wanted, probe.reached, (int)written);
	if (is == VERDICT_UNAVAILABLE)
		assert_int_equal(asks.head.state, STATE_NONE);
}

static void
walk_questions(struct browser *b, enum session_state state, bool fresh, enum act act)
{
	for (unsigned id = QUESTION_NONE + 1; id < QUESTION_COUNT; id++)
		try_one(b, &(struct tried){ id, state, fresh, true, act });
}

static void
handlers_can_do_only_acts_that_their_row_allows(void **state)
{
	static const bool freshness[] = { true, false };
	struct browser b;

	world_new(&w);
	for (unsigned s = STATE_NONE; s < STATE_COUNT; s++)
		for (size_t f = 0; f < COUNT(freshness); f++) {
			scene_set(&b, s, freshness[f]);
			for (unsigned act = 0; act < ACT_COUNT; act++)
				walk_questions(&b, s, freshness[f], act);
		}
	world_end(&w);
}

static void
transactions_need_the_session_that_asked(void **state)
{
	struct browser b;

	world_new(&w);
	for (unsigned id = QUESTION_NONE + 1; id < QUESTION_COUNT; id++)
		for (unsigned s = STATE_ENROLLING; s < STATE_COUNT; s++) {
			if ((question_rows[id].flags & ROW_WRITES) == 0 || (question_rows[id].states & ROW_IN(s)) == 0)
				continue;
			scene_set(&b, s, true);
			try_one(&b, &(struct tried){ id, s, true, false, ACT_TRANSACT });
		}
	world_end(&w);
}

/* --- administrators' acts ----------------------------------------------------------------------------------------- */

static unsigned begun; /* transactions */

static void
write_outside(void)
{
	struct link_text text;

	begun++;
	assert_int_equal(link_make(w.thread->db, LINK_INVITE, 0, 1, &text), ERR_INVALID);
}

static void
administrators_acts_use_the_transaction_of_questions(void **state)
{
	struct why why = { "" };
	struct link_text text;

	world_new(&w);
	call_before_transaction = write_outside;
	assert_int_equal(admin_invite(w.thread, &why, &text), ERR_OK);
	call_before_transaction = NULL;
	assert_int_equal(begun, 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM links"), 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE actor LIKE 'command%'"), 1);
	/* other commands use their own transactions on this connection */
	assert_int_equal(link_make(w.thread->db, LINK_INVITE, 0, 1, &text), ERR_OK);
	world_end(&w);
}

/* Web caches sessions, so it must be notified when an administrator ends them. */
static void
administrators_acts_notify_of_ended_sessions(void **state)
{
	struct why why = { "" };
	struct browser b;
	int64_t ended = 0;

	world_new(&w);
	bring_to(&w, &b, "anna", STATE_FULL);
	size_t before = w.ended_count;
	assert_int_equal(admin_sign_out(w.thread, STR("anna"), &why, &ended), ERR_OK);
	assert_int_equal(ended, 1);
	assert_int_equal(w.ended_count - before, 1);
	world_end(&w);
}

/* --- the rows ----------------------------------------------------------------------------------------------------- */

/* A second list of the security flags, so that no flag is removed by accident. */
static void
rows_have_the_reviewed_flags(void **state)
{
	static const enum question_id fresh[] = { QUESTION_PASSWORD,      QUESTION_RECOVERY,  QUESTION_FACTOR_BEGIN,
						  QUESTION_FACTOR_REMOVE, QUESTION_CLOSE,     QUESTION_PASSKEY_BEGIN,
						  QUESTION_PASSKEY_ADD,   QUESTION_CODES_OFF, QUESTION_OIDC_CONFIRM };
	static const enum question_id raise[] = { QUESTION_REGISTER,        QUESTION_SIGN_IN,
						  QUESTION_VERIFY,          QUESTION_LINK_USE,
						  QUESTION_PASSKEY_SIGN_IN, QUESTION_PASSKEY_VERIFY,
						  QUESTION_PASSKEY_FIRST };
	size_t is_fresh = 0, may_raise = 0;

	for (unsigned id = 0; id < QUESTION_COUNT; id++) {
		is_fresh += (question_rows[id].flags & ROW_FRESH) != 0;
		may_raise += (question_rows[id].flags & ROW_MAY_RAISE) != 0;
	}
	assert_int_equal(is_fresh, COUNT(fresh));
	assert_int_equal(may_raise, COUNT(raise));
	for (size_t i = 0; i < COUNT(fresh); i++)
		assert_true(has(&(struct tried){ fresh[i] }, ROW_FRESH));
	for (size_t i = 0; i < COUNT(raise); i++)
		assert_true(has(&(struct tried){ raise[i] }, ROW_MAY_RAISE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handlers_can_do_only_acts_that_their_row_allows),
		cmocka_unit_test(transactions_need_the_session_that_asked),
		cmocka_unit_test(administrators_acts_use_the_transaction_of_questions),
		cmocka_unit_test(administrators_acts_notify_of_ended_sessions),
		cmocka_unit_test(rows_have_the_reviewed_flags),
	};

	return cmocka_run_group_tests_name("keeper authority", tests, harness_setup, harness_teardown);
}
