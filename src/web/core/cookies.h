/*
 * The cookies of this server (names and forms: cookies.c).
 */
#ifndef WEB_COOKIES_H
#define WEB_COOKIES_H

#include "web/core/exchange.h"

/*
 * "doubletour" for the session, "doubletour-form" and so on for the others.  If PUBLIC_URL is https, the names have
 * the prefix __Host- and the cookies are Secure.  The request's cookies are read once, at the first call.
 */
/* Value of a cookie; p == NULL: missing, malformed or repeated. */
str exchange_cookie(struct exchange *x, enum cookie_name name);
/* The same; ret_earlier: the current name was not sent, so the value is that of the earlier name (release 0.1). */
str exchange_cookie_from(struct exchange *x, enum cookie_name name, bool *ret_earlier);
/* seconds: lifetime; 0: session cookie. */
MUST_USE err exchange_set_cookie(struct exchange *x, enum cookie_name name, str value, int64_t seconds);
MUST_USE err exchange_forget_cookie(struct exchange *x, enum cookie_name name);

/* The lifetime of a cookie that expires at until_us, at least one second.  until_us 0: 0, a session cookie. */
int64_t exchange_seconds_until(const struct exchange *x, int64_t until_us);

/* Send a new token of x->session to the browser; or delete the session's cookies. */
MUST_USE err exchange_session_cookie(struct exchange *x, const struct token *token);
MUST_USE err exchange_forget_session(struct exchange *x);
MUST_USE err exchange_device_cookie(struct exchange *x, const struct token *token);
MUST_USE err exchange_language_cookie(struct exchange *x, enum config_language language);

#endif
