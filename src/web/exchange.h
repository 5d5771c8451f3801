/*
 * One request on its way to its reply: what the handlers work with.
 *
 * The dispatcher (exchange.c) has done these before a handler is called, in this order: found the route, checked Host and
 * language, read the form, learnt the session (from the cache, or by a question), checked that the route opens in this
 * state, checked the form's token.  A handler asks one question, or two where a code comes with a form, and fills the
 * reply.
 */
#ifndef WEB_EXCHANGE_H
#define WEB_EXCHANGE_H

#include "http/server.h"
#include "web/flash.h"
#include "web/routes.h"
#include "web/web.h"

enum { FORM_TOKEN_CHARACTERS = 43 }; /* base64url of 32 bytes */

struct exchange {
	struct web *web;
	struct request *rq;
	struct reply *rp;
	const struct route *route;
	str address; /* the browser's, as far as trusted proxies tell it */

	struct token token; /* as the cookie has it; zero: none, or malformed */
	struct token token_hash;
	struct token device;  /* the cookie of a browser that has signed in before; zero: none, or malformed */
	int64_t retry_s;      /* too many failures: in how many seconds to try again; 0: not so */
	bool session_earlier; /* the session's cookie has its name of release 0.1, and the keeper knows it */
	bool session_known;   /* the next member holds */
	struct session_view session;

	enum config_language language;
	str next;      /* a safe path of ours to go on to; empty: none */
	str anonymous; /* value of the cookie that form tokens hang on before there is a session; empty: none */
	str form_token;
	void *form; /* the route's struct, filled; NULL: the route has none, or this is not a POST */
};

/*
 * Ask the keeper on behalf of this request.  Only a handler that runs on a worker is given `keeper`, the worker's channel: a
 * handler of an INLINE route has none, so it cannot ask.  The session that the answer tells is the exchange's from then on.
 * ERR_WAIT: too many failures, nothing was looked at: the dispatcher shows the form again, with 429.
 */
MUST_USE err exchange_ask(struct exchange *x, struct channel *keeper, enum question_id id, const void *body,
			  enum verdict *ret_verdict, void *ret_answer);

/* Is the address one of TRUSTED_PROXIES, or the peer of a Unix socket (HTTP_PEER_UNIX)?  config: struct config; as forwarded_address wants it. */
bool exchange_trusts(void *config, str address);

/* The session's new token goes to the browser; or the browser forgets what it has. */
MUST_USE err exchange_session_cookie(struct exchange *x, const struct token *token);
MUST_USE err exchange_forget_session(struct exchange *x);
MUST_USE err exchange_device_cookie(struct exchange *x, const struct token *token);
MUST_USE err exchange_language_cookie(struct exchange *x, enum config_language language);

/* How the person is called: the display name, or the user name. */
str exchange_shown_name(const struct exchange *x);

/* The account's language is the browser's from now on, if it has chosen one: for whoever has just signed in. */
MUST_USE err exchange_prefer_language(struct exchange *x);

/*
 * A form of what changes credentials has one more field, `otp` (templates/_otp.html), when the session's proof is older
 * than STEP_UP_US or will be within a minute.
 *
 *	exchange_otp(x, &page.otp);                                     showing the form
 *
 *	TRY(exchange_step_up(x, keeper, form->otp, &page.otp));                 its POST
 *	if (page.otp.problem != NULL)
 *		return show the form again with 422, all that was typed kept;
 *	TRY(exchange_ask(x, keeper, QUESTION_PASSWORD, ...));
 *	if (verdict == VERDICT_STEP_UP) {
 *		exchange_otp_missing(&page.otp);
 *		return as above;
 *	}
 *
 * exchange_step_up asks nothing when otp is empty; when the session is no more, the handler's own question will tell.
 */
struct page_otp;
struct page_drift;
void exchange_otp(const struct exchange *x, struct page_otp *ret_otp);
MUST_USE err exchange_step_up(struct exchange *x, struct channel *keeper, str otp, struct page_otp *ret_otp);
void exchange_otp_missing(struct page_otp *ret_otp);

/* The sentences about what was typed and cannot be a code: of a new authenticator, or of any that the account has. */
extern const char exchange_code_impossible[];
extern const char exchange_either_impossible[];

/* What the keeper knows of a clock that is wrong, in minutes, at least one; 0 seconds: ret_drift stays as it is. */
void exchange_drift(int64_t drift_s, struct page_drift *ret_drift);

/* The headers that every reply has, whatever it is; pages and redirects have them already. */
MUST_USE err exchange_guard(struct exchange *x);

/* What every page shows around its own part: name, language, flash (told once), log out, form token. */
struct page_frame;
MUST_USE err exchange_frame(struct exchange *x, struct page_frame *ret_frame);

/* 303 to a path of ours, with `?next=` when next is not empty.  flash: FLASH_NONE, or what the next page shows (web/flash.def). */
MUST_USE err exchange_redirect(struct exchange *x, str path, str next, enum flash_message flash);

/* 303 to where a person in this state gets on: /login, /setup-2fa, /verify-2fa or home; next is kept. */
MUST_USE err exchange_lead(struct exchange *x, str next);

/* The reply is an HTML page with this status, already written into rp->body. */
MUST_USE err exchange_page(struct exchange *x, int status);

/* An error page in our dress, whatever was written before. */
void exchange_error(struct exchange *x, int status);
/* The same with a sentence (msgid) that fits the case better; NULL: the status's own. */
void exchange_error_because(struct exchange *x, int status, const char *sentence);

/* Did the browser open another address than ours (web/host.h)? */
bool exchange_elsewhere(const struct exchange *x);
/* 421 with a page that names the right address and links to it. */
void exchange_wrong_address(struct exchange *x);

/*
 * Cookies (cookies.c): "doubletour" for the session, "doubletour-form" and so on for the others; with the prefix __Host- and
 * Secure where PUBLIC_URL is https.
 */
enum cookie_name { COOKIE_SESSION, COOKIE_FORM, COOKIE_FLASH, COOKIE_LANGUAGE, COOKIE_DEVICE, COOKIE_ROUND };
/* Its value; p == NULL: none, malformed, or more than one. */
str exchange_cookie(const struct exchange *x, enum cookie_name name);
/* The same; ret_earlier: none was sent under the name of today, so the value is the one under its name of release 0.1. */
str exchange_cookie_from(const struct exchange *x, enum cookie_name name, bool *ret_earlier);
/* seconds: 0 until the browser ends. */
MUST_USE err exchange_set_cookie(struct exchange *x, enum cookie_name name, str value, int64_t seconds);
MUST_USE err exchange_forget_cookie(struct exchange *x, enum cookie_name name);

/* The application that http/server.h serves. */
extern const struct http_app web_app;

#endif
