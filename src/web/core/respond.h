/*
 * Writing replies: headers, redirects, pages, error pages.
 */
#ifndef WEB_RESPOND_H
#define WEB_RESPOND_H

#include "image/image.h"
#include "web/core/exchange.h"

/* The headers of every reply.  exchange_page and exchange_redirect add them. */
MUST_USE err exchange_security_headers(struct exchange *x);
/* The same for a page that the browser shows on another host: its style sheet is on this one. */
MUST_USE err exchange_elsewhere_headers(struct exchange *x);

/* The same for a static file.  Pages on the applications' hosts use the style sheet, so every host may load it. */
MUST_USE err exchange_asset_headers(struct exchange *x);

/* CONTACT and the address of its link; both empty without it. */
MUST_USE err exchange_contact(struct exchange *x, str *ret_contact, str *ret_url);

/*
 * Send an image of the administrator (image/image.h) whose address contains the digest of its bytes.  Opened as
 * a page, it has no scripts, no references and no origin (Content-Security-Policy: sandbox).  The bytes are in
 * rp->body, or in rp->fixed.
 */
MUST_USE err exchange_image(struct exchange *x, enum image_kind kind);

/* Fill the values of the layout: language, flash message (shown once), sign-out button, form token. */
MUST_USE err exchange_layout(struct exchange *x, struct page_layout *ret_layout);

/* Set the return URL of the language switch. */
void exchange_layout_path(struct page_layout *layout, str path);

/*
 * Redirect with 303 to a path on this server, with `?next=` if next is not empty and fits into an address.  The path
 * may end with a fragment.  "/login" with an authorization request becomes the address of the request.
 * flash: FLASH_NONE, or the message for the next page (web/core/flash.def).
 */
MUST_USE err exchange_redirect(struct exchange *x, str path, str next, enum flash_message flash);

/* Does this return URL lead to an application: by the gate, or as an authorization request? */
bool exchange_leads_away(str next);

/* Read the flash message that the request before left: x->flash, x->demoted. */
void exchange_flash_take(struct exchange *x);

/* Redirect with 303 to the step for this session state: /login, /setup-2fa, /verify-2fa or home; next is kept. */
MUST_USE err exchange_redirect_to_step(struct exchange *x, str next);

/* Complete an HTML page that is already in rp->body, with this status. */
MUST_USE err exchange_page(struct exchange *x, int status);

/* The same with 200 for a page whose form goes to an application; http: its address does not use TLS. */
MUST_USE err exchange_page_for_client(struct exchange *x, bool http);

/* An error page, in place of anything written before. */
void exchange_error(struct exchange *x, int status);
/* The same with a more specific sentence (msgid); NULL: the default one of the status. */
void exchange_error_because(struct exchange *x, int status, const char *sentence);

/* 421 with a page that names the right address and links to it. */
void exchange_wrong_address(struct exchange *x);

#endif
