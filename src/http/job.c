/*
 * A request's way through the server, all on its event thread but for the part in a lane:
 *
 *	job_begin      the request line is there
 *	job_continue   JOB_HEAD   the head is there: checked, refused or read on
 *	               JOB_BODY   the body comes in; when it is whole the application decides
 *	               JOB_READY  a worker has written the reply
 *	job_over       the reply has left, or the connection is gone
 */
#include "http/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"

/* Requests are told apart in the log by a bijection of a counter that begins at a random number (splitmix64's mixer). */
static void
id_make(struct http_server *server, char ret_id[17])
{
	static const char hex[] = "0123456789abcdef";
	uint64_t z = server->id_base + atomic_fetch_add(&server->id_count, 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	for (int i = 0; i < 16; i++)
		ret_id[i] = hex[(z >> (60 - 4 * i)) & 15];
	ret_id[16] = '\0';
}

static void
job_free(struct job **job)
{
	buf_wipe(&(*job)->rp.body);
	arena_wipe(&(*job)->arena);
	mem_free(job);
}

static struct conn *
conn_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	    mhd.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info == NULL ? NULL : info->socket_context;
}

/*
 * libmicrohttpd would cut the query at each '&' and keep a record for each piece, out of the connection's memory: some
 * thousand of them exhaust it at a place where 0.9.75 goes on with a half-made error reply.  We read queries ourselves, so
 * it is shown none: the library looks for the end of the query by its NUL.  The bytes are the connection's own buffer.
 */
static void
hide_query(const char *uri)
{
	char *mark = strchr((char *)(uintptr_t)uri, '?');

	if (mark != NULL)
		mark[1] = '\0';
}

void *
job_begin(void *context, const char *uri, struct MHD_Connection *connection)
{
	struct http_server *server = context;
	struct conn *conn = conn_of(connection);
	struct job *job = conn == NULL ? NULL : mem_new(sizeof(*job));

	if (job == NULL)
		return NULL;
	*job = (struct job){ .server = server,
			     .connection = connection,
			     .conn = conn,
			     .arena = ARENA(HTTP_ARENA_MAX_BYTES),
			     .rp = { .body = BUF(HTTP_REPLY_BODY_MAX_BYTES) },
			     .begun_us = clock_monotonic_us(),
			     .raw_uri = uri,
			     .raw_uri_bytes = strlen(uri) };
	job->rq =
	    (struct request){ .arena = &job->arena, .peer = str_of(conn->peer), .internal = job, .path = STR("/") };
	id_make(server, job->rq.id);
	atomic_store(&conn->busy, true);
	if (job->raw_uri_bytes <= HTTP_URI_MAX_BYTES &&
	    arena_copy(&job->arena, str_bytes(uri, job->raw_uri_bytes), &job->target) != ERR_OK)
		job_free(&job);
	hide_query(uri);
	return job;
}

static enum MHD_Result
refuse_and_close(struct job *job, int status)
{
	job->close = true;
	job->conn->unread = true;
	(void)!clock_now_us(&job->rq.now_us); /* for the log only */
	reply_refuse(job, status);
	return reply_queue(job);
}

static enum MHD_Result
take_head(struct job *job, const char *method, const char *version)
{
	err e = head_read(job);
	int status = e == ERR_OK ? head_check(job, method, version) : e == ERR_TOO_LONG ? 431 : 503;

	if (status == 0 && job->body_max > 0) {
		job->body = arena_alloc(&job->arena, job->body_max);
		if (job->body == NULL)
			status = 503;
	}
	if (status != 0)
		return refuse_and_close(job, status);
	events_request(job, method);
	job->stage = JOB_BODY;
	return MHD_YES;
}

static enum MHD_Result
take_body(struct job *job, const char *upload, size_t *upload_bytes)
{
	if (*upload_bytes > job->body_max - job->body_bytes)
		return MHD_NO;
	memcpy(job->body + job->body_bytes, upload, *upload_bytes);
	job->body_bytes += *upload_bytes;
	*upload_bytes = 0;
	return MHD_YES;
}

static enum MHD_Result
run(struct job *job)
{
	struct http_server *server = job->server;
	enum http_lane lane;

	job->rq.body = str_bytes(job->body, job->body_bytes);
	atomic_fetch_add(&server->requests, 1);
	atomic_store(&job->conn->served, true);
	atomic_store(&job->conn->deadline_us, NO_DEADLINE);
	if (clock_now_us(&job->rq.now_us) != ERR_OK) {
		reply_refuse(job, 503);
		return reply_queue(job);
	}
	lane = server->app->admit(server->app_data, &job->rq, &job->rp);
	if (lane == HTTP_INLINE)
		return reply_queue(job);
	if (lane_submit(job, lane))
		return MHD_YES;
	reply_refuse(job, 503);
	return reply_queue(job);
}

enum MHD_Result
job_continue(void *context, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
	     const char *upload, size_t *upload_bytes, void **job_place)
{
	struct job *job = *job_place;

	(void)context;
	(void)connection;
	(void)url;
	if (job == NULL)
		return MHD_NO;
	switch (job->stage) {
	case JOB_HEAD:
		return take_head(job, method, version);
	case JOB_BODY:
		return *upload_bytes > 0 ? take_body(job, upload, upload_bytes) : run(job);
	case JOB_READY:
		return reply_queue(job);
	default: /* it has its reply already, or is in a lane: nothing is to be done */
		*upload_bytes = 0;
		return MHD_YES;
	}
}

void
job_over(void *context, struct MHD_Connection *connection, void **job_place, enum MHD_RequestTerminationCode code)
{
	struct http_server *server = context;
	struct job *job = *job_place;

	(void)connection;
	(void)code;
	if (job == NULL)
		return;
	*job_place = NULL;
	if (job->stage == JOB_REPLIED && server->app->done != NULL)
		server->app->done(server->app_data, &job->rq, job->rp.status, job->reply_bytes,
				  clock_monotonic_us() - job->begun_us);
	atomic_store(&job->conn->busy, false);
	atomic_store(&job->conn->served, false);
	atomic_store(&job->conn->deadline_us, clock_monotonic_us() + server->request_us);
	job_free(&job);
}
