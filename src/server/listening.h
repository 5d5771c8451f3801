/*
 * The server's listening sockets: opened here, outside any sandbox, and inherited by the child that listens.
 *
 * LISTEN_FDS takes precedence over LISTEN, and LISTEN over HOST and PORT.  A TCP port is closed here once a child
 * has it, and opened again for the next child.  Unix sockets and sockets passed by systemd cannot be opened a
 * second time, so they stay open.  Connections wait in them for the next child; the keeper never accepts one.
 *
 * METRICS has a separate socket.  It stays open too: another program that takes the port between two children would
 * otherwise end the server.
 */
#ifndef SERVER_LISTENING_H
#define SERVER_LISTENING_H

#include "config/config.h"
#include "http/listen.h"

struct listening {
	const struct config *config;
	int fd;                  /* -1: open it for the next child */
	bool kept;               /* an inherited or a Unix socket: the same one for all children */
	struct listen_file file; /* the socket file of LISTEN */
	int metrics_fd;          /* of METRICS; -1: none, or not open yet */
};

/* inherited_fd: the socket passed by systemd; -1: none. */
struct listening listening_of(const struct config *config, int inherited_fd);

/* Open the sockets that are not open. */
MUST_USE err listening_open(struct listening *listening, struct why *why);

/* A child has inherited the sockets. */
void listening_passed(struct listening *listening);

/* Close the sockets: no further connections. */
void listening_end(struct listening *listening);

#endif
