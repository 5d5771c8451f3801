/*
 * Recovery codes: shown once when they are made, afterwards only counted.
 */
#include "web/handlers.h"

#include "http/next.h"
#include "web/form_token.h"
#include "web/messages.h"
#include "web/pages.h"

enum { CODES_MAX = 10, CODE_GROUP = 4, CODE_TEXT_MAX = 64 };

static const struct field renew_fields[] = {
	FIELD(struct renew_form, csrf_token, FORM_TOKEN_MAX, optional),
	FIELD(struct renew_form, otp, FIELD_MAX_BYTES, optional),
	FIELD(struct renew_form, next, NEXT_MAX_BYTES + 1, optional),
};
const struct form renew_form = FORM(struct renew_form, renew_fields);

/* ABCDEFGH → ABCD-EFGH: nobody copies 24 letters in one breath. */
static err
put_grouped(struct exchange *x, str code, str *ret_text)
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
take_codes(struct exchange *x, str lines, struct page_recovery_codes *page)
{
	page->codes = arena_alloc(x->rq->arena, CODES_MAX * sizeof(page->codes[0]));
	if (page->codes == NULL)
		return ERR_MEMORY;
	while (lines.n > 0 && page->codes_count < CODES_MAX)
		TRY(put_grouped(x, str_cut(&lines, '\n'), &page->codes[page->codes_count++].text));
	return ERR_OK;
}

static err
recovery_page(struct exchange *x, int status, struct page_recovery_codes *page)
{
	page->username = str_of(x->session.name);
	page->next = x->next;
	TRY(exchange_frame(x, &page->frame));
	page_recovery_codes(&x->rp->body, page);
	return exchange_page(x, status);
}

static err
recovery_take(struct exchange *x, const struct recovery_codes_body *codes, struct page_recovery_codes *page)
{
	page->left = codes->left;
	page->made_us = codes->made_us;
	TRY(take_codes(x, codes->codes, page));
	return recovery_page(x, 200, page);
}

/* Have them made, and show what the answer is; status: what the page has when the proof is too old. */
static err
recovery_make(struct exchange *x, struct channel *keeper, bool renew, int stale_status,
	      struct page_recovery_codes *page)
{
	const struct recovery_body body = { .renew = renew };
	struct recovery_codes_body codes = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_RECOVERY, &body, &verdict, &codes));
	if (verdict == VERDICT_STEP_UP) {
		exchange_otp_missing(&page->otp);
		page->left = x->session.recovery_left;
		return recovery_page(x, stale_status, page);
	}
	if (verdict != VERDICT_PASSED)
		return exchange_lead(x, x->next);
	return recovery_take(x, &codes, page);
}

/* How many there are; the first time there are none, and ten are made. */
static err
recovery_look(struct exchange *x, struct channel *keeper, struct page_recovery_codes *page)
{
	struct recovery_codes_body codes = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_RECOVERY_LEFT, NULL, &verdict, &codes));
	if (verdict != VERDICT_PASSED)
		return exchange_lead(x, x->next);
	return codes.made_us == 0 ? recovery_make(x, keeper, false, 200, page) : recovery_take(x, &codes, page);
}

err
recovery_again(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	struct page_recovery_codes page = { .error = sentence, .left = x->session.recovery_left };

	exchange_otp(x, &page.otp);
	return recovery_page(x, status, &page);
}

/* A HEAD shows nothing, and so must not make any; nor may another site have them shown where nobody looks. */
err
recovery_show(struct exchange *x, struct channel *keeper)
{
	struct page_recovery_codes page = { 0 };

	if (x->rq->method == HTTP_HEAD || !form_origin_ours(x))
		return recovery_again(x, keeper, 200, NULL);
	exchange_otp(x, &page.otp);
	return recovery_look(x, keeper, &page);
}

err
recovery_post(struct exchange *x, struct channel *keeper)
{
	const struct renew_form *form = x->form;
	struct page_recovery_codes page = { 0 };

	if (form->next.n > 0)
		x->next = next_is_safe(form->next) ? form->next : (str){ 0 };
	TRY(exchange_step_up(x, keeper, form->otp, &page.otp));
	if (page.otp.problem == NULL)
		return recovery_make(x, keeper, true, 422, &page);
	page.left = x->session.recovery_left;
	return recovery_page(x, 422, &page);
}
