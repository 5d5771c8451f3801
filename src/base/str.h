/*
 * Text as a pointer and a length: borrowed, not NUL-terminated, may hold any byte.
 *
 *	str key = STR("otp");
 *	printf("%.*s", STR_ARG(key));
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct str {
	const char *p;
	size_t n; /* bytes */
} str;

#define STR(literal) ((str){ "" literal, sizeof(literal) - 1 })
/* for the initialiser of a static table, where a compound literal is not a constant expression */
#define STR_INIT(literal)                                                                                              \
	{                                                                                                              \
		"" literal, sizeof(literal) - 1                                                                        \
	}
#define STR_ARG(s) (int)(s).n, (s).p /* for "%.*s" */

static inline str
str_of(const char *z) /* from a C string; NULL gives the empty text */
{
	return z == NULL ? (str){ "", 0 } : (str){ z, strlen(z) };
}

static inline str
str_bytes(const void *p, size_t n)
{
	return (str){ p, n };
}

static inline bool
str_empty(str s)
{
	return s.n == 0;
}

bool str_equal(str a, str b);        /* byte by byte; for secrets use secret_equal */
bool str_equal_nocase(str a, str b); /* ignoring the case of ASCII letters */
int str_compare(str a, str b);       /* <0, 0, >0: order of bytes; a text comes after its beginning */
bool str_starts(str s, str prefix);
bool str_ends(str s, str suffix);
bool str_has_byte(str s, char byte);
size_t str_html_plain(str s);    /* number of bytes before the first that HTML escapes: "&'<> */
bool str_has_control(str s);     /* a byte below 0x20, or 0x7f */
str str_trim(str s);             /* without ASCII white space at either end */
str str_from(str s, size_t at);  /* without the first `at` bytes; empty if there are fewer */
str str_upto(str s, size_t max); /* at most the first `max` bytes */

/* The text without a leading UTF-8 byte order mark, which some editors write. */
str str_without_bom(str file);
/* Does the text begin with a UTF-16 or UTF-32 byte order mark? We read no such file. */
bool str_is_utf16(str file);

/*
 * Cut at the first `byte`: returns the text before it, and *rest becomes the text after it. If `byte` does not occur,
 * returns the whole text and sets rest->p to NULL, so that a loop can stop there.
 */
str str_cut(str *rest, char byte);

/* Cut at the last `byte`: returns the text after it, and *rest becomes the text before it (p == NULL if not found). */
str str_cut_last(str *rest, char byte);

/* Unsigned decimal number, at most max. ERR_INVALID: empty, any other byte, more than max. */
MUST_USE err str_number(str s, uint64_t max, uint64_t *ret_number);

/* Write the number in decimal. The result points into ret_digits. */
enum { STR_NUMBER_BYTES = 20 };
str str_number_write(uint64_t number, char ret_digits[STR_NUMBER_BYTES]);

/* Decode two hex digits, in either case. Returns false for anything else. */
bool str_hex_pair(str s, char *ret_byte);

/* Write n bytes as 2 * n lower-case hex digits (RFC 4648 s8), without a NUL. */
void str_hex_write(const void *bytes, size_t n, char *ret_digits);

/*
 * Decode exactly n bytes of lower-case hex. ret_bytes may be written even on failure.
 *
 * ERR_INVALID  another length or another byte; upper case too, so that the same bytes have only one text
 */
MUST_USE err str_hex(str s, void *ret_bytes, size_t n);

/*
 * Decode the next byte of s, which may be a percent sequence (RFC 3986 s2.1), and advance *at. Requires *at < s.n. The
 * result may be any byte, including NUL; '+' is not decoded. Returns false for '%' without two hex digits; *at is then
 * undefined.
 */
static inline bool
str_percent_next(str s, size_t *at, char *ret_byte)
{
	*ret_byte = s.p[(*at)++];
	if (*ret_byte != '%')
		return true;
	*at += 2;
	return str_hex_pair(str_upto(str_from(s, *at - 2), 2), ret_byte);
}

/* Like str_percent_next, but '+' is a space (application/x-www-form-urlencoded, URL Standard s5.1). */
static inline bool
str_form_next(str s, size_t *at, char *ret_byte)
{
	bool plus = s.p[*at] == '+', good = str_percent_next(s, at, ret_byte);

	if (plus)
		*ret_byte = ' ';
	return good;
}

/*
 * Decode base64 without padding. ret_bytes may be written even on failure.
 *
 *	str_base64url  exactly n bytes, with '-' and '_' (RFC 4648 s5)
 *	str_base64     at most max bytes, with '+' and '/' (RFC 4648 s4)
 *
 * ERR_INVALID  impossible length, another byte, or spare bits set (the same bytes have only one text, RFC 4648 s3.5)
 */
MUST_USE err str_base64url(str s, void *ret_bytes, size_t n);
MUST_USE err str_base64(str s, size_t max, void *ret_bytes, size_t *ret_n);

/* Encode n bytes without padding and without a NUL: STR_BASE64_LETTERS(n) characters, of the same alphabets. */
#define STR_BASE64_LETTERS(n) ((8 * (n) + 5) / 6)
void str_base64_write(const void *bytes, size_t n, char *ret_text);
void str_base64url_write(const void *bytes, size_t n, char *ret_text);

/* Copy as a C string. ERR_TOO_LONG: longer than size with its NUL. ERR_INVALID: s contains a NUL. */
MUST_USE err str_copy_z(str s, char *ret_text, size_t size);

/* Is it well-formed UTF-8? (RFC 3629: no overlong form, no surrogate, at most U+10FFFF.) */
bool str_utf8_valid(str s);
/* Number of code points. The text must be well-formed. */
size_t str_utf8_count(str s);
/*
 * Decode the first code point. Returns its length in bytes; 0 if the text is empty or does not begin with a code point.
 */
size_t str_utf8_next(str s, int32_t *ret_point);
/* At most the first `max` bytes, cut at a code point boundary. */
str str_utf8_upto(str s, size_t max);

/*
 * Is this code point invisible, and does it change how the text after it is shown? True for control characters, line
 * and paragraph separators (Unicode categories Cc, Zl, Zp), and for directional marks, embeddings, overrides and
 * isolates (UAX 9, section 2).
 */
bool str_point_misleads(int32_t point);

/*
 * The form in which untrusted text is shown: misleading code points become \uXXXX, bytes that are not UTF-8 become
 * \xXX, the rest is unchanged. The result is one line. Applying it a second time changes nothing.
 */
enum { STR_VISIBLE_MAX = 8 }; /* bytes of one code point in that form, including the NUL */
/* Write the form of the first code point of a text that is not empty. Returns how many bytes of the text it covers. */
size_t str_visible_next(str s, char ret_form[STR_VISIBLE_MAX]);
/* Is the text already in that form? */
bool str_is_visible(str s);
/* Write the form as a C string. If it does not fit, cut between two code points. */
void str_visible_z(str s, char *ret_text, size_t size);

#endif
