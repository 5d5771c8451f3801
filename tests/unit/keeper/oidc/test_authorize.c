/* Authorization requests, asked as web asks: pages, errors by redirect, seals, consent, proofs, rules, codes. */
#include "keeper/authenticator.h"

#include "access/access.h"
#include "base/digest.h"
#include "keeper/account/admin.h"
#include "keeper/oidc/grants.h"
#include "keeper/oidc/seal.h"

#include <stdio.h>
#include <unistd.h>

#define CALLBACK "https://wiki.example.org/callback"
#define START "client_id=wiki&redirect_uri=https%3A%2F%2Fwiki.example.org%2Fcallback"
#define CHALLENGE "&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define GOOD START "&response_type=code&scope=openid%20email&state=xyz" CHALLENGE
#define ISSUER "https://login.example.org"
#define ISS "iss=https%3A%2F%2Flogin.example.org"

/* --- a keeper with a client --------------------------------------------------------------------------------------- */

static void
client_add(struct world *w)
{
	sql_run(w, "INSERT INTO oidc_clients (id, client_id, name, redirect_uris, scopes, consent, created_at_us) VALUES "
		   "(7, 'wiki', 'Our wiki', '" CALLBACK "', 'openid profile email groups offline_access', 'never', 1)");
}

static void
rules_write(struct world *w, const char *text)
{
	struct why why = { "" };
	FILE *file;

	snprintf(w->config.access_rules, sizeof(w->config.access_rules), "%s/access.conf", w->dir);
	file = fopen(w->config.access_rules, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	if (keeper_rules_read(w->keeper, &why) != ERR_OK)
		fail_msg("%s", why.text);
}

static void
provider_new(struct world *w)
{
	world_make(w);
	snprintf(w->config.public_url, sizeof(w->config.public_url), ISSUER);
	w->config.public_https = true;
	world_open(w);
	client_add(w);
}

static void
provider_end(struct world *w)
{
	if (w->config.access_rules[0] != '\0')
		unlink(w->config.access_rules);
	world_end(w);
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

/* The last step that the keeper answered. */
static struct {
	struct buf raw;
	struct oidc_step_body step;
	char seal[OIDC_SEAL_MAX + 1];
} last = { .raw = BUF(WIRE_MAX_BYTES) };

static enum oidc_outcome
step_of(struct world *w, struct browser *b, enum question_id id, const void *body)
{
	struct answer_head head;
	enum verdict verdict;
	str answer;

	b->raw = &last.raw;
	verdict = ask(w, b, id, body);
	b->raw = NULL;
	answer = buf_str(&last.raw);
	last.step = (struct oidc_step_body){ 0 };
	assert_verdict(verdict, VERDICT_PASSED);
	assert_int_equal(wire_get(&answer, &wire_answer_head, &head), ERR_OK);
	assert_int_equal(wire_get(&answer, wire_questions[id].answer, &last.step), ERR_OK);
	assert_int_equal(str_copy_z(last.step.seal, last.seal, sizeof(last.seal)), ERR_OK);
	return (enum oidc_outcome)last.step.outcome;
}

static enum oidc_outcome
check(struct world *w, struct browser *b, const char *parameters, const char *seal)
{
	const struct oidc_request_body body = { .parameters = str_of(parameters), .seal = str_of(seal) };

	return step_of(w, b, QUESTION_OIDC_CHECK, &body);
}

static enum oidc_outcome
grant(struct world *w, struct browser *b, const char *parameters, const char *seal, enum oidc_decision decision)
{
	const struct oidc_decision_body body = { .parameters = str_of(parameters),
						 .seal = str_of(seal),
						 .decision = decision };

	return step_of(w, b, QUESTION_OIDC_GRANT, &body);
}

static enum oidc_outcome
confirm(struct world *w, struct browser *b, const char *parameters, const char *seal, const char *password)
{
	const struct oidc_confirm_body body = { .parameters = str_of(parameters),
						.seal = str_of(seal),
						.current = str_of(password) };

	return step_of(w, b, QUESTION_OIDC_CONFIRM, &body);
}

static bool
text_is(str text, const char *wanted)
{
	return str_equal(text, str_of(wanted));
}

#define assert_text(text, wanted)                                                                                      \
	do {                                                                                                           \
		if (!text_is(text, wanted))                                                                            \
			fail_msg("%.*s instead of %s", STR_ARG(text), wanted);                                         \
	} while (0)

/* Does the response carry this error, with state and issuer? */
static bool
error_is(const char *name)
{
	char begin[128];

	snprintf(begin, sizeof(begin), "error=%s&error_description=", name);
	return last.step.outcome == OIDC_REDIRECT && str_starts(last.step.response, str_of(begin)) &&
	       str_ends(last.step.response, STR("&state=xyz&" ISS)) && text_is(last.step.redirect_uri, CALLBACK);
}

#define assert_error(name)                                                                                             \
	do {                                                                                                           \
		if (!error_is(name))                                                                                   \
			fail_msg("outcome %u, %.*s instead of %s", last.step.outcome, STR_ARG(last.step.response),     \
				 name);                                                                                \
	} while (0)

/* "dtc_...": the response is code, state and issuer, and nothing else. */
static void
code_of_response(char ret_code[64])
{
	str rest = last.step.response, code = str_cut(&rest, '&');

	assert_int_equal(last.step.outcome, OIDC_REDIRECT);
	assert_true(str_starts(code, STR("code=dtc_")));
	assert_int_equal(code.n, 5 + 4 + 43);
	assert_text(rest, "state=xyz&" ISS);
	assert_text(last.step.redirect_uri, CALLBACK);
	assert_int_equal(str_copy_z(str_from(code, 5), ret_code, 64), ERR_OK);
}

/* Verifies the next code of the authenticator, so that the proof is new. */
static void
step_up(struct world *w, struct browser *b)
{
	const struct verify_body code = { str_of(code_of(b->secret, 0).z) };

	assert_verdict(ask(w, b, QUESTION_STEP_UP, &code), VERDICT_PASSED);
}

static void
sign_in_fully(struct world *w, struct browser *b, const char *name)
{
	memset(&b->token, 0, sizeof(b->token));
	assert_verdict(do_sign_in(w, b, name, PASSWORD), VERDICT_PASSED);
	assert_verdict(do_verify(w, b, code_of(b->secret, 0).z), VERDICT_PASSED);
}

/* --- pages, before client and redirect URI are known good --------------------------------------------------------- */

static const struct {
	const char *parameters;
	enum oidc_problem problem;
	const char *why;
} pages[] = {
	{ GOOD "&state=abc", OIDC_PROBLEM_TWICE, "a parameter twice comes before all other checks" },
	{ "client_id=%", OIDC_PROBLEM_MALFORMED, "a broken percent sequence" },
	{ "redirect_uri=https%3A%2F%2Fwiki.example.org%2Fcallback", OIDC_PROBLEM_NO_CLIENT, "client_id is missing" },
	{ "client_id=other", OIDC_PROBLEM_CLIENT, "an unknown client" },
	{ "client_id=Wiki", OIDC_PROBLEM_CLIENT, "case matters" },
	{ "client_id=wi%00ki", OIDC_PROBLEM_CLIENT, "NUL in client_id" },
	{ "client_id=%FF%FE", OIDC_PROBLEM_CLIENT, "bytes that are not UTF-8" },
	{ "client_id=off&redirect_uri=https%3A%2F%2Fevil.example%2F", OIDC_PROBLEM_DISABLED, "before its redirect URI" },
	{ "client_id=wiki&response_type=token", OIDC_PROBLEM_NO_REDIRECT, "redirect_uri is missing" },
	{ "client_id=wiki&redirect_uri=https%3A%2F%2Fwiki.example.org%2Fcallback%2F", OIDC_PROBLEM_REDIRECT,
	  "one slash more" },
	{ "client_id=wiki&redirect_uri=https%3A%2F%2Fwiki.example.org%2Fcallback%3Fx", OIDC_PROBLEM_REDIRECT, "a query" },
	{ "client_id=wiki&redirect_uri=https%3A%2F%2Fwiki.example.org%2Fcallback%0A", OIDC_PROBLEM_REDIRECT,
	  "a line break behind it" },
	{ "client_id=wiki&redirect_uri=http%3A%2F%2Fwiki.example.org%2Fcallback", OIDC_PROBLEM_REDIRECT, "http" },
	{ "client_id=wiki&redirect_uri=https%3A%2F%2Fwiki.example.org%40evil.example%2Fcallback", OIDC_PROBLEM_REDIRECT,
	  "another host" },
};

static void
no_redirect_leads_to_an_unknown_address(void **state)
{
	struct world w;
	struct browser nobody = { 0 };

	provider_new(&w);
	sql_run(&w, "INSERT INTO oidc_clients (id, client_id, name, redirect_uris, scopes, created_at_us, disabled_at_us) "
		    "VALUES (8, 'off', 'Off', 'https://off.example/', 'openid', 1, 2)");
	for (size_t i = 0; i < COUNT(pages); i++) {
		enum oidc_outcome outcome = check(&w, &nobody, pages[i].parameters, "");
		if (outcome != OIDC_PAGE || last.step.problem != pages[i].problem)
			fail_msg("%s: outcome %d, problem %u", pages[i].why, (int)outcome, last.step.problem);
		if (last.step.redirect_uri.n > 0 || last.step.response.n > 0 || last.step.cancel.n > 0)
			fail_msg("%s: an address to go to", pages[i].why);
	}
	provider_end(&w);
}

static void
the_page_shows_asked_and_registered_addresses(void **state)
{
	struct world w;
	struct browser nobody = { 0 };

	provider_new(&w);
	check(&w, &nobody, "client_id=wiki&redirect_uri=http%3A%2F%2Fwiki.example.org%2Fcallback", "");
	assert_text(last.step.name, "Our wiki");
	assert_text(last.step.client_id, "wiki");
	assert_text(last.step.asked_uri, "http://wiki.example.org/callback");
	assert_text(last.step.registered, CALLBACK);
	check(&w, &nobody, "client_id=a%0Ab%FF", "");
	assert_text(last.step.client_id, "a?b?");
	provider_end(&w);
}

static void
faults_of_the_request_go_to_the_application(void **state)
{
	struct world w;
	struct browser nobody = { 0 };

	provider_new(&w);
	assert_int_equal(check(&w, &nobody, START "&state=xyz&response_mode=form_post", ""), OIDC_REDIRECT);
	assert_error("invalid_request");
	assert_int_equal(last.step.mode, OIDC_MODE_FORM_POST);
	check(&w, &nobody, START "&state=xyz&response_type=token", "");
	assert_error("unsupported_response_type");
	check(&w, &nobody, START "&state=xyz&response_type=code&scope=email" CHALLENGE, "");
	assert_error("invalid_scope");
	check(&w, &nobody, START "&response_type=code&scope=openid&state=%01" CHALLENGE, "");
	assert_true(str_ends(last.step.response, STR(".&" ISS))); /* a state that is refused is not echoed */
	provider_end(&w);
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

static void
a_signed_in_user_gets_a_code(void **state)
{
	struct world w;
	struct browser b;
	char code[64];

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_int_equal(check(&w, &b, GOOD, ""), OIDC_READY);
	assert_int_equal(grant(&w, &b, GOOD, last.seal, OIDC_DECISION_NONE), OIDC_REDIRECT);
	code_of_response(code);
	assert_int_equal(last.step.mode, OIDC_MODE_QUERY);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_codes c JOIN oidc_grants g ON g.id = c.grant_id "
					"JOIN sessions s ON s.id = c.session_id AND s.id = g.session_id "
					"WHERE g.client_id = 7 AND g.account_id = s.account_id AND used_at_us IS NULL "
					"AND redirect_uri = '" CALLBACK "' AND g.scopes = 'openid email' "
					"AND g.amr = 'pwd otp mfa' AND g.acr = 'https://refeds.org/profile/mfa' "
					"AND g.auth_at_us = s.factor_at_us AND nonce = '' AND length(g.sid) = 22"),
			 1);
	provider_end(&w);
}

static void
the_database_has_only_the_digest_of_a_code(void **state)
{
	struct world w;
	struct browser b;
	char code[64], digits[2 * DIGEST_BYTES + 1] = "", sql[256];
	uint8_t digest[DIGEST_BYTES];

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	grant(&w, &b, GOOD, "", OIDC_DECISION_NONE);
	code_of_response(code);
	assert_int_equal(digest_sha256(str_of(code), digest), ERR_OK);
	str_hex_write(digest, sizeof(digest), digits);
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM oidc_codes WHERE %s = '%s'",
		 on_postgres() ? "encode(code_hash, 'hex')" : "lower(hex(code_hash))", digits);
	assert_int_equal(sql_number(&w, sql), 1);
	provider_end(&w);
}

static void
other_sessions_get_no_code(void **state)
{
	struct world w;
	struct browser b;
	const struct oidc_decision_body body = { .parameters = STR(GOOD) };

	provider_new(&w);
	bring_to(&w, &b, "nobody", STATE_NONE);
	assert_int_equal(check(&w, &b, GOOD "&login_hint=alice", ""), OIDC_SIGN_IN);
	assert_text(last.step.login_hint, "alice");
	assert_text(last.step.redirect_uri, CALLBACK);
	assert_true(str_starts(last.step.cancel, STR("error=access_denied&")));
	assert_verdict(ask(&w, &b, QUESTION_OIDC_GRANT, &body), VERDICT_STATE);
	bring_to(&w, &b, "bob", STATE_ENROLLING);
	assert_int_equal(check(&w, &b, GOOD, ""), OIDC_ENTER);
	assert_verdict(ask(&w, &b, QUESTION_OIDC_GRANT, &body), VERDICT_STATE);
	bring_to(&w, &b, "carol", STATE_PENDING);
	assert_int_equal(check(&w, &b, GOOD, ""), OIDC_ENTER);
	assert_int_equal(grant(&w, &b, GOOD, last.seal, OIDC_DECISION_APPROVE), OIDC_ENTER);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_codes"), 0);
	provider_end(&w);
}

static void
a_login_hint_that_is_no_name_is_left_out(void **state)
{
	struct world w;
	struct browser nobody = { 0 };

	provider_new(&w);
	check(&w, &nobody, GOOD "&login_hint=aaaaaaaaaabbbbbbbbbbccccccccccddddddddddX", "");
	assert_int_equal(last.step.login_hint.n, 0);
	check(&w, &nobody, GOOD "&login_hint=%3Cb%00", "");
	assert_int_equal(last.step.login_hint.n, 0);
	provider_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_redirect_leads_to_an_unknown_address),
		cmocka_unit_test(the_page_shows_asked_and_registered_addresses),
		cmocka_unit_test(faults_of_the_request_go_to_the_application),
		cmocka_unit_test(a_signed_in_user_gets_a_code),
		cmocka_unit_test(the_database_has_only_the_digest_of_a_code),
		cmocka_unit_test(other_sessions_get_no_code),
		cmocka_unit_test(a_login_hint_that_is_no_name_is_left_out),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
