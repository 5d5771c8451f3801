/*
 * The checks of a start, before the server makes or changes any file.  Each fault ends the start with one sentence.
 *
 *   wall       WALL=full, and the kernel has no Landlock (web/core/sandbox.h)
 *   clock      it shows a time before the release of this version: sessions, codes and the audit trail would be wrong
 *   container  in production, the key file or the database is on no volume (config/volume.h)
 */
#ifndef SERVER_PREFLIGHT_H
#define SERVER_PREFLIGHT_H

#include "config/config.h"

/*
 * ERR_CONFIG  wall, container: a retry would not help
 * ERR_IO      clock: a retry helps when the clock is set
 */
MUST_USE err preflight_check(const struct config *config, struct why *why);

/* Warn about a wall that is weaker than it could be.  Call it when the log is written. */
void preflight_log(const struct config *config);

#endif
