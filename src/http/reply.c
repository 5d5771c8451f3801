/*
 * Replies: what the application may put into one, and its way to libmicrohttpd.
 */
#include "http/internal.h"

#include "base/clock.h"

#define RETRY_AFTER "2"

static const str servers_own[] = { STR_INIT("Connection"), STR_INIT("Content-Length"), STR_INIT("Date"),
				   STR_INIT("Transfer-Encoding") };

static bool
name_allowed(str name)
{
	for (size_t i = 0; i < COUNT(servers_own); i++)
		if (str_equal_nocase(name, servers_own[i]))
			return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] == ':' || name.p[i] >= 0x7f)
			return false;
	return name.n > 0;
}

err
reply_header_constant(struct reply *rp, str name, str value)
{
	if (!name_allowed(name) || !head_value_good(value))
		return ERR_INVALID;
	if (rp->header_count >= HTTP_REPLY_HEADERS)
		return ERR_TOO_LONG;
	rp->headers[rp->header_count].name = name;
	rp->headers[rp->header_count].value = value;
	rp->header_count++;
	return ERR_OK;
}

err
reply_header(struct request *rq, struct reply *rp, str name, str value)
{
	str copy;

	TRY(arena_copy(rq->arena, value, &copy));
	return reply_header_constant(rp, name, copy);
}

void
reply_reset(struct job *job)
{
	buf_wipe(&job->rp.body);
	job->rp = (struct reply){ .body = BUF(HTTP_REPLY_BODY_MAX_BYTES) };
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

/* The application's words; when it has none, the status alone. */
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
	/* Without it there is no harm done: the status says enough. */
	if (status == 503 && !reply_has(&job->rp, "Retry-After"))
		(void)!reply_header(&job->rq, &job->rp, STR("Retry-After"), STR(RETRY_AFTER));
}

static struct MHD_Response *
response_new(struct job *job)
{
	const struct reply *rp = &job->rp;
	str body = rp->fixed.p != NULL ? rp->fixed : buf_str(&rp->body);
	/* PERSISTENT: the job keeps the bytes until libmicrohttpd is done with them. */
	struct MHD_Response *response = mhd.MHD_create_response_from_buffer(
	    body.n, (void *)(uintptr_t)(body.n == 0 ? "" : body.p), MHD_RESPMEM_PERSISTENT);
	bool ok = response != NULL;

	for (size_t i = 0; ok && i < rp->header_count; i++)
		ok = mhd.MHD_add_response_header(response, rp->headers[i].name.p, rp->headers[i].value.p) == MHD_YES;
	if (ok && (job->close || atomic_load(&job->server->door.closed)))
		ok = mhd.MHD_add_response_header(response, "Connection", "close") == MHD_YES;
	if (ok) {
		job->reply_bytes = job->rq.method == HTTP_HEAD || rp->status == 304 || rp->status == 204 ? 0 : body.n;
		return response;
	}
	if (response != NULL)
		mhd.MHD_destroy_response(response);
	return NULL;
}

enum MHD_Result
reply_queue(struct job *job)
{
	struct MHD_Response *response;
	enum MHD_Result queued;

	if (!reply_whole(&job->rp))
		reply_refuse(job, 503);
	response = response_new(job);
	if (response == NULL)
		return MHD_NO;
	job->stage = JOB_REPLIED;
	atomic_store(&job->conn->served, true);
	atomic_store(&job->conn->deadline_us, clock_monotonic_us() + job->server->reply_us);
	queued = mhd.MHD_queue_response(job->connection, (unsigned)job->rp.status, response);
	mhd.MHD_destroy_response(response);
	return queued;
}
