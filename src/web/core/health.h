/*
 * Can the database be written?  The keeper checks it every second and pushes the result.  A keeper that hangs, for
 * example on a disk that does not answer, pushes nothing: after WEB_CHECKED_MS the answer is no.
 */
#ifndef WEB_HEALTH_H
#define WEB_HEALTH_H

#include "web/core/web_state.h"

/* Take over the result of a check. */
void health_checked(struct web *web, bool writable);

/* Logs once when the checks stop, and once when they go on. */
bool health_writable(struct web *web);

#endif
