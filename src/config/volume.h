/*
 * Would the data be deleted with the container?  In production, the key file and a SQLite database must be on a volume
 * (base/container.h), unless EPHEMERAL=1.  The other profiles keep data for trials and tests only.
 *
 * Code that makes a database or a key checks it first, and so does each start of the server.
 */
#ifndef CONFIG_VOLUME_H
#define CONFIG_VOLUME_H

#include "config/config.h"

/* ERR_CONFIG: they would be deleted; why names the folder that needs a volume. */
MUST_USE err volume_check(const struct config *config, struct why *why);

#endif
