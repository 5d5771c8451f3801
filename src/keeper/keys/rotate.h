/*
 * Rotation of the master key: unseals every value with the old key and seals it with the new one, in batches. An
 * interrupted rotation can be continued.
 *
 *   1. Create or find DATA_DIR/doubletour.key.new. While it exists, no server starts.
 *   2. Insert its check value into the database, so that the database has both keys.
 *   3. Reseal the values in batches, one transaction each. The header of a value names its key.
 *   4. Delete the old key's check value, rename the file, and keep the old one as doubletour.key.ID for older backups.
 */
#ifndef KEEPER_ROTATE_H
#define KEEPER_ROTATE_H

#include "config/config.h"
#include "store/db.h"

struct rotation {
	int64_t resealed;   /* in this run */
	int64_t all;        /* values to reseal in this run */
	int64_t unreadable; /* neither key opens them; left unchanged */
	bool resumed;       /* an earlier run began the rotation */
	bool by_setting;    /* the old key was SECRET_KEY, which must now be removed from the settings */
};

/* Called after each batch. */
typedef void (*rotate_progress)(void *context, const struct rotation *rotation);

/*
 * The configured database must be open with its queries prepared, and locked against all other processes
 * (keeper/ops/lock.h). Run it again to continue after an error.
 *
 * ERR_CONFIG, ERR_DENIED and other errors set a message.
 */
MUST_USE err rotate(const struct config *config, struct db *db, rotate_progress progress, void *context,
		    struct why *why, struct rotation *ret_rotation);

#endif
