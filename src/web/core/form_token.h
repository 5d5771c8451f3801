/*
 * Protection against cross-site request forgery: every form has a token that only a page of this server can
 * contain.
 *
 * token = base64url(HMAC-SHA-256(form key, secret of the browser)).  The secret is the session token.  Before
 * sign-in it is an anonymous cookie, which needs no database row.  Sec-Fetch-Site and Origin are checked too.
 * Sources: OWASP Cross-Site Request Forgery Prevention, "Signed double-submit cookie" and "Fetch metadata".
 */
#ifndef WEB_FORM_TOKEN_H
#define WEB_FORM_TOKEN_H

#include "web/core/exchange.h"

enum { FORM_TOKEN_MAX = 64 }; /* maximum bytes of a received token; valid ones have 43 */

/*
 * Make the token for forms on this page in x->form_token.  Without a session and a cookie, make the anonymous
 * cookie.
 */
MUST_USE err form_token_make(struct exchange *x);

/* Does this POST come from a page of this server?  `sent` is its csrf_token field. */
MUST_USE err form_token_check(struct exchange *x, str sent, bool *ret_ours);

/* The value of the anonymous cookie, which only this browser has; "": missing, or not usable. */
str form_token_browser(const struct exchange *x);

/* Check Sec-Fetch-Site and Origin: false if they name another site. */
bool form_origin_ours(const struct exchange *x);

#endif
