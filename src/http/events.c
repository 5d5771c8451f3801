/*
 * The event threads: each runs a daemon of libmicrohttpd of its own, takes over connections that the doorkeeper has accepted, and
 * gives back the memory of those that are idle.
 *
 * Everything of a connection happens on its event thread, but for its time in a lane.  The loop is ours and not the library's, so
 * that there is a moment at which the library does nothing on this thread.
 */
#include "http/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	PAGE_BYTES = 4096,
	/*
	 * What one connection may hold while a request lasts: the head (16 KiB), libmicrohttpd's copy of the Cookie header and
	 * its record of each field, and the head of the reply.  Over 32 KiB libmicrohttpd maps pages of its own for it, so
	 * that a connection costs nothing before its first byte and what it held is gone with it.
	 */
	CONNECTION_MEMORY_BYTES = 10 * PAGE_BYTES,
	CONNECTION_INCREMENT_BYTES = 1024,
	TIDY_MS = 1000,
};

/* --- memory of idle connections ------------------------------------------------------------------------------------------- */

static bool
is_zero(const char *bytes, size_t n)
{
	return bytes[0] == 0 && str_equal(str_bytes(bytes, n - 1), str_bytes(bytes + 1, n - 1));
}

/*
 * Between two requests libmicrohttpd overwrites a connection's memory with zeros and keeps it: 40 KiB, for whoever may never ask
 * again.  Pages of zeros can be given back at any time, for the kernel gives pages of zeros for them; and nobody writes there
 * meanwhile, for only this thread ever does.
 */
static void
pool_give_back(struct conn *conn)
{
	if (is_zero(conn->pool, CONNECTION_MEMORY_BYTES) &&
	    madvise(conn->pool, CONNECTION_MEMORY_BYTES, MADV_DONTNEED) == 0)
		atomic_fetch_add(&conn->loop->server->given_back, 1);
	conn->pool = NULL; /* until the next request says where it is */
}

/* Those that have been idle since the last look. */
static bool
pools_give_back(struct event_loop *loop)
{
	bool more = false;

	for (struct conn *conn = loop->conns; conn != NULL; conn = conn->next) {
		if (conn->pool == NULL || atomic_load(&conn->busy))
			continue;
		if (conn->rests)
			pool_give_back(conn);
		else
			conn->rests = more = true;
	}
	return more;
}

void
events_request(struct job *job, const char *method)
{
	job->conn->rests = false;
	/* The head stands at the beginning of the connection's memory, in the version that is known. */
	if (job->server->exact_layout && (uintptr_t)method % PAGE_BYTES == 0)
		job->conn->pool = (char *)(uintptr_t)method;
}

/* --- connections come and go ------------------------------------------------------------------------------------------------ */

void
events_conn_add(struct event_loop *loop, struct conn *conn)
{
	conn->next = loop->conns;
	if (loop->conns != NULL)
		loop->conns->before = conn;
	loop->conns = conn;
}

void
events_conn_remove(struct event_loop *loop, struct conn *conn)
{
	if (conn->before != NULL)
		conn->before->next = conn->next;
	else
		loop->conns = conn->next;
	if (conn->next != NULL)
		conn->next->before = conn->before;
}

static void
wake(const struct event_loop *loop)
{
	uint64_t one = 1;

	(void)!write(loop->wake_fd, &one, sizeof(one)); /* it is full of calls already: good as well */
}

/*
 * The library is not asked to wake its daemon (MHD_USE_ITC): MHD_run looks for resumed connections first and takes the call
 * afterwards, so that one which comes in between would be lost.
 */
void
events_resume(struct job *job)
{
	struct event_loop *loop = job->conn->loop;

	mhd.MHD_resume_connection(job->connection);
	wake(loop);
}

/* Each loop has its turn. */
static struct event_loop *
loop_for(struct http_server *server)
{
	return &server->loops[server->door.accepted++ % server->settings.event_threads];
}

void
events_take(struct http_server *server, const struct arrival *arrival)
{
	struct event_loop *loop = loop_for(server);
	bool taken;

	pthread_mutex_lock(&loop->lock);
	taken = loop->arrivals_count < loop->arrivals_max;
	if (taken)
		loop->arrivals[(loop->arrivals_first + loop->arrivals_count++) % loop->arrivals_max] = *arrival;
	pthread_mutex_unlock(&loop->lock);
	if (taken)
		wake(loop);
	else
		door_refuse(server, arrival->conn);
}

static bool
arrival_next(struct event_loop *loop, struct arrival *ret_arrival)
{
	bool found;

	pthread_mutex_lock(&loop->lock);
	found = loop->arrivals_count > 0;
	if (found) {
		*ret_arrival = loop->arrivals[loop->arrivals_first];
		loop->arrivals_first =
		    --loop->arrivals_count == 0 ? 0 : (loop->arrivals_first + 1) % loop->arrivals_max;
	}
	pthread_mutex_unlock(&loop->lock);
	return found;
}

static void
arrivals_take(struct event_loop *loop)
{
	struct arrival arrival;

	while (arrival_next(loop, &arrival)) /* closes the socket when it cannot take it */
		if (mhd.MHD_add_connection(loop->daemon, arrival.fd, &arrival.address.any, arrival.address_bytes) !=
		    MHD_YES)
			door_forget(loop->server, arrival.conn);
}

/* --- the loop ----------------------------------------------------------------------------------------------------------------- */

static int
patience_ms(const struct event_loop *loop, bool untidy)
{
	MHD_UNSIGNED_LONG_LONG due = 0;

	if (mhd.MHD_get_timeout(loop->daemon, &due) == MHD_YES && due == 0)
		return 0;
	return untidy ? TIDY_MS : -1;
}

static void *
loop_main(void *context)
{
	struct event_loop *loop = context;
	struct pollfd polls[] = { { .fd = loop->daemon_fd, .events = POLLIN },
				  { .fd = loop->wake_fd, .events = POLLIN } };
	int64_t tidied_us = clock_monotonic_us();
	uint64_t calls;

	while (!atomic_load(&loop->ended)) {
		int ready = poll(polls, COUNT(polls), patience_ms(loop, loop->untidy));
		if (ready > 0 && polls[1].revents != 0) {
			(void)!read(loop->wake_fd, &calls, sizeof(calls));
			arrivals_take(loop);
		}
		(void)mhd.MHD_run(loop->daemon);
		loop->untidy |= ready > 0;
		if (loop->untidy && clock_monotonic_us() - tidied_us >= TIDY_MS * INT64_C(1000)) {
			loop->untidy = pools_give_back(loop);
			tidied_us = clock_monotonic_us();
		}
	}
	return NULL;
}

/* --- start and stop ------------------------------------------------------------------------------------------------------------ */

static size_t
unescape_nothing(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context;
	(void)connection;
	return strlen(text);
}

static struct MHD_Daemon *
daemon_new(struct event_loop *loop)
{
	struct http_server *server = loop->server;
	const struct http_settings *s = &server->settings;
	unsigned limit = (unsigned)(2 * s->connections_max + 256); /* ours is the limit that counts (door.c) */

	return mhd.MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, job_continue, server,
	    MHD_OPTION_NOTIFY_COMPLETED, job_over, server, MHD_OPTION_NOTIFY_CONNECTION, door_connection, loop,
	    MHD_OPTION_URI_LOG_CALLBACK, job_begin, server, MHD_OPTION_UNESCAPE_CALLBACK, unescape_nothing, NULL,
	    MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
	    MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)CONNECTION_INCREMENT_BYTES, MHD_OPTION_END);
}

static err
loop_open(struct event_loop *loop)
{
	const union MHD_DaemonInfo *info;

	pthread_mutex_init(&loop->lock, NULL);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	loop->daemon = daemon_new(loop);
	loop->arrivals_max =
	    loop->server->door.connections_max + loop->server->door.leaving_max; /* touched only where used */
	loop->arrivals = mem_new_array(loop->arrivals_max, sizeof(*loop->arrivals));
	if (loop->wake_fd < 0 || loop->daemon == NULL || loop->arrivals == NULL)
		return ERR_MEMORY;
	info = mhd.MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL)
		return ERR_MEMORY;
	loop->daemon_fd = info->epoll_fd;
	loop->runs = thread_start(loop_main, loop, &loop->thread) == ERR_OK;
	return loop->runs ? ERR_OK : ERR_MEMORY;
}

err
events_open(struct http_server *server)
{
	server->loops = mem_new_array(server->settings.event_threads, sizeof(*server->loops));
	if (server->loops == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < server->settings.event_threads; i++) {
		server->loops[i] = (struct event_loop){ .server = server, .wake_fd = -1 };
		server->loop_count = i + 1;
		TRY(loop_open(&server->loops[i]));
	}
	return ERR_OK;
}

static void
loop_end(struct event_loop *loop)
{
	atomic_store(&loop->ended, true);
	if (loop->runs) {
		wake(loop);
		pthread_join(loop->thread, NULL);
	}
	for (struct arrival arrival; loop->arrivals != NULL && arrival_next(loop, &arrival);)
		door_refuse(loop->server, arrival.conn);
	mem_free(&loop->arrivals);
	if (loop->daemon != NULL)
		mhd.MHD_stop_daemon(loop->daemon);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	pthread_mutex_destroy(&loop->lock);
}

void
events_end(struct http_server *server)
{
	for (size_t i = 0; i < server->loop_count; i++)
		loop_end(&server->loops[i]);
	server->loop_count = 0;
	mem_free(&server->loops);
}
