/*
 * The listening socket of the server: opened here, outside any sandbox, and inherited by the child whose row says so.
 *
 * LISTEN_FDS goes before LISTEN, which goes before HOST and PORT.  A TCP port is closed here once a child has it, and opened anew for
 * the next child.  A Unix socket's file and what systemd passed cannot be had twice: they stay open, connections wait in them for
 * the next child, and the keeper never accepts one.
 */
#ifndef SERVER_LISTENING_H
#define SERVER_LISTENING_H

#include "config/config.h"
#include "http/listen.h"

struct listening {
	const struct config *config;
	int fd;                  /* -1: open it anew for the next child */
	bool kept;               /* an inherited or a Unix socket: the same one for each child */
	struct listen_file file; /* of LISTEN */
};

/* inherited_fd: the socket that systemd passed; -1: none. */
struct listening listening_of(const struct config *config, int inherited_fd);

/* Open it unless it is open. */
MUST_USE err listening_open(struct listening *listening, struct why *why);

/* A child has it now. */
void listening_passed(struct listening *listening);

/* Nobody connects from here on. */
void listening_end(struct listening *listening);

#endif
