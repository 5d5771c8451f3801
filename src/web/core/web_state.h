/*
 * The web process's own state: built once, const afterwards except for what says otherwise.  It holds no database, no
 * secret of a person and no key but the one for form tokens.
 */
#ifndef WEB_WEB_STATE_H
#define WEB_WEB_STATE_H

#include "config/config.h"
#include "web/core/channel.h"
#include "web/core/gate_cache.h"
#include "web/core/gate_rules.h"
#include "web/core/session_cache.h"

#include <stdatomic.h>

enum { WEB_CHANNELS_MAX = 64 };

struct web {
	const struct config *config;
	struct session_cache *cache; /* for many threads by itself */
	struct token form_key;
	struct gate_cache *gate_cache; /* for many threads by itself */
	struct web_rules rules;        /* the same */
	struct token signer;           /* public key of signed identities; set before the first request */
	atomic_bool database_writable; /* as the keeper last said */
	atomic_bool pushes_lost; /* no push is read any more: nothing may be answered, and the process ends next */
	struct channel channels[WEB_CHANNELS_MAX]; /* one per worker, quick ones first; each used by its worker only */
	size_t quick, slow;
	int push_fd; /* the keeper's pushes, to read */
};

#endif
