/*
 * Codes, refresh tokens and access tokens: who gets which token, and when it ends.
 */
#include "keeper/application.h"

#include "base/digest.h"
#include "keeper/core/counts.h"
#include "keeper/oidc/issue.h"
#include "keeper/oidc/signing_schedule.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct application app = { 1, "app", "secret-of-app" }, other = { 2, "other", "secret-of-other" },
				public_app = { 3, "public", NULL }, fixed = { 4, "fixed", "secret-of-fixed" },
				bound = { 5, "bound", "secret-of-bound" }, plain = { 6, "plain", "secret-of-plain" };

static void
applications_add(struct world *w)
{
	application_add(w, &app, NULL);
	application_add(w, &other, NULL);
	application_add(w, &public_app, "refresh_fixed = 1");
	application_add(w, &fixed, "refresh_fixed = 1");
	application_add(w, &bound, "refresh_session = 1, id_token_minimal = 1");
	application_add(w, &plain, "scopes = 'openid profile'");
}

/* A world with the applications, and a browser that is signed in as alice. */
static void
world_begin(struct world *w, struct browser *b)
{
	world_new(w);
	applications_add(w);
	bring_to(w, b, "alice", STATE_FULL);
	sql_run(w, "UPDATE accounts SET email = 'alice@example.org', group_names = 'admins,staff'");
}

static const struct approved offline = { .scopes = "openid profile email groups offline_access", .offline = true };

static enum oidc_error
redeem(struct world *w, struct browser *b, const struct application *a, const char *code)
{
	const struct oidc_token_body body = redeem_body(a, code);

	return ask_token(w->thread, b, &body);
}

static enum oidc_error
refresh(struct world *w, struct browser *b, const struct application *a, const char *token)
{
	const struct oidc_token_body body = refresh_body(a, token);

	return ask_token(w->thread, b, &body);
}

/* Sign in to an application; its tokens are in b->oidc. */
static struct approved_code
sign_in_to(struct world *w, struct browser *b, const struct application *a, const struct approved *approved)
{
	struct approved_code code = application_code(w, a, "alice", approved);

	assert_int_equal(redeem(w, b, a, code.z), OIDC_OK);
	return code;
}

static int64_t
grants(struct world *w)
{
	return sql_number(w, "SELECT count(*) FROM oidc_grants");
}

/* Entries of this event that name this application. */
static int64_t
audited(struct world *w, const char *event, const char *reason, const struct application *client)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM audit WHERE event = '%s' AND reason = '%s' AND client = '%s'",
		 event, reason, client->client_id);
	return sql_number(w, sql);
}

/* The claims of the ID token in b->oidc, as JSON. */
static const char *
id_claims(const struct browser *b)
{
	static char json[4096];
	str rest = str_of(b->oidc.id_token), part;
	size_t n;

	(void)str_cut(&rest, '.');
	part = str_cut(&rest, '.');
	n = part.n * 6 / 8;
	assert_true(n < sizeof(json));
	assert_int_equal(str_base64url(part, json, n), ERR_OK);
	json[n] = '\0';
	return json;
}

static void
assert_has(const char *json, const char *member)
{
	if (strstr(json, member) == NULL)
		fail_msg("%s has no %s", json, member);
}

static void
assert_lacks(const char *json, const char *member)
{
	if (strstr(json, member) != NULL)
		fail_msg("%s has %s", json, member);
}

/* --- codes -------------------------------------------------------------------------------------------------------- */

static void
a_code_gives_an_access_token_and_an_id_token(void **state)
{
	struct world w;
	struct browser b;
	uint8_t hash[DIGEST_BYTES];
	char at_hash[64] = ",\"at_hash\":\"", subject[128];

	world_begin(&w, &b);
	sql_run(&w, "UPDATE accounts SET subject = 'b7d1ab3c-6a0b-4c8e-9f5e-2b1b6b2f7c11', display_name = 'Alice A.', "
		    "language = 'fr', updated_at_us = 1700000000000000");
	sign_in_to(&w, &b, &app, NULL);
	assert_memory_equal(b.oidc.access_token, "dta_", 4);
	assert_int_equal(strlen(b.oidc.access_token), 47);
	assert_string_equal(b.oidc.scopes, "openid profile email groups");
	assert_string_equal(b.oidc.refresh_token, "");
	const char *json = id_claims(&b);
	assert_has(json, "\"iss\":\"https://login.example.org\"");
	snprintf(subject, sizeof(subject), "\"sub\":\"b7d1ab3c-6a0b-4c8e-9f5e-2b1b6b2f7c11\"");
	assert_has(json, subject);
	assert_has(json, "\"aud\":\"app\"");
	assert_has(json, "\"auth_time\":1000000000,");
	assert_has(json, "\"amr\":[\"pwd\",\"otp\",\"mfa\"]");
	assert_has(json, "\"acr\":\"https://refeds.org/profile/mfa\"");
	assert_has(json, "\"sid\":\"a-sid\"");
	assert_has(json, "\"jti\":\"");
	assert_has(json, "\"nonce\":\"n-1\"");
	assert_has(
	    json, "\"name\":\"Alice A.\",\"preferred_username\":\"alice\",\"locale\":\"fr\",\"updated_at\":1700000000");
	assert_has(json, "\"email\":\"alice@example.org\",\"email_verified\":true");
	assert_has(json, "\"groups\":[\"admins\",\"staff\"]");
	assert_int_equal(digest_sha256(str_of(b.oidc.access_token), hash), ERR_OK);
	str_base64url_write(hash, sizeof(hash) / 2, at_hash + strlen(at_hash));
	assert_has(json, at_hash);
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_OK);
	assert_string_equal(b.oidc.json, "{\"sub\":\"b7d1ab3c-6a0b-4c8e-9f5e-2b1b6b2f7c11\",\"name\":\"Alice A.\","
					 "\"preferred_username\":\"alice\",\"locale\":\"fr\",\"updated_at\":1700000000,"
					 "\"email\":\"alice@example.org\",\"email_verified\":true,"
					 "\"groups\":[\"admins\",\"staff\"]}");
	world_end(&w);
}

static void
a_wrong_attempt_of_the_own_client_ends_the_code(void **state)
{
	static const struct {
		const char *why, *redirect_uri, *verifier, *reason;
		bool no_challenge;
	} rows[] = {
		{ "another redirect URI", "https://app.example.org/callback/", VERIFIER, "redirect uri", false },
		{ "no redirect URI", "", VERIFIER, "redirect uri", false },
		{ "another verifier", REDIRECT_URI, "b" VERIFIER, "verifier", false },
		{ "no verifier", REDIRECT_URI, "", "verifier", false },
		{ "a short verifier", REDIRECT_URI, "short", "verifier", false },
		{ "a verifier without a challenge", REDIRECT_URI, VERIFIER, "verifier", true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world w;
		struct browser b;
		world_begin(&w, &b);
		struct approved_code code =
		    application_code(&w, &app, "alice", &(struct approved){ .no_challenge = rows[i].no_challenge });
		struct oidc_token_body body = redeem_body(&app, code.z);
		body.redirect_uri = str_of(rows[i].redirect_uri);
		body.verifier = str_of(rows[i].verifier);
		unit_note("%s", rows[i].why);
		assert_int_equal(ask_token(w.thread, &b, &body), OIDC_INVALID_GRANT);
		body = redeem_body(&app, code.z);
		if (rows[i].no_challenge)
			body.verifier = STR("");
		assert_int_equal(ask_token(w.thread, &b, &body), OIDC_INVALID_GRANT);
		assert_int_equal(grants(&w), 0);
		assert_int_equal(audited(&w, "oidc.code-refused", rows[i].reason, &app), 1);
		world_end(&w);
	}
}

static void
another_client_does_not_spend_the_code(void **state)
{
	struct world w;
	struct browser b;

	world_begin(&w, &b);
	struct approved_code code = application_code(&w, &app, "alice", NULL);
	assert_int_equal(redeem(&w, &b, &other, code.z), OIDC_INVALID_GRANT);
	assert_int_equal(audited(&w, "oidc.code-refused", "other client", &other), 1);
	assert_int_equal(redeem(&w, &b, &app, code.z), OIDC_OK);
	assert_int_equal(redeem(&w, &b, &other, code.z), OIDC_INVALID_GRANT);
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_INVALID_TOKEN); /* the token is "" */
	assert_int_equal(grants(&w), 1);
	world_end(&w);
}

/* A public client has no secret, so any client could fill the audit trail with one code of another client. */
static void
attempts_with_tokens_of_another_client_are_limited(void **state)
{
	struct world w;
	struct browser b, c;

	world_begin(&w, &b);
	struct approved_code code = application_code(&w, &app, "alice", NULL);
	for (int i = 0; i < 40; i++)
		(void)redeem(&w, &b, &public_app, code.z);
	assert_int_equal(b.verdict, VERDICT_LOCKOUT);
	assert_int_equal(audited(&w, "oidc.code-refused", "other client", &public_app), 30);
	sign_in_to(&w, &b, &app, &offline);
	c = b;
	sql_run(&w, "DELETE FROM throttle");
	for (int i = 0; i < 40; i++)
		(void)refresh(&w, &c, &public_app, b.oidc.refresh_token);
	assert_int_equal(audited(&w, "oidc.refresh-refused", "other client", &public_app), 30);
	assert_int_equal(refresh(&w, &c, &app, b.oidc.refresh_token), OIDC_OK);
	world_end(&w);
}

/* Go's oauth2 tries Basic, then the body: the first attempt must not spend the code. */
static void
a_client_that_is_refused_keeps_its_code(void **state)
{
	struct world w;
	struct browser b;

	world_begin(&w, &b);
	struct approved_code code = application_code(&w, &app, "alice", NULL);
	struct oidc_token_body body = redeem_body(&app, code.z);
	body.client_secret = STR("wrong");
	assert_int_equal(ask_token(w.thread, &b, &body), OIDC_INVALID_CLIENT);
	body.auth = OIDC_AUTH_NONE;
	body.client_secret = STR("");
	assert_int_equal(ask_token(w.thread, &b, &body), OIDC_INVALID_CLIENT);
	body.client_id = STR("unknown");
	assert_int_equal(ask_token(w.thread, &b, &body), OIDC_INVALID_CLIENT);
	assert_int_equal(redeem(&w, &b, &app, code.z), OIDC_OK);
	world_end(&w);
}

static void
a_second_use_of_a_code_ends_all_tokens(void **state)
{
	struct world w;
	struct browser b, second;
	char access[OIDC_TOKEN_MAX + 1];

	world_begin(&w, &b);
	struct approved_code code = sign_in_to(&w, &b, &app, &offline);
	second = b;
	snprintf(access, sizeof(access), "%s", b.oidc.access_token);
	assert_int_equal(ask_userinfo(w.thread, &second, access), OIDC_OK);
	assert_int_equal(refresh(&w, &second, &app, b.oidc.refresh_token), OIDC_OK);
	clock_forward(MINUTES_US(30)); /* long after the code has expired */
	assert_int_equal(redeem(&w, &second, &app, code.z), OIDC_INVALID_GRANT);
	assert_int_equal(ask_userinfo(w.thread, &second, access), OIDC_INVALID_TOKEN);
	assert_int_equal(refresh(&w, &second, &app, b.oidc.refresh_token), OIDC_INVALID_GRANT);
	assert_int_equal(grants(&w), 0);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_access_tokens"), 0);
	assert_int_equal(audited(&w, "oidc.code-refused", "spent", &app), 1);
	world_end(&w);
}

/* The key is made without being used, so that no cache has it. */
static void
keys_make(struct world *w)
{
	CLEANUP(call_wipe) struct call call = { 0 };

	assert_int_equal(call_of_command(w->thread, &call), ERR_OK);
	assert_int_equal(signing_schedule_upkeep(&call), ERR_OK);
}

static void
a_key_that_cannot_sign_spends_no_code_or_refresh_token(void **state)
{
	struct world w;
	struct browser b;
	char token[OIDC_TOKEN_MAX + 1];

	world_begin(&w, &b);
	keys_make(&w);
	struct approved_code code = application_code(&w, &app, "alice", &offline);
	sql_run(&w, "UPDATE oidc_keys SET id = id + 1"); /* sealed for another row */
	redeem(&w, &b, &app, code.z);
	assert_verdict(b.verdict, VERDICT_UNAVAILABLE);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_codes WHERE used_at_us IS NOT NULL"), 0);
	assert_int_equal(redeem(&w, &b, &other, code.z), OIDC_INVALID_GRANT); /* a refusal needs no key */
	sql_run(&w, "UPDATE oidc_keys SET id = id - 1");
	assert_int_equal(redeem(&w, &b, &app, code.z), OIDC_OK);
	world_close(&w);
	world_open(&w);
	snprintf(token, sizeof(token), "%s", b.oidc.refresh_token);
	sql_run(&w, "UPDATE oidc_keys SET id = id + 1");
	refresh(&w, &b, &app, token);
	assert_verdict(b.verdict, VERDICT_UNAVAILABLE);
	assert_int_equal(sql_number(&w, "SELECT refresh_counter FROM oidc_grants"), 1);
	assert_int_equal(redeem(&w, &b, &app, code.z), OIDC_INVALID_GRANT); /* a second use ends the family */
	assert_int_equal(grants(&w), 0);
	world_end(&w);
}

static void
a_code_lasts_a_minute(void **state)
{
	struct world w;
	struct browser b;

	world_begin(&w, &b);
	struct approved_code code = application_code(&w, &app, "alice", NULL);
	clock_forward(SECONDS_US(61));
	assert_int_equal(redeem(&w, &b, &app, code.z), OIDC_INVALID_GRANT);
	assert_int_equal(redeem(&w, &b, &app, "dtc_unknown"), OIDC_INVALID_GRANT);
	world_end(&w);
}

static void
the_grant_type_is_checked_after_the_client(void **state)
{
	struct world w;
	struct browser b;
	struct oidc_token_body body = redeem_body(&app, "dtc_x");

	world_begin(&w, &b);
	body.grant = OIDC_GRANT_OTHER;
	assert_int_equal(ask_token(w.thread, &b, &body), OIDC_UNSUPPORTED_GRANT_TYPE);
	body.client_secret = STR("wrong");
	assert_int_equal(ask_token(w.thread, &b, &body), OIDC_INVALID_CLIENT);
	assert_int_equal(redeem(&w, &b, &app, ""), OIDC_INVALID_REQUEST);
	assert_int_equal(refresh(&w, &b, &app, ""), OIDC_INVALID_REQUEST);
	assert_int_equal(refresh(&w, &b, &plain, "dtr_x"), OIDC_UNAUTHORIZED_CLIENT);
	world_end(&w);
}

/* --- the end of tokens -------------------------------------------------------------------------------------------- */

/* Changes by an administrator, a person or time between two requests. */
static const struct ending {
	const char *why, *sql;
	bool offline_survives; /* the refresh token of offline_access */
	enum oidc_error error; /* of the token endpoint */
} endings[] = {
	{ "the account is disabled", "UPDATE accounts SET disabled_at_us = 1", false, OIDC_INVALID_GRANT },
	{ "the session is deleted", "DELETE FROM sessions", true, OIDC_INVALID_GRANT },
	{ "the session was idle for too long", "UPDATE sessions SET seen_at_us = 1", true, OIDC_INVALID_GRANT },
	{ "the session's factor is disabled", "UPDATE factors SET disabled_at_us = 1", true, OIDC_INVALID_GRANT },
	{ "the client is disabled", "UPDATE oidc_clients SET disabled_at_us = 1", false, OIDC_INVALID_CLIENT },
	{ "the account is deleted", "DELETE FROM accounts", false, OIDC_INVALID_GRANT },
	{ "the client is deleted", "DELETE FROM oidc_clients", false, OIDC_INVALID_CLIENT },
};

/* An SQLite connection enforces foreign keys only after the PRAGMA. */
static void
end_by(struct world *w, const struct ending *ending)
{
	char sql[160];

	unit_note("%s", ending->why);
	snprintf(sql, sizeof(sql), "%s%s", on_postgres() ? "" : "PRAGMA foreign_keys = ON; ", ending->sql);
	sql_run(w, sql);
}

static void
a_code_ends_with_its_session_account_and_client(void **state)
{
	for (size_t i = 0; i < COUNT(endings); i++) {
		struct world w;
		struct browser b;
		world_begin(&w, &b);
		struct approved_code code = application_code(&w, &app, "alice", &offline);
		end_by(&w, &endings[i]);
		assert_int_equal(redeem(&w, &b, &app, code.z), endings[i].error);
		world_end(&w);
	}
}

static void
an_access_token_ends_with_session_account_and_client(void **state)
{
	for (size_t i = 0; i < COUNT(endings); i++) {
		struct world w;
		struct browser b;
		world_begin(&w, &b);
		sign_in_to(&w, &b, &app, &offline);
		end_by(&w, &endings[i]);
		assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_INVALID_TOKEN);
		world_end(&w);
	}
}

static void
a_refresh_token_ends_with_session_account_or_client(void **state)
{
	for (size_t i = 0; i < COUNT(endings); i++) {
		struct world w;
		struct browser b, c;
		const struct ending *e = &endings[i];
		world_begin(&w, &b);
		sign_in_to(&w, &b, &app, &offline);
		c = b;
		sign_in_to(&w, &c, &bound, NULL);
		end_by(&w, e);
		assert_int_equal(refresh(&w, &c, &bound, c.oidc.refresh_token), e->error);
		assert_int_equal(refresh(&w, &b, &app, b.oidc.refresh_token), e->offline_survives ? OIDC_OK : e->error);
		world_end(&w);
	}
}

static void
an_access_token_expires(void **state)
{
	struct world w;
	struct browser b;

	world_begin(&w, &b);
	sql_run(&w, "UPDATE oidc_clients SET access_token_s = 600");
	sign_in_to(&w, &b, &app, NULL);
	assert_int_equal(b.oidc.expires_s, 600);
	clock_forward(SECONDS_US(300));
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_OK);
	clock_forward(SECONDS_US(300));
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_INVALID_TOKEN);
	world_end(&w);
}

static const struct {
	int64_t age_us, idle_us; /* of the session, at the exchange */
	bool remembered;
	int64_t rest_us; /* of the token */
	const char *why;
} rests[] = {
	{ 0, 0, false, MINUTES_US(60), "a new session" },
	{ MINUTES_US(45), MINUTES_US(45), false, MINUTES_US(15), "the idle timeout" },
	{ MINUTES_US(23 * 60 + 50), 0, false, MINUTES_US(10), "the lifetime" },
	{ DAYS_US(2), DAYS_US(2), true, MINUTES_US(60), "a remembered session has no idle timeout" },
	{ DAYS_US(30) - MINUTES_US(5), DAYS_US(1), true, MINUTES_US(5), "the end of a remembered session" },
};

static void
session_age(struct world *w, size_t i)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		 "UPDATE sessions SET created_at_us = %" PRId64 ", seen_at_us = %" PRId64 ", remembered = %d",
		 clock_us() - rests[i].age_us, clock_us() - rests[i].idle_us, rests[i].remembered);
	sql_run(w, sql);
}

/* The clock of the tests runs. */
static void
seconds_are_about(int64_t seconds, int64_t rest_us)
{
	assert_in_range(seconds, rest_us / SECONDS_US(1) - 120, rest_us / SECONDS_US(1));
}

/* The newest answer and introspection name this end of the access token. */
static void
token_ends_after(struct world *w, struct browser *b, const struct application *a, int64_t rest_us)
{
	const struct oidc_inspect_body body = inspect_body(a, b->oidc.access_token);
	struct browser c = *b;
	const char *end;

	seconds_are_about(b->oidc.expires_s, rest_us);
	assert_int_equal(ask_inspect(w->thread, &c, QUESTION_OIDC_INTROSPECT, &body), OIDC_OK);
	end = strstr(c.oidc.json, "\"exp\":");
	assert_non_null(end);
	seconds_are_about(atoll(end + strlen("\"exp\":")) - clock_us() / SECONDS_US(1), rest_us);
}

static void
an_access_token_ends_with_its_session(void **state)
{
	struct world w;
	struct browser b;

	world_begin(&w, &b);
	for (size_t i = 0; i < COUNT(rests); i++) {
		unit_note("%s", rests[i].why);
		session_age(&w, i);
		sign_in_to(&w, &b, &bound, NULL);
		token_ends_after(&w, &b, &bound, rests[i].rest_us);
		assert_int_equal(refresh(&w, &b, &bound, b.oidc.refresh_token), OIDC_OK);
		token_ends_after(&w, &b, &bound, rests[i].rest_us);
		sign_in_to(&w, &b, &app, &offline); /* the code belongs to the session, the refresh token does not */
		token_ends_after(&w, &b, &app, rests[i].rest_us);
		assert_int_equal(refresh(&w, &b, &app, b.oidc.refresh_token), OIDC_OK);
		token_ends_after(&w, &b, &app, MINUTES_US(60));
	}
	world_end(&w);
}

static void
a_promised_lifetime_is_at_least_a_second(void **state)
{
	const struct oidc_client client = { .access_token_s = 600 };
	const struct call call = { .now_us = SECONDS_US(1000) };

	assert_int_equal(issue_expires_s(&call, &client, INT64_MAX), 600);
	assert_int_equal(issue_expires_s(&call, &client, SECONDS_US(1600)), 600);
	assert_int_equal(issue_expires_s(&call, &client, SECONDS_US(1600) - 1), 599);
	assert_int_equal(issue_expires_s(&call, &client, SECONDS_US(1000) + 1), 1);
}

/* The idle timeout begins anew when the user opens a page. */
static void
an_active_user_prolongs_an_access_token(void **state)
{
	struct world w;
	struct browser b;

	world_begin(&w, &b);
	session_age(&w, 1);
	sign_in_to(&w, &b, &app, NULL);
	seconds_are_about(b.oidc.expires_s, MINUTES_US(15));
	assert_verdict(ask(&w, &b, QUESTION_SESSION, NULL), VERDICT_PASSED);
	clock_forward(MINUTES_US(50));
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_OK);
	world_end(&w);
}

/* The gate, too, counts a session that verified the password only. */
static void
a_session_with_the_password_alone_keeps_its_tokens(void **state)
{
	struct world w;
	struct browser b;

	world_begin(&w, &b);
	sign_in_to(&w, &b, &app, NULL);
	sql_run(&w, "UPDATE sessions SET factor_at_us = 0, factor_id = NULL");
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_OK);
	world_end(&w);
}

/* --- refresh tokens ----------------------------------------------------------------------------------------------- */

static void
each_refresh_makes_the_next_token(void **state)
{
	struct world w;
	struct browser b;
	char first[OIDC_TOKEN_MAX + 1], second[OIDC_TOKEN_MAX + 1], access[OIDC_TOKEN_MAX + 1];

	world_begin(&w, &b);
	sign_in_to(&w, &b, &app, &offline);
	assert_memory_equal(b.oidc.refresh_token, "dtr_", 4);
	snprintf(first, sizeof(first), "%s", b.oidc.refresh_token);
	snprintf(access, sizeof(access), "%s", b.oidc.access_token);
	clock_forward(MINUTES_US(50));
	assert_int_equal(refresh(&w, &b, &app, first), OIDC_OK);
	snprintf(second, sizeof(second), "%s", b.oidc.refresh_token);
	assert_string_not_equal(second, first);
	assert_string_not_equal(b.oidc.access_token, access);
	assert_string_equal(b.oidc.scopes, "openid profile email groups offline_access");
	assert_has(id_claims(&b), "\"sid\":\"a-sid\"");
	assert_has(id_claims(&b), "\"auth_time\":1000000000,");
	assert_lacks(id_claims(&b), "nonce");
	clock_forward(MINUTES_US(50));
	sql_run(&w, "UPDATE accounts SET group_names = 'guests'");
	assert_int_equal(refresh(&w, &b, &app, second), OIDC_OK);
	assert_has(id_claims(&b), "\"groups\":[\"guests\"]");
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_OK);
	world_end(&w);
}

static void
a_repeated_refresh_gets_the_same_successor_for_a_minute(void **state)
{
	struct world w;
	struct browser b, c;
	char first[OIDC_TOKEN_MAX + 1];

	world_begin(&w, &b);
	sign_in_to(&w, &b, &app, &offline);
	snprintf(first, sizeof(first), "%s", b.oidc.refresh_token);
	assert_int_equal(refresh(&w, &b, &app, first), OIDC_OK);
	c = b;
	clock_forward(SECONDS_US(30));
	assert_int_equal(refresh(&w, &c, &app, first), OIDC_OK);
	assert_string_equal(c.oidc.refresh_token, b.oidc.refresh_token);
	assert_string_not_equal(c.oidc.access_token, b.oidc.access_token);
	assert_int_equal(ask_userinfo(w.thread, &c, b.oidc.access_token), OIDC_OK);
	clock_forward(SECONDS_US(31));
	assert_int_equal(refresh(&w, &c, &app, first), OIDC_INVALID_GRANT);
	assert_int_equal(audited(&w, "oidc.refresh-refused", "spent", &app), 1);
	assert_int_equal(refresh(&w, &c, &app, b.oidc.refresh_token), OIDC_INVALID_GRANT);
	assert_int_equal(ask_userinfo(w.thread, &c, b.oidc.access_token), OIDC_INVALID_TOKEN);
	assert_int_equal(grants(&w), 0);
	world_end(&w);
}

static void
an_older_refresh_token_ends_the_family_at_once(void **state)
{
	struct world w;
	struct browser b;
	char first[OIDC_TOKEN_MAX + 1];

	world_begin(&w, &b);
	sign_in_to(&w, &b, &app, &offline);
	snprintf(first, sizeof(first), "%s", b.oidc.refresh_token);
	assert_int_equal(refresh(&w, &b, &app, first), OIDC_OK);
	assert_int_equal(refresh(&w, &b, &app, b.oidc.refresh_token), OIDC_OK);
	assert_int_equal(refresh(&w, &b, &app, first), OIDC_INVALID_GRANT);
	assert_int_equal(grants(&w), 0);
	world_end(&w);
}

static void
another_client_does_not_end_the_family(void **state)
{
	struct world w;
	struct browser b, c;

	world_begin(&w, &b);
	sign_in_to(&w, &b, &app, &offline);
	c = b;
	assert_int_equal(refresh(&w, &c, &other, b.oidc.refresh_token), OIDC_INVALID_GRANT);
	assert_int_equal(audited(&w, "oidc.refresh-refused", "other client", &other), 1);
	assert_int_equal(refresh(&w, &c, &app, b.oidc.refresh_token), OIDC_OK);
	world_end(&w);
}

static void
a_token_that_was_never_given_ends_nothing(void **state)
{
	struct world w;
	struct browser b, c;
	char forged[OIDC_TOKEN_MAX + 1];

	world_begin(&w, &b);
	sign_in_to(&w, &b, &app, &offline);
	c = b;
	snprintf(forged, sizeof(forged), "%s", b.oidc.refresh_token);
	forged[4 + 13] = 'z'; /* a bit of the counter: a token far newer than the newest one */
	assert_int_equal(refresh(&w, &c, &app, forged), OIDC_INVALID_GRANT);
	snprintf(forged, sizeof(forged), "%s", b.oidc.refresh_token);
	forged[10] = forged[10] == 'A' ? 'B' : 'A'; /* another grant */
	assert_int_equal(refresh(&w, &c, &app, forged), OIDC_INVALID_GRANT);
	assert_int_equal(refresh(&w, &c, &app, "dtr_short"), OIDC_INVALID_GRANT);
	assert_int_equal(refresh(&w, &c, &app, b.oidc.access_token), OIDC_INVALID_GRANT);
	assert_int_equal(refresh(&w, &c, &app, b.oidc.refresh_token), OIDC_OK);
	world_end(&w);
}

static void
a_fixed_refresh_token_is_not_replaced(void **state)
{
	struct world w;
	struct browser b, c, of_public;

	world_begin(&w, &b);
	of_public = b;
	sign_in_to(&w, &of_public, &public_app, &offline); /* a public client has no secret, so its token changes */
	c = of_public;
	assert_int_equal(refresh(&w, &c, &public_app, of_public.oidc.refresh_token), OIDC_OK);
	assert_string_not_equal(c.oidc.refresh_token, of_public.oidc.refresh_token);
	sign_in_to(&w, &b, &fixed, &offline);
	c = b;
	for (int i = 0; i < 4; i++) {
		clock_forward(DAYS_US(20)); /* each use begins another 30 days */
		assert_int_equal(refresh(&w, &c, &fixed, b.oidc.refresh_token), OIDC_OK);
		assert_string_equal(c.oidc.refresh_token, b.oidc.refresh_token);
	}
	world_end(&w);
}

static void
a_refresh_token_lasts_30_days_unused_and_90_in_all(void **state)
{
	struct world w;
	struct browser b;

	world_begin(&w, &b);
	sign_in_to(&w, &b, &app, &offline);
	clock_forward(DAYS_US(30));
	assert_int_equal(refresh(&w, &b, &app, b.oidc.refresh_token), OIDC_INVALID_GRANT);
	world_end(&w);
	world_begin(&w, &b);
	sign_in_to(&w, &b, &app, &offline);
	for (int day = 0; day < 81; day += 27) {
		clock_forward(DAYS_US(27));
		assert_int_equal(refresh(&w, &b, &app, b.oidc.refresh_token), OIDC_OK);
	}
	clock_forward(DAYS_US(9) - MINUTES_US(10));
	assert_int_equal(refresh(&w, &b, &app, b.oidc.refresh_token), OIDC_OK);
	clock_forward(MINUTES_US(20));
	assert_int_equal(refresh(&w, &b, &app, b.oidc.refresh_token), OIDC_INVALID_GRANT);
	world_end(&w);
}

static void
scopes_may_be_narrowed(void **state)
{
	struct world w;
	struct browser b;
	struct oidc_token_body body;
	char token[OIDC_TOKEN_MAX + 1];

	world_begin(&w, &b);
	sign_in_to(&w, &b, &app, &offline);
	snprintf(token, sizeof(token), "%s", b.oidc.refresh_token);
	body = refresh_body(&app, token);
	body.scopes = STR("openid email unknown");
	assert_int_equal(ask_token(w.thread, &b, &body), OIDC_OK);
	assert_string_equal(b.oidc.scopes, "openid email");
	assert_has(id_claims(&b), "\"email\"");
	assert_lacks(id_claims(&b), "\"groups\"");
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_OK);
	assert_lacks(b.oidc.json, "\"groups\"");
	body.scopes = STR("email");
	assert_int_equal(ask_token(w.thread, &b, &body), OIDC_OK);
	assert_string_equal(b.oidc.id_token, "");
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_INSUFFICIENT_SCOPE);
	body.scopes = STR("unknown");
	assert_int_equal(ask_token(w.thread, &b, &body), OIDC_INVALID_SCOPE);
	body.scopes = STR("");
	assert_int_equal(ask_token(w.thread, &b, &body), OIDC_OK);
	assert_string_equal(b.oidc.scopes, "openid profile email groups offline_access");
	world_end(&w);
}

static void
scopes_that_the_client_lost_are_not_given(void **state)
{
	struct world w;
	struct browser b;

	world_begin(&w, &b);
	sign_in_to(&w, &b, &app, &offline);
	sql_run(&w, "UPDATE oidc_clients SET scopes = 'openid profile offline_access'");
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_OK);
	assert_lacks(b.oidc.json, "\"email\"");
	assert_int_equal(refresh(&w, &b, &app, b.oidc.refresh_token), OIDC_OK);
	assert_string_equal(b.oidc.scopes, "openid profile offline_access");
	sql_run(&w, "UPDATE oidc_clients SET scopes = 'openid profile', refresh_session = 1");
	assert_int_equal(refresh(&w, &b, &app, b.oidc.refresh_token), OIDC_INVALID_GRANT);
	world_end(&w);
}

/* --- claims ------------------------------------------------------------------------------------------------------- */

static void
a_minimal_id_token_leaves_the_claims_to_userinfo(void **state)
{
	struct world w;
	struct browser b;

	world_begin(&w, &b);
	sign_in_to(&w, &b, &bound, NULL);
	assert_lacks(id_claims(&b), "\"email\"");
	assert_lacks(id_claims(&b), "\"name\"");
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_OK);
	assert_has(b.oidc.json, "\"email\"");
	sign_in_to(&w, &b, &bound,
		   &(struct approved){ .claims = "{\"id_token\":{\"email\":null},\"userinfo\":{\"groups\":null}}" });
	assert_has(id_claims(&b), "\"email\":\"alice@example.org\"");
	assert_lacks(id_claims(&b), "\"groups\"");
	world_end(&w);
}

/* The person allowed the scopes, and nothing else. */
static void
a_named_claim_needs_its_scope_or_a_client_without_consent(void **state)
{
	static const struct approved named = { .scopes = "openid",
					       .claims = "{\"userinfo\":{\"email\":{\"essential\":true}}}" };
	struct world w;
	struct browser b;

	world_begin(&w, &b);
	sign_in_to(&w, &b, &app, &named);
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_OK);
	assert_lacks(b.oidc.json, "email");
	sql_run(&w, "UPDATE oidc_clients SET consent = 'never'");
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_OK);
	assert_has(b.oidc.json, "\"email\":\"alice@example.org\"");
	assert_lacks(b.oidc.json, "\"groups\"");
	sql_run(&w, "UPDATE oidc_clients SET scopes = 'openid profile'");
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_OK);
	assert_lacks(b.oidc.json, "email");
	world_end(&w);
}

/* Parsers differ in which of two equal members they take, and the user can choose the parameter `claims`. */
static void
a_named_claim_and_a_rule_give_groups_once(void **state)
{
	static const struct approved named = { .scopes = "openid",
					       .claims =
						   "{\"id_token\":{\"groups\":null},\"userinfo\":{\"groups\":null}}" };
	struct world w;
	struct browser b;

	world_begin(&w, &b);
	sql_run(&w, "UPDATE oidc_clients SET consent = 'never', claims = 'groups = [\"guests\"] always'");
	sign_in_to(&w, &b, &app, &named);
	assert_has(id_claims(&b), "\"groups\":[\"admins\",\"staff\"]");
	assert_lacks(id_claims(&b), "guests");
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_OK);
	assert_lacks(b.oidc.json, "guests");
	world_end(&w);
}

/* The longest rules, groups, names and nonce that are accepted. */
static void
the_longest_claims_fit_into_a_token(void **state)
{
	enum { GROUPS = 50, NAME = 19, FILLER = 2000 };
	static char groups[GROUPS * (NAME + 1) + 1], filler[FILLER + 1], sql[16 * 1024], nonce[OIDC_NONCE_MAX + 1];
	const struct approved longest = { .nonce = nonce };
	struct world w;
	struct browser b;
	int n;

	for (size_t i = 0; i < GROUPS; i++)
		snprintf(groups + i * (NAME + 1), NAME + 2, "%cx%c%.16s,", 'a' + (int)i / 26, 'a' + (int)i % 26,
			 "xxxxxxxxxxxxxxxx");
	groups[GROUPS * (NAME + 1) - 1] = '\0';
	memset(filler, '"' + 1, FILLER);
	memset(nonce, '"', OIDC_NONCE_MAX);
	world_begin(&w, &b);
	n = snprintf(sql, sizeof(sql),
		     "UPDATE accounts SET group_names = '%s'; UPDATE oidc_clients SET claims = 'g1 = groups always\n"
		     "g2 = groups always\na = \"%s\" always\nb = \"%s\" always\nc = \"%.1900s\" always'",
		     groups, filler, filler, filler);
	assert_true(n > 0 && (size_t)n < sizeof(sql));
	sql_run(&w, sql);
	sign_in_to(&w, &b, &app, &longest);
	assert_true(strlen(b.oidc.id_token) > 13000);
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_OK);
	assert_true(strlen(b.oidc.json) > 9000);
	world_end(&w);
}

static void
absent_data_leaves_its_claims_out(void **state)
{
	struct world w;
	struct browser b;

	world_begin(&w, &b);
	sql_run(&w, "UPDATE accounts SET email = '', group_names = ''");
	sign_in_to(&w, &b, &app, NULL);
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_OK);
	assert_lacks(b.oidc.json, "email");
	assert_lacks(b.oidc.json, "locale");
	assert_has(b.oidc.json, "\"name\":\"alice\"");
	assert_has(b.oidc.json, "\"groups\":[]");
	world_end(&w);
}

static void
an_account_without_a_subject_gets_one_that_stays(void **state)
{
	struct world w;
	struct browser b;
	static char first[OIDC_JWT_MAX + 1];

	world_begin(&w, &b);
	sql_run(&w, "UPDATE accounts SET subject = ''");
	sign_in_to(&w, &b, &app, NULL);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM accounts WHERE length(subject) = 36 "
					"AND substr(subject, 15, 1) = '4'"),
			 1);
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_OK);
	snprintf(first, sizeof(first), "%s", b.oidc.json);
	sign_in_to(&w, &b, &other, NULL);
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_OK);
	assert_string_equal(b.oidc.json, first);
	world_end(&w);
}

static void
a_change_of_a_claim_sets_updated_at(void **state)
{
	struct world w;
	struct browser b;
	const struct profile_body profile = { .display_name = STR("Alice") };

	world_begin(&w, &b);
	sql_run(&w, "UPDATE accounts SET updated_at_us = 0, created_at_us = 1000000");
	sign_in_to(&w, &b, &app, NULL);
	assert_has(id_claims(&b), "\"updated_at\":1,");
	assert_verdict(ask(&w, &b, QUESTION_PROFILE, &profile), VERDICT_PASSED);
	sign_in_to(&w, &b, &app, NULL);
	assert_lacks(id_claims(&b), "\"updated_at\":1,");
	world_end(&w);
}

/* --- introspection and revocation --------------------------------------------------------------------------------- */

static enum oidc_error
inspect(struct world *w, struct browser *b, enum question_id id, const struct application *a, const char *token)
{
	const struct oidc_inspect_body body = inspect_body(a, token);

	return ask_inspect(w->thread, b, id, &body);
}

static void
introspection_describes_a_clients_own_tokens_only(void **state)
{
	struct world w;
	struct browser b, c;

	world_begin(&w, &b);
	sql_run(&w, "UPDATE accounts SET subject = 'b7d1ab3c-6a0b-4c8e-9f5e-2b1b6b2f7c11'");
	sign_in_to(&w, &b, &app, &offline);
	c = b;
	assert_int_equal(inspect(&w, &c, QUESTION_OIDC_INTROSPECT, &app, b.oidc.access_token), OIDC_OK);
	assert_has(c.oidc.json, "{\"active\":true,\"scope\":\"openid profile email groups offline_access\","
				"\"client_id\":\"app\",\"username\":\"alice\",");
	assert_has(c.oidc.json, "\"sub\":\"b7d1ab3c-6a0b-4c8e-9f5e-2b1b6b2f7c11\",\"aud\":\"app\",\"iss\":\"");
	assert_has(c.oidc.json, "\"email\":\"alice@example.org\",\"exp\":");
	assert_has(c.oidc.json, "\"iat\":");
	assert_has(c.oidc.json, "\"token_type\":\"Bearer\"}");
	assert_int_equal(inspect(&w, &c, QUESTION_OIDC_INTROSPECT, &other, b.oidc.access_token), OIDC_OK);
	assert_string_equal(c.oidc.json, "{\"active\":false}");
	assert_int_equal(inspect(&w, &c, QUESTION_OIDC_INTROSPECT, &app, "dta_unknown"), OIDC_OK);
	assert_string_equal(c.oidc.json, "{\"active\":false}");
	assert_int_equal(inspect(&w, &c, QUESTION_OIDC_INTROSPECT, &public_app, "dta_x"), OIDC_INVALID_CLIENT);
	for (size_t i = 0; i < COUNT(endings); i++)
		if (endings[i].error == OIDC_INVALID_GRANT && strncmp(endings[i].sql, "UPDATE accounts", 15) == 0)
			end_by(&w, &endings[i]);
	assert_int_equal(inspect(&w, &c, QUESTION_OIDC_INTROSPECT, &app, b.oidc.access_token), OIDC_OK);
	assert_string_equal(c.oidc.json, "{\"active\":false}");
	assert_int_equal(inspect(&w, &c, QUESTION_OIDC_INTROSPECT, &app, b.oidc.refresh_token), OIDC_OK);
	assert_string_equal(c.oidc.json, "{\"active\":false}");
	world_end(&w);
}

/* As after a downgrade below migration 0011, which removes all subjects, and an upgrade. */
static void
no_token_is_valid_until_the_account_has_a_subject_again(void **state)
{
	struct world w;
	struct browser b, c;

	world_begin(&w, &b);
	sign_in_to(&w, &b, &app, &offline);
	c = b;
	assert_int_equal(ask_userinfo(w.thread, &c, b.oidc.access_token), OIDC_OK);
	sql_run(&w, "UPDATE accounts SET subject = ''");
	assert_int_equal(ask_userinfo(w.thread, &c, b.oidc.access_token), OIDC_INVALID_TOKEN);
	assert_int_equal(inspect(&w, &c, QUESTION_OIDC_INTROSPECT, &app, b.oidc.access_token), OIDC_OK);
	assert_string_equal(c.oidc.json, "{\"active\":false}");
	assert_int_equal(refresh(&w, &b, &app, b.oidc.refresh_token), OIDC_OK);
	assert_int_equal(ask_userinfo(w.thread, &c, b.oidc.access_token), OIDC_OK);
	assert_lacks(c.oidc.json, "\"sub\":\"\"");
	world_end(&w);
}

static void
a_refresh_token_is_active_only_where_it_is_expected(void **state)
{
	struct world w;
	struct browser b, c;

	world_begin(&w, &b);
	sign_in_to(&w, &b, &app, &offline);
	c = b;
	assert_int_equal(inspect(&w, &c, QUESTION_OIDC_INTROSPECT, &app, b.oidc.refresh_token), OIDC_OK);
	assert_string_equal(c.oidc.json, "{\"active\":false}");
	struct oidc_inspect_body body = inspect_body(&app, b.oidc.refresh_token);
	body.refresh_hint = 1;
	assert_int_equal(ask_inspect(w.thread, &c, QUESTION_OIDC_INTROSPECT, &body), OIDC_OK);
	assert_has(c.oidc.json, "\"active\":true");
	assert_lacks(c.oidc.json, "token_type");
	body = inspect_body(&app, b.oidc.access_token);
	body.refresh_hint = 1;
	assert_int_equal(ask_inspect(w.thread, &c, QUESTION_OIDC_INTROSPECT, &body), OIDC_OK);
	assert_has(c.oidc.json, "\"token_type\":\"Bearer\"}"); /* RFC 7662 s2.1: a wrong hint changes nothing */
	body = inspect_body(&other, b.oidc.refresh_token);
	body.refresh_hint = 1;
	assert_int_equal(ask_inspect(w.thread, &c, QUESTION_OIDC_INTROSPECT, &body), OIDC_OK);
	assert_string_equal(c.oidc.json, "{\"active\":false}");
	world_end(&w);
}

static void
a_revoked_access_token_ends_alone(void **state)
{
	struct world w;
	struct browser b, c;

	world_begin(&w, &b);
	sign_in_to(&w, &b, &app, &offline);
	c = b;
	assert_int_equal(inspect(&w, &c, QUESTION_OIDC_REVOKE, &other, b.oidc.access_token), OIDC_OK);
	assert_int_equal(ask_userinfo(w.thread, &c, b.oidc.access_token), OIDC_OK);
	assert_int_equal(inspect(&w, &c, QUESTION_OIDC_REVOKE, &app, b.oidc.access_token), OIDC_OK);
	assert_int_equal(ask_userinfo(w.thread, &c, b.oidc.access_token), OIDC_INVALID_TOKEN);
	assert_int_equal(inspect(&w, &c, QUESTION_OIDC_REVOKE, &app, b.oidc.access_token), OIDC_OK);
	assert_int_equal(inspect(&w, &c, QUESTION_OIDC_REVOKE, &app, "unknown"), OIDC_OK);
	assert_int_equal(refresh(&w, &c, &app, b.oidc.refresh_token), OIDC_OK);
	world_end(&w);
}

static void
a_revoked_refresh_token_ends_its_family(void **state)
{
	struct world w;
	struct browser b, c;

	world_begin(&w, &b);
	sign_in_to(&w, &b, &app, &offline);
	c = b;
	assert_int_equal(inspect(&w, &c, QUESTION_OIDC_REVOKE, &other, b.oidc.refresh_token), OIDC_OK);
	assert_int_equal(grants(&w), 1);
	assert_int_equal(inspect(&w, &c, QUESTION_OIDC_REVOKE, &app, b.oidc.refresh_token), OIDC_OK);
	assert_int_equal(grants(&w), 0);
	assert_int_equal(audited(&w, "oidc.revoked", "asked", &app), 1);
	assert_int_equal(ask_userinfo(w.thread, &c, b.oidc.access_token), OIDC_INVALID_TOKEN);
	sign_in_to(&w, &b, &public_app, &offline); /* a public client may give back its tokens */
	assert_int_equal(inspect(&w, &c, QUESTION_OIDC_REVOKE, &public_app, b.oidc.refresh_token), OIDC_OK);
	assert_int_equal(grants(&w), 0);
	world_end(&w);
}

static void
a_grant_keeps_its_newest_access_tokens_only(void **state)
{
	struct world w;
	struct browser b;

	world_begin(&w, &b);
	sign_in_to(&w, &b, &fixed, &offline);
	for (int i = 0; i < 140; i++) {
		clock_forward(1);
		assert_int_equal(refresh(&w, &b, &fixed, b.oidc.refresh_token), OIDC_OK);
	}
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_access_tokens"), 128);
	assert_int_equal(ask_userinfo(w.thread, &b, b.oidc.access_token), OIDC_OK);
	world_end(&w);
}

/* --- metrics ------------------------------------------------------------------------------------------------------ */

static int64_t
counted(enum metric_series series, const struct metric_values *before)
{
	struct metric_values now;

	keeper_counts(&now);
	return now.of[series] - before->of[series];
}

static void
answers_are_counted_by_grant_and_outcome(void **state)
{
	struct world w;
	struct browser b;
	struct metric_values before;
	struct oidc_token_body odd = redeem_body(&app, "");
	char first[OIDC_TOKEN_MAX + 1];

	world_begin(&w, &b);
	keeper_counts(&before);
	struct approved_code code = sign_in_to(&w, &b, &app, &offline);
	snprintf(first, sizeof(first), "%s", b.oidc.refresh_token);
	assert_int_equal(redeem(&w, &b, &app, "dtc_unknown"), OIDC_INVALID_GRANT);
	assert_int_equal(refresh(&w, &b, &app, first), OIDC_OK);
	assert_int_equal(refresh(&w, &b, &app, "dtr_unknown"), OIDC_INVALID_GRANT);
	clock_forward(MINUTES_US(2));
	assert_int_equal(refresh(&w, &b, &app, first), OIDC_INVALID_GRANT);
	code = sign_in_to(&w, &b, &app, NULL);
	assert_int_equal(redeem(&w, &b, &app, code.z), OIDC_INVALID_GRANT);
	odd.grant = OIDC_GRANT_OTHER;
	assert_int_equal(ask_token(w.thread, &b, &odd), OIDC_UNSUPPORTED_GRANT_TYPE);
	odd.client_secret = STR("wrong");
	assert_int_equal(ask_token(w.thread, &b, &odd), OIDC_INVALID_CLIENT);
	assert_int_equal(counted(SERIES_OIDC_CODE_ISSUED, &before), 2);
	assert_int_equal(counted(SERIES_OIDC_CODE_REFUSED, &before), 1);
	assert_int_equal(counted(SERIES_OIDC_CODE_REUSED, &before), 1);
	assert_int_equal(counted(SERIES_OIDC_REFRESH_ISSUED, &before), 1);
	assert_int_equal(counted(SERIES_OIDC_REFRESH_REFUSED, &before), 1);
	assert_int_equal(counted(SERIES_OIDC_REFRESH_REUSED, &before), 1);
	assert_int_equal(counted(SERIES_OIDC_OTHER_REFUSED, &before), 1);
	assert_int_equal(counted(SERIES_OIDC_CODE_FAILED, &before), 0);
	assert_int_equal(counted(SERIES_OIDC_CLIENT_SECRET, &before), 1);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_gives_an_access_token_and_an_id_token),
		cmocka_unit_test(a_wrong_attempt_of_the_own_client_ends_the_code),
		cmocka_unit_test(another_client_does_not_spend_the_code),
		cmocka_unit_test(attempts_with_tokens_of_another_client_are_limited),
		cmocka_unit_test(a_client_that_is_refused_keeps_its_code),
		cmocka_unit_test(a_second_use_of_a_code_ends_all_tokens),
		cmocka_unit_test(a_key_that_cannot_sign_spends_no_code_or_refresh_token),
		cmocka_unit_test(a_code_lasts_a_minute),
		cmocka_unit_test(the_grant_type_is_checked_after_the_client),
		cmocka_unit_test(a_code_ends_with_its_session_account_and_client),
		cmocka_unit_test(an_access_token_ends_with_session_account_and_client),
		cmocka_unit_test(a_refresh_token_ends_with_session_account_or_client),
		cmocka_unit_test(an_access_token_expires),
		cmocka_unit_test(an_access_token_ends_with_its_session),
		cmocka_unit_test(a_promised_lifetime_is_at_least_a_second),
		cmocka_unit_test(an_active_user_prolongs_an_access_token),
		cmocka_unit_test(a_session_with_the_password_alone_keeps_its_tokens),
		cmocka_unit_test(each_refresh_makes_the_next_token),
		cmocka_unit_test(a_repeated_refresh_gets_the_same_successor_for_a_minute),
		cmocka_unit_test(an_older_refresh_token_ends_the_family_at_once),
		cmocka_unit_test(another_client_does_not_end_the_family),
		cmocka_unit_test(a_token_that_was_never_given_ends_nothing),
		cmocka_unit_test(a_fixed_refresh_token_is_not_replaced),
		cmocka_unit_test(a_refresh_token_lasts_30_days_unused_and_90_in_all),
		cmocka_unit_test(scopes_may_be_narrowed),
		cmocka_unit_test(scopes_that_the_client_lost_are_not_given),
		cmocka_unit_test(a_minimal_id_token_leaves_the_claims_to_userinfo),
		cmocka_unit_test(a_named_claim_needs_its_scope_or_a_client_without_consent),
		cmocka_unit_test(a_named_claim_and_a_rule_give_groups_once),
		cmocka_unit_test(the_longest_claims_fit_into_a_token),
		cmocka_unit_test(absent_data_leaves_its_claims_out),
		cmocka_unit_test(an_account_without_a_subject_gets_one_that_stays),
		cmocka_unit_test(a_change_of_a_claim_sets_updated_at),
		cmocka_unit_test(introspection_describes_a_clients_own_tokens_only),
		cmocka_unit_test(no_token_is_valid_until_the_account_has_a_subject_again),
		cmocka_unit_test(a_refresh_token_is_active_only_where_it_is_expected),
		cmocka_unit_test(a_revoked_access_token_ends_alone),
		cmocka_unit_test(a_revoked_refresh_token_ends_its_family),
		cmocka_unit_test(a_grant_keeps_its_newest_access_tokens_only),
		cmocka_unit_test(answers_are_counted_by_grant_and_outcome),
	};

	return cmocka_run_group_tests_name("tokens", tests, harness_setup, harness_teardown);
}
