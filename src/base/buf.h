/*
 * Growing text buffer whose maximum is set when it is created. The buffer remembers the first append that fails and
 * ignores all later ones. A caller can therefore write a whole page and check once at the end:
 *
 *	CLEANUP(buf_wipe) struct buf out = BUF(64 * 1024);
 *	buf_put(&out, STR("Content-Type: "));
 *	buf_put(&out, type);
 *	TRY(buf_check(&out));
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"
#include "base/str.h"

struct buf {
	char *p;    /* NULL while empty; not NUL-terminated */
	size_t n;   /* bytes written */
	size_t cap; /* bytes allocated */
	size_t max; /* most bytes it may grow to */
	err failed; /* ERR_OK, ERR_MEMORY or ERR_TOO_LONG: the first append that failed */
};

#define BUF(max_bytes)                                                                                                 \
	{                                                                                                              \
		.max = (max_bytes)                                                                                     \
	}

static inline void buf_put(struct buf *b, str s);
void buf_put_byte(struct buf *b, char byte);
void buf_put_number(struct buf *b, int64_t number);
void buf_put_digits(struct buf *b, unsigned number, unsigned digits); /* the last 1 to 10 digits, with leading zeros */
void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3); /* at most 511 bytes */

/* Allocate room for n more bytes in one step, up to the maximum. */
void buf_reserve(struct buf *b, size_t n);

/* Append n bytes for the caller to fill. Returns NULL on failure. */
void *buf_room(struct buf *b, size_t n);

/* The same, without a call while there is room. */
static inline void *
buf_room_quick(struct buf *b, size_t n)
{
	size_t at = b->n;

	if (b->failed != ERR_OK || b->p == NULL || n > b->max - b->n || n > b->cap - b->n)
		return buf_room(b, n);
	b->n += n;
	return b->p + at;
}

static inline void
buf_put(struct buf *b, str s)
{
	char *room = s.n == 0 ? NULL : buf_room_quick(b, s.n);

	if (room != NULL)
		memcpy(room, s.p, s.n);
}

/* ERR_OK, or why an append failed. */
MUST_USE err buf_check(const struct buf *b);

str buf_str(const struct buf *b); /* borrowed: valid until the next append */

void buf_clear(struct buf *b); /* empty and wiped; keeps its memory */
void buf_wipe(struct buf *b);  /* wiped and freed; can be used again */

/* Append untrusted text in the form of str_visible_z: one line, no terminal control sequences. */
void buf_put_visible(struct buf *b, str s);
/* Append escaped for HTML text and for attribute values in double or single quotes. */
void buf_put_html(struct buf *b, str s);
/* Append percent-encoded: all but RFC 3986 unreserved bytes (s2.3). */
void buf_put_percent(struct buf *b, str s);
/* Number of bytes that buf_put_percent appends. */
size_t buf_percent_bytes(str s);
/* Append base64 with padding (RFC 4648 s4), without (s3.2), or base64url without (s5). */
void buf_put_base64(struct buf *b, str bytes);
void buf_put_base64_unpadded(struct buf *b, str bytes);
void buf_put_base64url(struct buf *b, str bytes);
/* Append lower-case hex. */
void buf_put_hex(struct buf *b, str bytes);
/* Append a JSON string with its quotes (RFC 8259 s7); bytes that are not UTF-8 become U+FFFD. */
void buf_put_json(struct buf *b, str s);

#endif
