/*
 * host[:port] as in the headers Host and Origin: parsed strictly, compared as URLs are.
 *
 *	struct authority asked, ours;
 *	if (authority_read(STR("Login.example.org:443"), PORT_HTTPS, &asked) == ERR_OK)
 *		return authority_equal(&asked, &ours);
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
	str host; /* as written: any letter case, IPv6 address in brackets, trailing dot kept */
	unsigned port;
};

/*
 * A missing or empty port is default_port. Leading zeros of a port are ignored. The host borrows from text.
 *
 * ERR_INVALID  An empty host, or one longer than AUTHORITY_HOST_MAX_BYTES.  A byte not allowed in a host name.
 * Brackets
 *              without an IPv6 address.  A port that is not a number up to 65535.  Two ports.
 */
MUST_USE err authority_read(str text, unsigned default_port, struct authority *ret_authority);

/* Same port and same host, ignoring letter case. A host with a trailing dot differs from the host without it. */
bool authority_equal(const struct authority *a, const struct authority *b);

#endif
