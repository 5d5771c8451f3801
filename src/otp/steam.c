/*
 * Steam Guard codes: five of 26 letters and digits, least significant first, from the 31-bit number of a TOTP code.
 */
#include "internal.h"

#include <openssl/crypto.h>
#include <string.h>

enum { STEAM_PERIOD_S = 30, STEAM_CHARACTERS = 26, STEAM_LENGTH = OTP_STEAM_SIZE - 1 };

static const char alphabet[STEAM_CHARACTERS + 1] = "23456789BCDFGHJKMNPQRTVWXY";

bool
otp_steam_parameters_valid(const struct otp_uri *uri)
{
	return uri->type == OTP_TYPE_TOTP && uri->algorithm == OTP_SHA1 && uri->period_s == STEAM_PERIOD_S;
}

/* Read all characters, so that memory accesses do not reveal which one was taken. */
static char
otp_steam_letter(uint32_t which)
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
		ret_code[i] = otp_steam_letter(number % STEAM_CHARACTERS);
		number /= STEAM_CHARACTERS;
	}
	ret_code[STEAM_LENGTH] = '\0';
	return OTP_OK;
}

/* The character in capital letters; NUL: Steam codes do not use it. */
static char
otp_steam_upper(char c)
{
	c = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
	return c != '\0' && strchr(alphabet, c) != NULL ? c : '\0';
}

enum otp_status
otp_steam_normalise(const char *text, size_t n, char ret_code[OTP_STEAM_SIZE])
{
	char code[OTP_STEAM_SIZE] = { 0 };
	size_t kept = 0;

	for (size_t i = 0, filler = 0; i<n; i += filler> 0 ? filler : 1) {
		filler = otp_filler_length(text + i, n - i);
		if (filler > 0)
			continue;
		if (kept == STEAM_LENGTH || otp_steam_upper(text[i]) == '\0')
			return OTP_INVALID;
		code[kept++] = otp_steam_upper(text[i]);
	}
	if (kept != STEAM_LENGTH)
		return OTP_INVALID;
	memcpy(ret_code, code, sizeof(code));
	OPENSSL_cleanse(code, sizeof(code));
	return OTP_OK;
}

static bool
otp_steam_code_upper(const char *code, size_t n, char ret_code[OTP_STEAM_SIZE])
{
	return n == STEAM_LENGTH && otp_steam_normalise(code, n, ret_code) == OTP_OK;
}

static enum otp_status
otp_steam_verify_step(const struct otp_key *key, const char *code, int64_t step, int64_t last_step,
		      struct otp_match *match)
{
	char expected[OTP_STEAM_SIZE];
	enum otp_status status = otp_steam_code(key, (uint64_t)step, expected);

	if (status == OTP_OK)
		otp_match_update(expected, sizeof(expected), code, STEAM_LENGTH, step, last_step, match);
	return status;
}

enum otp_status
otp_steam_verify(const struct otp_key *key, const char *code, size_t n, int64_t now_us, unsigned back, unsigned forward,
		 int64_t last_step, struct otp_match *ret_match)
{
	const struct otp_totp steam = { OTP_DIGITS_MIN, STEAM_PERIOD_S, 0, back, forward };
	struct otp_match match = { false, 0 };
	char capital[OTP_STEAM_SIZE];
	int64_t now_step = 0;
	enum otp_status status = otp_totp_step(&steam, now_us, &now_step);

	if (status != OTP_OK)
		return status;
	if (!otp_steam_code_upper(code, n, capital) || back > OTP_WINDOW_MAX || forward > OTP_WINDOW_MAX)
		return OTP_INVALID;
	for (int64_t step = now_step > back ? now_step - back : 0; step <= now_step + forward; step++) {
		status = otp_steam_verify_step(key, capital, step, last_step, &match);
		if (status != OTP_OK)
			return status;
	}
	*ret_match = match;
	return OTP_OK;
}
