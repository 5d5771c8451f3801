/*
 * The state of one request, shared by the parts of web.
 *
 * The dispatcher (web/core/dispatch.h) fills it step by step.  Then it calls the route's handler, which asks the
 * keeper (web/core/ask.h) and writes the reply (web/core/respond.h).
 */
#ifndef WEB_EXCHANGE_H
#define WEB_EXCHANGE_H

#include "http/cookie.h"
#include "http/server.h"
#include "web/core/pages.h"
#include "web/core/route.h"
#include "web/core/web_state.h"

struct check;

enum cookie_name {
	COOKIE_SESSION,
	COOKIE_FORM,
	COOKIE_FLASH,
	COOKIE_LANGUAGE,
	COOKIE_DEVICE,
	COOKIE_ROUND,
	COOKIE_NAMES
};

struct exchange {
	struct web *web;
	struct request *rq;
	struct reply *rp;
	const struct route *route; /* NULL: no row matches */
	unsigned methods;          /* methods of the path, if route is NULL */
	str address;               /* client address, according to the trusted proxies */

	struct token token; /* from the cookie; zero: missing or malformed */
	struct token token_hash;
	struct token device;  /* from the cookie of a browser that has signed in before; zero: missing or malformed */
	int64_t retry_s;      /* lockout: seconds until the next attempt; 0: none */
	bool session_earlier; /* the session's cookie has its name of release 0.1, and the keeper knows it */
	bool session_known;   /* `session` is valid */
	struct session_view session;
	str groups_long; /* the account's groups, if they do not fit into `session` */

	struct cookie_wanted cookies[COOKIE_NAMES][2]; /* under the current name and the earlier one (cookies.c) */
	bool cookies_read;

	enum config_language language;
	str next; /* safe path on this server to redirect to later; empty: none */
	struct page_continue
	    client;          /* the OpenID client that next leads to (web/core/client_request.h); name empty: none */
	str anonymous;       /* value of the cookie that form tokens depend on before sign-in; empty: none */
	str flash;           /* word of the flash message for this page; empty: none */
	bool demoted;        /* this request, or the one before, demoted a passkey that it accepted: tell the user */
	str form_token;      /* for the forms of this reply */
	str policy;          /* Content-Security-Policy of this reply; empty: the usual one */
	str csrf_token;      /* sent by the POST */
	void *form;          /* the route's form struct, filled from the body of a POST; NULL: the route has no form */
	str client_tiles;    /* of a route with tiles: list of oidc_app_item */
	struct page_otp otp; /* of a route with step_up: the field for a code, and its problem */
	struct page_signal signal;   /* for the browser, on this page */
	struct check *check;         /* of a forward-auth check (web/apps/gate.c) */
	enum metric_series decision; /* for the metrics: that of the check; SERIES_NONE: not a check */
	enum http_pool pool;         /* for the metrics: the pool that answers */
};

/*
 * Is the address one of TRUSTED_PROXIES, or the peer of a Unix socket (HTTP_PEER_UNIX)?  config is a struct config:
 * forwarded_address needs this signature.
 */
bool exchange_trusts(void *config, str address);

/* Is the browser signed in, at least with a password? */
bool exchange_signed_in(const struct exchange *x);

/* The display name, or the user name without one. */
str exchange_shown_name(const struct exchange *x);

/* The groups of the account: "admins,staff". */
str exchange_groups(const struct exchange *x);

/* A form's return URL takes precedence over the query's.  An unsafe value is treated as absent. */
void exchange_take_next(struct exchange *x, str next);

/* Did the browser open a host other than this server's (web/core/host.h)? */
bool exchange_elsewhere(const struct exchange *x);

#endif
