/*
 * Lock of the database in a DATA_DIR. Servers share it; commands that replace the database or its key hold it
 * exclusively. It is a lock on DATA_DIR/doubletour.lock, which the kernel releases when the process ends.
 */
#ifndef KEEPER_LOCK_H
#define KEEPER_LOCK_H

#include "config/config.h"
#include "store/db.h"

enum lock_kind { LOCK_SHARED, LOCK_ALONE };

struct lock {
	int fd;
};

/*
 * Does not wait. Creates the directory if it is missing.
 *
 * ERR_BUSY    a server is running (LOCK_ALONE), or such a command is running (LOCK_SHARED); with a message
 * ERR_DENIED  the file cannot be created
 */
MUST_USE err lock_take(const struct config *config, enum lock_kind kind, struct why *why, struct lock *ret_lock);
void lock_release(struct lock *lock);

/*
 * Claim a database for this connection alone (db_claim). lock_database: with SQLite, also take the lock of DATA_DIR.
 *
 * ERR_BUSY  a server or another such command uses the database, on this machine or another; with a message
 */
MUST_USE err lock_claim(const struct config *config, struct db *db, struct why *why);
MUST_USE err lock_database(const struct config *config, struct db *db, struct why *why, struct lock *ret_lock);

/*
 * Lock for creating the key and the database of a new installation, on the directory DATA_DIR itself. If several
 * commands start at the same time, the later ones find both. Waits up to a minute, then ERR_BUSY. With `make_folder`,
 * creates a missing directory, and first_start_end removes it again if it is empty. Without a directory, or on a file
 * system without locks, nothing is locked.
 */
struct first_start {
	struct lock lock;
	const char *made; /* the directory, if first_start_begin created it */
};
MUST_USE err first_start_begin(const struct config *config, bool make_folder, struct why *why,
			       struct first_start *ret_start);
void first_start_end(struct first_start *start);

#endif
