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
/* for the initialiser of a static table, where a compound literal is no constant expression */
#define STR_INIT(literal)                                                                                              \
	{                                                                                                              \
		"" literal, sizeof(literal) - 1                                                                        \
	}
#define STR_ARG(s) (int)(s).n, (s).p /* for "%.*s" */

static inline str
str_of(const char *z) /* of a C string; NULL gives the empty text */
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

bool str_equal(str a, str b);        /* byte for byte; not for secrets: see secret_equal */
bool str_equal_nocase(str a, str b); /* ASCII letters folded */
bool str_starts(str s, str prefix);
bool str_ends(str s, str suffix);
bool str_has_byte(str s, char byte);
bool str_has_control(str s);     /* a byte below 0x20, or 0x7f */
str str_trim(str s);             /* without ASCII white space at both ends */
str str_from(str s, size_t at);  /* what follows the first `at` bytes; empty when there are fewer */
str str_upto(str s, size_t max); /* at most the first `max` bytes */

/* A text file without the byte order mark of UTF-8 that some editors write in front of it. */
str str_without_bom(str file);
/* Does a file begin with the byte order mark of UTF-16 or UTF-32?  No text file that we read may. */
bool str_is_utf16(str file);

/*
 * Cut at the first `byte`: what stands before it is returned, *rest becomes what follows it.  Without one the
 * whole text is returned and *rest becomes empty with p == NULL, so that a loop may end on rest.p == NULL.
 */
str str_cut(str *rest, char byte);

/* The same from the end: what follows the last `byte` is returned, *rest becomes what stands before it, or empty with p == NULL. */
str str_cut_last(str *rest, char byte);

/* A decimal number without sign, at most max.  ERR_INVALID: empty, another byte, over max. */
MUST_USE err str_number(str s, uint64_t max, uint64_t *ret_number);

/* The number in decimal digits, which stand in ret_digits. */
enum { STR_NUMBER_BYTES = 20 };
str str_number_write(uint64_t number, char ret_digits[STR_NUMBER_BYTES]);

/* Is it two hex digits, in either case?  Then the byte that they stand for. */
bool str_hex_pair(str s, char *ret_byte);

/* Write n bytes as 2 * n lower-case hex digits (RFC 4648 s8), without NUL. */
void str_hex_write(const void *bytes, size_t n, char *ret_digits);

/*
 * Read exactly n bytes from lower-case hex.  ERR_INVALID: another length or another byte; upper case too, so that there is one
 * text only for the same bytes.  ret_bytes may be written on failure too.
 */
MUST_USE err str_hex(str s, void *ret_bytes, size_t n);

/*
 * The next byte of s, percent sequences decoded (RFC 3986 s2.1); *at < s.n moves behind it.  Any byte may come out, NUL too; '+'
 * is a plus.  False: a percent sign without two hex digits behind it; *at means nothing then.
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

/* The same in a form or a query, where '+' is a space (application/x-www-form-urlencoded, URL Standard s5.1). */
static inline bool
str_form_next(str s, size_t *at, char *ret_byte)
{
	bool plus = s.p[*at] == '+', good = str_percent_next(s, at, ret_byte);

	if (plus)
		*ret_byte = ' ';
	return good;
}

/*
 * Read base64 without padding.  ERR_INVALID: a length that no bytes have, another byte, or spare bits that are set, so that there
 * is one text only for the same bytes (RFC 4648 s3.5).  ret_bytes may be written on failure too.
 *
 *	str_base64url  exactly n bytes, with '-' and '_' (RFC 4648 s5)
 *	str_base64     at most max bytes, with '+' and '/' (RFC 4648 s4)
 */
MUST_USE err str_base64url(str s, void *ret_bytes, size_t n);
MUST_USE err str_base64(str s, size_t max, void *ret_bytes, size_t *ret_n);

/* Copy as a C string; ERR_TOO_LONG when it needs more than size bytes with its NUL, ERR_INVALID when it holds a NUL. */
MUST_USE err str_copy_z(str s, char *ret_text, size_t size);

/* Is it well-formed UTF-8?  (RFC 3629: no overlong form, no surrogate, at most U+10FFFF.) */
bool str_utf8_valid(str s);
/* How many code points; the text must be well-formed. */
size_t str_utf8_count(str s);
/* Bytes of the code point at the beginning, and which it is; 0 when the text is empty or begins with none. */
size_t str_utf8_next(str s, int32_t *ret_point);
/* At most the first `max` bytes, and never a part of a code point. */
str str_utf8_upto(str s, size_t max);

/*
 * Does this code point show nothing and change how the rest is shown?  Controls, separators of lines and paragraphs
 * (Unicode categories Cc, Zl, Zp), and the marks, embeddings, overrides and isolates of direction (UAX 9, section 2).
 */
bool str_point_misleads(int32_t point);

/*
 * The form in which text from outside is shown: what misleads is written \uXXXX, a byte that is not UTF-8 is written \xXX, and
 * all else stays.  A text that was made visible is one line, and making it visible again changes nothing.
 */
enum { STR_VISIBLE_MAX = 8 }; /* bytes of one code point in that form, with a NUL */
/* The form of the first code point of a text that is not empty; gives the bytes of the text that it stands for. */
size_t str_visible_next(str s, char ret_form[STR_VISIBLE_MAX]);
/* Is the text the same in that form? */
bool str_is_visible(str s);
/* The form as a C string, cut between two code points where it does not fit. */
void str_visible_z(str s, char *ret_text, size_t size);

#endif
