/* Authorization requests, asked as web asks: pages, errors by redirect, seals, consent, proofs, rules, codes. */
#include "keeper/application.h"
#include "keeper/authenticator.h"

#include "access/access.h"
#include "base/digest.h"
#include "keeper/account/admin.h"
#include "keeper/core/counts.h"
#include "keeper/oidc/grants.h"
#include "keeper/oidc/seal.h"
#include "keeper/oidc/signing_keys.h"

#include <stdio.h>
#include <unistd.h>

#define CALLBACK "https://wiki.example.org/callback"
#define START_OF(client_id) "client_id=" client_id "&redirect_uri=https%3A%2F%2Fwiki.example.org%2Fcallback"
#define START START_OF("wiki")
#define CHALLENGE "&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define REST "&response_type=code&scope=openid%20email&state=xyz" CHALLENGE
#define GOOD START REST
#define CHAT START_OF("chat") REST
#define ISSUER "https://login.example.org"
#define ISS "iss=https%3A%2F%2Flogin.example.org"

/* --- a keeper with a client --------------------------------------------------------------------------------------- */

static void
client_add(struct world *w)
{
	sql_run(w,
		"INSERT INTO oidc_clients (id, client_id, name, redirect_uris, scopes, consent, created_at_us) VALUES "
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
static struct step last = STEP;

static enum oidc_outcome
step_of(struct world *w, struct browser *b, enum question_id id, const void *body)
{
	assert_verdict(ask_step(w->thread, b, id, body, &last), VERDICT_PASSED);
	return (enum oidc_outcome)last.body.outcome;
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
	return last.body.outcome == OIDC_REDIRECT && str_starts(last.body.response, str_of(begin)) &&
	       str_ends(last.body.response, STR("&state=xyz&" ISS)) && text_is(last.body.redirect_uri, CALLBACK);
}

#define assert_error(name)                                                                                             \
	do {                                                                                                           \
		if (!error_is(name))                                                                                   \
			fail_msg("outcome %u, %.*s instead of %s", last.body.outcome, STR_ARG(last.body.response),     \
				 name);                                                                                \
	} while (0)

/* "dtc_...": the response is code, state and issuer, and nothing else. */
static void
code_of_response(char ret_code[64])
{
	str rest = last.body.response, code = str_cut(&rest, '&');

	assert_int_equal(last.body.outcome, OIDC_REDIRECT);
	assert_true(str_starts(code, STR("code=dtc_")));
	assert_int_equal(code.n, 5 + 4 + 43);
	assert_text(rest, "state=xyz&" ISS);
	assert_text(last.body.redirect_uri, CALLBACK);
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
	{ "client_id=off&redirect_uri=https%3A%2F%2Fevil.example%2F", OIDC_PROBLEM_DISABLED,
	  "before its redirect URI" },
	{ "client_id=wiki&response_type=token", OIDC_PROBLEM_NO_REDIRECT, "redirect_uri is missing" },
	{ "client_id=wiki&redirect_uri=https%3A%2F%2Fwiki.example.org%2Fcallback%2F", OIDC_PROBLEM_REDIRECT,
	  "one slash more" },
	{ "client_id=wiki&redirect_uri=https%3A%2F%2Fwiki.example.org%2Fcallback%3Fx", OIDC_PROBLEM_REDIRECT,
	  "a query" },
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
	sql_run(&w,
		"INSERT INTO oidc_clients (id, client_id, name, redirect_uris, scopes, created_at_us, disabled_at_us) "
		"VALUES (8, 'off', 'Off', 'https://off.example/', 'openid', 1, 2)");
	for (size_t i = 0; i < COUNT(pages); i++) {
		enum oidc_outcome outcome = check(&w, &nobody, pages[i].parameters, "");
		if (outcome != OIDC_PAGE || last.body.problem != pages[i].problem)
			fail_msg("%s: outcome %d, problem %u", pages[i].why, (int)outcome, last.body.problem);
		if (last.body.redirect_uri.n > 0 || last.body.response.n > 0 || last.body.cancel.n > 0)
			fail_msg("%s: the response has an address to redirect to", pages[i].why);
	}
	provider_end(&w);
}

static void
the_page_shows_requested_and_registered_addresses(void **state)
{
	struct world w;
	struct browser nobody = { 0 };

	provider_new(&w);
	check(&w, &nobody, "client_id=wiki&redirect_uri=http%3A%2F%2Fwiki.example.org%2Fcallback", "");
	assert_text(last.body.name, "Our wiki");
	assert_text(last.body.client_id, "wiki");
	assert_text(last.body.asked_uri, "http://wiki.example.org/callback");
	assert_text(last.body.registered, CALLBACK);
	check(&w, &nobody, "client_id=a%0Ab%FF", "");
	assert_text(last.body.client_id, "a\nb\xff"); /* web makes them visible */
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
	assert_int_equal(last.body.mode, OIDC_MODE_FORM_POST);
	check(&w, &nobody, START "&state=xyz&response_type=token", "");
	assert_error("unsupported_response_type");
	check(&w, &nobody, START "&state=xyz&response_type=code&scope=email" CHALLENGE, "");
	assert_error("invalid_scope");
	check(&w, &nobody, START "&response_type=code&scope=openid&state=%01" CHALLENGE, "");
	assert_true(str_ends(last.body.response, STR(".&" ISS))); /* a state that is refused is not echoed */
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
	assert_int_equal(last.body.mode, OIDC_MODE_QUERY);
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
	assert_text(last.body.login_hint, "alice");
	assert_text(last.body.redirect_uri, CALLBACK);
	assert_true(str_starts(last.body.cancel, STR("error=access_denied&")));
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
only_a_name_is_taken_as_login_hint(void **state)
{
	struct world w;
	struct browser nobody = { 0 };

	provider_new(&w);
	check(&w, &nobody, GOOD "&login_hint=aaaaaaaaaabbbbbbbbbbccccccccccddddddddddX", "");
	assert_int_equal(last.body.login_hint.n, 0);
	check(&w, &nobody, GOOD "&login_hint=%3Cb%00", "");
	assert_int_equal(last.body.login_hint.n, 0);
	provider_end(&w);
}

/* --- consent ------------------------------------------------------------------------------------------------------ */

static void
client_set(struct world *w, const char *columns)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "UPDATE oidc_clients SET %s WHERE id = 7", columns);
	sql_run(w, sql);
}

#define GROUPS START "&response_type=code&scope=openid+groups&state=xyz" CHALLENGE

static void
consent_is_asked_once_for_the_same_scopes(void **state)
{
	struct world w;
	struct browser b;
	char code[64];

	provider_new(&w);
	client_set(&w, "consent = 'once'");
	bring_to(&w, &b, "alice", STATE_FULL);
	sql_run(&w, "UPDATE accounts SET email = 'alice@example.org'");
	assert_int_equal(check(&w, &b, GOOD, ""), OIDC_CONSENT);
	assert_text(last.body.scopes, "openid email");
	assert_text(last.body.email, "alice@example.org");
	assert_text(last.body.name, "Our wiki");
	assert_int_equal(grant(&w, &b, GOOD, last.seal, OIDC_DECISION_APPROVE), OIDC_REDIRECT);
	code_of_response(code);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_consents WHERE scopes = 'openid email'"), 1);
	assert_int_equal(check(&w, &b, GOOD, ""), OIDC_READY);
	/* another scope is asked, and both are kept */
	assert_int_equal(check(&w, &b, GROUPS, ""), OIDC_CONSENT);
	grant(&w, &b, GROUPS, last.seal, OIDC_DECISION_APPROVE);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_consents WHERE scopes = 'openid email groups'"), 1);
	assert_int_equal(check(&w, &b, GOOD, ""), OIDC_READY);
	sql_run(&w, "DELETE FROM oidc_consents"); /* withdrawn: asked again */
	assert_int_equal(check(&w, &b, GOOD, ""), OIDC_CONSENT);
	assert_int_equal(grant(&w, &b, GOOD, last.seal, OIDC_DECISION_NONE), OIDC_CONSENT);
	provider_end(&w);
}

static const struct {
	const char *client, *more;
	enum oidc_outcome outcome;
	const char *error, *why;
} consents[] = {
	{ "consent = 'never'", "", OIDC_READY, NULL, "a client of the administrator's" },
	{ "consent = 'never'", "&prompt=none", OIDC_READY, NULL, "silently" },
	{ "consent = 'never'", "&prompt=consent", OIDC_CONSENT, NULL, "the request asks for it" },
	{ "consent = 'once'", "", OIDC_READY, NULL, "given before" },
	{ "consent = 'once'", "&prompt=none", OIDC_READY, NULL, "given before, silently" },
	{ "consent = 'once'", "&prompt=consent", OIDC_CONSENT, NULL, "given before, but asked again" },
	{ "consent = 'always'", "", OIDC_CONSENT, NULL, "given before, but asked each time" },
	{ "consent = 'always'", "&prompt=none", OIDC_REDIRECT, "consent_required", "no page can be shown" },
};

static void
clients_and_prompts_decide_whether_consent_is_asked(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	sql_run(&w, "INSERT INTO oidc_consents (id, account_id, client_id, scopes, granted_at_us) "
		    "SELECT 1, id, 7, 'openid profile email', 1 FROM accounts");
	for (size_t i = 0; i < COUNT(consents); i++) {
		char text[1024];
		snprintf(text, sizeof(text), "%s%s", GOOD, consents[i].more);
		client_set(&w, consents[i].client);
		if (check(&w, &b, text, "") != consents[i].outcome ||
		    (consents[i].error != NULL && !error_is(consents[i].error)))
			fail_msg("%s: outcome %u", consents[i].why, last.body.outcome);
	}
	sql_run(&w, "DELETE FROM oidc_consents");
	client_set(&w, "consent = 'once'");
	check(&w, &b, GOOD "&prompt=none", "");
	assert_error("consent_required");
	provider_end(&w);
}

/* A session of password and passkey, whose account also has an authenticator. */
static void
full_with_passkey(struct world *w, struct browser *b)
{
	bring_to(w, b, "alice", STATE_FULL);
	assert_verdict(do_passkey(w, b, (struct authenticator){ .id = 1 }), VERDICT_PASSED);
	sql_run(w, "UPDATE sessions SET user_verified_at_us = factor_at_us, passkey_at_us = factor_at_us, "
		   "factor_id = (SELECT id FROM factors WHERE kind = 'passkey')");
	clock_forward(SECONDS_US(400));
}

#define OFFLINE START "&response_type=code&scope=openid%20offline_access&state=xyz" CHALLENGE

static const struct {
	const char *client, *parameters;
	enum oidc_decision decision;
	const char *scopes; /* the scopes of the grant */
	bool survives;
	const char *why;
} offline[] = {
	{ "consent = 'never'", OFFLINE, OIDC_DECISION_NONE, "openid", false, "without consent" },
	{ "consent = 'never', offline_without_consent = 1", OFFLINE, OIDC_DECISION_NONE, "openid offline_access", true,
	  "the administrator allowed it" },
	{ "consent = 'never', offline_without_consent = 1, refresh_session = 1", OFFLINE, OIDC_DECISION_NONE,
	  "openid offline_access", false, "but the client is bound to sessions" },
	{ "consent = 'once'", OFFLINE, OIDC_DECISION_APPROVE, "openid offline_access", true, "allowed on the page" },
	{ "consent = 'never'", OFFLINE "&prompt=consent", OIDC_DECISION_APPROVE, "openid offline_access", true,
	  "allowed on the page that the request asked for" },
	{ "scopes = 'openid'", OFFLINE, OIDC_DECISION_NONE, "openid", false, "not a scope of the client" },
};

static void
offline_access_needs_consent_or_the_flag_of_the_client(void **state)
{
	for (size_t i = 0; i < COUNT(offline); i++) {
		struct world w;
		struct browser b;
		char code[64], sql[256];
		provider_new(&w);
		client_set(&w, offline[i].client);
		bring_to(&w, &b, "alice", STATE_FULL);
		check(&w, &b, offline[i].parameters, "");
		grant(&w, &b, offline[i].parameters, last.seal, offline[i].decision);
		code_of_response(code);
		snprintf(sql, sizeof(sql),
			 "SELECT count(*) FROM oidc_grants WHERE scopes = '%s' AND session_id IS %sNULL",
			 offline[i].scopes, offline[i].survives ? "" : "NOT ");
		if (sql_number(&w, sql) != 1)
			fail_msg("%s", offline[i].why);
		provider_end(&w);
	}
}

static void
a_grant_names_the_factor_of_its_session(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	full_with_passkey(&w, &b);
	assert_int_equal(grant(&w, &b, GOOD, "", OIDC_DECISION_NONE), OIDC_REDIRECT);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_grants g JOIN factors f ON f.id = g.factor_id "
					"WHERE f.kind = 'passkey'"),
			 1);
	sql_run(&w, "DELETE FROM oidc_grants");
	rules_write(&w, "rules:\n  - client: wiki\n    policy: one_factor\n");
	bring_to(&w, &b, "bob", STATE_PENDING);
	assert_int_equal(grant(&w, &b, GOOD, "", OIDC_DECISION_NONE), OIDC_REDIRECT);
	assert_int_equal(sql_number(&w, "SELECT factor_id FROM oidc_grants"), 0); /* NULL counts as unknown */
	assert_int_equal(sql_number(&w, "SELECT count(factor_id) FROM oidc_grants"), 1);
	provider_end(&w);
}

/* Consent that was given for offline_access counts later, also for a client that never asks. */
static void
offline_access_is_remembered_with_the_consent(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	check(&w, &b, OFFLINE "&prompt=consent", "");
	grant(&w, &b, OFFLINE "&prompt=consent", last.seal, OIDC_DECISION_APPROVE);
	grant(&w, &b, OFFLINE, "", OIDC_DECISION_NONE);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_grants WHERE session_id IS NULL"), 2);
	provider_end(&w);
}

static void
cancel_sends_access_denied(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	client_set(&w, "consent = 'once'");
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_int_equal(check(&w, &b, GOOD "&response_mode=fragment", ""), OIDC_CONSENT);
	assert_true(str_starts(last.body.cancel, STR("error=access_denied&")));
	assert_true(str_ends(last.body.cancel, STR("&state=xyz&" ISS)));
	assert_int_equal(last.body.mode, OIDC_MODE_FRAGMENT);
	assert_int_equal(grant(&w, &b, GOOD, last.seal, OIDC_DECISION_CANCEL), OIDC_REDIRECT);
	assert_error("access_denied");
	assert_int_equal(
	    sql_number(&w, "SELECT (SELECT count(*) FROM oidc_codes) + (SELECT count(*) FROM oidc_consents)"), 0);
	provider_end(&w);
}

/* --- the seal ----------------------------------------------------------------------------------------------------- */

/* Approves on the consent page with a seal that must not count. */
static void
refuse_approval(struct world *w, struct browser *b, const char *parameters, const char *seal, const char *why)
{
	char kept[OIDC_SEAL_MAX + 1];

	snprintf(kept, sizeof(kept), "%s", seal);
	if (grant(w, b, parameters, kept, OIDC_DECISION_APPROVE) != OIDC_CONSENT)
		fail_msg("%s", why);
	assert_int_equal(sql_number(w, "SELECT count(*) FROM oidc_codes"), 0);
	assert_int_equal(sql_number(w, "SELECT count(*) FROM oidc_consents"), 0);
}

static void
only_the_shown_request_of_this_session_is_approved(void **state)
{
	struct world w;
	struct browser b, other, nobody = { 0 };
	char seal[OIDC_SEAL_MAX + 1], bent[OIDC_SEAL_MAX + 1], code[64];

	provider_new(&w);
	client_set(&w, "consent = 'once'");
	bring_to(&w, &b, "alice", STATE_FULL);
	bring_to(&w, &other, "bob", STATE_FULL);
	assert_int_equal(check(&w, &b, GOOD, ""), OIDC_CONSENT);
	memcpy(seal, last.seal, sizeof(seal));
	refuse_approval(&w, &b, GOOD, "", "no seal");
	refuse_approval(&w, &b, GOOD "&nonce=1", seal, "other parameters");
	refuse_approval(&w, &other, GOOD, seal, "another session");
	for (size_t i = 0; seal[i] != '\0'; i++) {
		memcpy(bent, seal, sizeof(bent));
		bent[i] = bent[i] == 'A' ? 'B' : 'A';
		refuse_approval(&w, &b, GOOD, bent, "a changed seal");
	}
	client_set(&w, "scopes = 'openid'");
	refuse_approval(&w, &b, GOOD, seal, "other scopes than shown");
	client_set(&w, "scopes = 'openid email'");
	check(&w, &nobody, GOOD, "");
	refuse_approval(&w, &b, GOOD, last.seal, "the seal of the sign-in page");
	assert_int_equal(grant(&w, &b, GOOD, seal, OIDC_DECISION_APPROVE), OIDC_REDIRECT);
	code_of_response(code);
	provider_end(&w);
}

static void
an_old_seal_is_not_accepted(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	w.config.session_idle_us = MINUTES_US(600);
	client_set(&w, "consent = 'once'");
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_int_equal(check(&w, &b, GOOD, ""), OIDC_CONSENT);
	clock_forward(SEAL_US + SECONDS_US(1));
	refuse_approval(&w, &b, GOOD, last.seal, "too old");
	assert_int_equal(check(&w, &b, GOOD, ""), OIDC_CONSENT);
	clock_forward(SEAL_US - MINUTES_US(1));
	assert_int_equal(grant(&w, &b, GOOD, last.seal, OIDC_DECISION_APPROVE), OIDC_REDIRECT);
	provider_end(&w);
}

#define SELECT GOOD "&prompt=select_account"

/* The seal of another page shows no scopes, so it approves none. */
static void
the_seal_of_another_page_gives_no_consent(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	client_set(&w, "consent = 'once'");
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_int_equal(check(&w, &b, SELECT, ""), OIDC_SELECT);
	assert_int_equal(grant(&w, &b, SELECT, last.seal, OIDC_DECISION_APPROVE), OIDC_SELECT);
	assert_int_equal(grant(&w, &b, SELECT, last.seal, OIDC_DECISION_SELECT), OIDC_CONSENT);
	assert_int_equal(grant(&w, &b, SELECT, last.seal, OIDC_DECISION_APPROVE), OIDC_REDIRECT);
	provider_end(&w);
}

/* Nor does the seal of a page that asks for a new code, although only the consent is missing afterwards. */
static void
the_seal_of_a_page_for_a_code_gives_no_consent(void **state)
{
	struct world w;
	struct browser b;
	char seal[OIDC_SEAL_MAX + 1];

	provider_new(&w);
	client_set(&w, "consent = 'once'");
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_int_equal(check(&w, &b, GOOD "&max_age=60", ""), OIDC_FACTOR);
	memcpy(seal, last.seal, sizeof(seal));
	step_up(&w, &b);
	refuse_approval(&w, &b, GOOD "&max_age=60", seal, "nothing was shown");
	assert_int_equal(check(&w, &b, GOOD "&max_age=60", seal), OIDC_CONSENT);
	assert_int_equal(grant(&w, &b, GOOD "&max_age=60", last.seal, OIDC_DECISION_APPROVE), OIDC_REDIRECT);
	provider_end(&w);
}

/* --- prompt=login, max_age ---------------------------------------------------------------------------------------- */

#define LOGIN GOOD "&prompt=login"

static void
prompt_login_wants_password_and_code_newer_than_the_request(void **state)
{
	struct world w;
	struct browser b;
	char seal[OIDC_SEAL_MAX + 1], code[64];

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	step_up(&w, &b); /* fresh, but older than the request */
	clock_forward(SECONDS_US(1));
	assert_int_equal(check(&w, &b, LOGIN, ""), OIDC_LOGIN);
	memcpy(seal, last.seal, sizeof(seal));
	assert_int_equal(grant(&w, &b, LOGIN, seal, OIDC_DECISION_NONE), OIDC_LOGIN);
	clock_forward(SECONDS_US(31));
	assert_int_equal(confirm(&w, &b, LOGIN, seal, "wrong"), OIDC_LOGIN);
	assert_int_equal(last.body.wrong, 1);
	assert_int_equal(confirm(&w, &b, LOGIN, seal, PASSWORD), OIDC_FACTOR); /* the code is missing */
	assert_int_equal(last.body.wrong, 0);
	step_up(&w, &b);
	assert_int_equal(check(&w, &b, LOGIN, seal), OIDC_READY);
	assert_int_equal(grant(&w, &b, LOGIN, seal, OIDC_DECISION_NONE), OIDC_REDIRECT);
	code_of_response(code);
	/* the next request is a new one */
	clock_forward(SECONDS_US(1));
	assert_int_equal(check(&w, &b, LOGIN, ""), OIDC_LOGIN);
	assert_int_equal(check(&w, &b, LOGIN "&nonce=2", seal), OIDC_LOGIN);
	provider_end(&w);
}

/* The passkey's user verification replaces the password, but counts only from its own time. */
static void
a_code_alone_does_not_fulfil_prompt_login_after_a_passkey(void **state)
{
	struct world w;
	struct browser b;
	char seal[OIDC_SEAL_MAX + 1];

	provider_new(&w);
	full_with_passkey(&w, &b);
	assert_int_equal(check(&w, &b, LOGIN, ""), OIDC_LOGIN);
	memcpy(seal, last.seal, sizeof(seal));
	clock_forward(SECONDS_US(31));
	step_up(&w, &b);
	assert_int_equal(check(&w, &b, LOGIN, seal), OIDC_LOGIN);
	assert_int_equal(grant(&w, &b, LOGIN, seal, OIDC_DECISION_NONE), OIDC_LOGIN);
	assert_int_equal(confirm(&w, &b, LOGIN, seal, "wrong"), OIDC_LOGIN);
	assert_int_equal(last.body.wrong, 1);
	assert_int_equal(confirm(&w, &b, LOGIN, seal, PASSWORD), OIDC_READY);
	assert_int_equal(confirm(&w, &b, LOGIN, seal, "wrong"), OIDC_LOGIN); /* although password and code are fresh */
	provider_end(&w);
}

static void
confirming_needs_a_fresh_code(void **state)
{
	struct world w;
	struct browser b;
	const struct oidc_confirm_body body = { .parameters = STR(LOGIN), .current = STR(PASSWORD) };

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	clock_forward(STEP_UP_US);
	assert_verdict(ask(&w, &b, QUESTION_OIDC_CONFIRM, &body), VERDICT_STEP_UP);
	provider_end(&w);
}

static void
a_sign_in_after_the_request_fulfils_prompt_login(void **state)
{
	struct world w;
	struct browser b;
	char seal[OIDC_SEAL_MAX + 1];

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	memset(&b.token, 0, sizeof(b.token));
	assert_int_equal(check(&w, &b, LOGIN, ""), OIDC_SIGN_IN);
	memcpy(seal, last.seal, sizeof(seal));
	clock_forward(SECONDS_US(5));
	sign_in_fully(&w, &b, "alice");
	clock_forward(SECONDS_US(5));
	assert_int_equal(check(&w, &b, LOGIN, seal), OIDC_READY);
	assert_int_equal(check(&w, &b, LOGIN, ""), OIDC_LOGIN);
	provider_end(&w);
}

static void
a_reloaded_sign_in_page_keeps_the_time_of_the_request(void **state)
{
	struct world w;
	struct browser b;
	char seal[OIDC_SEAL_MAX + 1];

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_NONE);
	assert_int_equal(check(&w, &b, LOGIN, ""), OIDC_SIGN_IN);
	memcpy(seal, last.seal, sizeof(seal));
	clock_forward(SECONDS_US(5));
	assert_int_equal(check(&w, &b, LOGIN, seal), OIDC_SIGN_IN);
	assert_string_equal(last.seal, seal);
	provider_end(&w);
}

/* A seal of the sign-in page that was fetched later must not make an earlier session look new. */
static void
a_seal_without_session_fits_later_sessions_only(void **state)
{
	struct world w;
	struct browser b, nobody = { 0 };

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	clock_forward(SECONDS_US(1));
	check(&w, &nobody, SELECT, "");
	assert_int_equal(check(&w, &b, SELECT, last.seal), OIDC_SELECT);
	provider_end(&w);
}

static void
the_chosen_account_of_a_sign_in_is_not_asked_again(void **state)
{
	struct world w;
	struct browser b;
	char seal[OIDC_SEAL_MAX + 1];

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	memset(&b.token, 0, sizeof(b.token));
	assert_int_equal(check(&w, &b, SELECT, ""), OIDC_SIGN_IN);
	memcpy(seal, last.seal, sizeof(seal));
	sign_in_fully(&w, &b, "alice");
	assert_int_equal(check(&w, &b, SELECT, seal), OIDC_READY);
	provider_end(&w);
}

static const struct {
	const char *client, *more;
	int64_t age_s; /* age of the code when the request arrives */
	enum oidc_outcome outcome;
	const char *why;
} ages[] = {
	{ "max_age_s = -1", "&max_age=600", 590, OIDC_READY, "young enough" },
	{ "max_age_s = -1", "&max_age=600", 601, OIDC_FACTOR, "too old: a code is enough" },
	{ "max_age_s = -1", "&max_age=0", 0, OIDC_LOGIN, "0 is prompt=login" },
	{ "max_age_s = 300", "", 301, OIDC_FACTOR, "the client's own maximum" },
	{ "max_age_s = 300", "&max_age=600", 301, OIDC_READY, "the parameter comes first" },
};

static void
max_age_is_the_age_of_the_code(void **state)
{
	for (size_t i = 0; i < COUNT(ages); i++) {
		struct world w;
		struct browser b;
		char text[1024];
		provider_new(&w);
		client_set(&w, ages[i].client);
		bring_to(&w, &b, "alice", STATE_FULL);
		step_up(&w, &b);
		clock_forward(SECONDS_US(ages[i].age_s));
		snprintf(text, sizeof(text), "%s%s", GOOD, ages[i].more);
		if (check(&w, &b, text, "") != ages[i].outcome)
			fail_msg("%s: outcome %u", ages[i].why, last.body.outcome);
		provider_end(&w);
	}
}

/* Time on the consent page does not count against max_age. */
static void
max_age_is_measured_at_the_time_of_the_request(void **state)
{
	struct world w;
	struct browser b;
	char seal[OIDC_SEAL_MAX + 1];

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	step_up(&w, &b);
	assert_int_equal(check(&w, &b, GOOD "&max_age=60", ""), OIDC_READY);
	memcpy(seal, last.seal, sizeof(seal));
	clock_forward(SECONDS_US(90));
	assert_int_equal(check(&w, &b, GOOD "&max_age=60", seal), OIDC_READY);
	assert_int_equal(check(&w, &b, GOOD "&max_age=60", ""), OIDC_FACTOR);
	memcpy(seal, last.seal, sizeof(seal));
	step_up(&w, &b);
	assert_int_equal(check(&w, &b, GOOD "&max_age=60", seal), OIDC_READY);
	provider_end(&w);
}

static void
a_proof_from_the_future_is_old(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	sql_run(&w, "UPDATE sessions SET factor_at_us = factor_at_us + 240000000");
	assert_int_equal(check(&w, &b, GOOD "&max_age=60", ""), OIDC_FACTOR);
	provider_end(&w);
}

/* --- prompt=none -------------------------------------------------------------------------------------------------- */

#define SILENT GOOD "&prompt=none"

static void
prompt_none_never_shows_a_page(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	bring_to(&w, &b, "nobody", STATE_NONE);
	check(&w, &b, SILENT, "");
	assert_error("login_required");
	bring_to(&w, &b, "bob", STATE_ENROLLING);
	check(&w, &b, SILENT, "");
	assert_error("login_required");
	bring_to(&w, &b, "carol", STATE_PENDING);
	check(&w, &b, SILENT, "");
	assert_error("login_required");
	bring_to(&w, &b, "alice", STATE_FULL);
	check(&w, &b, SILENT "&max_age=1", "");
	assert_error("login_required");
	check(&w, &b, SILENT "&max_age=0", "");
	assert_error("login_required");
	rules_write(&w, "rules:\n  - client: wiki\n    groups: [admins]\n");
	assert_int_equal(check(&w, &b, SILENT, ""), OIDC_READY); /* oidc-grant refuses, and audits it */
	grant(&w, &b, SILENT, "", OIDC_DECISION_NONE);
	assert_error("access_denied");
	client_set(&w, "consent = 'once'");
	check(&w, &b, SILENT, "");
	assert_error("consent_required"); /* before the rules, as the table says */
	provider_end(&w);
}

/* --- persons that the application names --------------------------------------------------------------------------- */

#define SUBJECT "7d1fbcd6-0d6c-4f2e-9df1-000000000001"
#define SUB_CLAIM(value) "&claims={\"id_token\":{\"sub\":{\"value\":\"" value "\"}}}"

/* The request with an ID token of this server that has these claims. */
static void
hint_put(struct world *w, char *text, size_t size, const char *request, const char *claims)
{
	CLEANUP(call_wipe) struct call call = { 0 };
	CLEANUP(buf_wipe) struct buf token = BUF(OIDC_JWT_MAX);

	assert_int_equal(call_of_command(w->thread, &call), ERR_OK);
	assert_int_equal(application_sign(&call, OIDC_RS256, str_of(claims), &token), ERR_OK);
	snprintf(text, size, "%s&id_token_hint=%.*s", request, STR_ARG(buf_str(&token)));
}

static void
a_claim_for_another_subject_gets_no_code(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	sql_run(&w, "UPDATE accounts SET subject = '" SUBJECT "'");
	check(&w, &b, GOOD SUB_CLAIM("248289761001"), "");
	assert_error("login_required");
	assert_int_equal(check(&w, &b, GOOD SUB_CLAIM(SUBJECT), ""), OIDC_READY);
	provider_end(&w);
}

static void
a_hint_for_another_subject_gets_no_code(void **state)
{
	struct world w;
	struct browser b;
	char text[2048];

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	sql_run(&w, "UPDATE accounts SET subject = '" SUBJECT "'");
	hint_put(&w, text, sizeof(text), SILENT, "{\"iss\":\"" ISSUER "\",\"sub\":\"" SUBJECT "\",\"exp\":1}");
	assert_int_equal(check(&w, &b, text, ""), OIDC_READY); /* also when it has expired */
	hint_put(&w, text, sizeof(text), GOOD, "{\"iss\":\"" ISSUER "\",\"sub\":\"another\"}");
	check(&w, &b, text, "");
	assert_error("login_required");
	hint_put(&w, text, sizeof(text), SILENT, "{\"iss\":\"https://other.example\",\"sub\":\"" SUBJECT "\"}");
	check(&w, &b, text, "");
	assert_error("login_required");
	check(&w, &b, SILENT "&id_token_hint=eyJhbGciOiJub25lIn0.e30.", "");
	assert_error("login_required");
	assert_int_equal(check(&w, &b, GOOD "&id_token_hint=eyJhbGciOiJub25lIn0.e30.", ""), OIDC_READY);
	provider_end(&w);
}

/* --- authentication context --------------------------------------------------------------------------------------- */

#define ACR(value) "&claims={\"id_token\":{\"acr\":{\"essential\":true,\"values\":[\"" value "\"]}}}"
#define REFEDS "https://refeds.org/profile/"

/* Signed in with a passkey, which verified its user. */
static void
sign_in_with_passkey(struct world *w, struct browser *b, const char *name)
{
	bring_to(w, b, name, STATE_ENROLLING);
	assert_verdict(do_passkey(w, b, (struct authenticator){ .id = 2 }), VERDICT_PASSED);
	assert_int_equal(b->head.state, STATE_FULL);
}

static void
acr_of_grant_is(struct world *w, const char *acr, const char *amr)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM oidc_grants WHERE acr = '%s' AND amr = '%s'", acr, amr);
	if (sql_number(w, sql) != 1)
		fail_msg("%s", sql);
	sql_run(w, "DELETE FROM oidc_grants");
}

static void
the_grant_has_the_context_of_the_session(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_int_equal(grant(&w, &b, GOOD, "", OIDC_DECISION_NONE), OIDC_REDIRECT);
	acr_of_grant_is(&w, REFEDS "mfa", "pwd otp mfa");
	assert_int_equal(grant(&w, &b, GOOD ACR(REFEDS "mfa"), "", OIDC_DECISION_NONE), OIDC_REDIRECT);
	acr_of_grant_is(&w, REFEDS "mfa", "pwd otp mfa");
	assert_int_equal(grant(&w, &b, GOOD "&acr_values=phr", "", OIDC_DECISION_NONE), OIDC_REDIRECT);
	acr_of_grant_is(&w, REFEDS "mfa", "pwd otp mfa"); /* voluntary: the ID token names the context */
	sign_in_with_passkey(&w, &b, "bob");
	assert_int_equal(grant(&w, &b, GOOD ACR("phr"), "", OIDC_DECISION_NONE), OIDC_REDIRECT);
	acr_of_grant_is(&w, "phr", "pwd pop user mfa");
	assert_int_equal(grant(&w, &b, GOOD "&acr_values=" REFEDS "mfa", "", OIDC_DECISION_NONE), OIDC_REDIRECT);
	acr_of_grant_is(&w, REFEDS "mfa", "pwd pop user mfa");
	sql_run(&w, "UPDATE passkeys SET backup_eligible = 1");
	assert_int_equal(grant(&w, &b, GOOD ACR("phr"), "", OIDC_DECISION_NONE), OIDC_REDIRECT);
	acr_of_grant_is(&w, "phr", "pwd pop user swk mfa");
	provider_end(&w);
}

static void
a_code_does_not_renew_the_passkey_that_max_age_asks_for(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	full_with_passkey(&w, &b);
	step_up(&w, &b);
	assert_int_equal(check(&w, &b, GOOD ACR("phr") "&max_age=300", ""), OIDC_FACTOR);
	assert_int_equal(last.body.no_passkey, 1);
	check(&w, &b, SILENT ACR("phr") "&max_age=300", "");
	assert_error("login_required");
	assert_int_equal(grant(&w, &b, GOOD "&max_age=300", "", OIDC_DECISION_NONE), OIDC_REDIRECT);
	acr_of_grant_is(&w, REFEDS "mfa", "pwd pop user mfa");
	assert_int_equal(grant(&w, &b, GOOD ACR("phr") "&max_age=1000", "", OIDC_DECISION_NONE), OIDC_REDIRECT);
	acr_of_grant_is(&w, "phr", "pwd pop user mfa");
	provider_end(&w);
}

static const struct {
	const char *rule, *more;
	enum oidc_outcome outcome;
	bool only_passkey;
	const char *why;
} proofs_asked[] = {
	{ "", "&max_age=60" ACR("phr"), OIDC_FACTOR, true, "a code does not renew the passkey" },
	{ "", "&prompt=login" ACR("phr"), OIDC_LOGIN, true, "the same beside the password" },
	{ "", "&max_age=60&acr_values=phr", OIDC_FACTOR, false, "a voluntary class refuses nothing" },
	{ "", "&max_age=60" ACR(REFEDS "mfa"), OIDC_FACTOR, false, "a code reaches the class" },
	{ "", "&max_age=60" ACR("phr\",\"" REFEDS "mfa"), OIDC_FACTOR, false, "a code reaches one of two classes" },
	{ "phishing_resistant: true", "&max_age=60", OIDC_FACTOR, false, "the rule accepts the passkey of any age" },
	{ "phishing_resistant: true\n    max_age: 5m", "&max_age=60", OIDC_FACTOR, true, "the rule wants it newer" },
	{ "phishing_resistant: true\n    max_age: 5m", "&prompt=login", OIDC_LOGIN, true,
	  "the same with the password" },
	{ "max_age: 5m", "", OIDC_FACTOR, false, "the rule accepts a code" },
};

/* A code that cannot satisfy the request is not asked for. */
static void
a_page_asks_for_a_passkey_only_if_a_code_cannot_suffice(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	full_with_passkey(&w, &b);
	for (size_t i = 0; i < COUNT(proofs_asked); i++) {
		char text[1024];
		snprintf(text, sizeof(text), "rules:\n  - client: wiki\n    policy: two_factor\n    %s\n",
			 proofs_asked[i].rule);
		rules_write(&w, text);
		snprintf(text, sizeof(text), "%s%s", GOOD, proofs_asked[i].more);
		enum oidc_outcome outcome = check(&w, &b, text, "");
		if (outcome != proofs_asked[i].outcome || (last.body.no_passkey != 0) != proofs_asked[i].only_passkey)
			fail_msg("%s: outcome %d, no_passkey %u", proofs_asked[i].why, (int)outcome,
				 last.body.no_passkey);
	}
	provider_end(&w);
}

/* The page for the proof would be useless, because the next answer would be the refusal. */
static void
an_account_without_a_passkey_is_refused_at_once(void **state)
{
	static const char *const vain[] = { "&max_age=60" ACR("phr"), "&prompt=login" ACR("phr"),
					    "&max_age=60" ACR("urn:other") };
	struct world w;
	struct browser b;

	provider_new(&w);
	bring_to(&w, &b, "bob", STATE_FULL);
	clock_forward(SECONDS_US(400));
	for (size_t i = 0; i < COUNT(vain); i++) {
		char text[1024];
		snprintf(text, sizeof(text), "%s%s", GOOD, vain[i]);
		assert_int_equal(check(&w, &b, text, ""), OIDC_REDIRECT);
		assert_error("unmet_authentication_requirements");
	}
	check(&w, &b, SILENT "&max_age=60" ACR("phr"), "");
	assert_error("login_required");
	assert_int_equal(check(&w, &b, GOOD "&max_age=60&acr_values=phr", ""), OIDC_FACTOR);
	rules_write(&w, "rules:\n  - client: wiki\n    policy: two_factor\n    phishing_resistant: true\n");
	assert_int_equal(check(&w, &b, GOOD "&prompt=login", ""), OIDC_READY); /* oidc-grant writes the refusal */
	assert_int_equal(grant(&w, &b, GOOD "&prompt=login", "", OIDC_DECISION_NONE), OIDC_REFUSED);
	assert_int_equal(last.body.no_passkey, 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_codes"), 0);
	provider_end(&w);
}

static void
an_essential_context_is_asked_for_or_refused(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	check(&w, &b, GOOD ACR("phr"), ""); /* the account has no passkey */
	assert_error("unmet_authentication_requirements");
	check(&w, &b, GOOD ACR("urn:other"), "");
	assert_error("unmet_authentication_requirements");
	check(&w, &b, SILENT ACR("phr"), "");
	assert_error("unmet_authentication_requirements");
	assert_verdict(do_passkey(&w, &b, (struct authenticator){ .id = 1 }), VERDICT_PASSED);
	clock_forward(MINUTES_US(1));
	sign_in_fully(&w, &b, "alice");
	assert_int_equal(check(&w, &b, GOOD ACR("phr"), ""), OIDC_FACTOR);
	assert_int_equal(last.body.no_passkey, 1);
	check(&w, &b, SILENT ACR("phr"), "");
	assert_error("login_required");
	rules_write(&w, "rules:\n  - client: wiki\n    policy: one_factor\n");
	bring_to(&w, &b, "bob", STATE_PENDING);
	assert_int_equal(check(&w, &b, GOOD ACR(REFEDS "mfa"), ""), OIDC_ENTER);
	assert_int_equal(check(&w, &b, GOOD ACR(REFEDS "sfa"), ""), OIDC_READY);
	provider_end(&w);
}

/* --- rules -------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *rule;
	enum oidc_outcome outcome;
	enum access_refusal refusal;
	const char *why;
} ruled[] = {
	{ "groups: [staff]", OIDC_REDIRECT, 0, "a group of the user" },
	{ "groups: [admins]", OIDC_REFUSED, ACCESS_PERSON, "another group" },
	{ "users: [alice]", OIDC_REDIRECT, 0, "the user" },
	{ "networks: 10.0.0.0/8", OIDC_REFUSED, ACCESS_NETWORK, "another network" },
	{ "networks: 192.0.2.0/24", OIDC_REDIRECT, 0, "the network of the browser" },
	{ "policy: deny", OIDC_REFUSED, ACCESS_CLOSED, "nobody" },
	{ "max_age: 5m", OIDC_FACTOR, 0, "a newer code" },
	{ "phishing_resistant: true", OIDC_REFUSED, ACCESS_CLOSED, "a passkey, which the account does not have" },
};

static void
rules_of_the_client_decide(void **state)
{
	struct world w;
	struct browser b;
	struct why why = { "" };

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_int_equal(admin_set_groups(w.thread, STR("alice"), STR("staff"), &why), ERR_OK);
	clock_forward(MINUTES_US(10));
	for (size_t i = 0; i < COUNT(ruled); i++) {
		char text[256];
		snprintf(text, sizeof(text), "rules:\n  - client: wiki\n    %s\n", ruled[i].rule);
		rules_write(&w, text);
		enum oidc_outcome outcome = grant(&w, &b, GOOD, "", OIDC_DECISION_NONE);
		if (outcome != ruled[i].outcome || last.body.refusal != ruled[i].refusal)
			fail_msg("%s: outcome %d, refusal %u", ruled[i].why, (int)outcome, last.body.refusal);
		if (outcome != OIDC_REFUSED)
			continue;
		assert_true(str_starts(last.body.response, STR("error=access_denied&")));
		assert_text(last.body.redirect_uri, CALLBACK);
		assert_int_equal(last.body.no_passkey, strstr(ruled[i].rule, "phishing") != NULL);
	}
	/* four rules refused the same user */
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'app.refused' AND reason = 'rules'"),
			 1);
	provider_end(&w);
}

static void
a_rule_for_passkeys_asks_for_the_passkey_of_the_account(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	rules_write(&w, "rules:\n  - client: wiki\n    phishing_resistant: true\n");
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_verdict(do_passkey(&w, &b, (struct authenticator){ .id = 1 }), VERDICT_PASSED);
	clock_forward(MINUTES_US(1));
	sign_in_fully(&w, &b, "alice");
	assert_int_equal(check(&w, &b, GOOD, ""), OIDC_FACTOR);
	assert_int_equal(last.body.no_passkey, 1);
	sign_in_with_passkey(&w, &b, "bob");
	assert_int_equal(check(&w, &b, GOOD, ""), OIDC_READY);
	provider_end(&w);
}

static void
the_password_alone_is_enough_only_where_a_rule_says_so(void **state)
{
	struct world w;
	struct browser b;
	char code[64];

	provider_new(&w);
	rules_write(&w, "rules:\n  - client: wiki\n    policy: one_factor\n");
	bring_to(&w, &b, "alice", STATE_PENDING);
	assert_int_equal(check(&w, &b, GOOD, ""), OIDC_READY);
	assert_int_equal(grant(&w, &b, GOOD, last.seal, OIDC_DECISION_NONE), OIDC_REDIRECT);
	code_of_response(code);
	acr_of_grant_is(&w, REFEDS "sfa", "pwd");
	/* the session lasts for its tokens, but opens no page longer than before */
	clock_forward(MINUTES_US(11));
	purge_all(&w);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions WHERE gated_at_us > 0"), 1);
	assert_int_equal(check(&w, &b, GOOD, ""), OIDC_SIGN_IN);
	bring_to(&w, &b, "bob", STATE_PENDING);
	assert_int_equal(check(&w, &b, LOGIN, ""), OIDC_ENTER); /* the password is older than the request */
	provider_end(&w);
}

/* --- ends between two steps --------------------------------------------------------------------------------------- */

static void
changes_after_the_page_was_shown_prevent_a_code(void **state)
{
	static const struct {
		const char *sql;
		enum verdict verdict;
		enum oidc_outcome outcome;
	} ends[] = {
		{ "UPDATE accounts SET disabled_at_us = 1", VERDICT_STATE, OIDC_PAGE },
		{ "DELETE FROM accounts", VERDICT_STATE, OIDC_PAGE },
		{ "DELETE FROM sessions", VERDICT_STATE, OIDC_PAGE },
		{ "UPDATE factors SET disabled_at_us = 1", VERDICT_STATE, OIDC_PAGE },
		{ "UPDATE oidc_clients SET disabled_at_us = 1", VERDICT_PASSED, OIDC_PAGE },
		{ "DELETE FROM oidc_clients", VERDICT_PASSED, OIDC_PAGE },
		{ "UPDATE oidc_clients SET redirect_uris = 'https://wiki.example.org/other'", VERDICT_PASSED,
		  OIDC_PAGE },
	};

	for (size_t i = 0; i < COUNT(ends); i++) {
		struct world w;
		struct browser b;
		provider_new(&w);
		client_set(&w, "consent = 'once'");
		bring_to(&w, &b, "alice", STATE_FULL);
		assert_int_equal(check(&w, &b, GOOD, ""), OIDC_CONSENT);
		sql_run(&w, ends[i].sql);
		const struct oidc_decision_body body = { STR(GOOD), str_of(last.seal), OIDC_DECISION_APPROVE };
		if (ask(&w, &b, QUESTION_OIDC_GRANT, &body) != ends[i].verdict)
			fail_msg("%s: verdict %d", ends[i].sql, (int)b.verdict);
		if (b.verdict == VERDICT_PASSED)
			assert_int_equal(grant(&w, &b, GOOD, last.seal, OIDC_DECISION_APPROVE), ends[i].outcome);
		assert_int_equal(
		    sql_number(&w, "SELECT (SELECT count(*) FROM oidc_codes) + (SELECT count(*) FROM oidc_consents)"),
		    0);
		provider_end(&w);
	}
}

/* --- codes -------------------------------------------------------------------------------------------------------- */

static void
a_session_has_one_sid_for_each_client(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	sql_run(&w,
		"INSERT INTO oidc_clients (id, client_id, name, redirect_uris, scopes, consent, created_at_us) VALUES "
		"(8, 'files', 'Files', '" CALLBACK "', 'openid', 'never', 1)");
	bring_to(&w, &b, "alice", STATE_FULL);
	for (size_t i = 0; i < 3; i++)
		grant(&w, &b, GOOD, "", OIDC_DECISION_NONE);
	assert_int_equal(sql_number(&w, "SELECT count(DISTINCT sid) FROM oidc_grants"), 1);
	assert_int_equal(
	    grant(&w, &b,
		  "client_id=files&redirect_uri=https%3A%2F%2Fwiki.example.org%2Fcallback&response_type=code&"
		  "scope=openid" CHALLENGE,
		  "", OIDC_DECISION_NONE),
	    OIDC_REDIRECT);
	assert_int_equal(sql_number(&w, "SELECT count(DISTINCT sid) FROM oidc_grants"), 2);
	sign_in_fully(&w, &b, "alice");
	grant(&w, &b, GOOD, "", OIDC_DECISION_NONE);
	assert_int_equal(sql_number(&w, "SELECT count(DISTINCT sid) FROM oidc_grants"), 3);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_sids"), 3);
	provider_end(&w);
}

static void
unused_codes_of_a_session_are_bounded(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (size_t i = 0; i < 105; i++) {
		assert_int_equal(grant(&w, &b, GOOD, "", OIDC_DECISION_NONE), OIDC_REDIRECT);
		clock_forward(1);
	}
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_codes"), 100);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_grants"), 100);
	provider_end(&w);
}

/* The rows of redeemed codes stay for up to 90 days. */
static void
grants_of_an_account_for_a_client_are_bounded(void **state)
{
	static const char copies[] =
	    "INSERT INTO oidc_grants (id, client_id, account_id, scopes, claims, auth_at_us, amr, acr, sid, "
	    "created_at_us, "
	    "expires_at_us) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 550) "
	    "SELECT i, client_id, account_id, scopes, claims, auth_at_us, amr, acr, sid, created_at_us - i, "
	    "expires_at_us "
	    "FROM n, oidc_grants";
	struct world w;
	struct browser b;

	provider_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	grant(&w, &b, GOOD, "", OIDC_DECISION_NONE);
	sql_run(&w, copies);
	clock_forward(1);
	grant(&w, &b, GOOD, "", OIDC_DECISION_NONE);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_grants"), 500);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_codes"), 2);
	provider_end(&w);
}

/* A grant lasts as long as the session may, but never shorter than the first access token. */
static void
a_grant_ends_with_the_session_or_after_ninety_days(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	client_set(&w, "offline_without_consent = 1, access_token_s = 200000");
	bring_to(&w, &b, "alice", STATE_FULL);
	grant(&w, &b, GOOD, "", OIDC_DECISION_NONE);
	assert_int_equal(
	    sql_number(&w, "SELECT count(*) FROM oidc_grants WHERE expires_at_us = created_at_us + 200060000000"), 1);
	client_set(&w, "access_token_s = 3600");
	sql_run(&w, "DELETE FROM oidc_grants");
	grant(&w, &b, GOOD, "", OIDC_DECISION_NONE);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_grants g JOIN sessions s ON s.id = g.session_id "
					"WHERE g.expires_at_us = s.created_at_us + 86400000000"),
			 1);
	sql_run(&w, "DELETE FROM oidc_grants");
	grant(&w, &b, OFFLINE, "", OIDC_DECISION_NONE);
	assert_int_equal(
	    sql_number(&w, "SELECT count(*) FROM oidc_grants WHERE expires_at_us = created_at_us + 7776000000000"), 1);
	provider_end(&w);
}

static void
a_code_is_bound_to_challenge_nonce_and_claims(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	client_set(&w, "pkce_optional = 1");
	bring_to(&w, &b, "alice", STATE_FULL);
	grant(&w, &b, GOOD "&nonce=n%22%C3%A9&claims={\"userinfo\":{\"email\":null}}", "", OIDC_DECISION_NONE);
	assert_int_equal(sql_number(&w,
				    "SELECT count(*) FROM oidc_codes JOIN oidc_grants g ON g.id = grant_id "
				    "WHERE nonce = 'n\"\xc3\xa9' AND claims = '{\"userinfo\":{\"email\":null}}' AND "
				    "challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM' AND "
				    "oidc_codes.expires_at_us = created_at_us + 60000000"),
			 1);
	grant(&w, &b, START "&response_type=code&scope=openid&state=xyz", "", OIDC_DECISION_NONE);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_codes WHERE challenge = ''"), 1);
	provider_end(&w);
}

/* --- audit -------------------------------------------------------------------------------------------------------- */

static int64_t
counted(enum metric_series series, const struct metric_values *before)
{
	struct metric_values now;

	keeper_counts(&now);
	return now.of[series] - before->of[series];
}

static void
requests_are_counted_at_their_end(void **state)
{
	struct world w;
	struct browser b;
	struct metric_values before;

	provider_new(&w);
	client_set(&w, "consent = 'once'");
	bring_to(&w, &b, "alice", STATE_FULL);
	keeper_counts(&before);
	check(&w, &b, GOOD, "");
	grant(&w, &b, GOOD, last.seal, OIDC_DECISION_CANCEL);
	check(&w, &b, GOOD, "");
	grant(&w, &b, GOOD, last.seal, OIDC_DECISION_APPROVE);
	assert_int_equal(check(&w, &b, GOOD, ""), OIDC_READY); /* ready, but the code is not fetched */
	check(&w, &b, GOOD "&max_age=x", "");
	check(&w, &b, "client_id=none", "");
	rules_write(&w, "rules:\n  - client: wiki\n    policy: deny\n");
	assert_int_equal(grant(&w, &b, GOOD, "", OIDC_DECISION_NONE), OIDC_REFUSED);
	assert_int_equal(counted(SERIES_OIDC_GRANTED, &before), 1);
	assert_int_equal(counted(SERIES_OIDC_CANCELLED, &before), 1);
	assert_int_equal(counted(SERIES_OIDC_ERROR, &before), 1);
	assert_int_equal(counted(SERIES_OIDC_INVALID, &before), 1);
	assert_int_equal(counted(SERIES_OIDC_REFUSED, &before), 1);
	assert_int_equal(counted(SERIES_OIDC_FAILED, &before), 0);
	provider_end(&w);
}

static void
decisions_are_audited(void **state)
{
	struct world w;
	struct browser b;

	provider_new(&w);
	client_set(&w, "consent = 'once'");
	bring_to(&w, &b, "alice", STATE_FULL);
	check(&w, &b, GOOD, "");
	grant(&w, &b, GOOD, last.seal, OIDC_DECISION_CANCEL);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event LIKE 'app.%'"), 1);
	assert_int_equal(
	    sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'app.refused' AND reason = 'cancelled'"), 1);
	check(&w, &b, GOOD, "");
	grant(&w, &b, GOOD, last.seal, OIDC_DECISION_APPROVE);
	grant(&w, &b, GOOD, "", OIDC_DECISION_NONE);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit a JOIN accounts u ON u.id = a.account_id "
					"WHERE event = 'app.allowed' AND outcome = 'passed'"),
			 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'app.signed-in'"), 2);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event LIKE 'app.%' AND client <> 'wiki'"), 0);
	provider_end(&w);
}

/* Newer entries of alice: the number as text. */
#define NEWER(n)                                                                                                       \
	"INSERT INTO audit (id, at_us, event, outcome, reason, account_id, address, agent, request_id) "               \
	"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < " n ") "                \
	"SELECT -" n " - n, newest.at_us + 1, 'app.signed-in', 'passed', 'asked', newest.account_id, '', '', '' "      \
	"FROM numbers, (SELECT max(at_us) AS at_us, account_id FROM audit WHERE account_id = "                         \
	"(SELECT id FROM accounts WHERE name = 'alice') GROUP BY account_id) AS newest"

static const struct {
	bool by_bob, by_chat;
	enum oidc_decision decision;
	const char *before; /* SQL; NULL: none */
	int written;
	const char *why;
} refused[] = {
	{ false, false, OIDC_DECISION_NONE, NULL, 1, "the first refusal" },
	{ false, false, OIDC_DECISION_NONE, NULL, 0, "the same one again" },
	{ false, false, OIDC_DECISION_CANCEL, NULL, 1, "another reason" },
	{ false, true, OIDC_DECISION_NONE, NULL, 1, "another client" },
	{ true, false, OIDC_DECISION_NONE, NULL, 1, "another account" },
	{ false, false, OIDC_DECISION_NONE, NEWER("997"), 0, "the oldest of the newest 1,000 entries" },
	{ false, false, OIDC_DECISION_NONE, NEWER("1"), 1, "not among the newest 1,000 entries" },
	{ false, false, OIDC_DECISION_NONE, "UPDATE audit SET at_us = at_us + 600000000", 0,
	  "a request that began earlier" },
	{ false, false, OIDC_DECISION_NONE, "UPDATE audit SET at_us = at_us - 86400000000", 0,
	  "just less than a day later" },
	{ false, false, OIDC_DECISION_NONE, "UPDATE audit SET at_us = at_us - 600000000", 1, "a day later" },
	{ false, false, OIDC_DECISION_NONE, "UPDATE audit SET at_us = at_us + 200000000000", 1,
	  "the clock was set back" },
};

static void
refusals_are_audited_once_a_day(void **state)
{
	struct world w;
	struct browser alice, bob;
	int64_t rows = 0;

	provider_new(&w);
	rules_write(&w, "rules:\n  - client: '*'\n    policy: deny\n");
	sql_run(&w, "INSERT INTO oidc_clients (id, client_id, name, redirect_uris, scopes, consent, created_at_us) "
		    "VALUES (8, 'chat', 'Chat', '" CALLBACK "', 'openid email', 'never', 1)");
	bring_to(&w, &alice, "alice", STATE_FULL);
	bring_to(&w, &bob, "bob", STATE_FULL);
	for (size_t i = 0; i < COUNT(refused); i++) {
		if (refused[i].before != NULL)
			sql_run(&w, refused[i].before);
		grant(&w, refused[i].by_bob ? &bob : &alice, refused[i].by_chat ? CHAT : GOOD, "", refused[i].decision);
		assert_true(str_starts(last.body.response, STR("error=access_denied&")));
		rows += refused[i].written;
		if (sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'app.refused'") != rows)
			fail_msg("%s", refused[i].why);
	}
	provider_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_redirect_leads_to_an_unknown_address),
		cmocka_unit_test(the_page_shows_requested_and_registered_addresses),
		cmocka_unit_test(faults_of_the_request_go_to_the_application),
		cmocka_unit_test(a_signed_in_user_gets_a_code),
		cmocka_unit_test(the_database_has_only_the_digest_of_a_code),
		cmocka_unit_test(other_sessions_get_no_code),
		cmocka_unit_test(only_a_name_is_taken_as_login_hint),
		cmocka_unit_test(consent_is_asked_once_for_the_same_scopes),
		cmocka_unit_test(clients_and_prompts_decide_whether_consent_is_asked),
		cmocka_unit_test(offline_access_needs_consent_or_the_flag_of_the_client),
		cmocka_unit_test(a_grant_names_the_factor_of_its_session),
		cmocka_unit_test(offline_access_is_remembered_with_the_consent),
		cmocka_unit_test(cancel_sends_access_denied),
		cmocka_unit_test(only_the_shown_request_of_this_session_is_approved),
		cmocka_unit_test(an_old_seal_is_not_accepted),
		cmocka_unit_test(the_seal_of_another_page_gives_no_consent),
		cmocka_unit_test(the_seal_of_a_page_for_a_code_gives_no_consent),
		cmocka_unit_test(prompt_login_wants_password_and_code_newer_than_the_request),
		cmocka_unit_test(a_code_alone_does_not_fulfil_prompt_login_after_a_passkey),
		cmocka_unit_test(confirming_needs_a_fresh_code),
		cmocka_unit_test(a_sign_in_after_the_request_fulfils_prompt_login),
		cmocka_unit_test(a_reloaded_sign_in_page_keeps_the_time_of_the_request),
		cmocka_unit_test(a_seal_without_session_fits_later_sessions_only),
		cmocka_unit_test(the_chosen_account_of_a_sign_in_is_not_asked_again),
		cmocka_unit_test(max_age_is_the_age_of_the_code),
		cmocka_unit_test(max_age_is_measured_at_the_time_of_the_request),
		cmocka_unit_test(a_proof_from_the_future_is_old),
		cmocka_unit_test(prompt_none_never_shows_a_page),
		cmocka_unit_test(a_claim_for_another_subject_gets_no_code),
		cmocka_unit_test(a_hint_for_another_subject_gets_no_code),
		cmocka_unit_test(the_grant_has_the_context_of_the_session),
		cmocka_unit_test(a_code_does_not_renew_the_passkey_that_max_age_asks_for),
		cmocka_unit_test(a_page_asks_for_a_passkey_only_if_a_code_cannot_suffice),
		cmocka_unit_test(an_account_without_a_passkey_is_refused_at_once),
		cmocka_unit_test(an_essential_context_is_asked_for_or_refused),
		cmocka_unit_test(rules_of_the_client_decide),
		cmocka_unit_test(a_rule_for_passkeys_asks_for_the_passkey_of_the_account),
		cmocka_unit_test(the_password_alone_is_enough_only_where_a_rule_says_so),
		cmocka_unit_test(changes_after_the_page_was_shown_prevent_a_code),
		cmocka_unit_test(a_session_has_one_sid_for_each_client),
		cmocka_unit_test(unused_codes_of_a_session_are_bounded),
		cmocka_unit_test(grants_of_an_account_for_a_client_are_bounded),
		cmocka_unit_test(a_grant_ends_with_the_session_or_after_ninety_days),
		cmocka_unit_test(a_code_is_bound_to_challenge_nonce_and_claims),
		cmocka_unit_test(decisions_are_audited),
		cmocka_unit_test(refusals_are_audited_once_a_day),
		cmocka_unit_test(requests_are_counted_at_their_end),
	};

	int failed = cmocka_run_group_tests(tests, harness_setup, harness_teardown);
	step_wipe(&last);
	return failed;
}
