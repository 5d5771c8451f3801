/*
 * The nth call of each kind fails while an application asks for tokens: nothing is accepted twice, no wrong value is
 * accepted, and a repeated request signs no user out.
 */
#include "keeper/application.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALLS_MAX = 3000, UNTOUCHED = 2 };

static const struct application app = { 1, "app", "secret-of-app" };
static const struct approved offline = { .scopes = "openid profile offline_access", .offline = true };

/* One application's sign-in: its code, and its first tokens. */
struct attempt {
	struct world *w;
	struct browser b;
	struct approved_code code;
	char refresh[OIDC_TOKEN_MAX + 1], access[OIDC_TOKEN_MAX + 1];
};

struct story {
	const char *why;
	bool redeemed; /* the code was redeemed earlier */
	enum oidc_error (*act)(struct attempt *a);
	enum oidc_error expected; /* the answer without failures */
	void (*after)(struct attempt *a,
		      bool answered); /* runs without failures; answered: the answer was as expected */
};

static enum oidc_error
ask_tokens(struct attempt *a, const struct oidc_token_body *body)
{
	return ask_token(a->w->thread, &a->b, body);
}

static enum oidc_error
redeem(struct attempt *a)
{
	const struct oidc_token_body body = redeem_body(&app, a->code.z);

	return ask_tokens(a, &body);
}

static enum oidc_error
redeem_wrongly(struct attempt *a)
{
	struct oidc_token_body body = redeem_body(&app, a->code.z);

	body.verifier = STR("another-verifier-of-forty-three-letters-or-so");
	return ask_tokens(a, &body);
}

static enum oidc_error
refresh(struct attempt *a)
{
	const struct oidc_token_body body = refresh_body(&app, a->refresh);

	return ask_tokens(a, &body);
}

static enum oidc_error
userinfo(struct attempt *a)
{
	return ask_userinfo(a->w->thread, &a->b, a->access);
}

static enum oidc_error
introspect(struct attempt *a)
{
	const struct oidc_inspect_body body = inspect_body(&app, a->access);

	return ask_inspect(a->w->thread, &a->b, QUESTION_OIDC_INTROSPECT, &body);
}

static enum oidc_error
give_back(struct attempt *a)
{
	const struct oidc_inspect_body body = inspect_body(&app, a->refresh);

	return ask_inspect(a->w->thread, &a->b, QUESTION_OIDC_REVOKE, &body);
}

/* --- afterwards --------------------------------------------------------------------------------------------------- */

static int64_t
tokens_left(struct attempt *a)
{
	return sql_number(a->w, "SELECT count(*) FROM oidc_access_tokens");
}

/* After a lost answer the second attempt is a second use, unless nothing was stored. */
static void
after_redeem(struct attempt *a, bool answered)
{
	enum oidc_error again;

	assert_true(!answered || tokens_left(a) == 1);
	again = redeem(a);
	assert_true(again == OIDC_INVALID_GRANT || (again == OIDC_OK && !answered));
	assert_true(answered || harness_fault.fault != FAULT_CRYPTO || again == OIDC_OK); /* signed before the commit */
	assert_int_equal(tokens_left(a), again == OIDC_OK ? 1 : 0);
}

/* After a failure the code may still be valid: then the wrong attempt was not stored. */
static void
after_wrong(struct attempt *a, bool answered)
{
	assert_int_equal(tokens_left(a), 0);
	assert_true(!answered || redeem(a) == OIDC_INVALID_GRANT);
}

/* The same token gives the same successor, whatever happened to the first answer. */
static void
after_refresh(struct attempt *a, bool answered)
{
	char first[OIDC_TOKEN_MAX + 1];

	snprintf(first, sizeof(first), "%s", a->b.oidc.refresh_token);
	assert_int_equal(refresh(a), OIDC_OK);
	if (answered)
		assert_string_equal(a->b.oidc.refresh_token, first);
	assert_int_equal(sql_number(a->w, "SELECT refresh_counter FROM oidc_grants"), 2);
	snprintf(a->refresh, sizeof(a->refresh), "%s", a->b.oidc.refresh_token);
	assert_int_equal(refresh(a), OIDC_OK);
}

static void
after_second_use(struct attempt *a, bool answered)
{
	assert_true(!answered || tokens_left(a) == 0);
	assert_int_equal(redeem(a), OIDC_INVALID_GRANT);
	assert_int_equal(tokens_left(a), 0);
}

static void
after_reading(struct attempt *a, bool answered)
{
	assert_int_equal(tokens_left(a), 1);
	assert_int_equal(userinfo(a), OIDC_OK);
}

static void
after_revoking(struct attempt *a, bool answered)
{
	assert_true(!answered || tokens_left(a) == 0);
	assert_int_equal(give_back(a), OIDC_OK);
	assert_int_equal(tokens_left(a), 0);
}

static const struct story stories[] = {
	{ "redeeming a code", false, redeem, OIDC_OK, after_redeem },
	{ "redeeming it with another verifier", false, redeem_wrongly, OIDC_INVALID_GRANT, after_wrong },
	{ "redeeming it a second time", true, redeem, OIDC_INVALID_GRANT, after_second_use },
	{ "refreshing", true, refresh, OIDC_OK, after_refresh },
	{ "asking userinfo", true, userinfo, OIDC_OK, after_reading },
	{ "introspecting", true, introspect, OIDC_OK, after_reading },
	{ "revoking", true, give_back, OIDC_OK, after_revoking },
};

/* --- the walk ----------------------------------------------------------------------------------------------------- */

static void
attempt_begin(struct attempt *a, struct world *w, const struct story *s)
{
	memset(a, 0, sizeof(*a));
	a->w = w;
	forgive(w);
	sql_run(w, on_postgres() ? "DELETE FROM oidc_grants" : "PRAGMA foreign_keys = ON; DELETE FROM oidc_grants");
	a->code = application_code(w, &app, "alice", &offline);
	if (!s->redeemed)
		return;
	assert_int_equal(redeem(a), OIDC_OK);
	snprintf(a->refresh, sizeof(a->refresh), "%s", a->b.oidc.refresh_token);
	snprintf(a->access, sizeof(a->access), "%s", a->b.oidc.access_token);
}

/* The number of failed calls. */
static long
fail_once(struct world *w, const struct story *s, struct harness_fault fault)
{
	struct attempt a;
	enum oidc_error error;
	long failed;

	attempt_begin(&a, w, s);
	harness_fault = fault;
	error = s->act(&a);
	failed = harness_fault.failed;
	harness_fault.nth = 0; /* its kind stays, for after() */
	if (error != s->expected && a.b.verdict != VERDICT_UNAVAILABLE)
		fail_msg("%s, failure %ld: error %d", s->why, fault.nth, error);
	s->after(&a, error == s->expected);
	return failed;
}

static long
step_of(enum fault fault, long nth)
{
	return harness_step(nth, fault == FAULT_MEMORY && nth > 20 && !harness_each() ? 15 : 1);
}

static void
fail_each(struct world *w, const struct story *s, enum fault fault, bool lasting)
{
	int untouched = 0;
	long failed = 0;

	for (long nth = 1; untouched < harness_last_attempts(UNTOUCHED); nth += step_of(fault, nth)) {
		if (nth >= CALLS_MAX)
			fail_msg("%s: the series of calls does not end", s->why);
		long now = fail_once(w, s, (struct harness_fault){ .fault = fault, .nth = nth, .lasting = lasting });
		untouched = now == 0 ? untouched + 1 : 0;
		failed += now;
	}
	unit_note("%s, fault %d: %ld failed", s->why, (int)fault, failed);
}

static void
failures_give_no_token_twice_and_sign_no_user_out(void **state)
{
	static const enum fault faults[] = { FAULT_MEMORY, FAULT_RANDOM, FAULT_CLOCK, FAULT_QUERY,
					     FAULT_CRYPTO, FAULT_READ,   FAULT_WRITE, FAULT_SYNC };
	struct world w;
	struct browser b;

	world_new(&w);
	application_add(&w, &app, NULL);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (size_t i = 0; i < COUNT(stories) * COUNT(faults); i++)
		for (int lasting = 0; lasting < 2; lasting++)
			if (harness_walks(i / COUNT(faults), faults[i % COUNT(faults)], lasting == 1))
				fail_each(&w, &stories[i / COUNT(faults)], faults[i % COUNT(faults)], lasting == 1);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(failures_give_no_token_twice_and_sign_no_user_out) };

	return cmocka_run_group_tests_name("tokens, failing calls", tests, harness_setup, harness_teardown);
}
