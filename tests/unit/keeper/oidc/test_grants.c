/*
 * Grants that last without a session (offline_access): what ends a factor ends the grants that it opened.
 */
#include "keeper/application.h"
#include "keeper/authenticator.h"

#include "keeper/account/admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct application app = { 1, "app", "secret-of-app" };

/* One sign-in to the application, by a session that had verified a factor of this kind. */
struct family {
	struct browser b;
	char token[OIDC_TOKEN_MAX + 1];
};

/* alice has an authenticator and a passkey, and opened the application with each. */
struct scene {
	struct world w;
	struct browser alice;
	struct family by_code, by_passkey;
};

static void
session_of(struct scene *s, const char *kind)
{
	char sql[160];

	snprintf(sql, sizeof(sql), "UPDATE sessions SET factor_id = (SELECT id FROM factors WHERE kind = '%s')", kind);
	sql_run(&s->w, sql);
}

static void
family_begin(struct scene *s, const char *kind, struct family *ret_family)
{
	static const struct approved offline = { .scopes = "openid offline_access", .offline = true };
	struct approved_code code;

	session_of(s, kind);
	code = application_code(&s->w, &app, "alice", &offline);
	const struct oidc_token_body body = redeem_body(&app, code.z);
	ret_family->b = s->alice;
	assert_int_equal(ask_token(s->w.thread, &ret_family->b, &body), OIDC_OK);
	snprintf(ret_family->token, sizeof(ret_family->token), "%s", ret_family->b.oidc.refresh_token);
	assert_memory_equal(ret_family->token, "dtr_", 4);
}

static enum oidc_error
family_refresh(struct scene *s, struct family *family)
{
	const struct oidc_token_body body = refresh_body(&app, family->token);
	enum oidc_error error = ask_token(s->w.thread, &family->b, &body);

	if (error == OIDC_OK)
		snprintf(family->token, sizeof(family->token), "%s", family->b.oidc.refresh_token);
	return error;
}

static void
scene_begin(struct scene *s)
{
	world_new(&s->w);
	application_add(&s->w, &app, NULL);
	bring_to(&s->w, &s->alice, "alice", STATE_FULL);
	assert_verdict(do_passkey(&s->w, &s->alice, (struct authenticator){ .id = 1 }), VERDICT_PASSED);
	family_begin(s, "totp", &s->by_code);
	family_begin(s, "passkey", &s->by_passkey);
	session_of(s, "totp");
}

/* --- the ends of a factor ----------------------------------------------------------------------------------------- */

static void
remove_factor(struct scene *s, const char *kind)
{
	char sql[80];

	snprintf(sql, sizeof(sql), "SELECT id FROM factors WHERE kind = '%s'", kind);
	const struct factor_body body = { .id = sql_number(&s->w, sql) };
	assert_verdict(ask(&s->w, &s->alice, QUESTION_FACTOR_REMOVE, &body), VERDICT_PASSED);
}

static void
remove_the_passkey(struct scene *s)
{
	remove_factor(s, "passkey");
}

static void
remove_the_authenticator(struct scene *s)
{
	session_of(s, "passkey");
	remove_factor(s, "totp");
}

static void
replace_the_authenticator(struct scene *s)
{
	const struct factor_begin_body begin = { .current = STR(PASSWORD),
						 .replaces =
						     sql_number(&s->w, "SELECT id FROM factors WHERE kind = 'totp'") };

	assert_verdict(ask(&s->w, &s->alice, QUESTION_FACTOR_BEGIN, &begin), VERDICT_PASSED);
	assert_verdict(ask(&s->w, &s->alice, QUESTION_ENROL, NULL), VERDICT_PASSED);
	const struct code code = code_of(s->alice.secret, 0);
	const struct verify_body confirm = { str_of(code.z) };
	assert_verdict(ask(&s->w, &s->alice, QUESTION_FACTOR_CONFIRM, &confirm), VERDICT_PASSED);
}

/* The last of a hundred wrong codes. */
static void
disable_the_authenticator(struct scene *s)
{
	const struct verify_body wrong = { STR("000000") };

	assert_verdict(ask(&s->w, &s->alice, QUESTION_STEP_UP, &wrong), VERDICT_REFUSED);
	sql_run(&s->w, "UPDATE throttle SET failures = 99 WHERE counter = 'codes'");
	assert_verdict(ask(&s->w, &s->alice, QUESTION_STEP_UP, &wrong), VERDICT_REFUSED);
	assert_int_equal(sql_number(&s->w, "SELECT count(*) FROM factors WHERE disabled_at_us IS NOT NULL"), 1);
}

static void
reset_by_the_administrator(struct scene *s)
{
	struct why why = { "" };

	assert_int_equal(admin_reset_factors(s->w.thread, STR("alice"), &why), ERR_OK);
}

static const struct {
	const char *what;
	void (*end)(struct scene *s);
	bool by_code_lives, by_passkey_lives;
} ends[] = {
	{ "nothing", NULL, true, true },
	{ "its owner removes a passkey", remove_the_passkey, true, false },
	{ "its owner removes an authenticator", remove_the_authenticator, false, true },
	{ "its owner replaces an authenticator", replace_the_authenticator, false, true },
	{ "a hundred wrong codes disable an authenticator", disable_the_authenticator, false, true },
	{ "the administrator resets all factors", reset_by_the_administrator, false, false },
};

static void
the_end_of_a_factor_ends_the_grants_that_it_opened(void **state)
{
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct scene s;
		scene_begin(&s);
		unit_note("%s", ends[i].what);
		if (ends[i].end != NULL)
			ends[i].end(&s);
		assert_int_equal(family_refresh(&s, &s.by_code), ends[i].by_code_lives ? OIDC_OK : OIDC_INVALID_GRANT);
		assert_int_equal(family_refresh(&s, &s.by_passkey),
				 ends[i].by_passkey_lives ? OIDC_OK : OIDC_INVALID_GRANT);
		world_end(&s.w);
	}
}

/* Grants of before the migration: which factor opened them is unknown. */
static void
a_grant_of_an_unknown_factor_ends_with_any(void **state)
{
	struct scene s;

	scene_begin(&s);
	sql_run(&s.w, "UPDATE oidc_grants SET factor_id = NULL");
	remove_the_passkey(&s);
	assert_int_equal(family_refresh(&s, &s.by_code), OIDC_INVALID_GRANT);
	world_end(&s.w);
}

/* --- refusals ----------------------------------------------------------------------------------------------------- */

static int64_t
refusals(struct scene *s)
{
	return sql_number(&s->w, "SELECT count(*) FROM audit WHERE event = 'oidc.refresh-refused'");
}

static void
a_refused_refresh_is_audited_once_a_day(void **state)
{
	struct scene s;

	scene_begin(&s);
	sql_run(&s.w, "UPDATE accounts SET disabled_at_us = 1");
	for (int i = 0; i < 3; i++)
		assert_int_equal(family_refresh(&s, &s.by_code), OIDC_INVALID_GRANT);
	assert_int_equal(refusals(&s), 1);
	assert_int_equal(family_refresh(&s, &s.by_passkey), OIDC_INVALID_GRANT);
	assert_int_equal(refusals(&s), 2);
	clock_forward(DAYS_US(1));
	for (int i = 0; i < 2; i++)
		assert_int_equal(family_refresh(&s, &s.by_code), OIDC_INVALID_GRANT);
	assert_int_equal(refusals(&s), 3);
	clock_forward(-SECONDS_US(1)); /* a request that began earlier, and waited for the lock */
	assert_int_equal(family_refresh(&s, &s.by_code), OIDC_INVALID_GRANT);
	assert_int_equal(refusals(&s), 3);
	clock_forward(-DAYS_US(5)); /* the clock was set back: days without an entry would follow */
	assert_int_equal(family_refresh(&s, &s.by_code), OIDC_INVALID_GRANT);
	assert_int_equal(refusals(&s), 4);
	sql_run(&s.w, "UPDATE accounts SET disabled_at_us = NULL");
	clock_forward(DAYS_US(5));
	assert_int_equal(family_refresh(&s, &s.by_code), OIDC_OK); /* the cause has ended, and the grant has not */
	world_end(&s.w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_of_a_factor_ends_the_grants_that_it_opened),
		cmocka_unit_test(a_grant_of_an_unknown_factor_ends_with_any),
		cmocka_unit_test(a_refused_refresh_is_audited_once_a_day),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
