/*
 * `doubletour web QUICK SLOW`: `run` executes this as the web process.  It is not for people, and not in the help: it
 * needs the descriptors and the environment that the supervisor prepares (server/child_spawn.h).
 */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "server/children.h"
#include "web/web.h"

#include <fcntl.h>

static err
cli_web_run(int argc, char **argv, struct config *config, struct why *why)
{
	const struct child *child = child_find("web");
	uint64_t quick = 0, slow = 0;

	if (child == NULL || argc != 3 || str_number(str_of(argv[1]), WEB_CHANNELS_MAX, &quick) != ERR_OK ||
	    str_number(str_of(argv[2]), WEB_CHANNELS_MAX, &slow) != ERR_OK || fcntl(CHILD_CHANNEL_FD, F_GETFD) < 0)
		return why_set(why, ERR_CONFIG, "Only `doubletour run` may start `doubletour web`.");
	TRY(config_load_web(config, why));
	log_setup(config->log_format, config->log_level);
	log_serve();
	const struct web_descriptors descriptors = { .listen_fd = CHILD_LISTEN_FD,
						     .metrics_fd = config->metrics.port != 0 ? CHILD_METRICS_FD : -1,
						     .push_fd = CHILD_PUSH_FD,
						     .first_channel_fd = CHILD_CHANNEL_FD };
	return web_run(config, child->sandbox, &descriptors, quick, slow, why);
}

int
cli_web(struct cli *cli, int argc, char **argv)
{
	struct why why = { 0 };
	err e;

#ifdef DOUBLETOUR_TEST_HOOKS
	clock_hook_open();
	fault_hook_open();
#endif
	e = cli_web_run(argc, argv, &cli->config, &why);
	/* ERR_DENIED: this kernel does not support the sandbox; a retry would not help. */
	return cli_served(e == ERR_DENIED ? ERR_CONFIG : e, &why);
}
