#include "web/core/route.h"

#include "http/return_to.h"

/*
 * A row whose path ends in '/' serves all paths below it.  The bytes of a row's path are read only if its length fits:
 * a request is compared with every row.
 */
static bool
route_path_fits(const struct route *route, str path)
{
	size_t n = route->path.n;
	bool below = n > 1 && path.n > n && path.p[n - 1] == '/';

	return (below || path.n == n) && path.p[n - 1] == route->path.p[n - 1] && str_starts(path, route->path);
}

/* Names are compared as sent: browsers do not percent-encode a name that needs no encoding. */
static bool
route_query_fits(const struct route *route, str query)
{
	if (route->query.n == 0)
		return true;
	while (query.n > 0) {
		str parameter = str_cut(&query, '&');
		if (str_equal(str_cut(&parameter, '='), route->query))
			return true;
	}
	return false;
}

/* A row with a query follows the row for the path alone, and takes precedence. */
const struct route *
route_find(enum http_method method, str path, str query, unsigned *ret_methods)
{
	const struct route *found = NULL;

	*ret_methods = 0;
	for (size_t i = 0; i < web_routes_count; i++) {
		if (!route_path_fits(&web_routes[i], path) || !route_query_fits(&web_routes[i], query))
			continue;
		*ret_methods |= web_routes[i].method;
		if ((web_routes[i].method & (method == HTTP_HEAD ? HTTP_GET : method)) != 0)
			found = &web_routes[i];
	}
	return found;
}

bool
route_path_good(str path, enum uri_path_kind kind)
{
	if (kind == URI_PATH_LITERAL)
		return true;
	for (size_t i = 0; i < web_routes_count; i++)
		if (web_routes[i].ambiguous && route_path_fits(&web_routes[i], path))
			return kind >= URI_PATH_AMBIGUOUS;
	return false;
}

uint64_t
route_questions(const struct route *route)
{
	bool proves = route->step_up && route->method == HTTP_POST;

	return route->asks | (proves ? ASKS(STEP_UP) | ASKS(PASSKEY_STEP_UP) : 0);
}

enum http_pool
route_pool(const struct route *route)
{
	if (route->asks == 0 || route->kind == ROUTE_CHECK)
		return HTTP_INLINE;
	return (route->asks & QUESTIONS_SLOW) != 0 ? HTTP_SLOW : HTTP_QUICK;
}

/* A long return URL takes up to three bytes for each byte in a form. */
size_t
route_body_max(const struct route *route)
{
	bool next = form_value(route->form, route, STR("next")) != NULL;

	if (route->body_max_bytes > 0)
		return route->body_max_bytes;
	return HTTP_BODY_MAX_BYTES + (next ? 3 * NEXT_MAX_BYTES : 0);
}

bool
route_any_host(const struct route *route)
{
	return route->any_host || route->kind != ROUTE_PAGE;
}

bool
route_opens(const struct route *route, enum session_state state)
{
	unsigned opens = route->opens == 0 ? OPENS_FULL : route->opens;

	return (opens & 1u << state) != 0;
}
