/*
 * Against forged forms: every form carries a token that only a page of ours can have put there, for this browser.
 *
 * token = base64url(HMAC-SHA-256(form key, what the browser holds)): its session token, or, before there is a session,
 * an anonymous cookie that costs no database row.  Beside it the browser's own word is heard: Sec-Fetch-Site, Origin.
 * Sources: OWASP Cross-Site Request Forgery Prevention, "Signed double-submit cookie" and "Fetch metadata".
 */
#ifndef WEB_FORM_TOKEN_H
#define WEB_FORM_TOKEN_H

#include "web/core/exchange.h"

enum { FORM_TOKEN_MAX = 64 }; /* bytes that are read of one; ours have 43 */

/* The token for forms on this page, into x->form_token; makes the anonymous cookie where there is nothing to hang on. */
MUST_USE err form_token_make(struct exchange *x);

/* Does this POST come from a page of ours?  `sent` is its csrf_token field. */
MUST_USE err form_token_check(struct exchange *x, str sent, bool *ret_ours);

/* What a browser says of where a request comes from: false when it says "another site". */
bool form_origin_ours(const struct exchange *x);

#endif
