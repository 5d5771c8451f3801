/*
 * Step-up authentication.  A form that changes credentials needs a fresh proof of the factor.  It has a field `otp`
 * (templates/_otp.html) if the session's proof is older than STEP_UP_US, or will be within a minute.  For an account
 * with passkeys it has a button for them, and the fields of passkey_form.h.
 *
 * For a route with `step_up` the dispatcher does all of it.  x->otp is the field to show.  The code of a POST is
 * verified before the handler is called.  A wrong code, or a proof that is too old (ERR_STALE), redisplays the form
 * with 422.
 */
#ifndef WEB_STEP_UP_H
#define WEB_STEP_UP_H

#include "web/core/exchange.h"

/*
 * The field for a code.  shown: the session's proof requires it; a page that always asks for a code sets it.
 * recovery: the request asked for the field for a recovery code.  digits: those of the account's authenticators.
 */
void exchange_otp(const struct exchange *x, struct page_otp *ret_otp);

/*
 * The link that swaps the field for the one of the other kind.  Call it when layout->path is the page's final return
 * URL; the language switch keeps the field.
 */
MUST_USE err exchange_otp_swap(struct exchange *x, struct page_layout *layout, struct page_otp *otp);

/* Fill otp->passkey, if the field is shown and the account has passkeys: asks the keeper. */
MUST_USE err exchange_otp_passkeys(struct exchange *x, struct channel *keeper, struct page_otp *otp);

/*
 * For the dispatcher: verify the passkey's answer, or the typed code.  exchange_otp_failed: it was refused, and
 * ret_otp has the reason.  Otherwise it is right, the fields are empty, or the session has ended; in the last case the
 * handler's question fails.
 */
bool exchange_otp_failed(const struct page_otp *otp);
MUST_USE err exchange_step_up(struct exchange *x, struct channel *keeper, str otp, struct page_otp *ret_otp);

/* For the dispatcher: the keeper requires a fresh proof. */
void exchange_otp_missing(const struct exchange *x, struct page_otp *otp);

/* The keeper refused the code: VERDICT_REFUSED, or VERDICT_PROBLEMS for a text that cannot be a code. */
void exchange_otp_refused(enum verdict verdict, const struct verified_body *verified, struct page_otp *otp);

#endif
