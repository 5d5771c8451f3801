/*
 * `doubletour proxy-config PROXY APP=UPSTREAM ...`: prints a whole configuration of a reverse proxy for applications.
 *
 * The texts are in proxies/.  @WORD@ is replaced; the lines between #@each and #@end are repeated for each application.
 * The lines between #@if-away and #@endif need the file away.html: without it they are left out.  HAProxy and Envoy do
 * not start if a file is missing.
 */
#include "cli/cli.h"

#include "base/buf.h"
#include "cli/proxy_texts.h"
#include "cli/setup.h"
#include "access/target.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

enum { APPS_MAX = 100, OUT_MAX_BYTES = 1024 * 1024 };

/*
 * SILENCE: the longest silence of a websocket, an event stream or a slow reply, in a form that all five proxies read.
 * UPLOAD: the largest upload, for proxies with such a limit, in nginx's form.
 */
#define SILENCE "3600s"
#define UPLOAD "1g"

static const char proxy_help[] =
    "Usage: doubletour proxy-config nginx|caddy|traefik|haproxy|envoy [APP=UPSTREAM ...]\n"
    "\n"
    "Print a complete configuration.  Users sign in at PUBLIC_URL, and the gate protects each application.  Without\n"
    "an application, the configuration has the sign-in pages only.\n"
    "\n"
    "  APP=UPSTREAM         wiki.example.org=127.0.0.1:8080: the host name of the application, and the address it\n"
    "                       listens on.  The host must be under GATE_DOMAINS\n"
    "  --certificate FILE   the certificate and its chain; for haproxy also the key, in the same file\n"
    "  --key FILE           its private key\n"
    "  --listen HOST:PORT   the address that the proxy listens on; default 0.0.0.0:443\n"
    "  --lua-file FILE      haproxy: the path of its Lua file; default /etc/haproxy/doubletour.lua\n"
    "  --lua                haproxy: print the Lua file\n"
    "  --away-file FILE     the page that the proxy shows while Doubletour does not run; default the installed\n"
    "                       share/doubletour/away.html\n"
    "  --help               show this help\n"
    "\n"
    "The proxy connects to Doubletour at LISTEN, or at HOST and PORT.  Traefik does not support Unix sockets.\n"
    "Exit status: 0 success, 1 failure, 2 wrong usage, 78 invalid configuration.\n";

static const struct proxy {
	const char *name, *text;
	const char *unix_scheme; /* the prefix of a Unix socket's path; NULL: no Unix sockets */
} proxies[] = {
	{ "nginx", "nginx.conf", "unix:" },    { "caddy", "Caddyfile", "unix/" }, { "traefik", "traefik.yml", NULL },
	{ "haproxy", "haproxy.cfg", "unix@" }, { "envoy", "envoy.yaml", "" },
};

struct app {
	str name, upstream;
};

struct request {
	const struct config *config;
	const struct proxy *proxy;
	const char *certificate, *key, *listen, *lua_file;
	const char *away_file; /* NULL: there is no such page */
	bool lua, without_apps;
	bool own_authority; /* Caddy signs the certificates itself: there are no files */
	str login, port;    /* host of PUBLIC_URL; ":8443", empty for port 443 */
	char address[300];  /* of Doubletour, in this proxy's form */
	char url_host[300]; /* of Doubletour in a URL; any name for a Unix socket */
	char lua_socket[300], envoy_endpoint[300];
	struct app apps[APPS_MAX];
	size_t apps_count;
	struct buf out;
	struct why why;
};

#define REQUEST                                                                                                        \
	{                                                                                                              \
		.certificate = "/etc/ssl/certs/doubletour.pem", .key = "/etc/ssl/private/doubletour.key",              \
		.listen = "0.0.0.0:443", .lua_file = "/etc/haproxy/doubletour.lua", .out = BUF(OUT_MAX_BYTES)          \
	}

/* --- filling in a text -------------------------------------------------------------------------------------------- */

static str
proxy_config_host_of(str host_port)
{
	size_t n = host_port.n;

	while (n > 0 && host_port.p[n - 1] != ':')
		n--;
	return str_upto(host_port, n > 0 ? n - 1 : host_port.n);
}

static str
proxy_config_port_of(str host_port)
{
	str host = proxy_config_host_of(host_port);

	return str_from(host_port, host.n + 1);
}

/* wiki.example.org → wiki_example_org */
static void
proxy_config_put_name(str app, struct buf *out)
{
	for (size_t i = 0; i < app.n; i++)
		buf_put_byte(
		    out, (app.p[i] >= 'a' && app.p[i] <= 'z') || (app.p[i] >= '0' && app.p[i] <= '9') ? app.p[i] : '_');
}

static void
proxy_config_put_apps(struct request *r)
{
	for (size_t i = 0; i < r->apps_count; i++) {
		buf_put(&r->out, i == 0 ? STR("") : STR(" "));
		buf_put(&r->out, r->apps[i].name);
	}
}

/* The value of a word; p is NULL if the word is unknown. */
static str
proxy_config_value_of(const struct request *r, const struct app *app, str word)
{
	const struct {
		str word, value;
	} values[] = {
		{ STR("LOGIN"), r->login },
		{ STR("PORT"), r->port },
		{ STR("ADDRESS"), str_of(r->address) },
		{ STR("URL_HOST"), str_of(r->url_host) },
		{ STR("LUA_SOCKET"), str_of(r->lua_socket) },
		{ STR("ENVOY_ENDPOINT"), str_of(r->envoy_endpoint) },
		{ STR("ENVOY_DISCOVERY"), r->config->listen_path[0] != '\0' ? STR("STATIC") : STR("STRICT_DNS") },
		{ STR("CERTIFICATE"), str_of(r->certificate) },
		{ STR("KEY"), str_of(r->key) },
		{ STR("LISTEN"), str_of(r->listen) },
		{ STR("LISTEN_HOST"), proxy_config_host_of(str_of(r->listen)) },
		{ STR("LISTEN_PORT"), proxy_config_port_of(str_of(r->listen)) },
		{ STR("LUA"), str_of(r->lua_file) },
		{ STR("AWAY"), r->away_file == NULL ? (str){ 0 } : str_of(r->away_file) },
		{ STR("SILENCE"), STR(SILENCE) },
		{ STR("UPLOAD"), STR(UPLOAD) },
		{ STR("APP"), app == NULL ? (str){ 0 } : app->name },
		{ STR("UPSTREAM"), app == NULL ? (str){ 0 } : app->upstream },
		{ STR("UPSTREAM_HOST"), app == NULL ? (str){ 0 } : proxy_config_host_of(app->upstream) },
		{ STR("UPSTREAM_PORT"), app == NULL ? (str){ 0 } : proxy_config_port_of(app->upstream) },
	};

	for (size_t i = 0; i < COUNT(values); i++)
		if (str_equal(word, values[i].word))
			return values[i].value;
	return (str){ 0 };
}

static void
proxy_config_put_line(struct request *r, const struct app *app, str line)
{
	while (line.p != NULL) {
		str rest = line;
		str before = str_cut(&rest, '@');
		str after = rest;
		str word = str_cut(&after, '@');
		str value = rest.p == NULL || after.p == NULL ? (str){ 0 } : proxy_config_value_of(r, app, word);
		bool name = app != NULL && str_equal(word, STR("NAME")), all = str_equal(word, STR("APPS"));

		buf_put(&r->out, before);
		if (rest.p == NULL)
			return;
		if (after.p != NULL && (value.p != NULL || name || all)) {
			buf_put(&r->out, value);
			if (name)
				proxy_config_put_name(app->name, &r->out);
			if (all)
				proxy_config_put_apps(r);
			line = after;
			continue;
		}
		buf_put_byte(&r->out, '@');
		line = rest;
	}
}

static void
proxy_config_put_lines(struct request *r, const struct app *app, str lines)
{
	bool left_out = false;

	while (lines.n > 0) {
		str line = str_cut(&lines, '\n');
		if (str_equal(line, STR("#@if-away"))) {
			left_out = r->away_file == NULL;
		} else if (str_equal(line, STR("#@endif"))) {
			left_out = false;
		} else if (!left_out) {
			proxy_config_put_line(r, app, line);
			buf_put_byte(&r->out, '\n');
		}
	}
}

/*
 * Return the text before the given line and remove it, with the line, from *rest; the whole text if the line is absent.
 */
static str
proxy_config_cut_at_line(str *rest, str line)
{
	str all = *rest;

	while (rest->n > 0) {
		str before = str_upto(all, (size_t)(rest->p - all.p));
		if (str_equal(str_cut(rest, '\n'), line))
			return before;
	}
	return all;
}

static err
proxy_config_put_text(struct request *r, const char *name)
{
	str text = { 0 };

	for (size_t i = 0; i < proxy_texts_count; i++)
		if (str_equal(str_of(proxy_texts[i].name), str_of(name)))
			text = str_of(proxy_texts[i].text);
	while (text.n > 0) {
		proxy_config_put_lines(r, NULL, proxy_config_cut_at_line(&text, STR("#@each")));
		if (text.n == 0)
			break;
		str each = proxy_config_cut_at_line(&text, STR("#@end"));
		for (size_t i = 0; i < r->apps_count; i++)
			proxy_config_put_lines(r, &r->apps[i], each);
	}
	return buf_check(&r->out);
}

/* --- the command's options ---------------------------------------------------------------------------------------- */

/* Allow only characters that end no word, string or line in any of the five languages. */
static bool
proxy_config_plain(str text)
{
	static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./:_-[]*";

	for (size_t i = 0; i < text.n; i++)
		if (!str_has_byte(str_of(others), text.p[i]))
			return false;
	return text.n > 0;
}

static bool
proxy_config_host_port_good(str text)
{
	uint64_t port = 0;

	return proxy_config_plain(text) && proxy_config_host_of(text).n > 0 && proxy_config_host_of(text).n < text.n &&
	       str_number(proxy_config_port_of(text), 65535, &port) == ERR_OK && port > 0;
}

static err
proxy_config_app_take(struct request *r, str argument)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(16 * 1024);
	struct target target;
	str upstream = argument;
	str name = str_cut(&upstream, '=');
	bool known = false;

	if (r->apps_count == APPS_MAX)
		return why_set(&r->why, ERR_INVALID,
			       "There are more than %d applications.  Print the configuration in parts.", APPS_MAX);
	if (target_join(STR("https"), name, STR("/"), &arena, &target) != ERR_OK ||
	    !str_equal(target.authority, name) || !str_equal(target.host, name) ||
	    !proxy_config_host_port_good(upstream))
		return why_set(&r->why, ERR_INVALID,
			       "\"%.*s\" is not APP=UPSTREAM: write wiki.example.org=127.0.0.1:8080, for example, in "
			       "lower case and without https://.",
			       STR_ARG(str_upto(argument, 100)));
	for (size_t i = 0; i < r->config->gate_domains_count; i++)
		known = known || target_under(name, str_of(r->config->gate_domains[i].z));
	if (!known)
		return why_set(&r->why, ERR_CONFIG,
			       "%.*s is not under a domain of GATE_DOMAINS, so every request would be denied.",
			       STR_ARG(name));
	if (str_equal(name, r->login))
		return why_set(&r->why, ERR_INVALID,
			       "%.*s is the login host itself.  Name another host for the application.", STR_ARG(name));
	r->apps[r->apps_count++] = (struct app){ name, upstream };
	return ERR_OK;
}

static err
proxy_config_unix_socket_take(struct request *r)
{
	const char *path = r->config->listen_path;

	if (r->proxy->unix_scheme == NULL)
		return why_set(&r->why, ERR_CONFIG,
			       "LISTEN is a Unix socket, but %s does not support Unix sockets.  Remove LISTEN, and set "
			       "HOST and PORT.",
			       r->proxy->name);
	if (!proxy_config_plain(str_of(path)))
		return why_set(
		    &r->why, ERR_CONFIG,
		    "The path in LISTEN may contain only letters, digits and . / _ - here: proxies give other "
		    "characters a meaning.");
	snprintf(r->address, sizeof(r->address), "%s%s", r->proxy->unix_scheme, path);
	snprintf(r->url_host, sizeof(r->url_host), "localhost");
	snprintf(r->lua_socket, sizeof(r->lua_socket), "\"unix@%s\"", path);
	snprintf(r->envoy_endpoint, sizeof(r->envoy_endpoint), "pipe: { path: %s }", path);
	return ERR_OK;
}

static err
proxy_config_doubletour_take(struct request *r)
{
	struct config_location address = config_address(r->config);
	str text = str_of(address.z);

	if (r->config->listen_path[0] != '\0')
		return proxy_config_unix_socket_take(r);
	snprintf(r->address, sizeof(r->address), "%s", address.z);
	snprintf(r->url_host, sizeof(r->url_host), "%s", address.z);
	snprintf(r->lua_socket, sizeof(r->lua_socket), "nil");
	snprintf(r->envoy_endpoint, sizeof(r->envoy_endpoint), "socket_address: { address: %.*s, port_value: %.*s }",
		 STR_ARG(proxy_config_host_of(text)), STR_ARG(proxy_config_port_of(text)));
	return ERR_OK;
}

static bool
proxy_config_files_good(const struct request *r)
{
	bool certified = proxy_config_plain(str_of(r->certificate)) && proxy_config_plain(str_of(r->key));

	return (r->own_authority || certified) && proxy_config_plain(str_of(r->lua_file)) &&
	       (r->away_file == NULL || proxy_config_plain(str_of(r->away_file)));
}

static err
proxy_config_settings_take(struct request *r)
{
	const struct config *config = r->config;
	str rest = str_of(config->public_host);

	if (!config->public_https && r->without_apps)
		return why_set(&r->why, ERR_CONFIG,
			       "The proxy needs PUBLIC_URL with https, such as https://login.example.org.  Set it, and "
			       "restart the server.");
	if (!config->public_https || (!r->without_apps && config->gate_domains_count == 0))
		return why_set(
		    &r->why, ERR_CONFIG,
		    "The gate needs PUBLIC_URL=https://login.example.org and GATE_DOMAINS=example.org, with your "
		    "own domain.  Set them, and restart the server.");
	r->login = str_cut(&rest, ':');
	TRY(proxy_config_doubletour_take(r));
	if (!proxy_config_host_port_good(str_of(r->listen)))
		return why_set(&r->why, ERR_INVALID, "--listen takes HOST:PORT, such as 0.0.0.0:443.");
	if (!str_equal(proxy_config_port_of(str_of(r->listen)), STR("443")))
		r->port = str_from(str_of(r->listen), proxy_config_host_of(str_of(r->listen)).n);
	else
		r->port = STR("");
	if (!proxy_config_files_good(r))
		return why_set(
		    &r->why, ERR_INVALID,
		    "The path of a file may contain only letters, digits and . / _ - here: proxies give other "
		    "characters a meaning.");
	return ERR_OK;
}

static void
proxy_config_request_end(struct request *r)
{
	buf_wipe(&r->out);
}

static int
proxy_config_run(struct cli *cli, struct request *r, const struct proxy *proxy, int argc, char **argv)
{
	err e;

	r->config = &cli->config;
	r->proxy = proxy;
	e = proxy_config_settings_take(r);
	for (int i = 0; e == ERR_OK && i < argc; i++)
		e = proxy_config_app_take(r, str_of(argv[i]));
	if (e == ERR_OK)
		e = proxy_config_put_text(r, r->lua ? "haproxy.lua" : proxy->text);
	return e == ERR_OK ? cli_print_bytes(buf_str(&r->out)) : cli_fail(e, &r->why);
}

static const struct proxy *
proxy_config_find(const char *word)
{
	for (size_t i = 0; i < COUNT(proxies); i++)
		if (str_equal(str_of(word), str_of(proxies[i].name)))
			return &proxies[i];
	return NULL;
}

/* The installed page; NULL if it is not installed. */
static const char *
proxy_config_away_file(void)
{
	return access(AWAY_FILE, R_OK) == 0 ? AWAY_FILE : NULL;
}

err
setup_proxy_put(const struct config *config, const char *name, struct buf *ret_text, struct why *why)
{
	CLEANUP(proxy_config_request_end) struct request r = REQUEST;
	err e;

	r.config = config;
	r.without_apps = true;
	r.away_file = proxy_config_away_file();
	r.proxy = proxy_config_find(name);
	if (r.proxy == NULL)
		return why_set(why, ERR_NOT_FOUND, "There is no configuration for that proxy.");
	e = proxy_config_settings_take(&r);
	if (e == ERR_OK)
		e = proxy_config_put_text(&r, r.proxy->text);
	*why = r.why;
	buf_put(ret_text, buf_str(&r.out));
	return e == ERR_OK ? buf_check(ret_text) : e;
}

/* Move the text of this name to the end of `ret_text`. */
static err
proxy_config_move_text(struct request *r, const char *name, struct buf *ret_text)
{
	TRY(proxy_config_put_text(r, name));
	buf_put(ret_text, buf_str(&r->out));
	buf_clear(&r->out);
	return buf_check(ret_text);
}

static err
proxy_config_demo_take(struct request *r, const char *app)
{
	r->proxy = proxy_config_find("caddy");
	r->own_authority = true;
	r->certificate = "internal";
	r->key = "";
	TRY(proxy_config_settings_take(r));
	return proxy_config_app_take(r, str_of(app));
}

err
setup_demo_proxy_put(const struct config *config, const char *listen, const char *app, struct buf *ret_caddyfile,
		     struct buf *ret_page, struct why *why)
{
	CLEANUP(proxy_config_request_end) struct request r = REQUEST;
	err e;

	r.config = config;
	r.listen = listen;
	r.away_file = proxy_config_away_file();
	e = proxy_config_demo_take(&r, app);
	*why = r.why;
	if (e != ERR_OK)
		return e;
	TRY(proxy_config_move_text(&r, "demo.Caddyfile", ret_caddyfile));
	TRY(proxy_config_move_text(&r, r.proxy->text, ret_caddyfile));
	return proxy_config_move_text(&r, "demo.html", ret_page);
}

static int
proxy_config_unknown(const char *word)
{
	const char *words[COUNT(proxies) + 1] = { NULL };

	for (size_t i = 0; i < COUNT(proxies); i++)
		words[i] = proxies[i].name;
	return cli_unknown("proxy", word, words, "doubletour proxy-config");
}

int
cli_proxy_config(struct cli *cli, int argc, char **argv)
{
	CLEANUP(proxy_config_request_end)
	struct request r = REQUEST;
	const struct cli_option options[] = {
		{ .name = "certificate", .value = &r.certificate }, { .name = "key", .value = &r.key },
		{ .name = "listen", .value = &r.listen },           { .name = "lua-file", .value = &r.lua_file },
		{ .name = "away-file", .value = &r.away_file },     { .name = "lua", .flag = &r.lua },
	};
	const struct proxy *proxy;
	int status = cli_options(argc, argv, proxy_help, options, COUNT(options), APPS_MAX + 1);

	if (status != CLI_GO_ON)
		return status;
	if (optind == argc)
		return cli_print_usage(proxy_help);
	proxy = proxy_config_find(argv[optind]);
	if (proxy == NULL)
		return proxy_config_unknown(argv[optind]);
	if (r.lua && !str_equal(str_of(proxy->name), STR("haproxy"))) {
		cli_say("--lua is for haproxy only.");
		return CLI_USAGE;
	}
	r.without_apps = optind + 1 == argc;
	if (r.away_file == NULL)
		r.away_file = proxy_config_away_file();
	status = cli_config(cli);
	return status == CLI_GO_ON ? proxy_config_run(cli, &r, proxy, argc - optind - 1, argv + optind + 1) : status;
}
