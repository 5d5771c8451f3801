/*
 * The gate's endpoints: what a reverse proxy asks about each request to an application (docs/reference/forward-auth.md).
 *
 * They have a pipeline of their own (check_pipeline, web/core/dispatch.h): no session of ours, no language, no form.  Whatever cannot be read,
 * is unknown or fails is refused, never let through, and never answered with a 5xx, of which proxies make a blank page.
 */
#ifndef WEB_GATE_H
#define WEB_GATE_H

#include "web/core/exchange.h"

enum { GATE_COOKIE_KEEP = 0, GATE_COOKIE_FORGET = -1 };
/* Set-Cookie for a domain; value "" with FORGET. */
MUST_USE err gate_cookie(struct exchange *x, str domain, str value, int64_t seconds);
#define GATE_COOKIE_NAME STR("__Secure-gate")

#endif
