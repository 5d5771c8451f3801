/* Recovery codes, step-up, several authenticators, a wrong clock, display names. */
#include "keeper/harness.h"

#include "keeper/core/display_name.h"
#include "keeper/factor/recovery.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { RACERS = 64 };

static void
make_codes(struct world *w, struct browser *b, bool renew)
{
	const struct recovery_body body = { .renew = renew };

	assert_verdict(ask(w, b, QUESTION_RECOVERY, &body), VERDICT_PASSED);
	assert_int_equal(b->recovery_made, 10);
}

/* A browser in state PENDING: it has sent the password only. */
static struct browser
waiting(struct world *w, const char *name)
{
	struct browser b = { 0 };

	assert_verdict(do_sign_in(w, &b, name, PASSWORD), VERDICT_PASSED);
	assert_int_equal(b.head.state, STATE_PENDING);
	return b;
}

/* --- shape -------------------------------------------------------------------------------------------------------- */

static void
a_recovery_code_is_known_by_its_shape(void **state)
{
	static const struct {
		const char *why, *typed;
		bool is;
	} rows[] = {
		{ "as shown", "ABCDEFGHIJKLMNOPQRSTUVWX", true },
		{ "in groups, lower case", " abcd-efgh-ijkl mnop qrst-uvwx ", true },
		{ "tabs, line ends, no-break and zero-width spaces",
		  "\tABCDEFGH\xc2\xa0IJKLMNOP\xe2\x80\x8bQRSTUVWX\r\n", true },
		{ "en dashes and a byte order mark",
		  "\xef\xbb\xbf"
		  "ABCDEFGH\xe2\x80\x93IJKLMNOP\xe2\x80\x93QRSTUVWX",
		  true },
		{ "a dot between groups", "ABCDEFGH.IJKLMNOPQRSTUVWX", false },
		{ "half a no-break space", "ABCDEFGHIJKLMNOPQRSTUVWX\xc2", false },
		{ "padding after all letters", "ABCDEFGHIJKLMNOPQRSTUVWX========", false },
		{ "0, 1 and 8 misread", "0BCDEFGH1JKLMN0PQRSTUVW8", true },
		{ "23 letters", "ABCDEFGHIJKLMNOPQRSTUVW", false },
		{ "25 letters", "ABCDEFGHIJKLMNOPQRSTUVWXY", false },
		{ "9 is not in the alphabet", "9BCDEFGHIJKLMNOPQRSTUVWX", false },
		{ "six digits", "123456", false },
		{ "empty", "", false },
		{ "hyphens only", "------------------------", false },
		{ "a padding sign", "ABCDEFGHIJKLMNOPQRSTUVW=", false },
		{ "letters of another script",
		  "\xd0\x90\xd0\x90\xd0\x90\xd0\x90\xd0\x90\xd0\x90\xd0\x90\xd0\x90\xd0\x90\xd0\x90\xd0\x90\xd0\x90",
		  false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct recovery_code code;
		if (recovery_code_read(str_of(rows[i].typed), &code) != rows[i].is)
			fail_msg("%s", rows[i].why);
	}
	struct recovery_code a, b;
	assert_true(recovery_code_read(STR("OBCDEFGHIJKLMNOPQRSTUVWB"), &a));
	assert_true(recovery_code_read(STR("0bcdefgh1jklmn0pqrstuvw8"), &b));
	assert_memory_equal(&a, &b, sizeof(a));
}

/* --- recovery codes ----------------------------------------------------------------------------------------------- */

static void
each_recovery_code_works_once(void **state)
{
	struct world w;
	struct browser alice;

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	make_codes(&w, &alice, false);
	for (uint32_t i = 0; i < 3; i++) {
		struct browser b = waiting(&w, "alice");
		assert_verdict(do_verify(&w, &b, alice.recovery[i]), VERDICT_PASSED);
		assert_int_equal(b.head.state, STATE_FULL);
		assert_int_equal(b.verified.recovered, 1);
		assert_int_equal(b.left, 9 - i);
		assert_int_equal(b.head.recovered, 1);
		struct browser again = waiting(&w, "alice");
		assert_verdict(do_verify(&w, &again, alice.recovery[i]), VERDICT_REFUSED);
		assert_int_equal(again.head.state, STATE_PENDING);
		assert_int_equal(again.verified.spent, 1);
		assert_int_equal(again.verified.recovered, 1);
	}
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE reason = 'recovery code spent'"), 3);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM recovery_codes WHERE spent_at_us IS NOT NULL"), 3);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'recovery.used'"), 3);
	world_end(&w);
}

static void
recovery_codes_are_shown_once_and_renewed_together(void **state)
{
	const struct recovery_body look = { .renew = 0 };
	struct world w;
	struct browser alice;

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	make_codes(&w, &alice, false);
	char old[25];
	snprintf(old, sizeof(old), "%s", alice.recovery[0]);
	assert_verdict(ask(&w, &alice, QUESTION_RECOVERY, &look), VERDICT_PASSED);
	assert_int_equal(alice.recovery_made, 0);
	assert_int_equal(alice.left, 10);
	make_codes(&w, &alice, true);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM recovery_codes"), 10);
	struct browser b = waiting(&w, "alice");
	assert_verdict(do_verify(&w, &b, old), VERDICT_REFUSED);
	assert_verdict(do_verify(&w, &b, alice.recovery[0]), VERDICT_PASSED);
	/* the database has only hashes of the codes */
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM recovery_codes WHERE length(code_hash) = 32"), 10);
	world_end(&w);
}

static void
a_recovery_code_of_another_account_is_refused(void **state)
{
	struct world w;
	struct browser alice, bob;

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	bring_to(&w, &bob, "bobby", STATE_FULL);
	make_codes(&w, &alice, false);
	make_codes(&w, &bob, false);
	struct browser b = waiting(&w, "alice");
	assert_verdict(do_verify(&w, &b, bob.recovery[0]), VERDICT_REFUSED);
	assert_int_equal(b.verified.spent, 0);
	assert_int_equal(b.verified.recovered, 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE reason = 'recovery code'"), 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM recovery_codes WHERE spent_at_us IS NOT NULL"), 0);
	world_end(&w);
}

static void
an_enrolling_session_cannot_use_a_recovery_code(void **state)
{
	struct world w;
	struct browser alice, other = { 0 };

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	make_codes(&w, &alice, false);
	bring_to(&w, &other, "bobby", STATE_ENROLLING);
	assert_verdict(do_verify(&w, &other, alice.recovery[0]), VERDICT_PROBLEMS);
	assert_int_equal(other.head.state, STATE_ENROLLING);
	world_end(&w);
}

static void
making_recovery_codes_needs_a_fresh_proof(void **state)
{
	const struct recovery_body renew = { .renew = 1 }, look = { .renew = 0 };
	struct world w;
	struct browser alice;

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	clock_forward(STEP_UP_US + SECONDS_US(1));
	assert_verdict(ask(&w, &alice, QUESTION_RECOVERY, &look), VERDICT_STEP_UP);
	assert_verdict(ask(&w, &alice, QUESTION_RECOVERY, &renew), VERDICT_STEP_UP);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM recovery_codes"), 0);
	const struct verify_body code = { str_of(code_of(alice.secret, 0).z) };
	assert_verdict(ask(&w, &alice, QUESTION_STEP_UP, &code), VERDICT_PASSED);
	make_codes(&w, &alice, false);
	clock_forward(STEP_UP_US + SECONDS_US(1));
	assert_verdict(ask(&w, &alice, QUESTION_RECOVERY_LEFT, NULL), VERDICT_PASSED);
	assert_int_equal(alice.left, 10);
	assert_int_equal(alice.recovery_made, 0);
	assert_verdict(ask(&w, &alice, QUESTION_RECOVERY, &renew), VERDICT_STEP_UP);
	world_end(&w);
}

/* --- races -------------------------------------------------------------------------------------------------------- */

struct racer {
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

static size_t
run_race(struct racer *racers)
{
	pthread_barrier_t start;
	pthread_t threads[RACERS];
	size_t passed = 0;

	pthread_barrier_init(&start, NULL, RACERS);
	for (size_t i = 0; i < RACERS; i++) {
		racers[i].start = &start;
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (size_t i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&start);
	for (size_t i = 0; i < RACERS; i++)
		passed += racers[i].browser.verdict == VERDICT_PASSED;
	return passed;
}

static void
one_of_64_parallel_recovery_codes_is_accepted(void **state)
{
	static struct racer racers[RACERS];
	struct world w;
	struct browser alice;

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	make_codes(&w, &alice, false);
	const struct verify_body body = { str_of(alice.recovery[4]) };
	memset(racers, 0, sizeof(racers));
	for (size_t i = 0; i < RACERS; i++) {
		racers[i].browser = waiting(&w, "alice");
		racers[i].question = QUESTION_VERIFY;
		racers[i].body = &body;
		racers[i].thread = world_thread_open(&w);
	}
	assert_int_equal(run_race(racers), 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions WHERE recovered_at_us <> 0"), 1);
	for (size_t i = 0; i < RACERS; i++)
		keeper_thread_close(&racers[i].thread);
	world_end(&w);
}

/* --- step-up ------------------------------------------------------------------------------------------------------ */

static void
step_up_takes_each_code_once_and_keeps_the_token(void **state)
{
	struct world w;
	struct browser alice;

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	clock_forward(MINUTES_US(10));
	const struct token before = alice.token;
	struct code now = code_of(alice.secret, 0);
	const struct verify_body wrong = { STR("000000") }, right = { str_of(now.z) };
	assert_verdict(ask(&w, &alice, QUESTION_STEP_UP, &wrong), VERDICT_REFUSED);
	assert_true(alice.head.verified_us < clock_us() - STEP_UP_US);
	assert_verdict(ask(&w, &alice, QUESTION_STEP_UP, &right), VERDICT_PASSED);
	assert_true(alice.head.verified_us > clock_us() - SECONDS_US(60));
	assert_memory_equal(&alice.token, &before, sizeof(before));
	/* the wrong code is still counted, the right one is not */
	assert_int_equal(sql_number(&w, "SELECT sum(failures) FROM throttle WHERE counter IN ('code', 'code-device')"),
			 1);
	assert_verdict(ask(&w, &alice, QUESTION_STEP_UP, &right), VERDICT_REFUSED);
	make_codes(&w, &alice, false);
	const struct verify_body recovery = { str_of(alice.recovery[0]) };
	assert_verdict(ask(&w, &alice, QUESTION_STEP_UP, &recovery), VERDICT_PASSED);
	assert_verdict(ask(&w, &alice, QUESTION_STEP_UP, &recovery), VERDICT_REFUSED);
	world_end(&w);
}

/* --- several authenticators --------------------------------------------------------------------------------------- */

static enum verdict
begin(struct world *w, struct browser *b, const char *password, int64_t replaces)
{
	const struct factor_begin_body body = { str_of(password), STR("Tablet"), replaces };

	return ask(w, b, QUESTION_FACTOR_BEGIN, &body);
}

/* Confirm the enrolment that was begun; the browser keeps the new secret. */
static enum verdict
confirm(struct world *w, struct browser *b)
{
	assert_verdict(ask(w, b, QUESTION_ENROL, NULL), VERDICT_PASSED);
	const struct code code = code_of(b->secret, 0);
	const struct verify_body body = { str_of(code.z) };

	return ask(w, b, QUESTION_FACTOR_CONFIRM, &body);
}

static void
another_authenticator_needs_password_and_fresh_proof(void **state)
{
	struct world w;
	struct browser alice;

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	assert_verdict(begin(&w, &alice, "wrong password", 0), VERDICT_PROBLEMS);
	assert_int_equal(alice.problems.current, PROBLEM_WRONG);
	assert_verdict(begin(&w, &alice, "", 0), VERDICT_PROBLEMS);
	assert_int_equal(alice.problems.current, PROBLEM_MISSING);
	assert_verdict(begin(&w, &alice, PASSWORD, 4711), VERDICT_REFUSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors"), 1);
	assert_verdict(begin(&w, &alice, PASSWORD, 0), VERDICT_PASSED);
	clock_forward(STEP_UP_US + SECONDS_US(1));
	assert_verdict(begin(&w, &alice, PASSWORD, 0), VERDICT_STEP_UP);
	world_end(&w);
}

static void
a_pending_authenticator_belongs_to_its_session(void **state)
{
	struct world w;
	struct browser alice, other;

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	assert_verdict(begin(&w, &alice, PASSWORD, 0), VERDICT_PASSED);
	clock_forward(SECONDS_US(30));
	other = waiting(&w, "alice");
	assert_verdict(do_verify(&w, &other, code_of(alice.secret, 0).z), VERDICT_PASSED);
	assert_verdict(ask(&w, &other, QUESTION_ENROL, NULL), VERDICT_REFUSED);
	assert_verdict(ask(&w, &alice, QUESTION_ENROL, NULL), VERDICT_PASSED);
	const struct code code = code_of(alice.secret, 0);
	const struct verify_body body = { str_of(code.z) };
	assert_verdict(ask(&w, &other, QUESTION_FACTOR_CONFIRM, &body), VERDICT_STATE);
	assert_verdict(ask(&w, &alice, QUESTION_FACTOR_CONFIRM, &body), VERDICT_PASSED);
	assert_verdict(ask(&w, &other, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	assert_verdict(ask(&w, &alice, QUESTION_FACTOR_CONFIRM, &body), VERDICT_STATE);
	world_end(&w);
}

static void
two_authenticators_count_and_a_replaced_one_does_not(void **state)
{
	struct world w;
	struct browser alice, b;
	char first[65];

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	snprintf(first, sizeof(first), "%s", alice.secret);
	assert_verdict(begin(&w, &alice, PASSWORD, 0), VERDICT_PASSED);
	assert_verdict(confirm(&w, &alice), VERDICT_PASSED);
	clock_forward(SECONDS_US(60));
	b = waiting(&w, "alice");
	assert_verdict(do_verify(&w, &b, code_of(first, 0).z), VERDICT_PASSED);
	b = waiting(&w, "alice");
	assert_verdict(do_verify(&w, &b, code_of(alice.secret, 0).z), VERDICT_PASSED);
	assert_verdict(do_verify(&w, &b, code_of(alice.secret, 0).z), VERDICT_STATE);
	assert_verdict(ask(&w, &b, QUESTION_ACCOUNT, NULL), VERDICT_PASSED);
	assert_int_equal(b.factors_count, 2);
	/* replacing the second factor ends the sessions that used it, except the one that asks */
	assert_verdict(begin(&w, &b, PASSWORD, b.factors[1]), VERDICT_PASSED);
	assert_verdict(confirm(&w, &b), VERDICT_PASSED);
	assert_int_equal(b.head.state, STATE_FULL);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors"), 2);
	clock_forward(SECONDS_US(60));
	struct browser c = waiting(&w, "alice");
	assert_verdict(do_verify(&w, &c, code_of(alice.secret, 0).z), VERDICT_REFUSED);
	assert_verdict(do_verify(&w, &c, code_of(b.secret, 0).z), VERDICT_PASSED);
	world_end(&w);
}

static void
an_account_has_ten_authenticators_at_most(void **state)
{
	struct world w;
	struct browser alice;

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	sql_run(&w,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) INSERT INTO factors (id, "
		"account_id, kind, secret_sealed, created_at_us, confirmed_at_us) SELECT f.id + i, account_id, kind, "
		"secret_sealed, 1, 1 FROM factors f, n");
	assert_verdict(begin(&w, &alice, PASSWORD, 0), VERDICT_REFUSED);
	sql_run(&w, "DELETE FROM factors WHERE confirmed_at_us = 1 AND id = (SELECT max(id) FROM factors)");
	assert_verdict(begin(&w, &alice, PASSWORD, 0), VERDICT_PASSED);
	world_end(&w);
}

static void
removing_all_authenticators_at_once_leaves_one(void **state)
{
	static struct racer racers[RACERS];
	struct world w;
	struct browser alice;

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	assert_verdict(begin(&w, &alice, PASSWORD, 0), VERDICT_PASSED);
	assert_verdict(confirm(&w, &alice), VERDICT_PASSED);
	assert_verdict(ask(&w, &alice, QUESTION_ACCOUNT, NULL), VERDICT_PASSED);
	/* a session with a recovery code may remove either factor */
	sql_run(&w, "UPDATE sessions SET recovered_at_us = factor_at_us, factor_id = NULL");
	struct factor_body bodies[2] = { { .id = alice.factors[0] }, { .id = alice.factors[1] } };
	memset(racers, 0, sizeof(racers));
	for (size_t i = 0; i < RACERS; i++) {
		racers[i].browser = alice;
		racers[i].question = QUESTION_FACTOR_REMOVE;
		racers[i].body = &bodies[i % 2];
		racers[i].thread = world_thread_open(&w);
	}
	assert_int_equal(run_race(racers), 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors"), 1);
	for (size_t i = 0; i < RACERS; i++)
		keeper_thread_close(&racers[i].thread);
	world_end(&w);
}

static void
a_disabled_factor_leaves_recovery_codes_only(void **state)
{
	struct world w;
	struct browser alice;

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	make_codes(&w, &alice, false);
	sql_run(&w, "UPDATE factors SET disabled_at_us = 1");
	assert_verdict(ask(&w, &alice, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	clock_forward(SECONDS_US(60));
	struct browser b = waiting(&w, "alice");
	assert_verdict(do_verify(&w, &b, code_of(alice.secret, 0).z), VERDICT_REFUSED);
	assert_verdict(ask(&w, &b, QUESTION_ENROL, NULL), VERDICT_STATE);
	assert_verdict(do_verify(&w, &b, alice.recovery[0]), VERDICT_PASSED);
	assert_int_equal(b.head.state, STATE_FULL);
	world_end(&w);
}

/* --- a wrong clock ------------------------------------------------------------------------------------------------ */

static void
two_codes_of_a_wrong_clock_are_refused_with_the_drift(void **state)
{
	static const struct {
		const char *why;
		int64_t first, second; /* the error in steps; the codes are 30 s apart */
		int64_t drift_s;
	} rows[] = {
		{ "three minutes ahead", 6, 6, 180 }, { "three minutes behind", -6, -6, -180 },
		{ "ten minutes ahead", 20, 20, 600 }, { "a drift of one step between the codes", 5, 6, 180 },
		{ "codes of two clocks", 6, -6, 0 },  { "farther than the search", 30, 30, 0 },
	};
	struct world w;
	struct browser alice;

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	clock_forward(MINUTES_US(60));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct browser b = waiting(&w, "alice");
		assert_verdict(do_verify(&w, &b, code_of(alice.secret, rows[i].first).z), VERDICT_REFUSED);
		assert_int_equal(b.verified.drift_s, 0);
		clock_forward(SECONDS_US(30));
		assert_verdict(do_verify(&w, &b, code_of(alice.secret, rows[i].second).z), VERDICT_REFUSED);
		if (b.verified.drift_s != rows[i].drift_s)
			fail_msg("%s: %d s", rows[i].why, (int)b.verified.drift_s);
		assert_int_equal(b.head.state, STATE_PENDING);
		assert_verdict(do_verify(&w, &b, code_of(alice.secret, 0).z), VERDICT_PASSED);
		clock_forward(MINUTES_US(20));
	}
	world_end(&w);
}

static void
a_repeated_wrong_code_reveals_no_drift(void **state)
{
	struct world w;
	struct browser alice;

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	clock_forward(MINUTES_US(60));
	struct browser b = waiting(&w, "alice");
	struct code code = code_of(alice.secret, 6);
	for (int i = 0; i < 3; i++) {
		assert_verdict(do_verify(&w, &b, code.z), VERDICT_REFUSED);
		assert_int_equal(b.verified.drift_s, 0);
	}
	world_end(&w);
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static void
a_display_name_has_forty_harmless_characters(void **state)
{
	static const struct {
		const char *why, *typed;
		enum problem problem;
		const char *name;
	} rows[] = {
		{ "none", "", PROBLEM_NONE, "" },
		{ "spaces around", "  Anna  ", PROBLEM_NONE, "Anna" },
		{ "composed", "He\xcc\x81le\xcc\x80ne", PROBLEM_NONE, "H\xc3\xa9l\xc3\xa8ne" },
		{ "a script from right to left", "\xd7\x90\xd7\x91", PROBLEM_NONE, "\xd7\x90\xd7\x91" },
		{ "an emoji", "\xf0\x9f\x94\x91", PROBLEM_NONE, "\xf0\x9f\x94\x91" },
		{ "40", "1234567890123456789012345678901234567890", PROBLEM_NONE,
		  "1234567890123456789012345678901234567890" },
		{ "41", "12345678901234567890123456789012345678901", PROBLEM_TOO_LONG, NULL },
		{ "a bell", "a\x07", PROBLEM_CHARACTERS, NULL },
		{ "a line end", "a\nb", PROBLEM_CHARACTERS, NULL },
		{ "a line separator",
		  "a\xe2\x80\xa8"
		  "b",
		  PROBLEM_CHARACTERS, NULL },
		{ "right-to-left override",
		  "a\xe2\x80\xae"
		  "b",
		  PROBLEM_CHARACTERS, NULL },
		{ "an isolate",
		  "a\xe2\x81\xa6"
		  "b",
		  PROBLEM_CHARACTERS, NULL },
		{ "not UTF-8", "a\xff", PROBLEM_CHARACTERS, NULL },
		{ "a Hangul filler", "\xe3\x85\xa4", PROBLEM_CHARACTERS, NULL },
		{ "no-break spaces", "\xc2\xa0\xc2\xa0", PROBLEM_CHARACTERS, NULL },
		{ "a combining mark alone", "\xcc\x81", PROBLEM_CHARACTERS, NULL },
		{ "a byte order mark", "\xef\xbb\xbf", PROBLEM_CHARACTERS, NULL },
		{ "braille without a dot", "\xe2\xa0\x80", PROBLEM_CHARACTERS, NULL },
		{ "emoji joined to a family", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7", PROBLEM_NONE, NULL },
		{ "a noncharacter", "\xef\xbf\xbf", PROBLEM_CHARACTERS, NULL },
	};

	char long_apart[4 * DISPLAY_NAME_MAX_BYTES];
	struct display_name whole;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct display_name name = { .n = 0 };
		if (display_name_check(str_of(rows[i].typed), &name) != rows[i].problem)
			fail_msg("%s", rows[i].why);
		if (rows[i].name != NULL)
			assert_string_equal(name.b, rows[i].name);
	}
	for (size_t i = 0; i < 4 * DISPLAY_NAME_MAX_BYTES;
	     i += 2) /* each has two bytes, and three code points when decomposed */
		memcpy(long_apart + i, "\xce\x90", 2);
	assert_int_equal(display_name_check(str_bytes(long_apart, sizeof(long_apart)), &whole), PROBLEM_TOO_LONG);
}

static void
recovery_codes_are_renewed_only_on_request(void **state)
{
	const struct recovery_body look = { 0 };
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_verdict(ask(&w, &b, QUESTION_RECOVERY, &look), VERDICT_PASSED);
	assert_int_equal(b.recovery_made, 10);
	assert_verdict(ask(&w, &b, QUESTION_RECOVERY, &look), VERDICT_PASSED);
	assert_int_equal(b.recovery_made, 0); /* shown once */
	assert_int_equal(b.left, 10);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event LIKE 'recovery.made%'"), 1);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recovery_codes_are_renewed_only_on_request),
		cmocka_unit_test(a_recovery_code_is_known_by_its_shape),
		cmocka_unit_test(each_recovery_code_works_once),
		cmocka_unit_test(recovery_codes_are_shown_once_and_renewed_together),
		cmocka_unit_test(a_recovery_code_of_another_account_is_refused),
		cmocka_unit_test(an_enrolling_session_cannot_use_a_recovery_code),
		cmocka_unit_test(making_recovery_codes_needs_a_fresh_proof),
		cmocka_unit_test(one_of_64_parallel_recovery_codes_is_accepted),
		cmocka_unit_test(step_up_takes_each_code_once_and_keeps_the_token),
		cmocka_unit_test(another_authenticator_needs_password_and_fresh_proof),
		cmocka_unit_test(a_pending_authenticator_belongs_to_its_session),
		cmocka_unit_test(two_authenticators_count_and_a_replaced_one_does_not),
		cmocka_unit_test(an_account_has_ten_authenticators_at_most),
		cmocka_unit_test(removing_all_authenticators_at_once_leaves_one),
		cmocka_unit_test(a_disabled_factor_leaves_recovery_codes_only),
		cmocka_unit_test(two_codes_of_a_wrong_clock_are_refused_with_the_drift),
		cmocka_unit_test(a_repeated_wrong_code_reveals_no_drift),
		cmocka_unit_test(a_display_name_has_forty_harmless_characters),
	};

	return cmocka_run_group_tests_name("keeper recovery", tests, harness_setup, harness_teardown);
}
