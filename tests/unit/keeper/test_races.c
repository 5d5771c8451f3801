/* Simultaneous questions on separate connections: exactly one wins. */
#include "keeper/harness.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { RACERS = 8, ROUNDS = 12 };

struct racer {
	struct world *w;
	struct keeper_thread *thread;
	pthread_barrier_t *start;
	struct browser browser;
	enum question_id question;
	const void *body;
};

static void *
race(void *context)
{
	struct racer *r = context;

	pthread_barrier_wait(r->start);
	ask_again_on(r->thread, &r->browser, r->question, r->body);
	return NULL;
}

/* All ask at the same time; returns the number that got the verdict. */
static size_t
run_race(struct racer *racers, enum verdict wanted)
{
	pthread_barrier_t start;
	pthread_t threads[RACERS];
	size_t count = 0;

	pthread_barrier_init(&start, NULL, RACERS);
	for (size_t i = 0; i < RACERS; i++) {
		racers[i].start = &start;
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (size_t i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&start);
	for (size_t i = 0; i < RACERS; i++)
		count += racers[i].browser.verdict == wanted;
	return count;
}

static void
racers_make(struct world *w, struct racer *racers)
{
	memset(racers, 0, RACERS * sizeof(*racers));
	for (size_t i = 0; i < RACERS; i++) {
		racers[i].w = w;
		racers[i].thread = world_thread_open(w);
	}
}

static void
racers_end(struct racer *racers)
{
	for (size_t i = 0; i < RACERS; i++)
		keeper_thread_close(&racers[i].thread);
}

static void
one_name_goes_to_one_account(void **state)
{
	struct world w;
	struct racer racers[RACERS];
	char names[ROUNDS][16];

	world_new(&w);
	racers_make(&w, racers);
	for (size_t round = 0; round < ROUNDS; round++) {
		snprintf(names[round], sizeof(names[round]), "%s%zu", round % 2 == 0 ? "Alice" : "alice", round);
		const struct register_body body = { str_of(names[round]), STR(PASSWORD), STR(PASSWORD) };
		for (size_t i = 0; i < RACERS; i++) {
			racers[i].question = QUESTION_REGISTER;
			racers[i].body = &body;
			racers[i].browser = (struct browser){ 0 };
		}
		assert_int_equal(run_race(racers, VERDICT_PASSED), 1);
		for (size_t i = 0; i < RACERS; i++)
			if (racers[i].browser.verdict != VERDICT_PASSED)
				assert_int_equal(racers[i].browser.problems.username, PROBLEM_TAKEN);
	}
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM accounts"), ROUNDS);
	racers_end(racers);
	world_end(&w);
}

static void
one_code_opens_one_of_many_sessions(void **state)
{
	struct world w;
	struct racer racers[RACERS];
	struct browser b;

	world_new(&w);
	racers_make(&w, racers);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (size_t round = 0; round < ROUNDS; round++) {
		clock_forward(MINUTES_US(1));
		struct code code = code_of(b.secret, 0);
		const struct verify_body body = { str_of(code.z) };
		for (size_t i = 0; i < RACERS; i++) {
			racers[i].question = QUESTION_VERIFY;
			racers[i].body = &body;
			racers[i].browser = (struct browser){ 0 };
			assert_verdict(do_sign_in(&w, &racers[i].browser, "alice", PASSWORD), VERDICT_PASSED);
		}
		assert_int_equal(run_race(racers, VERDICT_PASSED), 1);
	}
	racers_end(racers);
	world_end(&w);
}

static void
one_code_confirms_one_enrolment_and_the_other_sessions_end(void **state)
{
	struct world w;
	struct racer racers[RACERS];
	struct verify_body bodies[RACERS];
	struct code codes[RACERS];
	char name[16];

	world_new(&w);
	racers_make(&w, racers);
	for (size_t round = 0; round < ROUNDS; round++) {
		struct browser b;
		snprintf(name, sizeof(name), "alice%zu", round);
		bring_to(&w, &b, name, STATE_ENROLLING);
		for (size_t i = 0; i < RACERS; i++) {
			racers[i].question = QUESTION_VERIFY;
			racers[i].browser = (struct browser){ 0 };
			assert_verdict(do_sign_in(&w, &racers[i].browser, name, PASSWORD), VERDICT_PASSED);
			assert_verdict(ask(&w, &racers[i].browser, QUESTION_ENROL, NULL), VERDICT_PASSED);
			codes[i] = code_of(racers[i].browser.secret, 0);
			bodies[i] = (struct verify_body){ str_of(codes[i].z) };
			racers[i].body = &bodies[i];
		}
		assert_int_equal(run_race(racers, VERDICT_PASSED), 1);
		assert_verdict(ask(&w, &b, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	}
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors"), ROUNDS);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions"), ROUNDS);
	racers_end(racers);
	world_end(&w);
}

static void
one_session_is_verified_once_by_parallel_codes(void **state)
{
	struct world w;
	struct racer racers[RACERS];
	struct verify_body bodies[RACERS];
	struct code codes[RACERS];
	struct browser b;

	world_new(&w);
	racers_make(&w, racers);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (size_t round = 0; round < 2 * ROUNDS; round++) {
		struct browser one = { 0 };
		clock_forward(MINUTES_US(2));
		assert_verdict(do_sign_in(&w, &one, "alice", PASSWORD), VERDICT_PASSED);
		for (size_t i = 0; i < RACERS; i++) {
			codes[i] = code_of(b.secret, (int64_t)(i % 3) - 1);
			bodies[i] = (struct verify_body){ str_of(codes[i].z) };
			racers[i].question = QUESTION_VERIFY;
			racers[i].body = &bodies[i];
			racers[i].browser = one;
		}
		assert_int_equal(run_race(racers, VERDICT_PASSED), 1);
	}
	racers_end(racers);
	world_end(&w);
}

static void
parallel_enrolments_of_one_session_get_one_secret(void **state)
{
	struct world w;
	struct racer racers[RACERS];
	char name[16];

	world_new(&w);
	racers_make(&w, racers);
	for (size_t round = 0; round < ROUNDS; round++) {
		struct browser b = { 0 };
		snprintf(name, sizeof(name), "alice%zu", round);
		assert_verdict(do_register(&w, &b, name, PASSWORD), VERDICT_PASSED);
		for (size_t i = 0; i < RACERS; i++) {
			racers[i].question = QUESTION_ENROL;
			racers[i].browser = b;
			racers[i].body = NULL;
		}
		assert_int_equal(run_race(racers, VERDICT_PASSED), RACERS);
		for (size_t i = 1; i < RACERS; i++)
			assert_string_equal(racers[i].browser.secret, racers[0].browser.secret);
	}
	racers_end(racers);
	world_end(&w);
}

static void
a_signed_out_session_cannot_be_verified(void **state)
{
	struct world w;
	struct racer racers[RACERS];
	struct browser b;

	world_new(&w);
	racers_make(&w, racers);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (size_t round = 0; round < ROUNDS; round++) {
		struct browser one = { 0 };
		clock_forward(MINUTES_US(1));
		assert_verdict(do_sign_in(&w, &one, "alice", PASSWORD), VERDICT_PASSED);
		struct code code = code_of(b.secret, 0);
		const struct verify_body body = { str_of(code.z) };
		for (size_t i = 0; i < RACERS; i++) {
			racers[i].question = i % 2 == 0 ? QUESTION_SIGN_OUT : QUESTION_VERIFY;
			racers[i].body = i % 2 == 0 ? NULL : &body;
			racers[i].browser = one;
		}
		/* the token is revoked once: by signing out, or by the new token after the proof */
		assert_int_equal(run_race(racers, VERDICT_PASSED), 1);
		assert_verdict(ask(&w, &one, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	}
	racers_end(racers);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_name_goes_to_one_account),
		cmocka_unit_test(one_code_opens_one_of_many_sessions),
		cmocka_unit_test(one_code_confirms_one_enrolment_and_the_other_sessions_end),
		cmocka_unit_test(one_session_is_verified_once_by_parallel_codes),
		cmocka_unit_test(parallel_enrolments_of_one_session_get_one_secret),
		cmocka_unit_test(a_signed_out_session_cannot_be_verified),
	};

	return cmocka_run_group_tests_name("keeper races", tests, harness_setup, harness_teardown);
}
