/*
 * The web process's own state: built once, const afterwards except for what says otherwise.  It holds no database, no
 * secret of a person and no key but the one for form tokens.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "config/config.h"
#include "web/channel.h"
#include "web/gate_cache.h"
#include "web/gate_rules.h"
#include "web/session_cache.h"

#include <stdatomic.h>

enum { WEB_CHANNELS_MAX = 64 };

struct web {
	const struct config *config;
	struct session_cache *cache; /* for many threads by itself */
	struct token form_key;
	struct gate_cache *gate_cache;             /* for many threads by itself */
	struct web_rules rules;                    /* the same */
	struct token signer;                       /* public key of signed identities; set before the first request */
	atomic_bool database_writable;             /* as the keeper last said */
	struct channel channels[WEB_CHANNELS_MAX]; /* one per worker, quick ones first; each used by its worker only */
	size_t quick, slow;
	int push_fd; /* the keeper's pushes, to read */
};

/*
 * The parts of a life, for programs that need no wall: the caches and the channels; the keeper's first pushes (the key for form
 * tokens, the public key of identities, the rules, in this order); then a thread that hears all that follow, and ends the process
 * with the keeper.  ERR_MEMORY, ERR_INVALID: why is filled.  ERR_AWAY, ERR_PROTOCOL: no hello came.
 */
MUST_USE err web_init(struct web *web, const struct config *config, int push_fd, int first_channel_fd, size_t quick,
		      size_t slow, struct why *why);
MUST_USE err web_hello(struct web *web);
MUST_USE err web_listen(struct web *web);

/*
 * The whole life of the web process: takes over the descriptors (a listening socket, the pushes, quick + slow channels
 * from first_channel_fd on), walls itself in, serves until SIGTERM or until the keeper is gone.
 * ERR_CONFIG: it could not start and never will; why is filled.
 */
MUST_USE err web_run(const struct config *config, int listen_fd, int push_fd, int first_channel_fd, size_t quick,
		     size_t slow, struct why *why);

#endif
