/*
 * `doubletour run`: the command's options, and the address of an inherited socket; server/supervisor.h is the server.
 */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/process.h"
#include "config/load.h"
#include "http/listen.h"
#include "server/supervisor.h"

#include <stdio.h>
#include <unistd.h>

static const char run_help[] =
    "Usage: doubletour run [--host HOST] [--port PORT]\n"
    "\n"
    "Start the login server: two processes, web and keeper.  Settings come from the environment and the settings "
    "file.\n"
    "Options take precedence over both.  `doubletour config example` lists the settings.\n"
    "\n"
    "  --host HOST   address to listen on (HOST)\n"
    "  --port PORT   port to listen on (PORT)\n"
    "  --help        show this help\n"
    "\n"
    "The server listens on one socket: the one that systemd passes (LISTEN_FDS, socket activation), otherwise the "
    "Unix\n"
    "socket in LISTEN, otherwise HOST and PORT.\n"
    "\n"
    "SIGTERM or Ctrl-C stops the server.  It first finishes accepted requests, for at most 5 seconds.  SIGHUP reloads\n"
    "ACCESS_RULES; an invalid file changes nothing.\n"
    "Exit status: 0 stopped by a signal, 1 failure, 2 wrong usage, 78 invalid configuration.\n";

/* The options override all settings; they are checked like settings and passed to web. */
static err
run_config(struct cli *cli, struct origins *origins, const char *host, const char *port, struct why *why)
{
	const struct config_option options[] = { { "HOST", "--host", host }, { "PORT", "--port", port } };

	return config_load_with(&cli->config, origins, options, COUNT(options), why);
}

/* The address of an inherited socket overrides everything; it is checked, logged and passed to web like a setting. */
static err
run_config_inherited(struct cli *cli, struct origins *origins, int fd, struct why *why)
{
	struct listen_location location = { .port = 0 };
	char port[8], path[sizeof("unix:") + LISTEN_PATH_MAX_BYTES];

	TRY(listen_describe(fd, why, &location));
	snprintf(port, sizeof(port), "%u", (unsigned)location.port);
	snprintf(path, sizeof(path), "unix:%s", location.path);
	const struct config_option of_tcp[] = { { "HOST", "LISTEN_FDS", location.host },
						{ "PORT", "LISTEN_FDS", port },
						{ "LISTEN", "LISTEN_FDS", "" } };
	const struct config_option of_unix[] = { { "LISTEN", "LISTEN_FDS", path } };
	bool tcp = location.path[0] == '\0';
	return config_load_with(&cli->config, origins, tcp ? of_tcp : of_unix, tcp ? COUNT(of_tcp) : COUNT(of_unix),
				why);
}

/* *ret_fd: the socket from systemd, or -1. */
static err
run_begin(struct cli *cli, struct origins *origins, const char *host, const char *port, int *ret_fd, struct why *why)
{
	TRY(listen_inherited(why, ret_fd));
	return *ret_fd >= 0 ? run_config_inherited(cli, origins, *ret_fd, why)
			    : run_config(cli, origins, host, port, why);
}

static void
run_warn(const struct origins *origins)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if (origins->of[i].kind == FROM_SECRET_FILE && origins->of[i].secret.world_readable)
			log_event(LOG_WARNING, "secret.readable", LOG_TEXT("setting", settings[i].name),
				  LOG_TEXT("file", origins->of[i].secret.path));
}

int
cli_run(struct cli *cli, int argc, char **argv)
{
	const char *host = NULL, *port = NULL;
	const struct cli_option options[] = { { .name = "host", .value = &host }, { .name = "port", .value = &port } };
	struct origins origins = { 0 };
	struct why why = { 0 };
	int status = cli_options(argc, argv, run_help, options, COUNT(options), 0), inherited_fd = -1;
	err e;

	if (status != CLI_GO_ON)
		return status;
	e = run_begin(cli, &origins, host, port, &inherited_fd, &why);
	if (e != ERR_OK)
		return cli_fail(e, &why);
#ifdef DOUBLETOUR_TEST_HOOKS
	clock_hook_open();
	fault_hook_open();
#endif
	log_setup(cli->config.log_format, cli->config.log_level);
	process_descriptors_keep(inherited_fd >= 0 ? inherited_fd + 1 : STDERR_FILENO + 1);
	log_serve();
	run_warn(&origins);
	e = supervisor_run(&cli->config, inherited_fd, &why);
	return cli_served(e, &why);
}
