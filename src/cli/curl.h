/*
 * Sends one HTTP request with the program curl.  curl sends exactly the given request, even a malformed one, and speaks
 * TLS.
 */
#ifndef CLI_CURL_H
#define CLI_CURL_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

enum { CURL_HEADERS_MAX = 6, CURL_REPLY_MAX_BYTES = 256 * 1024, CURL_SECONDS = 15 };

struct curl_request {
	const char *url, *method;
	const char *headers[CURL_HEADERS_MAX]; /* "Name: value"; NULL ends the list */
	bool http10;
	const char *ca;      /* a file of certificates to trust; NULL: the system's */
	const char *connect; /* host:port to connect to; NULL: the host of the url */
};

struct curl_reply {
	int status;      /* 0: no reply; trouble gives the reason */
	struct buf text; /* head and body of the reply, cut at CURL_REPLY_MAX_BYTES */
	char trouble[200];
};

/* ERR_NOT_FOUND: the program curl is missing.  ERR_IO: it could not be run. */
MUST_USE err curl_run(const struct curl_request *request, struct curl_reply *ret_reply);
void curl_reply_wipe(struct curl_reply *reply);

/* The value of the first header with that name; empty if there is none. */
str curl_header(const struct curl_reply *reply, str name);

/* The lines below the status line; then the value of the next header with that name, empty at the end of the head. */
str curl_head(const struct curl_reply *reply);
str curl_header_next(str *rest, str name);

/* Append the values of all headers with that name, with ", " between them (RFC 9110 s5.3). */
void curl_headers_put(const struct curl_reply *reply, str name, struct buf *out);

#endif
