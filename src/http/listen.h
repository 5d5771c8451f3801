/*
 * Listening sockets that are not opened by an address and a port: a Unix socket, and one that was inherited from the program that
 * started this one (systemd's socket activation).  http_listen in server.h opens the others.  Everything here is done before the
 * server starts, by the process that has no sandbox.
 *
 *	TRY(listen_inherited(why, &fd));                 -1: nothing was passed
 *	TRY(listen_describe(fd, why, &place));           its address and port, or its path
 *
 *	TRY(listen_unix("/run/doubletour/web.sock", why, &socket_file, &fd));
 *	...
 *	listen_unix_remove(&socket_file);
 */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include "base/err.h"
#include "base/str.h"

#include <netinet/in.h>
#include <sys/types.h>
#include <sys/un.h>

enum {
	LISTEN_INHERITED_FD = 3, /* sd_listen_fds(3): passed descriptors begin there */
	LISTEN_PATH_MAX_BYTES = sizeof(((struct sockaddr_un *)0)->sun_path) - 1,
};

/* The file of a Unix socket that this process made. */
struct listen_file {
	char path[LISTEN_PATH_MAX_BYTES + 1]; /* "": none */
	dev_t device;
	ino_t inode;
};

/*
 * Listen on a Unix socket: mode 0660, the group of its folder where that has the setgid bit, else of this process.  A socket
 * file that nobody listens at is replaced; any other file stays.  Changes the umask for a moment: no other thread may run.
 *
 * ERR_INVALID    the path is too long or not absolute
 * ERR_NOT_FOUND  the folder does not exist
 * ERR_DENIED     the folder is not writable, or everyone may replace its files; the file there is no socket
 * ERR_BUSY       another server listens there
 */
MUST_USE err listen_unix(const char *path, struct why *why, struct listen_file *ret_file, int *ret_fd);

/* Remove the socket file if it is still the one that was made.  Nothing when there is none. */
void listen_unix_remove(struct listen_file *file);

/*
 * The listening socket that LISTEN_PID and LISTEN_FDS pass (sd_listen_fds(3)), now close-on-exec and non-blocking; -1 when there
 * is none or it is meant for another process.  The variables leave the environment in any case.
 *
 * ERR_CONFIG  more than one descriptor, no listening stream socket over TCP or a Unix socket, or a Unix socket that everyone on
 *             this machine may connect to: its peers are trusted as proxies
 */
MUST_USE err listen_inherited(struct why *why, int *ret_fd);

/* Where a listening socket listens. */
struct listen_location {
	char path[LISTEN_PATH_MAX_BYTES + 1]; /* "": TCP */
	char host[INET6_ADDRSTRLEN];
	uint16_t port;
};
MUST_USE err listen_describe(int fd, struct why *why, struct listen_location *ret_location);

#endif
