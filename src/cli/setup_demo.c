/*
 * `doubletour setup --demo`: Doubletour, Caddy and a sample application on this machine, in the folder doubletour-demo.
 *
 *   https://login.doubletour.localhost:8443   Caddy, the sign-in pages    → 127.0.0.1:8445, doubletour run
 *   https://wiki.doubletour.localhost:8443    Caddy, behind the gate      → 127.0.0.1:8444, Caddy, the sample page
 *
 * Browsers resolve names below localhost to this machine.  They refuse cookies for Domain=localhost, a single label,
 * but keep them for Domain=doubletour.localhost.  The gate needs https, so Caddy signs the certificates itself
 * (`tls internal`), and the browser warns.  Its authority is used in this folder only: no system trusts it.
 *
 * In the folder, .env is the settings file, and data the database: every other command works there.  Settings in the
 * environment are removed, because one of them could be the address of a real database.
 */
#include "cli/curl.h"
#include "cli/setup.h"

#include "base/file.h"
#include "config/dotenv.h"
#include "config/dotenv_edit.h"
#include "config/locate.h"
#include "config/settings.h"
#include "keeper/ops/database.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEMO_FOLDER "doubletour-demo"
#define DEMO_DOMAIN "doubletour.localhost"
#define DEMO_LOGIN "login." DEMO_DOMAIN
#define DEMO_APP "wiki." DEMO_DOMAIN
#define DEMO_ACCOUNT "demo"
#define DEMO_RULES "access.conf"
#define DEMO_AUTHORITY "caddy/pki/authorities/local/root.crt" /* Caddy writes it below XDG_DATA_HOME */

enum { PORT_MIN = 1024, PORTS = 3, TEXT_MAX = 1024 * 1024 };

struct demo {
	uint16_t port, app_port, server_port;
	char caddy[PATH_MAX], folder[PATH_MAX];
	struct buf link;
	struct why why;
};

/* --- before the first change -------------------------------------------------------------------------------------- */

static err
setup_demo_take_port(struct demo *demo, const char *text)
{
	uint64_t port = 0;

	if (str_number(str_of(text), UINT16_MAX - PORTS + 1, &port) != ERR_OK || port < PORT_MIN)
		return why_set(&demo->why, ERR_INVALID, "--port must be a number from %d to %d.", PORT_MIN,
			       UINT16_MAX - PORTS + 1);
	demo->port = (uint16_t)port;
	demo->app_port = (uint16_t)(port + 1);
	demo->server_port = (uint16_t)(port + 2);
	return ERR_OK;
}

/* Search PATH.  Relative folders do not count: the current directory changes. */
static err
setup_demo_find_caddy(struct demo *demo)
{
	str path = str_of(getenv("PATH"));

	while (path.p != NULL) {
		str folder = str_cut(&path, ':');
		if (str_starts(folder, STR("/")) &&
		    snprintf(demo->caddy, sizeof(demo->caddy), "%.*s/caddy", STR_ARG(folder)) < PATH_MAX &&
		    access(demo->caddy, X_OK) == 0)
			return ERR_OK;
	}
	return why_set(
	    &demo->why, ERR_NOT_FOUND,
	    "The demo needs Caddy.  Nothing was changed.  Run `sudo apt install caddy`, then this command again.");
}

static bool
setup_demo_port_free(uint16_t port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port = htons(port),
					     .sin_addr = { htonl(INADDR_LOOPBACK) } };
	CLEANUP(file_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	return fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	       bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

static err
setup_demo_check_ports(struct demo *demo)
{
	for (unsigned i = 0; i < PORTS; i++)
		if (!setup_demo_port_free((uint16_t)(demo->port + i)))
			return why_set(&demo->why, ERR_BUSY,
				       "Port %u is in use.  Nothing was changed.  Stop the program that uses it, or "
				       "choose other ports with --port.",
				       demo->port + i);
	return ERR_OK;
}

/* --- the folder --------------------------------------------------------------------------------------------------- */

/* In a shared folder such as /tmp, another user may have created this one. */
static err
setup_demo_enter_folder(struct demo *demo)
{
	uid_t uid = 0;
	gid_t gid = 0;

	if ((mkdir(DEMO_FOLDER, 0700) != 0 && errno != EEXIST) || chdir(DEMO_FOLDER) != 0 ||
	    getcwd(demo->folder, sizeof(demo->folder)) == NULL)
		return why_set(&demo->why, ERR_IO, "The folder %s cannot be created or opened: %s.", DEMO_FOLDER,
			       strerror(errno));
	TRY(file_owner(".", &uid, &gid));
	if (uid != geteuid())
		return why_set(&demo->why, ERR_DENIED,
			       "The folder %s belongs to another user.  Run this command in another "
			       "folder.",
			       DEMO_FOLDER);
	return ERR_OK;
}

static err
setup_demo_set_environment(struct demo *demo)
{
	static const char *const others[] = { "DOUBLETOUR_SETTINGS", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET",
					      "WATCHDOG_USEC" };
	static const char *const homes[] = { "HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME" }; /* Caddy writes there */
	char file[64];

	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		snprintf(file, sizeof(file), "%s_FILE", settings[i].name);
		unsetenv(settings[i].name);
		unsetenv(file);
	}
	for (size_t i = 0; i < COUNT(others); i++)
		unsetenv(others[i]);
	for (size_t i = 0; i < COUNT(homes); i++)
		if (setenv(homes[i], demo->folder, 1) != 0)
			return ERR_MEMORY;
	return ERR_OK;
}

static err
setup_demo_write(struct demo *demo, const char *path, str text)
{
	return dotenv_edit_write(path, text, &(struct dotenv_owner){ 0 }, &demo->why);
}

/* The text of .env with the demo's settings; other lines stay. */
static err
setup_demo_edit_settings(struct demo *demo, struct buf *ret_text)
{
	char url[128], port[8];
	const struct {
		const char *name, *value;
	} values[] = {
		{ "PUBLIC_URL", url },
		{ "GATE_DOMAINS", DEMO_DOMAIN },
		{ "ACCESS_RULES", DEMO_RULES },
		{ "TRUSTED_PROXIES", "127.0.0.1" },
		{ "PORT", port },
	};

	snprintf(url, sizeof(url), "https://" DEMO_LOGIN ":%u", demo->port);
	snprintf(port, sizeof(port), "%u", demo->server_port);
	for (size_t i = 0; i < COUNT(values); i++) {
		CLEANUP(buf_wipe) struct buf before = *ret_text;
		*ret_text = (struct buf)BUF(DOTENV_MAX_BYTES);
		TRY(dotenv_edit_set(buf_str(&before), str_of(values[i].name), str_of(values[i].value), ret_text,
				    &demo->why));
	}
	return ERR_OK;
}

static err
setup_demo_write_settings(struct demo *demo)
{
	CLEANUP(buf_wipe) struct buf text = BUF(DOTENV_MAX_BYTES);
	err e = file_read(".env", FILE_TRUSTED, &text, &demo->why);

	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	demo->why = (struct why){ "" };
	TRY(setup_demo_edit_settings(demo, &text));
	return setup_demo_write(demo, ".env", buf_str(&text));
}

/* Every account may open the sample application, and sees it on the home page. */
static err
setup_demo_write_rules(struct demo *demo)
{
	CLEANUP(buf_wipe) struct buf text = BUF(1024);

	buf_printf(&text,
		   "rules:\n"
		   "  - domain: " DEMO_APP "\n"
		   "\n"
		   "applications:\n"
		   "  - name: Wiki\n"
		   "    address: https://" DEMO_APP ":%u/\n"
		   "    description: The sample application\n",
		   demo->port);
	TRY(buf_check(&text));
	return setup_demo_write(demo, DEMO_RULES, buf_str(&text));
}

static err
setup_demo_write_proxy(struct demo *demo, const struct config *config)
{
	CLEANUP(buf_wipe) struct buf caddyfile = BUF(TEXT_MAX);
	CLEANUP(buf_wipe) struct buf page = BUF(TEXT_MAX);
	char listen[32], app[64];

	snprintf(listen, sizeof(listen), "127.0.0.1:%u", demo->port);
	snprintf(app, sizeof(app), DEMO_APP "=127.0.0.1:%u", demo->app_port);
	TRY(setup_demo_proxy_put(config, listen, app, &caddyfile, &page, &demo->why));
	if (mkdir("app", 0700) != 0 && errno != EEXIST)
		return why_set(&demo->why, ERR_IO, "The folder " DEMO_FOLDER "/app cannot be created: %s.",
			       strerror(errno));
	TRY(setup_demo_write(demo, "app/index.html", buf_str(&page)));
	return setup_demo_write(demo, "Caddyfile", buf_str(&caddyfile));
}

static err
setup_demo_make_account(struct demo *demo, const struct config *config)
{
	const struct admin_new facts = { STR("Demo"), STR("demo@example.org"), STR("staff") };
	struct database_made made = { 0 };

	TRY(database_init(config, NULL, NULL, &demo->why, &made));
	return setup_account_make(config, DEMO_ACCOUNT, &facts, &demo->why, &demo->link);
}

/* --- the command -------------------------------------------------------------------------------------------------- */

/* Does Caddy complete a TLS handshake for this name?  Without curl: assume so. */
static bool
setup_demo_host_answers(const struct demo *demo, const char *host)
{
	CLEANUP(curl_reply_wipe) struct curl_reply reply = { .status = 0 };
	char url[128], connect[32];
	const struct curl_request request = { .url = url, .method = "GET", .ca = DEMO_AUTHORITY, .connect = connect };
	err e;

	snprintf(url, sizeof(url), "https://%s:%u/", host, demo->port);
	snprintf(connect, sizeof(connect), "127.0.0.1:%u", demo->port);
	e = curl_run(&request, &reply);
	return e == ERR_NOT_FOUND || (e == ERR_OK && reply.status != 0);
}

static bool
setup_demo_answers(void *context)
{
	const struct demo *demo = context;

	return setup_demo_host_answers(demo, DEMO_LOGIN) && setup_demo_host_answers(demo, DEMO_APP);
}

static void
setup_demo_say_ready(void *context)
{
	const struct demo *demo = context;

	cli_say("Everything runs.  The browser warns, because Caddy signs the certificates itself: accept them.");
	if (demo->link.n > 0) {
		cli_say("Choose a password for the account " DEMO_ACCOUNT ":");
		(void)cli_print(buf_str(&demo->link));
	}
	cli_say("Then open the sample application:");
	(void)cli_print_line("https://" DEMO_APP ":%u/", demo->port);
	cli_say("Ctrl-C stops everything.  All files are in %s.", demo->folder);
}

static err
setup_demo_check(struct demo *demo, const char *port)
{
	TRY(setup_demo_take_port(demo, port));
	TRY(setup_demo_find_caddy(demo));
	TRY(setup_demo_check_ports(demo));
	TRY(setup_demo_enter_folder(demo));
	TRY(setup_demo_set_environment(demo));
	TRY(setup_demo_write_rules(demo));
	return setup_demo_write_settings(demo);
}

static int
setup_demo_run(struct cli *cli, struct demo *demo)
{
	const struct demo_run run = { demo->caddy,        demo->server_port,    demo->port,
				      setup_demo_answers, setup_demo_say_ready, demo };
	int status = cli_config(cli);
	err e;

	if (status != CLI_GO_ON)
		return status;
	e = setup_demo_write_proxy(demo, &cli->config);
	if (e == ERR_OK)
		e = setup_demo_make_account(demo, &cli->config);
	return e == ERR_OK ? demo_run(&run) : cli_fail(e, &demo->why);
}

static void
setup_demo_wipe(struct demo *demo)
{
	buf_wipe(&demo->link);
}

int
setup_demo(struct cli *cli, const char *port)
{
	CLEANUP(setup_demo_wipe) struct demo demo = { .link = BUF(2048) };
	err e = setup_demo_check(&demo, port);

	return e == ERR_OK ? setup_demo_run(cli, &demo) : cli_fail(e, &demo.why);
}
