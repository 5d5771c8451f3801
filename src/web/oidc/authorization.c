/*
 * The authorization endpoint, and the pages of an authorization request.
 *
 * The keeper judges the request and says which step comes next (oidc_step_body: ipc/terms.h, enum oidc_outcome).  Each
 * step has a function here, which shows its page.  The pages' forms have the request and its seal in `next`
 * (web/core/client_request.h).  Their handlers ask the keeper again and show the next step.
 */
#include "web/core/client_request.h"

#include "access/access.h"
#include "http/return_to.h"
#include "oidc/client.h"
#include "web/core/messages.h"
#include "web/core/pages.h"
#include "web/oidc/client_problem.h"
#include "web/oidc/client_reply.h"
#include "web/pages/handlers.h"

#define PROMPTS_SCOPES (OIDC_SCOPE_PROFILE | OIDC_SCOPE_EMAIL | OIDC_SCOPE_GROUPS | OIDC_SCOPE_OFFLINE)

/* One request on its way through the steps. */
struct visit {
	struct client_request request;
	struct oidc_step_body step;
	bool cancels; /* the user chose Cancel */
	bool proved;  /* the factor was verified again, so only the password is asked */
	/* of the page: 200 and NULL, or the status and the msgid of a form that is shown again */
	int status;
	const char *error;
	struct page_client_confirm confirm; /* values of the form that is shown again */
};

/* --- the steps: pages --------------------------------------------------------------------------------------------- */

/* Set x->next and the client's name, then fill the layout. */
static err
authorization_layout(struct exchange *x, struct page_layout *ret_layout)
{
	TRY(exchange_layout(x, ret_layout));
	exchange_layout_path(ret_layout, x->next);
	return ERR_OK;
}

static err
authorization_sign_in(struct exchange *x, struct channel *keeper, struct visit *visit)
{
	(void)keeper;
	return login_page(x, visit->status, visit->step.login_hint, visit->error);
}

/* After the password form, the person expects this step, so it needs no message. */
static err
authorization_enter(struct exchange *x, struct channel *keeper, struct visit *visit)
{
	(void)keeper;
	if (visit->request.posted && x->session.state == STATE_PENDING)
		return exchange_redirect(x, STR("/verify-2fa"), x->next, FLASH_NONE);
	return exchange_redirect_to_step(x, x->next);
}

static err
authorization_confirm(struct exchange *x, struct channel *keeper, struct visit *visit)
{
	struct page_client_confirm *page = &visit->confirm;

	page->password = visit->step.outcome == OIDC_LOGIN;
	page->username = str_of(x->session.name);
	page->error = visit->error;
	page->next = x->next;
	page->otp.shown = !visit->proved;
	page->otp.only_passkey = visit->step.no_passkey != 0;
	page->otp.verified = false; /* an earlier verification of the user does not replace the password here */
	TRY(exchange_otp_passkeys(x, keeper, &page->otp));
	TRY(authorization_layout(x, &page->layout));
	page->layout.passkeys = page->otp.passkey.challenge.n > 0;
	if (!page->otp.only_passkey)
		TRY(exchange_otp_swap(x, &page->layout, &page->otp));
	page_client_confirm(&x->rp->body, page);
	return exchange_page(x, visit->status);
}

static err
authorization_select(struct exchange *x, struct channel *keeper, struct visit *visit)
{
	struct page_client_select page = { .username = str_of(x->session.name),
					   .shown_name = exchange_shown_name(x),
					   .error = visit->error,
					   .next = x->next };

	(void)keeper;
	TRY(authorization_layout(x, &page.layout));
	page_client_select(&x->rp->body, &page);
	return exchange_page(x, visit->status);
}

/* "admins,staff" → "admins, staff" */
static err
authorization_groups(struct exchange *x, str *ret_names)
{
	CLEANUP(buf_wipe) struct buf names = BUF(2 * GROUPS_MAX_BYTES);
	str rest = exchange_groups(x);

	while (rest.n > 0) {
		if (names.n > 0)
			buf_put(&names, STR(", "));
		buf_put(&names, str_cut(&rest, ','));
	}
	TRY(buf_check(&names));
	return arena_copy(x->rq->arena, buf_str(&names), ret_names);
}

static err
authorization_consent(struct exchange *x, struct channel *keeper, struct visit *visit)
{
	unsigned scopes = oidc_scopes_read(visit->step.scopes);
	struct page_client_consent page = { .profile = scopes & OIDC_SCOPE_PROFILE,
					    .email = scopes & OIDC_SCOPE_EMAIL,
					    .groups = scopes & OIDC_SCOPE_GROUPS,
					    .offline = scopes & OIDC_SCOPE_OFFLINE,
					    .nothing_more = (scopes & PROMPTS_SCOPES) == 0 && visit->step.claims.n == 0,
					    .claims = visit->step.claims,
					    .username = str_of(x->session.name),
					    .display_name = str_of(x->session.display_name),
					    .email_address = visit->step.email,
					    .error = visit->error,
					    .next = x->next };

	(void)keeper;
	TRY(authorization_groups(x, &page.group_names));
	TRY(authorization_layout(x, &page.layout));
	page_client_consent(&x->rp->body, &page);
	return exchange_page(x, visit->status);
}

static err
authorization_back(struct exchange *x, struct visit *visit, str response)
{
	const struct client_reply reply = { .name = visit->step.name,
					    .redirect_uri = visit->step.redirect_uri,
					    .response = response,
					    .mode = (enum oidc_mode)visit->step.mode,
					    .posted = visit->request.posted };

	return exchange_client_reply(x, &reply);
}

static err
authorization_redirect(struct exchange *x, struct channel *keeper, struct visit *visit)
{
	(void)keeper;
	return authorization_back(x, visit, visit->step.response);
}

/* The general reason of a refusal.  It names no rule. */
static const char *
authorization_reason(const struct visit *visit, const struct page_client_refused *page)
{
	static const char *const reasons[ACCESS_REFUSAL_COUNT] = {
		[ACCESS_CLOSED] = N_("This application is closed to everyone."),
		[ACCESS_PERSON] =
		    N_("It is open to certain people or groups only, and your account is not among them."),
		[ACCESS_NETWORK] = N_("It is open on certain networks only, and you are on another one."),
		[ACCESS_ADDRESS] = N_("This application is closed to everyone."),
	};

	if (page->no_passkey && page->passkey.challenge.n > 0)
		return N_("You signed in with a code. This application accepts only passkeys: use yours now.");
	if (page->no_passkey)
		return N_("You signed in with a code. This application accepts only passkeys: add one, then open the "
			  "application again.");
	return reasons[visit->step.refusal < ACCESS_REFUSAL_COUNT ? visit->step.refusal : ACCESS_CLOSED];
}

static err
authorization_refused(struct exchange *x, struct channel *keeper, struct visit *visit)
{
	struct page_client_refused page = { .no_passkey = visit->step.no_passkey != 0,
					    .passkey = visit->confirm.otp.passkey,
					    .username = str_of(x->session.name),
					    .error = visit->error,
					    .next = x->next };

	if (visit->cancels)
		return authorization_back(x, visit, visit->step.response);
	if (page.no_passkey && x->session.state == STATE_FULL)
		TRY(exchange_passkey_prove(x, keeper, &page.passkey));
	page.reason = authorization_reason(visit, &page);
	TRY(authorization_layout(x, &page.layout));
	page.layout.passkeys = page.passkey.challenge.n > 0;
	page_client_refused(&x->rp->body, &page);
	return exchange_page(x, visit->status == 200 ? 403 : visit->status);
}

/* --- the steps: order --------------------------------------------------------------------------------------------- */

static err authorization_grant(struct exchange *x, struct channel *keeper, struct visit *visit);
static err authorization_problem(struct exchange *x, struct channel *keeper, struct visit *visit);

/* Let the pages of this step return to this request, with its seal and in its language. */
static err
authorization_take_step(struct exchange *x, struct visit *visit)
{
	const struct oidc_step_body *step = &visit->step;

	x->next = (str){ 0 };
	exchange_client_language(x, step->language);
	if (step->outcome == OIDC_PAGE)
		return ERR_OK;
	if (step->seal.n > 0)
		visit->request.seal = step->seal;
	exchange_client(x, step->name, step->redirect_uri);
	return client_request_return_to(x->rq->arena, &visit->request, &x->next);
}

static err
authorization_step(struct exchange *x, struct channel *keeper, struct visit *visit)
{
	static err (*const steps[OIDC_OUTCOME_COUNT])(struct exchange * x, struct channel * keeper,
						      struct visit * visit) = {
		[OIDC_PAGE] = authorization_problem,    [OIDC_REDIRECT] = authorization_redirect,
		[OIDC_READY] = authorization_grant,     [OIDC_SIGN_IN] = authorization_sign_in,
		[OIDC_ENTER] = authorization_enter,     [OIDC_LOGIN] = authorization_confirm,
		[OIDC_FACTOR] = authorization_confirm,  [OIDC_SELECT] = authorization_select,
		[OIDC_CONSENT] = authorization_consent, [OIDC_REFUSED] = authorization_refused,
	};

	TRY(authorization_take_step(x, visit));
	return steps[visit->step.outcome](x, keeper, visit);
}

/* The keeper answers each request for a step with one: another verdict is a defect. */
static err
authorization_ask(struct exchange *x, struct channel *keeper, enum question_id id, const void *body,
		  struct visit *visit)
{
	enum verdict verdict = VERDICT_REFUSED;

	visit->step = (struct oidc_step_body){ 0 };
	TRY(exchange_ask(x, keeper, id, body, &verdict, &visit->step));
	return verdict == VERDICT_PASSED ? ERR_OK : ERR_PROTOCOL;
}

static err
authorization_check(struct exchange *x, struct channel *keeper, struct visit *visit)
{
	const struct oidc_request_body body = { visit->request.parameters, visit->request.seal };

	return authorization_ask(x, keeper, QUESTION_OIDC_CHECK, &body, visit);
}

static err
authorization_decide(struct exchange *x, struct channel *keeper, enum oidc_decision decision, struct visit *visit)
{
	const struct oidc_decision_body body = { visit->request.parameters, visit->request.seal, decision };

	TRY(authorization_ask(x, keeper, QUESTION_OIDC_GRANT, &body, visit));
	return visit->step.outcome == OIDC_READY ? ERR_PROTOCOL : authorization_step(x, keeper, visit);
}

/* Nothing more is needed.  HEAD makes no code, and neither does a form that is only shown again. */
static err
authorization_grant(struct exchange *x, struct channel *keeper, struct visit *visit)
{
	if (x->rq->method == HTTP_HEAD || visit->status != 200)
		return exchange_redirect(x, x->next, (str){ 0 }, FLASH_NONE);
	return authorization_decide(x, keeper, OIDC_DECISION_NONE, visit);
}

static err
authorization_begin(struct exchange *x, struct channel *keeper, struct visit *visit)
{
	exchange_otp(x, &visit->confirm.otp);
	TRY(authorization_check(x, keeper, visit));
	return authorization_step(x, keeper, visit);
}

static err
authorization_problem(struct exchange *x, struct channel *keeper, struct visit *visit)
{
	const struct oidc_step_body *step = &visit->step;
	const struct client_problem problem = { .problem = step->problem,
						.client_id = step->client_id,
						.name = step->name,
						.asked_uri = step->asked_uri,
						.registered = step->registered };

	(void)keeper;
	return exchange_client_problem(x, &problem);
}

/* --- handlers ----------------------------------------------------------------------------------------------------- */

err
authorization_show(struct exchange *x, struct channel *keeper)
{
	struct visit visit = { .status = 200, .step = { .problem = OIDC_PROBLEM_MALFORMED } };

	if (client_request_read(x->rq->query, x->rq->arena, &visit.request) == ERR_TOO_LONG)
		return authorization_problem(x, keeper, &visit);
	return authorization_begin(x, keeper, &visit);
}

/*
 * An application may send its request as a form.  The browser does not send the session's cookie then (SameSite=Lax),
 * so it repeats the request with GET.  This changes nothing, so the form needs no token.
 */
err
authorization_post(struct exchange *x)
{
	return exchange_client_repeat(x, STR(AUTHORIZATION_PATH "?"));
}

/* The address of a page that answered a form, opened again. */
err
authorization_moved_show(struct exchange *x)
{
	return exchange_redirect(x, STR("/"), (str){ 0 }, FLASH_NONE);
}

/* Read the request of a form.  False: there is none, as in a form that is not from a page of this server. */
static bool
authorization_take(struct exchange *x, str next, struct visit *visit)
{
	exchange_take_next(x, next);
	visit->status = 200;
	visit->request = (struct client_request){ .posted = true };
	if (!client_request_is(x->next) ||
	    client_request_read(str_from(x->next, sizeof(AUTHORIZATION_PATH)), x->rq->arena, &visit->request) != ERR_OK)
		return false;
	visit->request.posted = true;
	return true;
}

static err
authorization_again(struct exchange *x, struct channel *keeper, str next, int status, const char *sentence,
		    struct visit *visit)
{
	if (!authorization_take(x, next, visit))
		return authorization_moved_show(x);
	visit->status = status;
	visit->error = sentence;
	TRY(authorization_check(x, keeper, visit));
	return authorization_step(x, keeper, visit);
}

/* --- consent, select, cancel --- */

static const struct field client_decision_fields[] = {
	FIELD(struct client_decision_form, next, NEXT_MAX_BYTES + 1, optional),
	FIELD(struct client_decision_form, answer, 16, optional),
};
const struct form client_decision_form = FORM(struct client_decision_form, client_decision_fields);

static enum oidc_decision
authorization_decision(str answer)
{
	static const struct {
		str word;
		enum oidc_decision decision;
	} words[] = { { STR_INIT("allow"), OIDC_DECISION_APPROVE },
		      { STR_INIT("cancel"), OIDC_DECISION_CANCEL },
		      { STR_INIT("select"), OIDC_DECISION_SELECT } };

	for (size_t i = 0; i < COUNT(words); i++)
		if (str_equal(answer, words[i].word))
			return words[i].decision;
	return OIDC_DECISION_NONE;
}

err
client_decision_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	const struct client_decision_form *form = x->form;
	struct visit visit = { .status = 200 };

	exchange_otp(x, &visit.confirm.otp);
	return authorization_again(x, keeper, form->next, status, sentence, &visit);
}

/* Before the sign-in, nothing is stored, so the keeper has nothing to note: its first step has the response. */
static err
authorization_cancel_unsigned(struct exchange *x, struct channel *keeper, struct visit *visit)
{
	TRY(authorization_check(x, keeper, visit));
	if (visit->step.cancel.n == 0)
		return authorization_step(x, keeper, visit);
	TRY(authorization_take_step(x, visit));
	return authorization_back(x, visit, visit->step.cancel);
}

err
client_decision_post(struct exchange *x, struct channel *keeper)
{
	const struct client_decision_form *form = x->form;
	enum oidc_decision decision = authorization_decision(form->answer);
	struct visit visit = { .cancels = decision == OIDC_DECISION_CANCEL };

	if (!authorization_take(x, form->next, &visit))
		return authorization_moved_show(x);
	exchange_otp(x, &visit.confirm.otp);
	if (x->session.state == STATE_PENDING || x->session.state == STATE_FULL)
		return authorization_decide(x, keeper, decision, &visit);
	return visit.cancels ? authorization_cancel_unsigned(x, keeper, &visit)
			     : authorization_begin(x, keeper, &visit);
}

/* --- the second factor, and the password, again --- */

static const struct field client_confirm_fields[] = {
	PASSKEY_PROOF_FIELDS(struct client_confirm_form),
	FIELD(struct client_confirm_form, next, NEXT_MAX_BYTES + 1, optional),
	FIELD(struct client_confirm_form, otp, FIELD_MAX_BYTES, optional),
	FIELD(struct client_confirm_form, current, FIELD_MAX_BYTES, optional),
};
const struct form client_confirm_form = FORM(struct client_confirm_form, client_confirm_fields);

err
client_confirm_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	const struct client_confirm_form *form = x->form;
	struct visit visit = { .confirm = { .otp = x->otp } };

	if (status == 422)
		visit.confirm.current = form->current;
	return authorization_again(x, keeper, form->next, status, sentence, &visit);
}

/* The keeper asks again: no code or passkey came, the proof is older than the request, or the password is wrong. */
static void
authorization_ask_again(struct visit *visit)
{
	if (visit->step.outcome != OIDC_LOGIN && visit->step.outcome != OIDC_FACTOR)
		return;
	visit->status = 422;
	if (visit->step.wrong != 0)
		visit->confirm.current_problem = current_problem_text(PROBLEM_WRONG);
	else if (exchange_otp_failed(&visit->confirm.otp))
		return;
	else if (visit->step.no_passkey != 0)
		visit->confirm.otp.passkey.problem = N_("Use your passkey.");
	else
		visit->confirm.otp.problem = N_("Enter a new code.");
}

err
client_factor_post(struct exchange *x, struct channel *keeper)
{
	const struct client_confirm_form *form = x->form;
	struct visit visit = { .confirm = { .otp = x->otp } };

	if (!authorization_take(x, form->next, &visit))
		return authorization_moved_show(x);
	TRY(authorization_check(x, keeper, &visit));
	authorization_ask_again(&visit);
	return authorization_step(x, keeper, &visit);
}

/* Did the form's page ask for a code or a passkey?  The page of a passkey alone has no field for a code. */
static bool
authorization_asked(const struct exchange *x, const struct client_confirm_form *form)
{
	const str *passkey = form_value(x->route->form, form, STR("credential_id"));

	return form->otp.p != NULL || (passkey != NULL && passkey->p != NULL);
}

/* Was the factor verified by this form, or by an earlier one, so that this one did not ask for it? */
static bool
authorization_proved(const struct exchange *x, const struct client_confirm_form *form)
{
	return !authorization_asked(x, form) || str_trim(form->otp).n > 0 || passkey_proof_sent(x->route->form, form);
}

err
client_login_post(struct exchange *x, struct channel *keeper)
{
	const struct client_confirm_form *form = x->form;
	struct visit visit = { .confirm = { .otp = x->otp, .current = form->current } };
	struct oidc_confirm_body body = { .current = form->current };

	if (!authorization_take(x, form->next, &visit))
		return authorization_moved_show(x);
	body.parameters = visit.request.parameters;
	body.seal = visit.request.seal;
	TRY(authorization_ask(x, keeper, QUESTION_OIDC_CONFIRM, &body, &visit));
	visit.proved = visit.step.wrong != 0 && authorization_proved(x, form);
	authorization_ask_again(&visit);
	return authorization_step(x, keeper, &visit);
}
