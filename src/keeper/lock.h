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

#endif
