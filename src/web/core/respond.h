/*
 * How a reply is written: headers, redirects, pages, error pages.
 */
#ifndef WEB_RESPOND_H
#define WEB_RESPOND_H

#include "web/core/exchange.h"

/* The headers that every reply has, whatever it is; pages and redirects have them already. */
MUST_USE err exchange_security_headers(struct exchange *x);

/* What every page shows around its own part: name, language, flash (told once), log out, form token. */
MUST_USE err exchange_layout(struct exchange *x, struct page_layout *ret_layout);

/* 303 to a path of ours, with `?next=` when next is not empty.  flash: FLASH_NONE, or what the next page shows (web/core/flash.def). */
MUST_USE err exchange_redirect(struct exchange *x, str path, str next, enum flash_message flash);

/* 303 to where a person in this state gets on: /login, /setup-2fa, /verify-2fa or home; next is kept. */
MUST_USE err exchange_redirect_to_step(struct exchange *x, str next);

/* The reply is an HTML page with this status, already written into rp->body. */
MUST_USE err exchange_page(struct exchange *x, int status);

/* An error page in our dress, whatever was written before. */
void exchange_error(struct exchange *x, int status);
/* The same with a sentence (msgid) that fits the case better; NULL: the status's own. */
void exchange_error_because(struct exchange *x, int status, const char *sentence);

/* 421 with a page that names the right address and links to it. */
void exchange_wrong_address(struct exchange *x);

#endif
