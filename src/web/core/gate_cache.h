/*
 * What web remembers of the keeper's answers about the gate's cookies: cookie and host → who, and what an application is told.
 * Like the session cache (web/core/session_cache.h) it is never the source of truth: an entry lives CACHE_SECONDS at most, dies with
 * its session, and an answer that was on its way while that session ended is dead when it comes.
 *
 * The end of a session names the session and not the cookies made for it: for each of a table of places, chosen by the session's
 * hash, the cache knows when a session there has last ended.  An entry is younger than that or it is none; that another session
 * of the same place loses its entry costs one question.
 *
 * For many threads.  Of fixed size.
 */
#ifndef WEB_GATE_CACHE_H
#define WEB_GATE_CACHE_H

#include "base/arena.h"
#include "access/access.h"
#include "ipc/questions.h"

/* Somebody at the gate.  With ACCESS_NOBODY all else is empty. */
struct gate_guest {
	struct access_visitor visitor;
	str display_name, email;
	int64_t expires_us;
	struct token session; /* SHA-256 of the session's token */
	str jwt;              /* empty: none was signed yet */
};

struct gate_cache;

struct gate_cache *gate_cache_new(size_t entries); /* NULL: no memory */
void gate_cache_free(struct gate_cache **cache);

/* Which entry: SHA-256 of cookie and host. */
MUST_USE err gate_cache_key(str cookie, str host, struct token *ret_key);

/* Is it there, fresh and alive at now_us?  Its texts are copied into the arena. */
bool gate_cache_get(struct gate_cache *cache, const struct token *key, int64_t now_us, struct arena *arena,
		    struct gate_guest *ret_guest);

/* Read before the question is asked, given back with its answer. */
int64_t gate_cache_epoch(struct gate_cache *cache);

/* What is too long to be kept is not. */
void gate_cache_put(struct gate_cache *cache, const struct token *key, const struct gate_guest *guest, int64_t now_us,
		    int64_t epoch);

/* This session has ended or changed. */
void gate_cache_ended(struct gate_cache *cache, const struct token *session);

#endif
