/*
 * The keeper's side of the channels: one thread per channel, that reads a question, answers it and waits for the next;
 * one sender of pushes; one thread that watches the database and clears what has expired.  What a question means is not
 * here (keeper/core/dispatch.c).
 */
#ifndef KEEPER_SERVE_H
#define KEEPER_SERVE_H

#include "keeper/core/keeper.h"

#include <sys/types.h>

struct keeper_server;

/*
 * Make the pushing end, which outlives any one web process.  k must outlive it.
 */
MUST_USE err keeper_server_new(struct keeper *k, struct keeper_server **ret_server);
void keeper_server_free(struct keeper_server **server);

/*
 * Serve one web process: start a thread on each of `n` channel sockets, send the hello on push_fd.  The server owns the
 * sockets from here, also on failure.  slow_from: channels from this index on hash passwords and run at lower priority.
 */
MUST_USE err keeper_server_start(struct keeper_server *server, const int *channels, size_t n, size_t slow_from,
				 int push_fd);

/* The rules were read anew: send them to the web process, if there is one.  ERR_MEMORY: it was not told, and is ended. */
MUST_USE err keeper_server_rules(struct keeper_server *server);

/* The web process is gone or going: end its threads, close its sockets.  May be started again. */
void keeper_server_stop(struct keeper_server *server);

/* Has any web process ever asked anything? */
bool keeper_server_was_asked(const struct keeper_server *server);

#endif
