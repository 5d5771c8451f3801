/*
 * One-time links of the administrator, with which a user sets a password.
 */
#include "web/pages/handlers.h"

#include "base/buf.h"
#include "http/return_to.h"
#include "web/core/messages.h"
#include "web/core/pages.h"

/* Percent-encoding turns one byte into three. */
enum { PASSWORD_SENT_MAX = PASSWORD_MAX_BYTES + 4, RETURN_TO_MAX = 64 + 3 * (LINK_TOKEN_MAX + NEXT_MAX_BYTES) };

static const struct field set_password_fields[] = {
	FIELD(struct set_password_form, link, LINK_TOKEN_MAX, optional),
	FIELD(struct set_password_form, password, PASSWORD_SENT_MAX, optional),
	FIELD(struct set_password_form, confirm, PASSWORD_SENT_MAX, optional),
};
const struct form set_password_form = FORM(struct set_password_form, set_password_fields);

struct link_query {
	str link;
};
static const struct field link_fields[] = { FIELD(struct link_query, link, LINK_TOKEN_MAX, optional) };
static const struct form link_query = FORM(struct link_query, link_fields);

static const char link_dead[] =
    N_("This link is not valid. A link works once, within 24 hours. Ask the administrator for a new one.");

err
link_return_to(struct exchange *x, str page, str token, str *ret_path)
{
	CLEANUP(buf_wipe) struct buf return_to = BUF(RETURN_TO_MAX);

	buf_put(&return_to, page);
	buf_put_percent(&return_to, token);
	if (x->next.n > 0) {
		buf_put(&return_to, STR("&next="));
		buf_put_percent(&return_to, x->next);
	}
	TRY(buf_check(&return_to));
	return arena_copy(x->rq->arena, buf_str(&return_to), ret_path);
}

static err
link_pages_page(struct exchange *x, int status, struct page_set_password *page)
{
	TRY(exchange_layout(x, &page->layout));
	TRY(link_return_to(x, STR("/set-password?link="), page->link, &page->layout.path));
	page_set_password(&x->rp->body, page);
	return exchange_page(x, status);
}

/* Used, expired and unknown links get the same page. */
static err
link_pages_is_dead(struct exchange *x, int status, str link)
{
	struct page_set_password page = { .dead = true, .link = link, .error = link_dead };

	return link_pages_page(x, status, &page);
}

/* The form, with the purpose of the link.  status: for a valid link. */
static err
link_pages_form_page(struct exchange *x, struct channel *keeper, int status, str link, struct page_set_password *page)
{
	const struct link_body body = { link };
	struct link_purpose_body purpose = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_LINK, &body, &verdict, &purpose));
	if (verdict != VERDICT_PASSED || (purpose.kind != LINK_SETUP && purpose.kind != LINK_PASSWORD))
		return link_pages_is_dead(x, status < 400 || status == 422 ? 404 : status, link);
	page->username = purpose.name;
	page->first = purpose.enrolled == 0;
	page->link = link;
	page->expires_us = purpose.expires_us;
	return link_pages_page(x, status, page);
}

err
set_password_show(struct exchange *x, struct channel *keeper)
{
	struct page_set_password page = { 0 };
	struct link_query query = { 0 };

	TRY(form_parse(&link_query, x->rq->query, x->rq->arena, &query, NULL));
	return link_pages_form_page(x, keeper, 200, query.link, &page);
}

/* Show the form again with the link, but without the passwords. */
err
set_password_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	const struct set_password_form *form = x->form;
	struct page_set_password page = { .error = sentence };

	return link_pages_form_page(x, keeper, status, form->link, &page);
}

err
set_password_post(struct exchange *x, struct channel *keeper)
{
	const struct set_password_form *form = x->form;
	const struct link_use_body body = { form->link, form->password, form->confirm };
	struct page_set_password page = { 0 };
	struct problems_body problems = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_LINK_USE, &body, &verdict, &problems));
	if (verdict == VERDICT_PASSED)
		return exchange_redirect(x,
					 x->session.state == STATE_ENROLLING ? STR("/setup-2fa") : STR("/verify-2fa"),
					 (str){ 0 }, FLASH_PASSWORD_SET);
	if (verdict != VERDICT_PROBLEMS)
		return link_pages_is_dead(x, 404, form->link);
	page.password_problem = password_problem_text(problems.password);
	page.confirm_problem = confirm_problem_text(problems.confirm);
	page.strength = problems.strength;
	return link_pages_form_page(x, keeper, 422, form->link, &page);
}
