/*
 * Reading and writing cookies.  Source: RFC 6265 s4.1, s4.2, s5.4; RFC 6265bis s4.1.3 (callers handle the name
 * prefixes).
 */
#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

#include "base/buf.h"
#include "http/server.h"

/*
 * Value of the cookie with this name (case-sensitive), without quotes around it.  p == NULL if the cookie is
 * missing or malformed, or if several have the name, because the right one is unknown.  Malformed cookies with
 * other names are ignored: they belong to other applications on the same host.
 */
str cookie_find(const struct request *rq, str name);

/* A cookie that is looked for.  The caller sets the name, and the rest to zero. */
struct cookie_wanted {
	str name;
	str value;
	size_t count; /* number of cookies with this name, well-formed or not */
	bool malformed;
};

/* Look for several cookies in one pass.  cookie_value then returns the value as cookie_find does. */
void cookie_find_all(const struct request *rq, struct cookie_wanted *wanted, size_t n);
str cookie_value(const struct cookie_wanted *found);

enum cookie_same_site { COOKIE_LAX, COOKIE_STRICT, COOKIE_NONE };

struct cookie {
	str name, value;
	int64_t max_age_seconds; /* 0: session cookie; negative: delete the cookie */
	bool secure;
	bool readable; /* by scripts of the page; false: HttpOnly */
	enum cookie_same_site same_site;
	str domain; /* valid for this domain and its subdomains; empty: this host only */
};

/*
 * Append the value of a Set-Cookie header with Path=/.  ERR_INVALID: the name, value or domain contains forbidden
 * characters.
 */
MUST_USE err cookie_put(struct buf *out, const struct cookie *cookie);

#endif
