/*
 * The cookies of this server (their names and forms: cookies.c).
 */
#ifndef WEB_COOKIES_H
#define WEB_COOKIES_H

#include "web/core/exchange.h"

/*
 * "doubletour" for the session, "doubletour-form" and so on for the others; with the prefix __Host- and
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

/* The session's new token goes to the browser; or the browser forgets what it has. */
MUST_USE err exchange_session_cookie(struct exchange *x, const struct token *token);
MUST_USE err exchange_forget_session(struct exchange *x);
MUST_USE err exchange_device_cookie(struct exchange *x, const struct token *token);
MUST_USE err exchange_language_cookie(struct exchange *x, enum config_language language);

#endif
