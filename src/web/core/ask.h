/*
 * Questions to the keeper on behalf of one request, and the session that its answers tell.
 */
#ifndef WEB_ASK_H
#define WEB_ASK_H

#include "web/core/exchange.h"

/*
 * Ask the keeper.  Only a handler that runs on a worker is given `keeper`, the worker's channel: a handler of an inline route has none, so it
 * cannot ask.  The route's row names the questions that it may ask.  The session that the answer tells is the exchange's from then on.
 *
 * The dispatcher handles these for every handler, which passes them on with TRY:
 *
 * ERR_LOCKOUT    too many failures, and nothing was looked at: it shows the form again, with 429
 * ERR_DENIED  the session's state does not open the question: it redirects to the next step of the sign-in
 * ERR_STALE   the last proof of the factor is too old: it shows the form again, with a field for a code
 *
 * ERR_AWAY, ERR_PROTOCOL  could not be asked
 */
MUST_USE err exchange_ask(struct exchange *x, struct channel *keeper, enum question_id id, const void *body,
			  enum verdict *ret_verdict, void *ret_answer);

/* The same for a question that passes or leads to the next step: every verdict but VERDICT_PASSED is ERR_DENIED, but for those above. */
MUST_USE err exchange_ask_passed(struct exchange *x, struct channel *keeper, enum question_id id, const void *body,
				 void *ret_answer);

/* The session from the cookie alone, or from the cache.  x->session_known false: exchange_session_ask must ask. */
MUST_USE err exchange_session_find(struct exchange *x);
MUST_USE err exchange_session_ask(struct exchange *x, struct channel *keeper);

/* The account's language is the browser's from now on, if it has chosen one: for a person who has just signed in. */
MUST_USE err exchange_prefer_language(struct exchange *x);

#endif
