/*
 * The end of a session at an application's request (OpenID Connect RP-Initiated Logout 1.0).
 *
 * The keeper decides: it ends the session at once, asks the user first, or shows a problem.  The form of the page that
 * asks has the request in `next`, as the address of this endpoint.
 */
#include "http/return_to.h"
#include "web/core/client_request.h"
#include "web/core/messages.h"
#include "web/core/pages.h"
#include "web/oidc/client_problem.h"
#include "web/oidc/client_reply.h"
#include "web/pages/handlers.h"

#define END_PATH "/api/oidc/end-session"

struct end_query {
	str id_token_hint, client_id, post_logout_redirect_uri, state, ui_locales;
};
static const struct field end_fields[] = {
	FIELD(struct end_query, id_token_hint, OIDC_PARAMETERS_MAX, optional),
	FIELD(struct end_query, client_id, OIDC_CLIENT_ID_MAX, optional),
	FIELD(struct end_query, post_logout_redirect_uri, OIDC_URI_MAX, optional),
	FIELD(struct end_query, state, OIDC_STATE_MAX, optional),
	FIELD(struct end_query, ui_locales, OIDC_SCOPES_MAX, optional),
};
static const struct form end_form = FORM(struct end_query, end_fields);

struct ending {
	struct client_request request;
	struct end_query query;
	bool confirmed; /* the user pressed the button, so a form was sent before */
	int status;     /* of the page that asks */
	const char *error;
};

/* False: the request cannot be read.  A truncated value would be another one. */
static bool
end_session_read(struct exchange *x, str text, struct ending *ending)
{
	struct form_faults faults = { 0 };

	return client_request_read(text, x->rq->arena, &ending->request) == ERR_OK &&
	       form_parse(&end_form, ending->request.parameters, x->rq->arena, &ending->query, &faults) == ERR_OK &&
	       faults.over_long == 0;
}

/* The page's address: its form and the language switch need it. */
static err
end_session_next(struct exchange *x, const struct ending *ending)
{
	CLEANUP(buf_wipe) struct buf next = BUF(NEXT_MAX_BYTES);

	buf_put(&next, STR(END_PATH "?"));
	buf_put(&next, ending->request.parameters);
	TRY(buf_check(&next));
	return arena_copy(x->rq->arena, buf_str(&next), &x->next);
}

static err
end_session_ask(struct exchange *x, const struct ending *ending, str name)
{
	struct page_end_session page = { .name = name, .username = str_of(x->session.name), .error = ending->error };

	TRY(end_session_next(x, ending));
	page.next = x->next;
	TRY(exchange_layout(x, &page.layout));
	exchange_layout_path(&page.layout, x->next);
	page_end_session(&x->rp->body, &page);
	return exchange_page(x, ending->status);
}

/* The session has ended, or there was none. */
static err
end_session_done(struct exchange *x, const struct ending *ending, const struct oidc_ended_body *ended)
{
	const struct client_reply reply = { .name = ended->name,
					    .redirect_uri = ended->url,
					    .posted = ending->confirmed };

	x->next = (str){ 0 };
	TRY(exchange_forget_session(x));
	if (ended->url.n == 0)
		return exchange_redirect(x, STR("/login"), (str){ 0 }, FLASH_SIGNED_OUT);
	return exchange_client_reply(x, &reply);
}

static err
end_session_problem(struct exchange *x, const struct ending *ending, enum oidc_problem problem, str name)
{
	const struct client_problem shown = { .problem = problem,
					      .end = true,
					      .client_id = ending->query.client_id,
					      .name = name,
					      .asked_uri = ending->query.post_logout_redirect_uri };

	x->next = (str){ 0 };
	return exchange_client_problem(x, &shown);
}

static err
end_session_judge(struct exchange *x, struct channel *keeper, struct ending *ending)
{
	const struct end_query *query = &ending->query;
	const struct oidc_end_body body = { .id_token_hint = query->id_token_hint,
					    .client_id = query->client_id,
					    .redirect_uri = query->post_logout_redirect_uri,
					    .state = query->state,
					    .ui_locales = query->ui_locales,
					    .confirmed = ending->confirmed };
	struct oidc_ended_body ended = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_OIDC_END, &body, &verdict, &ended));
	if (verdict != VERDICT_PASSED)
		return ERR_PROTOCOL;
	exchange_client_language(x, ended.language);
	switch (ended.outcome) {
	case OIDC_END_ASK:
		return end_session_ask(x, ending, ended.name);
	case OIDC_END_DONE:
		return end_session_done(x, ending, &ended);
	default:
		return end_session_problem(x, ending, ended.problem, ended.name);
	}
}

err
end_session_show(struct exchange *x, struct channel *keeper)
{
	struct ending ending = { .status = 200 };

	if (x->rq->method == HTTP_HEAD) /* it must not change anything */
		return exchange_redirect(x, STR("/"), (str){ 0 }, FLASH_NONE);
	if (!end_session_read(x, x->rq->query, &ending))
		return end_session_problem(x, &ending, OIDC_PROBLEM_MALFORMED, (str){ 0 });
	return end_session_judge(x, keeper, &ending);
}

err
end_session_post(struct exchange *x)
{
	return exchange_client_repeat(x, STR(END_PATH "?"));
}

/* --- the form of the page that asks ------------------------------------------------------------------------------- */

/* False: the form has no request. */
static bool
end_session_take(struct exchange *x, struct ending *ending)
{
	const struct logout_form *form = x->form;

	exchange_take_next(x, form->next);
	return str_starts(x->next, STR(END_PATH "?")) &&
	       end_session_read(x, str_from(x->next, sizeof(END_PATH)), ending);
}

err
end_session_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	struct ending ending = { .status = status, .error = sentence };

	(void)keeper;
	if (!end_session_take(x, &ending))
		return authorization_moved_show(x);
	return end_session_ask(x, &ending, (str){ 0 });
}

err
end_session_confirm_post(struct exchange *x, struct channel *keeper)
{
	struct ending ending = { .status = 200, .confirmed = true };

	return end_session_take(x, &ending) ? end_session_judge(x, keeper, &ending) : authorization_moved_show(x);
}
