/*
 * The nth call of each kind fails in every question: the answer never says more than the keeper has done, and never
 * grants more than without the failure.
 */
#include "keeper/authenticator.h"

#include "keeper/account/admin.h"

#include "base/fault.h"
#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CALLS_MAX: more calls than any question makes.  UNTOUCHED attempts in a row without a failed call end a series. */
enum { CALLS_MAX = 2000, UNTOUCHED = 3 };

struct failing {
	enum fault fault;
	bool lasting;
	const char *why;
};

struct seen {
	int accounts, unavailable, passed;
	long failed;
};

/* A user, and the values that the next question needs. */
struct actor {
	struct browser b;
	char name[32], link[64];
	int64_t id;             /* the object of the question */
	struct created created; /* the answer of its authenticator */
};

typedef void (*readier)(struct world *w, struct actor *a);

struct story {
	enum question_id question;
	enum session_state from, to;
	readier ready; /* called when the browser is in `from`; may be NULL */
	const char *why;
};

static void
hold_nothing(struct world *w, struct actor *a)
{
	memset(&a->b.token, 0, sizeof(a->b.token));
}

static void
forget_the_secret(struct world *w, struct actor *a)
{
	sql_run(w, "DELETE FROM factors WHERE session_id IS NOT NULL");
	a->b.secret[0] = '\0';
}

static void
begin_another(struct world *w, struct actor *a)
{
	const struct factor_begin_body body = { .current = STR(PASSWORD) };

	assert_verdict(ask(w, &a->b, QUESTION_FACTOR_BEGIN, &body), VERDICT_PASSED);
	assert_verdict(ask(w, &a->b, QUESTION_ENROL, NULL), VERDICT_PASSED);
}

static void
have_another(struct world *w, struct actor *a)
{
	int64_t first;

	assert_verdict(ask(w, &a->b, QUESTION_ACCOUNT, NULL), VERDICT_PASSED);
	first = a->b.factors[0];
	begin_another(w, a);
	const struct verify_body code = { str_of(code_of(a->b.secret, 0).z) };
	assert_verdict(ask(w, &a->b, QUESTION_FACTOR_CONFIRM, &code), VERDICT_PASSED);
	assert_verdict(ask(w, &a->b, QUESTION_ACCOUNT, NULL), VERDICT_PASSED);
	a->id = a->b.factors[a->b.factors[0] == first ? 1 : 0];
}

static void
create_first_passkey(struct world *w, struct actor *a)
{
	forgive(w); /* the series has many refused answers from one address */
	assert_verdict(ask(w, &a->b, QUESTION_PASSKEY_OFFER, NULL), VERDICT_PASSED);
	authenticator_create(&(struct authenticator){ .challenge = a->b.options.challenge,
						      .id = (unsigned)strtoul(a->name + 6, NULL, 10) },
			     &a->created);
}

static void
create_another_passkey(struct world *w, struct actor *a)
{
	const struct passkey_begin_body begin = { .current = STR(PASSWORD) };

	forgive(w);
	assert_verdict(ask(w, &a->b, QUESTION_PASSKEY_BEGIN, &begin), VERDICT_PASSED);
	authenticator_create(&(struct authenticator){ .challenge = a->b.options.challenge,
						      .id = (unsigned)strtoul(a->name + 6, NULL, 10) },
			     &a->created);
}

static void
have_passkeys(struct world *w, struct actor *a)
{
	const struct recovery_body make = { 0 };

	create_another_passkey(w, a);
	const struct passkey_new_body body = created_body(&a->created);
	assert_verdict(ask(w, &a->b, QUESTION_PASSKEY_ADD, &body), VERDICT_PASSED);
	assert_verdict(ask(w, &a->b, QUESTION_RECOVERY, &make), VERDICT_PASSED);
}

static void
know_the_factor(struct world *w, struct actor *a)
{
	assert_verdict(ask(w, &a->b, QUESTION_ACCOUNT, NULL), VERDICT_PASSED);
	a->id = a->b.factors[0];
}

static void
have_two_sessions(struct world *w, struct actor *a)
{
	struct browser other = { 0 };

	assert_verdict(do_sign_in(w, &other, a->name, PASSWORD), VERDICT_PASSED);
}

static void
have_a_link(struct world *w, struct actor *a)
{
	struct link_text link;
	struct why why;

	assert_int_equal(admin_reset_password(w->thread, str_of(a->name), &why, &link), ERR_OK);
	assert_int_equal(str_copy_z(str_of(link.z), a->link, sizeof(a->link)), ERR_OK);
	hold_nothing(w, a);
}

static void
make_recovery_codes(struct world *w, struct actor *a)
{
	const struct recovery_body make = { 0 };

	assert_verdict(ask(w, &a->b, QUESTION_RECOVERY, &make), VERDICT_PASSED);
}

static void
have_recovery_codes(struct world *w, struct actor *a)
{
	make_recovery_codes(w, a);
	hold_nothing(w, a);
	assert_verdict(do_sign_in(w, &a->b, a->name, PASSWORD), VERDICT_PASSED);
	a->b.secret[0] = '\0'; /* so that the user has only recovery codes */
}

static void
be_guessed(struct world *w, struct actor *a)
{
	struct browser guesser = { .address = "198.51.100.9" };

	forgive(w); /* this step is repeated often, and too many guesses would begin a lockout */
	assert_verdict(do_sign_in(w, &guesser, a->name, "a wrong password"), VERDICT_REFUSED);
}

static const struct story stories[] = {
	{ QUESTION_SESSION, STATE_FULL, STATE_FULL, NULL, "asking for a session" },
	{ QUESTION_REGISTER, STATE_NONE, STATE_ENROLLING, NULL, "registering" },
	{ QUESTION_SIGN_IN, STATE_FULL, STATE_PENDING, hold_nothing, "signing in" },
	{ QUESTION_ENROL, STATE_ENROLLING, STATE_ENROLLING, forget_the_secret, "enrolling" },
	{ QUESTION_VERIFY, STATE_ENROLLING, STATE_FULL, NULL, "confirming" },
	{ QUESTION_VERIFY, STATE_PENDING, STATE_FULL, NULL, "verifying a code" },
	{ QUESTION_VERIFY, STATE_FULL, STATE_FULL, have_recovery_codes, "recovering" },
	{ QUESTION_SIGN_OUT, STATE_FULL, STATE_NONE, NULL, "signing out" },
	{ QUESTION_STEP_UP, STATE_FULL, STATE_FULL, NULL, "stepping up" },
	{ QUESTION_ACCOUNT, STATE_FULL, STATE_FULL, NULL, "reading the account" },
	{ QUESTION_RECOVERY, STATE_FULL, STATE_FULL, NULL, "creating recovery codes" },
	{ QUESTION_RECOVERY_LEFT, STATE_FULL, STATE_FULL, make_recovery_codes, "counting recovery codes" },
	{ QUESTION_FACTOR_BEGIN, STATE_FULL, STATE_FULL, NULL, "beginning another factor" },
	{ QUESTION_FACTOR_CONFIRM, STATE_FULL, STATE_FULL, begin_another, "confirming another factor" },
	{ QUESTION_FACTOR_RENAME, STATE_FULL, STATE_FULL, know_the_factor, "renaming a factor" },
	{ QUESTION_FACTOR_REMOVE, STATE_FULL, STATE_FULL, have_another, "removing a factor" },
	{ QUESTION_PASSKEY_OFFER, STATE_ENROLLING, STATE_ENROLLING, NULL, "offering a passkey" },
	{ QUESTION_PASSKEY_FIRST, STATE_ENROLLING, STATE_FULL, create_first_passkey, "enrolling a first passkey" },
	{ QUESTION_PASSKEY_BEGIN, STATE_FULL, STATE_FULL, NULL, "beginning another passkey" },
	{ QUESTION_PASSKEY_ADD, STATE_FULL, STATE_FULL, create_another_passkey, "adding a passkey" },
	{ QUESTION_PASSKEYS, STATE_FULL, STATE_FULL, have_passkeys, "listing passkeys for a step-up" },
	{ QUESTION_CODES_OFF, STATE_FULL, STATE_FULL, have_passkeys, "switching codes off" },
	{ QUESTION_PROFILE, STATE_FULL, STATE_FULL, NULL, "saving preferences" },
	{ QUESTION_PASSWORD, STATE_FULL, STATE_FULL, NULL, "changing the password" },
	{ QUESTION_SESSIONS, STATE_FULL, STATE_FULL, NULL, "listing sessions" },
	{ QUESTION_SESSION_END, STATE_FULL, STATE_FULL, have_two_sessions, "ending other sessions" },
	{ QUESTION_ACTIVITY, STATE_FULL, STATE_FULL, NULL, "listing events" },
	{ QUESTION_ALARM_DISMISS, STATE_FULL, STATE_FULL, be_guessed, "dismissing the notice about failed attempts" },
	{ QUESTION_CLOSE, STATE_FULL, STATE_NONE, NULL, "closing the account" },
	{ QUESTION_LINK, STATE_FULL, STATE_NONE, have_a_link, "reading a link" },
	{ QUESTION_LINK_USE, STATE_FULL, STATE_PENDING, have_a_link, "using a link" },
};

static void
prepare(struct world *w, const struct story *s, int number, struct actor *a)
{
	memset(a, 0, sizeof(*a));
	snprintf(a->name, sizeof(a->name), "person%d", number);
	bring_to(w, &a->b, a->name, s->from);
	if (s->ready != NULL)
		s->ready(w, a);
}

/* Questions without a value that could be wrong, except the session. */
static bool
only_the_session_can_be_wrong(enum question_id id)
{
	return id == QUESTION_SESSION || id == QUESTION_ENROL || id == QUESTION_SIGN_OUT || id == QUESTION_ACCOUNT ||
	       id == QUESTION_RECOVERY || id == QUESTION_RECOVERY_LEFT || id == QUESTION_SESSIONS ||
	       id == QUESTION_SESSION_END || id == QUESTION_ACTIVITY || id == QUESTION_PASSKEY_OFFER ||
	       id == QUESTION_CODES_OFF;
}

static str
code_for(const struct actor *a, bool right, struct code *room)
{
	if (a->b.secret[0] == '\0')
		return right ? str_of(a->b.recovery[3]) : STR("AAAAAAAAAAAAAAAAAAAAAAAA");
	*room = code_of(a->b.secret, right ? 0 : 40);
	return str_of(room->z);
}

/* Ask with right values, or with the decisive value wrong. */
static enum verdict
ask_with(struct world *w, const struct story *s, struct actor *a, bool right)
{
	struct code room;
	str mine = right ? STR(PASSWORD) : STR("wrong password"), other = STR("trombone sobre 1742");
	const struct register_body registration = { str_of(a->name), STR(PASSWORD), right ? STR(PASSWORD) : STR("x") };
	const struct sign_in_body sign_in = { str_of(a->name), mine };
	const struct verify_body verify = { code_for(a, right, &room) };
	const struct factor_begin_body another = { .current = mine };
	const struct factor_body factor = { .id = right ? a->id : 1, .name = STR("phone") };
	const struct recovery_body recovery = { .renew = 1 };
	const struct profile_body profile = { .display_name = right ? STR("Anna") : STR("a\x07") };
	const struct password_body password = { mine, other, other };
	const struct session_end_body end = { 0 };
	const struct activity_body activity = { 0 };
	const struct alarm_body alarm = { .until_us = right ? INT64_MAX : 0 };
	const struct close_body close_it = { str_of(a->name), mine };
	const struct link_body link = { right ? str_of(a->link) : STR("x") };
	const struct link_use_body link_use = { link.link, other, other };
	const struct passkey_begin_body passkey_begin = { .current = mine };
	const struct codes_off_body codes_off = { 1 };
	const struct passkeys_ask_body passkeys = { .step_up = right };
	struct passkey_new_body passkey = created_body(&a->created);
	const void *bodies[QUESTION_COUNT] = {
		[QUESTION_REGISTER] = &registration, [QUESTION_SIGN_IN] = &sign_in,
		[QUESTION_VERIFY] = &verify,         [QUESTION_STEP_UP] = &verify,
		[QUESTION_RECOVERY] = &recovery,     [QUESTION_FACTOR_BEGIN] = &another,
		[QUESTION_FACTOR_CONFIRM] = &verify, [QUESTION_FACTOR_RENAME] = &factor,
		[QUESTION_FACTOR_REMOVE] = &factor,  [QUESTION_PROFILE] = &profile,
		[QUESTION_PASSWORD] = &password,     [QUESTION_SESSION_END] = &end,
		[QUESTION_ACTIVITY] = &activity,     [QUESTION_ALARM_DISMISS] = &alarm,
		[QUESTION_CLOSE] = &close_it,        [QUESTION_LINK] = &link,
		[QUESTION_LINK_USE] = &link_use,     [QUESTION_PASSKEY_BEGIN] = &passkey_begin,
		[QUESTION_PASSKEY_FIRST] = &passkey, [QUESTION_PASSKEY_ADD] = &passkey,
		[QUESTION_CODES_OFF] = &codes_off,   [QUESTION_PASSKEYS] = &passkeys,
	};

	if (!right)
		passkey.credential_id = STR("another one");
	if (!right && only_the_session_can_be_wrong(s->question))
		memset(&a->b.token, 0x5a, sizeof(a->b.token));
	return ask(w, &a->b, s->question, bodies[s->question]);
}

/* After the answer, the same question about the session, without a failure, must give the same state. */
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
	if (s->question == QUESTION_PASSKEYS)
		assert_int_equal(b->passkeys.n, 1);
	ask(w, b, QUESTION_SESSION, NULL);
	if (b->head.state != s->to)
		fail_msg("%s, failure %ld: passed, but then %s", s->why, nth, session_state_name(b->head.state));
}

/* Ask with right values, then with a wrong value, each time with the failure.  Returns the number of failed calls. */
static long
fail_once(struct world *w, const struct story *s, const struct failing *f, long nth, struct seen *seen)
{
	struct actor a, wrong;
	long failed;

	prepare(w, s, seen->accounts++, &a);
	harness_fault = (struct harness_fault){ .fault = f->fault, .nth = nth, .lasting = f->lasting };
	ask_with(w, s, &a, true);
	failed = harness_fault.failed;
	harness_fault.nth = 0;
	seen->unavailable += a.b.verdict == VERDICT_UNAVAILABLE;
	seen->passed += a.b.verdict == VERDICT_PASSED;
	check_holds(w, s, &a.b, nth);
	prepare(w, s, seen->accounts++, &wrong);
	harness_fault = (struct harness_fault){ .fault = f->fault, .nth = nth, .lasting = f->lasting };
	ask_with(w, s, &wrong, false);
	harness_fault.nth = 0;
	if (wrong.b.verdict == VERDICT_PASSED || wrong.b.head.state > s->from)
		fail_msg("%s, %s %ld: passed with a wrong value", s->why, f->why, nth);
	seen->failed += failed;
	return failed;
}

/* A run has many allocations: after the first 20, only every fifteenth fails, unless harness_each is set. */
static long
step_of(const struct failing *f, long nth)
{
	return harness_step(nth, f->fault == FAULT_MEMORY && nth > 20 && !harness_each() ? 15 : 1);
}

/* Continue until several attempts in a row have no failed call, because SQLite makes a varying number of calls. */
static void
fail_each(const struct story *s, const struct failing *f)
{
	struct world w;
	struct seen seen = { 0 };
	int untouched = 0;

	world_new(&w);
	for (long nth = 1; untouched < harness_last_attempts(UNTOUCHED); nth += step_of(f, nth)) {
		if (nth >= CALLS_MAX)
			fail_msg("%s, %s: the series of calls does not end", s->why, f->why);
		untouched = fail_once(&w, s, f, nth, &seen) == 0 ? untouched + 1 : 0;
	}
	unit_note("%s, %s: %ld failed, %d unavailable", s->why, f->why, seen.failed, seen.unavailable);
	assert_true(seen.passed > 0);
	if (sql_number(&w, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") != 1 ||
	    sql_number(&w, "SELECT count(*) FROM pragma_foreign_key_check") != 0)
		fail_msg("%s, %s: the database is damaged", s->why, f->why);
	world_end(&w);
}

static void
fail_all(enum fault fault, const char *why)
{
	for (size_t i = 0; i < COUNT(stories); i++)
		for (int lasting = 0; lasting < 2; lasting++) {
			const struct failing f = { fault, lasting == 1, why };
			if (harness_walks(i, fault, f.lasting))
				fail_each(&stories[i], &f);
		}
}

static void
failed_allocations_never_grant_a_sign_in(void **state)
{
	fail_all(FAULT_MEMORY, "allocation");
}

static void
failed_randomness_never_grants_a_sign_in(void **state)
{
	fail_all(FAULT_RANDOM, "randomness");
}

static void
failed_clock_readings_never_grant_a_sign_in(void **state)
{
	fail_all(FAULT_CLOCK, "clock");
}

static void
failed_reads_never_grant_a_sign_in(void **state)
{
	fail_all(FAULT_READ, "read");
}

static void
failed_writes_never_grant_a_sign_in(void **state)
{
	fail_all(FAULT_WRITE, "write");
}

static void
failed_syncs_never_grant_a_sign_in(void **state)
{
	fail_all(FAULT_SYNC, "sync");
}

static void
failed_openings_never_grant_a_sign_in(void **state)
{
	fail_all(FAULT_OPEN, "open");
}

static void
failed_queries_never_grant_a_sign_in(void **state)
{
	fail_all(FAULT_QUERY, "query");
}

static void
failed_cryptography_never_grants_a_sign_in(void **state)
{
	fail_all(FAULT_CRYPTO, "cryptography");
}

/* The kinds of calls that a start and a new connection make. */
static const enum fault of_files[] = { FAULT_MEMORY, FAULT_OPEN,  FAULT_READ,  FAULT_WRITE, FAULT_SYNC,
				       FAULT_RANDOM, FAULT_CLOCK, FAULT_QUERY, FAULT_CRYPTO };

static long
start_step_of(enum fault fault, long nth, long least)
{
	if (fault != FAULT_MEMORY)
		return harness_step(nth, 1);
	return harness_each() ? 1 + nth / 40 : harness_step(nth, least + nth / 10);
}

static void
a_failed_first_start_can_be_repeated(void **state)
{
	for (size_t i = 0; i < COUNT(of_files); i++)
		for (long nth = 1, failed = 1; failed > 0; nth += start_step_of(of_files[i], nth, 17)) {
			struct world w;
			struct why why = { 0 };
			world_make(&w);
			fault_set(of_files[i], nth, false);
			err e = keeper_open(&w.config, KEEPER_CREATE, &why, &w.keeper);
			fault_set(of_files[i], 0, false);
			failed = fault_failed(of_files[i]);
			if (failed == 0)
				assert_int_equal(e, ERR_OK);
			if (e != ERR_OK)
				world_open(&w);
			else
				w.thread = world_thread_open(&w);
			world_end(&w);
		}
}

static void
a_thread_reports_a_failed_database_connection(void **state)
{
	struct world w;

	world_new(&w);
	for (size_t i = 0; i < COUNT(of_files); i++)
		for (long nth = 1, failed = 1; failed > 0; nth += start_step_of(of_files[i], nth, 5)) {
			struct keeper_thread *thread = NULL;
			fault_set(of_files[i], nth, false);
			err e = keeper_thread_open(w.keeper, &thread);
			fault_set(of_files[i], 0, false);
			failed = fault_failed(of_files[i]);
			assert_int_equal(e == ERR_OK, thread != NULL);
			if (failed == 0)
				assert_int_equal(e, ERR_OK);
			keeper_thread_close(&thread);
		}
	world_end(&w);
}

static void
a_missing_table_is_unavailable_and_grants_no_sign_in(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_PENDING);
	sql_run(&w, "DROP TABLE audit");
	assert_verdict(do_verify(&w, &b, code_of(b.secret, 0).z), VERDICT_UNAVAILABLE);
	assert_int_equal(b.head.state, STATE_NONE);
	/* the transaction was rolled back: the code is not spent and the token is the same */
	sql_run(&w,
		"CREATE TABLE audit (id INTEGER PRIMARY KEY, at_us, event, outcome, reason, account_id, subject_hash, "
		"address, agent, request_id, actor, browser, client)");
	assert_verdict(do_verify(&w, &b, code_of(b.secret, 0).z), VERDICT_PASSED);
	assert_int_equal(b.head.state, STATE_FULL);
	world_end(&w);
}

/* Each query fails, alone or with all later ones: the presented session ends only when a new one replaces it. */
static void
signing_in_over_a_session_is_atomic(void **state)
{
	struct world w;
	struct browser b;
	int64_t sessions;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_PENDING);
	sessions = sql_number(&w, "SELECT count(*) FROM sessions");
	for (long nth = 1;; nth++) {
		struct browser attempts = b;
		enum verdict verdict;
		forgive(&w);
		harness_fault = (struct harness_fault){ .fault = FAULT_QUERY, .nth = nth, .lasting = nth % 2 == 0 };
		verdict = do_sign_in(&w, &attempts, "alice", PASSWORD);
		harness_fault.nth = 0;
		assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions"), sessions);
		if (verdict == VERDICT_PASSED)
			break;
		assert_verdict(verdict, VERDICT_UNAVAILABLE);
		(void)ask(&w, &b, QUESTION_SESSION, NULL);
		assert_int_equal(b.head.state, STATE_PENDING);
		assert_true(nth < 100);
	}
	world_end(&w);
}

/* A failure while an expired session is deleted does not make it valid. */
static void
an_expired_session_stays_expired_whatever_call_fails(void **state)
{
	for (long nth = 1; nth < 12; nth++) {
		struct world w;
		struct browser b;
		world_new(&w);
		bring_to(&w, &b, "alice", STATE_FULL);
		clock_forward(w.config.session_idle_us + 1);
		harness_fault = (struct harness_fault){ .fault = FAULT_QUERY, .nth = nth };
		(void)ask(&w, &b, QUESTION_ACCOUNT, NULL);
		harness_fault.nth = 0;
		assert_int_equal(b.head.state, STATE_NONE);
		assert_true(b.verdict == VERDICT_STATE || b.verdict == VERDICT_UNAVAILABLE);
		world_end(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failed_allocations_never_grant_a_sign_in),
		cmocka_unit_test(failed_randomness_never_grants_a_sign_in),
		cmocka_unit_test(failed_clock_readings_never_grant_a_sign_in),
		cmocka_unit_test(failed_reads_never_grant_a_sign_in),
		cmocka_unit_test(failed_writes_never_grant_a_sign_in),
		cmocka_unit_test(failed_queries_never_grant_a_sign_in),
		cmocka_unit_test(failed_cryptography_never_grants_a_sign_in),
		cmocka_unit_test(failed_syncs_never_grant_a_sign_in),
		cmocka_unit_test(failed_openings_never_grant_a_sign_in),
		cmocka_unit_test(signing_in_over_a_session_is_atomic),
		cmocka_unit_test(an_expired_session_stays_expired_whatever_call_fails),
		cmocka_unit_test(a_failed_first_start_can_be_repeated),
		cmocka_unit_test(a_thread_reports_a_failed_database_connection),
		cmocka_unit_test(a_missing_table_is_unavailable_and_grants_no_sign_in),
	};

	return cmocka_run_group_tests_name("keeper faults", tests, harness_setup, harness_teardown);
}
