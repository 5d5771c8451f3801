/*
 * The key for challenges of the sign-in page (docs/develop/passkeys.md).  The keeper pushes a new one each minute.
 */
#ifndef WEB_CHALLENGE_H
#define WEB_CHALLENGE_H

#include "ipc/wire.h"
#include "webauthn/challenge.h"

#include <pthread.h>

/* The newest key of the keeper.  Thread-safe. */
struct challenge_newest {
	pthread_mutex_t lock;
	struct challenge_key key;
};

void challenge_newest_init(struct challenge_newest *newest);

/* Apply a PUSH_CHALLENGE: its value and its token. */
void challenge_newest_push(struct challenge_newest *newest, int64_t minute, const struct token *key);

/* The newest key; its minute is 0 before the first push. */
struct challenge_key challenge_newest_get(struct challenge_newest *newest);

#endif
