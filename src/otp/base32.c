/*
 * Base32 (RFC 4648 s6), tolerant of the ways people type it.
 */
#include "internal.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

enum otp_status
otp_base32_encode(const uint8_t *bytes, size_t n, char *ret_text, size_t size)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t out = 0;

	if (n > SIZE_MAX / 2 || size < OTP_BASE32_SIZE(n))
		return OTP_TOO_SHORT;
	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | bytes[i];
		for (have += 8; have >= 5; have -= 5)
			ret_text[out++] = alphabet[bits >> (have - 5) & 31];
	}
	if (have > 0)
		ret_text[out++] = alphabet[bits << (5 - have) & 31];
	ret_text[out] = '\0';
	return OTP_OK;
}

static int
otp_base32_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

struct decoder {
	uint32_t bits;
	unsigned have;
	size_t symbols, out;
	size_t padding, padding_at; /* number of '=', and the offset of the first */
};

static enum otp_status
otp_base32_take(struct decoder *d, int five, uint8_t *ret_bytes, size_t size)
{
	d->bits = d->bits << 5 | (uint32_t)five;
	d->have += 5;
	d->symbols++;
	if (d->have < 8)
		return OTP_OK;
	if (d->out == size)
		return OTP_TOO_SHORT;
	d->have -= 8;
	ret_bytes[d->out++] = (uint8_t)(d->bits >> d->have);
	return OTP_OK;
}

/* 1, 3 or 6 symbols in the last group leave a byte unfinished.  Padding, if present, fills the group of eight. */
static bool
otp_base32_is_complete(const struct decoder *d)
{
	size_t last = d->symbols % 8;

	if (last == 1 || last == 3 || last == 6)
		return false;
	return d->padding == 0 || (last != 0 && last + d->padding == 8);
}

/* Take a letter or '='.  A letter after padding is invalid. */
static enum otp_status
otp_base32_take_character(struct decoder *d, const char *text, size_t at, uint8_t *ret_bytes, size_t size,
			  size_t *ret_wrong_at)
{
	if (text[at] == '=') {
		d->padding_at = d->padding == 0 ? at : d->padding_at;
		d->padding++;
		return OTP_OK;
	}
	*ret_wrong_at = d->padding > 0 ? d->padding_at : at;
	if (otp_base32_value(text[at]) < 0 || d->padding > 0)
		return OTP_INVALID;
	return otp_base32_take(d, otp_base32_value(text[at]), ret_bytes, size);
}

enum otp_status
otp_base32_decode(const char *text, size_t n, uint8_t *ret_bytes, size_t size, size_t *ret_n, size_t *ret_wrong_at)
{
	struct decoder d = { 0 };
	size_t ignored;

	if (ret_wrong_at == NULL)
		ret_wrong_at = &ignored;
	for (size_t i = 0, filler = 0; i<n; i += filler> 0 ? filler : 1) {
		enum otp_status status = OTP_OK;
		filler = otp_filler_length(text + i, n - i);
		if (filler == 0)
			status = otp_base32_take_character(&d, text, i, ret_bytes, size, ret_wrong_at);
		if (status != OTP_OK)
			return status;
	}
	*ret_wrong_at = n;
	if (!otp_base32_is_complete(&d))
		return OTP_INVALID;
	*ret_n = d.out;
	return OTP_OK;
}
