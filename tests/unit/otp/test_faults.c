/*
 * Codes while calls of libcrypto fail: each hash function and the random numbers in turn.  Each function must return
 * OTP_CRYPTO, change none of the caller's structs and report no match.
 */
#include "unit.h"

#include "base/fault.h"
#include "doubletour/otp.h"

#include <string.h>

#define COUNT_OF(a) (sizeof(a) / sizeof(0 [a]))
#define NOW_US INT64_C(59000000)

/* --- the functions under test ------------------------------------------------------------------------------------- */

static const uint8_t secret[] = "1234567890123456789012345678901234567890123456789012345678901234567890"; /* RFC 4226 */
static struct otp_key key;

union answer {
	struct otp_key key;
	struct otp_match match;
	struct otp_counter_match counter;
	struct otp_drift drift;
	char code[OTP_CODE_SIZE];
	uint8_t bytes[20];
};

static enum otp_status
make_key(union answer *a)
{
	return otp_key_init(&a->key, OTP_SHA1, secret, 20, 0);
}

static enum otp_status
make_key_of_a_long_secret(union answer *a)
{
	return otp_key_init(&a->key, OTP_SHA1, secret, 70, 0);
}

static enum otp_status
hotp(union answer *a)
{
	return otp_hotp_code(&key, 0, 6, a->code);
}

static enum otp_status
totp(union answer *a)
{
	return otp_totp_code(&key, &OTP_TOTP_DEFAULT, NOW_US, 0, a->code);
}

static enum otp_status
steam(union answer *a)
{
	return otp_steam_code(&key, 1, a->code);
}

static enum otp_status
verify_totp(union answer *a)
{
	return otp_totp_verify(&key, &OTP_TOTP_DEFAULT, "287082", 6, NOW_US, -1, &a->match);
}

static enum otp_status
verify_steam(union answer *a)
{
	char code[OTP_STEAM_SIZE] = "22222";

	return otp_steam_verify(&key, code, 5, NOW_US, 1, 1, -1, &a->match);
}

static enum otp_status
verify_hotp(union answer *a)
{
	return otp_hotp_verify(&key, 6, "287082", 6, 0, 2, &a->counter);
}

static enum otp_status
resync(union answer *a)
{
	return otp_hotp_resync(&key, 6, "755224", "287082", 0, 2, &a->counter);
}

static enum otp_status
drift(union answer *a)
{
	return otp_totp_drift(&key, &OTP_TOTP_DEFAULT, "755224", "287082", NOW_US, -1, 2, &a->drift);
}

static enum otp_status
make_secret(union answer *a)
{
	return otp_secret_random(a->bytes, sizeof(a->bytes), 0);
}

static void
otp_reports_libcrypto_failures_and_matches_nothing(void **state)
{
	static const struct {
		const char *what;
		enum otp_status (*ask)(union answer *a);
		bool random; /* the output may be written in part */
	} rows[] = {
		{ "a key", make_key, false },
		{ "a key of a long secret", make_key_of_a_long_secret, false },
		{ "HOTP", hotp, false },
		{ "TOTP", totp, false },
		{ "Steam", steam, false },
		{ "TOTP verified", verify_totp, false },
		{ "Steam verified", verify_steam, false },
		{ "HOTP verified", verify_hotp, false },
		{ "a counter resynchronized", resync, false },
		{ "a drift", drift, false },
		{ "a secret", make_secret, true },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int failures = 0;
		for (bool failed = true; failed;) {
			union answer answer, before;
			memset(&answer, 'x', sizeof(answer));
			before = answer;
			fault_set(FAULT_CRYPTO, failures + 1, false);
			enum otp_status status = rows[i].ask(&answer);
			fault_set(FAULT_CRYPTO, 0, false);
			failed = fault_failed(FAULT_CRYPTO) > 0;
			assert_int_equal(status, failed ? OTP_CRYPTO : OTP_OK);
			if (failed && !rows[i].random)
				assert_memory_equal(&answer, &before, sizeof(answer));
			failures += failed;
		}
		unit_note("%s: %d failures", rows[i].what, failures);
		assert_true(failures >= (rows[i].random ? 1 : 4));
	}
}

static int
set_up(void **state)
{
	return otp_key_init(&key, OTP_SHA1, secret, 20, 0) == OTP_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(otp_reports_libcrypto_failures_and_matches_nothing),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
