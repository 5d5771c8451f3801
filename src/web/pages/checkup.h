/*
 * The security check-up: authenticators, recovery codes, other sessions, the last sign-in.  Home and the account's
 * overview show it (templates/_checkup.html).
 *
 *	struct page_home page = { 0 };
 *	checkup_fill(x, &page.checkup);
 *	TRY(exchange_layout(x, &page.layout));
 *
 * The page's struct has the member `struct page_checkup checkup`.
 */
#ifndef WEB_CHECKUP_H
#define WEB_CHECKUP_H

#include "web/core/exchange.h"

/* From x->session, which may be CACHE_SECONDS old: no question. */
void checkup_fill(const struct exchange *x, struct page_checkup *ret_checkup);

#endif
