/*
 * conn_*: a conversation over one connection, in pieces.  One end of a socket pair is the client.  The event loop is
 * the server's, but runs without a thread.
 *
 * A second parser (strict.h) reads the same bytes.  The application must get the same requests with the same bodies, so
 * that no request is smuggled inside another.  Each request gets one reply, in order, and the server sends nothing
 * else.  Cutting the bytes into pieces changes nothing.
 *
 * Input: four offsets at which to cut (2 bytes each), then the client's bytes.
 */
#include "target.h"

#include "http/internal.h"
#include "strict.h"

#include "base/mem.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CUTS = 4,
	CUT_BYTES = 2,
	ROUNDS_MAX = 10000,
	SEEN_MAX_BYTES = 4 * 1024 * 1024,
	REPLY_MAX_BYTES = 1024,
	NOTES_MAX = 8192
};

/* --- the requests that reach the application ---------------------------------------------------------------------- */

struct seen {
	str unread;     /* the client's bytes that the second parser has not read yet */
	struct buf log; /* all requests and refusals, to compare two runs */
	struct buf got; /* the bytes that the client received */
	size_t count;
	struct {
		char status[4];
		bool head;
	} notes[NOTES_MAX];
};
static struct seen *now_seen;

static void
note(const struct request *rq, int status)
{
	struct buf *log = &now_seen->log;

	buf_printf(log, "%d ", status);
	buf_put(log, rq->method_name);
	buf_put_byte(log, ' ');
	buf_put(log, rq->path);
	buf_put_byte(log, '?');
	buf_put(log, rq->query);
	buf_put_byte(log, '\n');
	buf_put(log, rq->body);
	buf_put_byte(log, '\n');
	PROMISE(now_seen->count < NOTES_MAX);
	snprintf(now_seen->notes[now_seen->count].status, 4, "%d", status);
	now_seen->notes[now_seen->count++].head = rq->method == HTTP_HEAD;
}

static void
check_fields(const struct request *rq, const struct strict *wanted)
{
	for (size_t i = 0; i < wanted->field_count; i++) {
		char name[STRICT_NAME_MAX_BYTES];
		size_t same = 0, at = 0;
		str value;
		if (str_equal_nocase(wanted->fields[i].name, STR("Authorization")) ||
		    str_copy_z(wanted->fields[i].name, name, sizeof(name)) != ERR_OK)
			continue;
		while (request_header_each(rq, name, &at, &value))
			same += str_equal(value, wanted->fields[i].value);
		PROMISE(same > 0);
	}
	PROMISE(request_header_count(rq, "Authorization") == 0);
}

static void
check_request(const struct request *rq, const struct strict *wanted, str body)
{
	PROMISE(str_equal(rq->method_name, str_upto(wanted->method, 32)));
	PROMISE((rq->method == HTTP_GET) == str_equal(wanted->method, STR("GET")));
	PROMISE((rq->method == HTTP_HEAD) == str_equal(wanted->method, STR("HEAD")));
	PROMISE((rq->method == HTTP_POST) == str_equal(wanted->method, STR("POST")));
	PROMISE((rq->method == HTTP_OPTIONS) == str_equal(wanted->method, STR("OPTIONS")));
	PROMISE(str_equal(rq->path, wanted->path.n == 0 ? STR("/") : wanted->path));
	PROMISE(str_equal(rq->query, wanted->query) && str_equal(rq->body, body));
	PROMISE(rq->path_kind == uri_path_kind(rq->path));
	check_fields(rq, wanted);
}

static enum http_pool
admit(void *app, struct request *rq, struct reply *rp)
{
	static struct strict wanted;
	str *unread = &now_seen->unread;

	strict_read(unread->p, unread->n, HTTP_HEAD_MAX_BYTES, &wanted);
	PROMISE(wanted.verdict == STRICT_WHOLE && wanted.length <= HTTP_BODY_MAX_BYTES &&
		wanted.length <= unread->n - wanted.at);
	check_request(rq, &wanted, str_bytes(unread->p + wanted.at, (size_t)wanted.length));
	*unread = str_from(*unread, wanted.at + (size_t)wanted.length);
	note(rq, 200);
	rp->status = 200;
	rp->fixed = STR("ok\n");
	return HTTP_INLINE;
}

static void
refuse(void *app, struct request *rq, int status, struct reply *rp)
{
	PROMISE(status == 400 || status == 411 || status == 413 || status == 414 || status == 415 || status == 431);
	note(rq, status);
	rp->status = status;
}

static const struct http_app app = { .admit = admit, .refuse = refuse };

/* --- the replies that the client receives ------------------------------------------------------------------------- */

static bool
reply_take(str *rest, bool head)
{
	static const char name[] = "\r\nContent-Length: ";
	const char *end = memmem(rest->p, rest->n, "\r\n\r\n", 4);
	const char *length = end == NULL ? NULL : memmem(rest->p, (size_t)(end - rest->p), name, sizeof(name) - 1);
	uint64_t body = 0;
	str value;

	if (length == NULL || !str_starts(*rest, STR("HTTP/1.1 ")))
		return false;
	value = str_bytes(length + sizeof(name) - 1, (size_t)(end + 2 - length) - (sizeof(name) - 1));
	PROMISE(str_number(str_cut(&value, '\r'), REPLY_MAX_BYTES, &body) == ERR_OK);
	*rest = str_from(*rest, (size_t)(end - rest->p) + 4);
	if (!head && body > rest->n)
		return false;
	*rest = str_from(*rest, head ? 0 : (size_t)body);
	return true;
}

/* One reply for each request and refusal, in order; before it, 100 Continue for requests that expect it. */
static void
check_replies(const struct seen *seen)
{
	str rest = buf_str(&seen->got), go_on = STR("HTTP/1.1 100 Continue\r\n\r\n");

	for (size_t i = 0; i < seen->count; i++) {
		while (str_starts(rest, go_on))
			rest = str_from(rest, go_on.n);
		PROMISE(str_equal(str_upto(str_from(rest, 9), 3), str_of(seen->notes[i].status)));
		PROMISE(reply_take(&rest, seen->notes[i].head));
	}
	while (str_starts(rest, go_on))
		rest = str_from(rest, go_on.n);
	PROMISE(rest.n == 0);
}

/* --- the server --------------------------------------------------------------------------------------------------- */

static struct http_server server;
static struct loop loop;

static void
server_begin(void)
{
	if (server.app != NULL)
		return;
	server.app = &app;
	server.loops = &loop;
	server.loop_count = 1;
	server.settings =
	    (struct http_settings){ .event_threads = 1, .connections_max = 16, .head_max = HTTP_HEAD_MAX_BYTES };
	pthread_mutex_init(&server.acceptor.lock, NULL);
	server.acceptor.connections_max = 16;
	server.acceptor.shares = shares_new(16, 1);
	loop = (struct loop){ .server = &server, .head = BUF(64 * 1024), .date_s = -1, .accepting = true };
	loop.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	PROMISE(server.acceptor.shares != NULL && loop.epoll_fd >= 0);
}

static void
connect_to(int fd)
{
	struct conn *conn = mem_new(sizeof(*conn));

	PROMISE(conn != NULL);
	conn->fd = fd;
	conn->loop = &loop;
	strcpy(conn->peer, "192.0.2.7");
	PROMISE(shares_add(server.acceptor.shares, &conn->network, false, &conn->member));
	server.acceptor.open++;
	loop.conn_count++;
	atomic_fetch_add(&server.connections, 1);
	conn_begin(conn);
}

/* Run the event loop until no event is left; store the server's replies. */
static void
run(int client)
{
	struct epoll_event events[4];
	char scratch[8192];
	ssize_t n;
	int ready;

	for (size_t rounds = 0; (ready = epoll_wait(loop.epoll_fd, events, 4, 0)) > 0; rounds++) {
		PROMISE(rounds < ROUNDS_MAX);
		for (int i = 0; i < ready; i++)
			conn_event(events[i].data.ptr);
		while ((n = recv(client, scratch, sizeof(scratch), MSG_DONTWAIT)) > 0)
			buf_put(&now_seen->got, str_bytes(scratch, (size_t)n));
	}
}

static void
send_pieces(int client, str bytes, const size_t *cuts, size_t count)
{
	size_t from = 0;

	for (size_t i = 0; i <= count; i++) {
		size_t to = i < count ? cuts[i] : bytes.n;
		if (to <= from)
			continue;
		/* send fails when the server has closed the connection */
		(void)!send(client, bytes.p + from, to - from, MSG_NOSIGNAL);
		run(client);
		from = to;
	}
}

static void
converse(str bytes, const size_t *cuts, size_t count, struct seen *ret_seen)
{
	int fds[2];

	ret_seen->unread = bytes;
	ret_seen->log = ret_seen->got = (struct buf)BUF(SEEN_MAX_BYTES);
	ret_seen->count = 0;
	now_seen = ret_seen;
	PROMISE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
	connect_to(fds[0]);
	send_pieces(fds[1], bytes, cuts, count);
	shutdown(fds[1], SHUT_WR);
	run(fds[1]);
	close(fds[1]);
	run(fds[1]);
	PROMISE(atomic_load(&server.connections) == 0 && server.acceptor.open == 0);
	PROMISE(buf_check(&ret_seen->log) == ERR_OK && buf_check(&ret_seen->got) == ERR_OK);
	check_replies(ret_seen);
}

static int
by_size(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct seen pieces, whole;
	size_t cuts[CUTS];
	str sent = str_from(str_bytes(bytes, n), CUTS * CUT_BYTES);

	if (sent.n == 0)
		return 0;
	server_begin();
	for (size_t i = 0; i < CUTS; i++)
		cuts[i] = (size_t)(bytes[i * CUT_BYTES] | bytes[i * CUT_BYTES + 1] << 8) % sent.n;
	qsort(cuts, CUTS, sizeof(cuts[0]), by_size);
	converse(sent, cuts, CUTS, &pieces);
	converse(sent, NULL, 0, &whole);
	PROMISE(str_equal(buf_str(&pieces.log), buf_str(&whole.log)));
	buf_wipe(&pieces.log);
	buf_wipe(&pieces.got);
	buf_wipe(&whole.log);
	buf_wipe(&whole.got);
	return 0;
}
