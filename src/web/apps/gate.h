/*
 * The gate's endpoints.  A reverse proxy sends a check for each request to an application
 * (docs/reference/forward-auth.md).
 *
 * Checks have a separate pipeline (check_pipeline, web/core/dispatch.h), without session, language and forms.
 * Malformed, unknown and failed checks are denied.  They never get a 5xx, because proxies replace such a reply by a
 * blank page.
 */
#ifndef WEB_GATE_H
#define WEB_GATE_H

#include "web/core/exchange.h"

enum { GATE_COOKIE_FORGET = -1 };
/* Set-Cookie for a domain.  seconds: its lifetime, 0: until the browser closes; with FORGET the value is "". */
MUST_USE err gate_cookie(struct exchange *x, str domain, str value, int64_t seconds);
#define GATE_COOKIE_NAME STR("__Secure-gate")

#endif
