/*
 * The gate's endpoints: what a reverse proxy asks about each request to an application (docs/gate.md).
 *
 * The dispatcher hands requests for them over before anything else is looked at: they have no session of ours, no language, no
 * form.  Whatever cannot be read, is unknown or fails is refused, never let through, and never answered with a 5xx, of which
 * proxies make a blank page.
 */
#ifndef WEB_GATE_H
#define WEB_GATE_H

#include "web/exchange.h"

/* On the event thread: read, and answer where no question is needed.  False: it needs one, on a worker. */
bool gate_admit(struct exchange *x);

/* On a worker: ask and answer. */
void gate_work(struct exchange *x, struct channel *keeper);

/* Refused before it could be read: 403, whatever the reason. */
void gate_refuse(struct exchange *x);

/* Is this path one of the gate's? */
bool gate_path(str path);

enum { GATE_COOKIE_KEEP = 0, GATE_COOKIE_FORGET = -1 };
/* Set-Cookie for a domain; value "" with FORGET. */
MUST_USE err gate_cookie(struct exchange *x, str domain, str value, int64_t seconds);
#define GATE_COOKIE_NAME STR("__Secure-gate")

#endif
