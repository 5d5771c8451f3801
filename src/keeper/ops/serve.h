/*
 * The keeper's end of the channels. One thread per channel reads a question, answers it, and waits for the next. One
 * lock orders the pushes to web. One watcher thread checks the database and deletes expired rows.
 * keeper/core/dispatch.c answers the questions.
 */
#ifndef KEEPER_SERVE_H
#define KEEPER_SERVE_H

#include "keeper/core/keeper.h"

#include <sys/types.h>

struct keeper_server;

/* Create the server, which outlives every web process. k must outlive the server. */
MUST_USE err keeper_server_new(struct keeper *k, struct keeper_server **ret_server);
void keeper_server_free(struct keeper_server **server);

/*
 * Serve one web process: start a thread for each of `n` channel sockets and send the hello on push_fd. Takes ownership
 * of the sockets, even on failure. slow_from: channels from this index on hash passwords and run at lower priority.
 */
MUST_USE err keeper_server_start(struct keeper_server *server, const int *channels, size_t n, size_t slow_from,
				 int push_fd);

/* For the metrics: the process that keeper_server_start is about to serve. */
void keeper_server_web(struct keeper_server *server, pid_t pid);

/*
 * Send the live settings and the rules to the web process, if any, after keeper_reload. ERR_MEMORY: they were not sent,
 * and the web process is ended.
 */
MUST_USE err keeper_server_reload(struct keeper_server *server);

/* The web process has ended or is ending: stop its threads and close its sockets. The server can be started again. */
void keeper_server_stop(struct keeper_server *server);

/*
 * When did the thread that checks the database last begin a turn (clock_monotonic_us)?  It takes at least one turn a
 * second, unless it waits for the database.
 */
int64_t keeper_server_turned_us(const struct keeper_server *server);

/* Has any web process asked a question yet? */
bool keeper_server_was_asked(const struct keeper_server *server);

#endif
