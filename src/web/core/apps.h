/*
 * Applications on pages: the tiles of the home page, and the application that a sign-in continues to.
 *
 * Both come from the rules in force (access/live_rules.h).  Applications that register as OpenID clients will join the
 * tiles here, after those of the rules file.
 */
#ifndef WEB_APPS_H
#define WEB_APPS_H

#include "web/core/exchange.h"

/* The path of an icon is this and the name of the icon (access/icons.h). */
#define APP_ICONS "/icons/"

/*
 * The application that the return URL in x->next belongs to, for the layout.  ret_to stays empty if x->next leads to a
 * page of this server.  The name is one of the rules file: a request can choose among these names, but not invent one.
 */
MUST_USE err exchange_continue(struct exchange *x, struct page_continue *ret_to);

/* The tiles of the home page: all applications that the signed-in person sees, in the order of the rules file. */
struct app_tiles {
	struct page_app *at;
	size_t n;
};
MUST_USE err exchange_apps(struct exchange *x, struct app_tiles *ret_tiles);

/* Keep only the tiles whose name, description or address has each word of the query, in any case of ASCII letters. */
void app_tiles_search(struct app_tiles *tiles, str query);

#endif
