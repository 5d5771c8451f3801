#include "web/core/session_cache.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"

#include <pthread.h>
#include <stdatomic.h>

enum { WAYS = 4, STRIPES = 64, WAIT_SECONDS = 2 };

struct entry {
	struct token hash;
	bool used;
	int64_t since_us; /* when it was stored: a clock that jumps, forward or back, makes it stale */
	struct session_view view;
};

struct set {
	struct entry entries[WAYS];
};

struct session_cache {
	pthread_mutex_t locks[STRIPES];
	_Atomic int64_t epoch;

	pthread_mutex_t applied_lock;
	pthread_cond_t applied_more;
	_Atomic int64_t applied;

	size_t mask;
	struct set *sets; /* memory is used only for used sets */
};

struct session_cache *
session_cache_new(size_t entries)
{
	struct session_cache *cache = mem_new(sizeof(*cache));
	size_t sets = STRIPES;

	while (sets * WAYS < entries)
		sets *= 2;
	if (cache == NULL)
		return NULL;
	cache->mask = sets - 1;
	cache->sets = mem_new_array(sets, sizeof(*cache->sets));
	for (size_t i = 0; i < STRIPES; i++)
		pthread_mutex_init(&cache->locks[i], NULL);
	pthread_mutex_init(&cache->applied_lock, NULL);
	pthread_cond_init(&cache->applied_more, NULL);
	if (cache->sets == NULL)
		session_cache_free(&cache);
	return cache;
}

void
session_cache_free(struct session_cache **cache)
{
	if (*cache == NULL)
		return;
	pthread_cond_destroy(&(*cache)->applied_more);
	pthread_mutex_destroy(&(*cache)->applied_lock);
	for (size_t i = 0; i < STRIPES; i++)
		pthread_mutex_destroy(&(*cache)->locks[i]);
	mem_free(&(*cache)->sets);
	mem_free(cache);
}

/* The hash is SHA-256: all its bits are equally distributed. */
static size_t
session_cache_set_index(const struct session_cache *cache, const struct token *hash)
{
	uint64_t bits;

	memcpy(&bits, hash->b, sizeof(bits));
	return (size_t)bits & cache->mask;
}

static pthread_mutex_t *
session_cache_lock_set(struct session_cache *cache, size_t index)
{
	pthread_mutex_t *lock = &cache->locks[index % STRIPES];

	pthread_mutex_lock(lock);
	return lock;
}

static struct entry *
session_cache_find(struct set *set, const struct token *hash)
{
	for (size_t i = 0; i < WAYS; i++)
		if (set->entries[i].used && secret_equal(&set->entries[i].hash, hash, sizeof(*hash)))
			return &set->entries[i];
	return NULL;
}

bool
session_cache_get(struct session_cache *cache, const struct token *hash, int64_t now_us, struct session_view *ret_view)
{
	size_t index = session_cache_set_index(cache, hash);
	pthread_mutex_t *lock = session_cache_lock_set(cache, index);
	const struct entry *entry = session_cache_find(&cache->sets[index], hash);
	bool good = entry != NULL && entry->since_us <= now_us &&
		    now_us < entry->since_us + SECONDS_US(CACHE_SECONDS) && now_us < entry->view.expires_us;

	if (good)
		*ret_view = entry->view;
	pthread_mutex_unlock(lock);
	return good;
}

int64_t
session_cache_epoch(struct session_cache *cache)
{
	return atomic_load(&cache->epoch);
}

/* The hash's entry, a free one, or the oldest. */
static struct entry *
session_cache_slot(struct set *set, const struct token *hash)
{
	struct entry *best = session_cache_find(set, hash);

	if (best != NULL)
		return best;
	best = &set->entries[0];
	for (size_t i = 1; i < WAYS; i++)
		if (!set->entries[i].used || (best->used && set->entries[i].since_us < best->since_us))
			best = &set->entries[i];
	return best;
}

void
session_cache_put(struct session_cache *cache, const struct token *hash, const struct session_view *view,
		  int64_t now_us, int64_t epoch)
{
	size_t index = session_cache_set_index(cache, hash);
	pthread_mutex_t *lock = session_cache_lock_set(cache, index);

	struct entry *older = session_cache_find(&cache->sets[index], hash);

	/* Compared under the set's lock: a session that ends later finds the entry and clears it. */
	if (atomic_load(&cache->epoch) == epoch && !view->groups_long)
		*session_cache_slot(&cache->sets[index], hash) = (struct entry){ *hash, true, now_us, *view };
	else if (older != NULL)
		secret_wipe(older, sizeof(*older)); /* the cached state may be older than this answer's change */
	pthread_mutex_unlock(lock);
}

static void
session_cache_forget(struct session_cache *cache, const struct token *hash)
{
	size_t index = session_cache_set_index(cache, hash);
	pthread_mutex_t *lock;
	struct entry *entry;

	atomic_fetch_add(&cache->epoch, 1); /* before the lock: see session_cache_put */
	lock = session_cache_lock_set(cache, index);
	entry = session_cache_find(&cache->sets[index], hash);
	if (entry != NULL)
		secret_wipe(entry, sizeof(*entry));
	pthread_mutex_unlock(lock);
}

void
session_cache_evict(struct session_cache *cache, const struct token *hash)
{
	size_t index = session_cache_set_index(cache, hash);
	pthread_mutex_t *lock = session_cache_lock_set(cache, index);
	struct entry *entry = session_cache_find(&cache->sets[index], hash);

	if (entry != NULL) {
		atomic_fetch_add(&cache->epoch, 1); /* an older answer that is under way is not stored */
		secret_wipe(entry, sizeof(*entry));
	}
	pthread_mutex_unlock(lock);
}

void
session_cache_pushed(struct session_cache *cache, int64_t number, const struct token *hash)
{
	if (hash != NULL)
		session_cache_forget(cache, hash);
	pthread_mutex_lock(&cache->applied_lock);
	atomic_store(&cache->applied, number);
	pthread_cond_broadcast(&cache->applied_more);
	pthread_mutex_unlock(&cache->applied_lock);
}

err
session_cache_wait(struct session_cache *cache, int64_t number)
{
	int64_t until_us = clock_monotonic_us() + SECONDS_US(WAIT_SECONDS);
	const struct timespec until = { .tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000 };
	int e = 0;

	if (atomic_load(&cache->applied) >= number)
		return ERR_OK;
	pthread_mutex_lock(&cache->applied_lock);
	while (e == 0 && atomic_load(&cache->applied) < number)
		e = pthread_cond_clockwait(&cache->applied_more, &cache->applied_lock, CLOCK_MONOTONIC, &until);
	pthread_mutex_unlock(&cache->applied_lock);
	return e == 0 ? ERR_OK : ERR_AWAY;
}
