/*
 * Cache of the keeper's answers about sessions: it maps a token's hash to account, state and expiry.  It saves most
 * questions for signed-in users, and is never authoritative:
 *
 *  - an entry lives at most CACHE_SECONDS, which limits the delay of a change on another node;
 *  - the keeper pushes the end of a session, and web evicts the entry before it uses the answer that ended the session;
 *  - an answer is not stored if any session ended while it was under way (see session_cache_epoch).
 *
 * Thread-safe.  Of fixed size: a full set evicts its oldest entry.
 */
#ifndef WEB_SESSION_CACHE_H
#define WEB_SESSION_CACHE_H

#include "ipc/questions.h"

enum { CACHE_SECONDS = 2, SESSION_GROUPS_MAX = 255 };

/* Failed attempts that need a notice.  attempts 0: none. */
struct alarm_view {
	uint32_t attempts, addresses;
	int64_t since_us, until_us;
	char address[64 + 1]; /* one of them */
};

/* A session as web sees it: the answer's head, with copied names. */
struct session_view {
	enum session_state state;
	int64_t account_id;
	char name[USERNAME_MAX + 1];
	int64_t created_us, last_sign_in_us, factor_since_us, expires_us;
	int64_t remembered_until_us;   /* stays signed in; 0: not chosen */
	int64_t verified_us;           /* when the factor was last verified; 0: never */
	int64_t phishing_resistant_us; /* when a passkey was last verified; 0: none is among the proofs */
	char display_name[DISPLAY_NAME_MAX_BYTES + 1];
	enum preferred_language language;
	enum time_format time_format;
	uint32_t recovery_left;
	bool recovered; /* this session used a recovery code */
	struct alarm_view alarm;
	bool codes_disabled;               /* all authenticators of the account are disabled */
	uint32_t code_digits;              /* of every usable authenticator; 0: they differ, or there is none */
	uint32_t authenticators, passkeys; /* usable ones; authenticators includes the passkeys */
	bool codes_off;                    /* the user switched codes off */
	int64_t user_verified_us;          /* when a device last verified its user; 0: never */
	int64_t code_sign_in_us;           /* a code completed an earlier sign-in, despite a passkey; 0: no notice */
	uint32_t other_sessions;
	char groups[SESSION_GROUPS_MAX + 1]; /* "admins,staff" */
	bool groups_long;                    /* they do not fit into groups: the view is not stored */
};

struct session_cache;

/* Allocate for `entries` sessions, rounded up to a power of two.  NULL: no memory. */
struct session_cache *session_cache_new(size_t entries);
void session_cache_free(struct session_cache **cache);

/* Find an entry that is valid at now_us.  ret_view is written only if it is found. */
bool session_cache_get(struct session_cache *cache, const struct token *hash, int64_t now_us,
		       struct session_view *ret_view);

/*
 * Number of ended sessions so far.  Read it before asking the keeper, and pass it to session_cache_put with the
 * answer.
 */
int64_t session_cache_epoch(struct session_cache *cache);

/*
 * Store a view from now_us on.  If a session has ended since `epoch` was read, or the view lacks groups, evict the
 * entry instead.
 */
void session_cache_put(struct session_cache *cache, const struct token *hash, const struct session_view *view,
		       int64_t now_us, int64_t epoch);

/*
 * Evict the session, because the keeper answered that it does not exist.  Without an entry this changes nothing, so
 * requests with invented tokens cannot keep other sessions out of the cache.
 */
void session_cache_evict(struct session_cache *cache, const struct token *hash);

/* Apply the keeper's push with this number.  hash: the session that ended; NULL: the push has another kind. */
void session_cache_pushed(struct session_cache *cache, int64_t number, const struct token *hash);

/* Wait until all pushes up to this number are applied.  ERR_AWAY after two seconds: the keeper is gone. */
MUST_USE err session_cache_wait(struct session_cache *cache, int64_t number);

#endif
