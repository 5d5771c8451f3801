/*
 * Base16 (RFC 4648 s8), in either case, with the separators that people put between bytes.
 */
#include "internal.h"

enum otp_status
otp_hex_encode(const uint8_t *bytes, size_t n, char *ret_text, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	if (n > SIZE_MAX / 2 - 1 || size < OTP_HEX_SIZE(n))
		return OTP_TOO_SHORT;
	for (size_t i = 0; i < n; i++) {
		ret_text[2 * i] = digits[bytes[i] >> 4];
		ret_text[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret_text[2 * n] = '\0';
	return OTP_OK;
}

int
otp_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Length in bytes of the separator at the start of the text; 0: no separator. */
static size_t
otp_hex_between_length(const char *text, size_t n)
{
	return text[0] == ':' ? 1 : otp_filler_length(text, n);
}

enum otp_status
otp_hex_decode(const char *text, size_t n, uint8_t *ret_bytes, size_t size, size_t *ret_n, size_t *ret_wrong_at)
{
	size_t out = 0, i = 0, ignored;

	if (ret_wrong_at == NULL)
		ret_wrong_at = &ignored;
	while (i < n) {
		size_t between = otp_hex_between_length(text + i, n - i);
		if (between > 0) {
			i += between;
			continue;
		}
		*ret_wrong_at = i;
		if (otp_hex_value(text[i]) < 0)
			return OTP_INVALID;
		*ret_wrong_at = i + 1; /* if this is n, the text ends in the middle of a byte */
		if (i + 1 == n || otp_hex_value(text[i + 1]) < 0)
			return OTP_INVALID;
		if (out == size)
			return OTP_TOO_SHORT;
		ret_bytes[out++] =
		    (uint8_t)((unsigned)otp_hex_value(text[i]) << 4 | (unsigned)otp_hex_value(text[i + 1]));
		i += 2;
	}
	*ret_n = out;
	return OTP_OK;
}
