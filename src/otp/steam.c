/*
 * Steam Guard's codes: five of 26 letters and digits, the lowest first, from the number that a TOTP code is cut from.
 */
#include "internal.h"

#include <openssl/crypto.h>
#include <string.h>

enum { STEAM_PERIOD_S = 30, STEAM_CHARACTERS = 26, STEAM_LENGTH = OTP_STEAM_SIZE - 1 };

static const char alphabet[STEAM_CHARACTERS + 1] = "23456789BCDFGHJKMNPQRTVWXY";

/* All are read, so that no address tells which was taken. */
static char
letter(uint32_t which)
{
	unsigned char c = 0;

	for (uint32_t i = 0; i < STEAM_CHARACTERS; i++)
		c |= (unsigned char)alphabet[i] & (unsigned char)-(unsigned)(i == which);
	return (char)c;
}

enum otp_status
otp_steam_code(const struct otp_key *key, uint64_t step, char ret_code[OTP_STEAM_SIZE])
{
	uint32_t number = 0;
	enum otp_status status;

	if (key->algorithm != OTP_SHA1)
		return OTP_INVALID;
	status = otp_hotp_number(key, step, &number);
	if (status != OTP_OK)
		return status;
	for (size_t i = 0; i < STEAM_LENGTH; i++) {
		ret_code[i] = letter(number % STEAM_CHARACTERS);
		number /= STEAM_CHARACTERS;
	}
	ret_code[STEAM_LENGTH] = '\0';
	return OTP_OK;
}

static bool
code_upper(const char *code, size_t n, char ret_code[OTP_STEAM_SIZE])
{
	if (n != STEAM_LENGTH)
		return false;
	for (size_t i = 0; i < n; i++) {
		ret_code[i] = (char)(code[i] >= 'a' && code[i] <= 'z' ? code[i] - 'a' + 'A' : code[i]);
		if (ret_code[i] == '\0' || strchr(alphabet, ret_code[i]) == NULL)
			return false;
	}
	ret_code[n] = '\0';
	return true;
}

static enum otp_status
verify_step(const struct otp_key *key, const char *code, int64_t step, int64_t last_step, struct otp_match *match)
{
	char expected[OTP_STEAM_SIZE];
	enum otp_status status = otp_steam_code(key, (uint64_t)step, expected);
	int64_t take;

	if (status != OTP_OK)
		return status;
	take = -(int64_t)((CRYPTO_memcmp(expected, code, STEAM_LENGTH) == 0) & (step > last_step));
	match->step = (match->step & ~take) | (step & take);
	match->ok = match->ok | (take != 0);
	OPENSSL_cleanse(expected, sizeof(expected));
	return OTP_OK;
}

enum otp_status
otp_steam_verify(const struct otp_key *key, const char *code, size_t n, int64_t now_us, unsigned back, unsigned forward,
		 int64_t last_step, struct otp_match *ret_match)
{
	const struct otp_totp steam = { OTP_DIGITS_MIN, STEAM_PERIOD_S, 0, back, forward };
	struct otp_match match = { false, 0 };
	char upper[OTP_STEAM_SIZE];
	int64_t now_step = 0;
	enum otp_status status = otp_totp_step(&steam, now_us, &now_step);

	if (status != OTP_OK)
		return status;
	if (!code_upper(code, n, upper) || back > OTP_WINDOW_MAX || forward > OTP_WINDOW_MAX)
		return OTP_INVALID;
	for (int64_t step = now_step > back ? now_step - back : 0; step <= now_step + forward; step++) {
		status = verify_step(key, upper, step, last_step, &match);
		if (status != OTP_OK)
			return status;
	}
	*ret_match = match;
	return OTP_OK;
}
