/*
 * The table of routes: which paths there are, which state of a session opens each, and what answers.  A path that is not in the table is
 * 404, a state that the row does not name is redirected to its next step, and a row that names no state needs FULL.
 */
#ifndef WEB_ROUTE_H
#define WEB_ROUTE_H

#include "http/form.h"
#include "http/server.h"
#include "web/core/flash.h"
#include "ipc/questions.h"

struct channel;
struct exchange;

/* The states that open a route, as bits.  0 means FULL only. */
enum {
	OPENS_NONE = 1u << STATE_NONE,
	OPENS_ENROLLING = 1u << STATE_ENROLLING,
	OPENS_PENDING = 1u << STATE_PENDING,
	OPENS_FULL = 1u << STATE_FULL,
	OPENS_SIGNED = OPENS_ENROLLING | OPENS_PENDING | OPENS_FULL,
	OPENS_ALL = OPENS_NONE | OPENS_SIGNED,
};

/* Which pipeline a request goes through (web/core/dispatch.h). */
enum route_kind {
	ROUTE_PAGE = 0, /* for people */
	ROUTE_CHECK,    /* a reverse proxy asks about an application: see web/apps/gate.h */
	ROUTE_PLAIN, /* the same for everyone: has no session, is answered whatever Host says, and is not worth a line in the log */
};

/* A set of questions: ASKS(PASSWORD) | ASKS(STEP_UP). */
#define ASKS(question) (UINT64_C(1) << QUESTION_##question)

struct route {
	enum http_method method; /* GET rows serve HEAD too */
	str path;                /* one that ends in '/' serves all below it */
	unsigned opens;
	uint64_t
	    asks; /* the questions that its handler may ask, which decide the lane (route_pool); exchange_ask refuses others */
	str query; /* only where the query has a parameter of this name; empty: with any query */
	enum route_kind kind;
	const struct form *form; /* what a POST sends beside its csrf_token; NULL: nothing */
	bool step_up; /* the handler's question needs a fresh proof: the form has a field `otp` (web/core/step_up.h) */
	/* Where a step of the sign-in begins again, when it has expired while the session is in this state; empty: it has no such end. */
	struct {
		enum session_state state;
		str path;
		enum flash_message flash;
	} expired;
	bool
	    ambiguous; /* takes a path that programs read differently (base/uri_path.h), but for dot segments: what follows is another's */
	size_t body_max_bytes; /* 0: HTTP_BODY_MAX_BYTES */
	bool authorization;    /* reads the header field Authorization, which other rows are not shown */
	bool any_host;         /* a page that is answered whatever Host says */
	/* Exactly one of them, but for checks.  A row that asks nothing has `show`, which is given no channel; the others have `answer`. */
	err (*show)(struct exchange *x);
	err (*answer)(struct exchange *x, struct channel *keeper);
	/*
	 * The form's page again: with 403 and a sentence for a token that does not fit, with 429 and one for too many failures, without what
	 * was typed; and with 422 and NULL for x->otp, with what was typed.  Also of a GET with step_up, with 200 and NULL.
	 */
	err (*redisplay)(struct exchange *x, struct channel *keeper, int status, const char *sentence);
};

/* web/routes.c */
extern const struct route web_routes[];
extern const size_t web_routes_count;

/* The row for a request; NULL when there is none, and then the methods that the path has (0: no such path). */
const struct route *route_find(enum http_method method, str path, str query, unsigned *ret_methods);

/*
 * May a request target spell its path so?  Our paths have one spelling, letter for letter: a proxy in front of us that decodes and cleans
 * paths would take any other for a page that it does not guard.  Only a row that says so takes an ambiguous path.
 */
bool route_path_good(str path, enum uri_path_kind kind);

/* All questions of the row, with the one for its fresh proof. */
uint64_t route_questions(const struct route *route);

/* INLINE: on the event thread when the session is known without a question, else QUICK.  SLOW: a question may hash a password. */
enum http_pool route_pool(const struct route *route);

/* Is it answered whatever Host says? */
bool route_any_host(const struct route *route);

/* Does this row open in this state? */
bool route_opens(const struct route *route, enum session_state state);

#endif
