/*
 * Client address of a request that came through proxies.  Each proxy appends to X-Forwarded-For the address from
 * which it received the request.  Only entries that trusted proxies wrote are reliable; the client may have made up
 * the first ones.
 */
#ifndef HTTP_FORWARDED_H
#define HTTP_FORWARDED_H

#include "http/server.h"

/*
 * Return the peer if it is not trusted.  Otherwise return the rightmost entry that is not trusted, or the leftmost
 * entry if all are trusted.  If the search meets an entry that is not an address, return the peer.  Entries are
 * IPv4 or IPv6, IPv6 with or without brackets, each with or without a port.  The result has no port and is in
 * canonical form, mapped IPv4 as IPv4.  It lives as long as the request.
 *
 *	trusts    is this address (numeric, canonical) one of the trusted proxies?
 */
str forwarded_address(const struct request *rq, bool (*trusts)(void *context, str address), void *context);

/* Parse one entry into canonical form.  ERR_INVALID: not an address. */
MUST_USE err forwarded_entry(str entry, struct arena *arena, str *ret_address);

#endif
