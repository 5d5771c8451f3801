/*
 * The dispatcher: what happens to a request before and after its handler.
 *
 * A route has a kind, and each kind a pipeline of its own:
 *
 *	page   address and language; session from the cookie; Host; the form's fields and token; the session by a question, if it is not
 *	       known; does the route open in its state?; a fresh proof, where the route needs one; the handler; what the handler passed on
 *	       (web/core/ask.h): the next step of the sign-in, the form again with how long to wait, or with a field for a code
 *	check  a reverse proxy's question about an application (web/apps/gate.h): no session of ours, no language, no form; never a 5xx
 *	plain  the same reply for everyone, whatever Host says: static files, health, the public key
 *
 * Handlers contain none of this.
 */
#ifndef WEB_DISPATCH_H
#define WEB_DISPATCH_H

#include "web/core/exchange.h"

/* What a request goes through, by the kind of its route. */
struct pipeline {
	/* On the event thread: read the request.  Which lane does the rest?  INLINE with a reply that is made already ends it. */
	enum http_pool (*admit)(struct exchange *x);
	/* Make the reply: on the event thread for INLINE, with keeper NULL, else on a worker. */
	void (*work)(struct exchange *x, struct channel *keeper);
	/* The reply where the request is refused, with this status, before it could be read. */
	void (*refuse)(struct exchange *x, int status);
	/* Of checks: is everything below this path the pipeline's, a path without a row too? */
	bool (*owns)(str path);
};

/* web/apps/gate.c */
extern const struct pipeline check_pipeline;

/* The application that http/server.h serves. */
extern const struct http_app web_app;

#endif
