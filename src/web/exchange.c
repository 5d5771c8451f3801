#include "web/exchange.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/secret.h"
#include "http/cookie.h"
#include "http/forwarded.h"
#include "http/next.h"
#include "web/form_token.h"
#include "web/gate.h"
#include "web/language.h"
#include "web/messages.h"
#include "web/pages.h"

#include <stdlib.h>

enum { AGENT_MAX = 200 };

/* --- learning who it is ------------------------------------------------------------------------------------------- */

/* 43 characters of base64url.  Anything else is no token. */
static bool
token_parse(str text, struct token *ret_token)
{
	struct token token = { 0 };

	if (str_base64url(text, token.b, TOKEN_BYTES) != ERR_OK)
		return false;
	*ret_token = token;
	return true;
}

static void
view_of(const struct answer_head *head, struct session_view *ret_view)
{
	struct session_view view = { .state = (enum session_state)head->state,
				     .account_id = head->account_id,
				     .created_us = head->created_us,
				     .last_sign_in_us = head->last_sign_in_us,
				     .factor_since_us = head->factor_since_us,
				     .expires_us = head->expires_us,
				     .proved_us = head->proved_us,
				     .language = (enum preferred_language)head->language,
				     .time_format = (enum time_format)head->time_format,
				     .recovery_left = head->recovery_left,
				     .recovered = head->recovered != 0,
				     .refused = head->refused,
				     .codes_disabled = head->codes_disabled != 0 };

	/* at most USERNAME_MAX and DISPLAY_NAME_MAX_BYTES: the wire's table says so */
	memcpy(view.name, head->name.p, head->name.n);
	memcpy(view.display_name, head->display_name.p, head->display_name.n);
	*ret_view = view;
}

static bool
token_is_zero(const struct token *token)
{
	static const struct token zero;

	return secret_equal(token, &zero, sizeof(zero));
}

static err
token_take(struct exchange *x, const struct token *token)
{
	x->token = *token;
	return digest_sha256(str_bytes(token->b, TOKEN_BYTES), x->token_hash.b);
}

/* The answer's session is ours from now on; what the keeper said passes into the cache. */
static err
session_take(struct exchange *x, const struct answer_head *head, int64_t epoch)
{
	if (!token_is_zero(&head->token)) {
		TRY(token_take(x, &head->token));
		TRY(exchange_session_cookie(x, &head->token));
	}
	view_of(head, &x->session);
	x->session_known = true;
	if (x->session.state != STATE_NONE)
		session_cache_put(x->web->cache, &x->token_hash, &x->session, x->rq->now_us, epoch);
	return ERR_OK;
}

err
exchange_ask(struct exchange *x, struct channel *keeper, enum question_id id, const void *body,
	     enum verdict *ret_verdict, void *ret_answer)
{
	static const struct nothing_body nothing;
	struct question_head head = { .id = id,
				      .token = x->token,
				      .device = x->device,
				      .address = str_upto(x->address, 64),
				      .agent = str_upto(request_header(x->rq, "User-Agent"), AGENT_MAX),
				      .request_id = str_of(x->rq->id) };
	struct answer_head answer = { 0 };
	int64_t epoch = session_cache_epoch(x->web->cache);

	if (keeper == NULL) /* the session was to be known already: a defect of ours */
		return ERR_PROTOCOL;
	TRY(channel_ask(keeper, x->rq->arena, &head, body == NULL ? &nothing : body, &answer, ret_answer));
	*ret_verdict = (enum verdict)answer.verdict;
	if (answer.verdict == VERDICT_UNAVAILABLE)
		return ERR_AWAY;
	if (answer.verdict == VERDICT_MALFORMED)
		return ERR_PROTOCOL;
	TRY(session_take(x, &answer, epoch));
	x->retry_s = answer.verdict == VERDICT_WAIT ? answer.retry_s : 0;
	return answer.verdict == VERDICT_WAIT ? ERR_WAIT : ERR_OK;
}

str
exchange_shown_name(const struct exchange *x)
{
	const struct session_view *session = &x->session;

	return str_of(session->display_name[0] != '\0' ? session->display_name : session->name);
}

err
exchange_prefer_language(struct exchange *x)
{
	static const enum config_language languages[PREFERRED_COUNT] = {
		[PREFERRED_FR] = LANGUAGE_FR, [PREFERRED_EN] = LANGUAGE_EN
	};
	enum preferred_language preferred = x->session.language;

	if (preferred == PREFERRED_BROWSER || preferred >= PREFERRED_COUNT)
		return ERR_OK;
	x->language = languages[preferred];
	return exchange_language_cookie(x, x->language);
}

/* --- proving the factor anew -------------------------------------------------------------------------------------- */

/* The field comes a minute before it is needed, so that nobody is asked in the middle of typing. */
enum { STEP_UP_EARLY_SECONDS = 60, DRIFT_SHOWN_MAX = 1000 };

void
exchange_otp(const struct exchange *x, struct page_otp *ret_otp)
{
	int64_t fresh_from_us = x->rq->now_us - (STEP_UP_US - SECONDS_US(STEP_UP_EARLY_SECONDS));

	*ret_otp = (struct page_otp){ .shown = x->session.proved_us < fresh_from_us };
}

void
exchange_otp_missing(struct page_otp *ret_otp)
{
	*ret_otp = (struct page_otp){ .shown = true,
				      .problem = N_("Your last code is older than five minutes. Enter a new one.") };
}

void
exchange_drift(int64_t drift_s, struct page_drift *ret_drift)
{
	int64_t minutes = drift_s / 60 < -DRIFT_SHOWN_MAX || drift_s / 60 > DRIFT_SHOWN_MAX
			      ? DRIFT_SHOWN_MAX
			      : (llabs(drift_s) + 30) / 60;

	if (drift_s != 0)
		*ret_drift = (struct page_drift){ .minutes = minutes > 0 ? minutes : 1, .ahead = drift_s > 0 };
}

const char exchange_code_impossible[] = N_("This cannot be a code. Enter the six digits that your app shows.");
const char exchange_either_impossible[] =
    N_("This cannot be a code. Enter the digits that your app shows, or a recovery "
       "code of 24 letters and digits.");

err
exchange_step_up(struct exchange *x, struct channel *keeper, str otp, struct page_otp *ret_otp)
{
	const struct prove_body body = { otp };
	struct proved_body proved = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	exchange_otp(x, ret_otp);
	if (str_trim(otp).n == 0)
		return ERR_OK;
	TRY(exchange_ask(x, keeper, QUESTION_STEP_UP, &body, &verdict, &proved));
	exchange_otp(x, ret_otp);
	if ((verdict != VERDICT_REFUSED && verdict != VERDICT_PROBLEMS) || x->session.state != STATE_FULL)
		return ERR_OK;
	ret_otp->shown = true;
	if (verdict == VERDICT_PROBLEMS) {
		ret_otp->problem = exchange_either_impossible;
		return ERR_OK;
	}
	ret_otp->problem = N_("That is not the right code. Wait for the next one and try again.");
	exchange_drift(proved.drift_s, &ret_otp->drift);
	return ERR_OK;
}

/* --- before the question ------------------------------------------------------------------------------------------ */

/* From the cookie alone, or from the cache.  What is left open needs a question. */
static err
session_begin(struct exchange *x)
{
	struct token token = { 0 };

	(void)!token_parse(exchange_cookie(x, COOKIE_DEVICE),
			   &x->device); /* what is malformed is as if it were not there */
	if (!token_parse(exchange_cookie_from(x, COOKIE_SESSION, &x->session_earlier), &token)) {
		x->session_known = true;
		return ERR_OK;
	}
	TRY(token_take(x, &token));
	x->session_known = session_cache_get(x->web->cache, &x->token_hash, x->rq->now_us, &x->session);
	return ERR_OK;
}

static err
session_learn(struct exchange *x, struct channel *keeper)
{
	enum verdict verdict = VERDICT_REFUSED;

	if (!x->session_known)
		TRY(exchange_ask(x, keeper, QUESTION_SESSION, NULL, &verdict, NULL));
	x->session_earlier = x->session_earlier && x->session.state != STATE_NONE;
	return ERR_OK;
}

/* --- reading the request ------------------------------------------------------------------------------------------ */

/* The trusted address that this thread asked about last: behind a proxy it is nearly always the same one. */
static _Thread_local struct {
	const struct config *config;
	char address[64];
	size_t n;
} trusted;

/* The mode and the group of a Unix socket say who may connect to it. */
bool
exchange_trusts(void *config, str address)
{
	if (str_equal(address, STR(HTTP_PEER_UNIX)))
		return true;
	if (trusted.config == config && str_equal(address, str_bytes(trusted.address, trusted.n)))
		return true;
	if (!config_trusts(config, address))
		return false;
	if (address.n <= sizeof(trusted.address)) {
		trusted.config = config;
		trusted.n = address.n;
		memcpy(trusted.address, address.p, address.n);
	}
	return true;
}

struct next_form {
	str next;
};
static const struct field next_fields[] = {
	FIELD(struct next_form, next, NEXT_MAX_BYTES + 1, optional),
};
static const struct form next_form = FORM(struct next_form, next_fields);

/* ?next= of a GET; a form has its own field of that name.  What is not safe is as if it were not there. */
static void
next_begin(struct exchange *x)
{
	struct next_form query = { 0 };
	struct form_faults faults = { 0 };

	if (form_parse(&next_form, x->rq->query, x->rq->arena, &query, &faults) == ERR_OK && faults.over_long == 0 &&
	    next_is_safe(query.next))
		x->next = query.next;
}

static err
form_begin(struct exchange *x)
{
	struct form_faults faults; /* a cut value is still too long for the keeper, which words it */

	if (x->route->form == NULL)
		return ERR_OK;
	x->form = arena_alloc(x->rq->arena, x->route->form->size);
	if (x->form == NULL)
		return ERR_MEMORY;
	return form_parse(x->route->form, x->rq->body, x->rq->arena, x->form, &faults);
}

static err
exchange_begin(struct exchange *x)
{
	x->address = forwarded_address(x->rq, exchange_trusts, (void *)x->web->config);
	x->rq->from = x->address;
	x->language = language_choose(exchange_cookie(x, COOKIE_LANGUAGE), request_header(x->rq, "Accept-Language"),
				      x->web->config->default_language);
	x->anonymous = exchange_cookie(x, COOKIE_FORM);
	next_begin(x);
	return session_begin(x);
}

static struct exchange *
exchange_new(struct web *web, struct request *rq, struct reply *rp)
{
	struct exchange *x = arena_alloc(rq->arena, sizeof(*x));

	if (x != NULL)
		*x = (struct exchange){ .web = web, .rq = rq, .rp = rp, .language = web->config->default_language };
	rq->app = x;
	return x;
}

/* --- deciding ----------------------------------------------------------------------------------------------------- */

/* The one place where "could not be done" becomes a status. */
static int
status_of(err e)
{
	switch (e) {
	case ERR_INVALID:
		return 400;
	case ERR_TOO_LONG:
		return 413;
	case ERR_NOT_FOUND:
		return 404;
	case ERR_WAIT:
		return 429;
	case ERR_MEMORY:
	case ERR_IO:
	case ERR_BUSY:
	case ERR_AWAY:
	case ERR_CRYPTO:
		return 503;
	default:
		return 500;
	}
}

static void
failed(struct exchange *x, err e)
{
	int status = status_of(e);

	if (status >= 500)
		log_event(LOG_ERROR, "request.failed", LOG_TEXT("why", err_name(e)), LOG_STR("path", x->rq->path));
	exchange_error(x, status);
}

/* A POST that is not from a page of ours: its page again, with a sentence to act on; nothing was done. */
static err
refuse_foreign(struct exchange *x, struct channel *keeper)
{
	log_event(LOG_NOTICE, "form.refused", LOG_STR("path", x->rq->path), LOG_STR("address", x->address));
	return x->route->again(x, keeper, 403,
			       N_("This form had grown old, or came from somewhere else. Please send it again."));
}

/* The form again; how long to wait is said by the page, and in Retry-After. */
static err
refuse_for_now(struct exchange *x, struct channel *keeper)
{
	return x->route->again(x, keeper, 429, N_("Too many tries that were wrong: this one was not looked at."));
}

/* csrf_token is the first member of every form's struct. */
static err
run_post(struct exchange *x, struct channel *keeper)
{
	bool ours = false;
	err e;

	if (x->form == NULL) /* a POST row without a form: a defect of ours, and nothing to check a token by */
		return ERR_PROTOCOL;
	TRY(form_token_check(x, *(const str *)x->form, &ours));
	e = ours ? x->route->answer(x, keeper) : refuse_foreign(x, keeper);
	return e == ERR_WAIT ? refuse_for_now(x, keeper) : e;
}

/* Where to come back to from wherever this person is led: the page itself if it needs FULL, else its own next. */
static err
next_from_here(struct exchange *x, str *ret_next)
{
	CLEANUP(buf_wipe) struct buf here = BUF(NEXT_MAX_BYTES);

	bool front = str_equal(x->rq->path, STR("/"));

	*ret_next = x->next;
	if (x->route->method == HTTP_POST || x->route->opens != 0 || (front && x->route->query.n == 0))
		return ERR_OK;
	buf_put(&here, front ? STR("/gate") : x->rq->path);
	if (x->rq->query.n > 0)
		buf_put_byte(&here, '?');
	buf_put(&here, x->rq->query);
	if (buf_check(&here) != ERR_OK || !next_is_safe(buf_str(&here)))
		return ERR_OK;
	return arena_copy(x->rq->arena, buf_str(&here), ret_next);
}

static err
run(struct exchange *x, struct channel *keeper)
{
	str next = { 0 };

	TRY(session_learn(x, keeper));
	if (!route_opens(x->route, x->session.state)) {
		TRY(next_from_here(x, &next));
		return exchange_lead(x, next);
	}
	if (x->route->method == HTTP_POST)
		return run_post(x, keeper);
	return x->route->show != NULL ? x->route->show(x) : x->route->answer(x, keeper);
}

static void
run_to_reply(struct exchange *x, struct channel *keeper)
{
	err e;

	log_request_id(x->rq->id);
	e = run(x, keeper);
	if (e != ERR_OK)
		failed(x, e);
	log_request_id("");
}

static err
say_methods(struct exchange *x, unsigned methods)
{
	bool both = (methods & HTTP_GET) && (methods & HTTP_POST);

	return reply_header(x->rq, x->rp, STR("Allow"),
			    both                  ? STR("GET, HEAD, POST")
			    : methods & HTTP_POST ? STR("POST")
						  : STR("GET, HEAD"));
}

/* "/account/" is typed for "/account": lead there.  False: it is no page of ours with a slash behind it. */
static bool
lead_from_slash(struct exchange *x)
{
	CLEANUP(buf_wipe) struct buf location = BUF(16 * 1024);
	str path = str_upto(x->rq->path, x->rq->path.n - 1);
	unsigned methods = 0;

	if (!str_ends(x->rq->path, STR("/")) || path.n <= 1 || x->rq->method == HTTP_POST)
		return false;
	x->route = route_find(x->rq->method, path, (str){ 0 }, &methods);
	if (x->route == NULL || x->route->any_host)
		return false;
	buf_put(&location, path);
	if (x->rq->query.n > 0)
		buf_put_byte(&location, '?');
	buf_put(&location, x->rq->query);
	return buf_check(&location) == ERR_OK &&
	       exchange_redirect(x, buf_str(&location), (str){ 0 }, FLASH_NONE) == ERR_OK;
}

/* By this method, or by another that the path takes. */
static bool
path_is_for_any_host(const struct exchange *x, unsigned methods)
{
	enum http_method one = (enum http_method)(methods & -methods);
	unsigned ignored;
	const struct route *route = x->route;

	if (route == NULL && methods != 0)
		route = route_find(one, x->rq->path, x->rq->query, &ignored);
	return route != NULL && route->any_host;
}

/* Which row of the table answers?  Without one the reply is made here. */
static bool
route_begin(struct exchange *x)
{
	unsigned methods = 0;

	x->route = route_find(x->rq->method, x->rq->path, x->rq->query, &methods);
	if (!path_is_for_any_host(x, methods) && exchange_elsewhere(x)) {
		log_event(LOG_NOTICE, "host.refused", LOG_STR("host", request_header(x->rq, "Host")));
		exchange_wrong_address(x);
		return false;
	}
	if (x->route != NULL)
		return true;
	if (methods != 0 || !lead_from_slash(x))
		exchange_error(x, methods == 0 ? 404 : say_methods(x, methods) == ERR_OK ? 405 : 503);
	return false;
}

static enum http_lane
admit_begun(struct exchange *x)
{
	err e;

	if (!route_begin(x))
		return HTTP_INLINE;
	e = form_begin(x);
	if (e != ERR_OK) {
		exchange_error(x, status_of(e));
		return HTTP_INLINE;
	}
	if (x->route->lane != HTTP_INLINE || !x->session_known)
		return x->route->lane == HTTP_SLOW ? HTTP_SLOW : HTTP_QUICK;
	run_to_reply(x, NULL);
	return HTTP_INLINE;
}

static enum http_lane
admit_page(struct exchange *x)
{
	if (exchange_begin(x) == ERR_OK)
		return admit_begun(x);
	exchange_error(x, 503);
	return HTTP_INLINE;
}

enum gate_route { GATE_ROUTE, GATE_ROUTE_METHOD, GATE_ROUTE_NONE };

/* A method that the endpoint does not take is answered as for any page. */
static enum gate_route
gate_route(struct exchange *x)
{
	unsigned methods = 0;

	x->route = route_find(x->rq->method, x->rq->path, x->rq->query, &methods);
	if (x->route != NULL)
		return GATE_ROUTE;
	return methods == 0 ? GATE_ROUTE_NONE : GATE_ROUTE_METHOD;
}

/*
 * A path that another program on the way may read as another one.  Nothing else of the request is believed or looked up.  The header tells
 * `doubletour doctor` that the proxy has passed such a path on.
 */
static void
refuse_path(struct exchange *x)
{
	log_event(LOG_NOTICE, "path.refused", LOG_STR("path", x->rq->path),
		  LOG_STR("host", request_header(x->rq, "Host")), LOG_STR("address", x->rq->peer));
	x->session_known = true; /* none */
	x->route = NULL;
	if (gate_path(x->rq->path)) {
		gate_refuse(x);
	} else {
		x->language = language_choose((str){ 0 }, request_header(x->rq, "Accept-Language"), x->language);
		exchange_error(x, 400);
	}
	(void)!reply_header(x->rq, x->rp, STR("Doubletour-Refused"),
			    STR("path")); /* without it the answer is the same */
}

static enum http_lane
admit_gate(struct exchange *x)
{
	switch (gate_route(x)) {
	case GATE_ROUTE:
		return gate_admit(x) ? HTTP_INLINE : HTTP_QUICK;
	case GATE_ROUTE_NONE:
		refuse_path(x);
		return HTTP_INLINE;
	default:
		return admit_page(x);
	}
}

static void
expect(void *app, const struct request *rq, struct http_expectation *expectation)
{
	unsigned methods = 0;
	const struct route *route = route_find(rq->method, rq->path, rq->query, &methods);

	(void)app;
	if (route == NULL)
		return;
	expectation->authorization = route->authorization;
	if (route->body_max_bytes > 0)
		expectation->body_max_bytes = route->body_max_bytes;
}

static enum http_lane
admit(void *app, struct request *rq, struct reply *rp)
{
	struct exchange *x = exchange_new(app, rq, rp);

	if (x == NULL) {
		rp->status = 503;
		return HTTP_INLINE;
	}
	if (!route_path_good(rq->path, rq->path_kind)) {
		refuse_path(x);
		return HTTP_INLINE;
	}
	return gate_path(rq->path) ? admit_gate(x) : admit_page(x);
}

static void
work(void *app, void *worker, struct request *rq, struct reply *rp)
{
	struct exchange *x = rq->app;

	(void)app;
	x->rp = rp;
	if (x->route->gate)
		gate_work(x, worker);
	else
		run_to_reply(x, worker);
}

static void
refuse(void *app, struct request *rq, int status, struct reply *rp)
{
	struct exchange *x = rq->app != NULL ? rq->app : exchange_new(app, rq, rp);

	if (x == NULL) {
		rp->status = status;
		return;
	}
	x->rp = rp;
	if (gate_path(rq->path)) {
		gate_refuse(x);
		return;
	}
	(void)!exchange_begin(x); /* a page in the default language is better than none */
	exchange_error(x, status);
}

static void *
worker_open(void *app, enum http_lane lane, size_t index)
{
	struct web *web = app;

	return &web->channels[lane == HTTP_SLOW ? web->quick + index : index];
}

static void
done(void *app, const struct request *rq, int status, size_t body_bytes, int64_t elapsed_us)
{
	const struct exchange *x = rq->app;
	enum session_state state = x != NULL && x->session_known ? x->session.state : STATE_NONE;
	bool quiet = x != NULL && x->route != NULL && x->route->any_host;

	(void)app;
	log_event(quiet ? LOG_DEBUG : LOG_INFO, "request", LOG_TEXT("id", rq->id), LOG_STR("method", rq->method_name),
		  LOG_STR("path", rq->path), LOG_INT("status", status), LOG_INT("bytes", (int64_t)body_bytes),
		  LOG_INT("us", elapsed_us), LOG_STR("address", x != NULL ? x->address : rq->peer),
		  LOG_TEXT("state", session_state_name(state)));
}

static bool
trusts(void *app, str peer)
{
	const struct web *web = app;

	return exchange_trusts((void *)(uintptr_t)web->config, peer);
}

const struct http_app web_app = {
	.expect = expect,
	.admit = admit,
	.work = work,
	.refuse = refuse,
	.worker_open = worker_open,
	.trusts = trusts,
	.done = done,
};
