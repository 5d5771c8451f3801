/*
 * What the nodes on one database tell each other: which sessions have ended.  A node that is not told, because it was cut off
 * just then, forgets what it remembers of a session within CACHE_SECONDS by itself (web/core/session_cache.h).
 */
#ifndef KEEPER_NOTIFICATION_H
#define KEEPER_NOTIFICATION_H

#include "base/digest.h"
#include "store/db.h"
#include "ipc/questions.h"

/* Tell all nodes, after the commit, that these tokens (by their hashes) are dead.  What fails is logged. */
void notification_send_ended(struct db *db, const struct token *hashes, size_t n);

/* Read what was told: each() for every hash that is in it; anything else, which somebody else may have sent, is skipped. */
typedef void (*notification_each)(void *context, const struct token *hash);
void notification_read(str text, notification_each each, void *context);

#endif
