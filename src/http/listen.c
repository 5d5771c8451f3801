#include "http/server.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* The settings of an address, for messages. */
struct listen_names {
	const char *host, *port;
};

/* A listening socket, or -1 and errno. */
static int
listen_on(const struct addrinfo *a)
{
	const int on = 1, off = 0;
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	/* accepted sockets inherit it, so that replies do not wait for an acknowledgement */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	int why = errno;
	close(fd);
	errno = why;
	return -1;
}

static err
listen_tcp_explain(struct why *why, int error, const struct listen_names *names, const char *host, unsigned port)
{
	switch (error) {
	case EADDRINUSE:
		return why_set(why, ERR_BUSY,
			       "Port %u on %s is in use by another program.  Stop it, or choose another port with %s.",
			       port, host, names->port);
	case EACCES:
	case EPERM:
		return why_set(why, ERR_DENIED,
			       "This user may not listen on port %u.  Choose a port of 1024 or more with %s.", port,
			       names->port);
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		return why_set(why, ERR_INVALID, "%s is not an address of this machine.  Correct %s.", host,
			       names->host);
	default:
		return why_set(why, ERR_IO, "Listening on %s, port %u, failed: %s.", host, port, strerror(error));
	}
}

static err
listen_tcp(const struct listen_names *names, str host, uint16_t port, struct why *why, int *ret_fd)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	char name[256], service[8];
	int fd = -1, error = EADDRNOTAVAIL;

	if (str_empty(host) || str_copy_z(host, name, sizeof(name)) != ERR_OK)
		return why_set(why, ERR_INVALID, "%s must be a name or an address, of at most 255 bytes.", names->host);
	snprintf(service, sizeof(service), "%u", (unsigned)port);
	int e = getaddrinfo(name, service, &hints, &found);
	if (e != 0)
		return why_set(why, ERR_INVALID, "%s is neither an address nor a name that is known here (%s): see %s.",
			       name, gai_strerror(e), names->host);
	for (const struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next) {
		fd = listen_on(a);
		error = errno;
	}
	freeaddrinfo(found);
	if (fd < 0)
		return listen_tcp_explain(why, error, names, name, port);
	*ret_fd = fd;
	return ERR_OK;
}

err
http_listen(str host, uint16_t port, struct why *why, int *ret_fd)
{
	return http_listen_for("HOST or --host", "PORT or --port", host, port, why, ret_fd);
}

err
http_listen_for(const char *host_setting, const char *port_setting, str host, uint16_t port, struct why *why,
		int *ret_fd)
{
	const struct listen_names names = { .host = host_setting, .port = port_setting };

	return listen_tcp(&names, host, port, why, ret_fd);
}
