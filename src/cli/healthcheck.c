/*
 * `doubletour healthcheck`: asks /healthz of the running server, for container images without curl.
 *
 * The settings give the socket: LISTEN, otherwise HOST and PORT.  LISTEN_FDS passes a socket to one process only, so
 * this command cannot know it.  HOST may be 0.0.0.0 or ::; Linux connects such an address to the loopback address.
 */
#include "cli/cli.h"

#include "base/clock.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { HEALTHCHECK_SECONDS = 5, HEALTHCHECK_REPLY_MAX_BYTES = 8 * 1024 };

static const char healthcheck_help[] =
    "Usage: doubletour healthcheck\n"
    "\n"
    "Ask the running server whether it is healthy: whether it answers, and whether it can write its database.  The\n"
    "command reads the same settings as the server.  It connects to the Unix socket in LISTEN, otherwise to HOST and\n"
    "PORT.  It does not know a socket that systemd passes (LISTEN_FDS), or the options of `doubletour run`.\n"
    "\n"
    "  --help        show this help\n"
    "\n"
    "The command waits at most 5 seconds.  A container's HEALTHCHECK needs no other program.\n"
    "Exit status: 0 healthy, 1 not healthy or no answer, 2 wrong usage, 78 invalid configuration.\n";

/* One question to the server. */
struct healthcheck {
	const char *at; /* the address, for messages */
	int fd;
	int64_t deadline_us; /* of clock_monotonic_us; while connecting, of the address that is tried */
	struct buf reply;
};

static void
healthcheck_wipe(struct healthcheck *h)
{
	if (h->fd >= 0)
		close(h->fd);
	buf_wipe(&h->reply);
}

static err
healthcheck_unreachable(const struct healthcheck *h, int error, struct why *why)
{
	if (error == EACCES)
		return why_set(
		    why, ERR_AWAY,
		    "This user (uid %u) may not connect to %s: %s.  Run the command as root, or as a user of the "
		    "socket's group.",
		    (unsigned)geteuid(), h->at, strerror(error));
	return why_set(why, ERR_AWAY,
		       "No server answers at %s: %s.  Start it, or correct LISTEN, HOST and PORT for this command.",
		       h->at, strerror(error));
}

/* Wait until the socket is ready for the events. */
static err
healthcheck_wait(const struct healthcheck *h, short events, struct why *why)
{
	struct pollfd ready = { .fd = h->fd, .events = events };
	int64_t left_ms;
	int n;

	do {
		left_ms = (h->deadline_us - clock_monotonic_us()) / 1000;
		n = left_ms <= 0 ? 0 : poll(&ready, 1, (int)left_ms);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return healthcheck_unreachable(h, errno, why);
	return n > 0 ? ERR_OK
		     : why_set(why, ERR_AWAY, "The server at %s did not answer within %d seconds.", h->at,
			       HEALTHCHECK_SECONDS);
}

static err
healthcheck_connect_to(struct healthcheck *h, const struct sockaddr *address, socklen_t size, struct why *why)
{
	int error = 0;
	socklen_t error_size = sizeof(error);

	if (h->fd >= 0)
		close(h->fd);
	h->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (h->fd < 0)
		return healthcheck_unreachable(h, errno, why);
	if (connect(h->fd, address, size) == 0)
		return ERR_OK;
	if (errno != EINPROGRESS)
		return healthcheck_unreachable(h, errno, why);
	TRY(healthcheck_wait(h, POLLOUT, why));
	if (getsockopt(h->fd, SOL_SOCKET, SO_ERROR, &error, &error_size) != 0 || error != 0)
		return healthcheck_unreachable(h, error != 0 ? error : errno, why);
	return ERR_OK;
}

static err
healthcheck_connect_unix(struct healthcheck *h, const char *path, struct why *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (str_copy_z(str_of(path), address.sun_path, sizeof(address.sun_path)) != ERR_OK)
		return healthcheck_unreachable(h, ENAMETOOLONG, why);
	return healthcheck_connect_to(h, (const struct sockaddr *)&address, sizeof(address), why);
}

/* Each address gets its share of the time that is left, so that one that never answers leaves time for the others. */
static err
healthcheck_connect_each(struct healthcheck *h, const struct addrinfo *found, struct why *why)
{
	const int64_t end_us = h->deadline_us;
	int64_t left = 0;
	err e = ERR_AWAY;

	for (const struct addrinfo *a = found; a != NULL; a = a->ai_next)
		left++;
	for (const struct addrinfo *a = found; a != NULL && e != ERR_OK; a = a->ai_next, left--) {
		int64_t now_us = clock_monotonic_us();
		h->deadline_us = now_us + (end_us - now_us) / left;
		e = healthcheck_connect_to(h, a->ai_addr, a->ai_addrlen, why);
	}
	h->deadline_us = end_us;
	return e;
}

/* localhost has an IPv4 and an IPv6 address: try both. */
static err
healthcheck_connect_tcp(struct healthcheck *h, const struct config *config, struct why *why)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	char service[8];
	err e;

	snprintf(service, sizeof(service), "%u", (unsigned)config->port);
	if (getaddrinfo(config->host, service, &hints, &found) != 0)
		return healthcheck_unreachable(h, EADDRNOTAVAIL, why);
	e = healthcheck_connect_each(h, found, why);
	freeaddrinfo(found);
	return e;
}

static err
healthcheck_connect(struct healthcheck *h, const struct config *config, struct why *why)
{
	return config->listen_path[0] != '\0' ? healthcheck_connect_unix(h, config->listen_path, why)
					      : healthcheck_connect_tcp(h, config, why);
}

/* The request fits into the empty buffer of a new socket. */
static err
healthcheck_send(struct healthcheck *h, struct why *why)
{
	str request = STR("GET /healthz HTTP/1.1\r\n"
			  "Host: localhost\r\n"
			  "User-Agent: doubletour-healthcheck\r\n"
			  "Connection: close\r\n\r\n");

	if (send(h->fd, request.p, request.n, MSG_NOSIGNAL) != (ssize_t)request.n)
		return healthcheck_unreachable(h, errno, why);
	return ERR_OK;
}

/* Read until the server closes the connection, or to the limit. */
static err
healthcheck_receive(struct healthcheck *h, struct why *why)
{
	char bytes[1024];
	ssize_t n = 1;

	while (n > 0 && h->reply.n + sizeof(bytes) <= HEALTHCHECK_REPLY_MAX_BYTES) {
		TRY(healthcheck_wait(h, POLLIN, why));
		n = recv(h->fd, bytes, sizeof(bytes), 0);
		if (n < 0)
			return healthcheck_unreachable(h, errno, why);
		buf_put(&h->reply, str_bytes(bytes, (size_t)n));
	}
	return buf_check(&h->reply);
}

/* "HTTP/1.1 503 Service Unavailable", header fields, an empty line, and the reason in one line. */
static err
healthcheck_judge(const struct healthcheck *h, struct why *why)
{
	str rest = buf_str(&h->reply), line = str_cut(&rest, '\n');
	uint64_t status = 0;

	if (!str_starts(str_cut(&line, ' '), STR("HTTP/1.")) || str_number(str_cut(&line, ' '), 999, &status) != ERR_OK)
		return why_set(why, ERR_PROTOCOL, "The program at %s does not speak HTTP.", h->at);
	if (status == 200)
		return ERR_OK;
	while (rest.n > 0 && str_trim(str_cut(&rest, '\n')).n > 0)
		continue;
	line = str_trim(str_upto(str_cut(&rest, '\n'), 200));
	return why_set(why, ERR_AWAY, "The server at %s is not healthy (status %u)%s%.*s.  Its log has the cause.",
		       h->at, (unsigned)status, line.n > 0 ? ": " : "", STR_ARG(line));
}

static err
healthcheck_ask(const struct config *config, const char *at, struct why *why)
{
	CLEANUP(healthcheck_wipe)
	struct healthcheck h = { .at = at, .fd = -1, .reply = BUF(HEALTHCHECK_REPLY_MAX_BYTES) };

	h.deadline_us = clock_monotonic_us() + SECONDS_US(HEALTHCHECK_SECONDS);
	TRY(healthcheck_connect(&h, config, why));
	TRY(healthcheck_send(&h, why));
	TRY(healthcheck_receive(&h, why));
	return healthcheck_judge(&h, why);
}

int
cli_healthcheck(struct cli *cli, int argc, char **argv)
{
	int status = cli_arguments(argc, argv, healthcheck_help, 0);
	struct config_location at;
	struct why why = { 0 };
	err e;

	if (status == CLI_GO_ON)
		status = cli_config(cli);
	if (status != CLI_GO_ON)
		return status;
	at = config_listens(&cli->config);
	e = healthcheck_ask(&cli->config, at.z, &why);
	return e != ERR_OK ? cli_fail(e, &why) : cli_print_line("The server at %s is healthy.", at.z);
}
