/*
 * The web process, from start to end.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "web/core/web_state.h"

/*
 * The steps of web_run, for programs without a sandbox.  web_init creates caches and channels.  web_hello reads the
 * keeper's first pushes: the key for form tokens, the public key of identities and the rules, in this order.
 * web_listen starts a thread that reads all later pushes and ends the process with the keeper.
 *
 *	ERR_MEMORY, ERR_INVALID   why is filled
 *	ERR_AWAY, ERR_PROTOCOL    the keeper sent no valid first push
 */
MUST_USE err web_init(struct web *web, const struct config *config, int push_fd, int first_channel_fd, size_t quick,
		      size_t slow, struct why *why);
MUST_USE err web_hello(struct web *web);
MUST_USE err web_listen(struct web *web);

struct sandbox_profile;

/* Descriptors that the web process takes over. */
struct web_descriptors {
	int listen_fd;        /* a listening socket */
	int metrics_fd;       /* the listening socket of METRICS; -1: none */
	int push_fd;          /* the pushes */
	int first_channel_fd; /* the first one of quick + slow channels */
};

/*
 * Run the web process.  It enters the sandbox and serves until SIGTERM or until the keeper ends.  When it answers
 * requests, it shuts down its direction of the push socket (SHUT_WR).
 * ERR_CONFIG: it cannot start, and a retry would not help; why is filled.
 */
MUST_USE err web_run(const struct config *config, const struct sandbox_profile *sandbox,
		     const struct web_descriptors *descriptors, size_t quick, size_t slow, struct why *why);

#endif
