#include "web/oidc/api.h"

#include "base/log.h"
#include "http/forwarded.h"
#include "web/core/dispatch.h"
#include "web/core/respond.h"
#include "web/pages/handlers.h"

/* --- replies ------------------------------------------------------------------------------------------------------ */

static bool
api_for_any_origin(const struct exchange *x)
{
	return (x->methods & HTTP_OPTIONS) != 0;
}

static err
api_header(struct exchange *x, const char *name, const char *value)
{
	return reply_header_borrowed(x->rp, str_of(name), str_of(value));
}

static err
api_headers_shared(struct exchange *x)
{
	if (!api_for_any_origin(x)) {
		TRY(exchange_security_headers(x));
	} else {
		TRY(exchange_asset_headers(x));
		TRY(api_header(x, "Access-Control-Allow-Origin", "*"));
		TRY(api_header(x, "Access-Control-Expose-Headers", "WWW-Authenticate"));
	}
	return ERR_OK;
}

static err
api_headers(struct exchange *x)
{
	TRY(api_headers_shared(x));
	TRY(api_header(x, "Cache-Control", "no-store"));
	return api_header(x, "Pragma", "no-cache"); /* RFC 6749 s5.1 */
}

err
api_reply(struct exchange *x, int status)
{
	TRY(api_headers(x));
	TRY(api_header(x, "Content-Type", "application/json"));
	x->rp->status = status;
	return buf_check(&x->rp->body);
}

err
api_reply_cached(struct exchange *x, unsigned max_age_s)
{
	CLEANUP(buf_wipe) struct buf control = BUF(64);

	buf_printf(&control, "public, max-age=%u", max_age_s);
	TRY(buf_check(&control));
	TRY(api_headers_shared(x));
	TRY(reply_header(x->rq, x->rp, STR("Cache-Control"), buf_str(&control)));
	TRY(api_header(x, "Content-Type", "application/json"));
	x->rp->status = 200;
	return buf_check(&x->rp->body);
}

static err
api_error_with(struct exchange *x, int status, enum oidc_error error, const char *description)
{
	struct buf *out = &x->rp->body;

	buf_put(out, STR("{\"error\":"));
	buf_put_json(out, str_of(oidc_error_name(error)));
	buf_put(out, STR(",\"error_description\":"));
	buf_put_json(out, str_of(description));
	buf_put(out, STR("}"));
	return api_reply(x, status);
}

static int
api_status(enum oidc_error error)
{
	switch (error) {
	case OIDC_INVALID_CLIENT:
	case OIDC_INVALID_TOKEN:
		return 401;
	case OIDC_INSUFFICIENT_SCOPE:
		return 403;
	case OIDC_TEMPORARILY_UNAVAILABLE:
		return 503;
	default:
		return 400;
	}
}

err
api_error(struct exchange *x, enum oidc_error error, const char *description)
{
	return api_error_with(x, api_status(error), error, description);
}

static err
api_put_methods(struct exchange *x, const char *header)
{
	static const struct {
		enum http_method method;
		const char *name;
	} names[] = { { HTTP_GET, "GET, HEAD" }, { HTTP_POST, "POST" }, { HTTP_OPTIONS, "OPTIONS" } };
	CLEANUP(buf_wipe) struct buf list = BUF(64);

	for (size_t i = 0; i < COUNT(names); i++) {
		if ((x->methods & names[i].method) == 0)
			continue;
		buf_put(&list, list.n > 0 ? STR(", ") : STR(""));
		buf_put(&list, str_of(names[i].name));
	}
	TRY(buf_check(&list));
	return reply_header(x->rq, x->rp, str_of(header), buf_str(&list));
}

/* The reply to a preflight request: Fetch Standard s3.2.2. */
err
api_preflight_show(struct exchange *x)
{
	TRY(api_headers(x));
	TRY(api_put_methods(x, "Access-Control-Allow-Methods"));
	TRY(api_header(x, "Access-Control-Allow-Headers", "Authorization, Content-Type"));
	TRY(api_header(x, "Access-Control-Max-Age", "86400"));
	x->rp->status = 204;
	return ERR_OK;
}

/* --- the pipeline ------------------------------------------------------------------------------------------------- */

static void
api_clear(struct exchange *x)
{
	buf_wipe(&x->rp->body);
	x->rp->header_count = 0;
	x->rp->fixed = (str){ 0 };
}

/* Without memory for JSON, the status alone is sent. */
static void
api_refuse_because(struct exchange *x, int status, enum oidc_error error, const char *description)
{
	api_clear(x);
	if (api_error_with(x, status, error, description) == ERR_OK)
		return;
	api_clear(x);
	x->rp->status = status;
}

static const char *
api_sentence(int status)
{
	switch (status) {
	case 411:
		return "The request needs a Content-Length.";
	case 413:
		return "The request is too long.";
	case 431:
		return "The header fields of the request are too long.";
	default:
		return "The request is malformed.";
	}
}

/* Requests that are refused before they were read have no address yet. */
static void
api_who(struct exchange *x)
{
	x->address = forwarded_address(x->rq, exchange_trusts, (void *)(uintptr_t)x->web->config);
	x->rq->from = x->address;
	x->session_known = true; /* these routes have no session */
}

static void
api_refuse(struct exchange *x, int status)
{
	api_who(x);
	if (status < 500) {
		api_refuse_because(x, status, OIDC_INVALID_REQUEST, api_sentence(status));
		return;
	}
	api_refuse_because(x, 503, OIDC_TEMPORARILY_UNAVAILABLE, "Try again later.");
	(void)!api_header(x, "Retry-After", "5"); /* best effort */
}

static void
api_refuse_method(struct exchange *x)
{
	api_refuse_because(x, 405, OIDC_INVALID_REQUEST, "This method is not supported here.");
	if (api_put_methods(x, "Allow") != ERR_OK)
		api_refuse(x, 503);
}

static void
api_refuse_lockout(struct exchange *x)
{
	char digits[STR_NUMBER_BYTES];

	api_refuse_because(x, 429, OIDC_TEMPORARILY_UNAVAILABLE, "Too many failed attempts. Try again later.");
	if (reply_header(x->rq, x->rp, STR("Retry-After"), str_number_write((uint64_t)x->retry_s, digits)) != ERR_OK)
		api_refuse(x, 503);
}

static bool
api_is_form(const struct request *rq)
{
	str rest = request_header(rq, "Content-Type");
	str type = str_trim(str_cut(&rest, ';'));

	return rq->body.n == 0 || (request_header_count(rq, "Content-Type") == 1 &&
				   str_equal_nocase(type, STR("application/x-www-form-urlencoded")));
}

/* *ret_wrong: NULL, or what is wrong with the form. */
static err
api_form_read(struct exchange *x, const char **ret_wrong)
{
	err e;

	*ret_wrong = "The body must be application/x-www-form-urlencoded.";
	x->form = arena_alloc(x->rq->arena, x->route->form->size);
	if (x->form == NULL)
		return ERR_MEMORY;
	if (!api_is_form(x->rq))
		return ERR_OK;
	e = form_parse(x->route->form, x->rq->body, x->rq->arena, x->form, NULL);
	*ret_wrong = e == ERR_OK ? NULL : "A parameter is sent twice, or is not form-encoded UTF-8.";
	return e == ERR_INVALID ? ERR_OK : e;
}

static enum http_pool
api_admit_form(struct exchange *x)
{
	const char *wrong = NULL;
	err e = api_form_read(x, &wrong);

	if (e == ERR_OK && wrong == NULL)
		return route_pool(x->route);
	if (e != ERR_OK)
		api_refuse(x, 503);
	else
		api_refuse_because(x, 400, OIDC_INVALID_REQUEST, wrong);
	return HTTP_INLINE;
}

static enum http_pool
api_admit(struct exchange *x)
{
	api_who(x);
	if (x->route != NULL)
		return x->route->method == HTTP_POST ? api_admit_form(x) : route_pool(x->route);
	api_refuse_method(x);
	return HTTP_INLINE;
}

static void
api_fail(struct exchange *x, err e)
{
	if (e == ERR_LOCKOUT) {
		api_refuse_lockout(x);
		return;
	}
	log_event(LOG_ERROR, "request.failed", LOG_TEXT("why", err_name(e)), LOG_STR("path", x->rq->path));
	api_refuse(x, 503);
}

/* A request that takes long, because the secret of its client is an imported digest, begins anew in the slow pool. */
static void
api_work(struct exchange *x, struct channel *keeper)
{
	err e = x->route->show != NULL ? x->route->show(x) : x->route->answer(x, keeper);

	if (e == ERR_SLOW && x->pool == HTTP_QUICK)
		x->pool = x->rp->move_to = HTTP_SLOW;
	else if (e != ERR_OK)
		api_fail(x, e);
}

const struct pipeline api_pipeline = { .admit = api_admit, .work = api_work, .refuse = api_refuse };
