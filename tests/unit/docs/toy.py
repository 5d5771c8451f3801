"""Additions to a scratch copy of the source: a question, a factor kind, a setting, an audit event, and their tests."""

ROW = "\ttoy  nothing  toy  full  FRESH WRITES  returns the toy number and writes an audit event\n"
STRUCT = "\nstruct toy_body\n\tuint32_t  number  100\n"

EVENT = '\nAUDIT_EVENT(TOY, "toy.asked", PASSED, NOTICE, ASKER, NO_SENTENCE)\n'

HANDLER = """
static err
toy_write(struct call *call, void *context, bool *ret_commit)
{
	(void)context;
	*ret_commit = true;
	return audit_write(call, AUDIT_TOY, call->now.session.account_id, REASON_ASKED);
}

err
toy_answer(struct call *call, enum verdict *ret_verdict)
{
	bool done = false;

	TRY(call_transact(call, toy_write, NULL, &done));
	audit_log(call, AUDIT_TOY, call->now.session.account_id, REASON_ASKED);
	((struct toy_body *)call->answer)->number = keeper_config(call->keeper)->toy_number;
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
"""

KIND = """#include "keeper/factor/attempt.h"
#include "keeper/core/call.h"

static err
toy_read(struct call *call, const struct attempt *attempt, bool *ret_possible)
{
	*ret_possible = str_starts(attempt->typed, STR("toy "));
	return ERR_OK;
}

static err
toy_count(struct call *call, struct attempt *attempt)
{
	return throttle_recovery(call, &attempt->throttle);
}

static err
toy_verify(struct call *call, struct attempt *attempt)
{
	if (str_equal(attempt->typed, STR("toy right")))
		attempt->proof = (struct proof){ .kind = &factor_kind_toy, .at_us = call->now_us };
	return ERR_OK;
}

static err
toy_spend(struct call *call, const struct attempt *attempt, bool *ret_done)
{
	*ret_done = true;
	return ERR_OK;
}

const struct factor_kind factor_kind_toy = {
	.name = "toy",
	.amr = "toy",
	.shows = SHOWS_POSSESSION,
	.recovers = true,
	.passed = AUDIT_RECOVERED,
	.stepped_up = AUDIT_RECOVERED,
	.why_wrong = REASON_CODE,
	.why_spent = REASON_SPENT,
	.read = toy_read,
	.count = toy_count,
	.verify = toy_verify,
	.spend = toy_spend,
};
"""

SETTING = """
SETTING(unsigned toy_number,
	.name = "TOY_NUMBER", .kind = &kind_number, MEMBER(toy_number),
	SAME("7"), .max = 100,
	.takes = "a number up to 100",
	.help = "The number that the toy question returns.",
	.example = "42")
"""

TEST = """#include "harness.h"

#include "config/report.h"

#include <string.h>

static struct answer_head
ask_toy(struct world *w, const struct browser *b, struct toy_body *ret_body)
{
	static const struct nothing_body nothing;
	static struct buf question = BUF(WIRE_MAX_BYTES), answer = BUF(WIRE_MAX_BYTES);
	struct question_head head = { .id = QUESTION_TOY, .number = 1, .token = b->token, .address = STR("192.0.2.7") };
	struct answer_head ret = { 0 };
	str rest;

	buf_clear(&question);
	buf_clear(&answer);
	wire_put(&question, &wire_question_head, &head);
	wire_put(&question, wire_questions[QUESTION_TOY].body, &nothing);
	keeper_answer(w->thread, buf_str(&question), NULL, NULL, &answer);
	rest = buf_str(&answer);
	assert_int_equal(wire_get(&rest, &wire_answer_head, &ret), ERR_OK);
	assert_int_equal(wire_get(&rest, &wire_toy_body, ret_body), ERR_OK);
	return ret;
}

static void
toy_question_returns_the_toy_setting(void **state)
{
	struct world w;
	struct browser alice;
	struct toy_body body = { 0 };
	struct why why = { 0 };

	world_make(&w);
	assert_int_equal(setting_parse(setting_find(STR("TOY_NUMBER")), STR("42"), &w.config, &why), ERR_OK);
	world_open(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	assert_verdict(ask_toy(&w, &alice, &body).verdict, VERDICT_PASSED);
	assert_int_equal(body.number, 42);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'toy.asked' AND actor = 'person'"), 1);
	clock_forward(MINUTES_US(6));
	assert_verdict(ask_toy(&w, &alice, &body).verdict, VERDICT_STEP_UP);
	bring_to(&w, &alice, "bobby", STATE_ENROLLING);
	assert_verdict(ask_toy(&w, &alice, &body).verdict, VERDICT_STATE);
	world_end(&w);
}

static void
toy_factor_kind_finishes_a_sign_in(void **state)
{
	struct world w;
	struct browser alice = { 0 };

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_PENDING);
	assert_verdict(do_verify(&w, &alice, "toy wrong"), VERDICT_REFUSED);
	assert_verdict(do_verify(&w, &alice, "toy right"), VERDICT_PASSED);
	assert_int_equal(alice.head.state, STATE_FULL);
	world_end(&w);
}

static void
toy_setting_is_in_the_manual(void **state)
{
	CLEANUP(buf_wipe) struct buf manual = BUF(64 * 1024);

	report_manual(&manual);
	assert_non_null(memmem(manual.p, manual.n, "## `TOY_NUMBER`", 15));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(toy_question_returns_the_toy_setting),
		cmocka_unit_test(toy_factor_kind_finishes_a_sign_in),
		cmocka_unit_test(toy_setting_is_in_the_manual),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
"""
