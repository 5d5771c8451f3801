/*
 * Is a request the visit of a page?  Only then may it be answered with a redirect to a page for signing in: a script would
 * follow it to another origin, and a websocket, an image or a program cannot use what is there.
 */
#ifndef HTTP_NAVIGATION_H
#define HTTP_NAVIGATION_H

#include "http/server.h"

/*
 * Sec-Fetch-Mode says `navigate`; where that header is absent, Accept names text/html, or text/ with a star, with a weight
 * over 0.  Never for a websocket's handshake, nor for X-Requested-With: XMLHttpRequest.
 *
 * Source: Fetch Metadata (W3C) s2.2; RFC 9110 s12.4.2, s12.5.1; RFC 6455 s4.1.
 */
bool navigation_asked(const struct request *rq);

/* Does a list of media ranges, as Accept has it, take HTML by name?  The more precise range counts (RFC 9110 s12.5.1). */
bool navigation_accepts_html(str accept);

#endif
