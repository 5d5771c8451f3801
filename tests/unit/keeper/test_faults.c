/*
 * The nth allocation, and the nth call for randomness, fail in every question: the answer is never more than was
 * done.
 */
#include "harness.h"

#include "base/random.h"

#include <stdio.h>
#include <string.h>

/* More than any question makes; and so many passes one after the other mean that its last one lies behind. */
enum { ALLOCATIONS_MAX = 600, RANDOMS_MAX = 40, PASSES = 12 };

struct story {
	enum question_id question;
	enum session_state from, to;
	const char *why;
};

static const struct story stories[] = {
	{ QUESTION_SESSION, STATE_FULL, STATE_FULL, "asking for a session" },
	{ QUESTION_REGISTER, STATE_NONE, STATE_ENROLLING, "registering" },
	{ QUESTION_SIGN_IN, STATE_NONE, STATE_PENDING, "signing in" },
	{ QUESTION_ENROL, STATE_ENROLLING, STATE_ENROLLING, "enrolling" },
	{ QUESTION_PROVE, STATE_ENROLLING, STATE_FULL, "confirming" },
	{ QUESTION_PROVE, STATE_PENDING, STATE_FULL, "proving" },
	{ QUESTION_SIGN_OUT, STATE_FULL, STATE_NONE, "signing out" },
	{ QUESTION_STEP_UP, STATE_FULL, STATE_FULL, "proving anew" },
	{ QUESTION_ACCOUNT, STATE_FULL, STATE_FULL, "looking at the account" },
	{ QUESTION_RECOVERY, STATE_FULL, STATE_FULL, "making recovery codes" },
	{ QUESTION_FACTOR_BEGIN, STATE_FULL, STATE_FULL, "beginning another factor" },
	{ QUESTION_PROFILE, STATE_FULL, STATE_FULL, "saving preferences" },
	{ QUESTION_PASSWORD, STATE_FULL, STATE_FULL, "changing the password" },
	{ QUESTION_SESSIONS, STATE_FULL, STATE_FULL, "listing sessions" },
	{ QUESTION_ACTIVITY, STATE_FULL, STATE_FULL, "listing events" },
	{ QUESTION_CLOSE, STATE_FULL, STATE_NONE, "closing the account" },
};

/* A browser in the state from which the story goes on; the account is called by the number. */
static void
prepare(struct world *w, const struct story *s, int number, struct browser *b, char *name, size_t size)
{
	snprintf(name, size, "person%d", number);
	if (s->question == QUESTION_SIGN_IN) { /* enrolled, and a browser that holds nothing */
		bring_to(w, b, name, STATE_FULL);
		memset(&b->token, 0, sizeof(b->token));
		return;
	}
	if (s->question == QUESTION_ENROL) { /* no secret was made yet */
		memset(b, 0, sizeof(*b));
		assert_verdict(do_register(w, b, name, PASSWORD), VERDICT_PASSED);
		return;
	}
	bring_to(w, b, name, s->from);
}

/* Ask with everything right, or with the one thing wrong that decides it. */
static enum verdict
tell(struct world *w, const struct story *s, struct browser *b, const char *name, bool right)
{
	struct code code = b->secret[0] == '\0' ? (struct code){ "000000" } : code_of(b->secret, right ? 0 : 40);
	const struct register_body registration = { str_of(name), STR(PASSWORD), right ? STR(PASSWORD) : STR("x") };
	const struct sign_in_body sign_in = { str_of(name), right ? STR(PASSWORD) : STR("wrong password") };
	const struct prove_body prove = { str_of(code.z) };
	const struct factor_begin_body another = { .current = right ? STR(PASSWORD) : STR("wrong password") };
	const struct recovery_body recovery = { .renew = 1 };
	const struct profile_body profile = { .display_name = right ? STR("Anna") : STR("a\x07") };
	const struct password_body password = { right ? STR(PASSWORD) : STR("wrong password"),
						STR("trombone sobre 1742"), STR("trombone sobre 1742") };
	const struct activity_body activity = { 0 };
	const struct close_body close_it = { right ? STR(PASSWORD) : STR("wrong password") };
	const void *bodies[QUESTION_COUNT] = {
		[QUESTION_REGISTER] = &registration, [QUESTION_SIGN_IN] = &sign_in,
		[QUESTION_PROVE] = &prove,           [QUESTION_STEP_UP] = &prove,
		[QUESTION_RECOVERY] = &recovery,     [QUESTION_FACTOR_BEGIN] = &another,
		[QUESTION_PROFILE] = &profile,       [QUESTION_PASSWORD] = &password,
		[QUESTION_ACTIVITY] = &activity,     [QUESTION_CLOSE] = &close_it,
	};

	if (!right &&
	    (s->question == QUESTION_SESSION || s->question == QUESTION_ENROL || s->question == QUESTION_SIGN_OUT ||
	     s->question == QUESTION_ACCOUNT || s->question == QUESTION_RECOVERY || s->question == QUESTION_SESSIONS ||
	     s->question == QUESTION_ACTIVITY))
		memset(&b->token, 0x5a, sizeof(b->token));
	return ask(w, b, s->question, bodies[s->question]);
}

/* What the answer says must be so, asked again without a failure. */
static void
check_holds(struct world *w, const struct story *s, struct browser *b, long nth)
{
	enum session_state said = (enum session_state)b->head.state;

	if (b->verdict != VERDICT_PASSED && b->verdict != VERDICT_UNAVAILABLE)
		fail_msg("%s, failure %ld: verdict %d", s->why, nth, b->verdict);
	if (b->verdict == VERDICT_UNAVAILABLE)
		return;
	assert_int_equal(said, s->to);
	if (s->question == QUESTION_ENROL)
		assert_int_equal(strlen(b->secret), 32);
	ask(w, b, QUESTION_SESSION, NULL);
	if (b->head.state != s->to)
		fail_msg("%s, failure %ld: passed, but then %s", s->why, nth, session_state_name(b->head.state));
}

static void
fail_each(const struct story *s, fail_at arm, long most)
{
	struct world w;
	long unavailable = 0, passes = 0;

	world_new(&w);
	for (long nth = 1; nth <= most && passes < PASSES; nth++) {
		struct browser b, wrong;
		char name[32];
		prepare(&w, s, (int)(2 * nth), &b, name, sizeof(name));
		harness_fault = (struct harness_fault){ arm, nth };
		tell(&w, s, &b, name, true);
		harness_fault.arm = NULL;
		unavailable += b.verdict == VERDICT_UNAVAILABLE;
		passes = b.verdict == VERDICT_PASSED ? passes + 1 : 0;
		check_holds(&w, s, &b, nth);
		prepare(&w, s, (int)(2 * nth + 1), &wrong, name, sizeof(name));
		harness_fault = (struct harness_fault){ arm, nth };
		tell(&w, s, &wrong, name, false);
		harness_fault.arm = NULL;
		if (wrong.verdict == VERDICT_PASSED || wrong.head.state > s->from)
			fail_msg("%s, failure %ld: passed with what is wrong", s->why, nth);
	}
	print_message("%s: %ld failures told\n", s->why, unavailable);
	assert_true(passes > 0);
	assert_true(unavailable > 0 || arm == random_fail_at);
	world_end(&w);
}

static void
the_nth_allocation_that_fails_never_lets_anyone_in(void **state)
{
	for (size_t i = 0; i < COUNT(stories); i++)
		fail_each(&stories[i], mem_fail_at, ALLOCATIONS_MAX);
}

static void
randomness_that_fails_never_lets_anyone_in(void **state)
{
	for (size_t i = 0; i < COUNT(stories); i++)
		fail_each(&stories[i], random_fail_at, RANDOMS_MAX);
}

static void
a_first_start_that_fails_can_be_done_again(void **state)
{
	struct world w;
	struct why why = { 0 };
	long failed = 0;

	for (long nth = 1; nth <= ALLOCATIONS_MAX; nth += 7) {
		world_make(&w);
		mem_fail_at(nth);
		err e = keeper_open(&w.config, &why, &w.keeper);
		mem_fail_at(0);
		failed += e != ERR_OK;
		if (e != ERR_OK)
			world_open(&w);
		else
			assert_int_equal(keeper_thread_open(w.keeper, &w.thread), ERR_OK);
		world_end(&w);
	}
	assert_true(failed > 0);
}

static void
a_thread_that_cannot_open_its_connection_says_so(void **state)
{
	struct world w;
	long failed = 0;

	world_new(&w);
	for (long nth = 1; nth <= ALLOCATIONS_MAX / 2; nth += 3) {
		struct keeper_thread *thread = NULL;
		mem_fail_at(nth);
		err e = keeper_thread_open(w.keeper, &thread);
		mem_fail_at(0);
		failed += e != ERR_OK;
		assert_int_equal(e == ERR_OK, thread != NULL);
		keeper_thread_close(&thread);
	}
	assert_true(failed > 0);
	world_end(&w);
}

static void
a_database_that_is_gone_is_unavailable_and_never_a_login(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_PENDING);
	sql_run(&w, "DROP TABLE audit");
	assert_verdict(do_prove(&w, &b, code_of(b.secret, 0).z), VERDICT_UNAVAILABLE);
	assert_int_equal(b.head.state, STATE_NONE);
	/* rolled back: neither is the code spent nor the session another */
	sql_run(&w,
		"CREATE TABLE audit (id INTEGER PRIMARY KEY, at_us, event, outcome, reason, account_id, subject_hash, "
		"address, agent, request_id)");
	assert_verdict(do_prove(&w, &b, code_of(b.secret, 0).z), VERDICT_PASSED);
	assert_int_equal(b.head.state, STATE_FULL);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nth_allocation_that_fails_never_lets_anyone_in),
		cmocka_unit_test(randomness_that_fails_never_lets_anyone_in),
		cmocka_unit_test(a_first_start_that_fails_can_be_done_again),
		cmocka_unit_test(a_thread_that_cannot_open_its_connection_says_so),
		cmocka_unit_test(a_database_that_is_gone_is_unavailable_and_never_a_login),
	};

	return cmocka_run_group_tests_name("keeper faults", tests, harness_setup, harness_teardown);
}
