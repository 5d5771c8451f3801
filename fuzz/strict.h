/*
 * A second parser of request heads.  The targets `parser` and `conn` compare the real parser with it.
 *
 * It implements the grammar differently from src/http/parser.c: it reads character by character, and its functions nest
 * like the rules of RFC 9110 and RFC 9112.  It does not split lines, and has no tables of bytes and no state between
 * calls.  It decides whether a text is a head, may become one, or cannot; and after which byte this is certain.
 */
#ifndef FUZZ_STRICT_H
#define FUZZ_STRICT_H

#include "base/str.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { STRICT_FIELDS_MAX = 100, STRICT_TARGET_MAX_BYTES = 9216, STRICT_NAME_MAX_BYTES = 255 };

enum strict_verdict { STRICT_MORE, STRICT_WHOLE, STRICT_BAD };

struct strict_field {
	str name, value;
};

struct strict {
	enum strict_verdict verdict;
	size_t at;  /* bytes read: the whole head; if BAD, the bytes before the wrong byte */
	int status; /* if BAD: the status of the reply */

	str method, target, path, query;
	str authority; /* of an absolute target */
	char minor;
	struct strict_field fields[STRICT_FIELDS_MAX];
	size_t field_count;
	uint64_t length; /* UINT64_MAX also stands for all larger numbers */
	bool closes, expects;

	/* internal */
	const char *p;
	size_t n, max;
};

/* --- characters: each rule returns true, or sets the verdict ------------------------------------------------------ */

static inline bool
strict_spoilt(struct strict *r, int status)
{
	r->verdict = STRICT_BAD;
	r->status = status;
	return false;
}

/* The bytes are used up: more may come, or the limit is reached. */
static inline bool
strict_end(struct strict *r)
{
	if (r->n >= r->max)
		return strict_spoilt(r, 431);
	r->verdict = STRICT_MORE;
	return false;
}

static inline bool
strict_at_end(const struct strict *r)
{
	return r->at == r->n || r->at == r->max;
}

static inline bool
strict_char(struct strict *r, char c)
{
	if (strict_at_end(r))
		return strict_end(r);
	if (r->p[r->at] != c)
		return strict_spoilt(r, 400);
	r->at++;
	return true;
}

static inline bool
strict_literal(struct strict *r, const char *text)
{
	for (; *text != '\0'; text++)
		if (!strict_char(r, *text))
			return false;
	return true;
}

static inline bool
strict_is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* tchar, RFC 9110 s5.6.2 */
static inline bool
strict_is_tchar(char c)
{
	return strict_is_alphanumeric(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* VCHAR but '#' */
static inline bool
strict_is_target(char c)
{
	return c > ' ' && c < 0x7f && c != '#';
}

/* field-vchar, SP, HTAB: RFC 9110 s5.5 */
static inline bool
strict_is_content(char c)
{
	return c == '\t' || ((unsigned char)c >= ' ' && c != 0x7f);
}

/* 1*c: at least one and at most max such characters; more give the status.  The run ends at the first other one. */
static inline bool
strict_run(struct strict *r, bool (*is)(char), size_t max, int status, str *ret_text)
{
	size_t from = r->at;

	while (!strict_at_end(r) && is(r->p[r->at])) {
		if (r->at - from == max)
			return strict_spoilt(r, status);
		r->at++;
	}
	*ret_text = str_bytes(r->p + from, r->at - from);
	if (strict_at_end(r))
		return strict_end(r);
	return ret_text->n > 0 ? true : strict_spoilt(r, 400);
}

/* --- host [":" port]: RFC 9110 s4.2.1, RFC 3986 s3.2.2, without hosts that are never served ----------------------- */

static inline bool
strict_is_hex(char c)
{
	return c != '\0' && strchr("0123456789abcdefABCDEF", c) != NULL;
}

static inline size_t
strict_name(str text)
{
	size_t n = 0;

	while (n < text.n) {
		char c = text.p[n];
		if (c == '%' && text.n - n >= 3 && strict_is_hex(text.p[n + 1]) && strict_is_hex(text.p[n + 2]))
			n += 3;
		else if (strict_is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~')
			n++;
		else
			break;
	}
	return n <= STRICT_NAME_MAX_BYTES ? n : 0;
}

static inline size_t
strict_literal_address(str text)
{
	const char *end = memchr(text.p, ']', text.n);
	struct in6_addr address;
	char inside[64];

	if (end == NULL || (size_t)snprintf(inside, sizeof(inside), "%.*s", (int)(end - text.p - 1), text.p + 1) !=
			       (size_t)(end - text.p - 1))
		return 0;
	return strlen(inside) < INET6_ADDRSTRLEN && inet_pton(AF_INET6, inside, &address) == 1
		   ? (size_t)(end - text.p) + 1
		   : 0;
}

/* -1 for an invalid port. */
static inline int
strict_port(str text, int otherwise)
{
	int port = 0;

	if (text.n == 0)
		return otherwise;
	if (text.p[0] != ':')
		return -1;
	for (size_t i = 1; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return -1;
		port = port * 10 + (text.p[i] - '0');
		if (port > 65535)
			return -1;
	}
	return text.n == 1 ? otherwise : port;
}

static inline bool
strict_authority(str text, int default_port, str *ret_host, int *ret_port)
{
	size_t n = text.n > 0 && text.p[0] == '[' ? strict_literal_address(text) : strict_name(text);

	*ret_host = str_upto(text, n);
	*ret_port = strict_port(str_from(text, n), default_port);
	return n > 0 && *ret_port >= 0;
}

/* --- the request line: RFC 9112 s3 -------------------------------------------------------------------------------- */

static inline bool
strict_begins(str text, const char *prefix)
{
	return text.n >= strlen(prefix) && strncasecmp(text.p, prefix, strlen(prefix)) == 0;
}

/* origin-form; or absolute-form, whose authority is compared later */
static inline bool
strict_form(struct strict *r)
{
	str rest = r->target;

	if (!str_starts(rest, STR("/"))) {
		size_t scheme = strict_begins(rest, "http://") ? 7 : strict_begins(rest, "https://") ? 8 : rest.n;
		rest = str_from(rest, scheme);
		size_t host = 0;
		while (host < rest.n && strchr("/?", rest.p[host]) == NULL)
			host++;
		if (host == 0)
			return strict_spoilt(r, 400);
		r->authority = str_upto(rest, host);
		rest = str_from(rest, host);
	}
	r->path = str_cut(&rest, '?');
	r->query = rest.p == NULL ? STR("") : rest;
	return true;
}

static inline bool
strict_request_line(struct strict *r)
{
	if (!strict_run(r, strict_is_tchar, SIZE_MAX, 400, &r->method) || !strict_char(r, ' '))
		return false;
	if (strict_begins(r->method, "CONNECT") && r->method.n == 7)
		return strict_spoilt(r, 400);
	if (!strict_run(r, strict_is_target, STRICT_TARGET_MAX_BYTES, 414, &r->target) || !strict_char(r, ' ') ||
	    !strict_form(r) || !strict_literal(r, "HTTP/1."))
		return false;
	if (strict_at_end(r))
		return strict_end(r);
	r->minor = r->p[r->at];
	if (r->minor < '0' || r->minor > '9')
		return strict_spoilt(r, 400);
	r->at++;
	return strict_literal(r, "\r\n");
}

/* --- fields: RFC 9112 s5 ------------------------------------------------------------------------------------------ */

static inline bool
strict_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool
strict_field_line(struct strict *r)
{
	struct strict_field field;
	size_t from, last;

	if (r->field_count == STRICT_FIELDS_MAX && strict_is_tchar(r->p[r->at]))
		return strict_spoilt(r, 431);
	if (!strict_run(r, strict_is_tchar, SIZE_MAX, 400, &field.name) || !strict_char(r, ':'))
		return false;
	while (!strict_at_end(r) && strict_is_blank(r->p[r->at]))
		r->at++;
	for (from = last = r->at; !strict_at_end(r) && strict_is_content(r->p[r->at]); r->at++)
		if (!strict_is_blank(r->p[r->at]))
			last = r->at + 1;
	field.value = str_bytes(r->p + from, last - from);
	r->fields[r->field_count] = field;
	if (!strict_literal(r, "\r\n"))
		return false;
	r->field_count++;
	return true;
}

static inline size_t
strict_count(const struct strict *r, const char *name, str *ret_value)
{
	size_t n = 0;

	for (size_t i = 0; i < r->field_count; i++) {
		if (r->fields[i].name.n != strlen(name) || strncasecmp(r->fields[i].name.p, name, strlen(name)) != 0)
			continue;
		*ret_value = r->fields[i].value;
		n++;
	}
	return n;
}

static inline bool
strict_has_element(const struct strict *r, const char *name, const char *element)
{
	for (size_t i = 0; i < r->field_count; i++) {
		str rest = r->fields[i].value;
		if (!str_equal_nocase(r->fields[i].name, str_of(name)))
			continue;
		while (rest.p != NULL)
			if (str_equal_nocase(str_trim(str_cut(&rest, ',')), str_of(element)))
				return true;
	}
	return false;
}

/* --- the meaning of the fields ------------------------------------------------------------------------------------ */

/* There is at most one Host so far, and its value is a valid host. */
static inline bool
strict_host_may(const struct strict *r)
{
	str value = { 0 }, host;
	size_t hosts = strict_count(r, "Host", &value);
	int port;

	return hosts == 0 || (hosts == 1 && strict_authority(value, 0, &host, &port));
}

static inline bool
strict_host_must(const struct strict *r)
{
	str value = { 0 }, host, asked;
	size_t hosts = strict_count(r, "Host", &value);
	int port, asked_port, default_port = strict_begins(r->target, "https") ? 443 : 80;

	if (r->target.p[0] == '/')
		return hosts == 1 || r->minor == '0';
	return hosts == 1 && strict_authority(value, default_port, &host, &port) &&
	       strict_authority(r->authority, default_port, &asked, &asked_port) && asked_port == port &&
	       str_equal_nocase(asked, host);
}

static inline bool
strict_length_may(struct strict *r)
{
	str value = { 0 };
	size_t lengths = strict_count(r, "Content-Length", &value);
	unsigned __int128 number = 0;

	if (lengths == 0)
		return true;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] < '0' || value.p[i] > '9')
			return false;
	if (lengths > 1 || value.n == 0)
		return false;
	while (value.n > 0 && value.p[0] == '0')
		value = str_from(value, 1);
	for (size_t i = 0; i < value.n && i < 21; i++)
		number = number * 10 + (unsigned)(value.p[i] - '0');
	r->length = number > UINT64_MAX ? UINT64_MAX : (uint64_t)number;
	return true;
}

static inline bool
strict_coding_may(const struct strict *r)
{
	str value = { 0 };
	size_t codings = strict_count(r, "Transfer-Encoding", &value);

	return codings == 0 ||
	       (codings == 1 && r->minor != '0' && value.n == 7 && strncasecmp(value.p, "chunked", 7) == 0);
}

/* Only the last byte of a line makes the fault certain, so that byte counts as the wrong one. */
static inline bool
strict_line_spoilt(struct strict *r, int status)
{
	r->at--;
	return strict_spoilt(r, status);
}

static inline bool
strict_fields(struct strict *r)
{
	for (;;) {
		if (strict_at_end(r))
			return strict_end(r);
		if (r->p[r->at] == '\r')
			return strict_literal(r, "\r\n");
		if (!strict_field_line(r))
			return false;
		if (!strict_host_may(r) || !strict_length_may(r) || !strict_coding_may(r))
			return strict_line_spoilt(r, 400);
	}
}

static inline bool
strict_together(struct strict *r)
{
	str value;

	if (!strict_host_must(r))
		return strict_line_spoilt(r, 400);
	if (strict_count(r, "Transfer-Encoding", &value) == 0)
		return true;
	return strict_line_spoilt(r, strict_count(r, "Content-Length", &value) > 0 ? 400 : 411);
}

/* Read the first n bytes; a head has at most max bytes. */
static inline void
strict_read(const char *p, size_t n, size_t max, struct strict *ret)
{
	struct strict *r = ret;

	memset(r, 0, offsetof(struct strict, fields));
	r->field_count = 0;
	r->length = 0;
	r->p = p;
	r->n = n;
	r->max = max;
	if (!strict_at_end(r) && p[0] == '\r' && !strict_literal(r, "\r\n"))
		return;
	if (!strict_request_line(r) || !strict_fields(r) || !strict_together(r))
		return;
	r->closes = r->minor == '0' || strict_has_element(r, "Connection", "close");
	r->expects = r->minor != '0' && r->length > 0 && strict_has_element(r, "Expect", "100-continue");
	r->verdict = STRICT_WHOLE;
}

#endif
