/*
 * Acceptor thread: accepts connections, shares them out among clients, enforces deadlines, drains refused sockets (lingering
 * close).
 *
 * When all connections are taken, one of the client that holds most makes way (shares.h): its socket is shut down, and its event
 * thread closes it.  The newcomer is accepted at once; so for a moment there are a few connections more than connections_max.
 *
 * Deadlines are absolute, not idle ones: a client that sends a byte now and then gains nothing.  A connection whose time is
 * over has its socket shut down, which its event thread notices.  The number of a socket may be another one's as soon as it
 * is closed; so a connection leaves the list, under the lock, before libmicrohttpd closes its socket.
 */
#include "http/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LEAVING_MAX = 64,       /* connections that make way at the same time */
	SPARE_DESCRIPTORS = 16, /* for what libraries open for a moment */
	BY_FD_MAX = 1 << 20,    /* sockets with a larger number are not taken */
	TICK_MS_MAX = 1000,
	TICK_MS_MIN = 10,
	ACCEPT_AT_ONCE = 64,
	BACK_OFF_MS = 20,       /* no descriptor or no memory: one that makes way needs this long to leave */
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
conn_new(struct http_server *server, const struct arrival *arrival)
{
	struct conn *conn = mem_new(sizeof(*conn));

	if (conn == NULL)
		return NULL;
	conn->fd = arrival->fd;
	conn->network = network_of_socket(&arrival->address.any);
	atomic_init(&conn->deadline_us, clock_monotonic_us() + server->request_us);
	peer_text(&arrival->address.any, conn->peer);
	return conn;
}

static void
list_add(struct door *door, struct conn *conn)
{
	conn->older = door->conns;
	if (door->conns != NULL)
		door->conns->newer = conn;
	door->conns = conn;
	door->by_fd[conn->fd] = conn;
}

static void
list_remove(struct door *door, struct conn *conn)
{
	if (conn->newer != NULL)
		conn->newer->older = conn->older;
	else
		door->conns = conn->older;
	if (conn->older != NULL)
		conn->older->newer = conn->newer;
	if (door->by_fd[conn->fd] == conn) /* else its socket is closed, and the number is another one's */
		door->by_fd[conn->fd] = NULL;
	shares_remove(door->shares, &conn->member);
	door->leaving -= conn->leaving;
}

static size_t
lingerers_of(const struct door *door, const struct network *network)
{
	size_t n = 0;

	for (size_t i = 0; i < door->lingerer_count; i++)
		n += network_equal(&door->lingerers[i].network, network);
	return n;
}

/* All places are taken: the first one found of the client that has most of them. */
static size_t
lingerer_of_the_busiest(const struct door *door)
{
	size_t found = 0, most = 0;

	for (size_t i = 0; i < door->lingerer_count; i++) {
		size_t has = lingerers_of(door, &door->lingerers[i].network);
		if (has > most) {
			most = has;
			found = i;
		}
	}
	return found;
}

static void
lingerer_end(struct door *door, size_t i)
{
	close(door->lingerers[i].fd);
	door->lingerers[i] = door->lingerers[--door->lingerer_count];
}

/* Keep the socket alive beyond libmicrohttpd's closing of it. */
static void
linger(struct door *door, const struct conn *conn)
{
	int fd;

	if (!conn->unread || door->linger_max == 0 || atomic_load(&door->closed))
		return;
	if (door->lingerer_count == door->linger_max)
		lingerer_end(door, lingerer_of_the_busiest(door));
	fd = fcntl(conn->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return;
	door->lingerers[door->lingerer_count++] =
	    (struct lingerer){ .fd = fd,
			       .network = conn->network,
			       .until_us = clock_monotonic_us() + (int64_t)LINGER_MS * 1000,
			       .budget = LINGER_BYTES };
}

static void
wake(const struct door *door)
{
	uint64_t one = 1;

	(void)!write(door->wake_fd, &one, sizeof(one)); /* it is full of calls already: good as well */
}

/* The connection is nobody's any more. */
static void
conn_end(struct http_server *server, struct conn *conn)
{
	bool unread = conn->unread;

	pthread_mutex_lock(&server->door.lock);
	list_remove(&server->door, conn);
	linger(&server->door, conn);
	pthread_mutex_unlock(&server->door.lock);
	mem_free(&conn);
	atomic_fetch_sub(&server->connections, 1);
	if (atomic_exchange(&server->door.crowded, false) || unread)
		wake(&server->door);
}

void
door_forget(struct http_server *server, struct conn *conn)
{
	conn_end(server, conn);
}

void
door_refuse(struct http_server *server, struct conn *conn)
{
	int fd = conn->fd;

	conn_end(server, conn);
	close(fd);
}

/* Called by libmicrohttpd on the event thread: the connection has begun, or its socket is about to be closed. */
void
door_connection(void *context, struct MHD_Connection *connection, void **place,
		enum MHD_ConnectionNotificationCode code)
{
	struct event_loop *loop = context;
	struct door *door = &loop->server->door;
	const union MHD_ConnectionInfo *info =
	    mhd.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct conn *conn = *place;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*place = conn = door->by_fd[info->connect_fd];
		conn->loop = loop;
		events_conn_add(loop, conn);
		pthread_mutex_lock(&door->lock);
		conn->started = true;
		if (conn->leaving)
			shutdown(conn->fd, SHUT_RDWR);
		pthread_mutex_unlock(&door->lock);
		return;
	}
	*place = NULL;
	events_conn_remove(loop, conn);
	conn_end(loop->server, conn);
}

/* --- the thread ---------------------------------------------------------------------------------------------------------- */

static enum share_worth
worth_of(const struct share_member *member)
{
	const struct conn *conn = (const struct conn *)((const char *)member - offsetof(struct conn, member));

	if (atomic_load(&conn->served))
		return atomic_load(&conn->deadline_us) == NO_DEADLINE ? SHARE_WORKING : SHARE_REPLYING;
	return !conn->started || atomic_load(&conn->busy) ? SHARE_UNFINISHED : SHARE_IDLE;
}

/* false: there is nobody who should rather leave. */
static bool
make_way(struct http_server *server, const struct network *newcomer, bool trusted)
{
	struct door *door = &server->door;
	struct share_member *member =
	    door->leaving == door->leaving_max ? NULL : shares_make_way(door->shares, newcomer, trusted, worth_of);
	struct conn *conn;

	if (member == NULL)
		return false;
	conn = (struct conn *)((char *)member - offsetof(struct conn, member));
	shares_remove(door->shares, member);
	conn->leaving = true;
	door->leaving++;
	atomic_fetch_add(&server->made_way, 1);
	if (conn->started)
		shutdown(conn->fd, SHUT_RDWR);
	return true;
}

/* false: there is no place for it. */
static bool
conn_take(struct http_server *server, struct conn *conn, bool trusted)
{
	struct door *door = &server->door;
	bool taken;

	pthread_mutex_lock(&door->lock);
	taken = shares_add(door->shares, &conn->network, trusted, &conn->member) ||
		(make_way(server, &conn->network, trusted) &&
		 shares_add(door->shares, &conn->network, trusted, &conn->member));
	if (taken) {
		list_add(door, conn);
		atomic_fetch_add(&server->connections, 1);
	}
	pthread_mutex_unlock(&door->lock);
	return taken;
}

bool
door_take(struct http_server *server, struct arrival *arrival)
{
	const struct http_app *app = server->app;
	struct conn *conn = (size_t)arrival->fd < server->door.by_fd_count ? conn_new(server, arrival) : NULL;
	bool trusted = conn != NULL && app->trusts != NULL && app->trusts(server->app_data, str_of(conn->peer));

	arrival->conn = conn;
	if (conn != NULL && conn_take(server, conn, trusted))
		return true;
	mem_free(&conn);
	return false;
}

/* No descriptor or no memory is left, which connections_max should have kept from happening: somebody must go first. */
static void
shed(struct http_server *server)
{
	const struct network nobody = { .n = 0 };

	pthread_mutex_lock(&server->door.lock);
	(void)make_way(server, &nobody, false);
	pthread_mutex_unlock(&server->door.lock);
}

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
	if (door_take(server, &arrival))
		events_take(server, &arrival);
	else
		close(fd);
	return true;
}

/* As many as may make way have not left yet: the next one waits in the system's queue. */
static bool
is_crowded(struct http_server *server)
{
	struct door *door = &server->door;

	if (atomic_load(&server->connections) < door->connections_max + door->leaving_max)
		return false;
	atomic_store(&door->crowded, true); /* then look again: one may have left in between */
	return atomic_load(&server->connections) >= door->connections_max + door->leaving_max;
}

static bool
accept_some(struct http_server *server)
{
	bool more = true, able = true;

	for (int i = 0; i < ACCEPT_AT_ONCE && more && able && !is_crowded(server); i++)
		able = accept_one(server, &more);
	if (!able)
		shed(server);
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
		if (c->started &&
		    (atomic_load(&c->deadline_us) <= now_us || (leaving && !atomic_load(&c->busy)) || is_abandoned(c)))
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
		if (lingerer_read(&door->lingerers[i], now_us))
			lingerer_end(door, i);
		else
			i++;
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

/* At each tick, and not at each arrival: a flood of those must not cost a look at every connection each time. */
static void
sweep_when_due(struct http_server *server, struct patience *patience, int tick, int64_t *swept_us)
{
	int64_t now_us = clock_monotonic_us();

	if (pardons(patience, tick, now_us) || now_us - *swept_us < (int64_t)tick_ms(server) * 1000)
		return;
	sweep(&server->door, now_us);
	*swept_us = now_us;
}

static void *
door_main(void *context)
{
	struct http_server *server = context;
	struct door *door = &server->door;
	struct pollfd polls[2 + LINGER_MAX];
	struct patience patience = { .looked_us = clock_monotonic_us() };
	int64_t swept_us = patience.looked_us;
	bool able = true;

	while (!atomic_load(&door->ended)) {
		size_t n = watch(door, able && !atomic_load(&door->closed) && !is_crowded(server), polls);
		int tick = patience_ms(server, n, able);
		uint64_t calls;

		(void)poll(polls, n, tick);
		(void)!read(door->wake_fd, &calls, sizeof(calls)); /* nobody called: good as well */
		able = true;
		if (polls[0].revents != 0 && !atomic_load(&door->closed))
			able = accept_some(server);
		sweep_when_due(server, &patience, tick, &swept_us);
		lingerers_read(door, clock_monotonic_us());
	}
	return NULL;
}

/* --- start and stop ------------------------------------------------------------------------------------------------------- */

/* How many descriptors this process may have; how many it has: the lowest free number, for they are given out from 0 on. */
static size_t
descriptors_max(const struct http_server *server)
{
	struct rlimit limit;

	if (server->settings.descriptors_max > 0)
		return server->settings.descriptors_max;
	return getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > BY_FD_MAX ? BY_FD_MAX : (size_t)limit.rlim_cur;
}

static size_t
descriptors_used(const struct door *door)
{
	int fd = fcntl(door->listen_fd, F_DUPFD_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0 ? (size_t)fd : 0;
}

/*
 * Connections, those that make way, and lingering ones must find descriptors.  What the server itself opens later is in its
 * spare ones: two for each event thread, and one for this thread.
 */
static err
bounds_set(struct http_server *server, size_t all)
{
	struct door *door = &server->door;
	size_t others = descriptors_used(door) + 2 * server->settings.event_threads + SPARE_DESCRIPTORS;
	size_t room = all > others ? all - others : 0, sixteenth = room / 16;

	if (room < 16)
		return ERR_TOO_LONG;
	door->leaving_max = sixteenth < LEAVING_MAX ? sixteenth : LEAVING_MAX;
	door->linger_max = sixteenth < LINGER_MAX ? sixteenth : LINGER_MAX;
	room -= door->leaving_max + door->linger_max;
	door->connections_max = server->settings.connections_max < room ? server->settings.connections_max : room;
	return ERR_OK;
}

err
door_prepare(struct http_server *server)
{
	struct door *door = &server->door;
	size_t all = descriptors_max(server);

	TRY(bounds_set(server, all));
	door->by_fd_count = all < BY_FD_MAX ? all : BY_FD_MAX;
	door->by_fd = mem_new_array(door->by_fd_count, sizeof(struct conn *));
	door->shares = shares_new(door->connections_max, server->id_base);
	return door->by_fd == NULL || door->shares == NULL ? ERR_MEMORY : ERR_OK;
}

void
door_free(struct http_server *server)
{
	shares_free(&server->door.shares);
	mem_free(&server->door.by_fd);
}

err
door_open(struct http_server *server)
{
	struct door *door = &server->door;
	int flags = fcntl(door->listen_fd, F_GETFL);

	/* http_listen made it so already, and the sandbox allows no change of flags. */
	if (flags < 0 || ((flags & O_NONBLOCK) == 0 && fcntl(door->listen_fd, F_SETFL, flags | O_NONBLOCK) != 0))
		return ERR_INVALID;
	door->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (door->wake_fd < 0)
		return ERR_IO;
	if (thread_start(door_main, server, &door->thread) == ERR_OK)
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
