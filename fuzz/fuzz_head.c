/*
 * head_read, head_check, job_*: requests as they come over a connection, in pieces.  A libmicrohttpd daemon set up as in
 * src/http/server.c, driven by hand, with one end of a socket pair for a connection.
 *
 * What the application is shown is what a strict reader finds at that place of the bytes (RFC 9112 s2.2, s3, s5, s6), with
 * the same body; so no request is smuggled in another.  And it does not matter how the bytes were cut into pieces.
 *
 * Input: four places to cut at (2 bytes each), then what a client sends.
 */
#include "target.h"

#include "http/internal.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CUTS = 4, CUT_BYTES = 2, CALM_RUNS = 3, RUNS_MAX = 10000, SEEN_MAX_BYTES = 4 * 1024 * 1024 };

/* --- a strict reader ------------------------------------------------------------------------------------------------------- */

struct strict {
	str method, target, version, body;
	struct header headers[HTTP_HEADERS_MAX];
	size_t header_count;
};

static bool
is_token(str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!letter && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
			return false;
	}
	return s.n > 0;
}

static bool
is_between(str s, unsigned char least, unsigned char most)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < least || (unsigned char)s.p[i] > most)
			return false;
	return true;
}

/* A field's content, without the white space around: what can be seen, obsolete bytes, spaces and tabs between. */
static bool
is_content(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 0x7f)
			return false;
	return true;
}

/* Up to CR LF; neither stands alone. */
static bool
line_take(str *rest, str *ret_line)
{
	const char *end = memchr(rest->p, '\n', rest->n);

	if (end == NULL || end == rest->p || end[-1] != '\r')
		return false;
	*ret_line = str_upto(*rest, (size_t)(end - rest->p) - 1);
	*rest = str_from(*rest, ret_line->n + 2);
	return !str_has_byte(*ret_line, '\r');
}

/* Any minor version: RFC 9110 s2.5 wants it taken for the highest that is known. */
static bool
request_line_take(str *rest, struct strict *r)
{
	str line = { 0 };

	if (!line_take(rest, &line))
		return false;
	r->method = str_cut(&line, ' ');
	r->target = str_cut(&line, ' ');
	r->version = line;
	return is_token(r->method) && r->target.n > 0 && is_between(r->target, 0x21, 0x7e) && r->version.n == 8 &&
	       str_starts(r->version, STR("HTTP/1.")) && is_between(str_from(r->version, 7), '0', '9');
}

static bool
fields_take(str *rest, struct strict *r)
{
	str line = { 0 };

	for (;;) {
		if (!line_take(rest, &line))
			return false;
		if (line.n == 0)
			return true;
		if (r->header_count == HTTP_HEADERS_MAX)
			return false;
		str name = str_cut(&line, ':');
		if (line.p == NULL || !is_token(name) || !is_content(line))
			return false;
		r->headers[r->header_count++] = (struct header){ name, str_trim(line) };
	}
}

static size_t
strict_count(const struct strict *r, const char *name, str *ret_value)
{
	size_t n = 0;

	for (size_t i = 0; i < r->header_count; i++) {
		if (!str_equal_nocase(r->headers[i].name, str_of(name)))
			continue;
		*ret_value = r->headers[i].value;
		n++;
	}
	return n;
}

static bool
strict_take(str *rest, struct strict *ret_request)
{
	uint64_t length = 0;
	str value = { 0 };

	*ret_request = (struct strict){ .header_count = 0 };
	if (!request_line_take(rest, ret_request) || !fields_take(rest, ret_request))
		return false;
	if (strict_count(ret_request, "Transfer-Encoding", &value) > 0)
		return false;
	size_t lengths = strict_count(ret_request, "Content-Length", &value);
	if (lengths > 1 || (lengths == 1 && str_number(value, HTTP_BODY_MAX_BYTES, &length) != ERR_OK))
		return false;
	if (rest->n < length)
		return false;
	ret_request->body = str_upto(*rest, (size_t)length);
	*rest = str_from(*rest, (size_t)length);
	return true;
}

/* --- what the application is shown -------------------------------------------------------------------------------------------- */

struct seen {
	str unread;     /* of what the client has sent or will send, as the strict reader goes along */
	bool blurred;   /* see is_blurred */
	struct buf log; /* every request and refusal, to compare two runs */
	size_t count;
};
static struct seen *now_seen;

/* Path and query of a target, and with http://host/path the host: the one that Host names. */
static void
check_target(const struct request *rq, str target, str host)
{
	if (target.p[0] != '/') {
		bool tls = str_equal_nocase(str_upto(target, 8), STR("https://"));
		PROMISE(tls || str_equal_nocase(str_upto(target, 7), STR("http://")));
		str rest = str_from(target, tls ? 8 : 7);
		PROMISE(str_equal_nocase(str_upto(rest, host.n), host));
		target = str_from(rest, host.n);
		PROMISE(target.n == 0 || target.p[0] == '/' || target.p[0] == '?');
	}
	str path = str_cut(&target, '?');
	PROMISE(str_equal(rq->path, path.n == 0 ? STR("/") : path));
	PROMISE(str_equal(rq->query, target.p == NULL ? STR("") : target));
}

static void
check_request(const struct request *rq, const struct strict *wanted)
{
	const struct job *job = rq->internal;
	str value = { 0 };

	PROMISE(str_equal(rq->method_name, str_upto(wanted->method, 32)) && str_equal(job->target, wanted->target));
	PROMISE((rq->method == HTTP_GET) == str_equal(wanted->method, STR("GET")));
	PROMISE((rq->method == HTTP_HEAD) == str_equal(wanted->method, STR("HEAD")));
	PROMISE((rq->method == HTTP_POST) == str_equal(wanted->method, STR("POST")));
	PROMISE(str_equal(rq->body, wanted->body));
	size_t hosts = strict_count(wanted, "Host", &value);
	PROMISE(hosts == 1 || (hosts == 0 && str_equal(wanted->version, STR("HTTP/1.0"))));
	check_target(rq, wanted->target, value);
	PROMISE(job->header_count == wanted->header_count);
	for (size_t i = 0; i < job->header_count; i++) {
		PROMISE(str_equal(job->headers[i].name, wanted->headers[i].name));
		PROMISE(str_equal(job->headers[i].value, wanted->headers[i].value));
	}
}

static void
note_request(const struct request *rq, int status)
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
	now_seen->count++;
}

/* RFC 9112 s2.2: a server may skip them.  libmicrohttpd also skips those that end in LF alone. */
static void
skip_empty_lines(str *rest)
{
	while (str_starts(*rest, STR("\r\n")) || str_starts(*rest, STR("\n")))
		*rest = str_from(*rest, rest->p[0] == '\r' ? 2 : 1);
}

static enum http_lane
admit(void *app, struct request *rq, struct reply *rp)
{
	struct strict wanted;

	if (!now_seen->blurred) {
		skip_empty_lines(&now_seen->unread);
		PROMISE(strict_take(&now_seen->unread, &wanted));
		check_request(rq, &wanted);
	}
	note_request(rq, 200);
	rp->status = 200;
	rp->fixed = STR("ok\n");
	return HTTP_INLINE;
}

static void
refuse(void *app, struct request *rq, int status, struct reply *rp)
{
	PROMISE(status == 400 || status == 411 || status == 413 || status == 414 || status == 415 || status == 431 ||
		status == 503);
	note_request(rq, status);
	rp->status = status;
}

static const struct http_app app = { .admit = admit, .refuse = refuse };

/* --- the server ------------------------------------------------------------------------------------------------------------------ */

static size_t
unescape_nothing(void *context, struct MHD_Connection *connection, char *text)
{
	return strlen(text);
}

static struct event_loop loop_of_target;

/* As events.c does it, but without a thread. */
static struct http_server *
server_of_target(void)
{
	static struct http_server server;
	struct event_loop *loop = &loop_of_target;
	struct why why;

	if (loop->daemon != NULL)
		return &server;
	PROMISE(mhd_load(&why) == ERR_OK);
	loop->server = &server;
	server = (struct http_server){ .app = &app, .exact_layout = head_layout_known() };
	server.request_us = server.reply_us = INT64_C(1000000000);
	server.door.wake_fd = server.door.listen_fd = -1;
	server.settings = (struct http_settings){ .connections_max = 16, .descriptors_max = 1024 };
	pthread_mutex_init(&server.door.lock, NULL);
	PROMISE(door_prepare(&server) == ERR_OK);
	server.door.linger_max = 0; /* nobody drains a refused connection here */
	loop->daemon = mhd.MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC, 0, NULL, NULL,
	    job_continue, &server, MHD_OPTION_NOTIFY_COMPLETED, job_over, &server, MHD_OPTION_NOTIFY_CONNECTION,
	    door_connection, loop, MHD_OPTION_URI_LOG_CALLBACK, job_begin, &server, MHD_OPTION_UNESCAPE_CALLBACK,
	    unescape_nothing, NULL, MHD_OPTION_CONNECTION_LIMIT, 16u, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)40 * 1024, MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)1024, MHD_OPTION_END);
	PROMISE(loop->daemon != NULL);
	return &server;
}

/* Until nothing happens any more; what it replies is read and dropped. */
static void
run(struct http_server *server, int client)
{
	char scratch[8192];
	size_t calm = 0;

	for (size_t runs = 0; calm < CALM_RUNS; runs++) {
		size_t before = now_seen->count + atomic_load(&server->connections);
		PROMISE(runs < RUNS_MAX && mhd.MHD_run(loop_of_target.daemon) == MHD_YES);
		ssize_t n = recv(client, scratch, sizeof(scratch), MSG_DONTWAIT);
		bool same = before == now_seen->count + atomic_load(&server->connections);
		calm = n <= 0 && same ? calm + 1 : 0;
	}
}

static void
send_pieces(struct http_server *server, int client, str bytes, const size_t *cuts, size_t count)
{
	size_t from = 0;

	for (size_t i = 0; i <= count; i++) {
		size_t to = i < count ? cuts[i] : bytes.n;
		if (to <= from)
			continue;
		/* when the other end has closed there is nothing more to be said */
		(void)!send(client, bytes.p + from, to - from, MSG_NOSIGNAL);
		run(server, client);
		from = to;
	}
}

/*
 * libmicrohttpd ends a text at a NUL, and takes a line that begins with one, or with a colon, for the empty line that ends the
 * head.  What it leaves then may lie as if there were CR LF: the layout check cannot tell, so neither is it asked.
 */
static bool
is_blurred(str bytes)
{
	return str_has_byte(bytes, '\0') || memmem(bytes.p, bytes.n, "\n:", 2) != NULL ||
	       memmem(bytes.p, bytes.n, "\r:", 2) != NULL;
}

static void
converse(str bytes, const size_t *cuts, size_t count, struct seen *ret_seen)
{
	struct http_server *server = server_of_target();
	const struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(0xc0000207) } };
	struct arrival arrival = { .address.four = address, .address_bytes = sizeof(address) };
	int fds[2];

	*ret_seen = (struct seen){ .unread = bytes, .blurred = is_blurred(bytes), .log = BUF(SEEN_MAX_BYTES) };
	now_seen = ret_seen;
	PROMISE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
	arrival.fd = fds[0];
	PROMISE(door_take(server, &arrival));
	PROMISE(mhd.MHD_add_connection(loop_of_target.daemon, fds[0], &arrival.address.any, sizeof(address)) ==
		MHD_YES);
	send_pieces(server, fds[1], bytes, cuts, count);
	shutdown(fds[1], SHUT_RDWR);
	run(server, fds[1]);
	close(fds[1]);
	PROMISE(atomic_load(&server->connections) == 0);
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
	struct seen pieces = { .count = 0 }, whole = { .count = 0 };
	size_t cuts[CUTS];
	str sent = str_from(str_bytes(bytes, n), CUTS * CUT_BYTES);

	if (sent.n == 0)
		return 0;
	for (size_t i = 0; i < CUTS; i++)
		cuts[i] = (size_t)(bytes[i * CUT_BYTES] | bytes[i * CUT_BYTES + 1] << 8) % sent.n;
	qsort(cuts, CUTS, sizeof(cuts[0]), by_size);
	converse(sent, cuts, CUTS, &pieces);
	converse(sent, NULL, 0, &whole);
	PROMISE(buf_check(&whole.log) == ERR_OK && str_equal(buf_str(&pieces.log), buf_str(&whole.log)));
	buf_wipe(&pieces.log);
	buf_wipe(&whole.log);
	return 0;
}
