/*
 * The server.  This process becomes the keeper, starts the processes of the table (server/children.h), and restarts
 * them when they end.
 *
 * SIGTERM and SIGINT stop the server: the children finish accepted requests, then the keeper ends.  SIGHUP reloads
 * the access rules; invalid rules change nothing.
 */
#ifndef SERVER_SUPERVISOR_H
#define SERVER_SUPERVISOR_H

#include "config/config.h"

/*
 * Run the server until it ends.  inherited_fd: the listening socket passed by systemd; -1: none.  Call with one
 * thread.
 *
 * ERR_OK      it was asked to stop
 * ERR_CONFIG  keeper or child cannot start, and a retry would not help; why is filled, as with every other error
 */
MUST_USE err supervisor_run(const struct config *config, int inherited_fd, struct why *why);

#endif
