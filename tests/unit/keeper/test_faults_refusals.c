/*
 * Refusals and rare successes while calls fail: lockouts, the hundredth code, a wrong clock, a taken name, an
 * invitation, an outdated hash.  The answer is the same as without failures, or UNAVAILABLE.
 */
#include "keeper/harness.h"

#include "keeper/account/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALLS_MAX = 2000, UNTOUCHED = 2, OFF_STEPS = 12 };

struct actor {
	struct browser b;
	char name[32], link[64];
};

struct refusal {
	const char *why;
	void (*ready)(struct world *w, struct actor *a);
	enum verdict (*act)(struct world *w, struct actor *a);
	enum verdict verdict; /* without failures */
	const char *then;     /* SQL with the result 1 after this verdict; %s: the name; may be NULL */
};

static void
sql_of(struct world *w, const struct actor *a, const char *format)
{
	char sql[400];

	/* the format is a constant of this file */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(sql, sizeof(sql), format, a->name);
#pragma GCC diagnostic pop
	sql_run(w, sql);
}

/* --- preparations ------------------------------------------------------------------------------------------------- */

static void
nobody(struct world *w, struct actor *a)
{
	a->b.address = "192.0.2.66";
}

static void
registered(struct world *w, struct actor *a)
{
	bring_to(w, &a->b, a->name, STATE_FULL);
	memset(&a->b.token, 0, sizeof(a->b.token));
}

static void
unknown_browser(struct world *w, struct actor *a)
{
	registered(w, a);
	a->b = (struct browser){ .address = "192.0.2.66" };
}

static void
four_wrong_passwords(struct world *w, struct actor *a)
{
	unknown_browser(w, a);
	for (int i = 0; i < 4; i++)
		assert_verdict(do_sign_in(w, &a->b, a->name, "wrong password"), VERDICT_REFUSED);
}

static void
five_wrong_passwords(struct world *w, struct actor *a)
{
	four_wrong_passwords(w, a);
	assert_verdict(do_sign_in(w, &a->b, a->name, "wrong password"), VERDICT_REFUSED);
}

static void
a_lockout_of_years(struct world *w, struct actor *a)
{
	five_wrong_passwords(w, a);
	sql_run(w,
		"UPDATE throttle SET blocked_until_us = blocked_until_us + 400000000000000 WHERE blocked_until_us > 0");
}

static void
known_password(struct world *w, struct actor *a)
{
	bring_to(w, &a->b, a->name, STATE_PENDING);
	assert_verdict(do_verify(w, &a->b, WRONG_CODE), VERDICT_REFUSED);
}

#define CODES_OF " WHERE counter = 'codes' AND account_id = (SELECT id FROM accounts WHERE name = '%s')"

static void
ninety_nine_wrong_codes(struct world *w, struct actor *a)
{
	known_password(w, a);
	sql_of(w, a, "UPDATE throttle SET failures = 99" CODES_OF);
}

static void
a_hundred_counted_and_nothing_done(struct world *w, struct actor *a)
{
	known_password(w, a);
	sql_of(w, a, "UPDATE throttle SET failures = 100" CODES_OF);
}

static void
one_code_of_a_clock_that_is_off(struct world *w, struct actor *a)
{
	bring_to(w, &a->b, a->name, STATE_PENDING);
	assert_verdict(do_verify(w, &a->b, code_of(a->b.secret, OFF_STEPS).z), VERDICT_REFUSED);
	clock_forward(SECONDS_US(30));
}

static void
invited(struct world *w, struct actor *a)
{
	struct link_text link;
	struct why why;

	w->config.registration = REGISTRATION_INVITE;
	assert_int_equal(admin_invite(w->thread, &why, &link), ERR_OK);
	assert_int_equal(str_copy_z(str_of(link.z), a->link, sizeof(a->link)), ERR_OK);
}

static void
invited_once_before(struct world *w, struct actor *a)
{
	struct browser other = { 0 };

	invited(w, a);
	const struct register_body body = { STR("somebody-else"), STR(PASSWORD), STR(PASSWORD), str_of(a->link) };
	sql_run(w, "DELETE FROM accounts WHERE name = 'somebody-else'");
	assert_verdict(ask(w, &other, QUESTION_REGISTER, &body), VERDICT_PASSED);
}

static void
of_a_lower_cost(struct world *w, struct actor *a)
{
	w->config.argon2_passes = 1;
	registered(w, a);
	w->config.argon2_passes = 2;
}

static void
disabled(struct world *w, struct actor *a)
{
	registered(w, a);
	sql_of(w, a, "UPDATE accounts SET disabled_at_us = 1 WHERE name = '%s'");
}

static void
signed_in(struct world *w, struct actor *a)
{
	bring_to(w, &a->b, a->name, STATE_FULL);
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

static enum verdict
sign_in(struct world *w, struct actor *a)
{
	return do_sign_in(w, &a->b, a->name, PASSWORD);
}

static enum verdict
guess(struct world *w, struct actor *a)
{
	return do_sign_in(w, &a->b, a->name, "wrong password");
}

static enum verdict
wrong_code(struct world *w, struct actor *a)
{
	return do_verify(w, &a->b, WRONG_CODE);
}

static enum verdict
right_code(struct world *w, struct actor *a)
{
	return do_verify(w, &a->b, code_of(a->b.secret, 0).z);
}

static enum verdict
code_of_a_clock_that_is_off(struct world *w, struct actor *a)
{
	return do_verify(w, &a->b, code_of(a->b.secret, OFF_STEPS).z);
}

static enum verdict
register_again(struct world *w, struct actor *a)
{
	return do_register(w, &a->b, a->name, PASSWORD);
}

static enum verdict
register_by_invitation(struct world *w, struct actor *a)
{
	const struct register_body body = { str_of(a->name), STR(PASSWORD), STR(PASSWORD), str_of(a->link) };

	return ask(w, &a->b, QUESTION_REGISTER, &body);
}

static enum verdict
wrong_password_in_a_session(struct world *w, struct actor *a)
{
	const struct password_body body = { STR("wrong password"), STR("trombone sobre 1742"),
					    STR("trombone sobre 1742") };

	return ask(w, &a->b, QUESTION_PASSWORD, &body);
}

#define IS_DISABLED                                                                                                    \
	"SELECT count(*) FROM factors f JOIN accounts a ON a.id = f.account_id WHERE a.name = '%s' AND "               \
	"f.disabled_at_us IS NOT NULL"
#define EXISTS_ONCE "SELECT count(*) FROM accounts WHERE name = '%s'"

static const struct refusal refusals[] = {
	{ "an unknown name", nobody, sign_in, VERDICT_REFUSED, NULL },
	{ "a disabled account", disabled, sign_in, VERDICT_REFUSED, NULL },
	{ "a password from an unknown browser", unknown_browser, guess, VERDICT_REFUSED, NULL },
	{ "the password that begins a lockout", four_wrong_passwords, guess, VERDICT_REFUSED, NULL },
	{ "the right password in a lockout", five_wrong_passwords, sign_in, VERDICT_LOCKOUT, NULL },
	{ "a lockout from before the clock was set back", a_lockout_of_years, sign_in, VERDICT_LOCKOUT, NULL },
	{ "the hundredth code", ninety_nine_wrong_codes, wrong_code, VERDICT_REFUSED, IS_DISABLED },
	{ "a right code after the hundredth", a_hundred_counted_and_nothing_done, right_code, VERDICT_REFUSED,
	  IS_DISABLED },
	{ "a second code of a wrong clock", one_code_of_a_clock_that_is_off, code_of_a_clock_that_is_off,
	  VERDICT_REFUSED, NULL },
	{ "a taken name", registered, register_again, VERDICT_PROBLEMS, EXISTS_ONCE },
	{ "an invitation", invited, register_by_invitation, VERDICT_PASSED, EXISTS_ONCE },
	{ "a used invitation", invited_once_before, register_by_invitation, VERDICT_CLOSED, NULL },
	{ "a hash of a lower cost", of_a_lower_cost, sign_in, VERDICT_PASSED, EXISTS_ONCE },
	{ "a wrong password in a session", signed_in, wrong_password_in_a_session, VERDICT_PROBLEMS, NULL },
};

/* --- failing calls ------------------------------------------------------------------------------------------------ */

struct failing {
	enum fault fault;
	bool lasting;
};

static void
prepare(struct world *w, const struct refusal *r, int number, struct actor *a)
{
	memset(a, 0, sizeof(*a));
	snprintf(a->name, sizeof(a->name), "person%d", number);
	w->config.registration = REGISTRATION_OPEN;
	forgive(w);
	r->ready(w, a);
}

static void
check_then(struct world *w, const struct refusal *r, const struct actor *a)
{
	char sql[400];

	if (r->then == NULL || a->b.verdict == VERDICT_UNAVAILABLE)
		return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(sql, sizeof(sql), r->then, a->name);
#pragma GCC diagnostic pop
	if (sql_number(w, sql) != 1)
		fail_msg("%s: the answer confirms an act that was not done", r->why);
}

static long
fail_once(struct world *w, const struct refusal *r, const struct failing *f, long nth, int number)
{
	struct actor a;
	long failed;

	prepare(w, r, number, &a);
	harness_fault = (struct harness_fault){ .fault = f->fault, .nth = nth, .lasting = f->lasting };
	r->act(w, &a);
	failed = harness_fault.failed;
	harness_fault.nth = 0;
	if (a.b.verdict != r->verdict && (a.b.verdict != VERDICT_UNAVAILABLE || failed == 0))
		fail_msg("%s, fault %d, %ld: verdict %d", r->why, (int)f->fault, nth, (int)a.b.verdict);
	if (a.b.verdict != VERDICT_PASSED && a.b.head.state == STATE_FULL && r->ready != signed_in)
		fail_msg("%s, fault %d, %ld: access granted", r->why, (int)f->fault, nth);
	check_then(w, r, &a);
	return failed;
}

static long
step_of(enum fault fault, long nth)
{
	return harness_step(nth, fault == FAULT_MEMORY && nth > 10 && !harness_each() ? 20 : 1);
}

static void
fail_each(const struct refusal *r, const struct failing *f)
{
	struct world w;
	int untouched = 0, number = 0;
	long failures = 0;

	world_new(&w);
	for (long nth = 1; untouched < harness_last_attempts(UNTOUCHED); nth += step_of(f->fault, nth)) {
		long failed = fail_once(&w, r, f, nth, number++);
		if (nth >= CALLS_MAX)
			fail_msg("%s: the series of calls does not end", r->why);
		untouched = failed == 0 ? untouched + 1 : 0;
		failures += failed;
	}
	unit_note("%s, fault %d: %ld failed", r->why, (int)f->fault, failures);
	world_end(&w);
}

static void
faults_turn_no_refusal_into_a_sign_in(void **state)
{
	static const enum fault faults[] = { FAULT_MEMORY, FAULT_RANDOM, FAULT_CLOCK, FAULT_WRITE,
					     FAULT_SYNC,   FAULT_QUERY,  FAULT_CRYPTO };

	for (size_t i = 0; i < COUNT(refusals); i++)
		for (size_t k = 0; k < COUNT(faults); k++)
			for (int lasting = 0; lasting < 2; lasting++) {
				const struct failing f = { faults[k], lasting == 1 };
				if (harness_walks(i, f.fault, f.lasting))
					fail_each(&refusals[i], &f);
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_turn_no_refusal_into_a_sign_in),
	};

	return cmocka_run_group_tests_name("keeper faults, refusals", tests, harness_setup, harness_teardown);
}
