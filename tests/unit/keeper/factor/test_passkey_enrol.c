/* PASSKEY_OFFER, PASSKEY_BEGIN, PASSKEY_FIRST, PASSKEY_ADD and CODES_OFF; what removing a passkey leaves. */
#include "keeper/authenticator.h"

#include "keeper/account/admin.h"
#include "keeper/factor/passkey_models.h"

#include <stdio.h>

#define DAY_US MINUTES_US(24 * 60)

static int64_t
audit_rows(struct world *w, const char *event)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM audit WHERE event = '%s'", event);
	return sql_number(w, sql);
}

static int64_t
audit_reasons(struct world *w, const char *reason)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM audit WHERE event = 'passkey.refused' AND reason = '%s'",
		 reason);
	return sql_number(w, sql);
}

static void
step_up(struct world *w, struct browser *b)
{
	clock_forward(MINUTES_US(1));
	const struct code code = code_of(b->secret, 0);
	const struct verify_body body = { str_of(code.z) };
	assert_verdict(ask(w, b, QUESTION_STEP_UP, &body), VERDICT_PASSED);
}

static void
add_passkey(struct world *w, struct browser *b, unsigned id)
{
	if (do_passkey(w, b, (struct authenticator){ .id = id }) != VERDICT_PASSED)
		fail_msg("passkey %u: verdict %d, fault %u", id, b->verdict, b->passkey.fault);
}

/* --- the first factor --------------------------------------------------------------------------------------------- */

static void
a_first_passkey_completes_the_sign_in(void **state)
{
	struct world w;
	struct browser b, other = { 0 };

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_ENROLLING);
	assert_verdict(do_sign_in(&w, &other, "alice", PASSWORD), VERDICT_PASSED);
	const struct token before = b.token;
	add_passkey(&w, &b, 1);
	assert_int_equal(b.head.state, STATE_FULL);
	assert_memory_not_equal(&before, &b.token, sizeof(before));
	assert_true(b.head.phishing_resistant_us != 0);
	assert_int_equal(b.head.passkeys, 1);
	assert_int_equal(b.head.code_digits, 0);
	assert_true(b.head.user_verified_us > 0);
	assert_int_equal(b.passkey.user_verified, 1);
	assert_verdict(ask(&w, &other, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	/* the secret that was being enrolled is gone */
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors"), 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors WHERE kind = 'passkey' AND digits = 0"), 1);
	assert_int_equal(sql_number(&w, "SELECT uv_initialized FROM passkeys WHERE length(credential_id) = 16"), 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM accounts WHERE last_sign_in_at_us > 0"), 1);
	assert_int_equal(audit_rows(&w, "passkey.added"), 1);
	world_end(&w);
}

static void
a_security_key_needs_no_user_verification(void **state)
{
	struct world w;
	struct browser b;
	struct created created;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_ENROLLING);
	assert_verdict(ask(&w, &b, QUESTION_PASSKEY_OFFER, NULL), VERDICT_PASSED);
	authenticator_create(
	    &(struct authenticator){ .challenge = b.options.challenge, .flags = FLAG_PRESENT | FLAG_ATTESTED },
	    &created);
	struct passkey_new_body body = created_body(&created);
	assert_verdict(ask(&w, &b, QUESTION_PASSKEY_FIRST, &body), VERDICT_REFUSED);
	assert_int_equal(b.passkey.fault, PASSKEY_FAULT_UNVERIFIED);
	assert_int_equal(audit_reasons(&w, "user-unverified"), 1);
	body.security_key = 1;
	assert_verdict(ask(&w, &b, QUESTION_PASSKEY_FIRST, &body), VERDICT_PASSED);
	assert_int_equal(b.head.state, STATE_FULL);
	assert_int_equal(b.head.user_verified_us, 0);
	assert_int_equal(b.passkey.user_verified, 0);
	assert_int_equal(sql_number(&w, "SELECT uv_initialized FROM passkeys"), 0);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'passkey.added' "
					"AND reason = 'security key'"),
			 1);
	assert_verdict(ask(&w, &b, QUESTION_ACCOUNT, NULL), VERDICT_PASSED);
	assert_int_equal(b.items[0].passkey, 1);
	assert_int_equal(b.items[0].alone, 0);
	world_end(&w);
}

/* --- what the browser needs --------------------------------------------------------------------------------------- */

static void
the_user_handle_is_made_once(void **state)
{
	struct world w;
	struct browser b, other;
	uint8_t handle[PASSKEY_HANDLE_MAX];

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_ENROLLING);
	assert_verdict(ask(&w, &b, QUESTION_PASSKEY_OFFER, NULL), VERDICT_PASSED);
	assert_int_equal(b.options.handle_n, 64);
	memcpy(handle, b.options.handle, sizeof(handle));
	assert_string_equal(b.options.rp_id, TEST_RP_ID);
	assert_int_equal(b.options.excluded, 0);
	add_passkey(&w, &b, 1);
	add_passkey(&w, &b, 2);
	assert_int_equal(b.options.excluded, 1);
	assert_memory_equal(b.options.handle, handle, sizeof(handle));
	bring_to(&w, &other, "robert", STATE_ENROLLING);
	assert_verdict(ask(&w, &other, QUESTION_PASSKEY_OFFER, NULL), VERDICT_PASSED);
	assert_memory_not_equal(other.options.handle, handle, sizeof(handle));
	world_end(&w);
}

static void
another_passkey_needs_password_and_valid_name(void **state)
{
	const struct passkey_begin_body wrong = { .current = STR("wrong password") }, missing = { .name = STR("key") },
					bad_name = { .current = STR(PASSWORD), .name = STR("a\x07") };
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_verdict(ask(&w, &b, QUESTION_PASSKEY_BEGIN, &wrong), VERDICT_PROBLEMS);
	assert_int_equal(b.options.current, PROBLEM_WRONG);
	assert_verdict(ask(&w, &b, QUESTION_PASSKEY_BEGIN, &missing), VERDICT_PROBLEMS);
	assert_int_equal(b.options.current, PROBLEM_MISSING);
	assert_verdict(ask(&w, &b, QUESTION_PASSKEY_BEGIN, &bad_name), VERDICT_PROBLEMS);
	assert_int_equal(b.options.display_name, PROBLEM_CHARACTERS);
	assert_string_equal(b.options.challenge, "");
	clock_forward(MINUTES_US(10));
	assert_verdict(ask(&w, &b, QUESTION_PASSKEY_BEGIN, &bad_name), VERDICT_STEP_UP);
	world_end(&w);
}

static void
an_ip_address_has_no_passkeys(void **state)
{
	struct world w;
	struct browser b, full;
	const struct passkey_begin_body begin = { .current = STR(PASSWORD) };

	world_make(&w);
	w.config.passkey_rp_id[0] = '\0';
	world_open(&w);
	bring_to(&w, &b, "alice", STATE_ENROLLING);
	assert_verdict(ask(&w, &b, QUESTION_PASSKEY_OFFER, NULL), VERDICT_REFUSED);
	assert_int_equal(b.options.unavailable, 1);
	struct created created;
	authenticator_create(&(struct authenticator){ .rp_id = "" }, &created);
	const struct passkey_new_body body = created_body(&created);
	assert_verdict(ask(&w, &b, QUESTION_PASSKEY_FIRST, &body), VERDICT_REFUSED);
	assert_int_equal(audit_reasons(&w, "rp-id"), 1);
	bring_to(&w, &full, "robert", STATE_FULL);
	assert_verdict(ask(&w, &full, QUESTION_PASSKEY_BEGIN, &begin), VERDICT_REFUSED);
	assert_int_equal(full.options.unavailable, 1);
	world_end(&w);
}

/* --- refused answers ---------------------------------------------------------------------------------------------- */

static const struct {
	struct authenticator a;
	enum passkey_fault fault;
	const char *reason, *why;
} wrongs[] = {
	{ { .type = "webauthn.get" }, PASSKEY_FAULT_REFUSED, "type", "an assertion" },
	{ { .origin = "https://evil-login.example.org" }, PASSKEY_FAULT_REFUSED, "origin", "a sibling" },
	{ { .origin = "https://login.example.org:8443" }, PASSKEY_FAULT_REFUSED, "origin", "another port" },
	{ { .origin = "https://login.example.org/" }, PASSKEY_FAULT_REFUSED, "origin", "a trailing slash" },
	{ { .origin = "https://Login.example.org" }, PASSKEY_FAULT_REFUSED, "origin", "a capital" },
	{ { .origin = "http://login.example.org" }, PASSKEY_FAULT_REFUSED, "origin", "another scheme" },
	{ { .origin = "null" }, PASSKEY_FAULT_REFUSED, "origin", "null" },
	{ { .rp_id = "example.org" }, PASSKEY_FAULT_REFUSED, "rp-id", "another relying party" },
	{ { .flags = FLAG_VERIFIED | FLAG_ATTESTED }, PASSKEY_FAULT_REFUSED, "user-absent", "nobody there" },
	{ { .flags = FLAG_PRESENT | FLAG_ATTESTED }, PASSKEY_FAULT_UNVERIFIED, "user-unverified", "no PIN" },
	{ { .flags = FLAG_PRESENT | FLAG_VERIFIED | FLAG_ATTESTED | FLAG_BACKED_UP },
	  PASSKEY_FAULT_REFUSED,
	  "backup",
	  "backed up without being eligible" },
	{ { .flags = FLAG_PRESENT | FLAG_VERIFIED }, PASSKEY_FAULT_REFUSED, "auth-data", "no credential" },
	{ { .other_id = true }, PASSKEY_FAULT_REFUSED, "credential", "the id of another credential" },
	{ { .bad_point = true }, PASSKEY_FAULT_REFUSED, "key", "a point off the curve" },
	{ { .challenge = "AAAA" }, PASSKEY_FAULT_OLD, "challenge", "an invented challenge" },
};

static void
assert_nothing_enrolled(struct world *w, const struct browser *b, const struct token *token, const char *why)
{
	if (b->verdict != VERDICT_REFUSED)
		fail_msg("%s: verdict %d", why, b->verdict);
	assert_memory_equal(token, &b->token, sizeof(*token));
	assert_int_equal(sql_number(w, "SELECT count(*) FROM passkeys"), 0);
	assert_int_equal(sql_number(w, "SELECT count(*) FROM factors WHERE kind = 'passkey'"), 0);
	assert_int_equal(audit_rows(w, "passkey.added"), 0);
}

static void
wrong_answers_enrol_nothing(void **state)
{
	struct world w;
	struct browser first, full;

	world_new(&w);
	bring_to(&w, &first, "alice", STATE_ENROLLING);
	bring_to(&w, &full, "robert", STATE_FULL);
	for (size_t i = 0; i < COUNT(wrongs); i++) {
		struct browser *b = i % 2 == 0 ? &first : &full;
		enum session_state was = (enum session_state)b->head.state;
		const struct token token = b->token;
		int64_t refused = audit_rows(&w, "passkey.refused");
		do_passkey(&w, b, wrongs[i].a);
		assert_nothing_enrolled(&w, b, &token, wrongs[i].why);
		assert_int_equal(b->head.state, was);
		if (b->passkey.fault != wrongs[i].fault || audit_reasons(&w, wrongs[i].reason) == 0)
			fail_msg("%s: fault %u, no row \"%s\"", wrongs[i].why, b->passkey.fault, wrongs[i].reason);
		assert_int_equal(audit_rows(&w, "passkey.refused"), refused + 1);
	}
	world_end(&w);
}

static void
refused_enrolments_are_throttled_by_address(void **state)
{
	struct world w;
	struct browser b, elsewhere;
	const struct passkey_new_body wrong = { .credential_id = STR("1") };

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (int i = 0; i < 30; i++)
		assert_verdict(ask(&w, &b, QUESTION_PASSKEY_ADD, &wrong), VERDICT_REFUSED);
	assert_verdict(do_passkey(&w, &b, (struct authenticator){ .id = 1 }), VERDICT_LOCKOUT);
	assert_int_equal(audit_rows(&w, "passkey.refused"), 30);
	bring_to(&w, &elsewhere, "robert", STATE_ENROLLING);
	elsewhere.address = "198.51.100.7";
	add_passkey(&w, &elsewhere, 2);
	clock_forward(MINUTES_US(4));
	step_up(&w, &b);
	add_passkey(&w, &b, 1);
	world_end(&w);
}

static void
a_challenge_belongs_to_its_session_for_ten_minutes(void **state)
{
	struct world w;
	struct browser alice, robert;
	struct authenticator a = { .id = 1 };

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_ENROLLING);
	bring_to(&w, &robert, "robert", STATE_ENROLLING);
	assert_verdict(ask(&w, &robert, QUESTION_PASSKEY_OFFER, NULL), VERDICT_PASSED);
	a.challenge = robert.options.challenge;
	assert_verdict(do_passkey(&w, &alice, a), VERDICT_REFUSED);
	assert_int_equal(alice.passkey.fault, PASSKEY_FAULT_OLD);
	clock_forward(MINUTES_US(11));
	struct created created;
	authenticator_create(&(struct authenticator){ .challenge = alice.options.challenge }, &created);
	const struct passkey_new_body late = created_body(&created);
	assert_verdict(ask(&w, &alice, QUESTION_PASSKEY_FIRST, &late), VERDICT_REFUSED);
	assert_int_equal(alice.passkey.fault, PASSKEY_FAULT_OLD);
	assert_int_equal(audit_reasons(&w, "challenge"), 2);
	add_passkey(&w, &alice, 1);
	world_end(&w);
}

static void
a_used_challenge_enrols_no_second_passkey(void **state)
{
	struct world w;
	struct browser b;
	struct created created;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	add_passkey(&w, &b, 1);
	authenticator_create(&(struct authenticator){ .id = 2, .challenge = b.options.challenge }, &created);
	const struct passkey_new_body again = created_body(&created);
	assert_verdict(ask(&w, &b, QUESTION_PASSKEY_ADD, &again), VERDICT_REFUSED);
	assert_int_equal(b.passkey.fault, PASSKEY_FAULT_OLD);
	assert_int_equal(b.head.state, STATE_FULL);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys"), 1);
	world_end(&w);
}

static void
a_credential_belongs_to_one_account(void **state)
{
	struct world w;
	struct browser alice, robert;

	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	add_passkey(&w, &alice, 1);
	assert_verdict(do_passkey(&w, &alice, (struct authenticator){ .id = 1 }), VERDICT_REFUSED);
	assert_int_equal(alice.passkey.fault, PASSKEY_FAULT_REFUSED);
	bring_to(&w, &robert, "robert", STATE_ENROLLING);
	assert_verdict(do_passkey(&w, &robert, (struct authenticator){ .id = 1 }), VERDICT_REFUSED);
	assert_int_equal(robert.passkey.fault, PASSKEY_FAULT_REFUSED);
	assert_int_equal(robert.head.state, STATE_ENROLLING);
	assert_int_equal(audit_reasons(&w, "taken"), 2);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors WHERE kind = 'passkey'"), 1);
	/* the set-up page still shows the secret */
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors WHERE session_id IS NOT NULL"), 1);
	world_end(&w);
}

static void
an_account_has_at_most_ten_factors(void **state)
{
	struct world w;
	struct browser b;
	struct created created;
	const struct passkey_begin_body begin = { .current = STR(PASSWORD) };

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (unsigned i = 1; i <= 8; i++)
		add_passkey(&w, &b, i);
	assert_verdict(ask(&w, &b, QUESTION_PASSKEY_BEGIN, &begin), VERDICT_PASSED);
	sql_run(&w, "INSERT INTO factors (id, account_id, kind, secret_sealed, created_at_us, confirmed_at_us) "
		    "SELECT 77, account_id, kind, secret_sealed, 1, 1 FROM factors WHERE kind = 'totp'");
	authenticator_create(&(struct authenticator){ .id = 9, .challenge = b.options.challenge }, &created);
	const struct passkey_new_body body = created_body(&created);
	assert_verdict(ask(&w, &b, QUESTION_PASSKEY_ADD, &body), VERDICT_REFUSED);
	assert_int_equal(b.passkey.fault, PASSKEY_FAULT_LIMIT);
	assert_int_equal(audit_reasons(&w, "limit"), 1);
	assert_verdict(ask(&w, &b, QUESTION_PASSKEY_BEGIN, &begin), VERDICT_REFUSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys"), 8);
	world_end(&w);
}

/* --- another passkey ---------------------------------------------------------------------------------------------- */

static void
another_passkey_ends_all_other_sessions(void **state)
{
	struct world w;
	struct browser b, other = { 0 };

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_verdict(do_sign_in(&w, &other, "alice", PASSWORD), VERDICT_PASSED);
	const struct token before = b.token;
	const struct factor_begin_body begin = { .current = STR(PASSWORD) };
	assert_verdict(ask(&w, &b, QUESTION_FACTOR_BEGIN, &begin), VERDICT_PASSED);
	add_passkey(&w, &b, 1);
	assert_int_equal(b.head.state, STATE_FULL);
	assert_memory_not_equal(&before, &b.token, sizeof(before));
	assert_verdict(ask(&w, &other, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	/* the session keeps the factor that it began with, and enrols nothing else */
	assert_int_equal(b.head.phishing_resistant_us, 0);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors WHERE confirmed_at_us IS NULL"), 0);
	assert_int_equal(b.head.passkeys, 1);
	assert_int_equal(b.head.authenticators, 2);
	world_end(&w);
}

static void
a_new_passkey_replaces_the_proof_by_recovery_code(void **state)
{
	const struct recovery_body make = { 0 };
	struct world w;
	struct browser b;
	char code[25];

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_verdict(ask(&w, &b, QUESTION_RECOVERY, &make), VERDICT_PASSED);
	memcpy(code, b.recovery[0], sizeof(code));
	memset(&b.token, 0, sizeof(b.token));
	assert_verdict(do_sign_in(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	assert_verdict(do_verify(&w, &b, code), VERDICT_PASSED);
	assert_int_equal(b.head.recovered, 1);
	add_passkey(&w, &b, 1);
	assert_int_equal(b.head.recovered, 0);
	assert_true(b.head.phishing_resistant_us != 0);
	assert_int_equal(b.passkey.recovery_left, 9);
	world_end(&w);
}

/* --- names -------------------------------------------------------------------------------------------------------- */

#define AAGUID_BITWARDEN "\xd5\x48\x82\x6e\x79\xb4\xdb\x40\xa3\xd8\x11\x11\x6f\x7e\x83\x49"

static void
the_model_names_a_passkey_without_a_name(void **state)
{
	struct world w;
	struct browser b;
	struct created created;
	const struct passkey_begin_body begin = { .current = STR(PASSWORD) };

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_verdict(do_passkey(&w, &b, (struct authenticator){ .id = 1, .aaguid = AAGUID_BITWARDEN }),
		       VERDICT_PASSED);
	add_passkey(&w, &b, 2);
	assert_verdict(ask(&w, &b, QUESTION_PASSKEY_BEGIN, &begin), VERDICT_PASSED);
	authenticator_create(
	    &(struct authenticator){ .id = 3, .challenge = b.options.challenge, .aaguid = AAGUID_BITWARDEN }, &created);
	struct passkey_new_body body = created_body(&created);
	body.name = STR(" Anna's key ");
	body.transports = STR("usb\"><script>");
	assert_verdict(ask(&w, &b, QUESTION_PASSKEY_ADD, &body), VERDICT_PASSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors WHERE name = 'Bitwarden'"), 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors WHERE name = '' AND kind = 'passkey'"), 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors f JOIN passkeys p ON p.factor_id = f.id "
					"WHERE name = 'Anna''s key' AND transports = ''"),
			 1);
	assert_int_equal(passkey_model_name(STR("")).n, 0);
	world_end(&w);
}

/* --- removing ----------------------------------------------------------------------------------------------------- */

static enum verdict
remove_factor(struct world *w, struct browser *b, size_t nth)
{
	assert_verdict(ask(w, b, QUESTION_ACCOUNT, NULL), VERDICT_PASSED);
	const struct factor_body body = { .id = b->factors[nth] };
	return ask(w, b, QUESTION_FACTOR_REMOVE, &body);
}

static void
a_removed_passkey_is_remembered_for_400_days(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	add_passkey(&w, &b, 1);
	assert_verdict(remove_factor(&w, &b, 1), VERDICT_PASSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys"), 0);
	assert_int_equal(sql_number(&w, "SELECT length(credential_hash) FROM passkeys_removed"), 32);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'factor.removed' "
					"AND reason = 'passkey'"),
			 1);
	add_passkey(&w, &b, 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys_removed"), 0);
	assert_verdict(remove_factor(&w, &b, 1), VERDICT_PASSED);
	clock_forward(399 * DAY_US);
	purge_all(&w);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys_removed"), 1);
	clock_forward(2 * DAY_US);
	purge_all(&w);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys_removed"), 0);
	world_end(&w);
}

static void
an_account_has_at_most_100_removed_passkeys(void **state)
{
	struct world w;
	struct browser b, other;
	char sql[600];

	world_new(&w);
	bring_to(&w, &other, "robert", STATE_FULL);
	add_passkey(&w, &other, 2);
	assert_verdict(remove_factor(&w, &other, 1), VERDICT_PASSED);
	bring_to(&w, &b, "alice", STATE_FULL);
	add_passkey(&w, &b, 1);
	snprintf(sql, sizeof(sql),
		 "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120) "
		 "INSERT INTO passkeys_removed (id, account_id, credential_hash, removed_at_us) "
		 "SELECT i, (SELECT id FROM accounts WHERE name = 'alice'), %s, 1000 + i FROM n "
		 "UNION ALL SELECT 1000 + i, 0, %s, i FROM n",
		 on_postgres() ? "sha256(int8send(i))" : "randomblob(32)",
		 on_postgres() ? "sha256(int8send(1000 + i))" : "randomblob(32)");
	sql_run(&w, sql);
	assert_verdict(remove_factor(&w, &b, 1), VERDICT_PASSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys_removed WHERE removed_at_us > 1120"), 2);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys_removed WHERE account_id <> 0"), 101);
	assert_int_equal(sql_number(&w, "SELECT min(removed_at_us) FROM passkeys_removed WHERE account_id <> 0"), 1022);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys_removed WHERE account_id = 0"), 120);
	world_end(&w);
}

static err
reset_factors(struct world *w, struct browser *b)
{
	struct why why = { "" };

	return admin_reset_factors(w->thread, STR("alice"), &why);
}

static err
delete_account(struct world *w, struct browser *b)
{
	struct why why = { "" };

	return admin_delete(w->thread, STR("alice"), &why);
}

static err
close_account(struct world *w, struct browser *b)
{
	const struct close_body body = { STR("alice"), STR(PASSWORD) };

	return ask(w, b, QUESTION_CLOSE, &body) == VERDICT_PASSED ? ERR_OK : ERR_INVALID;
}

static void
passkeys_of_resets_and_deleted_accounts_are_remembered(void **state)
{
	err (*const ways[])(struct world * w, struct browser * b) = { reset_factors, delete_account, close_account };

	for (size_t i = 0; i < COUNT(ways); i++) {
		struct world w;
		struct browser b, robert;
		world_new(&w);
		bring_to(&w, &b, "alice", STATE_FULL);
		add_passkey(&w, &b, 1);
		add_passkey(&w, &b, 2);
		bring_to(&w, &robert, "robert", STATE_FULL);
		add_passkey(&w, &robert, 3);
		sql_run(&w, "UPDATE accounts SET codes_off = 1");
		assert_int_equal(ways[i](&w, &b), ERR_OK);
		assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys_removed"), 2);
		assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys"), 1);
		assert_int_equal(sql_number(&w, "SELECT count(*) FROM accounts WHERE codes_off = 1"), 1);
		world_end(&w);
	}
}

static void
a_refused_removal_remembers_nothing(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_ENROLLING);
	add_passkey(&w, &b, 1);
	assert_verdict(remove_factor(&w, &b, 0), VERDICT_REFUSED); /* the passkey verified this session */
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys_removed"), 0);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys"), 1);
	world_end(&w);
}

static void
a_passkey_of_another_host_counts_for_nothing(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_ENROLLING);
	add_passkey(&w, &b, 1);
	add_passkey(&w, &b, 2);
	assert_verdict(ask(&w, &b, QUESTION_ACCOUNT, NULL), VERDICT_PASSED);
	assert_int_equal(b.items[1].other_host, 0);
	assert_int_equal(b.codes_off_allowed, 1);
	sql_run(&w,
		"UPDATE passkeys SET rp_id = 'old.example.org' WHERE factor_id <> (SELECT factor_id FROM sessions)");
	assert_verdict(ask(&w, &b, QUESTION_ACCOUNT, NULL), VERDICT_PASSED);
	assert_int_equal(b.items[1].other_host, 1);
	assert_int_equal(b.codes_off_allowed, 0);
	assert_verdict(remove_factor(&w, &b, 1), VERDICT_PASSED);
	world_end(&w);
}

static void
the_last_factor_for_this_host_cannot_be_removed(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_ENROLLING);
	add_passkey(&w, &b, 1);
	add_passkey(&w, &b, 2);
	/* the session was verified with the passkey of another host */
	sql_run(&w, "UPDATE passkeys SET rp_id = 'old.example.org' WHERE factor_id = (SELECT factor_id FROM sessions)");
	assert_verdict(remove_factor(&w, &b, 1), VERDICT_REFUSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys"), 2);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys_removed"), 0);
	world_end(&w);
}

static void
an_authenticator_never_replaces_a_passkey(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	add_passkey(&w, &b, 1);
	assert_verdict(ask(&w, &b, QUESTION_ACCOUNT, NULL), VERDICT_PASSED);
	struct factor_begin_body begin = { .current = STR(PASSWORD), .replaces = b.factors[1] };
	assert_verdict(ask(&w, &b, QUESTION_FACTOR_BEGIN, &begin), VERDICT_REFUSED);
	begin.replaces = b.factors[0];
	assert_verdict(ask(&w, &b, QUESTION_FACTOR_BEGIN, &begin), VERDICT_PASSED);
	world_end(&w);
}

/* --- codes off ---------------------------------------------------------------------------------------------------- */

static enum verdict
codes_off(struct world *w, struct browser *b, uint32_t off)
{
	const struct codes_off_body body = { off };

	return ask(w, b, QUESTION_CODES_OFF, &body);
}

static void
codes_are_switched_off_only_if_enough_remains(void **state)
{
	const struct recovery_body make = { 0 };
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_verdict(codes_off(&w, &b, 1), VERDICT_REFUSED);
	add_passkey(&w, &b, 1);
	assert_verdict(codes_off(&w, &b, 1), VERDICT_REFUSED);
	assert_verdict(ask(&w, &b, QUESTION_RECOVERY, &make), VERDICT_PASSED);
	assert_verdict(codes_off(&w, &b, 1), VERDICT_PASSED);
	assert_int_equal(b.head.codes_off, 1);
	assert_verdict(codes_off(&w, &b, 0), VERDICT_PASSED);
	sql_run(&w, "UPDATE passkeys SET uv_initialized = 0");
	assert_verdict(codes_off(&w, &b, 1), VERDICT_REFUSED);
	sql_run(&w, "UPDATE passkeys SET uv_initialized = 1");
	sql_run(&w, "UPDATE recovery_codes SET spent_at_us = 1");
	assert_verdict(codes_off(&w, &b, 1), VERDICT_REFUSED);
	add_passkey(&w, &b, 2);
	assert_verdict(codes_off(&w, &b, 1), VERDICT_PASSED);
	assert_verdict(codes_off(&w, &b, 1), VERDICT_PASSED); /* codes are off already */
	assert_int_equal(audit_rows(&w, "codes.off"), 2);
	assert_int_equal(audit_rows(&w, "codes.on"), 1);
	world_end(&w);
}

/* Such a passkey needs the account's name: its answer has no user handle that the account knows. */
static void
a_passkey_without_a_known_handle_opens_nothing_alone(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	add_passkey(&w, &b, 1);
	add_passkey(&w, &b, 2);
	sql_run(&w, "UPDATE passkeys SET imported = 1");
	assert_verdict(codes_off(&w, &b, 1), VERDICT_REFUSED);
	assert_verdict(ask(&w, &b, QUESTION_ACCOUNT, NULL), VERDICT_PASSED);
	assert_int_equal(b.items[1].alone, 0);
	assert_int_equal(b.codes_off_allowed, 0);
	sql_run(&w, "UPDATE passkeys SET user_handle = credential_id");
	assert_verdict(ask(&w, &b, QUESTION_ACCOUNT, NULL), VERDICT_PASSED);
	assert_int_equal(b.items[1].alone, 1);
	assert_int_equal(b.codes_off_allowed, 1);
	assert_verdict(codes_off(&w, &b, 1), VERDICT_PASSED);
	world_end(&w);
}

static void
enough_passkeys_remain_while_codes_are_off(void **state)
{
	const struct recovery_body make = { 0 };
	const struct factor_begin_body begin = { .current = STR(PASSWORD) };
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	add_passkey(&w, &b, 1);
	add_passkey(&w, &b, 2);
	assert_verdict(codes_off(&w, &b, 1), VERDICT_PASSED);
	assert_verdict(ask(&w, &b, QUESTION_FACTOR_BEGIN, &begin), VERDICT_REFUSED);
	assert_verdict(remove_factor(&w, &b, 1), VERDICT_REFUSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys"), 2);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys_removed"), 0);
	assert_verdict(ask(&w, &b, QUESTION_RECOVERY, &make), VERDICT_PASSED);
	assert_verdict(remove_factor(&w, &b, 1), VERDICT_PASSED);
	assert_verdict(remove_factor(&w, &b, 1), VERDICT_REFUSED);
	assert_verdict(codes_off(&w, &b, 0), VERDICT_PASSED);
	assert_verdict(remove_factor(&w, &b, 1), VERDICT_PASSED);
	world_end(&w);
}

static void
renaming_a_passkey_names_its_kind(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	add_passkey(&w, &b, 1);
	assert_verdict(ask(&w, &b, QUESTION_ACCOUNT, NULL), VERDICT_PASSED);
	for (size_t i = 0; i < 2; i++) {
		const struct factor_body body = { .id = b.factors[i], .name = STR("key") };
		assert_verdict(ask(&w, &b, QUESTION_FACTOR_RENAME, &body), VERDICT_PASSED);
	}
	assert_int_equal(audit_rows(&w, "factor.renamed"), 2);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'factor.renamed' "
					"AND reason = 'passkey'"),
			 1);
	step_up(&w, &b);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_passkey_completes_the_sign_in),
		cmocka_unit_test(a_security_key_needs_no_user_verification),
		cmocka_unit_test(the_user_handle_is_made_once),
		cmocka_unit_test(another_passkey_needs_password_and_valid_name),
		cmocka_unit_test(an_ip_address_has_no_passkeys),
		cmocka_unit_test(wrong_answers_enrol_nothing),
		cmocka_unit_test(refused_enrolments_are_throttled_by_address),
		cmocka_unit_test(a_challenge_belongs_to_its_session_for_ten_minutes),
		cmocka_unit_test(a_used_challenge_enrols_no_second_passkey),
		cmocka_unit_test(a_credential_belongs_to_one_account),
		cmocka_unit_test(an_account_has_at_most_ten_factors),
		cmocka_unit_test(another_passkey_ends_all_other_sessions),
		cmocka_unit_test(a_new_passkey_replaces_the_proof_by_recovery_code),
		cmocka_unit_test(the_model_names_a_passkey_without_a_name),
		cmocka_unit_test(a_removed_passkey_is_remembered_for_400_days),
		cmocka_unit_test(an_account_has_at_most_100_removed_passkeys),
		cmocka_unit_test(passkeys_of_resets_and_deleted_accounts_are_remembered),
		cmocka_unit_test(a_refused_removal_remembers_nothing),
		cmocka_unit_test(a_passkey_of_another_host_counts_for_nothing),
		cmocka_unit_test(the_last_factor_for_this_host_cannot_be_removed),
		cmocka_unit_test(an_authenticator_never_replaces_a_passkey),
		cmocka_unit_test(codes_are_switched_off_only_if_enough_remains),
		cmocka_unit_test(a_passkey_without_a_known_handle_opens_nothing_alone),
		cmocka_unit_test(enough_passkeys_remain_while_codes_are_off),
		cmocka_unit_test(renaming_a_passkey_names_its_kind),
	};

	return cmocka_run_group_tests_name("keeper passkeys, enrolment", tests, harness_setup, harness_teardown);
}
