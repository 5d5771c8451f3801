/*
 * Applications on pages: the tiles of the home page, and the application that a sign-in continues to.
 *
 * Both come from the rules in force (access/live_rules.h).  Applications that register as OpenID clients will join the
 * tiles here, after those of the rules file.
 */
#ifndef WEB_APPS_H
#define WEB_APPS_H

#include "web/core/exchange.h"

/*
 * The application that the return URL in x->next belongs to, for the layout.  ret_to stays empty if x->next leads to a
 * page of this server.  The name is one of the rules file: a request can choose among these names, but not invent one.
 */
MUST_USE err exchange_continue(struct exchange *x, struct page_continue *ret_to);

#endif
