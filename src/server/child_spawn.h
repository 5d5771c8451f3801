/*
 * Starts a child: the same program is executed again, so that the child's memory contains no data of the keeper.
 * The child gets its descriptors, arguments and environment, and nothing else.
 *
 *	descriptors of a child:	0       /dev/null, as in the keeper
 *				1 2     as in the keeper; a file is in append mode
 *				3       listening socket; closed if the child's row does not listen
 *				4       listening socket of the metrics; closed without METRICS, too
 *				5       pushes, to read
 *				6 ...   channels: the quick ones first, then the slow ones
 */
#ifndef SERVER_CHILD_SPAWN_H
#define SERVER_CHILD_SPAWN_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { CHILD_LISTEN_FD = 3, CHILD_METRICS_FD, CHILD_PUSH_FD, CHILD_CHANNEL_FD, CHANNELS_MAX = 64 };

/* The listening sockets of a child; -1: none. */
struct child_listeners {
	int fd, metrics_fd;
};

/* Both ends of all sockets between the keeper and a child; number 0 is for pushes. */
struct child_sockets {
	int keeper[CHANNELS_MAX + 1], child[CHANNELS_MAX + 1];
	size_t count;
};

/* count: at most CHANNELS_MAX + 1.  ERR_IO: no socket is left open. */
MUST_USE err child_sockets_open(size_t count, struct child_sockets *ret_sockets);
void child_sockets_close_keeper(struct child_sockets *sockets);
void child_sockets_close_child(struct child_sockets *sockets);

/*
 * Run `doubletour NAME QUICK SLOW`.  Returns 0 if the child was started, without blocked signals; otherwise an errno.
 */
int child_spawn(const char *name, size_t quick, size_t slow, struct child_listeners listeners,
		const struct child_sockets *sockets, char *const *environment, pid_t *ret_pid);

#endif
