/*
 * How a reply is written: headers that every one has, cookies, redirects, error pages.
 */
#include "web/exchange.h"

#include "base/log.h"
#include "http/cookie.h"
#include "web/flash.h"
#include "web/form_token.h"
#include "web/language.h"
#include "web/messages.h"
#include "web/pages.h"

#include <stdio.h>

enum { FLASH_SECONDS = 60, LANGUAGE_SECONDS = 365 * 24 * 3600, LOCATION_MAX = 8 * 1024, RETRY_SECONDS = 2 };

struct header {
	str name, value;
};

/* SECURITY.md row 22.  With Referrer-Policy: same-origin browsers send Origin on our own forms, and nothing to others. */
static const struct header page_headers[] = {
	{ STR_INIT("Content-Type"), STR_INIT("text/html; charset=utf-8") },
	{ STR_INIT("Cache-Control"), STR_INIT("no-store") },
	{ STR_INIT("Content-Security-Policy"),
	  STR_INIT("default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
		   "base-uri 'none'; frame-ancestors 'none'") },
	{ STR_INIT("X-Frame-Options"), STR_INIT("DENY") },
	{ STR_INIT("X-Content-Type-Options"), STR_INIT("nosniff") },
	{ STR_INIT("Referrer-Policy"), STR_INIT("same-origin") },
	{ STR_INIT("Cross-Origin-Opener-Policy"), STR_INIT("same-origin") },
	{ STR_INIT("Cross-Origin-Resource-Policy"), STR_INIT("same-origin") },
	{ STR_INIT("Vary"), STR_INIT("Cookie, Accept-Language") },
};
static const struct header transport_security = { STR_INIT("Strict-Transport-Security"),
						  STR_INIT("max-age=63072000; includeSubDomains") };

err
exchange_headers(struct exchange *x)
{
	for (size_t i = 0; i < COUNT(page_headers); i++)
		TRY(reply_header(x->rq, x->rp, page_headers[i].name, page_headers[i].value));
	if (x->web->config->public_https)
		TRY(reply_header(x->rq, x->rp, transport_security.name, transport_security.value));
	return ERR_OK;
}

/* --- cookies ------------------------------------------------------------------------------------------------------ */

static str
cookie_name(const struct exchange *x, enum cookie_name name)
{
	static const str plain[] = { [COOKIE_SESSION] = STR_INIT("session"),
				     [COOKIE_FORM] = STR_INIT("form"),
				     [COOKIE_FLASH] = STR_INIT("flash"),
				     [COOKIE_LANGUAGE] = STR_INIT("language") };
	static const str host[] = { [COOKIE_SESSION] = STR_INIT("__Host-session"),
				    [COOKIE_FORM] = STR_INIT("__Host-form"),
				    [COOKIE_FLASH] = STR_INIT("__Host-flash"),
				    [COOKIE_LANGUAGE] = STR_INIT("__Host-language") };

	return x->web->config->public_https ? host[name] : plain[name];
}

str
exchange_cookie(const struct exchange *x, enum cookie_name name)
{
	return cookie_find(x->rq, cookie_name(x, name));
}

err
exchange_set_cookie(struct exchange *x, enum cookie_name name, str value, int64_t seconds)
{
	CLEANUP(buf_wipe) struct buf cookie = BUF(1024);

	buf_put(&cookie, cookie_name(x, name));
	buf_put_byte(&cookie, '=');
	buf_put(&cookie, value);
	buf_put(&cookie, STR("; Path=/; HttpOnly; SameSite=Lax"));
	if (x->web->config->public_https)
		buf_put(&cookie, STR("; Secure"));
	if (seconds != 0)
		buf_printf(&cookie, "; Max-Age=%lld", (long long)(seconds < 0 ? 0 : seconds));
	TRY(buf_check(&cookie));
	return reply_header(x->rq, x->rp, STR("Set-Cookie"), buf_str(&cookie));
}

err
exchange_session_cookie(struct exchange *x, const struct token *token)
{
	CLEANUP(buf_wipe) struct buf value = BUF(64);

	buf_put_base64url(&value, str_bytes(token->b, TOKEN_BYTES));
	TRY(buf_check(&value));
	return exchange_set_cookie(x, COOKIE_SESSION, buf_str(&value), 0);
}

err
exchange_forget_session(struct exchange *x)
{
	return exchange_set_cookie(x, COOKIE_SESSION, STR(""), -1);
}

err
exchange_language_cookie(struct exchange *x, enum config_language language)
{
	return exchange_set_cookie(x, COOKIE_LANGUAGE, language_code(language), LANGUAGE_SECONDS);
}

/* --- redirects ---------------------------------------------------------------------------------------------------- */

err
exchange_redirect(struct exchange *x, str path, str next, const char *flash)
{
	CLEANUP(buf_wipe) struct buf location = BUF(LOCATION_MAX);

	buf_put(&location, path);
	if (next.n > 0) {
		buf_put(&location, STR("?next="));
		buf_put_percent(&location, next);
	}
	TRY(buf_check(&location));
	TRY(exchange_headers(x));
	TRY(reply_header(x->rq, x->rp, STR("Location"), buf_str(&location)));
	if (flash != NULL)
		TRY(exchange_set_cookie(x, COOKIE_FLASH, str_of(flash), FLASH_SECONDS));
	x->rp->status = 303;
	return ERR_OK;
}

err
exchange_lead(struct exchange *x, str next)
{
	static const struct {
		str path;
		const char *flash;
	} to[STATE_COUNT] = {
		[STATE_NONE] = { STR_INIT("/login"), "sign-in" },
		[STATE_ENROLLING] = { STR_INIT("/setup-2fa"), "factor-missing" },
		[STATE_PENDING] = { STR_INIT("/verify-2fa"), "code-missing" },
		[STATE_FULL] = { STR_INIT("/"), "already" },
	};
	enum session_state state = x->session.state;
	const char *flash = to[state].flash;

	if (state == STATE_NONE && exchange_cookie(x, COOKIE_SESSION).n > 0) {
		TRY(exchange_forget_session(x));
		flash = "expired";
	} else if (state == STATE_NONE && str_equal(x->rq->path, STR("/"))) {
		flash = NULL; /* whoever comes to the front door need not be told that it is locked */
	}
	return exchange_redirect(x, to[state].path, state == STATE_FULL ? (str){ 0 } : next, flash);
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

err
exchange_page(struct exchange *x, int status)
{
	TRY(exchange_headers(x));
	x->rp->status = status;
	return buf_check(&x->rp->body);
}

/* What the flash cookie says, and the cookie gone. */
static err
frame_flash(struct exchange *x, struct page_frame *frame)
{
	str word = exchange_cookie(x, COOKIE_FLASH);
	const struct flash *flash = flash_find(word);

	if (word.n > 0)
		TRY(exchange_set_cookie(x, COOKIE_FLASH, STR(""), -1));
	if (flash == NULL)
		return ERR_OK;
	frame->flash = flash->sentence;
	frame->flash_kind = flash->kind;
	return ERR_OK;
}
