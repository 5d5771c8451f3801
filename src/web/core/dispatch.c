#include "web/core/dispatch.h"

#include "base/log.h"
#include "http/forwarded.h"
#include "http/return_to.h"
#include "web/core/apps.h"
#include "web/core/ask.h"
#include "web/core/cookies.h"
#include "web/core/counts.h"
#include "web/core/form_token.h"
#include "web/core/host.h"
#include "web/core/language.h"
#include "web/core/messages.h"
#include "web/core/passkeys.h"
#include "web/core/respond.h"
#include "web/core/step_up.h"

/* --- errors ------------------------------------------------------------------------------------------------------- */

/* Map errors to HTTP statuses.  This is the only place that does so. */
static int
dispatch_status(err e)
{
	switch (e) {
	case ERR_INVALID:
		return 400;
	case ERR_TOO_LONG:
		return 413;
	case ERR_NOT_FOUND:
		return 404;
	case ERR_LOCKOUT:
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
dispatch_failed(struct exchange *x, err e)
{
	int status = dispatch_status(e);

	if (status >= 500)
		log_event(LOG_ERROR, "request.failed", LOG_TEXT("why", err_name(e)), LOG_STR("path", x->rq->path));
	exchange_error(x, status);
}

/* --- pages: on the event thread ----------------------------------------------------------------------------------- */

struct next_form {
	str next;
};
static const struct field next_fields[] = {
	FIELD(struct next_form, next, NEXT_MAX_BYTES + 1, optional),
};
static const struct form next_form = FORM(struct next_form, next_fields);

/* ?next= of a GET; forms have a field of that name.  An unsafe value is treated as absent. */
static void
dispatch_page_next(struct exchange *x)
{
	struct next_form query = { 0 };
	struct form_faults faults = { 0 };

	if (form_parse(&next_form, x->rq->query, x->rq->arena, &query, &faults) == ERR_OK && faults.over_long == 0 &&
	    next_is_safe(query.next))
		x->next = query.next;
}

/* Determine client address and language, which every page needs. */
static void
dispatch_page_who(struct exchange *x)
{
	x->address = forwarded_address(x->rq, exchange_trusts, (void *)(uintptr_t)x->web->config);
	x->rq->from = x->address;
	x->language = language_choose(exchange_cookie(x, COOKIE_LANGUAGE), request_header(x->rq, "Accept-Language"),
				      x->web->config->default_language);
}

static err
dispatch_page_begin(struct exchange *x)
{
	dispatch_page_who(x);
	x->anonymous = exchange_cookie(x, COOKIE_FORM);
	exchange_flash_take(x);
	dispatch_page_next(x);
	return exchange_session_find(x);
}

struct csrf_form {
	str csrf_token;
};
static const struct field csrf_fields[] = {
	FIELD(struct csrf_form, csrf_token, FORM_TOKEN_MAX, optional),
};
static const struct form csrf_form = FORM(struct csrf_form, csrf_fields);

static err
dispatch_page_form_read(struct exchange *x)
{
	struct form_faults faults; /* a truncated value is still too long for the keeper, which names the problem */

	x->form = arena_alloc(x->rq->arena, x->route->form->size);
	if (x->form == NULL)
		return ERR_MEMORY;
	return form_parse(x->route->form, x->rq->body, x->rq->arena, x->form, &faults);
}

/* Parse the form's token, and the fields of the form that the route's row names. */
static err
dispatch_page_form(struct exchange *x)
{
	struct csrf_form csrf = { 0 };

	if (x->route->method != HTTP_POST)
		return ERR_OK;
	TRY(form_parse(&csrf_form, x->rq->body, x->rq->arena, &csrf, NULL));
	x->csrf_token = csrf.csrf_token;
	return x->route->form == NULL ? ERR_OK : dispatch_page_form_read(x);
}

static err
dispatch_page_say_methods(struct exchange *x)
{
	unsigned methods = x->methods;
	bool both = (methods & HTTP_GET) && (methods & HTTP_POST);

	return reply_header(x->rq, x->rp, STR("Allow"),
			    both                  ? STR("GET, HEAD, POST")
			    : methods & HTTP_POST ? STR("POST")
						  : STR("GET, HEAD"));
}

static void
dispatch_page_put_query(const struct exchange *x, struct buf *out)
{
	if (x->rq->query.n > 0)
		buf_put_byte(out, '?');
	buf_put(out, x->rq->query);
}

/* Redirect "/account/" to "/account".  False: the path without its slash is not a page. */
static bool
dispatch_page_redirect_slash(struct exchange *x)
{
	CLEANUP(buf_wipe) struct buf location = BUF(16 * 1024);
	str path = str_upto(x->rq->path, x->rq->path.n - 1);

	if (!str_ends(x->rq->path, STR("/")) || path.n <= 1 || x->rq->method == HTTP_POST)
		return false;
	x->route = route_find(x->rq->method, path, (str){ 0 }, &x->methods);
	if (x->route == NULL || route_any_host(x->route))
		return false;
	buf_put(&location, path);
	dispatch_page_put_query(x, &location);
	return buf_check(&location) == ERR_OK &&
	       exchange_redirect(x, buf_str(&location), (str){ 0 }, FLASH_NONE) == ERR_OK;
}

/*
 * Redirect a browser from http://127.0.0.1:PORT to http://localhost:PORT.  Browsers with passkeys send Sec-Fetch-Mode;
 * programs do not, and are served at both addresses.
 */
static bool
dispatch_page_redirect_localhost(struct exchange *x)
{
	CLEANUP(buf_wipe) struct buf location = BUF(16 * 1024);

	if (x->rq->method == HTTP_POST || !str_equal(request_header(x->rq, "Sec-Fetch-Mode"), STR("navigate")) ||
	    !host_put_localhost(x->web->config, request_header(x->rq, "Host"), &location))
		return false;
	buf_put(&location, x->rq->path);
	dispatch_page_put_query(x, &location);
	return buf_check(&location) == ERR_OK &&
	       exchange_redirect(x, buf_str(&location), (str){ 0 }, FLASH_NONE) == ERR_OK;
}

/* Does the route of this path serve any host, for this or another method? */
static bool
dispatch_page_is_for_any_host(const struct exchange *x)
{
	enum http_method one = (enum http_method)(x->methods & -x->methods);
	unsigned ignored;
	const struct route *route = x->route;

	if (route == NULL && x->methods != 0)
		route = route_find(one, x->rq->path, x->rq->query, &ignored);
	return route != NULL && route_any_host(route);
}

/* Does the request have the right host, and a route?  If not, the reply is made here. */
static bool
dispatch_page_found(struct exchange *x)
{
	bool any_host = dispatch_page_is_for_any_host(x);

	if (!any_host && dispatch_page_redirect_localhost(x))
		return false;
	if (!any_host && exchange_elsewhere(x)) {
		log_event(LOG_NOTICE, "host.refused", LOG_STR("host", request_header(x->rq, "Host")));
		exchange_wrong_address(x);
		return false;
	}
	if (x->route != NULL)
		return true;
	if (x->methods != 0)
		exchange_error(x, dispatch_page_say_methods(x) == ERR_OK ? 405 : 503);
	else if (!dispatch_page_redirect_slash(x))
		exchange_error(x, 404);
	return false;
}

/* --- pages: around the handler ------------------------------------------------------------------------------------ */

/* The session ended before the form was sent: its return URL is kept. */
static void
dispatch_page_take_form_next(struct exchange *x)
{
	const str *next = form_value(x->route->form, x->form, STR("next"));

	if (next != NULL)
		exchange_take_next(x, *next);
}

/* Return URL for redirects of this request: the page itself if it needs FULL, otherwise its `next`. */
static err
dispatch_page_next_from_path(struct exchange *x, str *ret_next)
{
	CLEANUP(buf_wipe) struct buf here = BUF(NEXT_MAX_BYTES);

	bool front = str_equal(x->rq->path, STR("/"));

	dispatch_page_take_form_next(x);
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

/*
 * The session's state does not allow the page: redirect to the step that it allows, or to the start of an expired
 * step.
 */
static err
dispatch_page_next_step(struct exchange *x)
{
	const struct route *route = x->route;

	if (route->expired.path.n > 0 && x->session.state == route->expired.state)
		return exchange_redirect(x, route->expired.path,
					 route->expired.state == STATE_FULL ? (str){ 0 } : x->next,
					 route->expired.flash);
	return exchange_redirect_to_step(x, x->next);
}

/*
 * Redisplay the form.  The handler may ask the keeper for the page's values, and the session may have ended in the
 * meantime.
 */
static err
dispatch_page_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	err e = x->route->step_up ? exchange_otp_passkeys(x, keeper, &x->otp) : ERR_OK;

	if (e == ERR_OK)
		e = x->route->redisplay(x, keeper, status, sentence);
	return e == ERR_DENIED ? dispatch_page_next_step(x) : e;
}

/* A POST from a foreign or expired form: redisplay the page with a message; nothing was done. */
static err
dispatch_page_refuse_cross_site(struct exchange *x, struct channel *keeper)
{
	log_event(LOG_NOTICE, "form.refused", LOG_STR("path", x->rq->path), LOG_STR("address", x->address));
	return dispatch_page_redisplay(x, keeper, 403, N_("This form has expired. Try again."));
}

/* Redisplay the form with the field for a code; x->otp has the reason. */
static err
dispatch_page_show_otp(struct exchange *x, struct channel *keeper)
{
	return dispatch_page_redisplay(x, keeper, x->route->method == HTTP_POST ? 422 : 200, NULL);
}

/* Handle the errors that handlers pass on. */
static err
dispatch_page_after(struct exchange *x, struct channel *keeper, err e)
{
	switch (e) {
	case ERR_DENIED:
		return dispatch_page_next_step(x);
	case ERR_LOCKOUT: /* the page and Retry-After say for how long */
		if (x->route->method != HTTP_POST)
			return e;
		return dispatch_page_redisplay(x, keeper, 429, N_("Too many attempts."));
	case ERR_STALE:
		if (!x->route->step_up || x->route->redisplay == NULL)
			return ERR_PROTOCOL;
		exchange_otp_missing(x, &x->otp);
		return dispatch_page_show_otp(x, keeper);
	default:
		return e;
	}
}

static err
dispatch_page_answer(struct exchange *x, struct channel *keeper)
{
	return x->route->show != NULL ? x->route->show(x) : x->route->answer(x, keeper);
}

/* Verify the passkey's answer, or the code in the form's field `otp`, before the handler reads the rest of the form. */
static err
dispatch_page_answer_fresh(struct exchange *x, struct channel *keeper)
{
	const str *otp = form_value(x->route->form, x->form, STR("otp"));

	if (otp == NULL) /* the row's form lacks the field: a defect in the program */
		return ERR_PROTOCOL;
	TRY(exchange_step_up(x, keeper, *otp, &x->otp));
	TRY(exchange_otp_passkeys(x, keeper, &x->otp));
	return exchange_otp_failed(&x->otp) ? dispatch_page_show_otp(x, keeper) : dispatch_page_answer(x, keeper);
}

static err
dispatch_page_post(struct exchange *x, struct channel *keeper)
{
	bool ours = false;

	TRY(form_token_check(x, x->csrf_token, &ours));
	if (!ours)
		return dispatch_page_refuse_cross_site(x, keeper);
	return x->route->step_up ? dispatch_page_answer_fresh(x, keeper) : dispatch_page_answer(x, keeper);
}

static err
dispatch_page_get(struct exchange *x, struct channel *keeper)
{
	if (x->route->step_up)
		TRY(exchange_otp_passkeys(x, keeper, &x->otp));
	if (exchange_signal_wanted(x))
		TRY(exchange_signal(x, keeper));
	if (exchange_tiles_wanted(x))
		TRY(exchange_tiles(x, keeper));
	return dispatch_page_answer(x, keeper);
}

static err
dispatch_page_open(struct exchange *x, struct channel *keeper)
{
	err e;

	if (x->route->step_up)
		exchange_otp(x, &x->otp);
	e = x->route->method == HTTP_POST ? dispatch_page_post(x, keeper) : dispatch_page_get(x, keeper);
	return dispatch_page_after(x, keeper, e);
}

static err
dispatch_page_run(struct exchange *x, struct channel *keeper)
{
	str next = { 0 };

	TRY(exchange_session_ask(x, keeper));
	if (route_opens(x->route, x->session.state))
		return dispatch_page_open(x, keeper);
	TRY(dispatch_page_next_from_path(x, &next));
	return exchange_redirect_to_step(x, next);
}

static void
dispatch_page_work(struct exchange *x, struct channel *keeper)
{
	err e = dispatch_page_run(x, keeper);

	if (e != ERR_OK)
		dispatch_failed(x, e);
}

/* Does the dispatcher ask for passkeys or tiles before the handler, which itself asks nothing? */
static bool
dispatch_page_asks(const struct exchange *x)
{
	struct page_otp otp;

	if (exchange_signal_wanted(x) || exchange_tiles_wanted(x))
		return true;
	if (x->session.state != STATE_FULL || !x->route->step_up || x->session.passkeys == 0)
		return false;
	exchange_otp(x, &otp);
	return otp.shown;
}

static enum http_pool
dispatch_page_admit(struct exchange *x)
{
	err e = dispatch_page_begin(x);

	if (e != ERR_OK) {
		exchange_error(x, 503);
		return HTTP_INLINE;
	}
	if (!dispatch_page_found(x))
		return HTTP_INLINE;
	e = dispatch_page_form(x);
	if (e != ERR_OK) {
		exchange_error(x, dispatch_status(e));
		return HTTP_INLINE;
	}
	if (route_pool(x->route) != HTTP_INLINE)
		return route_pool(x->route);
	return x->session_known && !dispatch_page_asks(x) ? HTTP_INLINE : HTTP_QUICK;
}

static void
dispatch_page_refuse(struct exchange *x, int status)
{
	(void)!dispatch_page_begin(x); /* if this fails, the page is in the default language */
	exchange_error(x, status);
}

/* --- plain: for programs and pages, the same reply for every client ----------------------------------------------- */

static enum http_pool
dispatch_plain_admit(struct exchange *x)
{
	dispatch_page_who(x);
	x->session_known = true; /* plain routes have no session */
	return HTTP_INLINE;
}

static void
dispatch_plain_work(struct exchange *x, struct channel *keeper)
{
	err e = x->route->show(x);

	(void)keeper;
	if (e != ERR_OK)
		dispatch_failed(x, e);
}

/* --- the pipelines ------------------------------------------------------------------------------------------------ */

static const struct pipeline page_pipeline = { .admit = dispatch_page_admit,
					       .work = dispatch_page_work,
					       .refuse = dispatch_page_refuse };
static const struct pipeline plain_pipeline = { .admit = dispatch_plain_admit,
						.work = dispatch_plain_work,
						.refuse = dispatch_page_refuse };

static const struct pipeline *const pipelines[] = {
	[ROUTE_PAGE] = &page_pipeline,
	[ROUTE_CHECK] = &check_pipeline,
	[ROUTE_PLAIN] = &plain_pipeline,
	[ROUTE_API] = &api_pipeline,
};

/* For a request without a row: that of the path, for any method.  Only programs need their own replies. */
static const struct pipeline *
dispatch_pipeline_of_path(struct exchange *x)
{
	const struct route *row = route_find(HTTP_ANY, x->rq->path, x->rq->query, &x->methods);

	return row != NULL && row->kind == ROUTE_API ? &api_pipeline : &page_pipeline;
}

/* For a request that is refused before it is read. */
static const struct pipeline *
dispatch_pipeline_of_refusal(struct exchange *x)
{
	return check_pipeline.owns(x->rq->path) ? &check_pipeline : dispatch_pipeline_of_path(x);
}

static const struct pipeline *
dispatch_pipeline(struct exchange *x)
{
	return x->route != NULL ? pipelines[x->route->kind] : dispatch_pipeline_of_path(x);
}

static void
dispatch_work(struct exchange *x, struct channel *keeper)
{
	log_request_id(x->rq->id);
	dispatch_pipeline(x)->work(x, keeper);
	log_request_id("");
}

static struct exchange *
dispatch_new(struct web *web, struct request *rq, struct reply *rp)
{
	struct exchange *x = arena_alloc(rq->arena, sizeof(*x));

	if (x != NULL)
		*x = (struct exchange){ .web = web, .rq = rq, .rp = rp, .language = web->config->default_language };
	rq->app = x;
	return x;
}

/* Refuse without reading cookies or caches.  A proxy gets 403 (web/apps/gate.h). */
static void
dispatch_refuse_unread(struct exchange *x, int status)
{
	x->session = (struct session_view){ 0 };
	x->session_known = true; /* without a session */
	x->route = NULL;
	if (dispatch_pipeline_of_refusal(x) != &page_pipeline) {
		dispatch_pipeline_of_refusal(x)->refuse(x, status);
		return;
	}
	x->language = language_choose((str){ 0 }, request_header(x->rq, "Accept-Language"), x->language);
	exchange_error(x, status);
}

/*
 * Pushes announce ended sessions and new rules.  Without pushes, the caches and data read from them must not be
 * trusted.
 */
static bool
dispatch_pushes_lost(struct exchange *x)
{
	if (!atomic_load_explicit(&x->web->pushes_lost, memory_order_relaxed))
		return false;
	dispatch_refuse_unread(x, 503);
	return true;
}

/*
 * A path that another program may interpret differently.  Nothing else of the request is used.  The header shows
 * `doubletour doctor` that the proxy passed on such a path.
 */
static void
dispatch_refuse_path(struct exchange *x)
{
	log_event(LOG_NOTICE, "path.refused", LOG_STR("path", x->rq->path),
		  LOG_STR("host", request_header(x->rq, "Host")), LOG_STR("address", x->rq->peer));
	dispatch_refuse_unread(x, 400);
	/* best effort: the refusal is the same without it */
	(void)!reply_header(x->rq, x->rp, STR("Doubletour-Refused"), STR("path"));
}

/* Does the path have a route, or a plain 404?  Otherwise the refusal is made here. */
static bool
dispatch_route(struct exchange *x)
{
	bool good = route_path_good(x->rq->path, x->rq->path_kind);

	x->route = route_find(x->rq->method, x->rq->path, x->rq->query, &x->methods);
	if (good && (x->route != NULL || x->methods != 0 || !check_pipeline.owns(x->rq->path)))
		return true;
	dispatch_refuse_path(x);
	return false;
}

static enum http_pool
dispatch_admit(void *app, struct request *rq, struct reply *rp)
{
	struct exchange *x = dispatch_new(app, rq, rp);
	enum http_pool pool;

	if (x == NULL) {
		rp->status = 503;
		return HTTP_INLINE;
	}
	if (dispatch_pushes_lost(x) || !dispatch_route(x))
		return HTTP_INLINE;
	pool = x->pool = dispatch_pipeline(x)->admit(x);
	if (pool == HTTP_INLINE && rp->status == 0)
		dispatch_work(x, NULL);
	return pool;
}

static void
dispatch_expect(void *app, const struct request *rq, struct http_expectation *expectation)
{
	unsigned methods = 0;
	const struct route *route = route_find(rq->method, rq->path, rq->query, &methods);

	(void)app;
	if (route == NULL)
		return;
	expectation->authorization = route->authorization;
	expectation->any_type = route->kind == ROUTE_API;
	expectation->body_max_bytes = route_body_max(route);
}

static void
dispatch_on_worker(void *app, void *worker, struct request *rq, struct reply *rp)
{
	struct exchange *x = rq->app;

	(void)app;
	x->rp = rp;
	if (!dispatch_pushes_lost(x))
		dispatch_work(x, worker);
}

static void
dispatch_refuse(void *app, struct request *rq, int status, struct reply *rp)
{
	struct exchange *x = rq->app != NULL ? rq->app : dispatch_new(app, rq, rp);

	if (x == NULL) {
		rp->status = status;
		return;
	}
	x->rp = rp;
	dispatch_pipeline_of_refusal(x)->refuse(x, status);
}

static void *
dispatch_worker_open(void *app, enum http_pool pool, size_t index)
{
	struct web *web = app;

	return &web->channels[pool == HTTP_SLOW ? web->quick + index : index];
}

/* x is NULL if there was no memory for it. */
static void
dispatch_count(const struct exchange *x, int status, int64_t elapsed_us)
{
	struct counted_request counted = { .status = status, .us = elapsed_us };

	if (x != NULL) {
		counted.route = x->route == NULL ? 0 : (size_t)(x->route - web_routes) + 1;
		counted.pool = x->pool;
		counted.decision = x->decision;
	}
	counts_add(&counted);
}

static void
dispatch_done(void *app, const struct request *rq, int status, size_t body_bytes, int64_t elapsed_us)
{
	const struct exchange *x = rq->app;
	const struct web *web = app;
	enum session_state state = x != NULL && x->session_known ? x->session.state : STATE_NONE;
	bool quiet = x != NULL && x->route != NULL && route_any_host(x->route) && x->route->kind != ROUTE_API;

	if (web->config->metrics.port != 0)
		dispatch_count(x, status, elapsed_us);
	log_event(quiet ? LOG_DEBUG : LOG_INFO, "request", LOG_TEXT("id", rq->id), LOG_STR("method", rq->method_name),
		  LOG_STR("path", rq->path), LOG_INT("status", status), LOG_INT("bytes", (int64_t)body_bytes),
		  LOG_INT("us", elapsed_us), LOG_STR("address", x != NULL ? x->address : rq->peer),
		  LOG_TEXT("state", session_state_name(state)));
}

static bool
dispatch_trusts(void *app, str peer)
{
	const struct web *web = app;

	return exchange_trusts((void *)(uintptr_t)web->config, peer);
}

const struct http_app web_app = {
	.expect = dispatch_expect,
	.admit = dispatch_admit,
	.work = dispatch_on_worker,
	.refuse = dispatch_refuse,
	.worker_open = dispatch_worker_open,
	.trusts = dispatch_trusts,
	.done = dispatch_done,
};
