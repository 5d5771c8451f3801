/*
 * `doubletour routes`: prints the web process's table of routes.
 */
#include "cli/cli.h"

#include "base/buf.h"
#include "web/core/route.h"

static const char routes_help[] =
    "Usage: doubletour routes [--json]\n"
    "\n"
    "Print every route: method, path, the session states that may open it, and its worker pool.\n"
    "A path that ends in / includes all paths below it.\n"
    "\n"
    "  --json   print one JSON array\n"
    "  --help   show this help\n";

static const char *const pool_names[HTTP_POOL_COUNT] = { "inline", "quick", "slow" };

static void
cli_routes_put_states(struct buf *out, const struct route *route, bool json)
{
	const char *between = "";

	for (unsigned s = 0; s < STATE_COUNT; s++) {
		if (!route_opens(route, (enum session_state)s))
			continue;
		buf_put(out, str_of(between));
		if (json)
			buf_put_json(out, str_of(session_state_name((enum session_state)s)));
		else
			buf_put(out, str_of(session_state_name((enum session_state)s)));
		between = ",";
	}
}

/* "/login", or "/?rd" for a row that requires a query parameter. */
static str
cli_routes_text(const struct route *route, struct buf *out)
{
	buf_put(out, route->path);
	if (route->query.n > 0)
		buf_put_byte(out, '?');
	buf_put(out, route->query);
	return buf_str(out);
}

static const char *
cli_routes_method_name(const struct route *route)
{
	switch (route->method) {
	case HTTP_ANY:
		return "ANY";
	case HTTP_POST:
		return "POST";
	case HTTP_OPTIONS:
		return "OPTIONS";
	default:
		return "GET";
	}
}

static void
cli_routes_put_route_json(struct buf *out, const struct route *route)
{
	CLEANUP(buf_wipe) struct buf text = BUF(128);

	buf_put(out, STR("{\"method\":"));
	buf_put_json(out, str_of(cli_routes_method_name(route)));
	buf_put(out, STR(",\"path\":"));
	buf_put_json(out, cli_routes_text(route, &text));
	buf_put(out, STR(",\"lane\":")); /* its name since version 0.1 */
	buf_put_json(out, str_of(pool_names[route_pool(route)]));
	buf_put(out, STR(",\"opens\":["));
	cli_routes_put_states(out, route, true);
	buf_put(out, STR("]}"));
}

static void
cli_routes_print_json(struct buf *out)
{
	for (size_t i = 0; i < web_routes_count; i++) {
		buf_put(out, i == 0 ? STR("[\n") : STR(",\n"));
		cli_routes_put_route_json(out, &web_routes[i]);
	}
	buf_put(out, STR("\n]\n"));
}

/* The width of the longest path. */
static size_t
cli_routes_path_columns(void)
{
	size_t columns = 0;

	for (size_t i = 0; i < web_routes_count; i++) {
		CLEANUP(buf_wipe) struct buf text = BUF(128);
		str path = cli_routes_text(&web_routes[i], &text);
		columns = path.n > columns ? path.n : columns;
	}
	return columns + 2;
}

enum { METHOD_COLUMNS = 8, POOL_COLUMNS = 8 };

static void
cli_routes_print_text(struct buf *out)
{
	size_t columns = cli_routes_path_columns();

	cli_column(out, STR("METHOD"), METHOD_COLUMNS);
	cli_column(out, STR("PATH"), columns);
	cli_column(out, STR("POOL"), POOL_COLUMNS);
	buf_put(out, STR("OPENS IN\n"));
	for (size_t i = 0; i < web_routes_count; i++) {
		const struct route *route = &web_routes[i];
		CLEANUP(buf_wipe) struct buf text = BUF(128);
		cli_column(out, str_of(cli_routes_method_name(route)), METHOD_COLUMNS);
		cli_column(out, cli_routes_text(route, &text), columns);
		cli_column(out, str_of(pool_names[route_pool(route)]), POOL_COLUMNS);
		cli_routes_put_states(out, route, false);
		buf_put_byte(out, '\n');
	}
}

int
cli_routes(struct cli *cli, int argc, char **argv)
{
	CLEANUP(buf_wipe) struct buf out = BUF(64 * 1024);
	bool json = false;
	const struct cli_option options[] = { { .name = "json", .flag = &json } };
	int status = cli_options(argc, argv, routes_help, options, COUNT(options), 0);

	(void)cli;
	if (status != CLI_GO_ON)
		return status;
	if (json)
		cli_routes_print_json(&out);
	else
		cli_routes_print_text(&out);
	return buf_check(&out) == ERR_OK ? cli_print(buf_str(&out)) : CLI_FAILED;
}
