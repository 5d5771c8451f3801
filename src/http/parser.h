/*
 * Strict parser of the head of an HTTP/1.x request: the request line and the header fields, up to the empty line behind them.
 *
 * It works on the bytes received so far, however they were cut into pieces: the caller appends to one buffer and calls again. Each byte is
 * looked at a constant number of times. It allocates nothing, copies nothing, and knows no socket and no clock.
 *
 *	struct parser p;
 *	parser_begin(&p);
 *	... n more bytes are in the buffer ...
 *	switch (parser_read(&p, buffer, n, HTTP_HEAD_MAX_BYTES)) {
 *	case PARSER_MORE: wait for more bytes
 *	case PARSER_WHOLE: the head is the first p.bytes bytes; a body of p.body_bytes bytes follows it
 *	default: refuse with this status and close the connection
 *	}
 *
 * The outcome is the same for every way to cut the same bytes into pieces.  A program in front of this server may read a malformed head
 * in another way, so everything that the grammar does not allow is refused, and nothing is repaired.
 *
 *	status                                                                                                   source
 *	400  bare LF or CR; a control byte or NUL; no token for a method or a field name; a byte outside ! to ~   RFC 9112 s2.2, s3, s5
 *	     (and '#') in the target; a version that is not HTTP/1.x; more than one empty line before the         RFC 9110 s5.5, s5.6.2
 *	     request line; a line that begins with white space; white space before the colon
 *	400  Host missing (HTTP/1.1), empty, twice or malformed; a target that is neither a path nor an           RFC 9112 s3.2
 *	     http or https URL with the authority that Host names
 *	400  Content-Length twice or not a number; a transfer coding other than "chunked", or twice, or beside    RFC 9112 s6.1, s6.3
 *	     Content-Length, or in HTTP/1.0
 *	411  Transfer-Encoding: chunked (this server reads bodies with a length only)                            RFC 9110 s15.5.12
 *	414  a target over HTTP_URI_MAX_BYTES
 *	431  a head over max_bytes, or over HTTP_HEADERS_MAX fields                                              RFC 6585 s5
 */
#ifndef HTTP_PARSER_H
#define HTTP_PARSER_H

#include "http/server.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PARSER_MORE = 0, PARSER_WHOLE = 1 };

/* A piece of the buffer. */
struct span {
	uint32_t at, n; /* bytes */
};

struct parser_field {
	struct span name, value; /* the value without the white space around it */
};

struct parser {
	/* The request line: set as soon as that line has been read, also when the head is refused because of a later line. */
	struct span method; /* a token */
	struct span path;   /* raw; begins with '/': "/" itself is 0 bytes long where an absolute target has no path */
	struct span query;  /* raw, without '?'; 0 bytes when there is none */
	struct span target; /* all of it, as sent */
	unsigned minor;     /* of HTTP/1.x: 0; or 1 for 1 and every later one (RFC 9110 s2.5) */

	/* PARSER_WHOLE */
	unsigned field_count;
	size_t bytes;        /* of the head, with the empty line at its end, and one before it */
	uint64_t body_bytes; /* Content-Length; UINT64_MAX where the number is larger; 0 when there is none */
	bool expects; /* Expect: 100-continue, in HTTP/1.1, and a body: the client waits for a 100 (RFC 9110 s10.1.1) */
	bool closes;  /* HTTP/1.0, or Connection: close: the connection ends with this request (RFC 9112 s9.3, s9.6) */

	/* the parser's own */
	size_t line;    /* where the line begins that is being read */
	size_t scanned; /* so many bytes hold no end of that line */
	unsigned stage;
	unsigned seen;         /* which of the fields that the parser reads */
	struct span host;      /* the value of Host */
	struct span authority; /* of an absolute target; 0 bytes when the target is a path */
	unsigned default_port; /* of its scheme */
	int outcome;           /* PARSER_WHOLE or the status that was given: it is given again */

	/* PARSER_WHOLE; the last member, because parser_begin clears what is before it */
	struct parser_field fields[HTTP_HEADERS_MAX];
};

void parser_begin(struct parser *p);

/*
 * bytes: all n bytes received of this head so far, and perhaps what follows it; those that were given before must not have changed.
 * max_bytes: at most 64 KiB.  Gives PARSER_MORE, PARSER_WHOLE or the status to refuse with.
 */
int parser_read(struct parser *p, const char *bytes, size_t n, size_t max_bytes);

/* May these bytes stand in a field value?  No control byte but tab (RFC 9110 s5.5). */
bool parser_value_good(str value);
/* Is it a token (RFC 9110 s5.6.2): a method, a field name? */
bool parser_token_good(str token);

#endif
