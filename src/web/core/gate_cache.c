#include "web/core/gate_cache.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/secret.h"
#include "web/core/session_cache.h"

#include <pthread.h>
#include <stdatomic.h>

enum { WAYS = 4, STRIPES = 64, SLOTS = 64 * 1024, TEXT_BYTES = 3072, TEXTS = 5, KEY_TEXT_MAX = 511 };

struct entry {
	struct token key;
	bool used;
	int64_t since_us, epoch;
	struct gate_guest guest; /* its texts are in text, one after the other */
	char text[TEXT_BYTES];
};

struct gate_cache {
	pthread_mutex_t locks[STRIPES];
	_Atomic int64_t epoch;
	_Atomic int64_t *ended; /* SLOTS: the epoch of the last end in each slot */
	size_t mask;            /* of sets; WAYS entries each */
	struct entry *entries;  /* memory is used only for used entries */
};

struct gate_cache *
gate_cache_new(size_t entries)
{
	struct gate_cache *cache = mem_new(sizeof(*cache));
	size_t sets = STRIPES;

	while (sets * WAYS < entries)
		sets *= 2;
	if (cache == NULL)
		return NULL;
	for (size_t i = 0; i < STRIPES; i++)
		pthread_mutex_init(&cache->locks[i], NULL);
	cache->mask = sets - 1;
	cache->entries = mem_new_array(sets * WAYS, sizeof(*cache->entries));
	cache->ended = mem_new_array(SLOTS, sizeof(*cache->ended));
	if (cache->entries == NULL || cache->ended == NULL)
		gate_cache_free(&cache);
	return cache;
}

void
gate_cache_free(struct gate_cache **cache)
{
	if (*cache == NULL)
		return;
	for (size_t i = 0; i < STRIPES; i++)
		pthread_mutex_destroy(&(*cache)->locks[i]);
	mem_free(&(*cache)->entries);
	mem_free(&(*cache)->ended);
	mem_free(cache);
}

/* The hash is SHA-256: all its bits are equally distributed. */
static size_t
gate_cache_number_of(const struct token *hash)
{
	uint64_t bits;

	memcpy(&bits, hash->b, sizeof(bits));
	return (size_t)bits;
}

err
gate_cache_key(str cookie, str host, struct token *ret_key)
{
	const str parts[] = { cookie, STR(" "), host }; /* neither text contains the space */

	if (cookie.n + host.n > KEY_TEXT_MAX)
		return ERR_TOO_LONG;
	return digest_sha256_of(parts, COUNT(parts), ret_key->b);
}

static struct entry *
gate_cache_find(struct gate_cache *cache, const struct token *key)
{
	struct entry *set = &cache->entries[(gate_cache_number_of(key) & cache->mask) * WAYS];

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].used && secret_equal(&set[i].key, key, sizeof(*key)))
			return &set[i];
	return NULL;
}

static pthread_mutex_t *
gate_cache_lock_set(struct gate_cache *cache, const struct token *key)
{
	pthread_mutex_t *lock = &cache->locks[(gate_cache_number_of(key) & cache->mask) % STRIPES];

	pthread_mutex_lock(lock);
	return lock;
}

static _Atomic int64_t *
gate_cache_slot(struct gate_cache *cache, const struct token *session)
{
	return &cache->ended[gate_cache_number_of(session) % SLOTS];
}

static bool
gate_cache_alive(struct gate_cache *cache, const struct entry *entry, int64_t now_us)
{
	return entry->since_us <= now_us && now_us < entry->since_us + SECONDS_US(CACHE_SECONDS) &&
	       now_us < entry->guest.expires_us &&
	       atomic_load(gate_cache_slot(cache, &entry->guest.session)) <= entry->epoch;
}

static void
gate_cache_texts_of(struct gate_guest *guest, str *ret_texts[TEXTS])
{
	ret_texts[0] = &guest->visitor.name;
	ret_texts[1] = &guest->visitor.groups;
	ret_texts[2] = &guest->display_name;
	ret_texts[3] = &guest->email;
	ret_texts[4] = &guest->jwt;
}

/* Copy the texts of guest to p, one after the other, and let guest refer to the copies. */
static size_t
gate_cache_texts_move(struct gate_guest *guest, char *p, size_t room)
{
	str *texts[TEXTS];
	size_t n = 0;

	gate_cache_texts_of(guest, texts);
	for (size_t i = 0; i < TEXTS; i++) {
		if (texts[i]->n > room - n)
			return SIZE_MAX;
		if (texts[i]->n > 0)
			memcpy(p + n, texts[i]->p, texts[i]->n);
		texts[i]->p = p + n;
		n += texts[i]->n;
	}
	return n;
}

bool
gate_cache_get(struct gate_cache *cache, const struct token *key, int64_t now_us, struct arena *arena,
	       struct gate_guest *ret_guest)
{
	char *room = arena_alloc(arena, TEXT_BYTES);
	pthread_mutex_t *lock;
	const struct entry *entry;
	bool good;

	if (room == NULL)
		return false;
	lock = gate_cache_lock_set(cache, key);
	entry = gate_cache_find(cache, key);
	good = entry != NULL && gate_cache_alive(cache, entry, now_us);
	if (good) {
		*ret_guest = entry->guest;
		(void)gate_cache_texts_move(ret_guest, room, TEXT_BYTES);
	}
	pthread_mutex_unlock(lock);
	return good;
}

int64_t
gate_cache_epoch(struct gate_cache *cache)
{
	return atomic_load(&cache->epoch);
}

/* The key's entry, a free one, or the oldest. */
static struct entry *
gate_cache_room_for(struct gate_cache *cache, const struct token *key)
{
	struct entry *set = &cache->entries[(gate_cache_number_of(key) & cache->mask) * WAYS];
	struct entry *room = gate_cache_find(cache, key);

	if (room != NULL)
		return room;
	room = &set[0];
	for (size_t i = 0; i < WAYS; i++) {
		if (!set[i].used)
			return &set[i];
		if (set[i].since_us < room->since_us)
			room = &set[i];
	}
	return room;
}

void
gate_cache_put(struct gate_cache *cache, const struct token *key, const struct gate_guest *guest, int64_t now_us,
	       int64_t epoch)
{
	pthread_mutex_t *lock = gate_cache_lock_set(cache, key);
	struct entry *entry = gate_cache_room_for(cache, key);

	entry->guest = *guest;
	entry->key = *key;
	entry->since_us = now_us;
	entry->epoch = epoch;
	entry->used = gate_cache_texts_move(&entry->guest, entry->text, sizeof(entry->text)) != SIZE_MAX;
	pthread_mutex_unlock(lock);
}

void
gate_cache_ended(struct gate_cache *cache, const struct token *session)
{
	int64_t epoch = atomic_fetch_add(&cache->epoch, 1) + 1;

	atomic_store(gate_cache_slot(cache, session), epoch);
}
