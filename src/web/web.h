/*
 * The web process, from its descriptors to its end.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "web/core/web_state.h"

/*
 * The parts of a life, for programs that need no wall: the caches and the channels; the keeper's first pushes (the key for form
 * tokens, the public key of identities, the rules, in this order); then a thread that hears all that follow, and ends the process
 * with the keeper.  ERR_MEMORY, ERR_INVALID: why is filled.  ERR_AWAY, ERR_PROTOCOL: no hello came.
 */
MUST_USE err web_init(struct web *web, const struct config *config, int push_fd, int first_channel_fd, size_t quick,
		      size_t slow, struct why *why);
MUST_USE err web_hello(struct web *web);
MUST_USE err web_listen(struct web *web);

struct sandbox_profile;

/*
 * The whole life of the web process: takes over the descriptors (a listening socket, the pushes, quick + slow channels
 * from first_channel_fd on), walls itself in, serves until SIGTERM or until the keeper is gone.
 * ERR_CONFIG: it could not start and never will; why is filled.
 */
MUST_USE err web_run(const struct config *config, const struct sandbox_profile *sandbox, int listen_fd, int push_fd,
		     int first_channel_fd, size_t quick, size_t slow, struct why *why);

#endif
