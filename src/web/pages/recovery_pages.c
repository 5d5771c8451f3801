/*
 * Recovery codes: shown once when they are made, later only counted.
 */
#include "web/pages/handlers.h"

#include "http/return_to.h"
#include "web/core/form_token.h"
#include "web/core/host.h"
#include "web/core/messages.h"
#include "web/core/pages.h"

enum { CODES_MAX = 10, CODE_GROUP = 4, CODE_TEXT_MAX = 64 };

static const struct field renew_fields[] = {
	PASSKEY_PROOF_FIELDS(struct renew_form),
	FIELD(struct renew_form, otp, FIELD_MAX_BYTES, optional),
	FIELD(struct renew_form, next, NEXT_MAX_BYTES + 1, optional),
};
const struct form renew_form = FORM(struct renew_form, renew_fields);

static const struct field saved_fields[] = {
	FIELD(struct saved_form, next, NEXT_MAX_BYTES + 1, optional),
};
const struct form saved_form = FORM(struct saved_form, saved_fields);

/* Write ABCDEFGH as ABCD-EFGH: groups are easier to copy than 24 letters. */
static err
recovery_pages_put_grouped(struct exchange *x, str code, str *ret_text)
{
	CLEANUP(buf_wipe) struct buf text = BUF(CODE_TEXT_MAX);

	while (code.n > 0) {
		if (text.n > 0)
			buf_put_byte(&text, '-');
		buf_put(&text, str_upto(code, CODE_GROUP));
		code = str_from(code, CODE_GROUP);
	}
	TRY(buf_check(&text));
	return arena_copy(x->rq->arena, buf_str(&text), ret_text);
}

static err
recovery_pages_take_codes(struct exchange *x, str lines, struct page_recovery_codes *page)
{
	page->codes = arena_alloc(x->rq->arena, CODES_MAX * sizeof(page->codes[0]));
	if (page->codes == NULL)
		return ERR_MEMORY;
	while (lines.n > 0 && page->codes_count < CODES_MAX)
		TRY(recovery_pages_put_grouped(x, str_cut(&lines, '\n'), &page->codes[page->codes_count++].text));
	return ERR_OK;
}

static err
recovery_pages_server(struct exchange *x, str *ret_url)
{
	CLEANUP(buf_wipe) struct buf url = BUF(CONFIG_TEXT_MAX + 32);

	host_put_right(x->web->config, &url);
	TRY(buf_check(&url));
	return arena_copy(x->rq->arena, buf_str(&url), ret_url);
}

static err
recovery_pages_page(struct exchange *x, int status, struct page_recovery_codes *page)
{
	page->username = str_of(x->session.name);
	page->next = x->next;
	TRY(recovery_pages_server(x, &page->server));
	TRY(exchange_layout(x, &page->layout));
	TRY(exchange_otp_swap(x, &page->layout, &page->otp));
	page_recovery_codes(&x->rp->body, page);
	return exchange_page(x, status);
}

static err
recovery_pages_take(struct exchange *x, const struct recovery_codes_body *codes, struct page_recovery_codes *page)
{
	page->left = codes->left;
	page->made_us = codes->made_us;
	TRY(recovery_pages_take_codes(x, codes->codes, page));
	return recovery_pages_page(x, 200, page);
}

/* Make new codes, and show them. */
static err
recovery_pages_make(struct exchange *x, struct channel *keeper, bool renew)
{
	const struct recovery_body body = { .renew = renew };
	struct page_recovery_codes page = { .otp = x->otp };
	struct recovery_codes_body codes = { 0 };

	TRY(exchange_ask_passed(x, keeper, QUESTION_RECOVERY, &body, &codes));
	return recovery_pages_take(x, &codes, &page);
}

/* Show how many codes are left; on the first visit, make ten. */
static err
recovery_pages_look(struct exchange *x, struct channel *keeper)
{
	struct page_recovery_codes page = { .otp = x->otp };
	struct recovery_codes_body codes = { 0 };

	TRY(exchange_ask_passed(x, keeper, QUESTION_RECOVERY_LEFT, NULL, &codes));
	return codes.made_us == 0 ? recovery_pages_make(x, keeper, false) : recovery_pages_take(x, &codes, &page);
}

err
recovery_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	struct page_recovery_codes page = { .error = sentence, .left = x->session.recovery_left, .otp = x->otp };
	const struct renew_form *form = x->form;

	if (sentence == NULL && form != NULL)
		exchange_take_next(x, form->next);
	return recovery_pages_page(x, status, &page);
}

/*
 * A HEAD request shows no page, so it must not make codes.  Another site must not make the browser load codes that
 * the user does not see.
 */
err
recovery_show(struct exchange *x, struct channel *keeper)
{
	if (x->rq->method == HTTP_HEAD || !form_origin_ours(x))
		return recovery_redisplay(x, keeper, 200, NULL);
	return recovery_pages_look(x, keeper);
}

err
recovery_post(struct exchange *x, struct channel *keeper)
{
	const struct renew_form *form = x->form;

	exchange_take_next(x, form->next);
	return recovery_pages_make(x, keeper, true);
}

/* The user has saved the codes: go on to the application, or to the home page. */
err
recovery_saved_post(struct exchange *x)
{
	const struct saved_form *form = x->form;

	exchange_take_next(x, form->next);
	return exchange_redirect(x, x->next.n > 0 ? x->next : STR("/"), (str){ 0 }, FLASH_NONE);
}

err
recovery_saved_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	struct page_recovery_codes page = { .error = sentence, .left = x->session.recovery_left };

	exchange_otp(x, &page.otp);
	return recovery_pages_page(x, status, &page);
}
