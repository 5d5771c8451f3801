/*
 * Replies: the functions that fill a reply, and its serialization.
 */
#include "http/internal.h"

#include "base/clock.h"

#include <time.h>

#define RETRY_AFTER "2"

static const str servers_own[] = { STR_INIT("Connection"), STR_INIT("Content-Length"), STR_INIT("Date"),
				   STR_INIT("Transfer-Encoding") };

static bool
reply_name_allowed(str name)
{
	for (size_t i = 0; i < COUNT(servers_own); i++)
		if (name.n == servers_own[i].n && str_equal_nocase(name, servers_own[i]))
			return false;
	return parser_token_good(name);
}

static bool
reply_field_good(str name, str value)
{
	return reply_name_allowed(name) && parser_value_good(value);
}

err
reply_header_constant(struct reply *rp, str name, str value)
{
#ifdef DOUBLETOUR_TEST_HOOKS
	if (!reply_field_good(name, value))
		return ERR_INVALID;
#endif
	if (rp->header_count >= HTTP_REPLY_HEADERS)
		return ERR_TOO_LONG;
	rp->headers[rp->header_count].name = name;
	rp->headers[rp->header_count].value = value;
	rp->header_count++;
	return ERR_OK;
}

err
reply_header_borrowed(struct reply *rp, str name, str value)
{
	return reply_field_good(name, value) ? reply_header_constant(rp, name, value) : ERR_INVALID;
}

err
reply_header(struct request *rq, struct reply *rp, str name, str value)
{
	str copy;

	TRY(arena_copy(rq->arena, value, &copy));
	return reply_header_borrowed(rp, name, copy);
}

/* Headers from header_count on are not initialized. */
void
reply_begin(struct job *job)
{
	job->rp.status = 0;
	job->rp.body = (struct buf)BUF(HTTP_REPLY_BODY_MAX_BYTES);
	job->rp.fixed = (str){ 0 };
	job->rp.header_count = 0;
	job->rp.move_to = HTTP_INLINE;
}

static void
reply_reset(struct job *job)
{
	buf_wipe(&job->rp.body);
	reply_begin(job);
}

static bool
reply_has(const struct reply *rp, const char *name)
{
	for (size_t i = 0; i < rp->header_count; i++)
		if (str_equal_nocase(rp->headers[i].name, str_of(name)))
			return true;
	return false;
}

static bool
reply_whole(const struct reply *rp)
{
	return rp->status >= 200 && rp->status <= 599 && buf_check(&rp->body) == ERR_OK;
}

/* Let the application fill the reply; if it fails, send the status alone. */
void
reply_refuse(struct job *job, int status)
{
	reply_reset(job);
	atomic_fetch_add(&job->server->refused, 1);
	job->server->app->refuse(job->server->app_data, &job->rq, status, &job->rp);
	if (!reply_whole(&job->rp)) {
		reply_reset(job);
		job->rp.status = status;
	}
	/* Best effort: the status alone is enough. */
	if (status == 503 && !reply_has(&job->rp, "Retry-After"))
		(void)!reply_header(&job->rq, &job->rp, STR("Retry-After"), STR(RETRY_AFTER));
}

/* --- serialization ------------------------------------------------------------------------------------------------ */

enum { STATUS_LINE_BYTES = 64, SERVERS_OWN_BYTES = 160, FIELD_BYTES = 4 };

static str
reply_reason(int status)
{
	static const struct {
		int status;
		str reason;
	} reasons[] = {
		{ 200, STR_INIT("OK") },
		{ 303, STR_INIT("See Other") },
		{ 401, STR_INIT("Unauthorized") },
		{ 403, STR_INIT("Forbidden") },
		{ 204, STR_INIT("No Content") },
		{ 302, STR_INIT("Found") },
		{ 304, STR_INIT("Not Modified") },
		{ 400, STR_INIT("Bad Request") },
		{ 404, STR_INIT("Not Found") },
		{ 405, STR_INIT("Method Not Allowed") },
		{ 411, STR_INIT("Length Required") },
		{ 413, STR_INIT("Content Too Large") },
		{ 414, STR_INIT("URI Too Long") },
		{ 415, STR_INIT("Unsupported Media Type") },
		{ 421, STR_INIT("Misdirected Request") },
		{ 422, STR_INIT("Unprocessable Content") },
		{ 429, STR_INIT("Too Many Requests") },
		{ 431, STR_INIT("Request Header Fields Too Large") },
		{ 503, STR_INIT("Service Unavailable") },
	};

	for (size_t i = 0; i < COUNT(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return (str){ "", 0 }; /* RFC 9112 s4: the reason phrase may be empty */
}

static char *
reply_put(char *at, str s)
{
	if (s.n > 0)
		memcpy(at, s.p, s.n);
	return at + s.n;
}

static char *
reply_put_field(char *at, str name, str value)
{
	at = reply_put(at, name);
	at = reply_put(at, STR(": "));
	at = reply_put(at, value);
	return reply_put(at, STR("\r\n"));
}

/* RFC 9110 s5.6.7; formatted once a second. */
static str
reply_date(struct loop *loop, int64_t now_us)
{
	time_t now = (time_t)(now_us / SECONDS_US(1));
	struct tm tm;

	if (loop->date_s != now && gmtime_r(&now, &tm) != NULL) {
		loop->date_s = now;
		strftime(loop->date, sizeof(loop->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	}
	return str_of(loop->date);
}

/*
 * Replies to HEAD, and 204 and 304, have no body (RFC 9110 s6.4.1).  A 204 must not and a 304 need not send a
 * length (s8.6).
 */
static bool
reply_has_length(int status)
{
	return status != 204 && status != 304;
}

/* If the clock could not be read, Date is left out (RFC 9110 s6.6.1). */
static char *
reply_put_own(char *at, struct job *job, size_t length)
{
	char digits[STR_NUMBER_BYTES];

	if (job->rq.now_us > 0)
		at = reply_put_field(at, STR("Date"), reply_date(job->conn->loop, job->rq.now_us));
	if (reply_has_length(job->rp.status))
		at = reply_put_field(at, STR("Content-Length"), str_number_write(length, digits));
	if (job->close)
		at = reply_put_field(at, STR("Connection"), STR("close"));
	return reply_put(at, STR("\r\n"));
}

static size_t
reply_head_max(const struct reply *rp)
{
	size_t n = STATUS_LINE_BYTES + SERVERS_OWN_BYTES;

	for (size_t i = 0; i < rp->header_count; i++)
		n += rp->headers[i].name.n + rp->headers[i].value.n + FIELD_BYTES;
	return n;
}

static char *
reply_put_fields(char *at, const struct reply *rp)
{
	for (size_t i = 0; i < rp->header_count; i++)
		at = reply_put_field(at, rp->headers[i].name, rp->headers[i].value);
	return at;
}

/* Use the loop's buffer: a loop sends one reply at a time. */
static bool
reply_put_head(struct job *job, size_t length)
{
	const struct reply *rp = &job->rp;
	struct buf *head = &job->conn->loop->head;
	char digits[STR_NUMBER_BYTES], *begin, *at;

	begin = at = buf_room(head, reply_head_max(rp));
	if (begin == NULL) {
		buf_wipe(head);
		return false;
	}
	at = reply_put(at, STR("HTTP/1.1 "));
	at = reply_put(at, str_number_write((uint64_t)rp->status, digits));
	at = reply_put(at, STR(" "));
	at = reply_put(at, reply_reason(rp->status));
	at = reply_put(at, STR("\r\n"));
	at = reply_put_own(reply_put_fields(at, rp), job, length);
	job->out_head = str_bytes(begin, (size_t)(at - begin));
	return true;
}

static bool
reply_write(struct job *job)
{
	const struct reply *rp = &job->rp;
	str body = rp->fixed.p != NULL ? rp->fixed : buf_str(&rp->body);

	if (!reply_put_head(job, body.n))
		return false;
	job->out_body = job->rq.method == HTTP_HEAD || !reply_has_length(rp->status) ? (str){ 0 } : body;
	job->reply_bytes = job->out_body.n;
	return true;
}

bool
reply_compose(struct job *job)
{
	job->close |= atomic_load_explicit(&job->server->closed, memory_order_relaxed);
	if (!reply_whole(&job->rp))
		reply_refuse(job, 503);
	if (reply_write(job))
		return true;
	reply_refuse(job, 503); /* its head was too long */
	return reply_write(job);
}
