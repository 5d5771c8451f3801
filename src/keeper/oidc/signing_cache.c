#include "keeper/oidc/signing_cache.h"

#include "base/mem.h"
#include "oidc/jwt.h"

#include <openssl/evp.h>
#include <pthread.h>

/* For each algorithm: a key before its time, the one that signs, and those before it for a year. */
enum { KEPT_MAX = 24 };

struct signing_cache {
	pthread_mutex_t lock;
	struct {
		int64_t id; /* 0: free */
		EVP_PKEY *key;
	} kept[KEPT_MAX];
	unsigned next; /* the place of the next key */
	int64_t unreadable[KEPT_MAX];
	unsigned unreadable_next;
};

err
signing_cache_new(struct signing_cache **ret_cache)
{
	struct signing_cache *cache = mem_new(sizeof(*cache));

	if (cache == NULL)
		return ERR_MEMORY;
	pthread_mutex_init(&cache->lock, NULL);
	*ret_cache = cache;
	return ERR_OK;
}

void
signing_cache_free(struct signing_cache **cache)
{
	if (*cache == NULL)
		return;
	for (size_t i = 0; i < KEPT_MAX; i++)
		jwt_key_free(&(*cache)->kept[i].key);
	pthread_mutex_destroy(&(*cache)->lock);
	mem_free(cache);
}

EVP_PKEY *
signing_cache_find(struct signing_cache *cache, int64_t id)
{
	EVP_PKEY *found = NULL;

	pthread_mutex_lock(&cache->lock);
	for (size_t i = 0; i < KEPT_MAX && found == NULL; i++)
		if (cache->kept[i].id == id)
			found = cache->kept[i].key;
	if (found != NULL && EVP_PKEY_up_ref(found) != 1)
		found = NULL;
	pthread_mutex_unlock(&cache->lock);
	return found;
}

void
signing_cache_keep(struct signing_cache *cache, int64_t id, EVP_PKEY *key)
{
	if (EVP_PKEY_up_ref(key) != 1)
		return;
	pthread_mutex_lock(&cache->lock);
	jwt_key_free(&cache->kept[cache->next].key);
	cache->kept[cache->next].id = id;
	cache->kept[cache->next].key = key;
	cache->next = (cache->next + 1) % KEPT_MAX;
	pthread_mutex_unlock(&cache->lock);
}

bool
signing_cache_is_news(struct signing_cache *cache, int64_t id)
{
	bool known = false;

	pthread_mutex_lock(&cache->lock);
	for (size_t i = 0; i < KEPT_MAX; i++)
		known |= cache->unreadable[i] == id;
	if (!known) {
		cache->unreadable[cache->unreadable_next] = id;
		cache->unreadable_next = (cache->unreadable_next + 1) % KEPT_MAX;
	}
	pthread_mutex_unlock(&cache->lock);
	return !known;
}
