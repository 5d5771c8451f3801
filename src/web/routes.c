#include "web/routes.h"

#include "web/handlers.h"

/* clang-format off */
const struct route web_routes[] = {
	{ HTTP_GET,  STR_INIT("/"),           0,               HTTP_INLINE, .show = home_show },
	{ HTTP_GET,  STR_INIT("/"),           0,               HTTP_QUICK,  .query = STR_INIT("rd"), .answer = gate_show },

	{ HTTP_GET,  STR_INIT("/register"),   OPENS_NONE,      HTTP_INLINE, .show = register_show },
	{ HTTP_POST, STR_INIT("/register"),   OPENS_NONE,      HTTP_SLOW,   .form = &register_form, .answer = register_post, .again = register_again },
	{ HTTP_GET,  STR_INIT("/login"),      OPENS_NONE,      HTTP_INLINE, .show = login_show },
	{ HTTP_POST, STR_INIT("/login"),      OPENS_NONE,      HTTP_SLOW,   .form = &login_form, .answer = login_post, .again = login_again },

	{ HTTP_GET,  STR_INIT("/setup-2fa"),  OPENS_ENROLLING, HTTP_QUICK,  .answer = setup_show },
	{ HTTP_GET,  STR_INIT("/verify-2fa"), OPENS_ENROLLING | OPENS_PENDING, HTTP_INLINE, .show = verify_show },
	{ HTTP_POST, STR_INIT("/verify-2fa"), OPENS_ENROLLING | OPENS_PENDING, HTTP_QUICK, .form = &code_form, .answer = verify_post, .again = verify_again },

	{ HTTP_GET,  STR_INIT("/account/recovery-codes"), 0, HTTP_QUICK, .answer = recovery_show },
	{ HTTP_POST, STR_INIT("/account/recovery-codes"), 0, HTTP_QUICK, .form = &renew_form, .answer = recovery_post, .again = recovery_again },
	{ HTTP_GET,  STR_INIT("/account/authenticators"), 0, HTTP_QUICK, .answer = factors_show },
	{ HTTP_GET,  STR_INIT("/account/authenticators/new"), 0, HTTP_INLINE, .show = factor_new_show },
	{ HTTP_POST, STR_INIT("/account/authenticators/new"), 0, HTTP_SLOW, .form = &factor_new_form, .answer = factor_new_post, .again = factor_new_again },
	{ HTTP_GET,  STR_INIT("/account/authenticators/confirm"), 0, HTTP_QUICK, .answer = factor_confirm_show },
	{ HTTP_POST, STR_INIT("/account/authenticators/confirm"), 0, HTTP_QUICK, .form = &factor_code_form, .answer = factor_confirm_post, .again = factor_confirm_again },
	{ HTTP_POST, STR_INIT("/account/authenticators/rename"), 0, HTTP_QUICK, .form = &factor_name_form, .answer = factor_rename_post, .again = factor_rename_again },
	{ HTTP_POST, STR_INIT("/account/authenticators/remove"), 0, HTTP_QUICK, .form = &factor_remove_form, .answer = factor_remove_post, .again = factor_remove_again },

	{ HTTP_GET,  STR_INIT("/set-password"), OPENS_ALL,     HTTP_QUICK,  .answer = set_password_show },
	{ HTTP_POST, STR_INIT("/set-password"), OPENS_ALL,     HTTP_SLOW,   .form = &set_password_form, .answer = set_password_post, .again = set_password_again },

	{ HTTP_GET,  STR_INIT("/account"),    0,               HTTP_QUICK,  .answer = account_show },
	{ HTTP_GET,  STR_INIT("/account/profile"), 0,          HTTP_INLINE, .show = profile_show },
	{ HTTP_POST, STR_INIT("/account/profile"), 0,          HTTP_QUICK,  .form = &profile_form, .answer = profile_post, .again = profile_again },
	{ HTTP_GET,  STR_INIT("/account/password"), 0,         HTTP_INLINE, .show = password_show },
	{ HTTP_POST, STR_INIT("/account/password"), 0,         HTTP_SLOW,   .form = &password_form, .answer = password_post, .again = password_again },
	{ HTTP_GET,  STR_INIT("/account/sessions"), 0,         HTTP_QUICK,  .answer = sessions_show },
	{ HTTP_POST, STR_INIT("/account/sessions/end"), 0,     HTTP_QUICK,  .form = &session_end_form, .answer = session_end_post, .again = session_end_again },
	{ HTTP_GET,  STR_INIT("/account/activity"), 0,         HTTP_QUICK,  .answer = activity_show },
	{ HTTP_GET,  STR_INIT("/account/close"), 0,            HTTP_INLINE, .show = close_show },
	{ HTTP_POST, STR_INIT("/account/close"), 0,            HTTP_SLOW,   .form = &close_form, .answer = close_post, .again = close_again },

	{ HTTP_GET,  STR_INIT("/logout"),     OPENS_SIGNED,    HTTP_INLINE, .show = logout_show },
	{ HTTP_POST, STR_INIT("/logout"),     OPENS_SIGNED,    HTTP_QUICK,  .form = &logout_form, .answer = logout_post, .again = logout_again },

	{ HTTP_GET,  STR_INIT("/gate"),       OPENS_ALL,       HTTP_QUICK,  .answer = gate_show },
	{ HTTP_POST, STR_INIT("/gate"),       0,               HTTP_QUICK,  .form = &gate_form, .answer = gate_post, .again = gate_again },
	{ HTTP_GET,  STR_INIT("/.doubletour/enter"), OPENS_ALL, HTTP_QUICK, .any_host = true, .answer = gate_enter_show },
	{ HTTP_GET,  STR_INIT("/.well-known/change-password"), OPENS_ALL, HTTP_INLINE, .show = change_password_show },
	{ HTTP_GET,  STR_INIT("/.well-known/jwks.json"), OPENS_ALL, HTTP_INLINE, .any_host = true, .show = gate_keys_show },
	{ HTTP_GET,  STR_INIT("/api/authz/auth-request"), OPENS_ALL, HTTP_INLINE, .gate = true, .any_host = true },
	{ HTTP_GET,  STR_INIT("/api/authz/forward-auth"), OPENS_ALL, HTTP_INLINE, .gate = true, .any_host = true },
	{ HTTP_ANY,  STR_INIT("/api/authz/ext-authz"), OPENS_ALL, HTTP_INLINE, .gate = true, .any_host = true },
	{ HTTP_ANY,  STR_INIT("/api/authz/ext-authz/"), OPENS_ALL, HTTP_INLINE, .gate = true, .ambiguous = true, .any_host = true },
	{ HTTP_ANY,  STR_INIT("/api/verify"), OPENS_ALL,       HTTP_INLINE, .gate = true, .any_host = true },

	{ HTTP_GET,  STR_INIT("/language/"),  OPENS_ALL,       HTTP_INLINE, .show = language_set },
	{ HTTP_GET,  STR_INIT("/static/"),    OPENS_ALL,       HTTP_INLINE, .any_host = true, .show = static_show },
	{ HTTP_GET,  STR_INIT("/favicon.ico"), OPENS_ALL,      HTTP_INLINE, .any_host = true, .show = favicon_show },
	{ HTTP_GET,  STR_INIT("/robots.txt"), OPENS_ALL,       HTTP_INLINE, .any_host = true, .show = robots_show },
	{ HTTP_GET,  STR_INIT("/healthz"),    OPENS_ALL,       HTTP_INLINE, .any_host = true, .show = health_show },
	{ HTTP_GET,  STR_INIT("/readyz"),     OPENS_ALL,       HTTP_INLINE, .any_host = true, .show = health_show },
	{ HTTP_GET,  STR_INIT("/livez"),      OPENS_ALL,       HTTP_INLINE, .any_host = true, .show = alive_show },
};
/* clang-format on */
const size_t web_routes_count = COUNT(web_routes);

static bool
path_fits(const struct route *route, str path)
{
	bool below = route->path.n > 1 && route->path.p[route->path.n - 1] == '/';

	return below ? str_starts(path, route->path) : str_equal(path, route->path);
}

/* Names are compared as they are sent: a browser does not encode a name that needs no encoding. */
static bool
query_fits(const struct route *route, str query)
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

/* A row that names a query stands behind the row for the path alone, and goes before it. */
const struct route *
route_find(enum http_method method, str path, str query, unsigned *ret_methods)
{
	const struct route *found = NULL;

	*ret_methods = 0;
	for (size_t i = 0; i < COUNT(web_routes); i++) {
		if (!path_fits(&web_routes[i], path) || !query_fits(&web_routes[i], query))
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
	for (size_t i = 0; i < COUNT(web_routes); i++)
		if (web_routes[i].ambiguous && path_fits(&web_routes[i], path))
			return kind >= URI_PATH_AMBIGUOUS;
	return false;
}

bool
route_opens(const struct route *route, enum session_state state)
{
	unsigned opens = route->opens == 0 ? OPENS_FULL : route->opens;

	return (opens & 1u << state) != 0;
}
