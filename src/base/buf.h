/*
 * A growing text with a maximum told at birth.  An append that cannot be done is remembered and makes every
 * later one do nothing, so that a page is written straight down and checked once at its end:
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
	size_t cap; /* bytes there is room for */
	size_t max; /* bytes it may grow to */
	err failed; /* ERR_OK, ERR_MEMORY or ERR_TOO_LONG: the first append that failed */
};

#define BUF(max_bytes)                                                                                                 \
	{                                                                                                              \
		.max = (max_bytes)                                                                                     \
	}

void buf_put(struct buf *b, str s);
void buf_put_byte(struct buf *b, char byte);
void buf_put_number(struct buf *b, int64_t number);
void buf_put_digits(struct buf *b, unsigned number,
		    unsigned digits); /* the last 1 to 10 of them, with zeros in front */
void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3); /* at most 511 bytes */

/* Memory for n bytes more at once, for who knows; as far as the maximum goes. */
void buf_reserve(struct buf *b, size_t n);

/* n bytes of room at the end, counted as written, for the caller to fill; NULL when it cannot be done. */
void *buf_room(struct buf *b, size_t n);

/* ERR_OK, or why an append failed. */
MUST_USE err buf_check(const struct buf *b);

str buf_str(const struct buf *b); /* borrowed: valid until the next append */

void buf_clear(struct buf *b); /* empty again, memory kept, wiped */
void buf_wipe(struct buf *b);  /* wiped and freed; may be used again */

/* Append text from outside in the form of str_visible_z: it stays on its line and moves no terminal. */
void buf_put_visible(struct buf *b, str s);
/* Append escaped for HTML text and for attribute values in double or single quotes. */
void buf_put_html(struct buf *b, str s);
/* Append percent-encoded: all but RFC 3986 unreserved bytes (s2.3). */
void buf_put_percent(struct buf *b, str s);
/* Append base64 with padding (RFC 4648 s4), without (s3.2), or base64url without (s5). */
void buf_put_base64(struct buf *b, str bytes);
void buf_put_base64_unpadded(struct buf *b, str bytes);
void buf_put_base64url(struct buf *b, str bytes);
/* Append lower-case hex. */
void buf_put_hex(struct buf *b, str bytes);
/* Append a JSON string with its quotes (RFC 8259 s7); bytes that are not UTF-8 become U+FFFD. */
void buf_put_json(struct buf *b, str s);

#endif
