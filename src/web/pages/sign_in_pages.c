/*
 * Registration, sign-in, second factor, sign-out.
 */
#include "web/pages/handlers.h"

#include "base/clock.h"
#include "http/return_to.h"
#include "web/core/client_request.h"
#include "web/core/form_token.h"
#include "web/core/messages.h"
#include "web/core/pages.h"

/* --- forms, and the sentences for their problems ------------------------------------------------------------------ */

/* A value over its maximum is truncated, but is still too long for the keeper, which refuses it. */
static const struct field register_fields[] = {
	FIELD(struct register_form, username, FIELD_MAX_BYTES, optional),
	FIELD(struct register_form, password, FIELD_MAX_BYTES, optional),
	FIELD(struct register_form, confirm, FIELD_MAX_BYTES, optional),
	FIELD(struct register_form, invite, LINK_TOKEN_MAX, optional),
	FIELD(struct register_form, next, NEXT_MAX_BYTES + 1, optional),
};
_Static_assert((int)NEXT_MAX_BYTES <= (int)RETURN_TO_MAX_BYTES, "the keeper keeps what may be followed");
const struct form register_form = FORM(struct register_form, register_fields);

static const struct field login_fields[] = {
	FIELD(struct login_form, username, FIELD_MAX_BYTES, optional),
	FIELD(struct login_form, password, FIELD_MAX_BYTES, optional),
	FIELD(struct login_form, next, NEXT_MAX_BYTES + 1, optional),
	FIELD(struct login_form, remember, 2, optional),
};
const struct form login_form = FORM(struct login_form, login_fields);

static const struct field login_passkey_fields[] = {
	FIELD(struct login_passkey_form, username, FIELD_MAX_BYTES, optional),
	FIELD(struct login_passkey_form, next, NEXT_MAX_BYTES + 1, optional),
	FIELD(struct login_passkey_form, remember, 2, optional),
	PASSKEY_PROOF_FIELDS(struct login_passkey_form),
};
const struct form login_passkey_form = FORM(struct login_passkey_form, login_passkey_fields);

static const struct field verify_passkey_fields[] = {
	FIELD(struct verify_passkey_form, next, NEXT_MAX_BYTES + 1, optional),
	PASSKEY_PROOF_FIELDS(struct verify_passkey_form),
};
const struct form verify_passkey_form = FORM(struct verify_passkey_form, verify_passkey_fields);

static const struct field code_fields[] = {
	FIELD(struct code_form, otp, FIELD_MAX_BYTES, optional),
	FIELD(struct code_form, next, NEXT_MAX_BYTES + 1, optional),
};
const struct form code_form = FORM(struct code_form, code_fields);

static const struct field logout_fields[] = { FIELD(struct logout_form, next, NEXT_MAX_BYTES + 1, optional) };
const struct form logout_form = FORM(struct logout_form, logout_fields);

static const char *const name_problems[PROBLEM_COUNT] = {
	[PROBLEM_MISSING] = N_("Enter a user name."),
	[PROBLEM_TOO_SHORT] = N_("Use at least 3 characters."),
	[PROBLEM_TOO_LONG] = N_("Use at most 40 characters."),
	[PROBLEM_CHARACTERS] = N_("Use only letters without accents, digits and . _ @ + -, without spaces."),
	[PROBLEM_EDGES] = N_("Begin and end the user name with a letter or a digit."),
	[PROBLEM_TAKEN] = N_("This user name is already taken. Choose another one."),
};

static const char *const password_problems[PROBLEM_COUNT] = {
	[PROBLEM_MISSING] = N_("Enter a password."),
	[PROBLEM_TOO_SHORT] = N_("Use at least 8 characters."),
	[PROBLEM_TOO_LONG] = N_("This password is longer than 1,024 bytes. Choose a shorter one."),
	[PROBLEM_CHARACTERS] = N_("This password contains a character that is not allowed. Choose another one."),
	[PROBLEM_BLANK] = N_("A password must not consist of spaces only."),
	[PROBLEM_COMMON] = N_("This password is too easy to guess. Choose a sentence of several words."),
	[PROBLEM_FROM_NAME] = N_("This password is too similar to your user name. Choose another one."),
	[PROBLEM_SAME] = N_("This is already your password. Choose another one."),
	[PROBLEM_OVER_72] = N_("This server accepts passwords of at most 72 bytes. Choose a shorter one."),
};

static const char *const confirm_problems[PROBLEM_COUNT] = {
	[PROBLEM_MISSING] = N_("Repeat the password."),
	[PROBLEM_DIFFERS] = N_("The two passwords are different."),
};

const char *
password_problem_text(uint32_t problem)
{
	return problem < PROBLEM_COUNT ? password_problems[problem] : NULL;
}

const char *
confirm_problem_text(uint32_t problem)
{
	return problem < PROBLEM_COUNT ? confirm_problems[problem] : NULL;
}

static const char sign_in_refused[] = N_("The user name or password is wrong.");
static const char registration_invited[] =
    N_("To register, you need an unused invitation from the last 24 hours. Ask the administrator for one.");
static const char registration_closed[] = N_("Registration is closed. Ask the administrator for an account.");

/* A typed text to show again, limited to the length of a name. */
static str
web_accounts_typed(str text)
{
	return str_upto(text, 4 * USERNAME_MAX);
}

/* --- registration ------------------------------------------------------------------------------------------------- */

static err
web_accounts_register_page(struct exchange *x, int status, struct page_register *page)
{
	page->next = x->next;
	TRY(exchange_layout(x, &page->layout));
	if (page->invite.n > 0)
		TRY(link_return_to(x, STR("/register?invite="), page->invite, &page->layout.path));
	page_register(&x->rp->body, page);
	return exchange_page(x, status);
}

static err
web_accounts_register_closed(struct exchange *x, int status)
{
	bool invites = x->web->config->registration == REGISTRATION_INVITE;
	struct page_register page = { .error = invites ? registration_invited : registration_closed, .closed = true };

	return web_accounts_register_page(x, status, &page);
}

/* Can the invitation still be used?  It is checked again when the form is sent. */
static err
web_accounts_invitation_is_open(struct exchange *x, struct channel *keeper, str invite, bool *ret_open)
{
	const struct link_body body = { invite };
	struct link_purpose_body purpose = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_LINK, &body, &verdict, &purpose));
	*ret_open = verdict == VERDICT_PASSED && purpose.kind == LINK_INVITE;
	return ERR_OK;
}

/* /register?invite= */
struct invite_query {
	str invite;
};
static const struct field invite_fields[] = { FIELD(struct invite_query, invite, LINK_TOKEN_MAX, optional) };
static const struct form invite_query = FORM(struct invite_query, invite_fields);

err
register_show(struct exchange *x, struct channel *keeper)
{
	enum config_registration registration = x->web->config->registration;
	struct page_register page = { 0 };
	struct invite_query query = { 0 };
	bool open = true;

	TRY(form_parse(&invite_query, x->rq->query, x->rq->arena, &query, NULL));
	if (registration == REGISTRATION_INVITE)
		page.invite = query.invite;
	if (registration != REGISTRATION_OPEN && page.invite.n == 0)
		return web_accounts_register_closed(x, 403);
	if (page.invite.n > 0)
		TRY(web_accounts_invitation_is_open(x, keeper, page.invite, &open));
	return open ? web_accounts_register_page(x, 200, &page) : web_accounts_register_closed(x, 404);
}

err
register_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	const struct register_form *form = x->form;
	struct page_register page = { .username = web_accounts_typed(form->username),
				      .invite = form->invite,
				      .error = sentence };

	exchange_take_next(x, form->next);
	return web_accounts_register_page(x, status, &page);
}

static err
web_accounts_register_problems(struct exchange *x, const struct problems_body *problems)
{
	const struct register_form *form = x->form;
	struct page_register page = { .username = web_accounts_typed(form->username),
				      .invite = form->invite,
				      .username_problem = name_problems[problems->username],
				      .password_problem = password_problems[problems->password],
				      .confirm_problem = confirm_problems[problems->confirm],
				      .strength = problems->strength };
	return web_accounts_register_page(x, 422, &page);
}

err
register_post(struct exchange *x, struct channel *keeper)
{
	const struct register_form *form = x->form;
	struct register_body body = { form->username, form->password, form->confirm, .invite = form->invite };
	struct problems_body problems = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	exchange_take_next(x, form->next);
	body.next = x->next;
	TRY(exchange_ask(x, keeper, QUESTION_REGISTER, &body, &verdict, &problems));
	switch (verdict) {
	case VERDICT_PASSED:
		return exchange_redirect(x, STR("/setup-2fa"), x->next, FLASH_REGISTERED);
	case VERDICT_PROBLEMS:
		return web_accounts_register_problems(x, &problems);
	case VERDICT_CLOSED:
		return web_accounts_register_closed(x, 403);
	default:
		return ERR_DENIED;
	}
}

/* --- sign-in ------------------------------------------------------------------------------------------------------ */

/* The box is sent only if it is ticked. */
static bool
web_accounts_remembers(const struct exchange *x)
{
	const str *remember = form_value(x->route->form, x->form, STR("remember"));

	return remember != NULL && str_equal(*remember, STR("1"));
}

/* A page of a POST to this path with "/passkey" is that of the path itself. */
static err
web_accounts_return_to(struct exchange *x, str path, struct page_layout *layout)
{
	CLEANUP(buf_wipe) struct buf return_to = BUF(sizeof("/verify-2fa?code=1&next=") + 3 * NEXT_MAX_BYTES);
	str address = { 0 };

	if (x->rq->method != HTTP_POST)
		return ERR_OK;
	buf_put(&return_to, path);
	if (x->next.n > 0) {
		buf_put(&return_to, str_has_byte(path, '?') ? STR("&next=") : STR("?next="));
		buf_put_percent(&return_to, x->next);
	}
	TRY(buf_check(&return_to));
	TRY(arena_copy(x->rq->arena, buf_str(&return_to), &address));
	exchange_layout_path(layout, address);
	return ERR_OK;
}

static int64_t
web_accounts_remember_days(const struct config *config)
{
	const int64_t day_us = MINUTES_US(24 * 60);

	return config->session_remember_us % day_us == 0 ? config->session_remember_us / day_us : 0;
}

err
login_page(struct exchange *x, int status, str username, const char *error)
{
	struct page_login page = { .username = username,
				   .error = error,
				   .next = x->next,
				   .cancel = client_request_is(x->next),
				   .registration_open = x->web->config->registration == REGISTRATION_OPEN,
				   .remember_offered = x->web->config->session_remember_us > 0,
				   .remember_days = web_accounts_remember_days(x->web->config),
				   .remember = web_accounts_remembers(x) };

	TRY(exchange_layout(x, &page.layout));
	if (page.cancel)
		exchange_layout_path(&page.layout, x->next);
	else
		TRY(web_accounts_return_to(x, STR("/login"), &page.layout));
	TRY(exchange_passkey_sign_in(x, &page.layout, &page.passkey));
	page_login(&x->rp->body, &page);
	return exchange_page(x, status);
}

/* The sign-in page of an authorization request is at the address of the request. */
err
login_show(struct exchange *x)
{
	if (client_request_is(x->next))
		return exchange_redirect(x, x->next, (str){ 0 }, FLASH_NONE);
	return login_page(x, 200, STR(""), NULL);
}

err
login_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	const struct login_form *form = x->form;

	exchange_take_next(x, form->next);
	TRY(exchange_client_ask(x, keeper));
	return login_page(x, status, web_accounts_typed(form->username), sentence);
}

err
login_post(struct exchange *x, struct channel *keeper)
{
	const struct login_form *form = x->form;
	struct sign_in_body body = { form->username, form->password, .browser = form_token_browser(x),
				     .remember = web_accounts_remembers(x) };
	enum verdict verdict = VERDICT_REFUSED;

	exchange_take_next(x, form->next);
	body.next = x->next;
	TRY(exchange_ask(x, keeper, QUESTION_SIGN_IN, &body, &verdict, NULL));
	if (verdict == VERDICT_REFUSED)
		return login_redisplay(x, keeper, 422, sign_in_refused);
	if (verdict == VERDICT_PASSED)
		TRY(exchange_prefer_language(x));
	/* PENDING: go to the code page without a message, because the user expects this step. */
	if (verdict == VERDICT_PASSED && x->session.state == STATE_PENDING && exchange_leads_away(x->next))
		return exchange_redirect(x, x->next, (str){ 0 }, FLASH_NONE); /* a password may be enough there */
	if (verdict == VERDICT_PASSED && x->session.state == STATE_PENDING)
		return exchange_redirect(x, STR("/verify-2fa"), x->next, FLASH_NONE);
	return ERR_DENIED;
}

/* --- sign-in by passkey ------------------------------------------------------------------------------------------- */

err
login_passkey_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	const struct login_passkey_form *form = x->form;

	exchange_take_next(x, form->next);
	TRY(exchange_client_ask(x, keeper));
	return login_page(x, status, web_accounts_typed(form->username), sentence);
}

/* If this server removed the passkey, the browser may forget it. */
static err
web_accounts_passkey_refused(struct exchange *x, struct channel *keeper, const struct passkey_result_body *result)
{
	const struct login_passkey_form *form = x->form;

	if (result->removed != 0)
		x->signal = (struct page_signal){ .rp_id = str_of(x->web->config->passkey_rp_id),
						  .unknown = form->credential_id };
	return login_passkey_redisplay(x, keeper, 422, passkey_refusal_text(result));
}

/* The browser is known from now on, and goes on to the page that it came for. */
static err
web_accounts_passkey_passed(struct exchange *x, const struct passkey_result_body *result)
{
	TRY(exchange_device_cookie(x, &result->device));
	TRY(exchange_prefer_language(x));
	if (x->next.n == 0)
		exchange_take_next(x, result->next);
	return exchange_redirect(x, x->next.n > 0 ? x->next : STR("/"), (str){ 0 },
				 result->demoted != 0 ? FLASH_PASSKEY_DEMOTED : FLASH_PASSKEY_SIGNED_IN);
}

/* The address of a page that answered a refused passkey, opened again. */
err
login_passkey_show(struct exchange *x)
{
	return exchange_redirect(x, STR("/login"), x->next, FLASH_NONE);
}

err
verify_passkey_show(struct exchange *x)
{
	return exchange_redirect(x, STR("/verify-2fa"), x->next, FLASH_NONE);
}

err
login_passkey_post(struct exchange *x, struct channel *keeper)
{
	const struct login_passkey_form *form = x->form;
	struct passkey_proof_body body = { .browser = form_token_browser(x), .remember = web_accounts_remembers(x) };
	struct passkey_result_body result = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	exchange_take_next(x, form->next);
	body.next = x->next;
	TRY(passkey_proof_read(x->route->form, x->form, x->rq->arena, &body));
	TRY(exchange_ask(x, keeper, QUESTION_PASSKEY_SIGN_IN, &body, &verdict, &result));
	if (verdict == VERDICT_PASSED && x->session.state == STATE_FULL)
		return web_accounts_passkey_passed(x, &result);
	return web_accounts_passkey_refused(x, keeper, &result);
}

/* --- the second factor -------------------------------------------------------------------------------------------- */

/* Without a usable authenticator only a recovery code is accepted. */
static void
web_accounts_otp(struct exchange *x, struct page_otp *ret_otp)
{
	exchange_otp(x, ret_otp);
	ret_otp->shown = true;
	ret_otp->only_recovery = ret_otp->only_recovery || x->session.codes_disabled;
	ret_otp->recovery = ret_otp->recovery || ret_otp->only_recovery;
}

/* /verify-2fa?code=1: the person has a passkey, but chose another way. */
struct code_query {
	str code, recovery;
};
static const struct field code_query_fields[] = {
	FIELD(struct code_query, code, 1, optional),
	FIELD(struct code_query, recovery, 1, optional),
};
static const struct form code_query = FORM(struct code_query, code_query_fields);

/* Does the page ask for a passkey, and not for a code?  The answer to a refused code asks for a code again. */
static bool
web_accounts_passkey_first(const struct exchange *x)
{
	struct code_query query = { 0 };

	if (x->session.passkeys == 0 || form_value(x->route->form, x->form, STR("otp")) != NULL)
		return false;
	return form_parse(&code_query, x->rq->query, x->rq->arena, &query, NULL) != ERR_OK ||
	       (query.code.n == 0 && query.recovery.n == 0);
}

static err
web_accounts_verify_page(struct exchange *x, struct channel *keeper, int status, struct page_verify_2fa *page)
{
	struct page_passkey *passkey = &page->otp.passkey;
	bool wanted = web_accounts_passkey_first(x);

	page->codes_disabled = x->session.codes_disabled;
	page->next = x->next;
	if (wanted)
		TRY(exchange_passkey_prove(x, keeper, passkey));
	TRY(exchange_client_ask(x, keeper));
	page->passkey_first = passkey->challenge.n > 0;
	page->has_passkey = x->session.passkeys > 0 && !wanted; /* wanted, but not asked for: none is for this host */
	TRY(exchange_layout(x, &page->layout));
	page->layout.passkeys = page->passkey_first;
	TRY(web_accounts_return_to(
	    x, page->passkey_first || x->session.passkeys == 0 ? STR("/verify-2fa") : STR("/verify-2fa?code=1"),
	    &page->layout));
	TRY(exchange_otp_swap(x, &page->layout, &page->otp));
	page_verify_2fa(&x->rp->body, page);
	return exchange_page(x, status);
}

/* The page for the code: that of the set-up, or of the sign-in. */
static err
web_accounts_code_page(struct exchange *x, struct channel *keeper, int status, const struct page_otp *otp,
		       const char *sentence)
{
	if (x->session.state == STATE_ENROLLING)
		return setup_page(x, keeper, status, otp, sentence);
	return web_accounts_verify_page(x, keeper, status, &(struct page_verify_2fa){ .otp = *otp, .error = sentence });
}

err
verify_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	const struct code_form *form = x->form;
	struct page_otp otp = { 0 };

	exchange_take_next(x, form->next);
	web_accounts_otp(x, &otp);
	return web_accounts_code_page(x, keeper, status, &otp, sentence);
}

err
verify_show(struct exchange *x, struct channel *keeper)
{
	struct page_otp otp = { 0 };

	web_accounts_otp(x, &otp);
	return web_accounts_code_page(x, keeper, 200, &otp, NULL);
}

static err
web_accounts_verify_refused(struct exchange *x, struct channel *keeper, enum verdict verdict,
			    const struct verified_body *verified)
{
	struct page_otp otp = { 0 };

	web_accounts_otp(x, &otp);
	exchange_otp_refused(verdict, verified, &otp);
	return web_accounts_code_page(x, keeper, 422, &otp, NULL);
}

/*
 * After the enrolment, go to the recovery codes; after a recovery code, go to the security page, to replace the
 * lost authenticator.  Both pages continue to next.
 */
static err
web_accounts_verify_passed(struct exchange *x, bool enrolling, const struct verified_body *verified)
{
	TRY(exchange_device_cookie(x, &verified->device));
	/* the form may lack it: another tab's form, or one that is not from a page of this server */
	if (x->next.n == 0)
		exchange_take_next(x, verified->next);
	if (enrolling)
		return exchange_redirect(x, STR("/account/recovery-codes"), x->next, FLASH_ENROLLED);
	if (verified->recovered != 0)
		return exchange_redirect(x, STR("/account/security"), x->next, FLASH_RECOVERED);
	return exchange_redirect(x, x->next.n > 0 ? x->next : STR("/"), (str){ 0 }, FLASH_SIGNED_IN);
}

err
verify_post(struct exchange *x, struct channel *keeper)
{
	const struct code_form *form = x->form;
	const struct verify_body body = { form->otp, form_token_browser(x) };
	struct verified_body verified = { 0 };
	bool enrolling = x->session.state == STATE_ENROLLING;
	enum verdict verdict = VERDICT_REFUSED;

	exchange_take_next(x, form->next);
	TRY(exchange_ask(x, keeper, QUESTION_VERIFY, &body, &verdict, &verified));
	if (verdict == VERDICT_PASSED)
		return web_accounts_verify_passed(x, enrolling, &verified);
	if ((verdict == VERDICT_PROBLEMS || verdict == VERDICT_REFUSED) && x->session.state != STATE_NONE)
		return web_accounts_verify_refused(x, keeper, verdict, &verified);
	return ERR_DENIED;
}

err
verify_passkey_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	const struct verify_passkey_form *form = x->form;
	struct page_otp otp = { 0 };

	exchange_take_next(x, form->next);
	web_accounts_otp(x, &otp);
	return web_accounts_code_page(x, keeper, status, &otp, sentence);
}

err
verify_passkey_post(struct exchange *x, struct channel *keeper)
{
	const struct verify_passkey_form *form = x->form;
	struct passkey_proof_body body = { .browser = form_token_browser(x) };
	struct passkey_result_body result = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	exchange_take_next(x, form->next);
	TRY(passkey_proof_read(x->route->form, x->form, x->rq->arena, &body));
	TRY(exchange_ask(x, keeper, QUESTION_PASSKEY_VERIFY, &body, &verdict, &result));
	if (verdict == VERDICT_PASSED && x->session.state == STATE_FULL)
		return web_accounts_passkey_passed(x, &result);
	return x->session.state == STATE_PENDING
		   ? verify_passkey_redisplay(x, keeper, 422, passkey_fault_text(result.fault))
		   : ERR_DENIED;
}

/* --- sign-out ----------------------------------------------------------------------------------------------------- */

static err
web_accounts_logout_page(struct exchange *x, int status, const char *sentence)
{
	struct page_logout page = { .error = sentence, .next = x->next };

	TRY(exchange_layout(x, &page.layout));
	page_logout(&x->rp->body, &page);
	return exchange_page(x, status);
}

err
logout_show(struct exchange *x)
{
	return web_accounts_logout_page(x, 200, NULL);
}

err
logout_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	const struct logout_form *form = x->form;

	exchange_take_next(x, form->next);
	return web_accounts_logout_page(x, status, sentence);
}

err
logout_post(struct exchange *x, struct channel *keeper)
{
	const struct logout_form *form = x->form;
	enum verdict verdict = VERDICT_REFUSED;

	exchange_take_next(x, form->next);
	/* With any answer, this session does not exist afterwards. */
	TRY(exchange_ask(x, keeper, QUESTION_SIGN_OUT, NULL, &verdict, NULL));
	TRY(exchange_forget_session(x));
	return exchange_redirect(x, STR("/login"), x->next, FLASH_SIGNED_OUT);
}
