/*
 * The return URL of a sign-in that an application started: `rd` and `rm` in the query of /gate.  The link of a refusal
 * (gate.c) also has `refused`.
 *
 *	struct gate_return to;
 *	struct target target;
 *	gate_return_read(x, query, &to);
 *	if (gate_return_check(x, &to, &target)) ...
 */
#ifndef WEB_GATE_RETURN_H
#define WEB_GATE_RETURN_H

#include "access/target.h"
#include "web/core/exchange.h"

/* One byte more than allowed, so that a longer value is detected. */
struct gate_return {
	str rd, rm;  /* URL and method, as received */
	str refused; /* not empty: the gate refused this request to the application */
};

/* Read the query of /gate.  A malformed query has no return URL. */
void gate_return_read(struct exchange *x, str query, struct gate_return *ret_to);

/* Is it an https URL of an application on a protected domain?  No browser is redirected to any other URL. */
bool gate_return_check(struct exchange *x, const struct gate_return *to, struct target *ret_target);

#endif
