/*
 * Cookies, in both directions.  Source: RFC 6265 s4.1, s4.2, s5.4; RFC 6265bis s4.1.3 (prefixes are the caller's).
 */
#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

#include "base/buf.h"
#include "http/server.h"

/*
 * Value of the cookie with this name (letter case counts), without the quotes around it.  p == NULL when there is none,
 * and also when it is malformed or there are several: which one was meant cannot be told.  Other cookies may be as odd as
 * they like: they belong to other applications on the same host.
 */
str cookie_find(const struct request *rq, str name);

/* How many cookies with this name were sent, well-formed or not.  ret_value: as cookie_find returns it. */
size_t cookie_count(const struct request *rq, str name, str *ret_value);

enum cookie_same_site { COOKIE_LAX, COOKIE_STRICT, COOKIE_NONE };

struct cookie {
	str name, value;
	int64_t max_age_seconds; /* 0: until the browser ends; negative: forget it now */
	bool secure;
	bool readable; /* by scripts of the page; without it HttpOnly */
	enum cookie_same_site same_site;
	str domain; /* for all below it; empty: this host only */
};

/* Append the value of a Set-Cookie header, for Path=/.  ERR_INVALID: name or value cannot stand in a cookie. */
MUST_USE err cookie_put(struct buf *out, const struct cookie *cookie);

#endif
