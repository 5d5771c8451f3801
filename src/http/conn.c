/*
 * One connection, from its first byte to its end.  Its event thread calls conn_event when the socket is ready.
 * conn_advance then goes from state to state until it needs more bytes.
 *
 *	IDLE → HEAD → BODY → (WORK) → REPLY → IDLE            and LINGER after a refusal
 */
#include "http/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/sys.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
	LINGER_BYTES = 1 << 20,
	SCRATCH_BYTES = 16 * 1024,
	BATCH_REQUESTS = 16, /* of one pipeline, before other connections are served */
};

bool
conn_is(const struct conn *conn, enum conn_state state)
{
	return atomic_load_explicit(&conn->state, memory_order_relaxed) == (int)state;
}

static void
conn_set(struct conn *conn, enum conn_state state)
{
	atomic_store_explicit(&conn->state, (int)state, memory_order_relaxed);
}

void
conn_begin(struct conn *conn)
{
	conn_set(conn, CONN_IDLE);
	loop_list(conn, &conn->loop->requests);
	loop_watch(conn, EPOLLIN);
	if (conn->loop->closing)
		conn_close_idle(conn);
}

/* Lingering connections are not counted: conn_linger uncounts them before it sets the state. */
static void
conn_uncount(struct conn *conn)
{
	if (!conn_is(conn, CONN_LINGER))
		atomic_fetch_sub(&conn->loop->server->connections, 1);
}

static void
conn_end(struct conn *conn)
{
	int fd = conn->fd;

	loop_job_drop(conn);
	loop_list(conn, NULL);
	conn_uncount(conn);
	acceptor_leave(conn);
	mem_free(&conn);
	close(fd);
}

/* --- lingering close ---------------------------------------------------------------------------------------------- */

/*
 * Read and discard the bytes that a refused client still sends, for a limited time.  Without this, the kernel would
 * answer them with a reset, which could destroy the reply (RFC 9112 s9.6).  false: the server is closing, or the
 * socket is shut down already.
 */
static bool
conn_linger(struct conn *conn)
{
	if (conn->loop->closing || shutdown(conn->fd, SHUT_WR) != 0)
		return false;
	loop_job_drop(conn);
	conn_uncount(conn);
	conn_set(conn, CONN_LINGER);
	conn->unread_max = LINGER_BYTES;
	loop_list(conn, &conn->loop->lingerers);
	loop_watch(conn, EPOLLIN);
	return true;
}

static void
conn_drain(struct conn *conn)
{
	char scratch[SCRATCH_BYTES];
	ssize_t n = sys_recv(conn->fd, scratch, sizeof(scratch), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		secret_wipe(scratch, (size_t)n);
	if (n <= 0 || (size_t)n >= conn->unread_max)
		conn_end(conn);
	else
		conn->unread_max -= (uint32_t)n;
}

/* --- the request -------------------------------------------------------------------------------------------------- */

enum step {
	STEP_ON,   /* the next state can begin at once */
	STEP_WAIT, /* for the client, or for a worker */
	STEP_END,  /* the connection must be ended */
};

static enum step
conn_reply(struct conn *conn)
{
	conn_set(conn, CONN_REPLY);
	return reply_compose(conn->job) ? STEP_ON : STEP_END;
}

static enum step
conn_refuse(struct conn *conn, int status)
{
	struct job *job = conn->job;

	job->close = job->unread = true;
	(void)!clock_now_us(&job->rq.now_us); /* only for the log */
	reply_refuse(job, status);
	return conn_reply(conn);
}

/* Move the received part of the body from behind the head into the body's memory.  The next request may follow it. */
static void
conn_take_body(struct job *job)
{
	char *behind = job->bytes + job->parser.bytes;
	size_t received = job->filled - job->parser.bytes;
	size_t n = received < job->body_max ? received : job->body_max;

	if (n == 0)
		return;
	memcpy(job->body, behind, n);
	memmove(behind, behind + n, received - n);
	secret_wipe(behind + received - n, n);
	job->body_bytes = n;
	job->filled -= n;
}

static bool
conn_ask_for_body(const struct conn *conn)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

	return sys_send(conn->fd, go_on, sizeof(go_on) - 1, MSG_NOSIGNAL) == (ssize_t)sizeof(go_on) - 1;
}

static enum step
conn_head_whole(struct conn *conn)
{
	struct job *job = conn->job;
	int status = request_check(job);

	if (status == 0 && job->body_max > 0) {
		job->body = arena_alloc(&job->arena, job->body_max);
		status = job->body == NULL ? 503 : 0;
	}
	if (status != 0)
		return conn_refuse(conn, status);
	job->close = job->parser.closes;
	conn_take_body(job);
	conn_set(conn, CONN_BODY);
	if (job->parser.expects && job->body_bytes == 0 && job->body_max > 0)
		return conn_ask_for_body(conn) ? STEP_ON : STEP_END;
	return STEP_ON;
}

static enum step
conn_read_head(struct conn *conn)
{
	struct job *job = conn->job;
	int outcome = parser_read(&job->parser, job->bytes, job->filled, job->server->settings.head_max);

	if (outcome == PARSER_MORE)
		return STEP_WAIT;
	if (outcome == PARSER_WHOLE)
		return conn_head_whole(conn);
	request_name(job);
	return conn_refuse(conn, outcome);
}

static void
conn_count_request(struct loop *loop)
{
	uint64_t before = atomic_load_explicit(&loop->requests_count, memory_order_relaxed);

	atomic_store_explicit(&loop->requests_count, before + 1, memory_order_relaxed);
}

/* The request is complete: the application decides.  A submitted job belongs to the worker pool. */
static enum step
conn_run(struct conn *conn)
{
	struct job *job = conn->job;
	const struct http_server *server = job->server;
	enum http_pool pool = HTTP_INLINE;

	if (job->body_bytes < job->body_max)
		return STEP_WAIT;
	job->rq.body = str_bytes(job->body, job->body_bytes);
	conn_count_request(conn->loop);
	if (clock_now_us(&job->rq.now_us) != ERR_OK)
		reply_refuse(job, 503);
	else
		pool = server->app->admit(server->app_data, &job->rq, &job->rp);
	if (pool == HTTP_INLINE)
		return conn_reply(conn);
	conn_set(conn, CONN_WORK);
	loop_list(conn, &conn->loop->working);
	if (worker_pool_submit(job, pool, false))
		return STEP_WAIT;
	reply_refuse(job, 503);
	return conn_reply(conn);
}

/* --- the reply ---------------------------------------------------------------------------------------------------- */

static ssize_t
conn_send(const struct conn *conn)
{
	const struct job *job = conn->job;
	struct iovec pieces[] = { { (void *)(uintptr_t)job->out_head.p, job->out_head.n },
				  { (void *)(uintptr_t)job->out_body.p, job->out_body.n } };
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = job->out_body.n > 0 ? 2 : 1 };
	ssize_t n;

	do
		n = sys_sendmsg(conn->fd, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

static void
conn_sent(struct job *job, size_t n)
{
	size_t of_head = n < job->out_head.n ? n : job->out_head.n;

	job->out_head = str_from(job->out_head, of_head);
	job->out_body = str_from(job->out_body, n - of_head);
}

/* The head is in the loop's buffer, which the next reply needs: copy it. */
static enum step
conn_wait_to_send(struct conn *conn)
{
	struct job *job = conn->job;

	if (conn->list != &conn->loop->replies) {
		if (arena_copy(&job->arena, job->out_head, &job->out_head) != ERR_OK)
			return STEP_END;
		loop_list(conn, &conn->loop->replies);
	}
	loop_watch(conn, EPOLLOUT);
	return STEP_WAIT;
}

static void
conn_notify_done(const struct job *job)
{
	const struct http_server *server = job->server;

	if (server->app->done != NULL)
		server->app->done(server->app_data, &job->rq, job->rp.status, job->reply_bytes,
				  clock_monotonic_us() - job->begun_us);
}

/* The next request may have been received with this one (RFC 9112 s9.3.2). */
static void
conn_next(struct conn *conn)
{
	struct job *job = conn->job;
	size_t left = job->filled - job->parser.bytes;

	if (left == 0) {
		loop_job_drop(conn);
		conn_set(conn, CONN_IDLE);
	} else {
		memmove(job->bytes, job->bytes + job->parser.bytes, left);
		secret_wipe(job->bytes + left, job->parser.bytes);
		request_end(job);
		request_begin(job);
		job->filled = left;
		conn_set(conn, CONN_HEAD);
	}
	loop_list(conn, &conn->loop->requests);
	loop_watch(conn, EPOLLIN);
}

/* Has the client sent more than its last request, or may it still be sending? */
static bool
conn_goes_on(const struct conn *conn)
{
	const struct job *job = conn->job;
	char byte;

	return job->unread || job->filled > job->parser.bytes || recv(conn->fd, &byte, 1, MSG_PEEK) > 0;
}

static enum step
conn_replied(struct conn *conn)
{
	struct job *job = conn->job;

	conn_notify_done(job);
	job->rp.status = 0; /* the application has been notified */
	if (!job->close && !conn->loop->closing) {
		conn_next(conn);
		return STEP_ON;
	}
	return conn_goes_on(conn) && conn_linger(conn) ? STEP_WAIT : STEP_END;
}

static enum step
conn_send_all(struct conn *conn)
{
	struct job *job = conn->job;

	while (job->out_head.n + job->out_body.n > 0) {
		ssize_t n = conn_send(conn);
		if (n < 0)
			return errno == EAGAIN ? conn_wait_to_send(conn) : STEP_END;
		conn_sent(job, (size_t)n);
	}
	return STEP_ON;
}

static enum step
conn_write(struct conn *conn)
{
	enum step step = conn_send_all(conn);

	buf_clear(&conn->loop->head); /* it may contain a session token */
	return step == STEP_ON ? conn_replied(conn) : step;
}

/* --- from state to state ------------------------------------------------------------------------------------------ */

static enum step
conn_step(struct conn *conn)
{
	switch (atomic_load_explicit(&conn->state, memory_order_relaxed)) {
	case CONN_HEAD:
		return conn_read_head(conn);
	case CONN_BODY:
		return conn_run(conn);
	case CONN_REPLY:
		return conn_write(conn);
	default:
		return STEP_WAIT;
	}
}

/* A reply that could not be sent is logged like a sent one. */
void
conn_give_up(struct conn *conn)
{
	if (conn_is(conn, CONN_REPLY) && conn->job->rp.status != 0)
		conn_notify_done(conn->job);
	conn_end(conn);
}

/*
 * The event thread continues a long pipeline in its next round.  EPOLLOUT triggers it, because the socket accepts
 * bytes now.
 */
static void
conn_advance(struct conn *conn)
{
	int requests = 0;
	enum step step;

	do
		step = conn_step(conn);
	while (step == STEP_ON && !(conn_is(conn, CONN_HEAD) && ++requests == BATCH_REQUESTS));
	if (step == STEP_END)
		conn_give_up(conn);
	else if (step == STEP_ON)
		loop_watch(conn, EPOLLOUT);
}

static void
conn_serve_batch(struct conn *conn)
{
	loop_watch(conn, EPOLLIN);
	conn_advance(conn);
}

static ssize_t
conn_receive(struct conn *conn)
{
	struct job *job = conn->job;
	ssize_t n;

	if (conn_is(conn, CONN_BODY)) {
		n = sys_recv(conn->fd, job->body + job->body_bytes, job->body_max - job->body_bytes, 0);
		job->body_bytes += n > 0 ? (size_t)n : 0;
	} else {
		n = sys_recv(conn->fd, job->bytes + job->filled, job->server->settings.head_max + 1 - job->filled, 0);
		job->filled += n > 0 ? (size_t)n : 0;
	}
	return n;
}

/*
 * If the client closes before its request is complete, there is no reply.  Earlier complete requests are already
 * answered.
 */
static void
conn_read(struct conn *conn)
{
	ssize_t n = loop_job(conn) == NULL ? 0 : conn_receive(conn);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		conn_end(conn);
	} else if (n > 0) {
		if (conn_is(conn, CONN_IDLE))
			conn_set(conn, CONN_HEAD);
		conn_advance(conn);
	} else if (conn_is(conn, CONN_IDLE)) {
		loop_job_drop(conn);
	}
}

void
conn_event(struct conn *conn)
{
	switch (atomic_load_explicit(&conn->state, memory_order_relaxed)) {
	case CONN_WORK:
		/*
		 * More bytes, or a close by the client: both are handled after the reply.  With EPOLLET alone,
		 * epoll reports only errors and hang-ups, each once.
		 */
		loop_watch(conn, EPOLLET);
		break;
	case CONN_REPLY:
		conn_advance(conn);
		break;
	case CONN_LINGER:
		conn_drain(conn);
		break;
	case CONN_HEAD:
		(conn->watched == EPOLLOUT ? conn_serve_batch : conn_read)(conn);
		break;
	default:
		conn_read(conn);
	}
}

void
conn_done(struct conn *conn)
{
	if (conn_reply(conn) == STEP_END)
		conn_give_up(conn);
	else
		conn_advance(conn);
}

void
conn_close_idle(struct conn *conn)
{
	char byte;

	if (!conn_is(conn, CONN_IDLE))
		return;
	if (recv(conn->fd, &byte, 1, MSG_PEEK) > 0)
		conn_read(conn);
	else
		conn_end(conn);
}
