/* ENROL and PROVE: a secret is shown to one session for ten minutes, and a code counts once. */
#include "harness.h"

#include <stdio.h>

static const struct token no_token;

static void
reloading_shows_the_same_secret_and_ten_minutes_later_a_new_one(void **state)
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
	assert_verdict(do_prove(&w, &b, code_of(first, 0).z), VERDICT_STATE);
	assert_int_equal(b.head.state, STATE_ENROLLING);
	assert_verdict(ask(&w, &b, QUESTION_ENROL, NULL), VERDICT_PASSED);
	assert_string_not_equal(b.secret, first);
	assert_verdict(do_prove(&w, &b, code_of(first, 0).z), VERDICT_REFUSED);
	assert_verdict(do_prove(&w, &b, code_of(b.secret, 0).z), VERDICT_PASSED);
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
each_session_enrols_a_secret_of_its_own(void **state)
{
	struct world w;
	struct browser one, two = { 0 };

	world_new(&w);
	bring_to(&w, &one, "alice", STATE_ENROLLING);
	assert_verdict(do_sign_in(&w, &two, "alice", PASSWORD), VERDICT_PASSED);
	assert_int_equal(two.head.state, STATE_ENROLLING);
	assert_verdict(ask(&w, &two, QUESTION_ENROL, NULL), VERDICT_PASSED);
	assert_string_not_equal(one.secret, two.secret);
	assert_verdict(do_prove(&w, &two, code_of(one.secret, 0).z), VERDICT_REFUSED);
	assert_verdict(do_prove(&w, &two, code_of(two.secret, 0).z), VERDICT_PASSED);
	/* the other session ended, with its secret */
	assert_verdict(ask(&w, &one, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	assert_verdict(do_prove(&w, &one, code_of(one.secret, 0).z), VERDICT_STATE);
	assert_verdict(ask(&w, &one, QUESTION_ENROL, NULL), VERDICT_STATE);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors"), 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions"), 1);
	world_end(&w);
}

static void
without_a_secret_there_is_nothing_to_prove(void **state)
{
	struct world w;
	struct browser b = { 0 };

	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	assert_verdict(do_prove(&w, &b, "123456"), VERDICT_STATE);
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
	{ "", "", "", 1, VERDICT_PASSED, "the step to come" },
	{ "", "", "", -2, VERDICT_REFUSED, "two steps before" },
	{ "", "", "", 2, VERDICT_REFUSED, "two steps ahead" },
	{ " ", " ", " ", 0, VERDICT_PASSED, "with spaces" },
	{ "", "-", "", 0, VERDICT_PASSED, "with a hyphen" },
	{ "0", "", "", 0, VERDICT_REFUSED, "a digit more before" },
	{ "", "", "0", 0, VERDICT_REFUSED, "a digit more behind" },
	{ "", ".", "", 0, VERDICT_REFUSED, "another byte" },
	{ "+", "", "", 0, VERDICT_REFUSED, "a sign" },
	{ "", "\t", "", 0, VERDICT_REFUSED, "a tab" },
};

static void
a_code_is_taken_within_one_step_and_in_one_form(void **state)
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
		if (do_prove(&w, &b, typed) != codes[i].verdict)
			fail_msg("%s: verdict %d", codes[i].why, b.verdict);
		assert_int_equal(b.head.state, codes[i].verdict == VERDICT_PASSED ? STATE_FULL : STATE_PENDING);
		world_end(&w);
	}
}

static void
codes_that_are_none_are_refused(void **state)
{
	static const str none[] = { STR_INIT(""), STR_INIT("      "), STR_INIT("12345"), STR_INIT("1234567"),
				    STR_INIT("abcdef"), STR_INIT("12345\0"), STR_INIT("\0\0\0\0\0\0"),
				    /* full-width digits */
				    STR_INIT(
					"\xef\xbc\x91\xef\xbc\x92\xef\xbc\x93\xef\xbc\x94\xef\xbc\x95\xef\xbc\x96") };
	static char longest[FIELD_MAX_BYTES];
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_PENDING);
	for (size_t i = 0; i < COUNT(none); i++) {
		const struct prove_body body = { none[i] };
		forgive(&w);
		assert_verdict(ask(&w, &b, QUESTION_PROVE, &body), VERDICT_REFUSED);
	}
	memset(longest, '1', sizeof(longest));
	const struct prove_body body = { { longest, sizeof(longest) } };
	forgive(&w);
	assert_verdict(ask(&w, &b, QUESTION_PROVE, &body), VERDICT_REFUSED);
	assert_int_equal(b.head.state, STATE_PENDING);
	world_end(&w);
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
	assert_verdict(do_prove(&w, &one, code.z), VERDICT_PASSED);
	assert_verdict(do_prove(&w, &two, code.z), VERDICT_REFUSED);
	assert_verdict(do_prove(&w, &two, before.z), VERDICT_REFUSED); /* older than the spent one */
	clock_forward(SECONDS_US(30));
	assert_verdict(do_prove(&w, &two, code.z), VERDICT_REFUSED);
	assert_verdict(do_prove(&w, &two, code_of(one.secret, 0).z), VERDICT_PASSED);
	world_end(&w);
}

static void
the_code_that_confirmed_is_spent_too(void **state)
{
	struct world w;
	struct browser b, again = { 0 };

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_ENROLLING);
	struct code code = code_of(b.secret, 0);
	assert_verdict(do_prove(&w, &b, code.z), VERDICT_PASSED);
	assert_verdict(do_sign_in(&w, &again, "alice", PASSWORD), VERDICT_PASSED);
	assert_verdict(do_prove(&w, &again, code.z), VERDICT_REFUSED);
	world_end(&w);
}

static void
a_clock_that_jumps_back_makes_no_code_good_again(void **state)
{
	struct world w;
	struct browser b, again = { 0 };

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_PENDING);
	struct code code = code_of(b.secret, 0);
	assert_verdict(do_prove(&w, &b, code.z), VERDICT_PASSED);
	clock_forward(-MINUTES_US(60));
	assert_verdict(do_sign_in(&w, &again, "alice", PASSWORD), VERDICT_PASSED);
	assert_verdict(do_prove(&w, &again, code_of(b.secret, 0).z), VERDICT_REFUSED);
	clock_forward(MINUTES_US(60));
	world_end(&w);
}

static void
a_code_of_another_account_proves_nothing(void **state)
{
	struct world w;
	struct browser alice, robert;

	world_new(&w);
	bring_to(&w, &robert, "robert", STATE_PENDING);
	bring_to(&w, &alice, "alice", STATE_PENDING);
	assert_verdict(do_prove(&w, &alice, code_of(robert.secret, 0).z), VERDICT_REFUSED);
	assert_int_equal(alice.head.state, STATE_PENDING);
	assert_verdict(do_prove(&w, &alice, code_of(alice.secret, 0).z), VERDICT_PASSED);
	world_end(&w);
}

/* --- rows that were tampered with --------------------------------------------------------------------------------- */

static const struct {
	const char *sql, *why;
} tampering[] = {
	{ "UPDATE factors SET secret_sealed = (SELECT f.secret_sealed FROM factors f JOIN accounts a ON a.id = "
	  "f.account_id "
	  "WHERE a.name = 'mallory') WHERE account_id = (SELECT id FROM accounts WHERE name = 'alice')",
	  "another account's sealed secret" },
	{ "DELETE FROM factors WHERE account_id = (SELECT id FROM accounts WHERE name = 'alice'); "
	  "UPDATE factors SET account_id = (SELECT id FROM accounts WHERE name = 'alice')",
	  "another account's whole row" },
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
		if (do_prove(&w, &alice, code_of(mallory.secret, 0).z) != VERDICT_UNAVAILABLE ||
		    do_prove(&w, &alice, code_of(alice.secret, 0).z) != VERDICT_UNAVAILABLE)
			fail_msg("%s: verdict %d", tampering[i].why, alice.verdict);
		assert_int_equal(alice.head.state, STATE_NONE);
		world_end(&w);
	}
}

static void
a_factor_that_was_removed_behind_our_back_ends_what_it_proved(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	sql_run(&w, "UPDATE factors SET disabled_at_us = 1");
	assert_verdict(ask(&w, &b, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	world_end(&w);
}

/* --- what is stored ----------------------------------------------------------------------------------------------- */

static void
no_secret_stands_in_the_database(void **state)
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
		cmocka_unit_test(reloading_shows_the_same_secret_and_ten_minutes_later_a_new_one),
		cmocka_unit_test(the_uri_holds_issuer_name_and_secret),
		cmocka_unit_test(each_session_enrols_a_secret_of_its_own),
		cmocka_unit_test(without_a_secret_there_is_nothing_to_prove),
		cmocka_unit_test(a_code_is_taken_within_one_step_and_in_one_form),
		cmocka_unit_test(codes_that_are_none_are_refused),
		cmocka_unit_test(a_code_is_spent_in_every_session),
		cmocka_unit_test(the_code_that_confirmed_is_spent_too),
		cmocka_unit_test(a_clock_that_jumps_back_makes_no_code_good_again),
		cmocka_unit_test(a_code_of_another_account_proves_nothing),
		cmocka_unit_test(a_sealed_secret_opens_for_its_own_row_only),
		cmocka_unit_test(a_factor_that_was_removed_behind_our_back_ends_what_it_proved),
		cmocka_unit_test(no_secret_stands_in_the_database),
	};

	return cmocka_run_group_tests_name("keeper factors", tests, harness_setup, harness_teardown);
}
