#include "web/core/step_up.h"

#include "base/clock.h"
#include "web/core/ask.h"
#include "web/core/messages.h"

#include <stdlib.h>

/* The field appears a minute before it is needed, so that the proof does not expire while the user types. */
enum { STEP_UP_EARLY_SECONDS = 60, DRIFT_SHOWN_MAX = 1000 };

void
exchange_otp(const struct exchange *x, struct page_otp *ret_otp)
{
	int64_t fresh_from_us = x->rq->now_us - (STEP_UP_US - SECONDS_US(STEP_UP_EARLY_SECONDS));

	*ret_otp = (struct page_otp){ .shown = x->session.verified_us < fresh_from_us };
}

void
exchange_otp_missing(struct page_otp *ret_otp)
{
	*ret_otp = (struct page_otp){ .shown = true,
				      .problem = N_("Your last code is more than 5 minutes old. Enter a new one.") };
}

void
exchange_drift(int64_t drift_s, struct page_drift *ret_drift)
{
	int64_t minutes = drift_s / 60 < -DRIFT_SHOWN_MAX || drift_s / 60 > DRIFT_SHOWN_MAX
			      ? DRIFT_SHOWN_MAX
			      : (llabs(drift_s) + 30) / 60;

	if (drift_s != 0)
		*ret_drift = (struct page_drift){ .minutes = minutes > 0 ? minutes : 1, .ahead = drift_s > 0 };
}

static const char step_up_code_refused[] =
    N_("This code is wrong or was already used. Wait for the next code and try again.");
static const char step_up_code_spent[] = N_("This code has already been used. Wait for the next one.");
const char exchange_code_impossible[] = N_("This is not a code. Enter the 6 digits that your app shows.");
const char exchange_either_impossible[] =
    N_("This is not a code. Enter the digits that your app shows, or a recovery code of 24 letters and digits.");

const char *
exchange_code_problem(const struct verified_body *verified)
{
	return verified->spent != 0 ? step_up_code_spent : step_up_code_refused;
}

err
exchange_step_up(struct exchange *x, struct channel *keeper, str otp, struct page_otp *ret_otp)
{
	const struct verify_body body = { otp };
	struct verified_body verified = { 0 };
	enum verdict verdict = VERDICT_REFUSED;
	err e;

	exchange_otp(x, ret_otp);
	if (str_trim(otp).n == 0)
		return ERR_OK;
	e = exchange_ask(x, keeper, QUESTION_STEP_UP, &body, &verdict, &verified);
	exchange_otp(x, ret_otp);
	if (e == ERR_DENIED)
		return ERR_OK; /* the session has ended: the handler's question will fail */
	TRY(e);
	if ((verdict != VERDICT_REFUSED && verdict != VERDICT_PROBLEMS) || x->session.state != STATE_FULL)
		return ERR_OK;
	ret_otp->shown = true;
	if (verdict == VERDICT_PROBLEMS) {
		ret_otp->problem = exchange_either_impossible;
		return ERR_OK;
	}
	ret_otp->problem = exchange_code_problem(&verified);
	exchange_drift(verified.drift_s, &ret_otp->drift);
	return ERR_OK;
}
