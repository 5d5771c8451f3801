/*
 * A new master key.  Everything sealed is opened with the present key and sealed with the new one, some at a time; what was
 * interrupted goes on where it was.
 *
 *   1. DATA_DIR/doubletour.key.new is made, or found: then a change is under way, and no server starts.
 *   2. Its check is entered into the database, so that both keys are the database's.
 *   3. Sealed values are resealed in batches, each a transaction; the head of each says by which key.
 *   4. The old key's check goes, then the file takes its place; the old one is kept as doubletour.key.ID, for older backups.
 */
#ifndef KEEPER_ROTATE_H
#define KEEPER_ROTATE_H

#include "config/config.h"
#include "store/db.h"

struct rotation {
	int64_t resealed;   /* this time */
	int64_t all;        /* that had to be, this time */
	int64_t unreadable; /* neither key opens them: left as they were */
	bool resumed;       /* another run had begun it */
	bool by_setting;    /* the old key was SECRET_KEY, which must be taken out of the settings now */
};

/* Called after each batch. */
typedef void (*rotate_progress)(void *context, const struct rotation *rotation);

/*
 * config's database must be open with its queries prepared, and nobody else at it (keeper/ops/lock.h).
 * ERR_CONFIG, ERR_DENIED and others with the sentence; started again, it goes on.
 */
MUST_USE err rotate(const struct config *config, struct db *db, rotate_progress progress, void *context,
		    struct why *why, struct rotation *ret_rotation);

#endif
