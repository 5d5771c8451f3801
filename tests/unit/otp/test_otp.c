/* One-time codes: the vectors of their RFCs, and codes that must be refused. */
#include "unit.h"

#include "doubletour/otp.h"

#include <string.h>

#define COUNT_OF(a) (sizeof(a) / sizeof(0 [a]))
#define SECONDS(s) ((int64_t)(s)*1000000)

static const uint8_t rfc_secret[] = "1234567890123456789012345678901234567890123456789012345678901234";

static struct otp_key
key_of(enum otp_algorithm algorithm, size_t n)
{
	struct otp_key key;

	assert_int_equal(otp_key_init(&key, algorithm, rfc_secret, n, 0), OTP_OK);
	return key;
}

/* Source: RFC 4226 appendix D. */
static void
otp_hotp_code_gives_the_codes_of_rfc_4226(void **state)
{
	static const char *const codes[] = { "755224", "287082", "359152", "969429", "338314",
					     "254676", "287922", "162583", "399871", "520489" };
	struct otp_key key = key_of(OTP_SHA1, 20);
	char code[OTP_CODE_SIZE];

	for (uint64_t i = 0; i < COUNT_OF(codes); i++) {
		assert_int_equal(otp_hotp_code(&key, i, 6, code), OTP_OK);
		assert_string_equal(code, codes[i]);
	}
	/* all 31 bits of counter 0 in ten digits */
	assert_int_equal(otp_hotp_code(&key, 0, 10, code), OTP_OK);
	assert_string_equal(code, "1284755224");
}

/* Source: RFC 6238 appendix B (with the secrets of erratum 2866: 20, 32 and 64 bytes). */
static void
otp_totp_code_gives_the_codes_of_rfc_6238(void **state)
{
	static const struct {
		int64_t seconds;
		const char *sha1, *sha256, *sha512;
	} rows[] = {
		{ 59, "94287082", "46119246", "90693936" },         { 1111111109, "07081804", "68084774", "25091201" },
		{ 1111111111, "14050471", "67062674", "99943326" }, { 1234567890, "89005924", "91819424", "93441116" },
		{ 2000000000, "69279037", "90698825", "38618901" }, { 20000000000, "65353130", "77737706", "47863826" },
	};
	const struct otp_totp totp = { 8, 30, 0, 0, 0 };
	struct otp_key sha1 = key_of(OTP_SHA1, 20), sha256 = key_of(OTP_SHA256, 32), sha512 = key_of(OTP_SHA512, 64);
	char code[OTP_CODE_SIZE];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(otp_totp_code(&sha1, &totp, SECONDS(rows[i].seconds), 0, code), OTP_OK);
		assert_string_equal(code, rows[i].sha1);
		assert_int_equal(otp_totp_code(&sha256, &totp, SECONDS(rows[i].seconds), 0, code), OTP_OK);
		assert_string_equal(code, rows[i].sha256);
		assert_int_equal(otp_totp_code(&sha512, &totp, SECONDS(rows[i].seconds), 0, code), OTP_OK);
		assert_string_equal(code, rows[i].sha512);
	}
}

static const int64_t now_s = 1234567890; /* step 41152263 */
enum { NOW_STEP = 41152263 };

static void
otp_totp_verify_takes_unspent_steps_of_a_three_step_window(void **state)
{
	static const struct {
		const char *why;
		int64_t offset, last_step;
		bool ok;
	} rows[] = {
		{ "the current step", 0, -1, true },
		{ "one step late", -1, -1, true },
		{ "one step early", 1, -1, true },
		{ "two steps late", -2, -1, false },
		{ "two steps early", 2, -1, false },
		{ "spent already", 0, NOW_STEP, false },
		{ "older than the spent step", -1, NOW_STEP, false },
		{ "newer than the spent step", 1, NOW_STEP, true },
		{ "a later step is spent", 0, NOW_STEP + 5, false },
	};
	struct otp_key key = key_of(OTP_SHA1, 20);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct otp_match match = { 0 };
		char code[OTP_CODE_SIZE];
		assert_int_equal(otp_totp_code(&key, &OTP_TOTP_DEFAULT, SECONDS(now_s), rows[i].offset, code), OTP_OK);
		assert_int_equal(
		    otp_totp_verify(&key, &OTP_TOTP_DEFAULT, code, 6, SECONDS(now_s), rows[i].last_step, &match),
		    OTP_OK);
		if (match.ok != rows[i].ok || (match.ok && match.step != NOW_STEP + rows[i].offset))
			fail_msg("%s: ok %d, step %lld", rows[i].why, match.ok, (long long)match.step);
	}
}

static void
otp_totp_verify_refuses_malformed_codes(void **state)
{
	static const struct {
		const char *why, *code;
		size_t n;
	} rows[] = {
		{ "empty", "", 0 },          { "too short", "00592", 5 }, { "too long", "0059244", 7 },
		{ "a letter", "00592a", 6 }, { "a space", "005 92", 6 },  { "a sign", "+05924", 6 },
		{ "a NUL", "0059\0004", 6 },
	};
	struct otp_key key = key_of(OTP_SHA1, 20);
	struct otp_match match = { true, 77 };

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (otp_totp_verify(&key, &OTP_TOTP_DEFAULT, rows[i].code, rows[i].n, SECONDS(now_s), -1, &match) !=
		    OTP_INVALID)
			fail_msg("%s", rows[i].why);
	assert_true(match.ok && match.step == 77); /* unchanged */
	assert_int_equal(otp_totp_verify(&key, &OTP_TOTP_DEFAULT, "005924", 6, -1, -1, &match), OTP_INVALID);
}

static void
otp_totp_verify_works_at_time_zero(void **state)
{
	struct otp_key key = key_of(OTP_SHA1, 20);
	struct otp_match match = { 0 };
	char code[OTP_CODE_SIZE];

	assert_int_equal(otp_totp_code(&key, &OTP_TOTP_DEFAULT, 0, 0, code), OTP_OK);
	assert_int_equal(otp_totp_verify(&key, &OTP_TOTP_DEFAULT, code, 6, 0, -1, &match), OTP_OK);
	assert_true(match.ok && match.step == 0);
	assert_int_equal(otp_totp_code(&key, &OTP_TOTP_DEFAULT, 0, -1, code), OTP_INVALID);
}

static void
otp_totp_seconds_left_counts_down(void **state)
{
	static const struct {
		int64_t us;
		unsigned left;
	} rows[] = { { 0, 30 }, { 999999, 30 }, { SECONDS(1), 29 }, { SECONDS(29), 1 }, { SECONDS(30), 30 } };
	unsigned left = 0;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(otp_totp_seconds_left(&OTP_TOTP_DEFAULT, rows[i].us, &left), OTP_OK);
		assert_int_equal(left, rows[i].left);
	}
}

static void
otp_functions_refuse_odd_parameters(void **state)
{
	struct otp_key key = key_of(OTP_SHA1, 20);
	const struct otp_totp no_period = { 6, 0, 0, 1, 1 }, later = { 6, 30, 100, 1, 1 };
	char code[OTP_CODE_SIZE];
	int64_t step;

	assert_int_equal(otp_hotp_code(&key, 0, 5, code), OTP_INVALID);
	assert_int_equal(otp_hotp_code(&key, 0, 11, code), OTP_INVALID);
	assert_int_equal(otp_totp_step(&no_period, SECONDS(5), &step), OTP_INVALID);
	assert_int_equal(otp_totp_step(&later, SECONDS(99), &step), OTP_INVALID);
	assert_int_equal(otp_totp_step(&later, SECONDS(100), &step), OTP_OK);
	assert_int_equal(otp_key_init(&key, (enum otp_algorithm)3, rfc_secret, 20, 0), OTP_INVALID);
	assert_int_equal(otp_key_init(&key, OTP_SHA1, rfc_secret, 15, 0), OTP_TOO_SHORT);
	assert_int_equal(otp_key_init(&key, OTP_SHA1, rfc_secret, 15, OTP_ALLOW_SHORT_SECRET), OTP_OK);
	assert_int_equal(otp_key_init(&key, OTP_SHA1, rfc_secret, 0, OTP_ALLOW_SHORT_SECRET), OTP_TOO_SHORT);
}

static void
otp_wiped_and_zeroed_keys_have_no_codes(void **state)
{
	struct otp_key wiped = key_of(OTP_SHA1, 20), zeroed = { 0 };
	struct otp_match match = { 0 };
	struct otp_drift drift = { 0 };
	char code[OTP_CODE_SIZE];

	otp_key_wipe(&wiped);
	assert_int_equal(otp_hotp_code(&wiped, 0, 6, code), OTP_INVALID);
	assert_int_equal(otp_hotp_code(&zeroed, 0, 6, code), OTP_INVALID);
	assert_int_equal(otp_totp_verify(&zeroed, &OTP_TOTP_DEFAULT, "005924", 6, SECONDS(now_s), -1, &match),
			 OTP_INVALID);
	/* every step of the search is used: the function needs no code */
	assert_int_equal(
	    otp_totp_drift(&zeroed, &OTP_TOTP_DEFAULT, "005924", "005924", SECONDS(now_s), INT64_MAX, 1, &drift),
	    OTP_INVALID);
}

static void
otp_totp_stays_in_bounds_for_extreme_times(void **state)
{
	static const struct {
		const char *why;
		struct otp_totp totp;
		int64_t now_us;
		enum otp_status step, verify;
	} rows[] = {
		{ "the last timestamp", { 6, 30, 0, 1, 1 }, INT64_MAX, OTP_OK, OTP_OK },
		{ "the first timestamp", { 6, 30, 0, 1, 1 }, INT64_MIN, OTP_INVALID, OTP_INVALID },
		{ "a start far in the past", { 6, 1, INT64_MIN + 10, 1, 1 }, -SECONDS(20), OTP_OK, OTP_INVALID },
		{ "a start so early that the step overflows", { 6, 1, INT64_MIN, 1, 1 }, 0, OTP_INVALID, OTP_INVALID },
		{ "a start before 1970", { 6, 30, -60, 1, 1 }, -1, OTP_OK, OTP_OK },
		{ "the longest period", { 6, UINT32_MAX, 0, 1, 1 }, SECONDS(now_s), OTP_OK, OTP_OK },
		{ "the widest window", { 6, 30, 0, 100, 100 }, SECONDS(now_s), OTP_OK, OTP_OK },
		{ "too far back", { 6, 30, 0, 101, 0 }, SECONDS(now_s), OTP_OK, OTP_INVALID },
		{ "too far forward", { 6, 30, 0, 0, 101 }, SECONDS(now_s), OTP_OK, OTP_INVALID },
		{ "too many digits", { 11, 30, 0, 1, 1 }, SECONDS(now_s), OTP_OK, OTP_INVALID },
	};
	struct otp_key key = key_of(OTP_SHA1, 20);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct otp_match match = { 0 };
		int64_t step = 0;
		enum otp_status stepped = otp_totp_step(&rows[i].totp, rows[i].now_us, &step);
		enum otp_status verified =
		    otp_totp_verify(&key, &rows[i].totp, "123456", 6, rows[i].now_us, -1, &match);
		if (stepped != rows[i].step || verified != rows[i].verify)
			fail_msg("%s: %d, %d", rows[i].why, stepped, verified);
	}
}

static void
otp_totp_step_rounds_down_before_1970_too(void **state)
{
	const struct otp_totp early = { 6, 30, -60, 1, 1 };
	static const struct {
		int64_t now_us, step;
	} rows[] = { { -SECONDS(60), 0 }, { -SECONDS(30) - 1, 0 }, { -SECONDS(30), 1 }, { -1, 1 }, { 0, 2 } };

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t step = -1;
		assert_int_equal(otp_totp_step(&early, rows[i].now_us, &step), OTP_OK);
		assert_int_equal(step, rows[i].step);
	}
}

/* Steps 2386 and 2394 have the same code.  A search with Python's hmac found them. */
static void
otp_totp_verify_takes_the_newest_of_two_steps_with_one_code(void **state)
{
	const struct otp_totp wide = { 6, 30, 0, 10, 10 };
	struct otp_key key = key_of(OTP_SHA1, 20);
	struct otp_match match = { 0 };

	assert_int_equal(otp_totp_verify(&key, &wide, "709847", 6, SECONDS(2390 * 30), -1, &match), OTP_OK);
	assert_true(match.ok && match.step == 2394);
	assert_int_equal(otp_totp_verify(&key, &wide, "709847", 6, SECONDS(2380 * 30), -1, &match), OTP_OK);
	assert_true(match.ok && match.step == 2386);
	assert_int_equal(otp_totp_verify(&key, &wide, "709847", 6, SECONDS(2390 * 30), 2394, &match), OTP_OK);
	assert_true(!match.ok && match.step == 0);
}

static void
otp_code_normalise_drops_white_space_and_dashes(void **state)
{
#define TEXT(text) (text), sizeof(text) - 1
	static const struct {
		const char *why, *text;
		size_t n;
		const char *code; /* NULL: refused */
	} rows[] = {
		{ "six digits", "123456", 6, "123456" },
		{ "in groups", "123 456", 7, "123456" },
		{ "hyphen", "123-456", 7, "123456" },
		{ "around", "  123456 ", 9, "123456" },
		{ "empty", "", 0, NULL },
		{ "only spaces", "      ", 6, NULL },
		{ "one short", "12345", 5, NULL },
		{ "one long", "1234567", 7, NULL },
		{ "a letter", "12345a", 6, NULL },
		{ "full-width digits", "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x93\xef\xbc\x94\xef\xbc\x95\xef\xbc\x96", 18,
		  NULL },
		{ "Arabic-Indic digits", "\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5\xd9\xa6", 12, NULL },
		{ "a no-break space",
		  TEXT("123\xc2\xa0"
		       "456"),
		  "123456" },
		{ "a tab", TEXT("123\t456"), "123456" },
		{ "a line end after the code", TEXT("123456\r\n"), "123456" },
		{ "a zero-width space before the code",
		  TEXT("\xe2\x80\x8b"
		       "123456"),
		  "123456" },
		{ "a zero-width no-break space, as a byte order mark",
		  TEXT("\xef\xbb\xbf"
		       "123456"),
		  "123456" },
		{ "a thin space",
		  TEXT("123\xe2\x80\x89"
		       "456"),
		  "123456" },
		{ "a narrow no-break space",
		  TEXT("123\xe2\x80\xaf"
		       "456"),
		  "123456" },
		{ "an ideographic space",
		  TEXT("123\xe3\x80\x80"
		       "456"),
		  "123456" },
		{ "a soft hyphen",
		  TEXT("123\xc2\xad"
		       "456"),
		  "123456" },
		{ "marks of text direction around the code",
		  TEXT("\xe2\x81\xa8"
		       "123456"
		       "\xe2\x81\xa9"),
		  "123456" },
		{ "an en dash",
		  TEXT("123\xe2\x80\x93"
		       "456"),
		  "123456" },
		{ "a minus sign",
		  TEXT("123\xe2\x88\x92"
		       "456"),
		  "123456" },
		{ "a tag", TEXT("123456\xf3\xa0\x80\xa0"), "123456" },
		{ "a dot", TEXT("123.456"), NULL },
		{ "an escape",
		  TEXT("123\x1b"
		       "456"),
		  NULL },
		{ "half a no-break space", TEXT("123456\xc2"), NULL },
		{ "an overlong space",
		  TEXT("123\xc0\xa0"
		       "456"),
		  NULL },
		{ "an overlong space of three bytes",
		  TEXT("123\xe0\x80\xa0"
		       "456"),
		  NULL },
		{ "an unfinished zero-width space", TEXT("123456\xe2\x80"), NULL },
		{ "a combining mark", TEXT("123456\xcc\x81"), NULL },
		{ "a keycap",
		  TEXT("1\xef\xb8\x8f\xe2\x83\xa3"
		       "23456"),
		  NULL },
		{ "only white space", TEXT("\t\xc2\xa0\r\n"), NULL },
		{ "a NUL after the code", "123456\0", 7, NULL },
	};
#undef TEXT

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char code[OTP_CODE_SIZE] = "before";
		enum otp_status status = otp_code_normalise(rows[i].text, rows[i].n, 6, code);
		if (rows[i].code == NULL ? status != OTP_INVALID || strcmp(code, "before") != 0
					 : status != OTP_OK || strcmp(code, rows[i].code) != 0)
			fail_msg("%s", rows[i].why);
	}
}

static void
otp_secret_random_differs_each_time_and_is_long_enough(void **state)
{
	uint8_t first[20] = { 0 }, second[20] = { 0 };

	assert_int_equal(otp_secret_random(first, sizeof(first), 0), OTP_OK);
	assert_int_equal(otp_secret_random(second, sizeof(second), 0), OTP_OK);
	assert_memory_not_equal(first, second, sizeof(first));
	assert_int_equal(otp_secret_random(first, 15, 0), OTP_TOO_SHORT);
	assert_int_equal(otp_secret_random(first, 15, OTP_ALLOW_SHORT_SECRET), OTP_OK);
	assert_int_equal(otp_secret_random(first, 0, OTP_ALLOW_SHORT_SECRET), OTP_TOO_SHORT);
}

static void
otp_status_text_names_each_status_and_no_other_number(void **state)
{
	assert_string_equal(otp_status_text(OTP_OK), "the call succeeded");
	assert_non_null(strstr(otp_status_text(OTP_INVALID), "argument"));
	assert_non_null(strstr(otp_status_text(OTP_TOO_SHORT), "too small"));
	assert_non_null(strstr(otp_status_text(OTP_CRYPTO), "libcrypto"));
	assert_null(otp_status_text((enum otp_status)(OTP_CRYPTO + 1)));
	assert_null(otp_status_text((enum otp_status) - 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(otp_hotp_code_gives_the_codes_of_rfc_4226),
		cmocka_unit_test(otp_totp_code_gives_the_codes_of_rfc_6238),
		cmocka_unit_test(otp_totp_verify_takes_unspent_steps_of_a_three_step_window),
		cmocka_unit_test(otp_totp_verify_refuses_malformed_codes),
		cmocka_unit_test(otp_totp_verify_works_at_time_zero),
		cmocka_unit_test(otp_totp_seconds_left_counts_down),
		cmocka_unit_test(otp_functions_refuse_odd_parameters),
		cmocka_unit_test(otp_wiped_and_zeroed_keys_have_no_codes),
		cmocka_unit_test(otp_totp_stays_in_bounds_for_extreme_times),
		cmocka_unit_test(otp_totp_step_rounds_down_before_1970_too),
		cmocka_unit_test(otp_totp_verify_takes_the_newest_of_two_steps_with_one_code),
		cmocka_unit_test(otp_code_normalise_drops_white_space_and_dashes),
		cmocka_unit_test(otp_status_text_names_each_status_and_no_other_number),
		cmocka_unit_test(otp_secret_random_differs_each_time_and_is_long_enough),
	};

	return cmocka_run_group_tests_name("otp", tests, NULL, NULL);
}
