/* Resynchronization of counters and clocks, Steam's codes, base16, and Google Authenticator's exports. */
#include "unit.h"

#include "doubletour/otp.h"

#include <string.h>

#define COUNT_OF(a) (sizeof(a) / sizeof(0 [a]))

static const uint8_t secret[] = "12345678901234567890";

static struct otp_key
rfc_key(void)
{
	struct otp_key key;

	assert_int_equal(otp_key_init(&key, OTP_SHA1, secret, 20, 0), OTP_OK);
	return key;
}

/* --- HOTP: the codes of RFC 4226 appendix D ----------------------------------------------------------------------- */

static const char *const rfc_codes[] = { "755224", "287082", "359152", "969429", "338314",
					 "254676", "287922", "162583", "399871", "520489" };

static void
otp_hotp_verify_looks_ahead_and_never_back(void **state)
{
	static const struct {
		const char *why;
		unsigned code;
		uint64_t counter;
		unsigned look_ahead;
		bool ok;
	} rows[] = {
		{ "the next code", 3, 3, 0, true },
		{ "one code ahead, none allowed", 4, 3, 0, false },
		{ "the last code of the window", 8, 3, 5, true },
		{ "one code after the window", 9, 3, 5, false },
		{ "an earlier code", 2, 3, 9, false },
	};
	struct otp_key key = rfc_key();

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct otp_counter_match match;
		unit_note("%s", rows[i].why);
		assert_int_equal(
		    otp_hotp_verify(&key, 6, rfc_codes[rows[i].code], 6, rows[i].counter, rows[i].look_ahead, &match),
		    OTP_OK);
		assert_int_equal(match.ok, rows[i].ok);
		assert_true(match.counter == (rows[i].ok ? rows[i].code : 0));
	}
}

static void
otp_hotp_verify_refuses_invalid_arguments(void **state)
{
	struct otp_key key = rfc_key(), none = { 0 };
	struct otp_counter_match match;

	assert_int_equal(otp_hotp_verify(&key, 6, "75522", 5, 0, 0, &match), OTP_INVALID);
	assert_int_equal(otp_hotp_verify(&key, 6, "75522x", 6, 0, 0, &match), OTP_INVALID);
	assert_int_equal(otp_hotp_verify(&key, 5, "75522", 5, 0, 0, &match), OTP_INVALID);
	assert_int_equal(otp_hotp_verify(&key, 6, "755224", 6, 0, OTP_WINDOW_MAX + 1, &match), OTP_INVALID);
	assert_int_equal(otp_hotp_verify(&key, 6, "755224", 6, UINT64_MAX - 1, 1, &match), OTP_INVALID);
	assert_int_equal(otp_hotp_verify(&key, 6, "755224", 6, UINT64_MAX - 1, 0, &match), OTP_OK);
	assert_int_equal(otp_hotp_verify(&none, 6, "755224", 6, 0, 0, &match), OTP_INVALID);
}

static void
otp_hotp_resync_needs_two_codes_in_a_row(void **state)
{
	static const struct {
		const char *why;
		unsigned first, second;
		uint64_t counter;
		unsigned look_ahead;
		bool ok;
	} rows[] = {
		{ "two successive codes", 5, 6, 0, 9, true },      { "the next two codes", 0, 1, 0, 0, true },
		{ "in the wrong order", 6, 5, 0, 9, false },       { "with a gap", 4, 6, 0, 9, false },
		{ "the same code twice", 5, 5, 0, 9, false },      { "beyond the window", 8, 9, 0, 7, false },
		{ "at the edge of the window", 8, 9, 0, 8, true }, { "in the past", 2, 3, 3, 6, false },
	};
	struct otp_key key = rfc_key();

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct otp_counter_match match;
		unit_note("%s", rows[i].why);
		assert_int_equal(otp_hotp_resync(&key, 6, rfc_codes[rows[i].first], rfc_codes[rows[i].second],
						 rows[i].counter, rows[i].look_ahead, &match),
				 OTP_OK);
		assert_int_equal(match.ok, rows[i].ok);
		assert_true(match.counter == (rows[i].ok ? rows[i].second : 0));
	}
	struct otp_counter_match match;
	assert_int_equal(otp_hotp_resync(&key, 6, "123456", "12345", 0, 1, &match), OTP_INVALID);
	assert_int_equal(otp_hotp_resync(&key, 6, "123456", "123456", 0, OTP_RESYNC_MAX + 1, &match), OTP_INVALID);
}

/* --- TOTP --------------------------------------------------------------------------------------------------------- */

enum { NOW_STEP = 1000000, STEP_US = 30000000 };

static void
code_at(const struct otp_key *key, int64_t step, char ret_code[OTP_CODE_SIZE])
{
	assert_int_equal(otp_hotp_code(key, (uint64_t)step, 6, ret_code), OTP_OK);
}

static void
otp_totp_drift_finds_the_drift_of_a_clock(void **state)
{
	static const struct {
		const char *why;
		int64_t drift, last_step;
		unsigned max_steps;
		bool ok;
	} rows[] = {
		{ "right", 0, -1, 20, true },
		{ "ten minutes ahead", 20, -1, 20, true },
		{ "ten minutes behind", -20, -1, 20, true },
		{ "farther ahead than the search", 21, -1, 20, false },
		{ "farther behind than the search", -21, -1, 20, false },
		{ "both spent", -3, NOW_STEP, 20, false },
		{ "the first spent", 1, NOW_STEP, 20, false },
		{ "none spent", 2, NOW_STEP, 20, true },
		{ "a day", 1000, -1, OTP_RESYNC_MAX, true },
	};
	struct otp_key key = rfc_key();

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char first[OTP_CODE_SIZE], second[OTP_CODE_SIZE];
		struct otp_drift drift;
		unit_note("%s", rows[i].why);
		code_at(&key, NOW_STEP + rows[i].drift - 1, first);
		code_at(&key, NOW_STEP + rows[i].drift, second);
		assert_int_equal(otp_totp_drift(&key, &OTP_TOTP_DEFAULT, first, second, (int64_t)NOW_STEP * STEP_US + 7,
						rows[i].last_step, rows[i].max_steps, &drift),
				 OTP_OK);
		assert_int_equal(drift.ok, rows[i].ok);
		assert_true(drift.steps == (rows[i].ok ? rows[i].drift : 0));
		assert_true(drift.step == (rows[i].ok ? NOW_STEP + rows[i].drift : 0));
	}
}

static void
otp_totp_drift_needs_two_codes_in_a_row(void **state)
{
	struct otp_key key = rfc_key();
	char first[OTP_CODE_SIZE], second[OTP_CODE_SIZE];
	struct otp_drift drift;

	code_at(&key, NOW_STEP + 5, first);
	code_at(&key, NOW_STEP + 7, second);
	assert_int_equal(
	    otp_totp_drift(&key, &OTP_TOTP_DEFAULT, first, second, (int64_t)NOW_STEP * STEP_US, -1, 20, &drift),
	    OTP_OK);
	assert_false(drift.ok);
	assert_int_equal(
	    otp_totp_drift(&key, &OTP_TOTP_DEFAULT, first, "12345", (int64_t)NOW_STEP * STEP_US, -1, 20, &drift),
	    OTP_INVALID);
	assert_int_equal(otp_totp_drift(&key, &OTP_TOTP_DEFAULT, first, second, (int64_t)NOW_STEP * STEP_US, -1,
					OTP_RESYNC_MAX + 1, &drift),
			 OTP_INVALID);
	/* at time 0 there are no earlier steps */
	code_at(&key, 0, first);
	code_at(&key, 1, second);
	assert_int_equal(otp_totp_drift(&key, &OTP_TOTP_DEFAULT, first, second, 0, -1, 20, &drift), OTP_OK);
	assert_true(drift.ok);
	assert_true(drift.steps == 1 && drift.step == 1);
}

/* --- Steam -------------------------------------------------------------------------------------------------------- */

/* Source: the alphabet and order of PyOTP's contrib/steam.py, applied to the numbers that PyOTP 2.8 computes. */
static const struct {
	uint64_t step;
	const char *code;
} steam[] = { { 0, "GG5F5" },        { 1, "PV9M4" },        { 2, "B26KJ" },          { 1000, "274F3" },
	      { 37037036, "PY4YB" }, { 66666666, "9N776" }, { 4294967296, "XD97J" }, { 9000000000, "MCXJJ" } };

static void
otp_steam_codes_are_those_of_pyotp(void **state)
{
	struct otp_key key = rfc_key(), other;
	char code[OTP_STEAM_SIZE];

	for (size_t i = 0; i < COUNT_OF(steam); i++) {
		assert_int_equal(otp_steam_code(&key, steam[i].step, code), OTP_OK);
		assert_string_equal(code, steam[i].code);
	}
	assert_int_equal(otp_key_init(&other, OTP_SHA256, secret, 20, 0), OTP_OK);
	assert_int_equal(otp_steam_code(&other, 0, code), OTP_INVALID);
}

static void
otp_steam_verify_has_a_window_and_spends_steps(void **state)
{
	static const struct {
		const char *why, *code;
		int64_t now_step, last_step;
		unsigned back, forward;
		enum otp_status status;
		bool ok;
	} rows[] = {
		{ "now", "274F3", 1000, -1, 0, 0, OTP_OK, true },
		{ "small letters", "274f3", 1000, -1, 0, 0, OTP_OK, true },
		{ "one step back", "274F3", 1001, -1, 1, 0, OTP_OK, true },
		{ "one step forward", "274F3", 999, -1, 0, 1, OTP_OK, true },
		{ "outside", "274F3", 1002, -1, 1, 1, OTP_OK, false },
		{ "spent", "274F3", 1000, 1000, 1, 1, OTP_OK, false },
		{ "a letter outside Steam's alphabet", "274FA", 1000, -1, 0, 0, OTP_INVALID, false },
		{ "too short", "274F", 1000, -1, 0, 0, OTP_INVALID, false },
		{ "a window too wide", "274F3", 1000, -1, 101, 0, OTP_INVALID, false },
	};
	struct otp_key key = rfc_key();

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct otp_match match = { false, 0 };
		unit_note("%s", rows[i].why);
		assert_int_equal(otp_steam_verify(&key, rows[i].code, strlen(rows[i].code), rows[i].now_step * STEP_US,
						  rows[i].back, rows[i].forward, rows[i].last_step, &match),
				 rows[i].status);
		assert_int_equal(match.ok, rows[i].ok);
		assert_true(match.step == (rows[i].ok ? 1000 : 0));
	}
}

/* --- base16: RFC 4648 s10 ----------------------------------------------------------------------------------------- */

static void
otp_hex_round_trips(void **state)
{
	static const struct {
		const char *why, *text, *bytes;
		enum otp_status status;
		size_t wrong_at;
	} rows[] = {
		{ "RFC 4648", "666f6f626172", "foobar", OTP_OK, 0 },
		{ "capital letters", "666F6F", "foo", OTP_OK, 0 },
		{ "separators between bytes", "66:6f-6f 62", "foob", OTP_OK, 0 },
		{ "empty", "", "", OTP_OK, 0 },
		{ "a letter that is not a digit", "66g6", "", OTP_INVALID, 2 },
		{ "a separator within a byte", "6 66", "", OTP_INVALID, 1 },
		{ "half a byte", "666", "", OTP_INVALID, 3 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t bytes[16];
		size_t n = 99, wrong_at = 99;
		unit_note("%s", rows[i].why);
		assert_int_equal(
		    otp_hex_decode(rows[i].text, strlen(rows[i].text), bytes, sizeof(bytes), &n, &wrong_at),
		    rows[i].status);
		if (rows[i].status == OTP_OK) {
			assert_int_equal(n, strlen(rows[i].bytes));
			assert_memory_equal(bytes, rows[i].bytes, n);
		} else {
			assert_int_equal(wrong_at, rows[i].wrong_at);
		}
	}
	char text[OTP_HEX_SIZE(3)];
	uint8_t bytes[2];
	size_t n = 0;
	assert_int_equal(otp_hex_encode((const uint8_t *)"\x00\x9f\xff", 3, text, sizeof(text)), OTP_OK);
	assert_string_equal(text, "009fff");
	assert_int_equal(otp_hex_encode((const uint8_t *)"abc", 3, text, sizeof(text) - 1), OTP_TOO_SHORT);
	assert_int_equal(otp_hex_decode("010203", 6, bytes, sizeof(bytes), &n, NULL), OTP_TOO_SHORT);
}

/* --- migration ---------------------------------------------------------------------------------------------------- */

/* Three accounts: TOTP with the issuer in its name too, SHA-512 with 8 digits, HOTP at 77; batch 2 of 2, id -5. */
static const char whole[] =
    "otpauth-migration://"
    "offline?data=CkAKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEhlFeGFtcGxlOmFsaWNlQGV4YW1wbGUuY29tGgdFeGFtcGxlIAEo"
    "ATACCjcKKDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTASA2JvYhoAIAMoAjACCikKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEg"
    "VjYXJv"
    "bBoCRXggAigBMAE4TRABGAIgASj7%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F8B";
/* Accounts with MD5, a short secret, an unknown field, no fault, and an escape character in the name. */
static const char broken[] =
    "otpauth-migration://"
    "offline?data=CiMKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEgNtZDUaACAEKAEwAgoWCgVzaG9ydBIFc2hvcnQaACABKAEwAkoHdW5r"
    "bm93bgoiChQxMjM0NTY3ODkwMTIzNDU2Nzg5MBICb2saACABKAEwAgokChQxMjM0NTY3ODkwMTIzNDU2Nzg5MBIEYmFkGxoAIAEoATACEAE%3D";

static void
otp_migration_gives_every_account(void **state)
{
	static const struct {
		const char *issuer, *account;
		enum otp_type type;
		enum otp_algorithm algorithm;
		unsigned digits;
		uint64_t counter;
		size_t secret_n;
	} rows[] = {
		{ "Example", "alice@example.com", OTP_TYPE_TOTP, OTP_SHA1, 6, 0, 20 },
		{ "", "bob", OTP_TYPE_TOTP, OTP_SHA512, 8, 0, 40 },
		{ "Ex", "carol", OTP_TYPE_HOTP, OTP_SHA256, 6, 77, 20 },
	};
	struct otp_migration migration;
	uint8_t room[sizeof(whole)];
	struct otp_uri uri;
	bool more = true;

	assert_int_equal(otp_migration_open(whole, strlen(whole), room, sizeof(room), &migration, NULL), OTP_OK);
	assert_int_equal(migration.version, 1);
	assert_int_equal(migration.batch_size, 2);
	assert_int_equal(migration.batch_index, 1);
	assert_int_equal(migration.batch_id, -5);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(otp_migration_next(&migration, 0, &uri, &more, NULL), OTP_OK);
		assert_true(more);
		assert_string_equal(uri.issuer, rows[i].issuer);
		assert_string_equal(uri.account, rows[i].account);
		assert_int_equal(uri.type, rows[i].type);
		assert_int_equal(uri.algorithm, rows[i].algorithm);
		assert_int_equal(uri.digits, rows[i].digits);
		assert_true(uri.counter == rows[i].counter);
		assert_int_equal(uri.secret_n, rows[i].secret_n);
		assert_memory_equal(uri.secret, secret, 20);
	}
	assert_int_equal(otp_migration_next(&migration, 0, &uri, &more, NULL), OTP_OK);
	assert_false(more);
}

static void
otp_migration_continues_after_a_broken_account(void **state)
{
	static const struct {
		const char *word;
		enum otp_status status;
	} rows[] = { { "algorithm", OTP_INVALID },
		     { "128 bits", OTP_TOO_SHORT },
		     { "field", OTP_INVALID },
		     { NULL, OTP_OK },
		     { "name", OTP_INVALID } };
	struct otp_migration migration;
	uint8_t room[sizeof(broken)];
	struct otp_uri uri;
	bool more = true;

	assert_int_equal(otp_migration_open(broken, strlen(broken), room, sizeof(room), &migration, NULL), OTP_OK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *wrong = "";
		assert_int_equal(otp_migration_next(&migration, 0, &uri, &more, &wrong), rows[i].status);
		assert_true(more);
		if (rows[i].word != NULL)
			assert_non_null(strstr(wrong, rows[i].word));
	}
	assert_string_equal(uri.account, "ok");
	assert_int_equal(otp_migration_next(&migration, 0, &uri, &more, NULL), OTP_OK);
	assert_false(more);
}

static void
otp_migration_refuses_malformed_exports(void **state)
{
	static const struct {
		const char *why, *text;
	} rows[] = {
		{ "empty", "" },
		{ "another URI", "otpauth://totp/a?secret=AAAA" },
		{ "no data", "otpauth-migration://offline?data=" },
		{ "not base64", "otpauth-migration://offline?data=!!!!" },
		{ "a broken escape", "otpauth-migration://offline?data=AA%2" },
		{ "an impossible length", "otpauth-migration://offline?data=A" },
		{ "a truncated field", "otpauth-migration://offline?data=CkAKFDEy" },
		{ "a length of 2^64 - 1", "otpauth-migration://offline?data=Cv///////////wE" },
		{ "a group, an obsolete kind of field", "otpauth-migration://offline?data=Cw==" },
	};
	struct otp_migration migration;
	uint8_t room[256];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *wrong = NULL;
		unit_note("%s", rows[i].why);
		assert_int_equal(
		    otp_migration_open(rows[i].text, strlen(rows[i].text), room, sizeof(room), &migration, &wrong),
		    OTP_INVALID);
		assert_non_null(wrong);
	}
	assert_int_equal(otp_migration_open(whole, strlen(whole), room, 10, &migration, NULL), OTP_TOO_SHORT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(otp_hotp_verify_looks_ahead_and_never_back),
		cmocka_unit_test(otp_hotp_verify_refuses_invalid_arguments),
		cmocka_unit_test(otp_hotp_resync_needs_two_codes_in_a_row),
		cmocka_unit_test(otp_totp_drift_finds_the_drift_of_a_clock),
		cmocka_unit_test(otp_totp_drift_needs_two_codes_in_a_row),
		cmocka_unit_test(otp_steam_codes_are_those_of_pyotp),
		cmocka_unit_test(otp_steam_verify_has_a_window_and_spends_steps),
		cmocka_unit_test(otp_hex_round_trips),
		cmocka_unit_test(otp_migration_gives_every_account),
		cmocka_unit_test(otp_migration_continues_after_a_broken_account),
		cmocka_unit_test(otp_migration_refuses_malformed_exports),
	};

	return cmocka_run_group_tests_name("otp_resync", tests, NULL, NULL);
}
