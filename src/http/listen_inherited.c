/* Source: sd_listen_fds(3), systemd.socket(5). */
#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the protocol's variables ------------------------------------------------------------------------------------- */

/* LISTEN_FDS of the environment; 0 if LISTEN_PID names another process. */
static err
inherited_count(struct why *why, uint64_t *ret_count)
{
	const char *pid_text = getenv("LISTEN_PID"), *fds_text = getenv("LISTEN_FDS");
	uint64_t pid = 0;

	*ret_count = 0;
	if (pid_text == NULL || fds_text == NULL || str_number(str_of(pid_text), INT32_MAX, &pid) != ERR_OK ||
	    pid != (uint64_t)getpid())
		return ERR_OK;
	if (str_number(str_of(fds_text), INT32_MAX, ret_count) != ERR_OK)
		return why_set(why, ERR_CONFIG, "LISTEN_FDS must be the number of passed sockets.");
	if (*ret_count > 1)
		return why_set(why, ERR_CONFIG,
			       "%u sockets were passed (LISTEN_FDS), but the server listens on one.  Keep one "
			       "ListenStream= in the .socket unit.",
			       (unsigned)*ret_count);
	return ERR_OK;
}

/* The variables are meant for this process only: child processes must not inherit them. */
static void
inherited_variables_remove(void)
{
	static const char *const names[] = { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID" };

	for (size_t i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
}

/* --- the passed socket -------------------------------------------------------------------------------------------- */

union inherited_address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_un file;
};

static bool
inherited_option_is(int fd, int option, int wanted)
{
	int value = 0;
	socklen_t n = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &n) == 0 && value == wanted;
}

static err
inherited_not_usable(struct why *why)
{
	return why_set(
	    why, ERR_CONFIG,
	    "The descriptor that was passed (LISTEN_FDS) is not a listening socket of TCP or of a Unix path: use "
	    "ListenStream= with a port or a path, and Accept=no, in the .socket unit.");
}

/* Peers of the socket are trusted as proxies, so its mode decides who is trusted. */
static err
inherited_file_check(const char *path, struct why *why)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return why_set(
		    why, ERR_CONFIG,
		    "The mode of the socket %s that was passed (LISTEN_FDS) cannot be read: %s.  The service "
		    "must have access to its folder.",
		    path, strerror(errno));
	if ((status.st_mode & S_IWOTH) != 0)
		return why_set(
		    why, ERR_CONFIG,
		    "Every user of this machine may connect to the socket %s that was passed (LISTEN_FDS), and the "
		    "server would trust them as a proxy.  Set SocketMode=0660, and SocketGroup= to the proxy's group, "
		    "in "
		    "the .socket unit.",
		    path);
	return ERR_OK;
}

/* A name in the abstract namespace begins with a NUL and has no mode: it is refused. */
static err
inherited_path(const union inherited_address *address, socklen_t n, struct why *why,
	       struct listen_location *ret_location)
{
	size_t begin = offsetof(struct sockaddr_un, sun_path);

	if (n <= begin || address->file.sun_path[0] == '\0')
		return inherited_not_usable(why);
	size_t bytes = strnlen(address->file.sun_path, (size_t)n - begin);
	if (str_copy_z(str_bytes(address->file.sun_path, bytes), ret_location->path, sizeof(ret_location->path)) !=
	    ERR_OK)
		return inherited_not_usable(why);
	return ERR_OK;
}

static bool
inherited_host(const union inherited_address *address, struct listen_location *ret_location)
{
	const struct in6_addr *six = &address->six.sin6_addr;
	bool mapped = address->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(six);
	size_t size = sizeof(ret_location->host);

	ret_location->port = ntohs(address->any.sa_family == AF_INET ? address->four.sin_port : address->six.sin6_port);
	if (address->any.sa_family == AF_INET)
		return inet_ntop(AF_INET, &address->four.sin_addr, ret_location->host, (socklen_t)size) != NULL;
	if (mapped)
		return inet_ntop(AF_INET, &six->s6_addr[12], ret_location->host, (socklen_t)size) != NULL;
	return address->any.sa_family == AF_INET6 &&
	       inet_ntop(AF_INET6, six, ret_location->host, (socklen_t)size) != NULL;
}

err
listen_describe(int fd, struct why *why, struct listen_location *ret_location)
{
	union inherited_address address = { .any.sa_family = AF_UNSPEC };
	struct listen_location location = { .port = 0 };
	socklen_t n = sizeof(address);

	if (!inherited_option_is(fd, SO_TYPE, SOCK_STREAM) || !inherited_option_is(fd, SO_ACCEPTCONN, 1) ||
	    getsockname(fd, &address.any, &n) != 0)
		return inherited_not_usable(why);
	if (address.any.sa_family == AF_UNIX)
		TRY(inherited_path(&address, n, why, &location));
	else if (!inherited_host(&address, &location))
		return inherited_not_usable(why);
	*ret_location = location;
	return ERR_OK;
}

static err
inherited_prepare(int fd, struct why *why)
{
	const int on = 1;
	struct listen_location location = { .port = 0 };
	int flags = fcntl(fd, F_GETFL);

	TRY(listen_describe(fd, why, &location));
	if (location.path[0] != '\0')
		TRY(inherited_file_check(location.path, why));
	else
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* as http_listen does */
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return inherited_not_usable(why);
	return ERR_OK;
}

err
listen_inherited(struct why *why, int *ret_fd)
{
	uint64_t count = 0;
	err e = inherited_count(why, &count);

	inherited_variables_remove();
	TRY(e);
	if (count == 1)
		TRY(inherited_prepare(LISTEN_INHERITED_FD, why));
	*ret_fd = count == 1 ? LISTEN_INHERITED_FD : -1;
	return ERR_OK;
}
