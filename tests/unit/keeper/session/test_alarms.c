/* The failed attempts that are announced to the owner of an account: docs/explain/alarms.md. */
#include "keeper/harness.h"

#include "keeper/core/alarm.h"

#include <stdio.h>
#include <string.h>

#define HOME "192.0.2.7"
#define ELSEWHERE "203.0.113.9"
#define OWN "the-form-cookie-of-the-owner"
#define OTHER "the-form-cookie-of-another-1"

/* --- attempts ----------------------------------------------------------------------------------------------------- */

struct scene {
	struct world w;
	struct browser owner;
	char secret[65];
};

static void
scene_begin(struct scene *s)
{
	world_new(&s->w);
	bring_to(&s->w, &s->owner, "alice", STATE_FULL);
	memcpy(s->secret, s->owner.secret, sizeof(s->secret));
	clock_forward(MINUTES_US(30));
}

static void
scene_end(struct scene *s)
{
	world_end(&s->w);
}

static void
wrong_password(struct scene *s, const char *form, const char *address)
{
	struct browser b = { .form = form, .address = address };

	assert_verdict(do_sign_in(&s->w, &b, "alice", "a wrong password"), VERDICT_REFUSED);
}

static void
password_right(struct scene *s, struct browser *b, const char *form, const char *address)
{
	*b = (struct browser){ .form = form, .address = address };
	assert_verdict(do_sign_in(&s->w, b, "alice", PASSWORD), VERDICT_PASSED);
}

static void
code_right(struct scene *s, struct browser *b)
{
	clock_forward(SECONDS_US(90));
	assert_verdict(do_verify(&s->w, b, code_of(s->secret, 0).z), VERDICT_PASSED);
	assert_int_equal(b->head.state, STATE_FULL);
}

/* A complete sign-in; returns the number of attempts that the answer announces. */
static unsigned
sign_in(struct scene *s, struct browser *b, const char *form, const char *address)
{
	password_right(s, b, form, address);
	code_right(s, b);
	return b->head.alarms;
}

static unsigned
alarms_of(struct scene *s, struct browser *b)
{
	assert_verdict(ask(&s->w, b, QUESTION_SESSION, NULL), VERDICT_PASSED);
	return b->head.alarms;
}

static enum verdict
dismiss(struct scene *s, struct browser *b, int64_t until_us)
{
	const struct alarm_body body = { .until_us = until_us };

	return ask(&s->w, b, QUESTION_ALARM_DISMISS, &body);
}

/* --- own mistakes ------------------------------------------------------------------------------------------------- */

static void
own_mistakes_of_a_sign_in_raise_no_alarm(void **state)
{
	struct scene s;
	struct browser b;

	scene_begin(&s);
	wrong_password(&s, OWN, HOME);
	wrong_password(&s, OWN, HOME);
	password_right(&s, &b, OWN, HOME);
	assert_verdict(do_verify(&s.w, &b, WRONG_CODE), VERDICT_REFUSED);
	code_right(&s, &b);
	assert_int_equal(b.head.alarms, 0);
	assert_int_equal(alarms_of(&s, &b), 0);
	assert_int_equal(alarms_of(&s, &s.owner), 0);
	assert_int_equal(sql_number(&s.w, "SELECT refused FROM accounts"), 0);
	assert_int_equal(sql_number(&s.w, "SELECT count(*) FROM audit WHERE outcome = 'refused'"), 3);
	scene_end(&s);
}

static void
own_mistakes_with_a_recovery_code_raise_no_alarm(void **state)
{
	const struct recovery_body make = { .renew = 1 };
	struct scene s;
	struct browser b;
	char code[25];

	scene_begin(&s);
	const struct verify_body fresh = { str_of(code_of(s.secret, 0).z) };
	assert_verdict(ask(&s.w, &s.owner, QUESTION_STEP_UP, &fresh), VERDICT_PASSED);
	assert_verdict(ask(&s.w, &s.owner, QUESTION_RECOVERY, &make), VERDICT_PASSED);
	memcpy(code, s.owner.recovery[0], sizeof(code));
	wrong_password(&s, OWN, HOME);
	password_right(&s, &b, OWN, HOME);
	assert_verdict(do_verify(&s.w, &b, code), VERDICT_PASSED);
	assert_int_equal(b.head.alarms, 0);
	scene_end(&s);
}

static void
own_mistakes_of_a_step_up_raise_no_alarm(void **state)
{
	static const struct verify_body wrong = { STR_INIT("000000") };
	struct scene s;

	scene_begin(&s);
	assert_verdict(ask(&s.w, &s.owner, QUESTION_STEP_UP, &wrong), VERDICT_REFUSED);
	assert_int_equal(s.owner.head.alarms, 1); /* the answer to the attempt announces it */
	assert_int_equal(alarms_of(&s, &s.owner), 1);
	struct code code = code_of(s.secret, 0);
	const struct verify_body right = { str_of(code.z) };
	assert_verdict(ask(&s.w, &s.owner, QUESTION_STEP_UP, &right), VERDICT_PASSED);
	assert_int_equal(s.owner.head.alarms, 0);
	scene_end(&s);
}

/* --- attacks ------------------------------------------------------------------------------------------------------ */

/* Ways to hide a guess behind the owner's sign-in. Each must be announced. */
static const struct {
	const char *form, *address; /* form cookie and address of the guess */
	int64_t before_us;          /* time between the guess and the owner's password */
	const char *owners_form;
	const char *why;
} hidden[] = {
	{ NULL, ELSEWHERE, 0, OWN, "no form cookie" },
	{ NULL, HOME, 0, NULL, "no form cookie, in the owner's browser either" },
	{ OTHER, HOME, 0, OWN, "a form cookie of another browser" },
	{ OWN, ELSEWHERE, 0, OWN, "a form cookie that was planted in the owner's browser, from another address" },
	{ OWN, HOME, ALARM_OWN_US, OWN, "the owner's browser, long before" },
};

static void
an_attack_cannot_hide_behind_the_owners_sign_in(void **state)
{
	for (size_t i = 0; i < COUNT(hidden); i++) {
		struct scene s;
		struct browser b;
		scene_begin(&s);
		wrong_password(&s, hidden[i].form, hidden[i].address);
		clock_forward(hidden[i].before_us);
		if (sign_in(&s, &b, hidden[i].owners_form, HOME) != 1)
			fail_msg("%s: %u", hidden[i].why, b.head.alarms);
		assert_string_equal(b.alarm_address, hidden[i].address);
		scene_end(&s);
	}
}

static void
a_thief_of_the_password_cannot_explain_failed_codes(void **state)
{
	struct scene s;
	struct browser thief, b;

	scene_begin(&s);
	wrong_password(&s, OTHER, ELSEWHERE);
	password_right(&s, &thief, OTHER, ELSEWHERE);
	assert_verdict(do_verify(&s.w, &thief, WRONG_CODE), VERDICT_REFUSED);
	assert_int_equal(sign_in(&s, &b, OWN, HOME), 2);
	assert_int_equal(b.head.alarm_addresses, 1);
	scene_end(&s);
}

static void
a_proof_for_one_account_explains_nothing_for_another(void **state)
{
	struct scene s;
	struct browser bob;

	scene_begin(&s);
	wrong_password(&s, OTHER, ELSEWHERE);
	bring_to(&s.w, &bob, "robert", STATE_PENDING);
	bob.form = OTHER;
	bob.address = ELSEWHERE;
	assert_verdict(do_verify(&s.w, &bob, code_of(bob.secret, 0).z), VERDICT_PASSED);
	assert_int_equal(bob.head.state, STATE_FULL);
	assert_int_equal(alarms_of(&s, &s.owner), 1);
	assert_int_equal(sql_number(&s.w, "SELECT count(*) FROM audit WHERE outcome = 'passed' AND browser IN "
					  "(SELECT browser FROM audit WHERE outcome = 'refused')"),
			 0);
	scene_end(&s);
}

/* The thief of a session knows its id, but guesses from another address. */
static void
guesses_in_a_stolen_session_raise_an_alarm(void **state)
{
	static const struct verify_body wrong = { STR_INIT("000000") };
	const struct close_body close_it = { STR_INIT("alice"), STR_INIT("a wrong password") };
	struct scene s;
	struct browser thief;

	scene_begin(&s);
	thief = s.owner;
	thief.address = ELSEWHERE;
	assert_verdict(ask(&s.w, &thief, QUESTION_STEP_UP, &wrong), VERDICT_REFUSED);
	struct code code = code_of(s.secret, 0);
	const struct verify_body right = { str_of(code.z) };
	assert_verdict(ask(&s.w, &s.owner, QUESTION_STEP_UP, &right), VERDICT_PASSED);
	assert_int_equal(s.owner.head.alarms, 1);
	assert_verdict(ask(&s.w, &thief, QUESTION_CLOSE, &close_it), VERDICT_PROBLEMS);
	assert_int_equal(alarms_of(&s, &s.owner), 2);
	scene_end(&s);
}

/* The trigger stands for a sign-in of the owner that ends between the count of a guess and its audit entry. */
static void
a_guess_during_the_owners_sign_in_raises_an_alarm(void **state)
{
	struct scene s;

	sqlite_only();
	scene_begin(&s);
	sql_run(&s.w, "CREATE TRIGGER settled BEFORE INSERT ON audit WHEN NEW.event = 'signin.refused' BEGIN UPDATE "
		      "accounts SET refused = 0; END");
	wrong_password(&s, OTHER, ELSEWHERE);
	sql_run(&s.w, "DROP TRIGGER settled");
	assert_int_equal(alarms_of(&s, &s.owner), 1);
	scene_end(&s);
}

static void
attempts_without_an_account_raise_no_alarm(void **state)
{
	struct scene s;
	struct browser b = { .form = OTHER, .address = ELSEWHERE };

	scene_begin(&s);
	assert_verdict(do_sign_in(&s.w, &b, "nobody", "a wrong password"), VERDICT_REFUSED);
	assert_int_equal(sql_number(&s.w, "SELECT sum(refused) FROM accounts"), 0);
	assert_int_equal(
	    sql_number(&s.w, "SELECT count(*) FROM audit WHERE event = 'signin.refused' AND browser IS NULL"), 1);
	assert_int_equal(alarms_of(&s, &s.owner), 0);
	scene_end(&s);
}

/* --- the notice --------------------------------------------------------------------------------------------------- */

static void
alarms_are_grouped_by_time_and_address(void **state)
{
	struct scene s;
	struct browser b;
	int64_t first_us, last_us;

	scene_begin(&s);
	first_us = clock_us();
	wrong_password(&s, OTHER, ELSEWHERE);
	clock_forward(MINUTES_US(60 * 24));
	wrong_password(&s, OTHER, ELSEWHERE);
	assert_int_equal(sign_in(&s, &b, OWN, HOME), 2);
	assert_int_equal(b.head.alarm_addresses, 1);
	assert_string_equal(b.alarm_address, ELSEWHERE);
	last_us = clock_us();
	wrong_password(&s, OTHER, "198.51.100.8");
	assert_int_equal(alarms_of(&s, &b), 3);
	assert_int_equal(b.head.alarm_addresses, 2);
	assert_true(b.head.alarm_since_us >= first_us && b.head.alarm_since_us < first_us + MINUTES_US(1));
	assert_true(b.head.alarm_until_us >= last_us);
	scene_end(&s);
}

/*
 * The owner makes 1,000 mistakes, which right codes explain.  They count towards the limit of 1,000 too, because the
 * limit bounds the work of a query.
 */
static void
only_the_newest_1000_attempts_are_compared(void **state)
{
	static const char *const statements[] = {
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO audit "
		"(account_id, "
		"at_us, event, outcome, reason, address, agent, request_id, browser) SELECT a.account_id, a.at_us + "
		"n.i, "
		"a.event, a.outcome, a.reason, 'home', '', '', 7 FROM n, audit a WHERE a.event = 'signin.refused'",
		"INSERT INTO audit (account_id, at_us, event, outcome, reason, address, agent, request_id, browser) "
		"SELECT account_id, at_us, 'prove.passed', 'passed', 'x', 'home', '', '', 7 FROM audit "
		"WHERE address = 'home'",
	};
	struct scene s;

	sqlite_only();
	scene_begin(&s);
	wrong_password(&s, OTHER, ELSEWHERE);
	assert_int_equal(alarms_of(&s, &s.owner), 1);
	sql_run(&s.w, statements[0]);
	assert_int_equal(alarms_of(&s, &s.owner), 1000);
	sql_run(&s.w, statements[1]);
	assert_int_equal(alarms_of(&s, &s.owner), 0);
	scene_end(&s);
}

/* Entries between the attempt and a complete sign-in: its password and its code are two more. */
static const struct {
	const char *form, *entries;
	unsigned alarms;
	const char *why;
} flooded[] = {
	{ OWN, "47", 0, "the code is the last of the next 50 entries" },
	{ OWN, "48", 1, "the code is not among the next 50 entries" },
	{ OTHER, "48", 1, "the attempt of another browser" },
	{ OTHER, "5000", 1, "many entries" },
};

static void
entries_in_between_hide_no_attempt(void **state)
{
	sqlite_only();
	for (size_t i = 0; i < COUNT(flooded); i++) {
		struct scene s;
		struct browser b;
		char text[512];
		scene_begin(&s);
		wrong_password(&s, flooded[i].form, HOME);
		snprintf(text, sizeof(text),
			 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s) "
			 "INSERT INTO audit (account_id, at_us, event, outcome, reason, address, agent, request_id) "
			 "SELECT account_id, at_us + 1, 'app.signed-in', 'passed', 'asked', address, '', '' "
			 "FROM n, audit WHERE event = 'signin.refused'",
			 flooded[i].entries);
		sql_run(&s.w, text);
		if (sign_in(&s, &b, OWN, HOME) != flooded[i].alarms)
			fail_msg("%s: %u", flooded[i].why, b.head.alarms);
		scene_end(&s);
	}
}

static void
alarms_stay_in_every_session_until_dismissed(void **state)
{
	struct scene s;
	struct browser one, two;

	scene_begin(&s);
	wrong_password(&s, OTHER, ELSEWHERE);
	assert_int_equal(sign_in(&s, &one, OWN, HOME), 1);
	assert_int_equal(sign_in(&s, &two, OWN, HOME), 1);
	assert_verdict(dismiss(&s, &two, two.head.alarm_until_us), VERDICT_PASSED);
	assert_int_equal(two.head.alarms, 0);
	assert_int_equal(alarms_of(&s, &one), 0);
	assert_int_equal(sign_in(&s, &two, OWN, HOME), 0);
	assert_int_equal(sql_number(&s.w, "SELECT count(*) FROM audit WHERE event = 'alarm.dismissed'"), 1);
	assert_verdict(dismiss(&s, &two, INT64_MAX), VERDICT_REFUSED);
	wrong_password(&s, OTHER, ELSEWHERE);
	assert_int_equal(alarms_of(&s, &one), 1);
	scene_end(&s);
}

static void
only_the_attempts_that_were_shown_are_dismissed(void **state)
{
	struct scene s;
	int64_t shown_us;

	scene_begin(&s);
	wrong_password(&s, OTHER, ELSEWHERE);
	assert_int_equal(alarms_of(&s, &s.owner), 1);
	shown_us = s.owner.head.alarm_until_us;
	clock_forward(SECONDS_US(1));
	wrong_password(&s, OTHER, ELSEWHERE);
	assert_verdict(dismiss(&s, &s.owner, shown_us), VERDICT_PASSED);
	assert_int_equal(s.owner.head.alarms, 1);
	assert_verdict(dismiss(&s, &s.owner, shown_us), VERDICT_REFUSED);
	assert_int_equal(alarms_of(&s, &s.owner), 1);
	scene_end(&s);
}

static void
a_time_in_the_future_dismisses_no_later_attempt(void **state)
{
	struct scene s;

	scene_begin(&s);
	wrong_password(&s, OTHER, ELSEWHERE);
	assert_verdict(dismiss(&s, &s.owner, INT64_MAX), VERDICT_PASSED);
	assert_int_equal(s.owner.head.alarms, 0);
	clock_forward(SECONDS_US(1));
	wrong_password(&s, OTHER, ELSEWHERE);
	assert_int_equal(alarms_of(&s, &s.owner), 1);
	scene_end(&s);
}

static void
changing_the_password_dismisses_the_alarms(void **state)
{
	struct password_body change = { STR("wrong"), STR("trombone sobre 1742"), STR("trombone sobre 1742") };
	struct scene s;
	struct browser b;

	scene_begin(&s);
	wrong_password(&s, OTHER, ELSEWHERE);
	assert_int_equal(sign_in(&s, &b, OWN, HOME), 1);
	assert_verdict(ask(&s.w, &b, QUESTION_PASSWORD, &change), VERDICT_PROBLEMS);
	assert_int_equal(b.head.alarms, 2); /* the form is shown again, with the time of the owner's own mistake */
	change.current = STR(PASSWORD);
	change.until_us = b.head.alarm_until_us;
	assert_verdict(ask(&s.w, &b, QUESTION_PASSWORD, &change), VERDICT_PASSED);
	assert_int_equal(b.head.alarms, 0);
	assert_int_equal(alarms_of(&s, &b), 0);
	scene_end(&s);
}

static void
attempts_after_the_password_form_was_shown_stay(void **state)
{
	struct password_body change = { STR(PASSWORD), STR("trombone sobre 1742"), STR("trombone sobre 1742") };
	struct scene s;
	struct browser b;

	scene_begin(&s);
	wrong_password(&s, OTHER, ELSEWHERE);
	assert_int_equal(sign_in(&s, &b, OWN, HOME), 1);
	change.until_us = b.head.alarm_until_us;
	clock_forward(SECONDS_US(1));
	wrong_password(&s, OTHER, ELSEWHERE);
	assert_verdict(ask(&s.w, &b, QUESTION_PASSWORD, &change), VERDICT_PASSED);
	assert_int_equal(b.head.alarms, 1);
	assert_true(b.head.alarm_since_us > change.until_us);
	scene_end(&s);
}

static void
alarms_are_hidden_from_an_unfinished_sign_in(void **state)
{
	struct scene s;
	struct browser b;

	scene_begin(&s);
	wrong_password(&s, OTHER, ELSEWHERE);
	password_right(&s, &b, OTHER, ELSEWHERE);
	assert_int_equal(b.head.alarms, 0);
	assert_string_equal(b.alarm_address, "");
	scene_end(&s);
}

/* Rows of the previous release have no browser, and its accounts no alarm_from_us. */
static void
attempts_of_the_previous_release_raise_an_alarm(void **state)
{
	struct scene s;
	struct browser b;

	scene_begin(&s);
	sql_run(&s.w, "UPDATE accounts SET alarm_from_us = 0");
	sql_run(&s.w, "UPDATE audit SET browser = NULL");
	assert_int_equal(sign_in(&s, &b, OWN, HOME), 0);
	sql_run(&s.w, "UPDATE accounts SET alarm_from_us = 0");
	wrong_password(&s, OWN, HOME);
	sql_run(&s.w, "UPDATE audit SET browser = NULL");
	assert_int_equal(sign_in(&s, &b, OWN, HOME), 1);
	scene_end(&s);
}

static void
closing_an_account_redacts_all_its_audit_entries(void **state)
{
	const struct close_body close_it = { STR_INIT("alice"), STR_INIT(PASSWORD) };
	struct scene s;
	struct browser b;

	scene_begin(&s);
	sign_in(&s, &b, OWN, HOME);
	/* more than the keeper changes with one statement, three of them at the same time */
	sql_run(&s.w,
		"INSERT INTO audit (account_id, at_us, event, outcome, reason, address, agent, request_id, browser) "
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) "
		"SELECT id, i / 3, 'profile.changed', 'passed', 'asked', 'home', 'agent', 'request', 7 FROM n, "
		"accounts");
	assert_true(sql_number(&s.w, "SELECT count(*) FROM audit WHERE browser IS NOT NULL") > 12000);
	assert_verdict(ask(&s.w, &b, QUESTION_CLOSE, &close_it), VERDICT_PASSED);
	assert_int_equal(sql_number(&s.w, "SELECT count(*) FROM audit WHERE browser IS NOT NULL OR address <> '' OR "
					  "agent <> '' OR request_id <> ''"),
			 0);
	scene_end(&s);
}

/* --- used codes --------------------------------------------------------------------------------------------------- */

static void
a_used_code_is_named_after_the_password_only(void **state)
{
	struct scene s;
	struct browser one, two;
	struct code code;

	scene_begin(&s);
	password_right(&s, &one, OWN, HOME);
	password_right(&s, &two, OTHER, HOME);
	code = code_of(s.secret, 0);
	assert_verdict(do_verify(&s.w, &one, code.z), VERDICT_PASSED);
	assert_int_equal(one.verified.spent, 0);
	assert_verdict(do_verify(&s.w, &two, code.z), VERDICT_REFUSED);
	assert_int_equal(two.verified.spent, 1);
	assert_int_equal(
	    sql_number(&s.w, "SELECT count(*) FROM audit WHERE event = 'prove.refused' AND reason = 'spent'"), 1);
	const struct verify_body used = { str_of(code.z) }, wrong = { STR("000000") };
	assert_verdict(ask(&s.w, &one, QUESTION_STEP_UP, &used), VERDICT_REFUSED);
	assert_int_equal(one.verified.spent, 1);
	assert_verdict(ask(&s.w, &one, QUESTION_STEP_UP, &wrong), VERDICT_REFUSED);
	assert_int_equal(one.verified.spent, 0);
	assert_verdict(do_verify(&s.w, &two, WRONG_CODE), VERDICT_REFUSED);
	assert_int_equal(two.verified.spent, 0);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_mistakes_of_a_sign_in_raise_no_alarm),
		cmocka_unit_test(own_mistakes_with_a_recovery_code_raise_no_alarm),
		cmocka_unit_test(own_mistakes_of_a_step_up_raise_no_alarm),
		cmocka_unit_test(an_attack_cannot_hide_behind_the_owners_sign_in),
		cmocka_unit_test(a_thief_of_the_password_cannot_explain_failed_codes),
		cmocka_unit_test(a_proof_for_one_account_explains_nothing_for_another),
		cmocka_unit_test(guesses_in_a_stolen_session_raise_an_alarm),
		cmocka_unit_test(a_guess_during_the_owners_sign_in_raises_an_alarm),
		cmocka_unit_test(attempts_without_an_account_raise_no_alarm),
		cmocka_unit_test(alarms_are_grouped_by_time_and_address),
		cmocka_unit_test(only_the_newest_1000_attempts_are_compared),
		cmocka_unit_test(entries_in_between_hide_no_attempt),
		cmocka_unit_test(alarms_stay_in_every_session_until_dismissed),
		cmocka_unit_test(only_the_attempts_that_were_shown_are_dismissed),
		cmocka_unit_test(a_time_in_the_future_dismisses_no_later_attempt),
		cmocka_unit_test(changing_the_password_dismisses_the_alarms),
		cmocka_unit_test(attempts_after_the_password_form_was_shown_stay),
		cmocka_unit_test(alarms_are_hidden_from_an_unfinished_sign_in),
		cmocka_unit_test(attempts_of_the_previous_release_raise_an_alarm),
		cmocka_unit_test(closing_an_account_redacts_all_its_audit_entries),
		cmocka_unit_test(a_used_code_is_named_after_the_password_only),
	};

	return cmocka_run_group_tests_name("keeper alarms", tests, harness_setup, harness_teardown);
}
