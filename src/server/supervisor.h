/*
 * The server: this process becomes the keeper, starts the processes of the table (server/children.h) beside it, and starts each again
 * when it dies.
 *
 * Ends on SIGTERM or SIGINT: the children finish what they accepted, then the keeper ends.  SIGHUP: the access rules are read
 * anew; a broken file changes nothing.
 */
#ifndef SERVER_SUPERVISOR_H
#define SERVER_SUPERVISOR_H

#include "config/config.h"

/*
 * Until the end of the server.  inherited_fd: the listening socket that systemd passed; -1: none.  Call with one thread.
 *
 * ERR_OK      it was asked to end
 * ERR_CONFIG  keeper or child cannot start and never will; why is filled, as with every other err
 */
MUST_USE err supervisor_run(const struct config *config, int inherited_fd, struct why *why);

#endif
