#include "web/core/step_up.h"

#include "base/clock.h"
#include "http/form.h"
#include "web/core/ask.h"
#include "web/core/messages.h"

#include <stdlib.h>

/* The field appears a minute before it is needed, so that the proof does not expire while the user types. */
enum { STEP_UP_EARLY_SECONDS = 60, DRIFT_SHOWN_MAX = 1000, SWAP_MAX = 16 * 1024 };

struct recovery_form {
	str recovery;
};
static const struct field recovery_fields[] = { FIELD(struct recovery_form, recovery, 1, optional) };
static const struct form recovery_form = FORM(struct recovery_form, recovery_fields);

/* ?recovery= of a GET; forms have a field of that name. */
static bool
step_up_wants_recovery(const struct exchange *x)
{
	struct recovery_form form = { 0 };
	str text = x->route->method == HTTP_POST ? x->rq->body : x->rq->query;

	return form_parse(&recovery_form, text, x->rq->arena, &form, NULL) == ERR_OK && form.recovery.n > 0;
}

void
exchange_otp(const struct exchange *x, struct page_otp *ret_otp)
{
	int64_t fresh_from_us = x->rq->now_us - (STEP_UP_US - SECONDS_US(STEP_UP_EARLY_SECONDS));

	*ret_otp = (struct page_otp){ .shown = x->session.verified_us < fresh_from_us,
				      .recovery = step_up_wants_recovery(x),
				      .digits = x->session.code_digits,
				      .submits = true };
}

err
exchange_otp_swap(struct exchange *x, struct page_layout *layout, struct page_otp *otp)
{
	CLEANUP(buf_wipe) struct buf text = BUF(SWAP_MAX);
	str mark = STR("recovery=1"), code = layout->path, recovery = { 0 };

	if (str_ends(code, STR("?recovery=1")) || str_ends(code, STR("&recovery=1"))) /* the address of the request */
		code = str_upto(code, code.n - mark.n - 1);
	buf_put(&text, code);
	buf_put_byte(&text, str_has_byte(code, '?') ? '&' : '?');
	buf_put(&text, mark);
	TRY(buf_check(&text));
	TRY(arena_copy(x->rq->arena, buf_str(&text), &recovery));
	otp->swap = otp->recovery ? code : recovery;
	if (otp->recovery)
		layout->path = recovery;
	return ERR_OK;
}

void
exchange_otp_missing(struct page_otp *otp)
{
	otp->shown = true;
	otp->problem = N_("Your last code is more than 5 minutes old. Enter a new one.");
}

/* Convert the drift of a wrong clock into minutes, at least one. */
static struct page_drift
step_up_drift(int64_t drift_s)
{
	int64_t minutes = drift_s / 60 < -DRIFT_SHOWN_MAX || drift_s / 60 > DRIFT_SHOWN_MAX
			      ? DRIFT_SHOWN_MAX
			      : (llabs(drift_s) + 30) / 60;

	if (drift_s == 0)
		return (struct page_drift){ 0 };
	return (struct page_drift){ .minutes = minutes > 0 ? minutes : 1, .ahead = drift_s > 0 };
}

static const char code_refused[] = N_("This code is wrong or was already used. Wait for the next code and try again.");
static const char code_spent[] = N_("This code has already been used. Wait for the next one.");
static const char code_impossible[] = N_("This is not a code. Enter the digits that your app shows.");
static const char recovery_refused[] = N_("This recovery code is wrong. Check it, or try another one.");
static const char recovery_spent[] = N_("This recovery code has already been used. Use another one.");
static const char recovery_impossible[] = N_("This is not a recovery code. Recovery codes have 24 letters and digits.");

/* The field accepts both kinds of code, so the code decides which sentence fits, not the field. */
static const char *
step_up_refused_sentence(const struct verified_body *verified)
{
	if (verified->recovered != 0)
		return verified->spent != 0 ? recovery_spent : recovery_refused;
	return verified->spent != 0 ? code_spent : code_refused;
}

void
exchange_otp_refused(enum verdict verdict, const struct verified_body *verified, struct page_otp *otp)
{
	otp->shown = true;
	otp->problem = step_up_refused_sentence(verified);
	if (verdict == VERDICT_PROBLEMS)
		otp->problem = otp->recovery ? recovery_impossible : code_impossible;
	otp->drift = step_up_drift(verified->drift_s);
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
	if ((verdict == VERDICT_REFUSED || verdict == VERDICT_PROBLEMS) && x->session.state == STATE_FULL)
		exchange_otp_refused(verdict, &verified, ret_otp);
	return ERR_OK;
}
