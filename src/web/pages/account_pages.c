/*
 * The user's own account: overview, preferences, password, deletion.
 */
#include "web/pages/handlers.h"

#include "web/core/language.h"
#include "web/core/messages.h"
#include "web/core/pages.h"
#include "web/pages/checkup.h"

/* A value truncated to these sizes is still too long for the keeper. */
enum { NAME_SENT_MAX = 2 * DISPLAY_NAME_MAX_BYTES, PASSWORD_SENT_MAX = PASSWORD_MAX_BYTES + 4, CHOICE_MAX = 8 };

static const struct field profile_fields[] = {
	FIELD(struct profile_form, display_name, NAME_SENT_MAX, optional),
	FIELD(struct profile_form, language, CHOICE_MAX, optional),
	FIELD(struct profile_form, time_format, CHOICE_MAX, optional),
};
const struct form profile_form = FORM(struct profile_form, profile_fields);

static const struct field password_fields[] = {
	FIELD(struct password_form, current, PASSWORD_SENT_MAX, optional),
	FIELD(struct password_form, password, PASSWORD_SENT_MAX, optional),
	FIELD(struct password_form, confirm, PASSWORD_SENT_MAX, optional),
	PASSKEY_PROOF_FIELDS(struct password_form),
	FIELD(struct password_form, otp, FIELD_MAX_BYTES, optional),
	FIELD(struct password_form, until, 20, optional),
};
const struct form password_form = FORM(struct password_form, password_fields);

static const struct field close_fields[] = {
	FIELD(struct close_form, username, FIELD_MAX_BYTES, optional),
	FIELD(struct close_form, current, PASSWORD_SENT_MAX, optional),
	PASSKEY_PROOF_FIELDS(struct close_form),
	FIELD(struct close_form, otp, FIELD_MAX_BYTES, optional),
};
const struct form close_form = FORM(struct close_form, close_fields);

static const char *const name_problems[PROBLEM_COUNT] = {
	[PROBLEM_TOO_LONG] = N_("Use at most 40 characters."),
	[PROBLEM_CHARACTERS] = N_("This name contains a character that is not allowed. Choose another one."),
};

const char *
current_problem_text(uint32_t problem)
{
	static const char *const texts[PROBLEM_COUNT] = {
		[PROBLEM_MISSING] = N_("Enter your current password."),
		[PROBLEM_WRONG] = N_("This is not your current password. Try again."),
	};

	return texts[problem];
}

static const char *const close_name_problems[PROBLEM_COUNT] = {
	[PROBLEM_MISSING] = N_("Enter your user name to confirm."),
	[PROBLEM_WRONG] = N_("This is not your user name. Your account was not closed."),
};

/* --- overview ----------------------------------------------------------------------------------------------------- */

err
account_show(struct exchange *x)
{
	struct page_account page = { .username = str_of(x->session.name),
				     .display_name = str_of(x->session.display_name),
				     .created_us = x->session.created_us };

	checkup_fill(x, &page.checkup);
	TRY(exchange_layout(x, &page.layout));
	page_account(&x->rp->body, &page);
	return exchange_page(x, 200);
}

/* --- preferences -------------------------------------------------------------------------------------------------- */

static const str languages[PREFERRED_COUNT] = { STR_INIT(""), STR_INIT("fr"), STR_INIT("en") };
static const str formats[TIME_FORMAT_COUNT] = { STR_INIT(""), STR_INIT("24"), STR_INIT("12"), STR_INIT("iso") };

/* An unknown choice counts as no choice. */
static uint32_t
account_pages_choice(const str *choices, uint32_t n, str typed)
{
	for (uint32_t i = 0; i < n; i++)
		if (str_equal(choices[i], typed))
			return i;
	return 0;
}

static err
account_pages_profile_page(struct exchange *x, int status, struct page_profile *page)
{
	page->username = str_of(x->session.name);
	TRY(exchange_layout(x, &page->layout));
	page_profile(&x->rp->body, page);
	return exchange_page(x, status);
}

err
profile_show(struct exchange *x)
{
	struct page_profile page = { .display_name = str_of(x->session.display_name),
				     .preferred = x->session.language,
				     .time_format = x->session.time_format };

	return account_pages_profile_page(x, 200, &page);
}

err
profile_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	const struct profile_form *form = x->form;
	struct page_profile page = { .display_name = form->display_name,
				     .preferred = account_pages_choice(languages, PREFERRED_COUNT, form->language),
				     .time_format = account_pages_choice(formats, TIME_FORMAT_COUNT, form->time_format),
				     .error = sentence };

	return account_pages_profile_page(x, status, &page);
}

err
profile_post(struct exchange *x, struct channel *keeper)
{
	const struct profile_form *form = x->form;
	const struct profile_body body = { form->display_name,
					   account_pages_choice(languages, PREFERRED_COUNT, form->language),
					   account_pages_choice(formats, TIME_FORMAT_COUNT, form->time_format) };
	struct page_profile page = { .display_name = form->display_name,
				     .preferred = body.language,
				     .time_format = body.time_format };
	struct problems_body problems = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_PROFILE, &body, &verdict, &problems));
	if (verdict == VERDICT_PROBLEMS) {
		page.name_problem = name_problems[problems.display_name];
		return account_pages_profile_page(x, 422, &page);
	}
	TRY(exchange_prefer_language(x));
	return exchange_redirect(x, STR("/account/profile"), (str){ 0 }, FLASH_PROFILE_SAVED);
}

/* --- password ----------------------------------------------------------------------------------------------------- */

static err
account_pages_password_page(struct exchange *x, int status, struct page_password *page)
{
	page->username = str_of(x->session.name);
	page->until_us = x->session.alarm.until_us > x->session.code_sign_in_us ? x->session.alarm.until_us
										: x->session.code_sign_in_us;
	page->otp = x->otp;
	TRY(exchange_layout(x, &page->layout));
	TRY(exchange_otp_swap(x, &page->layout, &page->otp));
	page_password(&x->rp->body, page);
	return exchange_page(x, status);
}

err
password_show(struct exchange *x)
{
	return account_pages_password_page(x, 200, &(struct page_password){ 0 });
}

static struct page_password
account_pages_password_typed(const struct exchange *x)
{
	const struct password_form *form = x->form;

	return (struct page_password){ .current = form->current, .password = form->password, .confirm = form->confirm };
}

/*
 * With a sentence the fields stay empty: a form from another site must not fill in the page, especially not a
 * password.
 */
err
password_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	struct page_password page = { .error = sentence };

	if (sentence == NULL)
		page = account_pages_password_typed(x);
	return account_pages_password_page(x, status, &page);
}

err
password_post(struct exchange *x, struct channel *keeper)
{
	const struct password_form *form = x->form;
	const struct password_body body = { form->current, form->password, form->confirm, alarm_until_us(form->until) };
	struct page_password page = account_pages_password_typed(x);
	struct problems_body problems = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_PASSWORD, &body, &verdict, &problems));
	if (verdict == VERDICT_PASSED)
		return exchange_redirect(x, STR("/account/security"), (str){ 0 }, FLASH_PASSWORD_CHANGED);
	if (verdict != VERDICT_PROBLEMS)
		return ERR_DENIED;
	page.current_problem = current_problem_text(problems.current);
	page.password_problem = password_problem_text(problems.password);
	page.confirm_problem = confirm_problem_text(problems.confirm);
	page.strength = problems.strength;
	return account_pages_password_page(x, 422, &page);
}

/* Password managers open this URL: "A Well-Known URL for Changing Passwords" (W3C, 2022). */
err
change_password_show(struct exchange *x)
{
	return exchange_redirect(x, STR("/account/password"), (str){ 0 }, FLASH_NONE);
}

/* --- deletion ----------------------------------------------------------------------------------------------------- */

static err
account_pages_close_page(struct exchange *x, int status, struct page_close *page)
{
	page->name = str_of(x->session.name);
	page->otp = x->otp;
	page->otp.submits = false;
	TRY(exchange_layout(x, &page->layout));
	TRY(exchange_otp_swap(x, &page->layout, &page->otp));
	page_close(&x->rp->body, page);
	return exchange_page(x, status);
}

err
close_show(struct exchange *x)
{
	return account_pages_close_page(x, 200, &(struct page_close){ 0 });
}

static struct page_close
account_pages_close_typed(const struct exchange *x)
{
	const struct close_form *form = x->form;

	return (struct page_close){ .username = form->username, .current = form->current };
}

/* With a sentence the fields stay empty, as in password_redisplay. */
err
close_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	struct page_close page = { .error = sentence };

	if (sentence == NULL)
		page = account_pages_close_typed(x);
	return account_pages_close_page(x, status, &page);
}

err
close_post(struct exchange *x, struct channel *keeper)
{
	const struct close_form *form = x->form;
	const struct close_body body = { form->username, form->current };
	struct page_close page = account_pages_close_typed(x);
	struct problems_body problems = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_CLOSE, &body, &verdict, &problems));
	if (verdict == VERDICT_PASSED) {
		TRY(exchange_forget_session(x));
		return exchange_redirect(x, STR("/login"), (str){ 0 }, FLASH_ACCOUNT_CLOSED);
	}
	if (verdict != VERDICT_PROBLEMS)
		return ERR_DENIED;
	page.username_problem = close_name_problems[problems.username];
	page.current_problem = current_problem_text(problems.current);
	return account_pages_close_page(x, 422, &page);
}
