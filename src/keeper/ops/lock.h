/*
 * Who uses the database of a DATA_DIR: any number of servers share it, and what replaces the database or its key under them
 * wants it alone.  A lock on the file DATA_DIR/doubletour.lock; the kernel lets go of it when the process ends, however.
 */
#ifndef KEEPER_LOCK_H
#define KEEPER_LOCK_H

#include "config/config.h"

enum lock_kind { LOCK_SHARED, LOCK_ALONE };

struct lock {
	int fd;
};

/*
 * Does not wait.  ERR_BUSY with the sentence: a server runs (ALONE), or one of those commands does (SHARED).
 * ERR_DENIED: the file cannot be made.  The folder is made when it is not there.
 */
MUST_USE err lock_take(const struct config *config, enum lock_kind kind, struct why *why, struct lock *ret_lock);
void lock_release(struct lock *lock);

/*
 * Key and database of a new installation are made under one lock, on the folder DATA_DIR itself, so that of commands that start at
 * once the later ones find both.  Waits for the others, a minute at most: ERR_BUSY.  A folder that is not there is made where
 * `make_folder`, and is taken away by first_start_end while it is empty; without one there is nothing to lock.  On a file system
 * without such locks nothing is locked.
 */
struct first_start {
	struct lock lock;
	const char *made; /* the folder, when this made it */
};
MUST_USE err first_start_begin(const struct config *config, bool make_folder, struct why *why,
			       struct first_start *ret_start);
void first_start_end(struct first_start *start);

#endif
