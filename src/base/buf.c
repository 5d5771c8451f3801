#include "base/buf.h"

#include "base/mem.h"
#include "base/secret.h"

#include <stdarg.h>
#include <stdio.h>

enum { FIRST_CAP = 256 };

static void
buf_grow(struct buf *b, size_t need)
{
	size_t cap = b->cap == 0 ? FIRST_CAP : b->cap;
	char *p;

	while (cap < need)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	p = mem_raw(cap);
	if (p == NULL) {
		b->failed = ERR_MEMORY;
		return;
	}
	if (b->p != NULL) {
		memcpy(p, b->p, b->n);
		secret_wipe(b->p, b->n);
	}
	mem_drop(b->p);
	b->p = p;
	b->cap = cap;
}

void *
buf_room(struct buf *b, size_t n)
{
	if (b->failed != ERR_OK)
		return NULL;
	if (n > b->max || b->n > b->max - n) {
		b->failed = ERR_TOO_LONG;
		return NULL;
	}
	if (b->p == NULL || b->n + n > b->cap)
		buf_grow(b, b->n + n);
	if (b->failed != ERR_OK)
		return NULL;
	void *room = b->p + b->n;
	b->n += n;
	return room;
}

void
buf_reserve(struct buf *b, size_t n)
{
	size_t need = n > b->max - b->n ? b->max : b->n + n;

	if (b->failed == ERR_OK && need > b->cap)
		buf_grow(b, need);
}

void
buf_put_byte(struct buf *b, char byte)
{
	char *room = buf_room_quick(b, 1);

	if (room != NULL)
		*room = byte;
}

void
buf_put_number(struct buf *b, int64_t number)
{
	char digits[STR_NUMBER_BYTES];

	if (number < 0)
		buf_put_byte(b, '-');
	buf_put(b, str_number_write(number < 0 ? -(uint64_t)number : (uint64_t)number, digits));
}

void
buf_put_digits(struct buf *b, unsigned number, unsigned digits)
{
	char text[10];

	for (unsigned i = digits; i > 0; number /= 10)
		text[--i] = (char)('0' + number % 10);
	buf_put(b, str_bytes(text, digits));
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	char text[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(text)) {
		if (b->failed == ERR_OK)
			b->failed = ERR_TOO_LONG;
		return;
	}
	buf_put(b, str_bytes(text, (size_t)n));
}

err
buf_check(const struct buf *b)
{
	return b->failed;
}

str
buf_str(const struct buf *b)
{
	return (str){ b->p == NULL ? "" : b->p, b->n };
}

void
buf_clear(struct buf *b)
{
	if (b->p != NULL)
		secret_wipe(b->p, b->n);
	b->n = 0;
	b->failed = ERR_OK;
}

void
buf_wipe(struct buf *b)
{
	buf_clear(b);
	mem_free(&b->p);
	b->cap = 0;
}

static str
buf_html_escape(char c)
{
	switch (c) {
	case '&':
		return STR("&amp;");
	case '<':
		return STR("&lt;");
	case '>':
		return STR("&gt;");
	case '"':
		return STR("&quot;");
	case '\'':
		return STR("&#39;");
	default:
		return (str){ NULL, 0 };
	}
}

void
buf_put_html(struct buf *b, str s)
{
	for (;;) {
		size_t plain = str_html_plain(s);
		buf_put(b, str_upto(s, plain));
		if (plain == s.n)
			return;
		buf_put(b, buf_html_escape(s.p[plain]));
		s = str_from(s, plain + 1);
	}
}

static bool
buf_is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_' || c == '~';
}

void
buf_put_percent(struct buf *b, str s)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t start = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (buf_is_unreserved(s.p[i]))
			continue;
		buf_put(b, str_bytes(s.p + start, i - start));
		buf_put(b, str_bytes((char[]){ '%', hex[c >> 4], hex[c & 15] }, 3));
		start = i + 1;
	}
	buf_put(b, str_from(s, start));
}

size_t
buf_percent_bytes(str s)
{
	size_t n = s.n;

	for (size_t i = 0; i < s.n; i++)
		n += buf_is_unreserved(s.p[i]) ? 0 : 2;
	return n;
}

typedef void buf_base64_writer(const void *bytes, size_t n, char *ret_text);

static void
buf_base64(struct buf *b, str bytes, buf_base64_writer *write, bool pad)
{
	size_t letters = STR_BASE64_LETTERS(bytes.n), padding = pad ? (3 - bytes.n % 3) % 3 : 0;
	char *room = bytes.n == 0 ? NULL : buf_room(b, letters + padding);

	if (room == NULL)
		return;
	write(bytes.p, bytes.n, room);
	memset(room + letters, '=', padding);
}

void
buf_put_base64(struct buf *b, str bytes)
{
	buf_base64(b, bytes, str_base64_write, true);
}

void
buf_put_base64_unpadded(struct buf *b, str bytes)
{
	buf_base64(b, bytes, str_base64_write, false);
}

void
buf_put_base64url(struct buf *b, str bytes)
{
	buf_base64(b, bytes, str_base64url_write, false);
}

void
buf_put_hex(struct buf *b, str bytes)
{
	char digits[2];

	for (size_t i = 0; i < bytes.n; i++) {
		str_hex_write(bytes.p + i, 1, digits);
		buf_put(b, str_bytes(digits, sizeof(digits)));
	}
}

void
buf_put_visible(struct buf *b, str s)
{
	char form[STR_VISIBLE_MAX];

	if (str_is_visible(s)) {
		buf_put(b, s);
		return;
	}
	while (s.n > 0) {
		s = str_from(s, str_visible_next(s, form));
		buf_put(b, str_of(form));
	}
}

static void
buf_json_point(struct buf *b, str bytes, int32_t point)
{
	switch (point) {
	case '"':
		buf_put(b, STR("\\\""));
		break;
	case '\\':
		buf_put(b, STR("\\\\"));
		break;
	case '\n':
		buf_put(b, STR("\\n"));
		break;
	case '\t':
		buf_put(b, STR("\\t"));
		break;
	default:
		if (str_point_misleads(point))
			buf_printf(b, "\\u%04x", (unsigned)point);
		else
			buf_put(b, bytes);
	}
}

/* How many bytes at the beginning are ASCII that stays unchanged. */
static size_t
buf_json_plain(str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= ' ' && s.p[n] <= '~' && s.p[n] != '"' && s.p[n] != '\\')
		n++;
	return n;
}

/* Returns how many bytes of s are written. */
static size_t
buf_json_next(struct buf *b, str s)
{
	size_t n = buf_json_plain(s);
	int32_t point = 0;

	if (n > 0) {
		buf_put(b, str_upto(s, n));
		return n;
	}
	n = str_utf8_next(s, &point);
	if (n > 0)
		buf_json_point(b, str_upto(s, n), point);
	else
		buf_put(b, STR("\xef\xbf\xbd"));
	return n > 0 ? n : 1;
}

void
buf_put_json(struct buf *b, str s)
{
	buf_put_byte(b, '"');
	while (s.n > 0)
		s = str_from(s, buf_json_next(b, s));
	buf_put_byte(b, '"');
}
