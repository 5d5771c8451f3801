/*
 * Cache of the keeper's answers about the gate's cookies.  It maps cookie and host to the user and the identity
 * headers.  Like the session cache (web/core/session_cache.h) it is never authoritative.  An entry lives at most
 * CACHE_SECONDS and ends with its session.  An answer is not used if its session ended while the answer was under
 * way.
 *
 * The end of a session names the session, not the cookies made for it.  A hash of the session selects a slot, and
 * the cache stores when a session of that slot last ended.  Entries older than that are invalid.  Other sessions of
 * the same slot also lose their entries, which costs one question each.
 *
 * Thread-safe.  Of fixed size.
 */
#ifndef WEB_GATE_CACHE_H
#define WEB_GATE_CACHE_H

#include "base/arena.h"
#include "access/access.h"
#include "ipc/questions.h"

/* The user of a check.  With ACCESS_NOBODY all other members are empty. */
struct gate_guest {
	struct access_visitor visitor;
	str display_name, email;
	int64_t expires_us;
	struct token session; /* SHA-256 of the session's token */
	str jwt;              /* empty: not signed yet */
};

struct gate_cache;

struct gate_cache *gate_cache_new(size_t entries); /* NULL: no memory */
void gate_cache_free(struct gate_cache **cache);

/* The key of an entry: SHA-256 of cookie and host. */
MUST_USE err gate_cache_key(str cookie, str host, struct token *ret_key);

/* Find an entry that is valid at now_us.  Its texts are copied into the arena. */
bool gate_cache_get(struct gate_cache *cache, const struct token *key, int64_t now_us, struct arena *arena,
		    struct gate_guest *ret_guest);

/* Read the epoch before asking the keeper, and pass it to gate_cache_put with the answer. */
int64_t gate_cache_epoch(struct gate_cache *cache);

/* Store an answer.  An answer whose texts are too long is not stored. */
void gate_cache_put(struct gate_cache *cache, const struct token *key, const struct gate_guest *guest, int64_t now_us,
		    int64_t epoch);

/* The session has ended or changed. */
void gate_cache_ended(struct gate_cache *cache, const struct token *session);

#endif
