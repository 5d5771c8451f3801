/*
 * Notifications between nodes that share a database: which sessions have ended. A node that misses one, because its
 * connection was lost, still evicts the session from its cache after CACHE_SECONDS (web/core/session_cache.h).
 */
#ifndef KEEPER_NOTIFICATION_H
#define KEEPER_NOTIFICATION_H

#include "base/digest.h"
#include "store/db.h"
#include "ipc/questions.h"

/* After the commit: notify all nodes that the tokens with these hashes have ended. Errors are logged. */
void notification_send_ended(struct db *db, const struct token *hashes, size_t n);

/* Call each() for every hash in a notification. Skips anything else, which another program may have sent. */
typedef void (*notification_each)(void *context, const struct token *hash);
void notification_read(str text, notification_each each, void *context);

#endif
