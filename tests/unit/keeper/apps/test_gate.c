/* The gate, asked as web asks: owners of cookies, granted and refused access, tickets, signatures, faults. */
#include "keeper/authenticator.h"

#include "access/access.h"
#include "keeper/account/admin.h"
#include "keeper/session/session.h"
#include "keeper/core/call.h"

#include <stdio.h>
#include <unistd.h>

static const char rules_text[] = "rules:\n"
				 "  - domain: admin.example.org\n"
				 "    groups: [admins]\n"
				 "    max_age: 15m\n"
				 "  - domain: vault.example.org\n"
				 "    phishing_resistant: true\n"
				 "  - domain: strongroom.example.org\n"
				 "    phishing_resistant: true\n"
				 "    max_age: 15m\n"
				 "  - domain: easy.example.org\n"
				 "    policy: one_factor\n"
				 "  - domain: open.example.org\n"
				 "    policy: bypass\n"
				 "  - domain: closed.example.org\n"
				 "    policy: deny\n"
				 "  - domain: ['*.example.org', '*.example.net']\n";

static void
rules_write(struct world *w, const char *text)
{
	FILE *file;

	snprintf(w->config.access_rules, sizeof(w->config.access_rules), "%s/access.conf", w->dir);
	file = fopen(w->config.access_rules, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
gate_world(struct world *w)
{
	struct why why = { "" };

	world_make(w);
	snprintf(w->config.public_url, sizeof(w->config.public_url), "https://login.example.org");
	snprintf(w->config.public_host, sizeof(w->config.public_host), "login.example.org");
	snprintf(w->config.public_origin, sizeof(w->config.public_origin), TEST_ORIGIN);
	snprintf(w->config.passkey_rp_id, sizeof(w->config.passkey_rp_id), TEST_RP_ID);
	w->config.public_https = true;
	snprintf(w->config.gate_domains[0].z, sizeof(w->config.gate_domains[0].z), "example.org");
	snprintf(w->config.gate_domains[1].z, sizeof(w->config.gate_domains[1].z), "example.net");
	w->config.gate_domains_count = 2;
	rules_write(w, rules_text);
	world_open(w);
	assert_int_equal(keeper_rules_read(w->keeper, &why), ERR_OK);
}

static void
gate_world_end(struct world *w)
{
	unlink(w->config.access_rules);
	world_end(w);
}

/* Asks as web does: without a session of pages. */
static enum access_outcome
gate(struct world *w, struct browser *b, const char *token, const char *url)
{
	const struct gate_body body = { str_of(token), str_of(url), STR("GET") };
	struct browser unknown = { .address = "192.0.2.9" };
	enum verdict verdict = ask(w, &unknown, QUESTION_GATE, &body);

	b->gate = unknown.gate;
	assert_int_equal(unknown.head.state, STATE_NONE);
	assert_int_equal(unknown.head.account_id, 0);
	return verdict == VERDICT_PASSED ? (enum access_outcome)b->gate.outcome : ACCESS_REFUSED;
}

static enum access_outcome
enter(struct world *w, struct browser *b, const char *url)
{
	const struct gate_enter_body body = { str_of(url), STR("GET") };

	return ask(w, b, QUESTION_GATE_ENTER, &body) == VERDICT_PASSED ? (enum access_outcome)b->gate.outcome
								       : ACCESS_REFUSED;
}

#define WIKI "https://wiki.example.org/page"

/* The gate cookie of a signed-in user. */
static void
complete_sign_in(struct world *w, struct browser *b, const char *name, char ret_token[65])
{
	bring_to(w, b, name, STATE_FULL);
	assert_int_equal(enter(w, b, WIKI), ACCESS_PASSES);
	assert_string_equal(b->gate.domain, "example.org");
	assert_string_equal(b->gate.ticket, "");
	assert_int_equal(strlen(b->gate.token), GATE_TOKEN_CHARACTERS);
	memcpy(ret_token, b->gate.token, 65);
}

static void
a_cookie_names_its_user_and_is_bound_to_its_host(void **state)
{
	struct world w;
	struct browser b;
	struct why why = { "" };
	char token[65];

	gate_world(&w);
	complete_sign_in(&w, &b, "alice", token);
	assert_int_equal(admin_set_groups(w.thread, STR("alice"), STR("staff admins"), &why), ERR_OK);
	assert_int_equal(admin_set_email(w.thread, STR("alice"), STR("alice@example.org"), &why), ERR_OK);
	assert_int_equal(gate(&w, &b, token, WIKI), ACCESS_PASSES);
	assert_int_equal(b.gate.level, ACCESS_FULL);
	assert_string_equal(b.gate.name, "alice");
	assert_string_equal(b.gate.groups, "admins,staff");
	assert_string_equal(b.gate.email, "alice@example.org");
	assert_true(strlen(b.gate.jwt) > 200);
	assert_true(b.gate.verified_us > 0 && b.gate.expires_us > clock_us());
	gate_world_end(&w);
}

static void
rules_alone_decide_about_requests_without_a_cookie(void **state)
{
	struct world w;
	struct browser b;

	gate_world(&w);
	assert_int_equal(gate(&w, &b, "", "https://open.example.org/"), ACCESS_PASSES);
	assert_string_equal(b.gate.jwt, "");
	assert_string_equal(b.gate.name, "");
	assert_int_equal(gate(&w, &b, "", WIKI), ACCESS_ASKS);
	assert_int_equal(gate(&w, &b, "", "https://closed.example.org/"), ACCESS_REFUSED);
	assert_int_equal(gate(&w, &b, "", "http://open.example.org/"), ACCESS_REFUSED);
	assert_int_equal(gate(&w, &b, "", "https://open.example.com/"), ACCESS_REFUSED);
	gate_world_end(&w);
}

static void
other_texts_are_not_cookies(void **state)
{
	struct world w;
	struct browser b;
	char token[65], other[65];

	gate_world(&w);
	complete_sign_in(&w, &b, "alice", token);
	for (size_t i = 0; i < GATE_TOKEN_CHARACTERS; i++) {
		memcpy(other, token, sizeof(other));
		other[i] = other[i] == 'A' ? 'B' : 'A';
		assert_int_equal(gate(&w, &b, other, WIKI), ACCESS_ASKS);
		assert_int_equal(b.gate.level, ACCESS_NOBODY);
		assert_string_equal(b.gate.jwt, "");
	}
	assert_int_equal(gate(&w, &b, "https", WIKI), ACCESS_ASKS);
	gate_world_end(&w);
}

static void
a_cookie_is_valid_for_its_domain_only(void **state)
{
	struct world w;
	struct browser b;
	char token[65];

	gate_world(&w);
	complete_sign_in(&w, &b, "alice", token);
	assert_int_equal(gate(&w, &b, token, "https://docs.example.org/"), ACCESS_PASSES);
	assert_int_equal(gate(&w, &b, token, "https://shop.example.net/"), ACCESS_ASKS);
	assert_int_equal(b.gate.level, ACCESS_NOBODY);
	gate_world_end(&w);
}

static void
a_gate_cookie_ends_with_session_account_and_factor(void **state)
{
	static const char *const ends[] = {
		"DELETE FROM sessions",
		"UPDATE accounts SET disabled_at_us = 1",
		"DELETE FROM factors",
		"UPDATE factors SET disabled_at_us = 1",
		"UPDATE sessions SET seen_at_us = 1, created_at_us = 1",
		"DELETE FROM accounts",
	};

	for (size_t i = 0; i < COUNT(ends); i++) {
		struct world w;
		struct browser b;
		char token[65];
		gate_world(&w);
		complete_sign_in(&w, &b, "alice", token);
		assert_int_equal(gate(&w, &b, token, WIKI), ACCESS_PASSES);
		sql_run(&w, ends[i]);
		if (gate(&w, &b, token, WIKI) != ACCESS_ASKS || b.gate.level != ACCESS_NOBODY || b.gate.name[0] != '\0')
			fail_msg("%s", ends[i]);
		gate_world_end(&w);
	}
}

static void
a_cookie_survives_a_new_token_of_its_session(void **state)
{
	const struct password_body change = { STR(PASSWORD), STR("trombone sobre 1742"), STR("trombone sobre 1742") };
	struct world w;
	struct browser b;
	char token[65];

	gate_world(&w);
	complete_sign_in(&w, &b, "alice", token);
	assert_int_equal(gate(&w, &b, token, WIKI), ACCESS_PASSES);
	const struct token before = b.gate.session;
	assert_verdict(ask(&w, &b, QUESTION_PASSWORD, &change), VERDICT_PASSED);
	assert_true(w.ended_count > 0);
	assert_memory_equal(&w.ended[w.ended_count - 1], &before, sizeof(before));
	assert_int_equal(gate(&w, &b, token, WIKI), ACCESS_PASSES);
	assert_memory_not_equal(&b.gate.session, &before, sizeof(before));
	gate_world_end(&w);
}

static void
a_refreshed_proof_is_pushed(void **state)
{
	struct world w;
	struct browser b;
	struct why why = { "" };
	char token[65];

	gate_world(&w);
	complete_sign_in(&w, &b, "alice", token);
	assert_int_equal(admin_set_groups(w.thread, STR("alice"), STR("admins"), &why), ERR_OK);
	clock_forward(MINUTES_US(16));
	assert_int_equal(gate(&w, &b, token, "https://admin.example.org/"), ACCESS_ASKS);
	assert_string_equal(b.gate.jwt, "");
	assert_int_equal(enter(&w, &b, "https://admin.example.org/"), ACCESS_ASKS);
	assert_int_equal(b.gate.reason, ACCESS_OLD);
	assert_string_equal(b.gate.token, "");
	size_t notified = w.ended_count;
	struct code code = code_of(b.secret, 0);
	const struct verify_body verify = { str_of(code.z) };
	assert_verdict(ask(&w, &b, QUESTION_STEP_UP, &verify), VERDICT_PASSED);
	assert_int_equal(w.ended_count, notified + 1);
	assert_int_equal(gate(&w, &b, token, "https://admin.example.org/"), ACCESS_PASSES);
	gate_world_end(&w);
}

#define VAULT "https://vault.example.org/"
#define STRONGROOM "https://strongroom.example.org/"

static void
rules_for_passkeys_accept_no_code(void **state)
{
	struct world w;
	struct browser b, recovered = { .address = "127.0.0.1" };
	const struct recovery_body codes = { .renew = 0 };
	char token[65];

	gate_world(&w);
	complete_sign_in(&w, &b, "alice", token);
	assert_int_equal(gate(&w, &b, token, VAULT), ACCESS_ASKS);
	assert_int_equal(b.gate.phishing_resistant_us, 0);
	assert_string_equal(b.gate.jwt, "");
	assert_int_equal(enter(&w, &b, VAULT), ACCESS_ASKS);
	assert_int_equal(b.gate.reason, ACCESS_PASSKEY);
	assert_string_equal(b.gate.token, "");
	assert_verdict(ask(&w, &b, QUESTION_RECOVERY, &codes), VERDICT_PASSED);
	assert_verdict(do_sign_in(&w, &recovered, "alice", PASSWORD), VERDICT_PASSED);
	assert_verdict(do_verify(&w, &recovered, b.recovery[0]), VERDICT_PASSED);
	assert_int_equal(enter(&w, &recovered, VAULT), ACCESS_ASKS);
	assert_int_equal(recovered.gate.reason, ACCESS_PASSKEY);
	gate_world_end(&w);
}

static void
rules_for_passkeys_accept_a_passkey(void **state)
{
	struct world w;
	struct browser b;
	char token[65];

	gate_world(&w);
	bring_to(&w, &b, "alice", STATE_ENROLLING);
	assert_verdict(do_passkey(&w, &b, (struct authenticator){ .id = 1 }), VERDICT_PASSED);
	assert_true(b.head.phishing_resistant_us != 0);
	assert_int_equal(enter(&w, &b, VAULT), ACCESS_PASSES);
	memcpy(token, b.gate.token, sizeof(token));
	assert_int_equal(gate(&w, &b, token, VAULT), ACCESS_PASSES);
	assert_true(b.gate.phishing_resistant_us != 0);
	sql_run(&w, "UPDATE factors SET disabled_at_us = 1");
	assert_int_equal(gate(&w, &b, token, VAULT), ACCESS_ASKS);
	assert_int_equal(b.gate.phishing_resistant_us, 0);
	gate_world_end(&w);
}

static void
a_code_does_not_renew_the_age_of_a_passkey(void **state)
{
	struct world w;
	struct browser b;
	char token[65];

	gate_world(&w);
	complete_sign_in(&w, &b, "alice", token);
	sql_run(&w, "UPDATE sessions SET passkey_at_us = factor_at_us - 1000000");
	sql_run(&w, "UPDATE factors SET kind = 'passkey'");
	assert_int_equal(gate(&w, &b, token, STRONGROOM), ACCESS_PASSES);
	clock_forward(MINUTES_US(16));
	assert_int_equal(gate(&w, &b, token, STRONGROOM), ACCESS_ASKS);
	sql_run(&w, "UPDATE sessions SET factor_at_us = factor_at_us + 900000000"); /* a step-up by code */
	assert_int_equal(gate(&w, &b, token, STRONGROOM), ACCESS_ASKS);
	assert_int_equal(enter(&w, &b, STRONGROOM), ACCESS_ASKS);
	assert_int_equal(b.gate.reason, ACCESS_PASSKEY_OLD);
	sql_run(&w, "UPDATE sessions SET passkey_at_us = factor_at_us"); /* a step-up by passkey */
	assert_int_equal(gate(&w, &b, token, STRONGROOM), ACCESS_PASSES);
	gate_world_end(&w);
}

static void
one_factor_access_lasts_as_long_as_the_session(void **state)
{
	struct world w;
	struct browser b, again = { 0 };
	char token[65];

	gate_world(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_verdict(do_sign_in(&w, &again, "alice", PASSWORD), VERDICT_PASSED);
	assert_int_equal(enter(&w, &again, WIKI), ACCESS_ASKS);
	assert_int_equal(again.gate.reason, ACCESS_CODE);
	assert_int_equal(enter(&w, &again, "https://easy.example.org/"), ACCESS_PASSES);
	memcpy(token, again.gate.token, sizeof(token));
	for (int i = 0; i < 4; i++) {
		clock_forward(MINUTES_US(40));
		purge_all(&w);
		assert_int_equal(gate(&w, &b, token, "https://easy.example.org/"), ACCESS_PASSES);
		assert_int_equal(b.gate.level, ACCESS_PASSWORD);
		assert_int_equal(b.gate.verified_us, 0);
		assert_int_equal(gate(&w, &b, token, WIKI), ACCESS_ASKS);
	}
	/* For pages the session expired long ago. */
	assert_verdict(ask(&w, &again, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	gate_world_end(&w);
}

static void
a_page_does_not_delete_a_one_factor_session(void **state)
{
	static const enum question_id pages[] = { QUESTION_SESSION, QUESTION_ACCOUNT, QUESTION_GATE_ENTER };
	struct world w;
	struct browser b, again = { 0 };
	char token[65];

	gate_world(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_verdict(do_sign_in(&w, &again, "alice", PASSWORD), VERDICT_PASSED);
	assert_int_equal(enter(&w, &again, "https://easy.example.org/"), ACCESS_PASSES);
	memcpy(token, again.gate.token, sizeof(token));
	clock_forward(MINUTES_US(11));
	for (size_t i = 0; i < COUNT(pages); i++) {
		const struct gate_enter_body body = { STR("https://easy.example.org/"), STR("GET") };
		ask(&w, &again, pages[i], pages[i] == QUESTION_GATE_ENTER ? &body : NULL);
		assert_int_equal(again.head.state, STATE_NONE); /* pages refuse it anyway */
		assert_int_equal(gate(&w, &b, token, "https://easy.example.org/"), ACCESS_PASSES);
	}
	gate_world_end(&w);
}

static void
a_one_factor_session_in_use_is_not_idle(void **state)
{
	struct world w;
	struct browser b, again = { 0 };
	char token[65];

	gate_world(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_verdict(do_sign_in(&w, &again, "alice", PASSWORD), VERDICT_PASSED);
	assert_int_equal(enter(&w, &again, "https://easy.example.org/"), ACCESS_PASSES);
	memcpy(token, again.gate.token, sizeof(token));
	w.config.session_idle_us = MINUTES_US(1);
	for (int i = 0; i < 12; i++) {
		clock_forward(SECONDS_US(15));
		assert_int_equal(gate(&w, &b, token, "https://easy.example.org/"), ACCESS_PASSES);
	}
	clock_forward(SECONDS_US(60));
	assert_int_equal(gate(&w, &b, token, "https://easy.example.org/"), ACCESS_ASKS);
	gate_world_end(&w);
}

static void
an_enrolling_session_has_no_access(void **state)
{
	struct world w;
	struct browser b;

	gate_world(&w);
	bring_to(&w, &b, "alice", STATE_ENROLLING);
	const struct gate_enter_body body = { STR("https://easy.example.org/"), STR("GET") };
	assert_verdict(ask(&w, &b, QUESTION_GATE_ENTER, &body), VERDICT_STATE);
	gate_world_end(&w);
}

static enum verdict
spend(struct world *w, struct browser *b, const char *ticket, const char *host)
{
	const struct gate_ticket_body body = { str_of(ticket), str_of(host) };
	struct browser unknown = { 0 };
	enum verdict verdict = ask(w, &unknown, QUESTION_GATE_TICKET, &body);

	b->gate = unknown.gate;
	return verdict;
}

static void
a_ticket_opens_its_domain_once_within_its_lifetime(void **state)
{
	static const char shop[] = "https://shop.example.net/cart?x=1";
	struct world w;
	struct browser b;
	char token[65], ticket[65];

	gate_world(&w);
	complete_sign_in(&w, &b, "alice", token);
	assert_int_equal(enter(&w, &b, shop), ACCESS_PASSES);
	assert_string_equal(b.gate.token, "");
	memcpy(ticket, b.gate.ticket, sizeof(ticket));
	assert_verdict(spend(&w, &b, ticket, "shop.example.net"), VERDICT_PASSED);
	assert_string_equal(b.gate.url, shop);
	assert_string_equal(b.gate.domain, "example.net");
	memcpy(token, b.gate.token, sizeof(token));
	assert_int_equal(gate(&w, &b, token, shop), ACCESS_PASSES);
	assert_verdict(spend(&w, &b, ticket, "shop.example.net"), VERDICT_REFUSED);

	assert_int_equal(enter(&w, &b, shop), ACCESS_PASSES);
	assert_verdict(spend(&w, &b, b.gate.ticket, "other.example.net"), VERDICT_REFUSED);
	assert_int_equal(enter(&w, &b, shop), ACCESS_PASSES);
	memcpy(ticket, b.gate.ticket, sizeof(ticket));
	clock_forward(SECONDS_US(30));
	assert_verdict(spend(&w, &b, ticket, "shop.example.net"), VERDICT_REFUSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM gate_tickets"), 1);
	purge_all(&w);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM gate_tickets"), 0);
	gate_world_end(&w);
}

/* The cookies of two domains.  A session with the password alone is never remembered. */
static void
the_gate_cookie_lasts_as_long_as_a_remembered_session(void **state)
{
	static const char shop[] = "https://shop.example.net/";
	struct world w;
	struct browser b, pending = { .remember = true };
	char token[65];
	int64_t until_us;

	gate_world(&w);
	complete_sign_in(&w, &b, "alice", token);
	assert_int_equal(enter(&w, &b, WIKI), ACCESS_PASSES);
	assert_int_equal(b.gate.remembered_until_us, 0);
	sql_run(&w, "UPDATE sessions SET remembered = 1");
	assert_verdict(do_sign_in(&w, &pending, "alice", PASSWORD), VERDICT_PASSED);
	assert_int_equal(enter(&w, &pending, "https://easy.example.org/"), ACCESS_PASSES);
	assert_int_equal(pending.gate.remembered_until_us, 0);
	assert_int_equal(enter(&w, &b, WIKI), ACCESS_PASSES);
	until_us = b.gate.remembered_until_us;
	assert_true(until_us > clock_us() && until_us == b.head.remembered_until_us);
	assert_int_equal(enter(&w, &b, shop), ACCESS_PASSES);
	assert_verdict(spend(&w, &b, b.gate.ticket, "shop.example.net"), VERDICT_PASSED);
	assert_true(b.gate.remembered_until_us == until_us);
	clock_forward(MINUTES_US(29 * 24 * 60));
	assert_int_equal(gate(&w, &b, token, WIKI), ACCESS_PASSES);
	clock_forward(MINUTES_US(24 * 60));
	assert_int_equal(gate(&w, &b, token, WIKI), ACCESS_ASKS);
	gate_world_end(&w);
}

static void
tickets_are_limited_per_session(void **state)
{
	static const char shop[] = "https://shop.example.net/cart";
	enum { TICKETS = 32 };
	struct world w;
	struct browser b, other;
	char token[65], first[65], others[65];

	gate_world(&w);
	complete_sign_in(&w, &b, "alice", token);
	complete_sign_in(&w, &other, "bob", token);
	assert_int_equal(enter(&w, &other, shop), ACCESS_PASSES);
	memcpy(others, other.gate.ticket, sizeof(others));
	for (int i = 0; i < 3 * TICKETS; i++) {
		assert_int_equal(enter(&w, &b, shop), ACCESS_PASSES);
		if (i == 0)
			memcpy(first, b.gate.ticket, sizeof(first));
		clock_forward(1000);
	}
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM gate_tickets"), TICKETS + 1);
	assert_verdict(spend(&w, &b, b.gate.ticket, "shop.example.net"), VERDICT_PASSED);
	assert_verdict(spend(&w, &b, first, "shop.example.net"), VERDICT_REFUSED);
	assert_verdict(spend(&w, &other, others, "shop.example.net"), VERDICT_PASSED);
	gate_world_end(&w);
}

static void
a_ticket_of_an_ended_session_is_refused(void **state)
{
	struct world w;
	struct browser b;
	char ticket[65];

	gate_world(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_int_equal(enter(&w, &b, "https://shop.example.net/"), ACCESS_PASSES);
	memcpy(ticket, b.gate.ticket, sizeof(ticket));
	assert_verdict(ask(&w, &b, QUESTION_SIGN_OUT, NULL), VERDICT_PASSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM gate_tickets"), 0);
	assert_verdict(spend(&w, &b, ticket, "shop.example.net"), VERDICT_REFUSED);
	gate_world_end(&w);
}

static void
application_requests_keep_the_session_active(void **state)
{
	struct world w;
	struct browser b;
	char token[65];

	gate_world(&w);
	complete_sign_in(&w, &b, "alice", token);
	for (int i = 0; i < 3; i++) {
		clock_forward(MINUTES_US(59));
		assert_int_equal(gate(&w, &b, token, WIKI), ACCESS_PASSES);
	}
	clock_forward(MINUTES_US(60));
	assert_int_equal(gate(&w, &b, token, WIKI), ACCESS_ASKS);
	gate_world_end(&w);
}

static void
unreadable_rules_leave_the_old_rules_in_force(void **state)
{
	struct world w;
	struct browser b;
	struct why why = { "" };

	gate_world(&w);
	rules_write(&w, "rules:\n  - domain: open.example.org\n    polisy: bypass\n");
	assert_int_equal(keeper_rules_read(w.keeper, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, "line 3"));
	assert_int_equal(gate(&w, &b, "", "https://open.example.org/"), ACCESS_PASSES);
	rules_write(&w, "rules: []\n");
	assert_int_equal(keeper_rules_read(w.keeper, &why), ERR_OK);
	assert_int_equal(gate(&w, &b, "", "https://open.example.org/"), ACCESS_REFUSED);
	gate_world_end(&w);
}

/* With a failing call, the answer is the right one or an error; it never grants more than the right answer. */
static void
failed_calls_never_grant_access(void **state)
{
	static const enum fault faults[] = { FAULT_MEMORY, FAULT_QUERY, FAULT_CRYPTO, FAULT_RANDOM, FAULT_CLOCK };
	struct world w;
	struct browser b;
	char token[65];

	gate_world(&w);
	complete_sign_in(&w, &b, "alice", token);
	for (size_t i = 0; i < COUNT(faults); i++) {
		harness_fault.failed = 1;
		for (long nth = 1; harness_fault.failed > 0 && nth < 2000; nth++) {
			harness_fault = (struct harness_fault){ faults[i], nth, false, 0 };
			enum access_outcome good = gate(&w, &b, token, WIKI);
			if (good == ACCESS_PASSES && (strcmp(b.gate.name, "alice") != 0 || b.gate.jwt[0] == '\0'))
				fail_msg("fault %d, %ld: passes as \"%s\"", (int)faults[i], nth, b.gate.name);
			if (gate(&w, &b, "", WIKI) == ACCESS_PASSES ||
			    gate(&w, &b, token, "https://closed.example.org/") == ACCESS_PASSES)
				fail_msg("fault %d, %ld grants access", (int)faults[i], nth);
			long failed = harness_fault.failed;
			enum access_outcome outcome = enter(&w, &b, "https://shop.example.net/");
			if (outcome == ACCESS_PASSES && strlen(b.gate.ticket) != 43)
				fail_msg("fault %d, %ld: no ticket", (int)faults[i], nth);
			harness_fault.failed += failed;
		}
		harness_fault = (struct harness_fault){ 0 };
		assert_int_equal(gate(&w, &b, token, WIKI), ACCESS_PASSES);
	}
	gate_world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cookie_names_its_user_and_is_bound_to_its_host),
		cmocka_unit_test(rules_alone_decide_about_requests_without_a_cookie),
		cmocka_unit_test(other_texts_are_not_cookies),
		cmocka_unit_test(a_cookie_is_valid_for_its_domain_only),
		cmocka_unit_test(a_gate_cookie_ends_with_session_account_and_factor),
		cmocka_unit_test(a_cookie_survives_a_new_token_of_its_session),
		cmocka_unit_test(a_refreshed_proof_is_pushed),
		cmocka_unit_test(rules_for_passkeys_accept_no_code),
		cmocka_unit_test(rules_for_passkeys_accept_a_passkey),
		cmocka_unit_test(a_code_does_not_renew_the_age_of_a_passkey),
		cmocka_unit_test(one_factor_access_lasts_as_long_as_the_session),
		cmocka_unit_test(a_page_does_not_delete_a_one_factor_session),
		cmocka_unit_test(a_one_factor_session_in_use_is_not_idle),
		cmocka_unit_test(an_enrolling_session_has_no_access),
		cmocka_unit_test(a_ticket_opens_its_domain_once_within_its_lifetime),
		cmocka_unit_test(the_gate_cookie_lasts_as_long_as_a_remembered_session),
		cmocka_unit_test(tickets_are_limited_per_session),
		cmocka_unit_test(a_ticket_of_an_ended_session_is_refused),
		cmocka_unit_test(application_requests_keep_the_session_active),
		cmocka_unit_test(unreadable_rules_leave_the_old_rules_in_force),
		cmocka_unit_test(failed_calls_never_grant_access),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
