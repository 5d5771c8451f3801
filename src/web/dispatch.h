/*
 * The dispatcher: what happens to a request before and after its handler.
 *
 * A route has a kind, and each kind a pipeline of its own:
 *
 *	page   address and language; session from the cookie; Host; the form's fields and token; the session by a question, if it is not
 *	       known; does the route open in its state?; a fresh proof, where the route needs one; the handler; what the handler passed on
 *	       (web/ask.h): the next step of the sign-in, the form again with how long to wait, or with a field for a code
 *	check  a reverse proxy's question about an application (web/gate.h): no session of ours, no language, no form; never a 5xx
 *	plain  the same reply for everyone, whatever Host says: static files, health, the public key
 *
 * Handlers contain none of this.
 */
#ifndef WEB_DISPATCH_H
#define WEB_DISPATCH_H

#include "http/server.h"

/* The application that http/server.h serves. */
extern const struct http_app web_app;

#endif
