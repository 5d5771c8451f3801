#include "server/child_spawn.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- sockets ------------------------------------------------------------------------------------------------------ */

static void
child_spawn_sockets_close(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

err
child_sockets_open(size_t count, struct child_sockets *ret_sockets)
{
	for (size_t i = 0; i < count; i++) {
		int pair[2];
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
			child_spawn_sockets_close(ret_sockets->keeper, i);
			child_spawn_sockets_close(ret_sockets->child, i);
			return ERR_IO;
		}
		ret_sockets->keeper[i] = pair[0];
		ret_sockets->child[i] = pair[1];
	}
	ret_sockets->count = count;
	return ERR_OK;
}

void
child_sockets_close_keeper(struct child_sockets *sockets)
{
	child_spawn_sockets_close(sockets->keeper, sockets->count);
}

void
child_sockets_close_child(struct child_sockets *sockets)
{
	child_spawn_sockets_close(sockets->child, sockets->count);
}

/* --- the process -------------------------------------------------------------------------------------------------- */

struct spawn {
	const char *name;
	size_t quick, slow;
	struct child_listeners listeners;
	const struct child_sockets *sockets;
	char *const *environment;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
};

static bool
child_spawn_move(struct spawn *s, int from, int to)
{
	return posix_spawn_file_actions_adddup2(&s->actions, from, to) == 0;
}

/* The first temporary number: larger than every source and every final number, so that no move overwrites one. */
static int
child_spawn_passing_fd(const struct spawn *s)
{
	int last = CHILD_PUSH_FD + (int)s->sockets->count - 1;

	last = s->listeners.fd > last ? s->listeners.fd : last;
	last = s->listeners.metrics_fd > last ? s->listeners.metrics_fd : last;
	for (size_t i = 0; i < s->sockets->count; i++)
		last = s->sockets->child[i] > last ? s->sockets->child[i] : last;
	return last + 1;
}

/*
 * Move the descriptors to the numbers that the child expects, and close all others.  They first move to temporary
 * numbers, because a final number may be the source of another one.  posix_spawn reports errors of these actions.
 */
static bool
child_spawn_descriptors(struct spawn *s)
{
	const int listeners[] = { s->listeners.fd, s->listeners.metrics_fd };
	int n = (int)s->sockets->count, first = child_spawn_passing_fd(s), passing = first + (int)COUNT(listeners);
	bool ok = true;

	for (int i = 0; i < (int)COUNT(listeners); i++)
		ok &= listeners[i] < 0 || child_spawn_move(s, listeners[i], first + i);
	for (int i = 0; i < n; i++)
		ok &= child_spawn_move(s, s->sockets->child[i], passing + i);
	for (int i = 0; i < (int)COUNT(listeners); i++)
		ok &= listeners[i] < 0 ? posix_spawn_file_actions_addclose(&s->actions, CHILD_LISTEN_FD + i) == 0
				       : child_spawn_move(s, first + i, CHILD_LISTEN_FD + i);
	for (int i = 0; i < n; i++)
		ok &= child_spawn_move(s, passing + i, CHILD_PUSH_FD + i);
	return ok && posix_spawn_file_actions_addclosefrom_np(&s->actions, CHILD_PUSH_FD + n) == 0;
}

/* posix_spawn does not copy this process, which would take longer than all other steps. */
static int
child_spawn_run(struct spawn *s, pid_t *ret_pid)
{
	char name[32], quick[16], slow[16];
	char *arguments[] = { "doubletour", name, quick, slow, NULL };
	sigset_t none;

	snprintf(name, sizeof(name), "%s", s->name);
	snprintf(quick, sizeof(quick), "%zu", s->quick);
	snprintf(slow, sizeof(slow), "%zu", s->slow);
	sigemptyset(&none);
	if (!child_spawn_descriptors(s) || posix_spawnattr_setflags(&s->attributes, POSIX_SPAWN_SETSIGMASK) != 0 ||
	    posix_spawnattr_setsigmask(&s->attributes, &none) != 0)
		return ENOMEM;
	return posix_spawn(ret_pid, "/proc/self/exe", &s->actions, &s->attributes, arguments, s->environment);
}

int
child_spawn(const char *name, size_t quick, size_t slow, struct child_listeners listeners,
	    const struct child_sockets *sockets, char *const *environment, pid_t *ret_pid)
{
	struct spawn s = { name, quick, slow, listeners, sockets, environment };
	int error;

	if (posix_spawn_file_actions_init(&s.actions) != 0)
		return ENOMEM;
	error = posix_spawnattr_init(&s.attributes);
	if (error == 0) {
		error = child_spawn_run(&s, ret_pid);
		posix_spawnattr_destroy(&s.attributes);
	}
	posix_spawn_file_actions_destroy(&s.actions);
	if (error != 0)
		*ret_pid = 0;
	return error;
}
