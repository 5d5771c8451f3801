/*
 * Accepting connections.  An event thread calls acceptor_accept when a connection is waiting.  One lock protects
 * this file's state.  It is taken when a connection begins or ends, and never for a request.
 *
 * When connections_max is reached, the acceptor evicts a connection of the client that holds most (shares.h).  It
 * shuts the socket down; the connection's event thread then closes it.  The new connection is accepted at once, so
 * for a short time there are a few more connections than connections_max.
 */
#include "http/internal.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LEAVING_MAX = 64,       /* connections that are being evicted at the same time */
	SPARE_DESCRIPTORS = 16, /* for files that libraries open for a short time */
};

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

/* ret_text must be empty. */
static void
acceptor_peer(const union address *address, char *ret_text)
{
	if (address->any.sa_family == AF_INET)
		(void)!inet_ntop(AF_INET, &address->four.sin_addr, ret_text, NETWORK_TEXT_BYTES);
	else if (address->any.sa_family == AF_INET6)
		network_write_six(&address->six.sin6_addr, ret_text);
	else if (address->any.sa_family == AF_UNIX)
		memcpy(ret_text, HTTP_PEER_UNIX, sizeof(HTTP_PEER_UNIX));
}

/* --- eviction ----------------------------------------------------------------------------------------------------- */

static struct conn *
acceptor_conn_of(const struct share_member *member)
{
	return (struct conn *)((uintptr_t)member - offsetof(struct conn, member));
}

static enum share_worth
acceptor_worth(const struct share_member *member)
{
	static const enum share_worth worths[] = {
		[CONN_NEW] = SHARE_UNFINISHED,  [CONN_IDLE] = SHARE_IDLE,    [CONN_HEAD] = SHARE_UNFINISHED,
		[CONN_BODY] = SHARE_UNFINISHED, [CONN_WORK] = SHARE_WORKING, [CONN_REPLY] = SHARE_REPLYING,
		[CONN_LINGER] = SHARE_IDLE,
	};

	return worths[atomic_load_explicit(&acceptor_conn_of(member)->state, memory_order_relaxed)];
}

/*
 * false: no connection may be evicted.  The event thread of the evicted connection notices that its socket was shut
 * down.
 */
static bool
acceptor_evict(struct http_server *server, const struct network *newcomer, bool trusted)
{
	struct acceptor *acceptor = &server->acceptor;
	struct share_member *member = acceptor->leaving == acceptor->leaving_max
					  ? NULL
					  : shares_evict(acceptor->shares, newcomer, trusted, acceptor_worth);
	struct conn *conn;

	if (member == NULL)
		return false;
	conn = acceptor_conn_of(member);
	shares_remove(acceptor->shares, member);
	conn->leaving = true;
	acceptor->leaving++;
	atomic_fetch_add(&server->evicted, 1);
	shutdown(conn->fd, SHUT_RDWR);
	return true;
}

/* --- connections begin and end ------------------------------------------------------------------------------------ */

static struct loop *
acceptor_loop(struct http_server *server)
{
	struct loop *least = &server->loops[0];

	for (size_t i = 1; i < server->loop_count; i++)
		if (server->loops[i].conn_count < least->conn_count)
			least = &server->loops[i];
	return least;
}

static struct conn *
acceptor_conn(struct http_server *server, int fd, const union address *address)
{
	struct conn *conn = mem_new(sizeof(*conn));

	if (conn == NULL)
		return NULL;
	conn->fd = fd;
	conn->network = network_of_socket(&address->any);
	conn->loop = acceptor_loop(server);
	acceptor_peer(address, conn->peer);
	return conn;
}

static bool
acceptor_take(struct http_server *server, struct conn *conn)
{
	struct acceptor *acceptor = &server->acceptor;
	bool trusted = server->app->trusts != NULL && server->app->trusts(server->app_data, str_of(conn->peer));

	if (!shares_add(acceptor->shares, &conn->network, trusted, &conn->member) &&
	    (!acceptor_evict(server, &conn->network, trusted) ||
	     !shares_add(acceptor->shares, &conn->network, trusted, &conn->member)))
		return false;
	acceptor->open++;
	conn->loop->conn_count++;
	atomic_fetch_add(&server->connections, 1);
	loop_give(conn);
	return true;
}

/* No descriptor or memory is left, which connections_max should have prevented: evict a connection. */
static enum acceptor_outcome
acceptor_shed(struct http_server *server)
{
	const struct network no_network = { .n = 0 };

	(void)acceptor_evict(server, &no_network, false);
	return ACCEPTOR_CROWDED;
}

static enum acceptor_outcome
acceptor_accept_locked(struct http_server *server)
{
	struct acceptor *acceptor = &server->acceptor;
	union address address = { .any.sa_family = AF_UNSPEC };
	socklen_t address_bytes = sizeof(address);
	struct conn *conn;
	int fd;

	if (acceptor->open >= acceptor->connections_max + acceptor->leaving_max)
		return ACCEPTOR_CROWDED;
	fd = accept4(acceptor->listen_fd, &address.any, &address_bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return ACCEPTOR_EMPTY;
	if (fd < 0)
		return errno == ECONNABORTED || errno == EINTR || errno == EPROTO ? ACCEPTOR_TAKEN
										  : acceptor_shed(server);
	conn = acceptor_conn(server, fd, &address);
	if (conn == NULL || !acceptor_take(server, conn)) {
		mem_free(&conn);
		close(fd);
	}
	return ACCEPTOR_TAKEN;
}

enum acceptor_outcome
acceptor_accept(struct http_server *server)
{
	enum acceptor_outcome outcome;

	pthread_mutex_lock(&server->acceptor.lock);
	outcome = acceptor_accept_locked(server);
	pthread_mutex_unlock(&server->acceptor.lock);
	return outcome;
}

void
acceptor_leave(struct conn *conn)
{
	struct http_server *server = conn->loop->server;
	struct acceptor *acceptor = &server->acceptor;

	pthread_mutex_lock(&acceptor->lock);
	shares_remove(acceptor->shares, &conn->member);
	acceptor->leaving -= conn->leaving;
	acceptor->open--;
	conn->loop->conn_count--;
	pthread_mutex_unlock(&acceptor->lock);
}

/* --- the number of connections ------------------------------------------------------------------------------------ */

static size_t
acceptor_descriptors_max(const struct http_server *server)
{
	struct rlimit limit;

	if (server->settings.descriptors_max > 0)
		return server->settings.descriptors_max;
	return getrlimit(RLIMIT_NOFILE, &limit) != 0 ? 0 : (size_t)limit.rlim_cur;
}

static size_t
acceptor_descriptors_used(const struct acceptor *acceptor)
{
	int fd = fcntl(acceptor->listen_fd, F_DUPFD_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0 ? (size_t)fd : 0;
}

/* There must be a descriptor for each connection, evicted ones included.  Each event thread needs two more. */
static err
acceptor_bounds(struct http_server *server)
{
	struct acceptor *acceptor = &server->acceptor;
	size_t all = acceptor_descriptors_max(server);
	size_t others = acceptor_descriptors_used(acceptor) + 2 * server->settings.event_threads + SPARE_DESCRIPTORS;
	size_t room = all > others ? all - others : 0, sixteenth = room / 16;

	if (room < 16)
		return ERR_TOO_LONG;
	acceptor->leaving_max = sixteenth < LEAVING_MAX ? sixteenth : LEAVING_MAX;
	if (acceptor->leaving_max > server->settings.connections_max)
		acceptor->leaving_max = server->settings.connections_max;
	room -= acceptor->leaving_max;
	acceptor->connections_max = server->settings.connections_max < room ? server->settings.connections_max : room;
	return ERR_OK;
}

err
acceptor_prepare(struct http_server *server)
{
	struct acceptor *acceptor = &server->acceptor;
	int flags = fcntl(acceptor->listen_fd, F_GETFL);

	/* http_listen has set the flag already, and the sandbox forbids changing flags. */
	if (flags < 0 || ((flags & O_NONBLOCK) == 0 && fcntl(acceptor->listen_fd, F_SETFL, flags | O_NONBLOCK) != 0))
		return ERR_INVALID;
	TRY(acceptor_bounds(server));
	acceptor->shares = shares_new(acceptor->connections_max, server->id_base);
	return acceptor->shares == NULL ? ERR_MEMORY : ERR_OK;
}

void
acceptor_free(struct http_server *server)
{
	shares_free(&server->acceptor.shares);
}
