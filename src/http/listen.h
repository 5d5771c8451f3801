/*
 * Listening sockets that are not opened by address and port: Unix sockets, and sockets inherited from the parent
 * process (systemd's socket activation).  http_listen in server.h opens the others.  All functions run before the
 * server starts, in the process without a sandbox.
 *
 *	TRY(listen_inherited(why, &fd));                 -1: nothing was passed
 *	TRY(listen_describe(fd, why, &location));        its address and port, or its path
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
	LISTEN_INHERITED_FD = 3, /* sd_listen_fds(3): the first passed descriptor */
	LISTEN_PATH_MAX_BYTES = sizeof(((struct sockaddr_un *)0)->sun_path) - 1,
};

/* The socket file that this process made. */
struct listen_file {
	char path[LISTEN_PATH_MAX_BYTES + 1]; /* empty: no file */
	dev_t device;
	ino_t inode;
};

/*
 * Listen on a Unix socket with mode 0660.  Its group is that of the folder if the folder has the setgid bit,
 * otherwise that of this process.  A socket file without a listener is replaced; any other file stays.  The
 * function changes the umask for a short time: no other thread may run.
 *
 * ERR_INVALID    the path is too long or not absolute
 * ERR_NOT_FOUND  the folder does not exist
 * ERR_DENIED     the folder is not writable, or all users may replace its files; the existing file is not a socket
 * ERR_BUSY       another server listens there
 */
MUST_USE err listen_unix(const char *path, struct why *why, struct listen_file *ret_file, int *ret_fd);

/* Remove the socket file if it is still the one that listen_unix made.  No effect without a file. */
void listen_unix_remove(struct listen_file *file);

/*
 * The listening socket that LISTEN_PID and LISTEN_FDS pass (sd_listen_fds(3)), made close-on-exec and non-blocking;
 * -1 if there is none or it is meant for another process.  The variables are removed from the environment in any
 * case.
 *
 * ERR_CONFIG: more than one descriptor; not a listening stream socket over TCP or Unix; or a Unix socket to which
 * all users may connect.  The last is refused because peers of the socket are trusted as proxies.
 */
MUST_USE err listen_inherited(struct why *why, int *ret_fd);

/* Address of a listening socket. */
struct listen_location {
	char path[LISTEN_PATH_MAX_BYTES + 1]; /* empty: TCP */
	char host[INET6_ADDRSTRLEN];
	uint16_t port;
};
MUST_USE err listen_describe(int fd, struct why *why, struct listen_location *ret_location);

#endif
