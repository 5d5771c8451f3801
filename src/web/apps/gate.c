#include "web/apps/gate.h"

#include "base/log.h"
#include "access/domain.h"
#include "http/cookie.h"
#include "http/forwarded.h"
#include "http/navigation.h"
#include "web/core/ask.h"
#include "web/core/cookies.h"
#include "web/core/dispatch.h"
#include "web/core/gate_cache.h"
#include "web/core/host.h"
#include "web/core/language.h"
#include "web/core/messages.h"
#include "web/core/pages.h"
#include "web/core/respond.h"

enum { REFUSED_LINK_MAX_BYTES = 4000 };

/* --- the endpoints: /api/authz/NAME, with Authelia's names -------------------------------------------------------- */

enum source { FROM_ORIGINAL, FROM_FORWARDED, FROM_PATH, FROM_EITHER };

/*
 * nginx treats every status other than 401 and 403 as an error.  It calls the old endpoint (/api/verify) without
 * naming a portal.
 */
enum redirects { REDIRECTS_NEVER, REDIRECTS_TO_NAMED_PORTAL, REDIRECTS_ALWAYS };

static const struct endpoint {
	str path; /* with FROM_PATH, the rest of the request's path belongs to the target */
	enum source source;
	enum redirects redirects;
	int malformed;     /* status of malformed requests */
	str portal_header; /* header that names another portal; empty: no such header */
	const char *portal_query;
} endpoints[] = {
	{ STR_INIT("/api/authz/auth-request"), FROM_ORIGINAL, REDIRECTS_NEVER, 400, STR_INIT(""), "authelia_url" },
	{ STR_INIT("/api/authz/forward-auth"), FROM_FORWARDED, REDIRECTS_ALWAYS, 400, STR_INIT(""), "authelia_url" },
	{ STR_INIT("/api/authz/ext-authz"), FROM_PATH, REDIRECTS_ALWAYS, 400, STR_INIT("X-Authelia-URL"), NULL },
	{ STR_INIT("/api/verify"), FROM_EITHER, REDIRECTS_TO_NAMED_PORTAL, 401, STR_INIT("X-Authelia-URL"), "rd" },
};

/* A check: one request of a proxy while it is being answered. */
struct check {
	const struct endpoint *endpoint;
	int malformed; /* status of the refusal; 0: the request is well-formed */
	struct target target;
	str method, domain, cookie;
	struct token key;
	struct gate_guest guest;
	enum access_outcome outcome;
	enum access_policy policy;
	unsigned line; /* of the matching rule */
};

static const struct endpoint *
web_gate_endpoint_of(str path)
{
	for (size_t i = 0; i < COUNT(endpoints); i++) {
		str rest = str_from(path, endpoints[i].path.n);
		if (str_starts(path, endpoints[i].path) && (rest.n == 0 || rest.p[0] == '/'))
			return &endpoints[i];
	}
	return NULL;
}

static bool
web_gate_path(str path)
{
	return web_gate_endpoint_of(path) != NULL;
}

/* --- reading the request of the proxy ----------------------------------------------------------------------------- */

/* The value of a header that occurs exactly once; otherwise p == NULL. */
static str
web_gate_only(const struct exchange *x, const char *name)
{
	str value = { 0 }, second;
	size_t at = 0;
	bool once = request_header_each(x->rq, name, &at, &value) && !request_header_each(x->rq, name, &at, &second);

	return once ? value : (str){ 0 };
}

static err
web_gate_read_original(struct exchange *x, struct check *c)
{
	c->method = web_gate_only(x, "X-Original-Method");
	return target_read(web_gate_only(x, "X-Original-URL"), x->rq->arena, &c->target);
}

static err
web_gate_read_forwarded(struct exchange *x, struct check *c)
{
	str uri = web_gate_only(x, "X-Forwarded-Uri");

	if (!str_starts(uri, STR("/"))) /* a missing header does not mean "/" */
		return ERR_INVALID;
	c->method = web_gate_only(x, "X-Forwarded-Method");
	return target_join(web_gate_only(x, "X-Forwarded-Proto"), web_gate_only(x, "X-Forwarded-Host"), uri,
			   x->rq->arena, &c->target);
}

static err
web_gate_read_path(struct exchange *x, struct check *c)
{
	CLEANUP(buf_wipe) struct buf path = BUF(TARGET_MAX_BYTES);

	c->method = x->rq->method_name;
	buf_put(&path, str_from(x->rq->path, c->endpoint->path.n));
	if (x->rq->query.n > 0) {
		buf_put(&path, path.n == 0 ? STR("/?") : STR("?"));
		buf_put(&path, x->rq->query);
	}
	TRY(buf_check(&path));
	return target_join(web_gate_only(x, "X-Forwarded-Proto"), web_gate_only(x, "Host"), buf_str(&path),
			   x->rq->arena, &c->target);
}

/*
 * The old endpoint treats an empty header as absent: HAProxy's guide sends `X-Forwarded-Method` from an unset
 * variable.
 */
static err
web_gate_header_or(const struct exchange *x, const char *name, str absent, str *ret_value)
{
	str value = request_header(x->rq, name);

	*ret_value = value.n > 0 ? value : absent;
	return request_header_count(x->rq, name) > 1 ? ERR_INVALID : ERR_OK;
}

/* Path and query of the target, as sent. */
static str
web_gate_target_uri(const struct target *target)
{
	str rest = target->url;

	(void)str_cut(&rest, ':');
	return str_from(rest, sizeof("//") - 1 + target->authority.n);
}

/*
 * The old endpoint reads X-Original-* or X-Forwarded-*, and cannot know which of them the proxy wrote: proxies pass
 * on the other headers from the browser.  Headers that occur in both forms must therefore agree.  Otherwise a
 * browser could get a decision about a page other than the one it opens.
 */
static err
web_gate_forwarded_agrees(const struct exchange *x, const struct target *original)
{
	str ours = web_gate_target_uri(original), authority, uri;
	struct target forwarded;

	TRY(web_gate_header_or(x, "X-Forwarded-Host", original->authority, &authority));
	TRY(web_gate_header_or(x, "X-Forwarded-Uri", ours, &uri));
	TRY(target_join(STR("https"), authority, STR("/"), x->rq->arena, &forwarded));
	return str_equal(forwarded.host, original->host) && str_equal(uri, ours) ? ERR_OK : ERR_INVALID;
}

/*
 * A proxy that sends X-Forwarded-Uri need not send X-Original-Method, so that the browser may have sent that header.
 * It must agree with the method of the proxy.
 */
static err
web_gate_method_either(const struct exchange *x, str *ret_method)
{
	str own = x->rq->method_name, original, forwarded;
	bool original_counts = request_header(x->rq, "X-Forwarded-Uri").n == 0;

	TRY(web_gate_header_or(x, "X-Original-Method", (str){ 0 }, &original));
	TRY(web_gate_header_or(x, "X-Forwarded-Method", original_counts && original.n > 0 ? original : own,
			       &forwarded));
	*ret_method = forwarded;
	return original.n == 0 || str_equal(original, forwarded) ? ERR_OK : ERR_INVALID;
}

static err
web_gate_read_either(struct exchange *x, struct check *c)
{
	if (request_header_count(x->rq, "X-Original-URL") == 0) {
		TRY(web_gate_read_forwarded(x, c));
	} else {
		TRY(target_read(web_gate_only(x, "X-Original-URL"), x->rq->arena, &c->target));
		TRY(web_gate_forwarded_agrees(x, &c->target));
	}
	return web_gate_method_either(x, &c->method);
}

static err
web_gate_check_read(struct exchange *x, struct check *c)
{
	static err (*const reads[])(struct exchange *, struct check *) = { [FROM_ORIGINAL] = web_gate_read_original,
									   [FROM_FORWARDED] = web_gate_read_forwarded,
									   [FROM_PATH] = web_gate_read_path,
									   [FROM_EITHER] = web_gate_read_either };

	TRY(reads[c->endpoint->source](x, c));
	if (!target_method_good(c->method))
		return ERR_INVALID;
	c->domain = gate_domain_of(x->web->config, c->target.host);
	return c->domain.n > 0 ? ERR_OK : ERR_NOT_FOUND;
}

/* --- the decision ------------------------------------------------------------------------------------------------- */

static struct access_decision
web_gate_decide(struct exchange *x, struct check *c)
{
	const struct access_request request = { .target = &c->target, .method = c->method, .address = x->address };

	return live_rules_decide(&x->web->rules.live, &request, &c->guest.visitor, x->rq->now_us, &c->policy, &c->line);
}

/* A named user who passes needs an identity signed for this host. */
static bool
web_gate_wants_signature(const struct check *c)
{
	return c->outcome == ACCESS_PASSES && c->policy != ACCESS_BYPASS && c->guest.visitor.level != ACCESS_NOBODY &&
	       c->guest.jwt.n == 0;
}

/* Decide with the data of this process; false: the keeper must be asked. */
static bool
web_gate_check_known(struct exchange *x, struct check *c)
{
	bool known = c->cookie.n == 0;

	if (!known && gate_cache_key(c->cookie, c->target.host, &c->key) == ERR_OK)
		known = gate_cache_get(x->web->gate_cache, &c->key, x->rq->now_us, x->rq->arena, &c->guest);
	c->outcome = web_gate_decide(x, c).outcome;
	return known && !web_gate_wants_signature(c);
}

static void
web_gate_guest_take(const struct gate_visitor_body *answer, struct gate_guest *guest)
{
	*guest = (struct gate_guest){ .visitor = { .level = answer->level,
						   .name = answer->name,
						   .groups = answer->groups,
						   .verified_us = answer->verified_us,
						   .phishing_resistant_us = answer->phishing_resistant_us },
				      .display_name = answer->display_name,
				      .email = answer->email,
				      .expires_us = answer->expires_us,
				      .session = answer->session,
				      .jwt = answer->jwt };
}

static err
web_gate_check_ask(struct exchange *x, struct channel *keeper, struct check *c)
{
	const struct gate_body body = { .token = str_upto(c->cookie, 64), .url = c->target.url, .method = c->method };
	int64_t epoch = gate_cache_epoch(x->web->gate_cache);
	struct gate_visitor_body answer = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_GATE, &body, &verdict, &answer));
	web_gate_guest_take(&answer, &c->guest);
	(void)web_gate_decide(x, c); /* to find the line of the rule; the keeper's decision applies */
	c->outcome = verdict == VERDICT_PASSED ? (enum access_outcome)answer.outcome : ACCESS_REFUSED;
	if (c->guest.visitor.level != ACCESS_NOBODY)
		gate_cache_put(x->web->gate_cache, &c->key, &c->guest, x->rq->now_us, epoch);
	return ERR_OK;
}

/* --- the reply ---------------------------------------------------------------------------------------------------- */

static err
web_gate_header(struct exchange *x, const char *name, str value)
{
	return reply_header(x->rq, x->rp, str_of(name), value);
}

/*
 * RFC 9110 s11.6.1 requires a challenge in each 401.  No browser knows this scheme, so none opens its password
 * dialog.  The missing credential is the cookie of a sign-in, at the address in Location.
 */
static err
web_gate_challenge(struct exchange *x)
{
	return web_gate_header(x, "WWW-Authenticate", STR("Cookie realm=\"sign-in\""));
}

/* The sentence alone, for scripts and programs. */
static err
web_gate_put_text(struct exchange *x, const struct page_gate_notice *notice)
{
	struct buf *out = &x->rp->body;

	TRY(web_gate_header(x, "Content-Type", STR("text/plain; charset=utf-8")));
	buf_put(out, message(notice->layout.language, notice->sentence));
	buf_put_byte(out, '\n');
	return buf_check(out);
}

static err
web_gate_put_page(struct exchange *x, struct page_gate_notice *notice)
{
	struct page_layout *layout = &notice->layout;

	TRY(web_gate_header(x, "Content-Type", STR("text/html; charset=utf-8")));
	layout->app_name = str_of(x->web->config->app_name);
	layout->origin = str_of(x->web->config->public_url);
	layout->brand_css = x->web->brand.sheet.asset.path;
	TRY(exchange_contact(x, &layout->contact, &layout->contact_url));
	page_gate_notice(&x->rp->body, notice);
	return buf_check(&x->rp->body);
}

/* A reply that the browser gets on the application's host: a page for a person, a sentence for a program. */
static err
web_gate_put_notice(struct exchange *x, int status, struct page_gate_notice *notice)
{
	notice->layout.language =
	    language_choose(exchange_cookie(x, COOKIE_LANGUAGE), request_header(x->rq, "Accept-Language"),
			    x->web->config->default_language);
	x->rp->status = status;
	TRY(exchange_elsewhere_headers(x));
	TRY(web_gate_header(x, "Cache-Control", STR("no-store")));
	return navigation_asked(x->rq) ? web_gate_put_page(x, notice) : web_gate_put_text(x, notice);
}

/* Grant access and name the user to the application.  A request without a user name gets no identity headers. */
static err
web_gate_reply_pass(struct exchange *x, const struct check *c)
{
	const struct gate_guest *g = &c->guest;

	TRY(reply_header_borrowed(x->rp, STR("Cache-Control"), STR("no-store")));
	x->rp->status = 200;
	if (c->policy == ACCESS_BYPASS || g->visitor.level == ACCESS_NOBODY)
		return ERR_OK;
	/* the texts are in the request's arena: from the cache, or from the keeper's answer */
	TRY(reply_header_borrowed(x->rp, STR("Remote-User"), g->visitor.name));
	TRY(reply_header_borrowed(x->rp, STR("Remote-Groups"), g->visitor.groups));
	TRY(reply_header_borrowed(x->rp, STR("Remote-Name"),
				  g->display_name.n > 0 ? g->display_name : g->visitor.name));
	TRY(reply_header_borrowed(x->rp, STR("Remote-Email"), g->email));
	return reply_header_borrowed(x->rp, STR("Remote-Jwt"), g->jwt);
}

struct portal_form {
	str authelia_url, rd;
};
static const struct field portal_fields[] = {
	FIELD(struct portal_form, authelia_url, CONFIG_TEXT_MAX, optional),
	FIELD(struct portal_form, rd, CONFIG_TEXT_MAX, optional),
};
static const struct form portal_form = FORM(struct portal_form, portal_fields);

/* The portal that the proxy's configuration names, if it is under the same domain; otherwise empty. */
static str
web_gate_portal_named(struct exchange *x, const struct check *c)
{
	const struct endpoint *e = c->endpoint;
	struct portal_form form = { 0 };
	struct form_faults faults = { 0 };
	struct target portal;
	str named = { 0 };

	if (e->portal_query != NULL && form_parse(&portal_form, x->rq->query, x->rq->arena, &form, &faults) == ERR_OK &&
	    faults.over_long == 0)
		named = str_equal(str_of(e->portal_query), STR("rd")) ? form.rd : form.authelia_url;
	if (named.n == 0 && e->portal_header.n > 0)
		named = web_gate_only(x, "X-Authelia-URL");
	if (named.n == 0 || target_read(named, x->rq->arena, &portal) != ERR_OK || str_has_byte(named, '?'))
		return (str){ 0 };
	return target_under(portal.host, c->domain) ? named : (str){ 0 };
}

static err
web_gate_put_location(struct exchange *x, const struct check *c, str portal, str url, struct buf *out)
{
	if (portal.n > 0) {
		buf_put(out, portal);
	} else {
		buf_put(out, str_of(x->web->config->public_url));
		buf_put(out, STR("/gate"));
	}
	buf_put(out, STR("?rd="));
	buf_put_percent(out, url);
	buf_put(out, STR("&rm="));
	buf_put(out, c->method);
	/* /gate decides by the address that it sees itself: without this mark it could send the visitor back here */
	if (c->outcome == ACCESS_REFUSED)
		buf_put(out, STR("&refused=1"));
	return buf_check(out);
}

/*
 * The link of a refusal.  The page has it twice and must fit into a buffer of HAProxy (page_max of
 * proxies/haproxy.lua), so a long address loses its query.  If it is still too long, the page has no link.
 */
static err
web_gate_put_refused_link(struct exchange *x, const struct check *c, struct buf *out)
{
	str portal = web_gate_portal_named(x, c), query = c->target.url, page = str_cut(&query, '?');

	TRY(web_gate_put_location(x, c, portal, c->target.url, out));
	if (out->n <= REFUSED_LINK_MAX_BYTES)
		return ERR_OK;
	buf_clear(out);
	TRY(web_gate_put_location(x, c, portal, page, out));
	if (out->n > REFUSED_LINK_MAX_BYTES)
		buf_clear(out);
	return ERR_OK;
}

/*
 * 403 in any case, because proxies read the status.  The page opens /gate, where the user is signed in: it names
 * the user and the reason, which the application's host must not learn.
 */
static err
web_gate_reply_refused(struct exchange *x, const struct check *c)
{
	CLEANUP(buf_wipe) struct buf location = BUF(4 * TARGET_MAX_BYTES);
	struct page_gate_notice notice = { .title = N_("Access denied"),
					   .sentence = N_("You don't have access to this page."),
					   .host = c->target.host,
					   .link = N_("See why, and what you can do") };

	log_event(LOG_NOTICE, "gate.refused", LOG_STR("user", c->guest.visitor.name), LOG_STR("host", c->target.host),
		  LOG_STR("path", c->target.path), LOG_STR("method", c->method), LOG_INT("rule", c->line),
		  LOG_STR("address", x->address));
	TRY(web_gate_put_refused_link(x, c, &location));
	notice.go = buf_str(&location);
	return web_gate_put_notice(x, 403, &notice);
}

static int
web_gate_status_of_asking(const struct exchange *x, const struct check *c, bool portal_named)
{
	bool redirects = c->endpoint->redirects == REDIRECTS_ALWAYS ||
			 (c->endpoint->redirects == REDIRECTS_TO_NAMED_PORTAL && portal_named);

	if (!redirects || !navigation_asked(x->rq))
		return 401;
	return str_equal(c->method, STR("GET")) || str_equal(c->method, STR("HEAD")) ||
		       str_equal(c->method, STR("OPTIONS"))
		   ? 302
		   : 303;
}

static err
web_gate_reply_ask(struct exchange *x, const struct check *c)
{
	CLEANUP(buf_wipe) struct buf location = BUF(4 * TARGET_MAX_BYTES);
	str portal = web_gate_portal_named(x, c);
	int status = web_gate_status_of_asking(x, c, portal.n > 0);
	struct page_gate_notice notice = { .title = N_("Sign in"),
					   .sentence = N_("Sign in to see this page."),
					   .host = c->target.host,
					   .link = N_("Sign in") };

	TRY(web_gate_put_location(x, c, portal, c->target.url, &location));
	TRY(web_gate_header(x, "Location", buf_str(&location)));
	if (status == 401)
		TRY(web_gate_challenge(x));
	notice.go = buf_str(&location);
	return web_gate_put_notice(x, status, &notice);
}

static err
web_gate_reply_malformed(struct exchange *x, const struct check *c)
{
	struct page_gate_notice notice = {
		.title = N_("Invalid request"),
		.sentence = N_("The address of the page is missing or invalid. Check it, or ask the administrator.")
	};

	if (c->malformed == 401)
		TRY(web_gate_challenge(x));
	return web_gate_put_notice(x, c->malformed, &notice);
}

/*
 * The proxy asks about this server's own pages.  Every reply that leads to the sign-in page would lead here again.  A
 * rule with the policy bypass lets the pages pass.
 */
static err
web_gate_reply_cycle(struct exchange *x, const struct check *c)
{
	struct page_gate_notice notice = {
		.title = N_("Redirect loop"),
		.sentence = N_("The proxy asks whether you may see the sign-in page, before you can sign in. "
			       "Administrator: let the proxy forward requests for this host without asking the gate."),
		.host = c->target.host
	};

	log_event(LOG_WARNING, "gate.cycle", LOG_STR("host", c->target.host), LOG_STR("path", c->target.path),
		  LOG_STR("address", x->address));
	TRY(web_gate_header(x, "Doubletour-Refused", STR("cycle"))); /* for `doubletour doctor` */
	return web_gate_put_notice(x, 403, &notice);
}

static err
web_gate_reply(struct exchange *x, const struct check *c)
{
	if (c->malformed != 0)
		return web_gate_reply_malformed(x, c);
	if (c->outcome != ACCESS_PASSES && host_ours(x->web->config, c->target.authority))
		return web_gate_reply_cycle(x, c);
	switch (c->outcome) {
	case ACCESS_PASSES:
		return web_gate_reply_pass(x, c);
	case ACCESS_ASKS:
		return web_gate_reply_ask(x, c);
	default:
		return web_gate_reply_refused(x, c);
	}
}

static void
web_gate_refuse(struct exchange *x, int status)
{
	buf_wipe(&x->rp->body);
	x->rp->header_count = 0;
	x->rp->fixed = (str){ 0 };
	x->rp->status = 403; /* proxies replace any other status by a blank page */
	x->decision = status >= 500 ? SERIES_GATE_FAILED : SERIES_GATE_MALFORMED;
}

/* Set the decision for the metrics, unless the check could not be decided. */
static void
web_gate_count(struct exchange *x, const struct check *c)
{
	static const enum metric_series series[] = { [ACCESS_REFUSED] = SERIES_GATE_REFUSED,
						     [ACCESS_ASKS] = SERIES_GATE_SIGN_IN,
						     [ACCESS_PASSES] = SERIES_GATE_PASSED };

	if (x->decision == SERIES_NONE)
		x->decision = c->malformed != 0 ? SERIES_GATE_MALFORMED : series[c->outcome];
}

static void
web_gate_answer(struct exchange *x, const struct check *c)
{
	web_gate_count(x, c);
	if (web_gate_reply(x, c) != ERR_OK)
		web_gate_refuse(x, 503);
}

/* --- the pipeline ------------------------------------------------------------------------------------------------- */

/* Only trusted proxies may send checks: other clients could claim any address. */
static bool
web_gate_may_ask(struct exchange *x)
{
	if (exchange_trusts((void *)(uintptr_t)x->web->config, x->rq->peer))
		return true;
	log_event(LOG_WARNING, "gate.stranger", LOG_STR("address", x->rq->peer),
		  LOG_TEXT("why", "not one of TRUSTED_PROXIES"));
	return false;
}

static enum http_pool
web_gate_admit(struct exchange *x)
{
	struct check *c = arena_alloc(x->rq->arena, sizeof(*c));
	const struct endpoint *endpoint = web_gate_endpoint_of(x->rq->path);

	x->address = forwarded_address(x->rq, exchange_trusts, (void *)(uintptr_t)x->web->config);
	x->rq->from = x->address;
	x->session_known = true; /* a check has no session */
	x->check = c;
	if (c == NULL || endpoint == NULL) {
		web_gate_refuse(x, 503);
		return HTTP_INLINE;
	}
	if (!web_gate_may_ask(x)) {
		web_gate_refuse(x, 403);
		x->decision = SERIES_GATE_UNTRUSTED;
		return HTTP_INLINE;
	}
	*c = (struct check){ .endpoint = endpoint, .method = STR("") };
	if (web_gate_check_read(x, c) != ERR_OK) {
		c->malformed = c->endpoint->malformed;
		log_event(LOG_NOTICE, "gate.malformed", LOG_STR("endpoint", c->endpoint->path),
			  LOG_STR("host", c->target.host), LOG_STR("address", x->address));
		web_gate_answer(x, c);
		return HTTP_INLINE;
	}
	c->cookie = cookie_find(x->rq, GATE_COOKIE_NAME);
	if (!web_gate_check_known(x, c))
		return HTTP_QUICK;
	web_gate_answer(x, c);
	return HTTP_INLINE;
}

static void
web_gate_work(struct exchange *x, struct channel *keeper)
{
	struct check *c = x->check;
	err e;

	e = web_gate_check_ask(x, keeper, c);
	if (e != ERR_OK) { /* the redirect leads to a page of this server, which shows the error */
		log_event(LOG_ERROR, "gate.failed", LOG_TEXT("why", err_name(e)));
		c->outcome = ACCESS_ASKS;
		x->decision = SERIES_GATE_FAILED;
	}
	web_gate_answer(x, c);
}

const struct pipeline check_pipeline = {
	.admit = web_gate_admit,
	.work = web_gate_work,
	.refuse = web_gate_refuse,
	.owns = web_gate_path,
};
