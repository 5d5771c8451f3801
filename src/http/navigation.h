/*
 * Is a request a page navigation?  Only a navigation may be redirected to the sign-in page.  A script would follow
 * the redirect to another origin.  A websocket, an image or a program cannot use the page.
 */
#ifndef HTTP_NAVIGATION_H
#define HTTP_NAVIGATION_H

#include "http/server.h"

/*
 * True if Sec-Fetch-Mode is `navigate`.  Without that header, true if Accept names text/html, or text/ with a star,
 * with a weight over 0.  Always false for websocket handshakes and for X-Requested-With: XMLHttpRequest.
 *
 * Source: Fetch Metadata (W3C) s2.2; RFC 9110 s12.4.2, s12.5.1; RFC 6455 s4.1.
 */
bool navigation_asked(const struct request *rq);

/* Does the Accept list name HTML as acceptable?  The more specific range decides (RFC 9110 s12.5.1). */
bool navigation_accepts_html(str accept);

#endif
