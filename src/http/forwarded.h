/*
 * Whose request is it, when it comes through proxies?  Each of them appends to X-Forwarded-For the address that it was
 * spoken to from; only what a trusted one wrote is true, and the first entries are whatever the client made up.
 */
#ifndef HTTP_FORWARDED_H
#define HTTP_FORWARDED_H

#include "http/server.h"

/*
 * The peer when it is not trusted; else the rightmost entry that is not trusted; the leftmost when all are.  An entry
 * that is reached and is no address makes it the peer.  Entries: IPv4 or IPv6, IPv6 in brackets or not, either with a port;
 * the result is the address alone in canonical form, mapped IPv4 as IPv4.  It lives as long as the request.
 *
 *	trusts    is this address (numeric, canonical) one of our proxies?
 */
str forwarded_address(const struct request *rq, bool (*trusts)(void *context, str address), void *context);

/* One entry in canonical form.  ERR_INVALID: no address. */
MUST_USE err forwarded_entry(str entry, struct arena *arena, str *ret_address);

#endif
