#include "web/core/respond.h"

#include "base/log.h"
#include "config/values.h"
#include "http/return_to.h"
#include "web/core/apps.h"
#include "web/core/client_request.h"
#include "web/core/cookies.h"
#include "web/core/flash.h"
#include "web/core/form_token.h"
#include "web/core/host.h"
#include "web/core/language.h"
#include "web/core/messages.h"

#include <stdio.h>

enum { RECOVERY_LOW = 3, RETRY_IN_SECONDS = 120 };
enum { FLASH_SECONDS = 60, LOCATION_MAX = 32 * 1024, ERROR_PAGE_MAX = 64 * 1024 };

struct header {
	str name, value;
};

/*
 * On every reply.  With Referrer-Policy: same-origin, browsers send Origin with this server's forms, and no Referer
 * to other sites.  An OpenID client learns the origin, never the path: some check Referer or Origin of the response.
 */
static const struct header policy = {
	STR_INIT("Content-Security-Policy"),
	STR_INIT("default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; manifest-src 'self'; "
		 "form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
};
static const struct header guards[] = {
	{ STR_INIT("X-Frame-Options"), STR_INIT("DENY") },
	{ STR_INIT("X-Content-Type-Options"), STR_INIT("nosniff") },
};
static const struct header opener = { STR_INIT("Cross-Origin-Opener-Policy"), STR_INIT("same-origin") };
static const struct header opener_of_clients = { STR_INIT("Cross-Origin-Opener-Policy"), STR_INIT("unsafe-none") };
static const struct header referrer = { STR_INIT("Referrer-Policy"), STR_INIT("same-origin") };
static const struct header referrer_of_clients = { STR_INIT("Referrer-Policy"), STR_INIT("strict-origin") };
static const struct header same_origin = { STR_INIT("Cross-Origin-Resource-Policy"), STR_INIT("same-origin") };
static const struct header any_origin = { STR_INIT("Cross-Origin-Resource-Policy"), STR_INIT("cross-origin") };
static const struct header page_headers[] = {
	{ STR_INIT("Content-Type"), STR_INIT("text/html; charset=utf-8") },
	{ STR_INIT("Cache-Control"), STR_INIT("no-store") },
	{ STR_INIT("Vary"), STR_INIT("Cookie, Accept-Language") },
	{ STR_INIT("Permissions-Policy"),
	  STR_INIT("publickey-credentials-get=(self), publickey-credentials-create=(self)") },
};
/* In place of policy.  An SVG may contain a style sheet. */
static const struct header image_headers[] = {
	{ STR_INIT("Content-Security-Policy"), STR_INIT("default-src 'none'; style-src 'unsafe-inline'; sandbox") },
	{ STR_INIT("Cache-Control"), STR_INIT("public, max-age=31536000, immutable") },
};
static const struct header transport_security = { STR_INIT("Strict-Transport-Security"),
						  STR_INIT("max-age=63072000; includeSubDomains") };

static err
respond_put_headers(struct exchange *x, const struct header *headers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		TRY(reply_header_constant(x->rp, headers[i].name, headers[i].value));
	return ERR_OK;
}

/*
 * Did the browser's request use TLS?  Only a trusted proxy can know.  If it does not say so, PUBLIC_URL's scheme is
 * assumed.  Clients that connect directly use plain HTTP.
 */
static bool
respond_came_over_tls(const struct exchange *x)
{
	str scheme = request_header(x->rq, "X-Forwarded-Proto");

	if (!x->web->config->public_https || !exchange_trusts((void *)(uintptr_t)x->web->config, x->rq->peer))
		return false;
	return scheme.p == NULL || str_equal_nocase(scheme, STR("https"));
}

/*
 * An OpenID client may open the sign-in in a popup window, whose last page calls window.opener.  One earlier
 * reply with same-origin, even a redirect, would remove window.opener permanently.  The steps of the sign-in keep it
 * only if they lead back to an authorization request.
 */
static bool
respond_keeps_opener(const struct exchange *x)
{
	const struct route *route = x->route;

	if (route == NULL)
		return false;
	if (route->to_client)
		return true;
	return (route->opens != 0 || route->leads_on) && client_request_is(x->next);
}

static err
respond_put_guards(struct exchange *x)
{
	if (respond_came_over_tls(x)) /* RFC 6797 s7.2: never over plain HTTP */
		TRY(respond_put_headers(x, &transport_security, 1));
	TRY(respond_put_headers(x, respond_keeps_opener(x) ? &opener_of_clients : &opener, 1));
	TRY(respond_put_headers(x, x->route != NULL && x->route->to_client ? &referrer_of_clients : &referrer, 1));
	return respond_put_headers(x, guards, COUNT(guards));
}

err
exchange_security_headers(struct exchange *x)
{
	TRY(x->policy.n > 0 ? reply_header_borrowed(x->rp, policy.name, x->policy)
			    : respond_put_headers(x, &policy, 1));
	TRY(respond_put_headers(x, &same_origin, 1));
	return respond_put_guards(x);
}

err
exchange_asset_headers(struct exchange *x)
{
	TRY(respond_put_headers(x, &policy, 1));
	TRY(respond_put_headers(x, &any_origin, 1));
	return respond_put_guards(x);
}

err
exchange_elsewhere_headers(struct exchange *x)
{
	CLEANUP(buf_wipe) struct buf elsewhere = BUF(2 * CONFIG_TEXT_MAX);

	buf_put(&elsewhere, STR("default-src 'none'; style-src "));
	buf_put(&elsewhere, str_of(x->web->config->public_url));
	buf_put(&elsewhere, STR("; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"));
	TRY(buf_check(&elsewhere));
	TRY(reply_header(x->rq, x->rp, policy.name, buf_str(&elsewhere)));
	TRY(respond_put_headers(x, &same_origin, 1));
	return respond_put_guards(x);
}

err
exchange_image(struct exchange *x, enum image_kind kind)
{
	TRY(respond_put_headers(x, image_headers, COUNT(image_headers)));
	TRY(respond_put_headers(x, &same_origin, 1));
	TRY(respond_put_guards(x));
	TRY(reply_header_borrowed(x->rp, STR("Content-Type"), image_type(kind)));
	x->rp->status = 200;
	return ERR_OK;
}

static err
respond_exchange_headers(struct exchange *x)
{
	TRY(exchange_security_headers(x));
	return respond_put_headers(x, page_headers, COUNT(page_headers));
}

/* --- redirects ---------------------------------------------------------------------------------------------------- */

/*
 * Append "?next=".  A return URL that is too long for an address is left out.  During a sign-in, the session's row
 * has it too.
 */
static void
respond_put_next(struct buf *location, str next)
{
	if (next.n == 0 || location->n + sizeof("?next=") + buf_percent_bytes(next) > HTTP_URI_MAX_BYTES)
		return;
	buf_put(location, STR("?next="));
	buf_put_percent(location, next);
}

/* The sign-in page of an authorization request is at the address of the request. */
static bool
respond_signs_in_at(str path, str next)
{
	return str_equal(path, STR("/login")) && client_request_is(next);
}

/* The cookie of flash messages: WORD, or WORD.passkey-demoted; the first word may be empty. */
void
exchange_flash_take(struct exchange *x)
{
	str words = exchange_cookie(x, COOKIE_FLASH);

	x->flash = str_cut(&words, '.');
	x->demoted = words.n > 0 && flash_read(words) == FLASH_PASSKEY_DEMOTED;
}

static err
respond_flash_set(struct exchange *x, enum flash_message flash)
{
	CLEANUP(buf_wipe) struct buf words = BUF(128);
	const struct flash *first = flash_of(flash != FLASH_NONE ? flash : flash_read(x->flash));

	if (flash == FLASH_NONE && !x->demoted) /* the cookie stays as it is */
		return ERR_OK;
	if (first != NULL)
		buf_put(&words, str_of(first->word));
	if (x->demoted) {
		buf_put_byte(&words, '.');
		buf_put(&words, str_of(flash_of(FLASH_PASSKEY_DEMOTED)->word));
	}
	TRY(buf_check(&words));
	return exchange_set_cookie(x, COOKIE_FLASH, buf_str(&words), FLASH_SECONDS);
}

err
exchange_redirect(struct exchange *x, str path, str next, enum flash_message flash)
{
	CLEANUP(buf_wipe) struct buf location = BUF(LOCATION_MAX);
	str fragment = path, page = str_cut(&fragment, '#');

	if (respond_signs_in_at(page, next)) {
		buf_put(&location, next);
	} else {
		buf_put(&location, page);
		respond_put_next(&location, next);
	}
	if (fragment.p != NULL) {
		buf_put_byte(&location, '#');
		buf_put(&location, fragment);
	}
	TRY(buf_check(&location));
	TRY(respond_exchange_headers(x));
	TRY(reply_header(x->rq, x->rp, STR("Location"), buf_str(&location)));
	TRY(respond_flash_set(x, flash));
	x->rp->status = 303;
	return ERR_OK;
}

bool
exchange_leads_away(str next)
{
	return str_starts(next, STR("/gate?")) || client_request_is(next);
}

err
exchange_redirect_to_step(struct exchange *x, str next)
{
	static const struct {
		str path;
		enum flash_message flash;
	} to[STATE_COUNT] = {
		[STATE_NONE] = { STR_INIT("/login"), FLASH_SIGN_IN },
		[STATE_ENROLLING] = { STR_INIT("/setup-2fa"), FLASH_FACTOR_MISSING },
		[STATE_PENDING] = { STR_INIT("/verify-2fa"), FLASH_CODE_MISSING },
		[STATE_FULL] = { STR_INIT("/"), FLASH_ALREADY },
	};
	enum session_state state = x->session.state;
	enum flash_message flash = to[state].flash;
	bool earlier = false;

	if (state == STATE_PENDING && x->session.passkeys > 0)
		flash = FLASH_PASSKEY_MISSING;
	if (state == STATE_NONE && exchange_cookie_from(x, COOKIE_SESSION, &earlier).n > 0 && !earlier) {
		/*
		 * If a form was submitted twice, one submission gets a new session.  The reply to the other, which
		 * arrives last, must not delete that session's cookie.
		 */
		if (x->rq->method != HTTP_POST)
			TRY(exchange_forget_session(x));
		flash = FLASH_EXPIRED;
	} else if (state == STATE_NONE && (str_equal(x->rq->path, STR("/")) || exchange_leads_away(next))) {
		flash =
		    FLASH_NONE; /* home needs no message, and the page says to which application the sign-in leads */
	}
	return exchange_redirect(x, to[state].path, state == STATE_FULL ? (str){ 0 } : next, flash);
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

static err
respond_say_retry(struct exchange *x)
{
	CLEANUP(buf_wipe) struct buf seconds = BUF(32);

	if (x->retry_s == 0)
		return ERR_OK;
	buf_printf(&seconds, "%lld", (long long)x->retry_s);
	TRY(buf_check(&seconds));
	return reply_header(x->rq, x->rp, STR("Retry-After"), buf_str(&seconds));
}

/* The usual policy, except that forms go to applications. */
static err
respond_policy_for_client(struct exchange *x, str to, str *ret_policy)
{
	static const str own = STR_INIT("form-action 'self'");
	CLEANUP(buf_wipe) struct buf text = BUF(1024);

	for (str rest = policy.value; rest.p != NULL;) {
		str directive = str_trim(str_cut(&rest, ';'));
		buf_put(&text, text.n > 0 ? STR("; ") : STR(""));
		buf_put(&text, str_equal(directive, own) ? to : directive);
	}
	TRY(buf_check(&text));
	return arena_copy(x->rq->arena, buf_str(&text), ret_policy);
}

err
exchange_page_for_client(struct exchange *x, bool http)
{
	str to = http ? STR("form-action https: http:") : STR("form-action https:");

	TRY(respond_policy_for_client(x, to, &x->policy));
	return exchange_page(x, 200);
}

err
exchange_page(struct exchange *x, int status)
{
	TRY(respond_exchange_headers(x));
	TRY(respond_say_retry(x));
	x->rp->status = status;
	return buf_check(&x->rp->body);
}

/* Take the flash message from its cookie, and delete the cookie. */
static err
respond_layout_flash(struct exchange *x, struct page_layout *layout)
{
	const struct flash *flash;

	if (x->flash.n == 0 && !x->demoted) /* true for nearly every page: skip the search */
		return ERR_OK;
	TRY(exchange_forget_cookie(x, COOKIE_FLASH));
	if (x->demoted)
		layout->demoted = flash_of(FLASH_PASSKEY_DEMOTED)->sentence;
	flash = flash_of(flash_read(x->flash));
	if (flash == NULL)
		return ERR_OK;
	layout->flash = flash->sentence;
	layout->flash_kind = flash->kind;
	layout->flash_recovery = flash->adds == FLASH_ADDS_RECOVERY;
	return ERR_OK;
}

/* Has the query a return URL that the dispatcher did not accept? */
static bool
respond_next_refused(const struct exchange *x)
{
	str query = x->rq->query;

	while (x->next.n == 0 && query.n > 0) {
		str parameter = str_cut(&query, '&');
		if (str_equal(str_cut(&parameter, '='), STR("next")))
			return true;
	}
	return false;
}

/* The address of this GET with its query.  False: it is not one that the language switch accepts. */
static bool
respond_put_address(const struct exchange *x, struct buf *out)
{
	buf_put(out, x->rq->path);
	buf_put(out, x->rq->query.n > 0 ? STR("?") : STR(""));
	buf_put(out, x->rq->query);
	return x->rq->method != HTTP_POST && !respond_next_refused(x) && buf_check(out) == ERR_OK &&
	       next_is_safe(buf_str(out));
}

static void
respond_put_path_and_next(const struct exchange *x, struct buf *out)
{
	buf_put(out, x->rq->path);
	if (x->next.n == 0)
		return;
	buf_put(out, STR("?next="));
	buf_put_percent(out, x->next);
}

void
exchange_layout_path(struct page_layout *layout, str path)
{
	layout->path = path;
	layout->path_long = sizeof("/language/fr?next=") + buf_percent_bytes(path) > HTTP_URI_MAX_BYTES;
}

/* Return URL of the language switch: the page itself, or home if the page cannot be requested again. */
static err
respond_layout_return_to(struct exchange *x, struct page_layout *layout)
{
	bool shown = x->route != NULL && (x->rq->method != HTTP_POST || x->route->redisplay != NULL);
	CLEANUP(buf_wipe) struct buf return_to = BUF(LOCATION_MAX);
	str path = { 0 };

	layout->path = STR("/");
	if (!shown)
		return ERR_OK;
	if (!respond_put_address(x, &return_to)) {
		buf_wipe(&return_to);
		respond_put_path_and_next(x, &return_to);
	}
	TRY(buf_check(&return_to));
	TRY(arena_copy(x->rq->arena, buf_str(&return_to), &path));
	exchange_layout_path(layout, path);
	return ERR_OK;
}

static err
respond_right_address(struct exchange *x, str *ret_url)
{
	CLEANUP(buf_wipe) struct buf url = BUF(CONFIG_TEXT_MAX + 32);

	host_put_right(x->web->config, &url);
	TRY(buf_check(&url));
	return arena_copy(x->rq->arena, buf_str(&url), ret_url);
}

err
exchange_contact(struct exchange *x, str *ret_contact, str *ret_url)
{
	CLEANUP(buf_wipe) struct buf url = BUF(CONFIG_TEXT_MAX + 16);
	str contact = str_of(x->web->config->contact);

	if (contact.n > 0 && contact_is_mail(contact))
		buf_put(&url, STR("mailto:"));
	buf_put(&url, contact);
	TRY(buf_check(&url));
	*ret_contact = contact;
	return arena_copy(x->rq->arena, buf_str(&url), ret_url);
}

/* A plain route reads no cookie.  A token there would replace the cookie of the browser's open forms. */
static bool
respond_may_have_form(const struct exchange *x)
{
	return x->route == NULL || x->route->kind != ROUTE_PLAIN;
}

/* A page without a form needs no token, and so sets no cookie before sign-in. */
static err
respond_layout_fill(struct exchange *x, bool has_form, struct page_layout *ret_layout)
{
	struct page_layout layout = { .language = x->language,
				      .app_name = str_of(x->web->config->app_name),
				      .signed_in = exchange_signed_in(x) && !exchange_elsewhere(x),
				      .full = exchange_signed_in(x) && x->session.state == STATE_FULL,
				      .time_format = x->session.time_format,
				      .recovery_left = x->session.recovery_left,
				      .retry_s = x->retry_s,
				      .retry_minutes = x->retry_s > RETRY_IN_SECONDS ? (x->retry_s + 59) / 60 : 0,
				      .logo = x->web->brand.logo.asset.path,
				      .logo_type = x->web->brand.logo.asset.type,
				      .logo_touches = x->web->brand.logo_touches,
				      .brand_css = x->web->brand.sheet.asset.path,
				      .request_id = str_of(x->rq->id) };

	layout.signal = x->signal;
	layout.passkeys = x->signal.rp_id.n > 0 || x->otp.passkey.challenge.n > 0;
	if (layout.full)
		layout.shown_name = exchange_shown_name(x);
	layout.recovery_low = layout.full && layout.recovery_left <= RECOVERY_LOW;
	if ((has_form && respond_may_have_form(x)) || layout.signed_in)
		TRY(form_token_make(x));
	layout.csrf_token = x->form_token;
	TRY(exchange_contact(x, &layout.contact, &layout.contact_url));
	TRY(respond_layout_flash(x, &layout));
	TRY(respond_layout_return_to(x, &layout));
	TRY(exchange_continue(x, &layout.to));
	if (exchange_elsewhere(x))
		TRY(respond_right_address(x, &layout.origin));
	*ret_layout = layout;
	return ERR_OK;
}

err
exchange_layout(struct exchange *x, struct page_layout *ret_layout)
{
	return respond_layout_fill(x, true, ret_layout);
}

/* --- errors ------------------------------------------------------------------------------------------------------- */

struct error_text {
	int status;
	const char *title, *sentence; /* msgids */
};

static const struct error_text error_texts[] = {
	{ 400, N_("Invalid request"), N_("The server cannot read this address or form. Go back and try again.") },
	{ 403, N_("Access denied"), N_("You don't have access to this page.") },
	{ 404, N_("Page not found"), N_("Check the address. The page may no longer exist.") },
	{ 405, N_("Method not allowed"),
	  N_("This page does not accept this kind of request. Start again from the home page.") },
	{ 411, N_("Length required"),
	  N_("The request does not state its length (Content-Length). Send it with its length, not in chunks.") },
	{ 413, N_("Form too large"), N_("The form is larger than this server accepts. Shorten it and send it again.") },
	{ 414, N_("Address too long"), N_("The address is longer than this server accepts. Check it and try again.") },
	{ 415, N_("Unsupported content type"),
	  N_("This server accepts forms only. Send the data as application/x-www-form-urlencoded.") },
	{ 429, N_("Too many attempts"), N_("This attempt was not checked. Try again later.") },
	{ 431, N_("Request headers too large"),
	  N_("Your browser sends more headers than this server accepts. Delete this site's cookies and try again.") },
	{ 503, N_("Service unavailable"),
	  N_("The server is busy, or its database does not respond. Try again in a minute.") },
	/* last: for every other status */
	{ 500, N_("Something went wrong"),
	  N_("This is an error of the server. If it happens again, give the administrator the request number below.") },
};

static const struct error_text *
respond_error_text(int status)
{
	size_t i = 0;

	while (i + 1 < COUNT(error_texts) && error_texts[i].status != status)
		i++;
	return &error_texts[i];
}

static err
respond_error_page(struct exchange *x, int status, const char *sentence)
{
	const struct error_text *text = respond_error_text(status);
	struct page_error page = { .status = status,
				   .title = text->title,
				   .sentence = sentence != NULL ? sentence : text->sentence };

	TRY(respond_layout_fill(x, false, &page.layout));
	page_error(&x->rp->body, &page);
	if (status == 503)
		TRY(reply_header(x->rq, x->rp, STR("Retry-After"), STR("2")));
	if (status == 415) /* RFC 9110 s15.5.16: the accepted type */
		TRY(reply_header(x->rq, x->rp, STR("Accept"), STR("application/x-www-form-urlencoded")));
	return exchange_page(x, status);
}

/* Of the headers that were set for another reply, keep only Allow and Set-Cookie. */
static void
respond_keep_headers(struct reply *rp)
{
	size_t kept = 0;

	for (size_t i = 0; i < rp->header_count; i++)
		if (str_equal(rp->headers[i].name, STR("Allow")) || str_equal(rp->headers[i].name, STR("Set-Cookie")))
			rp->headers[kept++] = rp->headers[i];
	rp->header_count = kept;
}

void
exchange_error(struct exchange *x, int status)
{
	exchange_error_because(x, status, NULL);
}

static void
respond_error_begin(struct exchange *x)
{
	respond_keep_headers(x->rp);
	x->policy = (str){ 0 };
	buf_clear(&x->rp->body);
	x->rp->fixed = (str){ 0 };
}

/* If the page could not be made, send the status alone. */
static void
respond_error_end(struct exchange *x, int status, err e)
{
	if (e == ERR_OK)
		return;
	buf_wipe(&x->rp->body);
	x->rp->status = status;
}

void
exchange_error_because(struct exchange *x, int status, const char *sentence)
{
	respond_error_begin(x);
	respond_error_end(x, status, respond_error_page(x, status, sentence));
}

/* --- a wrong Host ------------------------------------------------------------------------------------------------- */

enum { MISDIRECTED = 421 };

static err
respond_wrong_address_page(struct exchange *x)
{
	struct page_wrong_address page = { .opened = request_header(x->rq, "Host") };

	TRY(respond_layout_fill(x, false, &page.layout));
	page.right = page.right_host = page.layout.origin;
	(void)str_cut(&page.right_host, '/');
	page.right_host = str_from(page.right_host, 1);
	page_wrong_address(&x->rp->body, &page);
	return exchange_page(x, MISDIRECTED);
}

void
exchange_wrong_address(struct exchange *x)
{
	respond_error_begin(x);
	respond_error_end(x, MISDIRECTED, respond_wrong_address_page(x));
}
