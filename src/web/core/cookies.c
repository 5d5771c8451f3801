/*
 * The cookies of this server: their names, their names in release 0.1, and the rules for deleting them.
 *
 * Browsers send a cookie to every port of a host, so applications on other ports can use the same names.  The names
 * therefore begin with "doubletour".  Release 0.1 used plain words ("session"), which Flask applications use too.
 *
 *  reading   the current name; if the browser sent no such cookie, the earlier name, if the value has the right form
 *  writing   always the current name
 *  deleting  the current name; the earlier name only if the keeper knows its value as a session
 */
#include "web/core/cookies.h"

#include "base/clock.h"
#include "http/cookie.h"
#include "web/core/language.h"

enum {
	LANGUAGE_SECONDS = 365 * 24 * 3600,
	DEVICE_SECONDS = 400 * 24 * 3600,
	EARLIER_ANONYMOUS_CHARACTERS = 24, /* base64url of 18 bytes */
};

/* --- the form of the values --------------------------------------------------------------------------------------- */

static bool
cookies_token_form(str value)
{
	struct token token;

	return str_base64url(value, token.b, TOKEN_BYTES) == ERR_OK;
}

static bool
cookies_anonymous_form(str value)
{
	uint8_t bytes[EARLIER_ANONYMOUS_CHARACTERS * 3 / 4];

	return str_base64url(value, bytes, sizeof(bytes)) == ERR_OK;
}

static bool
cookies_language_form(str value)
{
	enum config_language language;

	return language_of(value, &language);
}

/* FLASH and ROUND live for a minute at most: they need no earlier name. */
static const struct cookie_kind {
	str local, https;                 /* current names */
	str earlier_local, earlier_https; /* names in release 0.1 */
	bool (*has_form)(str value);      /* for values under the earlier name */
} kinds[] = {
	[COOKIE_SESSION] = { STR_INIT("doubletour"), STR_INIT("__Host-doubletour"), STR_INIT("session"),
			     STR_INIT("__Host-session"), cookies_token_form },
	[COOKIE_DEVICE] = { STR_INIT("doubletour-device"), STR_INIT("__Host-doubletour-device"), STR_INIT("device"),
			    STR_INIT("__Host-device"), cookies_token_form },
	[COOKIE_FORM] = { STR_INIT("doubletour-form"), STR_INIT("__Host-doubletour-form"), STR_INIT("form"),
			  STR_INIT("__Host-form"), cookies_anonymous_form },
	[COOKIE_FLASH] = { .local = STR_INIT("doubletour-flash"), .https = STR_INIT("__Host-doubletour-flash") },
	[COOKIE_LANGUAGE] = { STR_INIT("doubletour-language"), STR_INIT("__Host-doubletour-language"),
			      STR_INIT("language"), STR_INIT("__Host-language"), cookies_language_form },
	[COOKIE_ROUND] = { .local = STR_INIT("doubletour-round"), .https = STR_INIT("__Host-doubletour-round") },
};

static str
cookie_name(const struct exchange *x, enum cookie_name name)
{
	return x->web->config->public_https ? kinds[name].https : kinds[name].local;
}

static str
cookie_earlier_name(const struct exchange *x, enum cookie_name name)
{
	return x->web->config->public_https ? kinds[name].earlier_https : kinds[name].earlier_local;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void
cookies_read(struct exchange *x)
{
	for (enum cookie_name name = 0; name < COOKIE_NAMES; name++) {
		x->cookies[name][0].name = cookie_name(x, name);
		x->cookies[name][1].name = cookie_earlier_name(x, name);
	}
	cookie_find_all(x->rq, x->cookies[0], 2 * COOKIE_NAMES);
	x->cookies_read = true;
}

static str
cookie_earlier(const struct exchange *x, enum cookie_name name)
{
	str value = cookie_value(&x->cookies[name][1]);

	return kinds[name].has_form != NULL && value.n > 0 && kinds[name].has_form(value) ? value : (str){ 0 };
}

str
exchange_cookie_from(struct exchange *x, enum cookie_name name, bool *ret_earlier)
{
	if (!x->cookies_read)
		cookies_read(x);
	*ret_earlier = x->cookies[name][0].count == 0;
	return *ret_earlier ? cookie_earlier(x, name) : cookie_value(&x->cookies[name][0]);
}

str
exchange_cookie(struct exchange *x, enum cookie_name name)
{
	bool earlier;

	return exchange_cookie_from(x, name, &earlier);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static err
cookie_set(struct exchange *x, str name, str value, int64_t seconds)
{
	CLEANUP(buf_wipe) struct buf text = BUF(1024);
	const struct cookie cookie = { .name = name,
				       .value = value,
				       .max_age_seconds = seconds,
				       .secure = x->web->config->public_https,
				       .same_site = COOKIE_LAX };

	TRY(cookie_put(&text, &cookie));
	TRY(buf_check(&text));
	return reply_header(x->rq, x->rp, STR("Set-Cookie"), buf_str(&text));
}

err
exchange_set_cookie(struct exchange *x, enum cookie_name name, str value, int64_t seconds)
{
	return cookie_set(x, cookie_name(x, name), value, seconds);
}

err
exchange_forget_cookie(struct exchange *x, enum cookie_name name)
{
	return cookie_set(x, cookie_name(x, name), STR(""), -1);
}

static err
cookies_token_cookie(struct exchange *x, enum cookie_name name, const struct token *token, int64_t seconds)
{
	CLEANUP(buf_wipe) struct buf value = BUF(64);

	buf_put_base64url(&value, str_bytes(token->b, TOKEN_BYTES));
	TRY(buf_check(&value));
	return exchange_set_cookie(x, name, buf_str(&value), seconds);
}

/*
 * Flask-Session also sends 43 characters of base64url as "session": only the keeper can tell which are sessions of
 * this server.
 */
static err
cookies_forget_earlier_session(struct exchange *x)
{
	if (!x->session_earlier)
		return ERR_OK;
	x->session_earlier = false;
	return cookie_set(x, cookie_earlier_name(x, COOKIE_SESSION), STR(""), -1);
}

int64_t
exchange_seconds_until(const struct exchange *x, int64_t until_us)
{
	int64_t left_us = until_us - x->rq->now_us;

	return until_us == 0 ? 0 : left_us < SECONDS_US(1) ? 1 : left_us / SECONDS_US(1);
}

err
exchange_session_cookie(struct exchange *x, const struct token *token)
{
	TRY(cookies_forget_earlier_session(x));
	return cookies_token_cookie(x, COOKIE_SESSION, token,
				    exchange_seconds_until(x, x->session.remembered_until_us));
}

err
exchange_forget_session(struct exchange *x)
{
	TRY(cookies_forget_earlier_session(x));
	return exchange_forget_cookie(x, COOKIE_SESSION);
}

err
exchange_device_cookie(struct exchange *x, const struct token *token)
{
	return cookies_token_cookie(x, COOKIE_DEVICE, token, DEVICE_SECONDS);
}

err
exchange_language_cookie(struct exchange *x, enum config_language language)
{
	return exchange_set_cookie(x, COOKIE_LANGUAGE, language_code(language), LANGUAGE_SECONDS);
}
