/*
 * Verification of TOTP codes.  Every step of the window is computed and compared in full.  A wrong code therefore
 * takes the same time, whatever it is and wherever the right code stands.
 */
#include "internal.h"

#include <openssl/crypto.h>

void
otp_match_update(char *expected, size_t size, const char *code, size_t n, int64_t step, int64_t last_step,
		 struct otp_match *match)
{
	bool fits = (CRYPTO_memcmp(expected, code, n) == 0) & (step > last_step);
	uint64_t take = otp_mask(fits);

	match->step = (int64_t)(((uint64_t)match->step & ~take) | ((uint64_t)step & take));
	match->ok = match->ok | fits;
	OPENSSL_cleanse(expected, size);
}

static enum otp_status
otp_verify_step(const struct otp_key *key, unsigned digits, const char *code, int64_t step, int64_t last_step,
		struct otp_match *match)
{
	char expected[OTP_CODE_SIZE];
	enum otp_status status = otp_hotp_code(key, (uint64_t)step, digits, expected);

	if (status == OTP_OK)
		otp_match_update(expected, sizeof(expected), code, digits, step, last_step, match);
	return status;
}

static bool
otp_verify_window_valid(const struct otp_totp *totp, int64_t now_step)
{
	return totp->back <= OTP_WINDOW_MAX && totp->forward <= OTP_WINDOW_MAX &&
	       now_step <= INT64_MAX - OTP_WINDOW_MAX;
}

enum otp_status
otp_totp_verify(const struct otp_key *key, const struct otp_totp *totp, const char *code, size_t n, int64_t now_us,
		int64_t last_step, struct otp_match *ret_match)
{
	struct otp_match match = { false, 0 };
	int64_t now_step = 0, first;
	enum otp_status status = otp_totp_step(totp, now_us, &now_step);

	if (status != OTP_OK)
		return status;
	if (!otp_code_has_form(code, n, totp->digits) || !otp_verify_window_valid(totp, now_step))
		return OTP_INVALID;
	first = now_step > totp->back ? now_step - totp->back : 0;
	for (int64_t step = first; step <= now_step + totp->forward; step++) {
		status = otp_verify_step(key, totp->digits, code, step, last_step, &match);
		if (status != OTP_OK)
			return status;
	}
	*ret_match = match;
	return OTP_OK;
}
