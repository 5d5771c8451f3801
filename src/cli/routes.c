/*
 * `doubletour routes`: the web process's table of routes, as the program has it.
 */
#include "cli/cli.h"

#include "base/buf.h"
#include "web/routes.h"

#include <getopt.h>

static const char routes_help[] =
    "Use: doubletour routes [--json]\n"
    "\n"
    "Print every route: method, path, the states of a session that open it, and its lane.\n"
    "A path that ends in / serves all below it.\n"
    "\n"
    "  --json   one JSON array\n"
    "  --help   this text\n";

static const char *const lane_names[HTTP_LANE_COUNT] = { "inline", "quick", "slow" };

static void
put_states(struct buf *out, const struct route *route, bool json)
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

/* "/login", or "/?rd" for a row that needs a parameter in the query. */
static str
route_text(const struct route *route, struct buf *out)
{
	buf_put(out, route->path);
	if (route->query.n > 0)
		buf_put_byte(out, '?');
	buf_put(out, route->query);
	return buf_str(out);
}

static void
put_route(struct buf *out, const struct route *route, bool json)
{
	const char *method = route->method == HTTP_ANY ? "ANY" : route->method == HTTP_POST ? "POST" : "GET";
	CLEANUP(buf_wipe) struct buf text = BUF(128);
	str path = route_text(route, &text);

	if (json) {
		buf_printf(out, "{\"method\":\"%s\",\"path\":\"%.*s\",\"lane\":\"%s\",\"opens\":[", method,
			   STR_ARG(path), lane_names[route->lane]);
		put_states(out, route, true);
		buf_put(out, STR("]}"));
		return;
	}
	buf_printf(out, "%-5s %-14.*s %-7s ", method, STR_ARG(path), lane_names[route->lane]);
	put_states(out, route, false);
	buf_put_byte(out, '\n');
}

static int
print_routes(bool json)
{
	CLEANUP(buf_wipe) struct buf out = BUF(64 * 1024);

	for (size_t i = 0; i < web_routes_count; i++) {
		if (json)
			buf_put(&out, i == 0 ? STR("[\n") : STR(",\n"));
		put_route(&out, &web_routes[i], json);
	}
	if (json)
		buf_put(&out, STR("\n]\n"));
	return buf_check(&out) == ERR_OK ? cli_print(buf_str(&out)) : CLI_FAILED;
}

int
cli_routes(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "help", no_argument, NULL, 'h' },
						 { 0 } };
	bool json = false;
	int option;

	(void)cli;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h')
			return cli_print(str_of(routes_help));
		if (option != 'j')
			return CLI_USAGE;
		json = true;
	}
	return print_routes(json);
}
