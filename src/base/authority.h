/*
 * host[:port], as the headers Host and Origin carry it: read strictly, compared as URLs are.
 *
 *	struct authority asked, ours;
 *	if (authority_read(STR("Login.example.org:443"), PORT_HTTPS, &asked) == ERR_OK && authority_equal(&asked, &ours)) ...
 *
 * Source: RFC 3986 s3.2.2, s3.2.3, s6.2.3; RFC 9110 s4.2.3, s7.2.
 */
#ifndef BASE_AUTHORITY_H
#define BASE_AUTHORITY_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

enum { PORT_HTTP = 80, PORT_HTTPS = 443, AUTHORITY_HOST_MAX_BYTES = 255 };

struct authority {
	str host; /* as it stands: letters in any case, an IPv6 address in its brackets, a dot at the end */
	unsigned port;
};

/*
 * No port, and an empty one, is default_port; zeros before a port do not count.  The host borrows from text.
 *
 * ERR_INVALID  no host, or over AUTHORITY_HOST_MAX_BYTES; a byte that stands in no name; brackets without an IPv6 address; a
 *              port that is no number up to 65535; two ports
 */
MUST_USE err authority_read(str text, unsigned default_port, struct authority *ret_authority);

/* The same host, letters in any case, and the same port.  A name with a dot at its end is another one. */
bool authority_equal(const struct authority *a, const struct authority *b);

#endif
