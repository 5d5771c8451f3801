/*
 * A form that changes credentials needs a fresh proof of the factor.  It has one more field, `otp` (templates/_otp.html), when the
 * session's proof is older than STEP_UP_US or will be within a minute.
 *
 * A route whose row has `step_up` leaves all of it to the dispatcher: x->otp is the field to show; a code that a POST brings is
 * verified before the handler is called; a wrong one, or a proof that is too old (ERR_STALE), shows the form again with 422.
 */
#ifndef WEB_STEP_UP_H
#define WEB_STEP_UP_H

#include "web/core/exchange.h"

/* The field as the session's proof has it. */
void exchange_otp(const struct exchange *x, struct page_otp *ret_otp);

/*
 * For the dispatcher: verify the code that was typed.  ret_otp->problem: why not; NULL: it is right, or nothing was typed, or the session
 * is no more, as the handler's own question will tell.
 */
MUST_USE err exchange_step_up(struct exchange *x, struct channel *keeper, str otp, struct page_otp *ret_otp);

/* For the dispatcher: the keeper wants a fresh proof. */
void exchange_otp_missing(struct page_otp *ret_otp);

/*
 * The sentences about a rejected code: a wrong or used one; a text that cannot be a code of a new authenticator; a text that
 * can be neither a code nor a recovery code.
 */
extern const char exchange_code_refused[];
extern const char exchange_code_impossible[];
extern const char exchange_either_impossible[];

/* What the keeper knows of a clock that is wrong, in minutes, at least one; 0 seconds: ret_drift stays as it is. */
void exchange_drift(int64_t drift_s, struct page_drift *ret_drift);

#endif
