/*
 * Pages that enrol a passkey: as the first factor of an account, or beside others.  And the switch for codes.
 *
 * A further passkey takes two forms: the first one proves the user, and the keeper answers with the options of the new
 * passkey.  The second one has those options; static/passkeys.js calls the browser with them and sends its answer.
 */
#include "web/pages/handlers.h"

#include "http/return_to.h"
#include "web/core/flash.h"
#include "web/core/form_token.h"
#include "web/core/messages.h"
#include "web/core/pages.h"

enum { NAME_SENT_MAX = 2 * DISPLAY_NAME_MAX_BYTES, PASSWORD_SENT_MAX = PASSWORD_MAX_BYTES + 4, CHOICE_MAX = 1 };

static const str security_path = STR_INIT("/account/security");
static const str new_path = STR_INIT("/account/passkeys/new");
static const str new_key_path = STR_INIT("/account/passkeys/new?key=1");
static const str setup_path = STR_INIT("/setup-passkey");

static const struct field passkey_begin_fields[] = {
	FIELD(struct passkey_begin_form, current, PASSWORD_SENT_MAX, optional),
	FIELD(struct passkey_begin_form, name, NAME_SENT_MAX, optional),
	FIELD(struct passkey_begin_form, key, CHOICE_MAX, optional),
	FIELD(struct passkey_begin_form, otp, FIELD_MAX_BYTES, optional),
	PASSKEY_PROOF_FIELDS(struct passkey_begin_form),
};
const struct form passkey_begin_form = FORM(struct passkey_begin_form, passkey_begin_fields);

static const struct field passkey_new_fields[] = {
	FIELD(struct passkey_new_form, name, NAME_SENT_MAX, optional),
	FIELD(struct passkey_new_form, key, CHOICE_MAX, optional),
	FIELD(struct passkey_new_form, next, NEXT_MAX_BYTES + 1, optional),
	FIELD(struct passkey_new_form, otp, FIELD_MAX_BYTES, optional), /* for step-up: the page has no such field */
	PASSKEY_NEW_FIELDS(struct passkey_new_form),
};
const struct form passkey_new_form = FORM(struct passkey_new_form, passkey_new_fields);

static const struct field codes_fields[] = {
	FIELD(struct codes_form, off, CHOICE_MAX, optional),
	FIELD(struct codes_form, otp, FIELD_MAX_BYTES, optional),
	PASSKEY_PROOF_FIELDS(struct codes_form),
};
const struct form codes_form = FORM(struct codes_form, codes_fields);

/* /account/passkeys/new?key=1: a security key. */
struct key_query {
	str key;
};
static const struct field key_fields[] = { FIELD(struct key_query, key, CHOICE_MAX, optional) };
static const struct form key_query = FORM(struct key_query, key_fields);

/* Why was the new passkey refused?  A msgid. */
static const char *
passkey_new_fault(uint32_t fault)
{
	if (fault == PASSKEY_FAULT_UNVERIFIED)
		return N_("Your device did not ask for a PIN or fingerprint. Set one up on the device, or add the "
			  "device as a security key.");
	return passkey_fault_text(fault);
}

/* --- the first factor --------------------------------------------------------------------------------------------- */

static err
passkey_setup_page(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	struct page_setup_passkey page = { .error = sentence, .next = x->next };
	struct passkey_options_body options = { 0 };

	TRY(exchange_ask_passed(x, keeper, QUESTION_PASSKEY_OFFER, NULL, &options));
	TRY(exchange_passkey_options(x, &options, false, &page.passkey));
	TRY(exchange_layout(x, &page.layout));
	page.layout.passkeys = true;
	page.layout.path = setup_path;
	page_setup_passkey(&x->rp->body, &page);
	return exchange_page(x, status);
}

err
passkey_setup_show(struct exchange *x, struct channel *keeper)
{
	return passkey_setup_page(x, keeper, 200, NULL);
}

err
passkey_setup_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	const struct passkey_new_form *form = x->form;

	exchange_take_next(x, form->next);
	return passkey_setup_page(x, keeper, status, sentence);
}

static err
passkey_pages_body(struct exchange *x, struct passkey_new_body *ret_body)
{
	const struct passkey_new_form *form = x->form;

	*ret_body = (struct passkey_new_body){ .name = form->name,
					       .security_key = form->key.n > 0,
					       .browser = form_token_browser(x) };
	return passkey_new_read(&passkey_new_form, form, x->rq->arena, ret_body);
}

err
passkey_setup_post(struct exchange *x, struct channel *keeper)
{
	const struct passkey_new_form *form = x->form;
	struct passkey_result_body result = { 0 };
	struct passkey_new_body body = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	exchange_take_next(x, form->next);
	TRY(passkey_pages_body(x, &body));
	TRY(exchange_ask(x, keeper, QUESTION_PASSKEY_FIRST, &body, &verdict, &result));
	if (verdict == VERDICT_REFUSED && x->session.state == STATE_ENROLLING)
		return passkey_setup_page(x, keeper, 422, passkey_new_fault(result.fault));
	if (verdict != VERDICT_PASSED)
		return ERR_DENIED;
	TRY(exchange_device_cookie(x, &result.device));
	if (x->next.n == 0)
		exchange_take_next(x, result.next);
	return exchange_redirect(x, STR("/account/recovery-codes"), x->next, FLASH_ENROLLED);
}

/* --- a further one: the form that proves the user ----------------------------------------------------------------- */

static err
passkey_new_page(struct exchange *x, int status, struct page_passkey_new *page)
{
	page->otp = x->otp;
	TRY(exchange_layout(x, &page->layout));
	page->layout.path = page->key ? new_key_path : new_path;
	TRY(exchange_otp_swap(x, &page->layout, &page->otp));
	page_passkey_new(&x->rp->body, page);
	return exchange_page(x, status);
}

err
passkey_new_show(struct exchange *x)
{
	struct key_query query = { 0 };

	TRY(form_parse(&key_query, x->rq->query, x->rq->arena, &query, NULL));
	return passkey_new_page(x, 200, &(struct page_passkey_new){ .key = query.key.n > 0 });
}

/*
 * With a sentence, the form came from another site or has expired: its values are not shown, especially not a
 * password.
 */
err
passkey_begin_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	const struct passkey_begin_form *form = x->form;
	struct page_passkey_new page = { .error = sentence, .key = form->key.n > 0 };

	if (sentence == NULL) {
		page.name = form->name;
		page.current = form->current;
	}
	return passkey_new_page(x, status, &page);
}

static err
passkey_create_page(struct exchange *x, const struct passkey_options_body *options)
{
	const struct passkey_begin_form *form = x->form;
	struct page_passkey_create page = { .name = form->name };

	TRY(exchange_passkey_options(x, options, form->key.n > 0, &page.passkey));
	TRY(exchange_layout(x, &page.layout));
	page.layout.passkeys = true;
	page.layout.path = page.passkey.key ? new_key_path : new_path;
	page_passkey_create(&x->rp->body, &page);
	return exchange_page(x, 200);
}

err
passkey_begin_post(struct exchange *x, struct channel *keeper)
{
	const struct passkey_begin_form *form = x->form;
	const struct passkey_begin_body body = { form->current, form->name, .security_key = form->key.n > 0 };
	struct page_passkey_new page = { .name = form->name, .current = form->current, .key = form->key.n > 0 };
	struct passkey_options_body options = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_PASSKEY_BEGIN, &body, &verdict, &options));
	if (verdict == VERDICT_PASSED || options.unavailable != 0)
		return passkey_create_page(x, &options);
	if (verdict == VERDICT_REFUSED && x->session.state == STATE_FULL) {
		page.error = passkey_fault_text(PASSKEY_FAULT_LIMIT);
		return passkey_new_page(x, 422, &page);
	}
	if (verdict != VERDICT_PROBLEMS)
		return ERR_DENIED;
	page.name_problem = factor_name_problem_text(options.display_name);
	page.current_problem = current_problem_text(options.current);
	return passkey_new_page(x, 422, &page);
}

/* --- a further one: the answer of the browser --------------------------------------------------------------------- */

/* The options were for one answer, so the user begins again. */
static err
passkey_add_again(struct exchange *x, int status, const char *sentence)
{
	const struct passkey_new_form *form = x->form;

	return passkey_new_page(
	    x, status, &(struct page_passkey_new){ .error = sentence, .key = form->key.n > 0, .name = form->name });
}

err
passkey_add_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	return passkey_add_again(x, status, sentence);
}

err
passkey_add_post(struct exchange *x, struct channel *keeper)
{
	struct passkey_result_body result = { 0 };
	struct passkey_new_body body = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(passkey_pages_body(x, &body));
	TRY(exchange_ask(x, keeper, QUESTION_PASSKEY_ADD, &body, &verdict, &result));
	if (verdict == VERDICT_PASSED)
		return exchange_redirect(x, security_path, (str){ 0 }, FLASH_PASSKEY_ADDED);
	if (verdict == VERDICT_REFUSED && x->session.state == STATE_FULL)
		return passkey_add_again(x, 422, passkey_new_fault(result.fault));
	return ERR_DENIED;
}

/* A reload of the page that the first form showed. */
err
passkey_add_show(struct exchange *x)
{
	return exchange_redirect(x, new_path, (str){ 0 }, FLASH_NONE);
}

/* --- switching codes off and on ---------------------------------------------------------------------------------- */

static err
codes_page(struct exchange *x, int status, const char *sentence)
{
	struct page_codes page = { .off = x->session.codes_off, .error = sentence, .otp = x->otp };

	page.otp.submits = false;
	TRY(exchange_layout(x, &page.layout));
	page.layout.path = STR("/account/codes");
	TRY(exchange_otp_swap(x, &page.layout, &page.otp));
	page_codes(&x->rp->body, &page);
	return exchange_page(x, status);
}

err
codes_show(struct exchange *x)
{
	return codes_page(x, 200, NULL);
}

err
codes_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	return codes_page(x, status, sentence);
}

err
codes_post(struct exchange *x, struct channel *keeper)
{
	const struct codes_form *form = x->form;
	const struct codes_off_body body = { .off = form->off.n > 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_CODES_OFF, &body, &verdict, NULL));
	if (verdict == VERDICT_PASSED)
		return exchange_redirect(x, security_path, (str){ 0 }, body.off ? FLASH_CODES_OFF : FLASH_CODES_ON);
	if (verdict != VERDICT_REFUSED || x->session.state != STATE_FULL)
		return ERR_DENIED;
	return codes_page(x, 422, N_("To switch codes off, you need two passkeys, or one passkey and recovery codes."));
}
