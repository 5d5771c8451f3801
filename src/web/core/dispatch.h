/*
 * The dispatcher: processes a request before and after its handler.
 *
 * Each kind of route has a pipeline:
 *
 *	page   for browsers: Host, language, session, form token, step-up, handler.  Errors of the handler
 *	       (web/core/ask.h) lead to the next step of the sign-in or redisplay the form
 *	check  a reverse proxy's request about an application (web/apps/gate.h), without session, language, form and 5xx
 *	plain  the same reply for every client and any Host: static files, health, the public key
 *	api    for programs: form in, JSON out, without session, cookies and form token (web/oidc/api.h)
 *
 * Handlers do none of these steps.
 */
#ifndef WEB_DISPATCH_H
#define WEB_DISPATCH_H

#include "web/core/exchange.h"

/* The steps of a request, by the kind of its route. */
struct pipeline {
	/* On the event thread: read the request and choose the pool.  INLINE with a finished reply ends the request. */
	enum http_pool (*admit)(struct exchange *x);
	/* Make the reply: on the event thread for INLINE, with keeper NULL, otherwise on a worker. */
	void (*work)(struct exchange *x, struct channel *keeper);
	/* Make the reply to a request that is refused with this status before it could be read. */
	void (*refuse)(struct exchange *x, int status);
	/* Only for checks: does the path belong to this pipeline, with or without a row in the table? */
	bool (*owns)(str path);
};

/* web/apps/gate.c */
extern const struct pipeline check_pipeline;
/* web/oidc/api.c */
extern const struct pipeline api_pipeline;

/* The application that http/server.h serves. */
extern const struct http_app web_app;

#endif
