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
    "SIGTERM or Ctrl-C stops the server.  It first finishes accepted requests, for at most 5 seconds.\n"
    "\n"
    "SIGHUP reloads the settings and ACCESS_RULES.  Some settings apply at once; for the others, the log says that a\n"
    "restart is needed.  An invalid file changes nothing.\n"
    "\n"
    "Under a service manager such as systemd (Type=notify), the server reports its start, reload and stop.  With\n"
    "WATCHDOG_USEC it reports that its database loop runs.  In the journal, lines begin with their level.\n"
    "\n"
    "Exit status: 0 stopped by a signal, 1 failure, 2 wrong usage, 78 invalid configuration.\n";

/*
 * Settings that override all others: options of the command line, and the address of an inherited socket.  They are
 * checked, logged and passed to web like settings.  They stay valid until the server ends, for SIGHUP.
 */
struct run {
	const char *host, *port; /* --host, --port */
	struct listen_location location;
	char socket_port[8], socket_path[sizeof("unix:") + LISTEN_PATH_MAX_BYTES];
	struct config_option options[3];
	size_t n;
};

static void
run_override(struct run *run, const char *setting, const char *option, const char *value)
{
	run->options[run->n++] = (struct config_option){ setting, option, value };
}

static err
run_describe_socket(struct run *run, int fd, struct why *why)
{
	TRY(listen_describe(fd, why, &run->location));
	snprintf(run->socket_port, sizeof(run->socket_port), "%u", (unsigned)run->location.port);
	snprintf(run->socket_path, sizeof(run->socket_path), "unix:%s", run->location.path);
	if (run->location.path[0] != '\0') {
		run_override(run, "LISTEN", "LISTEN_FDS", run->socket_path);
		return ERR_OK;
	}
	run_override(run, "HOST", "LISTEN_FDS", run->location.host);
	run_override(run, "PORT", "LISTEN_FDS", run->socket_port);
	run_override(run, "LISTEN", "LISTEN_FDS", "");
	return ERR_OK;
}

/* *ret_fd: the socket from systemd, or -1. */
static err
run_begin(struct run *run, int *ret_fd, struct why *why)
{
	TRY(listen_inherited(why, ret_fd));
	if (*ret_fd >= 0)
		return run_describe_socket(run, *ret_fd, why);
	run_override(run, "HOST", "--host", run->host);
	run_override(run, "PORT", "--port", run->port);
	return ERR_OK;
}

static err
run_load(void *context, struct config *ret_config, struct why *why)
{
	const struct run *run = context;
	struct origins origins;

	return config_load_with(ret_config, &origins, run->options, run->n, why);
}

static void
run_warn(const struct origins *origins)
{
	struct why why = { 0 };

	if (config_check_readable(&origins->file, &why) != ERR_OK)
		log_event(LOG_WARNING, "settings.unreadable", LOG_TEXT("why", why.text));
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if (origins->of[i].kind == FROM_SECRET_FILE && origins->of[i].secret.world_readable)
			log_event(LOG_WARNING, "secret.readable", LOG_TEXT("setting", settings[i].name),
				  LOG_TEXT("file", origins->of[i].secret.path));
}

int
cli_run(struct cli *cli, int argc, char **argv)
{
	struct run run = { .n = 0 };
	const struct cli_option options[] = { { .name = "host", .value = &run.host },
					      { .name = "port", .value = &run.port } };
	struct origins origins = { 0 };
	struct why why = { 0 };
	int status = cli_options(argc, argv, run_help, options, COUNT(options), 0), inherited_fd = -1;
	err e;

	if (status != CLI_GO_ON)
		return status;
	e = run_begin(&run, &inherited_fd, &why);
	if (e == ERR_OK)
		e = config_load_with(&cli->config, &origins, run.options, run.n, &why);
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
	e = supervisor_run(&cli->config, run_load, &run, inherited_fd, &why);
	return cli_served(e, &why);
}
