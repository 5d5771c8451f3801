#include "base/str.h"

#include <stdio.h>

static char
str_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool
str_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool
str_equal(str a, str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int
str_compare(str a, str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

bool
str_equal_nocase(str a, str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] != b.p[i] && str_lower(a.p[i]) != str_lower(b.p[i]))
			return false;
	return true;
}

bool
str_starts(str s, str prefix)
{
	return s.n >= prefix.n && str_equal(str_upto(s, prefix.n), prefix);
}

bool
str_ends(str s, str suffix)
{
	return s.n >= suffix.n && str_equal(str_from(s, s.n - suffix.n), suffix);
}

bool
str_has_byte(str s, char byte)
{
	return s.n > 0 && memchr(s.p, byte, s.n) != NULL;
}

#ifndef __FRAMAC__ /* Frama-C does not support vectors; tools/prove_parser uses the contract of str_has_control */

/* Check 16 bytes at a time with gcc's and clang's vectors: SSE2 on amd64, NEON on arm64, plain code elsewhere. */
typedef unsigned char byte_vector __attribute__((vector_size(16)));

static byte_vector
str_vector(const char *bytes)
{
	byte_vector v;

	memcpy(&v, bytes, sizeof(v));
	return v;
}

/* Return the last 16 bytes.  A shorter text is filled up with printable bytes. */
static byte_vector
str_vector_end(str s)
{
	char bytes[sizeof(byte_vector)];

	if (s.n >= sizeof(bytes))
		return str_vector(s.p + s.n - sizeof(bytes));
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, s.p, s.n);
	return str_vector(bytes);
}

/* Sets all bits of each byte that is below 0x20 or equal to 0x7f. */
static byte_vector
str_vector_controls(byte_vector v)
{
	return (byte_vector)((v < ' ') | (v == 0x7f));
}

/* Sets all bits of each byte that HTML text must escape. */
static byte_vector
str_vector_html(byte_vector v)
{
	return (byte_vector)((v == '"') | (v == '&') | (v == '\'') | (v == '<') | (v == '>'));
}

static bool
str_vector_is_zero(byte_vector v)
{
	uint64_t halves[2];

	memcpy(halves, &v, sizeof(v));
	return (halves[0] | halves[1]) == 0;
}

bool
str_has_control(str s)
{
	byte_vector found = { 0 };
	size_t at = 0;

	for (; at + sizeof(found) <= s.n; at += sizeof(found))
		found |= str_vector_controls(str_vector(s.p + at));
	if (at < s.n)
		found |= str_vector_controls(str_vector_end(s));
	return !str_vector_is_zero(found);
}

size_t
str_html_plain(str s)
{
	static const bool special[256] = { ['"'] = true, ['&'] = true, ['\''] = true, ['<'] = true, ['>'] = true };
	size_t at = 0;

	while (at + sizeof(byte_vector) <= s.n && str_vector_is_zero(str_vector_html(str_vector(s.p + at))))
		at += sizeof(byte_vector);
	while (at < s.n && !special[(unsigned char)s.p[at]])
		at++;
	return at;
}

#endif

str
str_without_bom(str file)
{
	str bom = STR("\xef\xbb\xbf");

	return str_starts(file, bom) ? str_from(file, bom.n) : file;
}

bool
str_is_utf16(str file)
{
	return str_starts(file, STR("\xff\xfe")) || str_starts(file, STR("\xfe\xff")) ||
	       str_starts(file, str_bytes("\0\0\xfe\xff", 4));
}

str
str_trim(str s)
{
	while (s.n > 0 && str_is_space(s.p[0]))
		s = str_from(s, 1);
	while (s.n > 0 && str_is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

str
str_from(str s, size_t at)
{
	return at >= s.n ? (str){ "", 0 } : (str){ s.p + at, s.n - at };
}

str
str_upto(str s, size_t max)
{
	return (str){ s.p, s.n < max ? s.n : max };
}

str
str_cut(str *rest, char byte)
{
	const char *at = rest->n == 0 ? NULL : memchr(rest->p, byte, rest->n);
	str whole = *rest;

	if (at == NULL) {
		*rest = (str){ NULL, 0 };
		return whole;
	}
	size_t before = (size_t)(at - whole.p);
	*rest = (str){ at + 1, whole.n - before - 1 };
	return (str){ whole.p, before };
}

str
str_cut_last(str *rest, char byte)
{
	const char *at = rest->n == 0 ? NULL : memrchr(rest->p, byte, rest->n);
	str whole = *rest;

	if (at == NULL) {
		*rest = (str){ NULL, 0 };
		return whole;
	}
	size_t before = (size_t)(at - whole.p);
	*rest = (str){ whole.p, before };
	return (str){ at + 1, whole.n - before - 1 };
}

err
str_number(str s, uint64_t max, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (s.n == 0)
		return ERR_INVALID;
	for (size_t i = 0; i < s.n; i++) {
		uint64_t digit = (uint64_t)(unsigned char)s.p[i] - '0';
		if (digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, digit, &number) || number > max)
			return ERR_INVALID;
	}
	*ret_number = number;
	return ERR_OK;
}

str
str_number_write(uint64_t number, char ret_digits[STR_NUMBER_BYTES])
{
	size_t at = STR_NUMBER_BYTES;

	do
		ret_digits[--at] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	return str_bytes(ret_digits + at, STR_NUMBER_BYTES - at);
}

err
str_copy_z(str s, char *ret_text, size_t size)
{
	if (s.n >= size)
		return ERR_TOO_LONG;
	if (str_has_byte(s, '\0'))
		return ERR_INVALID;
	if (s.n > 0)
		memcpy(ret_text, s.p, s.n);
	ret_text[s.n] = '\0';
	return ERR_OK;
}

/* Length of the well-formed sequence at p, which has n > 0 bytes left; 0 if it is not well-formed. */
static size_t
str_utf8_step(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char first, last; /* lead byte */
		size_t bytes;
		unsigned char low, high; /* second byte */
	} rows[] = {
		{ 0x00, 0x7f, 1, 0, 0 },       { 0xc2, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf },
		{ 0xe1, 0xec, 3, 0x80, 0xbf }, { 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf },
		{ 0xf0, 0xf0, 4, 0x90, 0xbf }, { 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
	};

	for (size_t r = 0; r < COUNT(rows); r++) {
		if (p[0] < rows[r].first || p[0] > rows[r].last)
			continue;
		if (rows[r].bytes > n || (rows[r].bytes > 1 && (p[1] < rows[r].low || p[1] > rows[r].high)))
			return 0;
		for (size_t i = 2; i < rows[r].bytes; i++)
			if ((p[i] & 0xc0) != 0x80)
				return 0;
		return rows[r].bytes;
	}
	return 0;
}

bool
str_utf8_valid(str s)
{
	for (size_t i = 0; i < s.n;) {
		size_t step = str_utf8_step((const unsigned char *)s.p + i, s.n - i);
		if (step == 0)
			return false;
		i += step;
	}
	return true;
}

size_t
str_utf8_next(str s, int32_t *ret_point)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t step = s.n == 0 ? 0 : str_utf8_step(p, s.n);
	int32_t point = step == 0 ? 0 : step == 1 ? p[0] : p[0] & (0xff >> (step + 1));

	for (size_t i = 1; i < step; i++)
		point = point << 6 | (p[i] & 0x3f);
	*ret_point = point;
	return step;
}

str
str_utf8_upto(str s, size_t max)
{
	size_t n = s.n < max ? s.n : max;
	size_t back = n;

	if (n == s.n)
		return s;
	while (back > 0 && n - back < 3 && ((unsigned char)s.p[back] & 0xc0) == 0x80)
		back--;
	/* remove only the code point that the cut has split; bytes that were invalid before stay */
	return str_upto(s, str_utf8_step((const unsigned char *)s.p + back, s.n - back) > n - back ? back : n);
}

bool
str_point_misleads(int32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

size_t
str_visible_next(str s, char ret_form[STR_VISIBLE_MAX])
{
	int32_t point = 0;
	size_t n = str_utf8_next(s, &point);

	if (n == 0)
		snprintf(ret_form, STR_VISIBLE_MAX, "\\x%02x", (unsigned char)s.p[0]);
	else if (str_point_misleads(point))
		snprintf(ret_form, STR_VISIBLE_MAX, "\\u%04x", (unsigned)point & 0xffff);
	else
		snprintf(ret_form, STR_VISIBLE_MAX, "%.*s", (int)n, s.p);
	return n == 0 ? 1 : n;
}

bool
str_is_visible(str s)
{
	while (s.n > 0) {
		int32_t point = 0;
		size_t n = str_utf8_next(s, &point);
		if (n == 0 || str_point_misleads(point))
			return false;
		s = str_from(s, n);
	}
	return true;
}

void
str_visible_z(str s, char *ret_text, size_t size)
{
	char form[STR_VISIBLE_MAX];
	size_t used = 0;

	while (s.n > 0) {
		size_t taken = str_visible_next(s, form), n = strlen(form);
		if (used + n >= size)
			break;
		memcpy(ret_text + used, form, n);
		used += n;
		s = str_from(s, taken);
	}
	ret_text[used] = '\0';
}

size_t
str_utf8_count(str s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.n; i++)
		count += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return count;
}

/* extra: the characters for 62 and 63. */
static int
str_base64_value(char c, const char *extra)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == extra[0] ? 62 : c == extra[1] ? 63 : -1;
}

static int
str_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
str_hex_pair(str s, char *ret_byte)
{
	int high = s.n == 2 ? str_hex_digit(s.p[0]) : -1;
	int low = s.n == 2 ? str_hex_digit(s.p[1]) : -1;

	if (high < 0 || low < 0)
		return false;
	*ret_byte = (char)(high << 4 | low);
	return true;
}

void
str_hex_write(const void *bytes, size_t n, char *ret_digits)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *in = bytes;

	for (size_t i = 0; i < n; i++) {
		ret_digits[2 * i] = digits[in[i] >> 4];
		ret_digits[2 * i + 1] = digits[in[i] & 15];
	}
}

err
str_hex(str s, void *ret_bytes, size_t n)
{
	char *out = ret_bytes;

	if (s.n % 2 != 0 || s.n / 2 != n)
		return ERR_INVALID;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'F')
			return ERR_INVALID;
	for (size_t i = 0; i < n; i++)
		if (!str_hex_pair(str_bytes(s.p + 2 * i, 2), &out[i]))
			return ERR_INVALID;
	return ERR_OK;
}

/* The caller has checked the length. */
static err
str_base64_read(str s, const char *extra, uint8_t *out)
{
	uint32_t bits = 0;
	unsigned held = 0;

	for (size_t i = 0; i < s.n; i++) {
		int value = str_base64_value(s.p[i], extra);
		if (value < 0)
			return ERR_INVALID;
		bits = bits << 6 | (uint32_t)value;
		held += 6;
		if (held >= 8) {
			held -= 8;
			*out++ = (uint8_t)(bits >> held);
		}
	}
	return (bits & ((1u << held) - 1)) == 0 ? ERR_OK : ERR_INVALID;
}

static void
str_base64_encode(const uint8_t *in, size_t n, const char *letters, char *out)
{
	for (; n >= 3; in += 3, n -= 3) {
		uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
		*out++ = letters[bits >> 18];
		*out++ = letters[bits >> 12 & 63];
		*out++ = letters[bits >> 6 & 63];
		*out++ = letters[bits & 63];
	}
	if (n == 0)
		return;
	*out++ = letters[in[0] >> 2];
	*out++ = letters[(in[0] & 3) << 4 | (n == 2 ? in[1] >> 4 : 0)];
	if (n == 2)
		*out = letters[(in[1] & 15) << 2];
}

#define STR_ALPHANUMERIC "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

void
str_base64_write(const void *bytes, size_t n, char *ret_text)
{
	str_base64_encode(bytes, n, STR_ALPHANUMERIC "+/", ret_text);
}

void
str_base64url_write(const void *bytes, size_t n, char *ret_text)
{
	str_base64_encode(bytes, n, STR_ALPHANUMERIC "-_", ret_text);
}

err
str_base64url(str s, void *ret_bytes, size_t n)
{
	return s.n == STR_BASE64_LETTERS(n) ? str_base64_read(s, "-_", ret_bytes) : ERR_INVALID;
}

err
str_base64(str s, size_t max, void *ret_bytes, size_t *ret_n)
{
	size_t n = s.n / 4 * 3 + s.n % 4 * 3 / 4;

	if (s.n % 4 == 1 || n > max)
		return ERR_INVALID;
	TRY(str_base64_read(s, "+/", ret_bytes));
	*ret_n = n;
	return ERR_OK;
}
