/* ENROL and VERIFY: a secret is shown to one session for ten minutes, and a code counts once. */
#include "keeper/harness.h"

#include "doubletour/otp.h"

#include <utf8proc.h>
#include <stdio.h>

static const struct token no_token;

static void
reloading_shows_the_same_secret_for_ten_minutes(void **state)
{
	struct world w;
	struct browser b;
	char first[65];

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_ENROLLING);
	memcpy(first, b.secret, sizeof(first));
	assert_int_equal(strlen(first), 32);
	assert_true(b.secret_expires_us > clock_us() + MINUTES_US(9) &&
		    b.secret_expires_us <= clock_us() + MINUTES_US(10));
	clock_forward(MINUTES_US(9));
	assert_verdict(ask(&w, &b, QUESTION_ENROL, NULL), VERDICT_PASSED);
	assert_string_equal(b.secret, first);
	clock_forward(MINUTES_US(1));
	assert_verdict(do_verify(&w, &b, code_of(first, 0).z), VERDICT_STATE);
	assert_int_equal(b.head.state, STATE_ENROLLING);
	assert_verdict(ask(&w, &b, QUESTION_ENROL, NULL), VERDICT_PASSED);
	assert_string_not_equal(b.secret, first);
	assert_verdict(do_verify(&w, &b, code_of(first, 0).z), VERDICT_REFUSED);
	assert_verdict(do_verify(&w, &b, code_of(b.secret, 0).z), VERDICT_PASSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors"), 1);
	world_end(&w);
}

static void
the_uri_holds_issuer_name_and_secret(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_ENROLLING);
	assert_non_null(strstr(b.uri, "otpauth://totp/Doubletour:alice?"));
	assert_non_null(strstr(b.uri, b.secret));
	assert_non_null(strstr(b.uri, "issuer=Doubletour"));
	world_end(&w);
}

static void
each_session_enrols_a_different_secret(void **state)
{
	struct world w;
	struct browser one, two = { 0 };

	world_new(&w);
	bring_to(&w, &one, "alice", STATE_ENROLLING);
	assert_verdict(do_sign_in(&w, &two, "alice", PASSWORD), VERDICT_PASSED);
	assert_int_equal(two.head.state, STATE_ENROLLING);
	assert_verdict(ask(&w, &two, QUESTION_ENROL, NULL), VERDICT_PASSED);
	assert_string_not_equal(one.secret, two.secret);
	assert_verdict(do_verify(&w, &two, code_of(one.secret, 0).z), VERDICT_REFUSED);
	assert_verdict(do_verify(&w, &two, code_of(two.secret, 0).z), VERDICT_PASSED);
	/* confirming ended the other session and its secret */
	assert_verdict(ask(&w, &one, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	assert_verdict(do_verify(&w, &one, code_of(one.secret, 0).z), VERDICT_STATE);
	assert_verdict(ask(&w, &one, QUESTION_ENROL, NULL), VERDICT_STATE);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors"), 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions"), 1);
	world_end(&w);
}

static void
a_code_without_a_pending_secret_is_refused(void **state)
{
	struct world w;
	struct browser b = { 0 };

	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	assert_verdict(do_verify(&w, &b, "123456"), VERDICT_STATE);
	assert_int_equal(b.head.state, STATE_ENROLLING);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'prove.refused'"), 1);
	world_end(&w);
}

static const struct {
	const char *before, *between, *behind;
	int64_t steps;
	enum verdict verdict;
	const char *why;
} codes[] = {
	{ "", "", "", 0, VERDICT_PASSED, "as shown" },
	{ "", "", "", -1, VERDICT_PASSED, "the step before" },
	{ "", "", "", 1, VERDICT_PASSED, "the next step" },
	{ "", "", "", -2, VERDICT_REFUSED, "two steps before" },
	{ "", "", "", 2, VERDICT_REFUSED, "two steps ahead" },
	{ " ", " ", " ", 0, VERDICT_PASSED, "with spaces" },
	{ "", "-", "", 0, VERDICT_PASSED, "with a hyphen" },
	{ "0", "", "", 0, VERDICT_PROBLEMS, "an additional digit before the code" },
	{ "", "", "0", 0, VERDICT_PROBLEMS, "an additional digit after the code" },
	{ "", ".", "", 0, VERDICT_PROBLEMS, "another byte" },
	{ "+", "", "", 0, VERDICT_PROBLEMS, "a sign" },
	{ "\t", "\t", "\r\n", 0, VERDICT_PASSED, "with tabs and a line end" },
	{ "", "\xc2\xa0", "", 0, VERDICT_PASSED, "with a no-break space" },
	{ "\xe2\x80\x8b", "\xe2\x80\xaf", "\xef\xbb\xbf", 0, VERDICT_PASSED, "with invisible spaces" },
};

static void
a_code_is_accepted_within_one_step_and_with_white_space(void **state)
{
	for (size_t i = 0; i < COUNT(codes); i++) {
		struct world w;
		struct browser b;
		char typed[32];
		world_new(&w);
		bring_to(&w, &b, "alice", STATE_PENDING);
		struct code code = code_of(b.secret, codes[i].steps);
		snprintf(typed, sizeof(typed), "%s%.3s%s%s%s", codes[i].before, code.z, codes[i].between, code.z + 3,
			 codes[i].behind);
		if (do_verify(&w, &b, typed) != codes[i].verdict)
			fail_msg("%s: verdict %d", codes[i].why, b.verdict);
		assert_int_equal(b.head.state, codes[i].verdict == VERDICT_PASSED ? STATE_FULL : STATE_PENDING);
		world_end(&w);
	}
}

static const str impossible_codes[] = {
	STR_INIT(""),
	STR_INIT("      "),
	STR_INIT("12345"),
	STR_INIT("1234567"),
	STR_INIT("12345678"),
	STR_INIT("abcdef"),
	STR_INIT("12345\0"),
	STR_INIT("\0\0\0\0\0\0"),
	STR_INIT("123\x1b"
		 "456"),
	/* 23 letters; 24 and a 9 */
	STR_INIT("ABCDEFGHIJKLMNOPQRSTUVW"),
	STR_INIT("ABCDEFGHIJKLMNOPQRSTUVW9"),
	/* full-width and Arabic-Indic digits */
	STR_INIT("\xef\xbc\x91\xef\xbc\x92\xef\xbc\x93\xef\xbc\x94\xef\xbc\x95\xef\xbc\x96"),
	STR_INIT("\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5\xd9\xa6"),
	/* not UTF-8 */
	STR_INIT("123456\xa0"),
	STR_INIT("123\xc0\xa0"
		 "456"),
};

static void
assert_impossible(struct world *w, struct browser *b, enum question_id question, str typed)
{
	const struct verify_body body = { typed };
	enum session_state state = b->head.state;
	int64_t counted = sql_number(w, "SELECT count(*) FROM throttle"),
		noted = sql_number(w, "SELECT count(*) FROM audit");

	assert_verdict(ask(w, b, question, &body), VERDICT_PROBLEMS);
	assert_int_equal(b->head.state, state);
	assert_int_equal(sql_number(w, "SELECT count(*) FROM throttle"), counted);
	assert_int_equal(sql_number(w, "SELECT count(*) FROM audit"), noted);
}

/* In every question with a code, input that cannot be a code is not counted as an attempt. */
static void
impossible_codes_are_not_counted(void **state)
{
	static const struct {
		enum session_state state;
		enum question_id question;
	} entrances[] = {
		{ STATE_ENROLLING, QUESTION_VERIFY },
		{ STATE_PENDING, QUESTION_VERIFY },
		{ STATE_FULL, QUESTION_STEP_UP },
	};
	static char longest[FIELD_MAX_BYTES];

	memset(longest, '1', sizeof(longest));
	for (size_t i = 0; i < COUNT(entrances); i++) {
		struct world w;
		struct browser b;
		world_new(&w);
		bring_to(&w, &b, "alice", entrances[i].state);
		if (entrances[i].state == STATE_ENROLLING)
			assert_verdict(ask(&w, &b, QUESTION_ENROL, NULL), VERDICT_PASSED);
		for (size_t round = 0; round < 120; round++)
			assert_impossible(&w, &b, entrances[i].question,
					  impossible_codes[round % COUNT(impossible_codes)]);
		assert_impossible(&w, &b, entrances[i].question, str_bytes(longest, sizeof(longest)));
		clock_forward(SECONDS_US(60));
		const struct verify_body right = { str_of(code_of(b.secret, 0).z) };
		assert_verdict(ask(&w, &b, entrances[i].question, &right), VERDICT_PASSED);
		world_end(&w);
	}
}

/* With authenticators of six and of eight digits, both lengths are possible, but not seven. */
static void
the_length_of_a_code_follows_from_the_authenticators(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_PENDING);
	sql_run(&w, "UPDATE factors SET digits = 8");
	assert_impossible(&w, &b, QUESTION_VERIFY, STR("123456"));
	assert_verdict(do_verify(&w, &b, "1234 5678"), VERDICT_REFUSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'prove.refused'"), 1);
	sql_run(&w, "UPDATE factors SET disabled_at_us = 1");
	assert_verdict(do_verify(&w, &b, "123456"), VERDICT_REFUSED);
	assert_impossible(&w, &b, QUESTION_VERIFY, STR("12345"));
	world_end(&w);
}

/* Input that cannot be a code is not counted, also during a lockout, and its answer does not mention the lockout. */
static void
impossible_codes_neither_begin_nor_end_a_lockout(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_PENDING);
	for (int i = 0; i < 5; i++) {
		assert_verdict(do_verify(&w, &b, WRONG_CODE), VERDICT_REFUSED);
		assert_impossible(&w, &b, QUESTION_VERIFY, STR("00000"));
	}
	while (do_verify(&w, &b, WRONG_CODE) == VERDICT_REFUSED)
		;
	assert_verdict(b.verdict, VERDICT_LOCKOUT);
	assert_impossible(&w, &b, QUESTION_VERIFY, STR("00000"));
	assert_verdict(do_verify(&w, &b, code_of(b.secret, 0).z), VERDICT_LOCKOUT);
	world_end(&w);
}

static bool
is_white_space_or_format(int32_t point)
{
	utf8proc_category_t category = utf8proc_category(point);

	return (point >= '\t' && point <= '\r') || point == 0x85 || category == UTF8PROC_CATEGORY_ZS ||
	       category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP || category == UTF8PROC_CATEGORY_CF;
}

/* Every code point, between the digits of a code and before a name. */
static void
only_white_space_and_format_characters_are_dropped(void **state)
{
	for (int32_t point = 1; point <= 0x10FFFF; point++) {
		bool blank = is_white_space_or_format(point), digit = point >= '0' && point <= '9',
		     dash = point == '-' || (point >= 0x2010 && point <= 0x2015) || point == 0x2212,
		     letter = (point | 0x20) >= 'a' && (point | 0x20) <= 'z';
		char typed[16] = "123", code[OTP_CODE_SIZE];
		struct account_name name;
		size_t n = 3 + (size_t)utf8proc_encode_char(point, (utf8proc_uint8_t *)typed + 3);
		if (point >= 0xD800 && point <= 0xDFFF)
			continue;
		memcpy(typed + n, "456", 3);
		if ((otp_code_normalise(typed, n + 3, 6, code) == OTP_OK) != (blank || dash))
			fail_msg("U+%04X in a code", (unsigned)point);
		if ((account_name_fold(str_bytes(typed + 3, n), &name) == PROBLEM_NONE) != (blank || digit || letter))
			fail_msg("U+%04X before a name", (unsigned)point);
	}
}

static void
a_code_is_spent_in_every_session(void **state)
{
	struct world w;
	struct browser one, two = { 0 };

	world_new(&w);
	bring_to(&w, &one, "alice", STATE_PENDING);
	assert_verdict(do_sign_in(&w, &two, "alice", PASSWORD), VERDICT_PASSED);
	struct code code = code_of(one.secret, 0), before = code_of(one.secret, -1);
	assert_verdict(do_verify(&w, &one, code.z), VERDICT_PASSED);
	assert_verdict(do_verify(&w, &two, code.z), VERDICT_REFUSED);
	assert_verdict(do_verify(&w, &two, before.z), VERDICT_REFUSED); /* older than the spent one */
	clock_forward(SECONDS_US(30));
	assert_verdict(do_verify(&w, &two, code.z), VERDICT_REFUSED);
	assert_verdict(do_verify(&w, &two, code_of(one.secret, 0).z), VERDICT_PASSED);
	world_end(&w);
}

static void
the_confirming_code_is_spent_too(void **state)
{
	struct world w;
	struct browser b, again = { 0 };

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_ENROLLING);
	struct code code = code_of(b.secret, 0);
	assert_verdict(do_verify(&w, &b, code.z), VERDICT_PASSED);
	assert_verdict(do_sign_in(&w, &again, "alice", PASSWORD), VERDICT_PASSED);
	assert_verdict(do_verify(&w, &again, code.z), VERDICT_REFUSED);
	world_end(&w);
}

static void
a_clock_that_jumps_back_revives_no_spent_code(void **state)
{
	struct world w;
	struct browser b, again = { 0 };

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_PENDING);
	struct code code = code_of(b.secret, 0);
	assert_verdict(do_verify(&w, &b, code.z), VERDICT_PASSED);
	clock_forward(-MINUTES_US(60));
	assert_verdict(do_sign_in(&w, &again, "alice", PASSWORD), VERDICT_PASSED);
	assert_verdict(do_verify(&w, &again, code_of(b.secret, 0).z), VERDICT_REFUSED);
	clock_forward(MINUTES_US(60));
	world_end(&w);
}

static void
a_code_of_another_account_is_refused(void **state)
{
	struct world w;
	struct browser alice, robert;

	world_new(&w);
	bring_to(&w, &robert, "robert", STATE_PENDING);
	bring_to(&w, &alice, "alice", STATE_PENDING);
	assert_verdict(do_verify(&w, &alice, code_of(robert.secret, 0).z), VERDICT_REFUSED);
	assert_int_equal(alice.head.state, STATE_PENDING);
	assert_verdict(do_verify(&w, &alice, code_of(alice.secret, 0).z), VERDICT_PASSED);
	world_end(&w);
}

/* --- tampered rows ------------------------------------------------------------------------------------------------ */

static const struct {
	const char *sql, *why;
} tampering[] = {
	{ "UPDATE factors SET secret_sealed = (SELECT f.secret_sealed FROM factors f JOIN accounts a ON a.id = "
	  "f.account_id "
	  "WHERE a.name = 'mallory') WHERE account_id = (SELECT id FROM accounts WHERE name = 'alice')",
	  "another account's sealed secret" },
	{ "DELETE FROM factors WHERE account_id = (SELECT id FROM accounts WHERE name = 'alice'); "
	  "UPDATE factors SET account_id = (SELECT id FROM accounts WHERE name = 'alice')",
	  "another account's row" },
	{ "UPDATE factors SET secret_sealed = CAST(substr(secret_sealed, 1, length(secret_sealed) - 1) || x'00' AS "
	  "BLOB)",
	  "a changed byte" },
	{ "UPDATE factors SET secret_sealed = substr(secret_sealed, 1, 20)", "cut" },
	{ "UPDATE factors SET secret_sealed = x''", "empty" },
	{ "UPDATE factors SET id = id + 1", "another factor's id" },
};

static void
a_sealed_secret_opens_for_its_own_row_only(void **state)
{
	sqlite_only();
	for (size_t i = 0; i < COUNT(tampering); i++) {
		struct world w;
		struct browser alice, mallory;
		world_new(&w);
		bring_to(&w, &mallory, "mallory", STATE_FULL);
		bring_to(&w, &alice, "alice", STATE_PENDING);
		sql_run(&w, tampering[i].sql);
		if (do_verify(&w, &alice, code_of(mallory.secret, 0).z) != VERDICT_UNAVAILABLE ||
		    do_verify(&w, &alice, code_of(alice.secret, 0).z) != VERDICT_UNAVAILABLE)
			fail_msg("%s: verdict %d", tampering[i].why, alice.verdict);
		assert_int_equal(alice.head.state, STATE_NONE);
		world_end(&w);
	}
}

static void
a_factor_disabled_by_sql_ends_its_sessions(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	sql_run(&w, "UPDATE factors SET disabled_at_us = 1");
	assert_verdict(ask(&w, &b, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	world_end(&w);
}

/* --- the database ------------------------------------------------------------------------------------------------- */

static void
the_database_holds_no_secret(void **state)
{
	struct world w;
	struct browser b;
	char sql[300];

	sqlite_only();
	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_memory_not_equal(&b.token, &no_token, sizeof(no_token));
	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM factors WHERE instr(secret_sealed, '%s') OR length(secret_sealed) <> 53",
		 b.secret);
	assert_int_equal(sql_number(&w, sql), 0);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions WHERE length(token_hash) = 32"), 1);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reloading_shows_the_same_secret_for_ten_minutes),
		cmocka_unit_test(the_uri_holds_issuer_name_and_secret),
		cmocka_unit_test(each_session_enrols_a_different_secret),
		cmocka_unit_test(a_code_without_a_pending_secret_is_refused),
		cmocka_unit_test(a_code_is_accepted_within_one_step_and_with_white_space),
		cmocka_unit_test(impossible_codes_are_not_counted),
		cmocka_unit_test(only_white_space_and_format_characters_are_dropped),
		cmocka_unit_test(the_length_of_a_code_follows_from_the_authenticators),
		cmocka_unit_test(impossible_codes_neither_begin_nor_end_a_lockout),
		cmocka_unit_test(a_code_is_spent_in_every_session),
		cmocka_unit_test(the_confirming_code_is_spent_too),
		cmocka_unit_test(a_clock_that_jumps_back_revives_no_spent_code),
		cmocka_unit_test(a_code_of_another_account_is_refused),
		cmocka_unit_test(a_sealed_secret_opens_for_its_own_row_only),
		cmocka_unit_test(a_factor_disabled_by_sql_ends_its_sessions),
		cmocka_unit_test(the_database_holds_no_secret),
	};

	return cmocka_run_group_tests_name("keeper factors", tests, harness_setup, harness_teardown);
}
