/*
 * One request on its way to its reply: what the parts of web work with.
 *
 * The dispatcher (web/core/dispatch.h) fills it step by step and then calls the route's handler, which asks the keeper (web/core/ask.h) and writes
 * the reply (web/core/respond.h).
 */
#ifndef WEB_EXCHANGE_H
#define WEB_EXCHANGE_H

#include "http/server.h"
#include "web/core/pages.h"
#include "web/core/route.h"
#include "web/core/web_state.h"

struct check;

struct exchange {
	struct web *web;
	struct request *rq;
	struct reply *rp;
	const struct route *route; /* NULL: the table has none */
	unsigned methods;          /* that the path has, where route is NULL */
	str address;               /* the browser's, as far as trusted proxies tell it */

	struct token token; /* as the cookie has it; zero: none, or malformed */
	struct token token_hash;
	struct token device;  /* the cookie of a browser that has signed in before; zero: none, or malformed */
	int64_t retry_s;      /* too many failures: in how many seconds to try again; 0: not so */
	bool session_earlier; /* the session's cookie has its name of release 0.1, and the keeper knows it */
	bool session_known;   /* the next member holds */
	struct session_view session;

	enum config_language language;
	str next;            /* a safe path of ours to go on to; empty: none */
	str anonymous;       /* value of the cookie that form tokens hang on before there is a session; empty: none */
	str form_token;      /* of this reply's forms */
	str csrf_token;      /* that the POST sent */
	void *form;          /* the route's struct, filled from the body of a POST; NULL: the route has no form */
	struct page_otp otp; /* of a route with step_up: the field for a code, and what was wrong with it */
	struct check *check; /* of a forward-auth check (web/apps/gate.c) */
};

/* Is the address one of TRUSTED_PROXIES, or the peer of a Unix socket (HTTP_PEER_UNIX)?  config: struct config; as forwarded_address wants it. */
bool exchange_trusts(void *config, str address);

/* Is the browser signed in, at least with a password? */
bool exchange_signed_in(const struct exchange *x);

/* How the person is called: the display name, or the user name. */
str exchange_shown_name(const struct exchange *x);

/* Did the browser open another address than ours (web/core/host.h)? */
bool exchange_elsewhere(const struct exchange *x);

#endif
