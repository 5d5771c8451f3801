/*
 * The state of the web process: built once, constant afterwards unless a comment says otherwise.  It contains no
 * database, no secrets of users and no key except the one for form tokens.
 */
#ifndef WEB_WEB_STATE_H
#define WEB_WEB_STATE_H

#include "config/live.h"
#include "web/core/brand.h"
#include "web/core/challenge.h"
#include "web/core/channel.h"
#include "web/core/gate_cache.h"
#include "web/core/gate_rules.h"
#include "web/core/session_cache.h"
#include "ipc/metrics.h"

#include <stdatomic.h>

enum {
	WEB_CHANNELS_MAX = 64,
	WEB_CHECKED_MS = 5000, /* without a check of the database for this time, it counts as not writable */
};

struct http_server;

struct web {
	_Atomic(const struct config *) config; /* the current version (config/live.h) */
	struct config_versions versions;       /* used only by the thread that reads pushes */
	struct session_cache *cache;           /* thread-safe */
	struct token form_key;
	struct gate_cache *gate_cache;            /* thread-safe */
	struct web_rules rules;                   /* thread-safe */
	struct brand brand;                       /* the administrator's logo and colour */
	struct challenge_newest challenge_newest; /* thread-safe */
	struct token signer;                      /* public key of signed identities; set before the first request */
	atomic_bool tiles;                        /* an OpenID client may have a tile on the home page */
	atomic_bool database_writable;            /* according to the keeper's last check */
	_Atomic int64_t checked_us;               /* monotonic: when web heard of that check */
	atomic_bool late;                         /* no check for WEB_CHECKED_MS: it is logged */
	/* pushes are not read any more: no request may be answered, and the process is about to end */
	atomic_bool pushes_lost;
	struct channel channels[WEB_CHANNELS_MAX]; /* one for each worker, quick ones first; used only by its worker */
	size_t quick, slow;
	int push_fd;                                     /* for reading the keeper's pushes */
	struct http_server *server;                      /* for its figures; only if METRICS is set */
	int64_t started_us;                              /* the same */
	_Atomic int64_t metrics_of_keeper[SERIES_COUNT]; /* the same: according to its last push */
};

#endif
