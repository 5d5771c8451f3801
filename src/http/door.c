/*
 * The doorkeeper: one thread that accepts connections, closes those whose time is over, and reads refused ones empty.
 *
 * Deadlines are absolute, not idle ones: a client that sends a byte now and then gains nothing.  A connection whose time is
 * over has its socket shut down, which its event thread notices.  The number of a socket may be another one's as soon as it
 * is closed; so a connection leaves the list, under the lock, before libmicrohttpd closes its socket.
 */
#include "http/internal.h"

#include "base/clock.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	TICK_MS_MAX = 1000,
	TICK_MS_MIN = 10,
	ACCEPT_AT_ONCE = 64,
	BACK_OFF_MS = 100,      /* no descriptor or no memory: wait for some */
	HASTE_MS = 50,          /* tick while stopping */
	STOPPED_MS = 1000,      /* a tick so late: the process, or the machine, stood still */
	PARDON_MS = 1000,       /* how long nobody is cut then */
	LINGER_MS = 2000,       /* how long a refused client may go on sending */
	LINGER_BYTES = 1 << 20, /* and how much */
};

/* --- connections come and go (event threads) --------------------------------------------------------------------------- */

static void
peer_text(const struct sockaddr *address, char *ret_text)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *four = (const struct sockaddr_in *)address;
	const char *written = NULL;

	if (address != NULL && address->sa_family == AF_INET)
		written = inet_ntop(AF_INET, &four->sin_addr, ret_text, PEER_TEXT_BYTES);
	else if (address != NULL && address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		written = inet_ntop(AF_INET, &six->sin6_addr.s6_addr[12], ret_text, PEER_TEXT_BYTES);
	else if (address != NULL && address->sa_family == AF_INET6)
		written = inet_ntop(AF_INET6, &six->sin6_addr, ret_text, PEER_TEXT_BYTES);
	if (written == NULL)
		ret_text[0] = '\0';
}

static struct conn *
conn_new(struct event_loop *loop, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *fd = mhd.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *peer =
	    mhd.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct conn *conn = mem_new(sizeof(*conn));

	if (conn == NULL) {
		shutdown(fd->connect_fd, SHUT_RDWR);
		return NULL;
	}
	conn->fd = fd->connect_fd;
	conn->loop = loop;
	atomic_init(&conn->deadline_us, clock_monotonic_us() + loop->server->request_us);
	peer_text(peer == NULL ? NULL : peer->client_addr, conn->peer);
	return conn;
}

static void
list_add(struct door *door, struct conn *conn)
{
	pthread_mutex_lock(&door->lock);
	conn->older = door->conns;
	if (door->conns != NULL)
		door->conns->newer = conn;
	door->conns = conn;
	pthread_mutex_unlock(&door->lock);
}

/* Keep the socket alive beyond libmicrohttpd's closing of it. */
static void
linger(struct door *door, const struct conn *conn)
{
	int fd;

	if (!conn->unread || door->lingerer_count == LINGER_MAX || atomic_load(&door->closed))
		return;
	fd = fcntl(conn->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return;
	door->lingerers[door->lingerer_count++] = (struct lingerer){
		.fd = fd, .until_us = clock_monotonic_us() + (int64_t)LINGER_MS * 1000, .budget = LINGER_BYTES
	};
}

static void
list_remove(struct door *door, struct conn *conn)
{
	pthread_mutex_lock(&door->lock);
	if (conn->newer != NULL)
		conn->newer->older = conn->older;
	else
		door->conns = conn->older;
	if (conn->older != NULL)
		conn->older->newer = conn->newer;
	linger(door, conn);
	pthread_mutex_unlock(&door->lock);
}

static void
wake(const struct door *door)
{
	uint64_t one = 1;

	(void)!write(door->wake_fd, &one, sizeof(one)); /* it is full of calls already: good as well */
}

void
door_connection(void *context, struct MHD_Connection *connection, void **place,
		enum MHD_ConnectionNotificationCode code)
{
	struct event_loop *loop = context;
	struct http_server *server = loop->server;
	struct conn *conn;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*place = conn = conn_new(loop, connection);
		if (conn != NULL) {
			events_conn_add(loop, conn);
			list_add(&server->door, conn);
		}
		if (atomic_fetch_add(&server->connections, 1) == 0)
			wake(&server->door); /* it may be waiting without end */
		return;
	}
	conn = *place;
	*place = NULL;
	if (conn != NULL) {
		events_conn_remove(loop, conn);
		list_remove(&server->door, conn);
	}
	if (conn != NULL && conn->unread)
		wake(&server->door);
	mem_free(&conn);
	atomic_fetch_sub(&server->connections, 1);
}

/* --- the thread ---------------------------------------------------------------------------------------------------------- */

/* false: no descriptor or no memory is left. */
static bool
accept_one(struct http_server *server, bool *ret_more)
{
	struct arrival arrival = { .address_bytes = sizeof(arrival.address) };
	int fd =
	    accept4(server->door.listen_fd, &arrival.address.any, &arrival.address_bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);

	*ret_more = fd >= 0 || errno == ECONNABORTED || errno == EINTR || errno == EPROTO;
	if (fd < 0)
		return *ret_more || errno == EAGAIN || errno == EWOULDBLOCK;
	arrival.fd = fd;
	if (atomic_load(&server->connections) < server->settings.connections_max)
		events_take(server, &arrival);
	else
		close(fd);
	return true;
}

static bool
accept_some(struct http_server *server)
{
	bool more = true, able = true;

	for (int i = 0; i < ACCEPT_AT_ONCE && more && able; i++)
		able = accept_one(server, &more);
	return able;
}

/*
 * Has the client ended without having asked for anything whole?  libmicrohttpd does not notice an end that came together with
 * the last bytes before it.  It may be about to read a whole request at this very moment; therefore two looks.
 */
static bool
is_abandoned(struct conn *c)
{
	char byte;
	bool ended = !atomic_load(&c->served) && recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;

	c->ends_seen = ended ? c->ends_seen + 1 : 0;
	return c->ends_seen >= 2;
}

/* Shut down what is over; while the door is closed, idle connections too. */
static void
sweep(struct door *door, int64_t now_us)
{
	bool leaving = atomic_load(&door->closed);

	pthread_mutex_lock(&door->lock);
	for (struct conn *c = door->conns; c != NULL; c = c->older)
		if (atomic_load(&c->deadline_us) <= now_us || (leaving && !atomic_load(&c->busy)) || is_abandoned(c))
			shutdown(c->fd, SHUT_RDWR);
	pthread_mutex_unlock(&door->lock);
}

/* true: its client has closed, or has had its time. */
static bool
lingerer_read(struct lingerer *l, int64_t now_us)
{
	char scratch[4096];
	ssize_t n;

	while ((n = recv(l->fd, scratch, sizeof(scratch), MSG_DONTWAIT)) > 0) {
		if ((size_t)n >= l->budget)
			return true;
		l->budget -= (size_t)n;
	}
	return n == 0 || (errno != EAGAIN && errno != EINTR) || now_us >= l->until_us;
}

static void
lingerers_read(struct door *door, int64_t now_us)
{
	pthread_mutex_lock(&door->lock);
	for (size_t i = 0; i < door->lingerer_count;) {
		if (!lingerer_read(&door->lingerers[i], now_us)) {
			i++;
			continue;
		}
		close(door->lingerers[i].fd);
		door->lingerers[i] = door->lingerers[--door->lingerer_count];
	}
	pthread_mutex_unlock(&door->lock);
}

/* Descriptors to wait for: the listening socket when there is one (negative: skipped), the wake, the lingerers. */
static size_t
watch(struct door *door, bool accepting, struct pollfd *ret_polls)
{
	size_t n = 2;

	ret_polls[0] = (struct pollfd){ .fd = accepting ? door->listen_fd : -1, .events = POLLIN };
	ret_polls[1] = (struct pollfd){ .fd = door->wake_fd, .events = POLLIN };
	pthread_mutex_lock(&door->lock);
	for (size_t i = 0; i < door->lingerer_count; i++)
		ret_polls[n++] = (struct pollfd){ .fd = door->lingerers[i].fd, .events = POLLIN };
	pthread_mutex_unlock(&door->lock);
	return n;
}

static int
tick_ms(const struct http_server *server)
{
	int64_t shortest = server->request_us < server->reply_us ? server->request_us : server->reply_us;
	int64_t tick = shortest / 1000 / 20;

	if (atomic_load(&server->door.closed))
		return HASTE_MS;
	return tick > TICK_MS_MAX ? TICK_MS_MAX : tick < TICK_MS_MIN ? TICK_MS_MIN : (int)tick;
}

static int
patience_ms(const struct http_server *server, size_t watched, bool able)
{
	if (!able)
		return BACK_OFF_MS;
	/* With nobody here and nobody coming there is nothing to watch over. */
	return atomic_load(&server->connections) == 0 && watched == 2 ? -1 : tick_ms(server);
}

struct patience {
	int64_t looked_us, until_us; /* the last look at the deadlines; until then nobody is cut */
};

/*
 * After a standstill (a machine that was paused, a debugger) deadlines are over that nobody could keep: first is read what came
 * meanwhile.  One standstill pardons once, so that a machine which only crawls cuts nevertheless.
 */
static bool
pardons(struct patience *p, int expected_ms, int64_t now_us)
{
	int64_t late_us = now_us - p->looked_us - (int64_t)expected_ms * 1000;

	if (expected_ms >= 0 && late_us > (int64_t)STOPPED_MS * 1000 &&
	    now_us > p->until_us + (int64_t)PARDON_MS * 1000)
		p->until_us = now_us + (int64_t)PARDON_MS * 1000;
	p->looked_us = now_us;
	return now_us < p->until_us;
}

static void *
door_main(void *context)
{
	struct http_server *server = context;
	struct door *door = &server->door;
	struct pollfd polls[2 + LINGER_MAX];
	struct patience patience = { .looked_us = clock_monotonic_us() };
	bool able = true;

	while (!atomic_load(&door->ended)) {
		size_t n = watch(door, able && !atomic_load(&door->closed), polls);
		int tick = patience_ms(server, n, able);
		uint64_t calls;

		(void)poll(polls, n, tick);
		(void)!read(door->wake_fd, &calls, sizeof(calls)); /* nobody called: good as well */
		able = true;
		if (polls[0].revents != 0 && !atomic_load(&door->closed))
			able = accept_some(server);
		if (!pardons(&patience, tick, clock_monotonic_us()))
			sweep(door, clock_monotonic_us());
		lingerers_read(door, clock_monotonic_us());
	}
	return NULL;
}

err
door_open(struct http_server *server)
{
	struct door *door = &server->door;
	int flags = fcntl(door->listen_fd, F_GETFL);

	if (flags < 0 || fcntl(door->listen_fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return ERR_INVALID;
	door->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (door->wake_fd < 0)
		return ERR_IO;
	if (pthread_create(&door->thread, NULL, door_main, server) == 0)
		return ERR_OK;
	close(door->wake_fd);
	door->wake_fd = -1;
	return ERR_MEMORY;
}

void
door_close(struct http_server *server)
{
	atomic_store(&server->door.closed, true);
	wake(&server->door);
}

void
door_end(struct http_server *server)
{
	struct door *door = &server->door;

	atomic_store(&door->ended, true);
	wake(door);
	pthread_join(door->thread, NULL);
	for (size_t i = 0; i < door->lingerer_count; i++)
		close(door->lingerers[i].fd);
	door->lingerer_count = 0;
}
