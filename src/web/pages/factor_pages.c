/*
 * The security page: password, authenticators, recovery codes.  Authenticators: the first one of an account, and the
 * pages to add, replace, rename and remove them.
 */
#include "web/pages/handlers.h"

#include "qr/qr.h"
#include "web/core/flash.h"
#include "web/core/messages.h"
#include "web/core/pages.h"

#include <inttypes.h>

/* A value truncated to these sizes is still too long for the keeper, and ends with a whole character. */
enum { NAME_SENT_MAX = 2 * DISPLAY_NAME_MAX_BYTES, PASSWORD_SENT_MAX = PASSWORD_MAX_BYTES + 4 };
enum { ID_MAX = 20, FACTORS_MAX = 256, RETURN_TO_MAX = 128 };
enum { QR_PIXELS = 280 }; /* less than the width of a phone */

static const str security_path = STR_INIT("/account/security");
static const str new_path = STR_INIT("/account/authenticators/new");
static const str confirm_path = STR_INIT("/account/authenticators/confirm");

static const struct field factor_new_fields[] = {
	FIELD(struct factor_new_form, current, PASSWORD_SENT_MAX, optional),
	FIELD(struct factor_new_form, name, NAME_SENT_MAX, optional),
	FIELD(struct factor_new_form, replaces, ID_MAX, optional),
	PASSKEY_PROOF_FIELDS(struct factor_new_form),
	FIELD(struct factor_new_form, otp, FIELD_MAX_BYTES, optional),
};
const struct form factor_new_form = FORM(struct factor_new_form, factor_new_fields);

static const struct field factor_code_fields[] = {
	FIELD(struct factor_code_form, otp, FIELD_MAX_BYTES, optional),
};
const struct form factor_code_form = FORM(struct factor_code_form, factor_code_fields);

static const struct field factor_name_fields[] = {
	FIELD(struct factor_name_form, id, ID_MAX, optional),
	FIELD(struct factor_name_form, name, NAME_SENT_MAX, optional),
};
const struct form factor_name_form = FORM(struct factor_name_form, factor_name_fields);

static const struct field factor_remove_fields[] = {
	FIELD(struct factor_remove_form, id, ID_MAX, optional),
	FIELD(struct factor_remove_form, passkey, 1, optional),
	PASSKEY_PROOF_FIELDS(struct factor_remove_form),
	FIELD(struct factor_remove_form, otp, FIELD_MAX_BYTES, optional),
};
const struct form factor_remove_form = FORM(struct factor_remove_form, factor_remove_fields);

/* /account/authenticators/new?replaces= */
struct replaces_query {
	str replaces;
};
static const struct field replaces_fields[] = { FIELD(struct replaces_query, replaces, ID_MAX, optional) };
static const struct form replaces_query = FORM(struct replaces_query, replaces_fields);

static const char not_removable[] =
    N_("This authenticator cannot be removed. It is your only one, or you signed in with it.");
static const char needed_without_codes[] =
    N_("While codes are off, you need this passkey. Switch codes on first, or add another passkey.");
static const char useless_without_codes[] =
    N_("Codes are off, so a new authenticator would be of no use. Switch codes on first.");

const char *
factor_name_problem_text(uint32_t problem)
{
	static const char *const texts[PROBLEM_COUNT] = {
		[PROBLEM_MISSING] = N_("Enter a name."),
		[PROBLEM_TOO_LONG] = N_("Use at most 40 characters."),
		[PROBLEM_CHARACTERS] = N_("This name contains a character that is not allowed. Choose another one."),
		[PROBLEM_BLANK] = N_("A name must not consist of spaces only."),
		[PROBLEM_TAKEN] = N_("Another authenticator has this name. Choose another name."),
	};

	return texts[problem];
}

/* 0: invalid; no authenticator has this id. */
static int64_t
factor_pages_id_of(str text)
{
	uint64_t id = 0;

	return str_number(text, INT64_MAX, &id) == ERR_OK ? (int64_t)id : 0;
}

/* --- the first authenticator -------------------------------------------------------------------------------------- */

static err
factor_pages_qr_base64(struct exchange *x, struct page_key *key)
{
	CLEANUP(buf_wipe) struct buf png = BUF(64 * 1024);
	CLEANUP(buf_wipe) struct buf text = BUF(128 * 1024);

	TRY(qr_png_fit(key->uri, QR_PIXELS, &png, &key->qr_side));
	buf_put_base64(&text, buf_str(&png));
	TRY(buf_check(&text));
	return arena_copy(x->rq->arena, buf_str(&text), &key->qr_png);
}

/* The secret that this session enrols, and the number of digits of its codes. */
static err
factor_pages_key(struct exchange *x, struct channel *keeper, struct page_key *ret_key, struct page_otp *otp)
{
	struct enrolment_body enrolment = { 0 };

	TRY(exchange_ask_passed(x, keeper, QUESTION_ENROL, NULL, &enrolment));
	ret_key->secret = enrolment.secret;
	ret_key->uri = enrolment.uri;
	otp->shown = true;
	otp->recovery = false;
	otp->digits = enrolment.code_digits;
	return factor_pages_qr_base64(x, ret_key);
}

err
setup_page(struct exchange *x, struct channel *keeper, int status, const struct page_otp *otp, const char *sentence)
{
	struct page_setup_2fa page = { .otp = *otp,
				       .error = sentence,
				       .next = x->next,
				       .passkeys_possible = x->web->config->passkey_rp_id[0] != '\0' };

	TRY(factor_pages_key(x, keeper, &page.key, &page.otp));
	TRY(exchange_layout(x, &page.layout));
	page_setup_2fa(&x->rp->body, &page);
	return exchange_page(x, status);
}

err
setup_show(struct exchange *x, struct channel *keeper)
{
	struct page_otp otp = { 0 };

	exchange_otp(x, &otp);
	return setup_page(x, keeper, 200, &otp, NULL);
}

/* --- the security page -------------------------------------------------------------------------------------------- */

static err
factor_pages_take_factors(struct exchange *x, str list, struct page_security *page)
{
	page->factors = arena_alloc(x->rq->arena, FACTORS_MAX * sizeof(page->factors[0]));
	if (page->factors == NULL)
		return ERR_MEMORY;
	while (list.n > 0 && page->factors_count < FACTORS_MAX) {
		struct factor_item item = { 0 };
		TRY(wire_get(&list, &wire_factor_item, &item));
		page->factors[page->factors_count] =
		    (struct page_authenticator){ .id = item.id,
						 .number = item.passkey != 0 ? ++page->passkeys : ++page->codes,
						 .name = item.name,
						 .created_us = item.created_us,
						 .last_used_us = item.last_used_us,
						 .disabled = item.disabled != 0,
						 .current = item.current != 0,
						 .passkey = item.passkey != 0,
						 .synced = item.synced != 0,
						 .alone = item.alone != 0,
						 .other_host = item.other_host != 0 };
		page->factors_count++;
	}
	return ERR_OK;
}

/* Choose the links to offer; the keeper decides. */
static void
factor_pages_mark_factors(struct exchange *x, struct page_security *page)
{
	size_t active = 0;

	for (size_t i = 0; i < page->factors_count; i++)
		active += page->factors[i].disabled ? 0 : 1;
	for (size_t i = 0; i < page->factors_count; i++) {
		struct page_authenticator *factor = &page->factors[i];
		factor->removable = factor->disabled || (active > 1 && (!factor->current || x->session.recovered));
	}
}

static err
factor_pages_account(struct exchange *x, struct channel *keeper, struct page_security *ret_page)
{
	struct page_security page = { .recovered = x->session.recovered, .next = x->next };
	struct account_body account = { 0 };

	TRY(exchange_ask_passed(x, keeper, QUESTION_ACCOUNT, NULL, &account));
	TRY(factor_pages_take_factors(x, account.factors, &page));
	factor_pages_mark_factors(x, &page);
	page.password_changed_us = account.password_changed_us;
	page.recovery_made_us = account.recovery_made_us;
	page.codes_off = account.codes_off != 0;
	page.codes_off_allowed = account.codes_off_allowed != 0;
	page.passkeys_possible = x->web->config->passkey_rp_id[0] != '\0';
	*ret_page = page;
	return ERR_OK;
}

static err
factor_pages_security_page(struct exchange *x, int status, struct page_security *page)
{
	TRY(exchange_layout(x, &page->layout));
	if (x->rq->method == HTTP_POST)
		page->layout.path = security_path;
	page_security(&x->rp->body, page);
	return exchange_page(x, status);
}

err
security_show(struct exchange *x, struct channel *keeper)
{
	struct page_security page = { 0 };

	TRY(factor_pages_account(x, keeper, &page));
	return factor_pages_security_page(x, 200, &page);
}

/* The list of authenticators was a separate page. */
err
factors_moved_show(struct exchange *x)
{
	return exchange_redirect(x, STR("/account/security#authenticators"), x->next, FLASH_NONE);
}

/* --- renaming and removing ---------------------------------------------------------------------------------------- */

/* /account/authenticators/rename?id= */
struct id_query {
	str id;
};
static const struct field id_fields[] = { FIELD(struct id_query, id, ID_MAX, optional) };
static const struct form id_query = FORM(struct id_query, id_fields);

/* Return URL of a page about one authenticator: path?name=id. */
static err
factor_pages_return_to(struct exchange *x, const char *path_and_name, int64_t id, str *ret_path)
{
	CLEANUP(buf_wipe) struct buf return_to = BUF(RETURN_TO_MAX);

	buf_printf(&return_to, "%s%" PRId64, path_and_name, id);
	TRY(buf_check(&return_to));
	return arena_copy(x->rq->arena, buf_str(&return_to), ret_path);
}

static const struct page_authenticator *
factor_pages_find(const struct page_security *page, int64_t id)
{
	for (size_t i = 0; i < page->factors_count; i++)
		if (page->factors[i].id == id)
			return &page->factors[i];
	return NULL;
}

/* The account has no such authenticator. */
static err
factor_pages_gone(struct exchange *x, int status, const char *sentence, struct page_security *page)
{
	if (status < 400)
		return exchange_redirect(x, security_path, (str){ 0 }, FLASH_FACTOR_GONE);
	page->error = sentence != NULL ? sentence : flash_of(FLASH_FACTOR_GONE)->sentence;
	return factor_pages_security_page(x, status, page);
}

static err
factor_pages_rename_page(struct exchange *x, struct channel *keeper, int status, int64_t id,
			 struct page_authenticator_rename *page)
{
	struct page_security all = { 0 };
	const struct page_authenticator *factor;

	TRY(factor_pages_account(x, keeper, &all));
	factor = factor_pages_find(&all, id);
	if (factor == NULL)
		return factor_pages_gone(x, status, page->error, &all);
	page->factor = *factor;
	if (page->name_problem == NULL)
		page->name = factor->name;
	TRY(exchange_layout(x, &page->layout));
	TRY(factor_pages_return_to(x, "/account/authenticators/rename?id=", id, &page->layout.path));
	page_authenticator_rename(&x->rp->body, page);
	return exchange_page(x, status);
}

err
factor_rename_show(struct exchange *x, struct channel *keeper)
{
	struct id_query query = { 0 };

	TRY(form_parse(&id_query, x->rq->query, x->rq->arena, &query, NULL));
	return factor_pages_rename_page(x, keeper, 200, factor_pages_id_of(query.id),
					&(struct page_authenticator_rename){ 0 });
}

err
factor_rename_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	const struct factor_name_form *form = x->form;

	return factor_pages_rename_page(x, keeper, status, factor_pages_id_of(form->id),
					&(struct page_authenticator_rename){ .error = sentence });
}

err
factor_rename_post(struct exchange *x, struct channel *keeper)
{
	const struct factor_name_form *form = x->form;
	const struct factor_body body = { .id = factor_pages_id_of(form->id), .name = form->name };
	struct page_authenticator_rename page = { .name = form->name };
	struct problems_body problems = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_FACTOR_RENAME, &body, &verdict, &problems));
	if (verdict == VERDICT_PROBLEMS) {
		page.name_problem = factor_name_problem_text(problems.display_name);
		return factor_pages_rename_page(x, keeper, 422, body.id, &page);
	}
	return exchange_redirect(x, security_path, (str){ 0 },
				 verdict == VERDICT_PASSED ? FLASH_FACTOR_RENAMED : FLASH_FACTOR_GONE);
}

static err
factor_pages_remove_page(struct exchange *x, struct channel *keeper, int status, int64_t id, const char *sentence)
{
	struct page_authenticator_remove page = { .otp = x->otp, .error = sentence };
	struct page_security all = { 0 };
	const struct page_authenticator *factor;

	TRY(factor_pages_account(x, keeper, &all));
	factor = factor_pages_find(&all, id);
	if (factor == NULL)
		return factor_pages_gone(x, status, sentence, &all);
	page.factor = *factor;
	page.otp.submits = false;
	TRY(exchange_layout(x, &page.layout));
	TRY(factor_pages_return_to(x, "/account/authenticators/remove?id=", id, &page.layout.path));
	TRY(exchange_otp_swap(x, &page.layout, &page.otp));
	page_authenticator_remove(&x->rp->body, &page);
	return exchange_page(x, status);
}

err
factor_remove_show(struct exchange *x, struct channel *keeper)
{
	struct id_query query = { 0 };

	TRY(form_parse(&id_query, x->rq->query, x->rq->arena, &query, NULL));
	return factor_pages_remove_page(x, keeper, 200, factor_pages_id_of(query.id), NULL);
}

err
factor_remove_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	const struct factor_remove_form *form = x->form;

	if (form == NULL)
		return factor_remove_show(x, keeper);
	return factor_pages_remove_page(x, keeper, status, factor_pages_id_of(form->id), sentence);
}

/* Why was the removal refused?  A msgid. */
static const char *
factor_pages_why_kept(const struct page_security *page, int64_t id)
{
	const struct page_authenticator *factor = factor_pages_find(page, id);

	return factor != NULL && factor->passkey && factor->removable && page->codes_off ? needed_without_codes
											 : not_removable;
}

err
factor_remove_post(struct exchange *x, struct channel *keeper)
{
	const struct factor_remove_form *form = x->form;
	const struct factor_body body = { .id = factor_pages_id_of(form->id) };
	struct page_security page = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_FACTOR_REMOVE, &body, &verdict, NULL));
	if (verdict == VERDICT_PASSED)
		return exchange_redirect(x, security_path, (str){ 0 },
					 form->passkey.n > 0 ? FLASH_PASSKEY_REMOVED : FLASH_FACTOR_REMOVED);
	TRY(factor_pages_account(x, keeper, &page));
	page.error = factor_pages_why_kept(&page, body.id);
	return factor_pages_security_page(x, 422, &page);
}

/* --- adding ------------------------------------------------------------------------------------------------------- */

static err
factor_pages_new_page(struct exchange *x, int status, struct page_authenticator_new *page)
{
	page->otp = x->otp;
	TRY(exchange_layout(x, &page->layout));
	page->layout.path = new_path;
	if (page->replaces != 0)
		TRY(factor_pages_return_to(x, "/account/authenticators/new?replaces=", page->replaces,
					   &page->layout.path));
	TRY(exchange_otp_swap(x, &page->layout, &page->otp));
	page_authenticator_new(&x->rp->body, page);
	return exchange_page(x, status);
}

err
factor_new_show(struct exchange *x)
{
	struct replaces_query query = { 0 };
	struct page_authenticator_new page = { 0 };

	TRY(form_parse(&replaces_query, x->rq->query, x->rq->arena, &query, NULL));
	page.replaces = factor_pages_id_of(query.replaces);
	return factor_pages_new_page(x, 200, &page);
}

/* The form as sent. */
static struct page_authenticator_new
factor_pages_new_typed(const struct exchange *x)
{
	const struct factor_new_form *form = x->form;

	return (struct page_authenticator_new){ .name = form->name,
						.current = form->current,
						.replaces = factor_pages_id_of(form->replaces) };
}

/*
 * With a sentence, the form came from another site or has expired: its values are not shown, especially not a
 * password.
 */
err
factor_new_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	const struct factor_new_form *form = x->form;
	struct page_authenticator_new page = { .error = sentence, .replaces = factor_pages_id_of(form->replaces) };

	if (sentence == NULL)
		page = factor_pages_new_typed(x);
	return factor_pages_new_page(x, status, &page);
}

/* The codes are off, the account has too many factors, or the authenticator to replace is gone. */
static err
factor_pages_new_refused(struct exchange *x, struct page_authenticator_new *page)
{
	if (!x->session.codes_off && page->replaces != 0)
		return exchange_redirect(x, security_path, (str){ 0 }, FLASH_FACTOR_GONE);
	page->error = x->session.codes_off ? useless_without_codes : passkey_fault_text(PASSKEY_FAULT_LIMIT);
	return factor_pages_new_page(x, 422, page);
}

err
factor_new_post(struct exchange *x, struct channel *keeper)
{
	const struct factor_new_form *form = x->form;
	const struct factor_begin_body body = { form->current, form->name, factor_pages_id_of(form->replaces) };
	struct page_authenticator_new page = factor_pages_new_typed(x);
	struct problems_body problems = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_FACTOR_BEGIN, &body, &verdict, &problems));
	if (verdict == VERDICT_PASSED)
		return exchange_redirect(x, confirm_path, (str){ 0 }, FLASH_NONE);
	if (verdict == VERDICT_REFUSED)
		return factor_pages_new_refused(x, &page);
	page.name_problem = factor_name_problem_text(problems.display_name);
	page.current_problem = current_problem_text(problems.current);
	return factor_pages_new_page(x, 422, &page);
}

/* --- the first code of a new authenticator ------------------------------------------------------------------------ */

static err
factor_pages_confirm_page(struct exchange *x, struct channel *keeper, int status,
			  struct page_authenticator_confirm *page)
{
	TRY(factor_pages_key(x, keeper, &page->key, &page->otp));
	TRY(exchange_layout(x, &page->layout));
	page_authenticator_confirm(&x->rp->body, page);
	return exchange_page(x, status);
}

err
factor_confirm_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	struct page_authenticator_confirm page = { .error = sentence };

	exchange_otp(x, &page.otp);
	return factor_pages_confirm_page(x, keeper, status, &page);
}

err
factor_confirm_show(struct exchange *x, struct channel *keeper)
{
	return factor_confirm_redisplay(x, keeper, 200, NULL);
}

err
factor_confirm_post(struct exchange *x, struct channel *keeper)
{
	const struct factor_code_form *form = x->form;
	const struct verify_body body = { form->otp };
	struct page_authenticator_confirm page = { .error = NULL };
	struct verified_body verified = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_FACTOR_CONFIRM, &body, &verdict, &verified));
	if (verdict == VERDICT_PASSED)
		return exchange_redirect(x, security_path, (str){ 0 }, FLASH_FACTOR_ADDED);
	exchange_otp(x, &page.otp);
	page.otp.recovery = false;
	exchange_otp_refused(verdict, &verified, &page.otp);
	return factor_pages_confirm_page(x, keeper, 422, &page);
}
