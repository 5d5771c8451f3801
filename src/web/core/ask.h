/*
 * Questions to the keeper for one request, and the session in its answers.
 */
#ifndef WEB_ASK_H
#define WEB_ASK_H

#include "web/core/exchange.h"

/*
 * Ask the keeper.  Only handlers that run on a worker get `keeper`, the worker's channel.  A handler of an inline
 * route has no channel and cannot ask.  The route's row lists the allowed questions.  The session in the answer
 * replaces that of the exchange.
 *
 * Handlers pass these errors on with TRY, and the dispatcher handles them:
 *
 *	ERR_LOCKOUT  too many failures; nothing was checked: the form is redisplayed with 429
 *	ERR_DENIED   the session's state does not allow the question: redirect to the next step of the sign-in
 *	ERR_SLOW     nothing was done: only a channel of the slow pool answers this question
 *	ERR_STALE    the last proof of the factor is too old: the form is redisplayed with a field for a code
 *
 * ERR_AWAY, ERR_PROTOCOL: the keeper could not be asked.
 */
MUST_USE err exchange_ask(struct exchange *x, struct channel *keeper, enum question_id id, const void *body,
			  enum verdict *ret_verdict, void *ret_answer);

/*
 * The same for a question that either passes or leads to the next step: other verdicts than VERDICT_PASSED become
 * ERR_DENIED.
 */
MUST_USE err exchange_ask_passed(struct exchange *x, struct channel *keeper, enum question_id id, const void *body,
				 void *ret_answer);

/*
 * Find the session by the cookie alone, or in the cache.  If x->session_known is false, exchange_session_ask must
 * ask.
 */
MUST_USE err exchange_session_find(struct exchange *x);
MUST_USE err exchange_session_ask(struct exchange *x, struct channel *keeper);

/* Set the browser's language to that of the account, if the account has one.  Called after a sign-in. */
MUST_USE err exchange_prefer_language(struct exchange *x);

#endif
