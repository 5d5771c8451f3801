/*
 * The route table: the paths, the session states that each accepts, and the handlers.  An unknown path is 404.  A
 * state that the row does not name is redirected to its next step.  A row without states needs FULL.
 */
#ifndef WEB_ROUTE_H
#define WEB_ROUTE_H

#include "http/form.h"
#include "http/server.h"
#include "web/core/flash.h"
#include "ipc/questions.h"

struct channel;
struct exchange;

/* Bits of the states that open a route.  0 means FULL only. */
enum {
	OPENS_NONE = 1u << STATE_NONE,
	OPENS_ENROLLING = 1u << STATE_ENROLLING,
	OPENS_PENDING = 1u << STATE_PENDING,
	OPENS_FULL = 1u << STATE_FULL,
	OPENS_SIGNED = OPENS_ENROLLING | OPENS_PENDING | OPENS_FULL,
	OPENS_ALL = OPENS_NONE | OPENS_SIGNED,
};

/* The pipeline of a request (web/core/dispatch.h). */
enum route_kind {
	ROUTE_PAGE = 0, /* for browsers */
	ROUTE_CHECK,    /* a reverse proxy asks about an application: see web/apps/gate.h */
	ROUTE_PLAIN,    /* the same for every client: no session, any Host, logged at debug level only */
	ROUTE_API,      /* for programs: no session, any Host, JSON; see web/oidc/api.h */
};

/* A set of questions: ASKS(PASSWORD) | ASKS(STEP_UP). */
#define ASKS(question) (UINT64_C(1) << QUESTION_##question)

struct route {
	enum http_method method; /* GET rows also serve HEAD */
	str path;                /* a path that ends in '/' serves all paths below it */
	unsigned opens;
	/* the questions that the handler may ask; they decide the pool (route_pool), and exchange_ask refuses others */
	uint64_t asks;
	str query; /* the row applies only if the query has a parameter of this name; empty: any query */
	enum route_kind kind;
	const struct form *form; /* the fields of a POST besides csrf_token; NULL: none */
	bool step_up; /* the handler's question needs a fresh proof: the form has a field `otp` (web/core/step_up.h) */
	/*
	 * Where an expired step of the sign-in starts again, if the session is in this state; empty: the step does
	 * not expire.
	 */
	struct {
		enum session_state state;
		str path;
		enum flash_message flash;
	} expired;
	/* accepts ambiguous paths (base/uri_path.h) without dot segments: the rest belongs to an application */
	bool ambiguous;
	size_t body_max_bytes; /* 0: the default (route_body_max) */
	bool authorization;    /* the handler may read the Authorization header; it is hidden from other routes */
	bool any_host;         /* a page that is served for any Host */
	bool tiles;            /* the page shows the tiles of OpenID clients: the dispatcher asks for them */
	/* replies may lead to an OpenID client: Referrer-Policy tells it the origin, and a popup keeps its opener */
	bool to_client;
	/* a step between the sign-in and its return URL that needs FULL: a popup keeps its opener there too */
	bool leads_on;
	/*
	 * Exactly one of them, except for checks.  A row without questions has `show`, without a channel; other
	 * rows have `answer`.
	 */
	err (*show)(struct exchange *x);
	err (*answer)(struct exchange *x, struct channel *keeper);
	/*
	 * Shows the form's page again.  403 with a sentence: invalid form token; 429 with a sentence: lockout; both
	 * without typed passwords.  422 with NULL: the problem in x->otp, with the typed values.  A GET with
	 * step_up uses 200 and NULL.
	 */
	err (*redisplay)(struct exchange *x, struct channel *keeper, int status, const char *sentence);
};

/* web/routes.c */
extern const struct route web_routes[];
extern const size_t web_routes_count;

/* The row for a request; NULL: no row, and *ret_methods has the methods of the path (0: no such path). */
const struct route *route_find(enum http_method method, str path, str query, unsigned *ret_methods);

/*
 * May a request spell its path this way?  The paths of this server have exactly one spelling.  A proxy that decodes
 * and normalizes paths could take another spelling for an unprotected page.  Only rows with `ambiguous` accept an
 * ambiguous path.
 */
bool route_path_good(str path, enum uri_path_kind kind);

/* All questions of the row, including the one for its fresh proof. */
uint64_t route_questions(const struct route *route);

/*
 * The pool of a row.  INLINE: on the event thread if the session is known without a question, otherwise QUICK.
 * SLOW: a question may hash a password.
 */
enum http_pool route_pool(const struct route *route);

/* Maximum of a body: by default HTTP_BODY_MAX_BYTES, and more for a form with a return URL. */
size_t route_body_max(const struct route *route);

/* Is the route served for any Host? */
bool route_any_host(const struct route *route);

/* Does this state open the route? */
bool route_opens(const struct route *route, enum session_state state);

#endif
