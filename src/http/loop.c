/*
 * The event threads.  Each thread has an epoll set with the listening socket and its connections.  It does all the
 * work of a connection, except the application's work in a worker pool.  A request that is answered inline takes no
 * lock.
 *
 * Deadlines are lists: all connections of a list have the same timeout, so the first one expires first.  Deadlines
 * are absolute: a client that sends one byte at a time does not extend its deadline.
 */
#include "http/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/thread.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	EVENTS_AT_ONCE = 64,
	ACCEPT_AT_ONCE = 16,
	/* backoff when no connection can be accepted; an evicted connection takes about this long to close */
	BACK_OFF_MS = 20,
	STOPPED_MS = 1000,          /* a delay of this length means that the process or the machine was suspended */
	GRACE_MS = 1000,            /* grace period after a suspension: no deadline ends a connection */
	LINGER_MS = 2000,           /* timeout of the lingering close */
	HEAD_MAX_BYTES = 64 * 1024, /* of a reply */
#ifdef __SANITIZE_ADDRESS__
	SPARES_MAX = 0, /* AddressSanitizer then finds a use of a freed job */
#else
	SPARES_MAX = 64,
#endif
};

/* --- connections in lists ----------------------------------------------------------------------------------------- */

static void
loop_unlist(struct conn *conn)
{
	struct conn_list *list = conn->list;

	if (list == NULL)
		return;
	*(conn->before != NULL ? &conn->before->next : &list->first) = conn->next;
	*(conn->next != NULL ? &conn->next->before : &list->last) = conn->before;
	conn->list = NULL;
}

void
loop_list(struct conn *conn, struct conn_list *list)
{
	loop_unlist(conn);
	if (list == NULL)
		return;
	conn->list = list;
	conn->deadline_us = list->length_us == 0 ? INT64_MAX : conn->loop->now_us + list->length_us;
	conn->before = list->last;
	conn->next = NULL;
	*(list->last != NULL ? &list->last->next : &list->first) = conn;
	list->last = conn;
}

void
loop_watch(struct conn *conn, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = conn };
	int act = conn->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

	if (conn->watched == events)
		return;
	/* if it fails for lack of memory, the deadline ends the connection */
	(void)epoll_ctl(conn->loop->epoll_fd, act, conn->fd, &event);
	conn->watched = events;
}

/* --- jobs --------------------------------------------------------------------------------------------------------- */

struct job *
loop_job(struct conn *conn)
{
	struct loop *loop = conn->loop;
	struct job *job = loop->spares;

	if (conn->job != NULL)
		return conn->job;
	if (job != NULL) {
		loop->spares = job->next;
		loop->spare_count--;
	} else {
		job = mem_raw(sizeof(*job) + loop->server->settings.head_max + 1);
	}
	if (job == NULL)
		return NULL;
	job->conn = conn;
	job->server = loop->server;
	job->filled = 0;
	conn->job = job;
	request_begin(job);
	return job;
}

void
loop_job_drop(struct conn *conn)
{
	struct loop *loop = conn->loop;
	struct job *job = conn->job;

	if (job == NULL)
		return;
	conn->job = NULL;
	request_end(job);
	secret_wipe(job->bytes, job->filled);
	if (loop->spare_count == SPARES_MAX) {
		mem_free(&job);
		return;
	}
	job->next = loop->spares;
	loop->spares = job;
	loop->spare_count++;
}

/* --- the inbox ---------------------------------------------------------------------------------------------------- */

static void
loop_wake(const struct loop *loop)
{
	uint64_t one = 1;

	/* fails if the counter is full; the thread then wakes up anyway */
	(void)!write(loop->wake_fd, &one, sizeof(one));
}

void
loops_wake(struct http_server *server)
{
	for (size_t i = 0; i < server->loop_count; i++)
		loop_wake(&server->loops[i]);
}

void
loop_give(struct conn *conn)
{
	struct loop *loop = conn->loop;
	struct conn *first = atomic_load_explicit(&loop->inbox, memory_order_relaxed);

	do
		conn->inbox_next = first;
	while (!atomic_compare_exchange_weak_explicit(&loop->inbox, &first, conn, memory_order_release,
						      memory_order_relaxed));
	if (first == NULL)
		loop_wake(loop);
}

/* The inbox in the order of the calls of loop_give. */
static struct conn *
loop_inbox(struct loop *loop)
{
	struct conn *given = atomic_exchange_explicit(&loop->inbox, NULL, memory_order_acquire), *ordered = NULL;

	while (given != NULL) {
		struct conn *next = given->inbox_next;
		given->inbox_next = ordered;
		ordered = given;
		given = next;
	}
	return ordered;
}

static void
loop_take(struct loop *loop)
{
	for (struct conn *conn = loop_inbox(loop), *next; conn != NULL; conn = next) {
		next = conn->inbox_next;
		if (conn_is(conn, CONN_NEW))
			conn_begin(conn);
		else
			conn_done(conn);
	}
}

/* --- accepting ---------------------------------------------------------------------------------------------------- */

/* EPOLLEXCLUSIVE: the kernel wakes one thread for a connection, not all. */
static void
loop_accepting(struct loop *loop, bool on)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = NULL };
	int act = on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;

	if (loop->accepting != on && epoll_ctl(loop->epoll_fd, act, loop->server->acceptor.listen_fd, &event) == 0)
		loop->accepting = on;
}

static void
loop_accept(struct loop *loop)
{
	enum acceptor_outcome outcome = ACCEPTOR_TAKEN;

	for (int i = 0; i < ACCEPT_AT_ONCE && outcome == ACCEPTOR_TAKEN; i++)
		outcome = acceptor_accept(loop->server);
	if (outcome != ACCEPTOR_CROWDED)
		return;
	loop_accepting(loop, false);
	loop->accept_retry_us = loop->now_us + BACK_OFF_MS * INT64_C(1000);
}

/* --- deadlines ---------------------------------------------------------------------------------------------------- */

static int64_t
loop_due_us(const struct loop *loop)
{
	const struct conn_list *const lists[] = { &loop->requests, &loop->replies, &loop->lingerers };
	int64_t due = loop->accepting || loop->closing ? INT64_MAX : loop->accept_retry_us;

	for (size_t i = 0; i < COUNT(lists); i++)
		if (lists[i]->first != NULL && lists[i]->first->deadline_us < due)
			due = lists[i]->first->deadline_us;
	return due != INT64_MAX && due < loop->grace_until_us ? loop->grace_until_us : due;
}

/* Milliseconds until the next deadline, rounded up; -1: no deadline. */
static int
loop_timeout_ms(const struct loop *loop)
{
	int64_t due = loop_due_us(loop), left = due - loop->now_us;

	if (due == INT64_MAX)
		return -1;
	return left <= 0 ? 0 : left > SECONDS_US(3600) ? 3600 * 1000 : (int)((left + 999) / 1000);
}

static void
loop_end_overdue(struct loop *loop)
{
	struct conn_list *const lists[] = { &loop->requests, &loop->replies, &loop->lingerers };

	if (loop->now_us < loop->grace_until_us)
		return;
	for (size_t i = 0; i < COUNT(lists); i++)
		while (lists[i]->first != NULL && lists[i]->first->deadline_us <= loop->now_us)
			conn_give_up(lists[i]->first);
}

/*
 * After a suspension (a paused machine, a debugger) deadlines may have expired while no client could be served.  A
 * grace period lets the thread first read the bytes that arrived in the meantime.  A second grace period begins
 * only after a pause, so that a very slow machine still ends connections.
 */
static void
loop_clock(struct loop *loop, int waited_ms)
{
	int64_t now = clock_monotonic_us(), late = now - loop->now_us - waited_ms * INT64_C(1000);

	if (waited_ms >= 0 && late > STOPPED_MS * INT64_C(1000) &&
	    now > loop->grace_until_us + GRACE_MS * INT64_C(1000))
		loop->grace_until_us = now + GRACE_MS * INT64_C(1000);
	loop->now_us = now;
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

static void
loop_event(struct loop *loop, const struct epoll_event *event)
{
	uint64_t calls;

	if (event->data.ptr == NULL)
		loop_accept(loop);
	else if (event->data.ptr == loop)
		(void)!read(loop->wake_fd, &calls, sizeof(calls));
	else
		conn_event(event->data.ptr);
}

/* Called once, when the server stops: requests that have arrived are answered, idle connections are closed. */
static void
loop_close(struct loop *loop)
{
	loop->closing = true;
	loop_accepting(loop, false);
	for (struct conn *conn = loop->requests.first, *next; conn != NULL; conn = next) {
		next = conn->next;
		conn_close_idle(conn);
	}
}

static void
loop_tend(struct loop *loop)
{
	loop_end_overdue(loop);
	if (!loop->closing && !loop->accepting && loop->now_us >= loop->accept_retry_us) {
		loop_accepting(loop, true);
		loop->accept_retry_us = loop->now_us + BACK_OFF_MS * INT64_C(1000); /* the next try, if it failed */
	}
	if (!loop->closing && atomic_load_explicit(&loop->server->closed, memory_order_relaxed))
		loop_close(loop);
}

static void *
loop_main(void *context)
{
	struct loop *loop = context;
	struct epoll_event events[EVENTS_AT_ONCE];

	loop->now_us = clock_monotonic_us();
	while (!atomic_load_explicit(&loop->server->ended, memory_order_relaxed)) {
		int timeout_ms = loop_timeout_ms(loop);
		int n = epoll_wait(loop->epoll_fd, events, EVENTS_AT_ONCE, timeout_ms);
		loop_clock(loop, timeout_ms);
		for (int i = 0; i < n; i++)
			loop_event(loop, &events[i]);
		loop_take(loop);
		loop_tend(loop);
	}
	return NULL;
}

/* --- start and stop ----------------------------------------------------------------------------------------------- */

static err
loop_open(struct loop *loop)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = loop };

	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->epoll_fd < 0 || loop->wake_fd < 0 ||
	    epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &event) != 0)
		return ERR_MEMORY;
	loop_accepting(loop, true);
	return loop->accepting ? ERR_OK : ERR_MEMORY;
}

static err
loop_start(struct loop *loop)
{
	TRY(thread_start(loop_main, loop, &loop->thread));
	loop->runs = true;
	return ERR_OK;
}

static void
loop_init(struct http_server *server, size_t i)
{
	server->loops[i] = (struct loop){
		.server = server,
		.epoll_fd = -1,
		.wake_fd = -1,
		.requests.length_us = (int64_t)server->settings.request_ms * 1000,
		.replies.length_us = (int64_t)server->settings.reply_ms * 1000,
		.lingerers.length_us = LINGER_MS * INT64_C(1000),
		.next_id = i,
		.head = BUF(HEAD_MAX_BYTES),
		.date_s = -1,
	};
	atomic_init(&server->loops[i].inbox, NULL);
}

/* All loops must exist before the first one accepts: it may give a connection to any of them. */
err
loops_open(struct http_server *server)
{
	server->loops = mem_new_array(server->settings.event_threads, sizeof(*server->loops));
	if (server->loops == NULL)
		return ERR_MEMORY;
	server->loop_count = server->settings.event_threads;
	for (size_t i = 0; i < server->loop_count; i++)
		loop_init(server, i);
	for (size_t i = 0; i < server->loop_count; i++)
		TRY(loop_open(&server->loops[i]));
	for (size_t i = 0; i < server->loop_count; i++)
		TRY(loop_start(&server->loops[i]));
	return ERR_OK;
}

static void
loop_end(struct loop *loop)
{
	struct conn_list *const lists[] = { &loop->requests, &loop->replies, &loop->lingerers, &loop->working };

	loop_take(loop);
	for (size_t i = 0; i < COUNT(lists); i++)
		while (lists[i]->first != NULL)
			conn_give_up(lists[i]->first);
	for (struct job *job = loop->spares, *next; job != NULL; job = next) {
		next = job->next;
		mem_drop(job);
	}
	buf_wipe(&loop->head);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
}

void
loops_end(struct http_server *server)
{
	atomic_store(&server->ended, true);
	loops_wake(server);
	for (size_t i = 0; i < server->loop_count; i++)
		if (server->loops[i].runs)
			pthread_join(server->loops[i].thread, NULL);
	for (size_t i = 0; i < server->loop_count; i++)
		loop_end(&server->loops[i]);
	server->loop_count = 0;
	mem_free(&server->loops);
}
