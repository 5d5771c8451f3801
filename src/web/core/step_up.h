/*
 * Step-up authentication.  A form that changes credentials needs a fresh proof of the factor.  It has a field `otp`
 * (templates/_otp.html) if the session's proof is older than STEP_UP_US, or will be within a minute.
 *
 * For a route with `step_up` the dispatcher does all of it.  x->otp is the field to show.  The code of a POST is
 * verified before the handler is called.  A wrong code, or a proof that is too old (ERR_STALE), redisplays the form
 * with 422.
 */
#ifndef WEB_STEP_UP_H
#define WEB_STEP_UP_H

#include "web/core/exchange.h"

/* Does the session's proof require the field? */
void exchange_otp(const struct exchange *x, struct page_otp *ret_otp);

/*
 * For the dispatcher: verify the typed code.  ret_otp->problem says why it was refused.  NULL: the code is right,
 * the field is empty, or the session has ended; in the last case the handler's question fails.
 */
MUST_USE err exchange_step_up(struct exchange *x, struct channel *keeper, str otp, struct page_otp *ret_otp);

/* For the dispatcher: the keeper requires a fresh proof. */
void exchange_otp_missing(struct page_otp *ret_otp);

/*
 * Sentences about a code:
 *   exchange_code_problem       why the keeper has refused it
 *   exchange_code_impossible    it cannot be a code of a new authenticator
 *   exchange_either_impossible  it cannot be a code or a recovery code
 */
const char *exchange_code_problem(const struct verified_body *verified);
extern const char exchange_code_impossible[];
extern const char exchange_either_impossible[];

/* Convert the drift of a wrong clock into minutes, at least one.  drift_s 0: ret_drift stays unchanged. */
void exchange_drift(int64_t drift_s, struct page_drift *ret_drift);

#endif
