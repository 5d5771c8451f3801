/*
 * Queue of the connections of this process that want to write to one SQLite file.
 *
 * SQLite allows one writer at a time and has no queue: a connection that finds the file locked sleeps and tries again.
 * In this queue a connection wakes as soon as the one before it has finished, and the connections write in the order
 * in which they came.  Other processes are not in the queue: the busy handler waits for them.
 */
#ifndef STORE_SQLITE_QUEUE_H
#define STORE_SQLITE_QUEUE_H

#include "base/err.h"
#include "store/store.h"

struct sqlite_queue;

/* Find or create the queue of the file. ERR_MEMORY. */
MUST_USE err sqlite_queue_join(const struct store_identity *file, struct sqlite_queue **ret_queue);

/* Set to NULL. *queue may be NULL. */
void sqlite_queue_leave(struct sqlite_queue **queue);

/* Wait for the turn to write, until a time of the monotonic clock. ERR_BUSY: another connection still has it. */
MUST_USE err sqlite_queue_enter(struct sqlite_queue *queue, int64_t until_us);
void sqlite_queue_exit(struct sqlite_queue *queue);

#endif
