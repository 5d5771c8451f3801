#include "web/core/challenge.h"

_Static_assert((int)TOKEN_BYTES == (int)CHALLENGE_KEY_BYTES, "a push carries a key as its token");

void
challenge_newest_init(struct challenge_newest *newest)
{
	*newest = (struct challenge_newest){ .lock = PTHREAD_MUTEX_INITIALIZER };
}

void
challenge_newest_push(struct challenge_newest *newest, int64_t minute, const struct token *key)
{
	pthread_mutex_lock(&newest->lock);
	newest->key.minute = minute;
	memcpy(newest->key.b, key->b, CHALLENGE_KEY_BYTES);
	pthread_mutex_unlock(&newest->lock);
}

struct challenge_key
challenge_newest_get(struct challenge_newest *newest)
{
	struct challenge_key key;

	pthread_mutex_lock(&newest->lock);
	key = newest->key;
	pthread_mutex_unlock(&newest->lock);
	return key;
}
