#include "web/core/passkeys.h"

#include "base/clock.h"
#include "base/secret.h"
#include "web/core/ask.h"
#include "web/core/flash.h"
#include "web/core/form_token.h"
#include "web/core/messages.h"

_Static_assert((int)CHALLENGE_TEXT_BYTES <= (int)PASSKEY_CHALLENGE_MAX,
	       "a challenge of web is as long as the keeper's");
_Static_assert((int)BROWSER_MAX <= (int)CHALLENGE_HOLDER_MAX, "every form cookie can be a holder");

/* Forms ask for the current password a minute before the verification expires, so that it does not expire meanwhile. */
enum { USER_VERIFIED_EARLY_SECONDS = 60, PASSKEYS_TEXT_MAX = 2 * LIST_MAX_BYTES };

err
exchange_challenge(struct exchange *x, str *ret_challenge)
{
	struct challenge_key key = challenge_newest_get(&x->web->challenge_newest);
	str browser = form_token_browser(x);
	char text[CHALLENGE_TEXT_BYTES];
	err e;

	*ret_challenge = STR("");
	if (browser.n == 0 || key.minute == 0 || key.minute < challenge_minute(x->rq->now_us) - 1)
		return ERR_OK;
	e = challenge_make(&key, browser, x->rq->now_us, text);
	secret_wipe(&key, sizeof(key));
	TRY(e);
	return arena_copy(x->rq->arena, str_bytes(text, sizeof(text)), ret_challenge);
}

err
exchange_passkey_sign_in(struct exchange *x, struct page_layout *layout, struct page_passkey *ret_passkey)
{
	struct page_passkey passkey = { .rp_id = str_of(x->web->config->passkey_rp_id),
					.address = str_of(x->web->config->public_origin),
					.required = true,
					.conditional = x->rq->method != HTTP_POST };

	if (passkey.rp_id.n > 0)
		TRY(exchange_challenge(x, &passkey.challenge));
	layout->passkeys = layout->passkeys || passkey.challenge.n > 0;
	*ret_passkey = passkey;
	return ERR_OK;
}

/* "ID:internal,hybrid ID:" */
static err
passkeys_text(struct exchange *x, str list, size_t *ret_count, str *ret_text)
{
	CLEANUP(buf_wipe) struct buf text = BUF(PASSKEYS_TEXT_MAX);
	size_t count = 0;

	for (; list.n > 0; count++) {
		struct passkey_item item = { 0 };
		TRY(wire_get(&list, &wire_passkey_item, &item));
		buf_put(&text, count > 0 ? STR(" ") : STR(""));
		buf_put_base64url(&text, item.credential_id);
		buf_put_byte(&text, ':');
		buf_put(&text, item.transports);
	}
	TRY(buf_check(&text));
	*ret_count = count;
	return arena_copy(x->rq->arena, buf_str(&text), ret_text);
}

err
exchange_passkey_prove(struct exchange *x, struct channel *keeper, struct page_passkey *passkey)
{
	const struct passkeys_ask_body body = { .step_up = x->session.state == STATE_FULL };
	struct passkeys_body answer = { 0 };
	enum verdict verdict = VERDICT_REFUSED;
	size_t count = 0;

	if (x->session.passkeys == 0 || passkey->challenge.n > 0)
		return ERR_OK;
	TRY(exchange_ask(x, keeper, QUESTION_PASSKEYS, &body, &verdict, &answer));
	if (verdict != VERDICT_PASSED)
		return ERR_OK;
	TRY(passkeys_text(x, answer.passkeys, &count, &passkey->passkeys));
	if (count == 0) /* without a list, the browser would offer the passkeys of other accounts */
		return ERR_OK;
	passkey->challenge = answer.challenge;
	passkey->rp_id = answer.rp_id;
	passkey->required = answer.user_verification != 0;
	passkey->address = str_of(x->web->config->public_origin);
	return ERR_OK;
}

const char *
passkey_fault_text(uint32_t fault)
{
	static const char *const texts[PASSKEY_FAULT_COUNT] = {
		[PASSKEY_FAULT_NONE] = N_("This passkey was not accepted. Try again, or choose another way."),
		[PASSKEY_FAULT_REFUSED] = N_("This passkey was not accepted. Try again, or choose another way."),
		[PASSKEY_FAULT_OLD] = N_("This page has expired. Try again."),
		[PASSKEY_FAULT_UNVERIFIED] =
		    N_("This passkey works only with your password. Enter your password first, then use it."),
		[PASSKEY_FAULT_LIMIT] = N_("Your account has too many authenticators and passkeys. Remove one first."),
	};

	return texts[fault < PASSKEY_FAULT_COUNT ? fault : PASSKEY_FAULT_REFUSED];
}

const char *
passkey_refusal_text(const struct passkey_result_body *result)
{
	return result->demoted != 0 ? flash_of(FLASH_PASSKEY_DEMOTED)->sentence : passkey_fault_text(result->fault);
}

bool
exchange_user_verified(const struct exchange *x)
{
	const int64_t least_us = STEP_UP_US - SECONDS_US(USER_VERIFIED_EARLY_SECONDS);

	return x->session.state == STATE_FULL && x->session.user_verified_us >= x->rq->now_us - least_us;
}

/* --- a new passkey ------------------------------------------------------------------------------------------------ */

static err
passkeys_base64url(struct exchange *x, str bytes, str *ret_text)
{
	CLEANUP(buf_wipe) struct buf text = BUF(2 * PASSKEY_HANDLE_MAX);

	buf_put_base64url(&text, bytes);
	TRY(buf_check(&text));
	return arena_copy(x->rq->arena, buf_str(&text), ret_text);
}

err
exchange_passkey_options(struct exchange *x, const struct passkey_options_body *options, bool key,
			 struct page_passkey_options *ret_options)
{
	size_t count = 0;

	*ret_options = (struct page_passkey_options){ .unavailable = options->unavailable != 0,
						      .key = key,
						      .challenge = options->challenge,
						      .rp_id = options->rp_id,
						      .username = str_of(x->session.name),
						      .shown_name = exchange_shown_name(x),
						      .address = str_of(x->web->config->public_origin) };
	TRY(passkeys_base64url(x, options->user_handle, &ret_options->user_handle));
	return passkeys_text(x, options->excluded, &count, &ret_options->passkeys);
}

/* --- signals of this page for the browser ------------------------------------------------------------------------- */

static enum flash_adds
passkeys_flash_adds(const struct exchange *x)
{
	const struct flash *flash = flash_of(flash_read(x->flash));

	return flash == NULL ? FLASH_ADDS_NOTHING : flash->adds;
}

bool
exchange_signal_wanted(const struct exchange *x)
{
	enum flash_adds adds;

	if (x->flash.n == 0 || x->rq->method != HTTP_GET || x->session.state != STATE_FULL)
		return false;
	adds = passkeys_flash_adds(x);
	return adds == FLASH_ADDS_PASSKEYS || (adds == FLASH_ADDS_NAMES && x->session.passkeys > 0);
}

err
exchange_signal(struct exchange *x, struct channel *keeper)
{
	const struct passkeys_ask_body body = { .step_up = 1, .all = 1 };
	struct passkeys_body answer = { 0 };
	struct page_signal signal = { .username = str_of(x->session.name), .shown_name = exchange_shown_name(x) };
	enum verdict verdict = VERDICT_REFUSED;
	size_t count = 0;

	TRY(exchange_ask(x, keeper, QUESTION_PASSKEYS, &body, &verdict, &answer));
	if (verdict != VERDICT_PASSED || answer.user_handle.n == 0)
		return ERR_OK;
	TRY(passkeys_text(x, answer.passkeys, &count, &signal.passkeys));
	signal.details = passkeys_flash_adds(x) == FLASH_ADDS_NAMES;
	if (!signal.details && count < x->session.passkeys) /* an incomplete list would erase the others */
		return ERR_OK;
	signal.rp_id = answer.rp_id;
	TRY(passkeys_base64url(x, answer.user_handle, &signal.user_handle));
	x->signal = signal;
	return ERR_OK;
}
