/*
 * Codes at a counter (RFC 4226), codes at a time (RFC 6238), and codes as people type them.
 */
#include "internal.h"

#include <openssl/crypto.h>
#include <string.h>

const struct otp_totp OTP_TOTP_DEFAULT = { 6, 30, 0, 1, 1 };

bool
otp_digits_valid(unsigned digits)
{
	return digits >= OTP_DIGITS_MIN && digits <= OTP_DIGITS_MAX;
}

/*
 * RFC 4226 s5.3: 31 bits at the offset in the last half-byte.  The offset must not leak: all sixteen positions are
 * read.
 */
static uint32_t
otp_code_truncated(const unsigned char *digest, size_t n)
{
	uint32_t at = digest[n - 1] & 15, number = 0;

	for (uint32_t i = 0; i < 16; i++) {
		const unsigned char *p = digest + i;
		uint32_t here = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
		uint32_t mask = 0 - (((i ^ at) - 1) >> 31);
		number |= here & mask;
	}
	return number & 0x7fffffff;
}

/* 31 bits have at most ten digits: with ten, the code is the whole number. */
static void
otp_code_write_digits(uint32_t number, unsigned digits, char *ret_code)
{
	ret_code[digits] = '\0';
	while (digits-- > 0) {
		ret_code[digits] = (char)('0' + number % 10);
		number /= 10;
	}
}

enum otp_status
otp_hotp_number(const struct otp_key *key, uint64_t counter, uint32_t *ret_number)
{
	unsigned char digest[OTP_DIGEST_MAX];
	size_t n;
	enum otp_status status = otp_hmac_counter(key, counter, digest, &n);

	if (status != OTP_OK)
		return status;
	*ret_number = otp_code_truncated(digest, n);
	OPENSSL_cleanse(digest, sizeof(digest));
	return OTP_OK;
}

enum otp_status
otp_hotp_code(const struct otp_key *key, uint64_t counter, unsigned digits, char ret_code[OTP_CODE_SIZE])
{
	uint32_t number = 0;
	enum otp_status status;

	if (!otp_digits_valid(digits))
		return OTP_INVALID;
	status = otp_hotp_number(key, counter, &number);
	if (status == OTP_OK)
		otp_code_write_digits(number, digits, ret_code);
	return status;
}

/* --- codes at a time ---------------------------------------------------------------------------------------------- */

static int64_t
otp_code_floor_seconds(int64_t now_us)
{
	int64_t seconds = now_us / 1000000;

	return now_us % 1000000 < 0 ? seconds - 1 : seconds;
}

static bool
otp_code_seconds_since_start(const struct otp_totp *totp, int64_t now_us, int64_t *ret_seconds)
{
	return totp->period_s != 0 &&
	       !__builtin_sub_overflow(otp_code_floor_seconds(now_us), totp->start_s, ret_seconds) && *ret_seconds >= 0;
}

enum otp_status
otp_totp_step(const struct otp_totp *totp, int64_t now_us, int64_t *ret_step)
{
	int64_t since = 0;

	if (!otp_code_seconds_since_start(totp, now_us, &since))
		return OTP_INVALID;
	*ret_step = since / totp->period_s;
	return OTP_OK;
}

enum otp_status
otp_totp_code(const struct otp_key *key, const struct otp_totp *totp, int64_t now_us, int64_t offset,
	      char ret_code[OTP_CODE_SIZE])
{
	int64_t step = 0;
	enum otp_status status = otp_totp_step(totp, now_us, &step);

	if (status != OTP_OK)
		return status;
	if (__builtin_add_overflow(step, offset, &step) || step < 0)
		return OTP_INVALID;
	return otp_hotp_code(key, (uint64_t)step, totp->digits, ret_code);
}

enum otp_status
otp_totp_seconds_left(const struct otp_totp *totp, int64_t now_us, unsigned *ret_seconds)
{
	int64_t since = 0;

	if (!otp_code_seconds_since_start(totp, now_us, &since))
		return OTP_INVALID;
	*ret_seconds = totp->period_s - (unsigned)(since % totp->period_s);
	return OTP_OK;
}

/* --- typed codes -------------------------------------------------------------------------------------------------- */

static bool
otp_code_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
otp_code_has_form(const char *code, size_t n, unsigned digits)
{
	if (!otp_digits_valid(digits) || n != digits)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!otp_code_is_digit(code[i]))
			return false;
	return true;
}

enum otp_status
otp_code_normalise(const char *text, size_t n, unsigned digits, char ret_code[OTP_CODE_SIZE])
{
	char code[OTP_CODE_SIZE] = { 0 };
	size_t kept = 0;

	if (!otp_digits_valid(digits))
		return OTP_INVALID;
	for (size_t i = 0, filler = 0; i<n; i += filler> 0 ? filler : 1) {
		filler = otp_filler_length(text + i, n - i);
		if (filler > 0)
			continue;
		if (kept == digits || !otp_code_is_digit(text[i]))
			return OTP_INVALID;
		code[kept++] = text[i];
	}
	if (kept != digits)
		return OTP_INVALID;
	memcpy(ret_code, code, sizeof(code));
	OPENSSL_cleanse(code, sizeof(code));
	return OTP_OK;
}
