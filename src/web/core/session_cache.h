/*
 * What web remembers of the keeper's answers about sessions: token hash → who, how far, until when.  It takes the check
 * of a signed-in person out of the keeper's way and is never the source of truth:
 *
 *   - an entry lives CACHE_SECONDS at most, which bounds what another node's change can cost;
 *   - the keeper pushes the end of a session, and the entry is gone before the answer that ended it is acted upon;
 *   - an answer that was on its way while anything ended is not stored (see session_cache_epoch).
 *
 * For many threads.  Of fixed size: a full set forgets its oldest entry.
 */
#ifndef WEB_SESSION_CACHE_H
#define WEB_SESSION_CACHE_H

#include "ipc/questions.h"

enum { CACHE_SECONDS = 2 };

/* A session as web sees it: the answer's head, its name held by value. */
struct session_view {
	enum session_state state;
	int64_t account_id;
	char name[USERNAME_MAX + 1];
	int64_t created_us, last_sign_in_us, factor_since_us, expires_us;
	int64_t verified_us; /* when the factor was last proved; 0: not yet */
	char display_name[DISPLAY_NAME_MAX_BYTES + 1];
	enum preferred_language language;
	enum time_format time_format;
	uint32_t recovery_left;
	bool recovered;      /* this session came in by a recovery code */
	uint32_t refused;    /* tries that were refused before it did */
	bool codes_disabled; /* all authenticators of the account are disabled */
};

struct session_cache;

/* Room for `entries` sessions, rounded up to a power of two.  NULL: no memory. */
struct session_cache *session_cache_new(size_t entries);
void session_cache_free(struct session_cache **cache);

/* Is it there, fresh and not expired at now_us?  ret_view is written only then. */
bool session_cache_get(struct session_cache *cache, const struct token *hash, int64_t now_us,
		       struct session_view *ret_view);

/* The count of ended sessions so far: read before the question is asked, given back with its answer. */
int64_t session_cache_epoch(struct session_cache *cache);

/* Remember from now_us on, unless a session has ended since `epoch` was read: then what was remembered is forgotten. */
void session_cache_put(struct session_cache *cache, const struct token *hash, const struct session_view *view,
		       int64_t now_us, int64_t epoch);

/* The keeper's push with this number said that the session ended (hash NULL: it said something else). */
void session_cache_pushed(struct session_cache *cache, int64_t number, const struct token *hash);

/* Wait until pushes up to this number have been applied.  ERR_AWAY after two seconds: the keeper is gone. */
MUST_USE err session_cache_wait(struct session_cache *cache, int64_t number);

#endif
