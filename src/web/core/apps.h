/*
 * Applications on pages: the tiles of the home page, and the application that a sign-in continues to.
 *
 * Both come from the rules in force (access/live_rules.h), and from the OpenID clients in the database.
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

/*
 * For the dispatcher: does this page show tiles of OpenID clients, and may there be any?  Then ask the keeper for them
 * (x->client_tiles).  Without any, the home page asks nothing.
 */
bool exchange_tiles_wanted(const struct exchange *x);
MUST_USE err exchange_tiles(struct exchange *x, struct channel *keeper);

/*
 * The tiles of the home page: all applications that the signed-in person sees, in the order of the rules file.  The
 * OpenID clients follow by name, except those whose address the rules file has.
 */
struct app_tiles {
	struct page_app *at;
	size_t n;
};
MUST_USE err exchange_apps(struct exchange *x, struct app_tiles *ret_tiles);

/* The seal of an OpenID client: its letter, on the same tone on every page. */
struct page_seal app_seal(str name);

/*
 * Ask the keeper for the OpenID clients of the signed-in person, and call take for each, at most CLIENT_APPS_MAX times.
 * *ret_more: there are more than that.
 */
enum { CLIENT_APPS_MAX = 200 };
MUST_USE err exchange_client_apps(struct exchange *x, struct channel *keeper,
				  err (*take)(void *context, const struct oidc_app_item *item), void *context,
				  bool *ret_more);

/* Keep only the tiles whose name, description or address has each word of the query, in any case of ASCII letters. */
void app_tiles_search(struct app_tiles *tiles, str query);

#endif
