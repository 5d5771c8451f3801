/*
 * Rows that Doubletour did not write: by a person with access to the database, a restored dump, a bad disk.  None
 * grants a sign-in or crashes the keeper; harmless values can still be read.
 */
#include "keeper/harness.h"

#include "base/buf.h"
#include "doubletour/otp.h"
#include "keeper/account/admin.h"
#include "keeper/keys/keys.h"

#include <stdio.h>
#include <string.h>

struct actor {
	struct browser b;
	char link[64];
};

static enum verdict
ask_session(struct world *w, struct actor *a)
{
	return ask(w, &a->b, QUESTION_SESSION, NULL);
}

static enum verdict
verify(struct world *w, struct actor *a)
{
	return do_verify(w, &a->b, code_of(a->b.secret, 0).z);
}

static enum verdict
sign_in(struct world *w, struct actor *a)
{
	memset(&a->b.token, 0, sizeof(a->b.token));
	return do_sign_in(w, &a->b, "alice", PASSWORD);
}

static enum verdict
use_link(struct world *w, struct actor *a)
{
	const struct link_use_body body = { str_of(a->link), STR("trombone sobre 1742"), STR("trombone sobre 1742") };

	memset(&a->b.token, 0, sizeof(a->b.token));
	return ask(w, &a->b, QUESTION_LINK_USE, &body);
}

static enum verdict
look_at_account(struct world *w, struct actor *a)
{
	return ask(w, &a->b, QUESTION_ACCOUNT, NULL);
}

static enum verdict
look_at_recovery(struct world *w, struct actor *a)
{
	const struct recovery_body body = { 0 };

	return ask(w, &a->b, QUESTION_RECOVERY, &body);
}

#define UNCHECKED "PRAGMA ignore_check_constraints = ON; "
#define MANY_CODES                                                                                                     \
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150) INSERT INTO recovery_codes "    \
	"SELECT i, (SELECT id FROM accounts), randomblob(32), 1, NULL FROM n"

#define MANY_FACTORS                                                                                                   \
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150) INSERT INTO factors (id, "      \
	"account_id, kind, name, secret_sealed, created_at_us, confirmed_at_us) SELECT i, (SELECT id FROM accounts), " \
	"'totp', hex(zeroblob(20)), x'00', 1, 1 FROM n"

/* Users with unchecked names can sign in.  tests/unit/keeper/account/test_row_values.c tests how names are shown. */
static void
an_unchecked_stored_name_blocks_no_sign_in(void **state)
{
	static const char *const changes[] = {
		"UPDATE accounts SET display_name = 'a' || char(7)",
		"UPDATE accounts SET display_name = hex(zeroblob(4000))",
		"UPDATE accounts SET display_name = 'a' || char(0) || 'b'",
		"UPDATE accounts SET display_name = CAST(x'61ff62' AS TEXT)",
		"UPDATE factors SET name = 'a' || char(8238)",
		"UPDATE factors SET name = hex(zeroblob(4000))",
	};

	for (size_t i = 0; i < COUNT(changes); i++) {
		struct world w;
		struct actor a = { .link = "" };
		world_new(&w);
		bring_to(&w, &a.b, "alice", STATE_FULL);
		sql_run(&w, changes[i]);
		assert_verdict(ask_session(&w, &a), VERDICT_PASSED);
		assert_verdict(look_at_account(&w, &a), VERDICT_PASSED);
		assert_verdict(sign_in(&w, &a), VERDICT_PASSED);
		assert_int_equal(a.b.head.state, STATE_PENDING);
		world_end(&w);
	}
}

static void
a_tampered_row_never_grants_a_sign_in(void **state)
{
	static const struct {
		const char *why, *sql;
		enum session_state before;
		enum verdict (*act)(struct world *w, struct actor *a);
		enum verdict verdict;
	} rows[] = {
		{ "an invalid user name", "UPDATE accounts SET name = 'Not A Name!'", STATE_FULL, ask_session,
		  VERDICT_UNAVAILABLE },
		{ "an overlong return URL", "UPDATE sessions SET way_back = '/' || hex(zeroblob(2000))", STATE_PENDING,
		  verify, VERDICT_PASSED },
		{ "an overlong name of an authenticator", "UPDATE factors SET name = hex(zeroblob(4000))", STATE_FULL,
		  look_at_account, VERDICT_PASSED },
		{ "more authenticators than an answer holds", MANY_FACTORS, STATE_FULL, look_at_account,
		  VERDICT_PASSED },
		{ "a negative number of refusals", "UPDATE sessions SET refused = -5", STATE_FULL, ask_session,
		  VERDICT_PASSED },
		{ "more refusals than 32 bits hold", "UPDATE sessions SET refused = 1099511627776", STATE_FULL,
		  ask_session, VERDICT_PASSED },
		{ "more refusals of the account than 32 bits hold", "UPDATE accounts SET refused = 9223372036854775807",
		  STATE_FULL, sign_in, VERDICT_PASSED },
		{ "a negative number of refusals of the account", "UPDATE accounts SET refused = -9223372036854775807",
		  STATE_FULL, sign_in, VERDICT_PASSED },
		{ "more failures than 32 bits hold", "UPDATE throttle SET failures = 9223372036854775807", STATE_FULL,
		  sign_in, VERDICT_PASSED },
		{ "more recovery codes than an account has", MANY_CODES, STATE_FULL, ask_session, VERDICT_PASSED },
		{ "an unknown language", UNCHECKED "UPDATE accounts SET language = 'xx', time_format = 'yy'",
		  STATE_FULL, ask_session, VERDICT_PASSED },
		{ "an unknown algorithm", UNCHECKED "UPDATE factors SET algorithm = 'MD5'", STATE_PENDING, verify,
		  VERDICT_UNAVAILABLE },
		{ "99 digits", UNCHECKED "UPDATE factors SET digits = 99", STATE_PENDING, verify, VERDICT_UNAVAILABLE },
		{ "0 digits", UNCHECKED "UPDATE factors SET digits = 0", STATE_PENDING, verify, VERDICT_UNAVAILABLE },
		{ "a period of 0", UNCHECKED "UPDATE factors SET period_s = 0", STATE_PENDING, verify,
		  VERDICT_UNAVAILABLE },
		{ "a negative period", UNCHECKED "UPDATE factors SET period_s = -30", STATE_PENDING, verify,
		  VERDICT_UNAVAILABLE },
		{ "a last step at the end of time", "UPDATE factors SET last_step = 9223372036854775807", STATE_PENDING,
		  verify, VERDICT_REFUSED },
		{ "no secret", "UPDATE factors SET secret_sealed = x''", STATE_PENDING, verify, VERDICT_UNAVAILABLE },
		{ "an overlong secret", "UPDATE factors SET secret_sealed = zeroblob(5000)", STATE_PENDING, verify,
		  VERDICT_UNAVAILABLE },
		{ "a secret of zeros", "UPDATE factors SET secret_sealed = zeroblob(length(secret_sealed))",
		  STATE_PENDING, verify, VERDICT_UNAVAILABLE },
		{ "a truncated sealed value", "UPDATE factors SET secret_sealed = substr(secret_sealed, 1, 20)",
		  STATE_PENDING, verify, VERDICT_UNAVAILABLE },
		{ "a sealed value of another version",
		  "UPDATE factors SET secret_sealed = cast(x'07' || substr(secret_sealed, 2) AS BLOB)", STATE_PENDING,
		  verify, VERDICT_UNAVAILABLE },
		{ "an invalid password hash", "UPDATE accounts SET password_hash = 'x'", STATE_FULL, sign_in,
		  VERDICT_REFUSED },
		{ "an empty password hash", "UPDATE accounts SET password_hash = ''", STATE_FULL, sign_in,
		  VERDICT_REFUSED },
		{ "the password in place of its hash", "UPDATE accounts SET password_hash = '" PASSWORD "'", STATE_FULL,
		  sign_in, VERDICT_REFUSED },
		{ "a link of an unknown kind", UNCHECKED "UPDATE links SET kind = 'x'", STATE_FULL, use_link,
		  VERDICT_UNAVAILABLE },
		{ "a link of an account with an invalid name", "UPDATE accounts SET name = 'Not A Name!'", STATE_FULL,
		  use_link, VERDICT_UNAVAILABLE },
		{ "more recovery codes than an account has, one used", MANY_CODES, STATE_FULL, look_at_recovery,
		  VERDICT_PASSED },
		{ "an account page with a factor of an unknown algorithm",
		  UNCHECKED "UPDATE factors SET algorithm = 'MD5'", STATE_FULL, look_at_account, VERDICT_PASSED },
	};

	int wrong = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world w;
		struct actor a = { .link = "" };
		struct link_text link;
		struct why why = { "" };
		unit_note("%s", rows[i].why);
		world_new(&w);
		bring_to(&w, &a.b, "alice", STATE_FULL);
		if (rows[i].act == use_link) {
			assert_int_equal(admin_reset_password(w.thread, STR("alice"), &why, &link), ERR_OK);
			snprintf(a.link, sizeof(a.link), "%s", link.z);
		}
		if (rows[i].before == STATE_PENDING) {
			memset(&a.b.token, 0, sizeof(a.b.token));
			assert_verdict(do_sign_in(&w, &a.b, "alice", PASSWORD), VERDICT_PASSED);
		}
		sql_run(&w, rows[i].sql);
		if (rows[i].act(&w, &a) != rows[i].verdict) {
			print_error("%s: verdict %d\n", rows[i].why, (int)a.b.verdict);
			wrong++;
		}
		if (rows[i].verdict != VERDICT_PASSED || rows[i].act == sign_in)
			assert_int_not_equal(a.b.head.state, STATE_FULL);
		world_end(&w);
	}
	assert_int_equal(wrong, 0);
}

static void
overlong_values_are_never_sealed(void **state)
{
	static char longer[5000];
	const struct sealed_for owner = { "totp secret", 1, 2 };
	const struct sealed_for endless = { "a purpose that is far longer than those of the real program", 1, 2 };
	struct sealing sealing = { .cipher = NULL };
	CLEANUP(arena_wipe) struct arena arena = ARENA(16 * 1024);
	str sealed;

	assert_int_equal(sealing_setup(&sealing), ERR_OK);
	assert_int_equal(sealing_seal(&sealing, &owner, str_bytes(longer, 4096), &arena, &sealed), ERR_OK);
	assert_int_equal(sealing_seal(&sealing, &owner, str_bytes(longer, 4097), &arena, &sealed), ERR_TOO_LONG);
	assert_int_equal(sealing_seal(&sealing, &endless, STR("x"), &arena, &sealed), ERR_TOO_LONG);
	sealing_wipe(&sealing);
}

static void
the_recovery_code_count_is_capped_at_a_hundred(void **state)
{
	const struct recovery_body make = { 0 };
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_verdict(ask(&w, &b, QUESTION_RECOVERY, &make), VERDICT_PASSED);
	sql_run(&w, MANY_CODES);
	memset(&b.token, 0, sizeof(b.token));
	assert_verdict(do_sign_in(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	assert_verdict(do_verify(&w, &b, b.recovery[0]), VERDICT_PASSED);
	assert_int_equal(b.left, 100);
	world_end(&w);
}

/* The keeper cannot notify web of the end of this session, so ending it must fail. */
static void
a_session_with_a_truncated_hash_is_corrupt(void **state)
{
	const struct session_end_body others = { .id = 0 };
	struct why why = { "" };
	struct world w;
	struct browser b, second = { 0 };
	int64_t ended = 0;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_verdict(do_sign_in(&w, &second, "alice", PASSWORD), VERDICT_PASSED);
	sql_run(&w, "UPDATE sessions SET token_hash = substr(token_hash, 1, 5) WHERE factor_at_us = 0");
	assert_int_not_equal(ask(&w, &b, QUESTION_SESSION_END, &others), VERDICT_PASSED);
	assert_int_equal(admin_sign_out(w.thread, STR("alice"), &why, &ended), ERR_CORRUPT);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions"), 2);
	(void)ask(&w, &b, QUESTION_SESSION, NULL);
	assert_int_equal(b.head.state, STATE_FULL);
	world_end(&w);
}

static void
an_account_without_a_password_cannot_sign_in(void **state)
{
	const struct close_body close_it = { STR_INIT("alice"), STR_INIT(PASSWORD) };
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	sql_run(&w, "UPDATE accounts SET password_hash = '!'");
	assert_int_not_equal(ask(&w, &b, QUESTION_CLOSE, &close_it), VERDICT_PASSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM accounts"), 1);
	memset(&b.token, 0, sizeof(b.token));
	assert_verdict(do_sign_in(&w, &b, "alice", PASSWORD), VERDICT_REFUSED);
	world_end(&w);
}

/* Sealed with the right key for the right row, but not a valid secret. */
static void
a_sealed_secret_of_a_wrong_size_is_never_used(void **state)
{
	static const size_t sizes[] = { 0, OTP_SECRET_MIN - 1, OTP_SECRET_MAX + 1 };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		static char bytes[OTP_SECRET_MAX + 1];
		struct world w;
		struct browser b;
		struct why why = { "" };
		struct keys keys = { 0 };
		CLEANUP(arena_wipe) struct arena arena = ARENA(16 * 1024);
		CLEANUP(buf_wipe) struct buf sql = BUF(4096);
		struct master_key master = { .n = 0 };
		str sealed = { 0 };
		world_new(&w);
		bring_to(&w, &b, "alice", STATE_PENDING);
		assert_int_equal(master_key_read(&w.config, &why, &master), ERR_OK);
		assert_int_equal(keys_derive(&master, &keys), ERR_OK);
		const struct sealed_for owner = { "totp secret", sql_number(&w, "SELECT account_id FROM factors"),
						  sql_number(&w, "SELECT id FROM factors") };
		assert_int_equal(sealing_seal(&keys.sealing, &owner, str_bytes(bytes, sizes[i]), &arena, &sealed),
				 ERR_OK);
		buf_put(&sql, STR("UPDATE factors SET secret_sealed = x'"));
		for (size_t k = 0; k < sealed.n; k++)
			buf_printf(&sql, "%02x", (unsigned char)sealed.p[k]);
		buf_put(&sql, STR("'"));
		buf_put_byte(&sql, '\0');
		assert_int_equal(buf_check(&sql), ERR_OK);
		sql_run(&w, sql.p);
		assert_verdict(do_verify(&w, &b, WRONG_CODE), VERDICT_UNAVAILABLE);
		keys_wipe(&keys);
		world_end(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tampered_row_never_grants_a_sign_in),
		cmocka_unit_test(an_unchecked_stored_name_blocks_no_sign_in),
		cmocka_unit_test(overlong_values_are_never_sealed),
		cmocka_unit_test(the_recovery_code_count_is_capped_at_a_hundred),
		cmocka_unit_test(a_session_with_a_truncated_hash_is_corrupt),
		cmocka_unit_test(an_account_without_a_password_cannot_sign_in),
		cmocka_unit_test(a_sealed_secret_of_a_wrong_size_is_never_used),
	};

	return cmocka_run_group_tests_name("keeper, tampered rows", tests, harness_setup, harness_teardown);
}
