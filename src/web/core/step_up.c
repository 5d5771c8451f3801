#include "web/core/step_up.h"

#include "base/clock.h"
#include "http/form.h"
#include "web/core/ask.h"
#include "web/core/messages.h"
#include "web/core/passkey_form.h"
#include "web/core/passkeys.h"
#include "web/core/respond.h"

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

/* Are the account's codes off, or has it passkeys only? */
static bool
step_up_only_recovery(const struct session_view *session)
{
	return session->codes_off || (session->passkeys > 0 && session->passkeys == session->authenticators);
}

void
exchange_otp(const struct exchange *x, struct page_otp *ret_otp)
{
	int64_t fresh_from_us = x->rq->now_us - (STEP_UP_US - SECONDS_US(STEP_UP_EARLY_SECONDS));

	*ret_otp = (struct page_otp){ .shown = x->session.verified_us < fresh_from_us,
				      .only_recovery = step_up_only_recovery(&x->session),
				      .verified = exchange_user_verified(x),
				      .digits = x->session.code_digits,
				      .submits = true };
	ret_otp->recovery = ret_otp->only_recovery || step_up_wants_recovery(x);
}

err
exchange_otp_passkeys(struct exchange *x, struct channel *keeper, struct page_otp *otp)
{
	return otp->shown ? exchange_passkey_prove(x, keeper, &otp->passkey) : ERR_OK;
}

bool
exchange_otp_failed(const struct page_otp *otp)
{
	return otp->problem != NULL || otp->passkey.problem != NULL;
}

err
exchange_otp_swap(struct exchange *x, struct page_layout *layout, struct page_otp *otp)
{
	CLEANUP(buf_wipe) struct buf text = BUF(SWAP_MAX);
	str mark = STR("recovery=1"), code = layout->path, recovery = { 0 };

	if (otp->only_recovery)
		return ERR_OK;
	if (str_ends(code, STR("?recovery=1")) || str_ends(code, STR("&recovery=1"))) /* the address of the request */
		code = str_upto(code, code.n - mark.n - 1);
	buf_put(&text, code);
	buf_put_byte(&text, str_has_byte(code, '?') ? '&' : '?');
	buf_put(&text, mark);
	TRY(buf_check(&text));
	TRY(arena_copy(x->rq->arena, buf_str(&text), &recovery));
	otp->swap = otp->recovery ? code : recovery;
	if (otp->recovery)
		exchange_layout_path(layout, recovery);
	return ERR_OK;
}

void
exchange_otp_missing(const struct exchange *x, struct page_otp *otp)
{
	otp->shown = true;
	otp->problem = x->session.passkeys > 0
			   ? N_("You last confirmed that it's you more than 5 minutes ago. Confirm again.")
			   : N_("Your last code is more than 5 minutes old. Enter a new one.");
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

static const char passkey_not_alone[] = N_("You signed in without your password, so this passkey cannot confirm that "
					   "it's you. Use another passkey, or another way.");

/* A session with a password accepts every passkey of the account, so it never gets this refusal. */
static const char *
step_up_passkey_sentence(const struct passkey_result_body *result)
{
	bool alone = result->fault == PASSKEY_FAULT_UNVERIFIED && result->demoted == 0;

	return alone ? passkey_not_alone : passkey_refusal_text(result);
}

static err
step_up_by_passkey(struct exchange *x, struct channel *keeper, struct page_otp *ret_otp)
{
	struct passkey_proof_body body = { 0 };
	struct passkey_result_body result = { 0 };
	enum verdict verdict = VERDICT_REFUSED;
	err e;

	TRY(passkey_proof_read(x->route->form, x->form, x->rq->arena, &body));
	e = exchange_ask(x, keeper, QUESTION_PASSKEY_STEP_UP, &body, &verdict, &result);
	exchange_otp(x, ret_otp);
	if (e == ERR_DENIED)
		return ERR_OK; /* the session has ended: the handler's question will fail */
	TRY(e);
	x->demoted = x->demoted || (verdict == VERDICT_PASSED && result.demoted != 0);
	if (verdict != VERDICT_PASSED && x->session.state == STATE_FULL) {
		ret_otp->shown = true;
		ret_otp->passkey.problem = step_up_passkey_sentence(&result);
	}
	return ERR_OK;
}

static err
step_up_by_code(struct exchange *x, struct channel *keeper, str otp, struct page_otp *ret_otp)
{
	const struct verify_body body = { otp };
	struct verified_body verified = { 0 };
	enum verdict verdict = VERDICT_REFUSED;
	err e;

	e = exchange_ask(x, keeper, QUESTION_STEP_UP, &body, &verdict, &verified);
	exchange_otp(x, ret_otp);
	if (e == ERR_DENIED)
		return ERR_OK; /* the session has ended: the handler's question will fail */
	TRY(e);
	if ((verdict == VERDICT_REFUSED || verdict == VERDICT_PROBLEMS) && x->session.state == STATE_FULL)
		exchange_otp_refused(verdict, &verified, ret_otp);
	return ERR_OK;
}

err
exchange_step_up(struct exchange *x, struct channel *keeper, str otp, struct page_otp *ret_otp)
{
	exchange_otp(x, ret_otp);
	if (passkey_proof_sent(x->route->form, x->form))
		return step_up_by_passkey(x, keeper, ret_otp);
	return str_trim(otp).n == 0 ? ERR_OK : step_up_by_code(x, keeper, otp, ret_otp);
}
