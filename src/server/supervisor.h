/*
 * The server.  This process becomes the keeper, starts the processes of the table (server/children.h), and restarts
 * them when they end.
 *
 * SIGTERM and SIGINT stop the server: the children finish accepted requests, then the keeper ends.  SIGHUP reloads
 * the settings and the access rules: live settings (config/live.h) and rules apply at once, and the log names other
 * settings that changed.  Invalid settings or rules change nothing.
 */
#ifndef SERVER_SUPERVISOR_H
#define SERVER_SUPERVISOR_H

#include "config/config.h"

/* Load the settings again, with the options of the command line. */
typedef err (*supervisor_load)(void *context, struct config *ret_config, struct why *why);

/*
 * Run the server until it ends.  Call with one thread.
 *
 *   load, context  load the settings again, for SIGHUP
 *   inherited_fd   the listening socket passed by systemd; -1: none
 *
 * ERR_OK      it was asked to stop
 * ERR_CONFIG  keeper or child cannot start, and a retry would not help; why is filled, as with every other error
 */
MUST_USE err supervisor_run(const struct config *config, supervisor_load load, void *context, int inherited_fd,
			    struct why *why);

#endif
