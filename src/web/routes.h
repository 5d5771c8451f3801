/*
 * Which paths there are, which state of session opens them, and who answers.  The table is the authority: a path that is
 * not in it is 404, a state that is not named is led elsewhere, and a row that names no state needs FULL.
 */
#ifndef WEB_ROUTES_H
#define WEB_ROUTES_H

#include "http/form.h"
#include "http/server.h"
#include "wire/questions.h"

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

struct route {
	enum http_method method; /* GET rows serve HEAD too */
	str path;                /* one that ends in '/' serves all below it */
	unsigned opens;
	enum http_lane lane; /* INLINE: on the event thread when the session is known without a question, else QUICK */
	str query;           /* only where the query has a parameter of this name; empty: with any query */
	const struct form *form; /* what a POST sends; csrf_token is the first member of its struct */
	bool gate; /* one of the gate's endpoints: has no session of ours, takes any method (web/gate.h) */
	bool
	    ambiguous; /* takes a path that programs read differently (base/uri_path.h), but for dot segments: what follows is another's */
	size_t body_max_bytes; /* 0: HTTP_BODY_MAX_BYTES */
	bool authorization;    /* reads the header field Authorization, which other rows are not shown */
	bool any_host; /* answers whatever Host says, and is not worth a line in the log: health, static files */
	/* Exactly one of them.  An INLINE row has `show`, which is given no channel and so cannot ask the keeper; the others have `answer`. */
	err (*show)(struct exchange *x);
	err (*answer)(struct exchange *x, struct channel *keeper);
	/* The form's page again, with this status and sentence: for a token that does not fit (403). */
	err (*again)(struct exchange *x, struct channel *keeper, int status, const char *sentence);
};

extern const struct route web_routes[];
extern const size_t web_routes_count;

/* The row for a request; NULL when there is none, and then the methods that the path has (0: no such path). */
const struct route *route_find(enum http_method method, str path, str query, unsigned *ret_methods);

/*
 * May a request target spell its path so?  Our paths have one spelling, letter for letter: a proxy in front of us that decodes and cleans
 * paths would take any other for a page that it does not guard.  Only a row that says so takes an ambiguous path.
 */
bool route_path_good(str path, enum uri_path_kind kind);

/* Does this row open in this state? */
bool route_opens(const struct route *route, enum session_state state);

#endif
