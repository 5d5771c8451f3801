/*
 * Strict parser of the head of an HTTP/1.x request: the request line and the header fields, up to the empty line
 * after them.
 *
 * The caller appends received bytes to one buffer and calls parser_read again.  The parser inspects each byte a
 * constant number of times.  It does not allocate or copy, and uses no socket and no clock.
 *
 *	struct parser p;
 *	parser_begin(&p);
 *	... n more bytes are in the buffer ...
 *
 *	switch (parser_read(&p, buffer, n, HTTP_HEAD_MAX_BYTES)) {
 *	case PARSER_MORE:	wait for more bytes
 *	case PARSER_WHOLE:	the head is the first p.bytes bytes; a body of p.body_bytes bytes follows it
 *	default:		refuse with this status and close the connection
 *	}
 *
 * The outcome does not depend on how the bytes were split into pieces.  A program in front of this server may read
 * a malformed head differently.  The parser therefore refuses everything that the grammar does not allow, and
 * repairs nothing.
 *
 *	status
 *	400  bare LF or CR; a control byte or NUL; a method or field name that is not a token
 *	400  a byte outside ! to ~, or '#', in the target; a version other than HTTP/1.x
 *	400  more than one empty line before the request line; a line that begins with white space; white space before
 *	     the colon.  Source of these: RFC 9112 s2.2, s3, s5; RFC 9110 s5.5, s5.6.2
 *	400  Host missing (HTTP/1.1), empty, repeated or malformed; a target that is neither a path nor an http or
 *	     https URL with the authority in Host.  Source: RFC 9112 s3.2
 *	400  Content-Length repeated or not a number; a transfer coding other than "chunked", or repeated, or beside
 *	     Content-Length, or in HTTP/1.0.  Source: RFC 9112 s6.1, s6.3
 *	411  Transfer-Encoding: chunked (this server only reads bodies with a length).  Source: RFC 9110 s15.5.12
 *	414  a target over HTTP_URI_MAX_BYTES
 *	431  a head over max_bytes, or over HTTP_HEADERS_MAX fields.  Source: RFC 6585 s5
 */
#ifndef HTTP_PARSER_H
#define HTTP_PARSER_H

#include "http/server.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PARSER_MORE = 0, PARSER_WHOLE = 1 };

/* A part of the buffer. */
struct span {
	uint32_t at, n; /* bytes */
};

struct parser_field {
	struct span name, value; /* the value without the white space around it */
};

struct parser {
	/* The request line: set once that line is read, even if a later line is refused. */
	struct span method; /* a token */
	struct span path;   /* raw; begins with '/'; 0 bytes if an absolute target has no path, which means "/" */
	struct span query;  /* raw, without '?'; 0 bytes if there is none */
	struct span target; /* complete, as sent */
	unsigned minor;     /* of HTTP/1.x: 0; 1 for HTTP/1.1 and later (RFC 9110 s2.5) */

	/* valid after PARSER_WHOLE */
	unsigned field_count;
	size_t bytes;        /* of the head, including the empty line at its end and one before it */
	uint64_t body_bytes; /* Content-Length; UINT64_MAX for larger numbers; 0 without the field */
	bool expects; /* Expect: 100-continue, HTTP/1.1, and a body: the client waits for a 100 (RFC 9110 s10.1.1) */
	bool closes;  /* HTTP/1.0, or Connection: close: close after this request (RFC 9112 s9.3, s9.6) */

	/* private to the parser */
	size_t line;    /* offset of the current line */
	size_t scanned; /* the bytes before this offset contain no end of the current line */
	unsigned stage;
	unsigned seen;         /* SEEN_ bits of the fields that the parser reads */
	struct span host;      /* the value of Host */
	struct span authority; /* of an absolute target; 0 bytes if the target is a path */
	unsigned default_port; /* of the target's scheme */
	int outcome;           /* PARSER_WHOLE or a status, once reached: further calls return it again */

	/* valid after PARSER_WHOLE; the last member, because parser_begin clears the ones before it */
	struct parser_field fields[HTTP_HEADERS_MAX];
};

void parser_begin(struct parser *p);

/*
 * Parse the bytes received so far.  Return PARSER_MORE, PARSER_WHOLE or the status of the refusal.
 *
 *	bytes      all n bytes received of this head, and possibly bytes after it; earlier ones must not have changed
 *	max_bytes  limit of the head, at most 64 KiB
 */
int parser_read(struct parser *p, const char *bytes, size_t n, size_t max_bytes);

/* May these bytes stand in a field value?  Control bytes other than tab may not (RFC 9110 s5.5). */
bool parser_value_good(str value);
/* Is it a token (RFC 9110 s5.6.2), as methods and field names are? */
bool parser_token_good(str token);

#endif
