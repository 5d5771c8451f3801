/*
 * Requests for the application: made from the parsed head, within the limits of the route.
 */
#include "http/internal.h"

#include <endian.h>

enum { METHOD_SHOWN_BYTES = 32 };

/* --- header fields ------------------------------------------------------------------------------------------------ */

static str
request_span(const struct job *job, struct span span)
{
	return str_bytes(job->bytes + span.at, span.n);
}

/* A hidden field is treated as absent. */
static bool
request_hides(const struct job *job, str name)
{
	const str hidden = STR("Authorization");

	return !job->authorization && name.n == hidden.n && str_equal_nocase(name, hidden);
}

/* Most clients use the same case as `wanted`, so try an exact comparison first. */
static bool
request_names_equal(str sent, str wanted)
{
	return str_equal(sent, wanted) || str_equal_nocase(sent, wanted);
}

bool
request_header_each(const struct request *rq, const char *name, size_t *at, str *ret_value)
{
	const struct job *job = rq->internal;
	str wanted = str_of(name);

	if (request_hides(job, wanted))
		return false;
	while (*at < job->parser.field_count) {
		const struct parser_field *field = &job->parser.fields[(*at)++];
		if (field->name.n == wanted.n && request_names_equal(request_span(job, field->name), wanted)) {
			*ret_value = request_span(job, field->value);
			return true;
		}
	}
	return false;
}

str
request_header(const struct request *rq, const char *name)
{
	str value = { 0 };
	size_t at = 0;

	(void)request_header_each(rq, name, &at, &value);
	return value;
}

size_t
request_header_count(const struct request *rq, const char *name)
{
	size_t n = 0, at = 0;
	str value;

	while (request_header_each(rq, name, &at, &value))
		n++;
	return n;
}

/* --- from head to request ----------------------------------------------------------------------------------------- */

/* Request ids for the log: a bijection (splitmix64's mixer) of a counter that begins at a random number. */
static void
request_id(struct loop *loop, char ret_id[17])
{
	uint64_t z = loop->server->id_base + loop->next_id * UINT64_C(0x9e3779b97f4a7c15);

	loop->next_id += loop->server->loop_count;
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	z = htobe64(z);
	str_hex_write(&z, sizeof(z), ret_id);
	ret_id[16] = '\0';
}

/* Initialize single members: most of a job need not be cleared before use. */
void
request_begin(struct job *job)
{
	struct loop *loop = job->conn->loop;

	parser_begin(&job->parser);
	reply_begin(job);
	job->arena = (struct arena)ARENA(HTTP_ARENA_MAX_BYTES);
	job->rq = (struct request){
		.method = HTTP_OTHER,
		.path = STR("/"),
		.peer = str_of(job->conn->peer),
		.arena = &job->arena,
		.internal = job,
	};
	job->body = NULL;
	job->body_bytes = job->body_max = job->reply_bytes = 0;
	job->authorization = job->close = job->unread = false;
	job->out_head = job->out_body = (str){ 0 };
	job->begun_us = loop->now_us;
	request_id(loop, job->rq.id);
}

void
request_end(struct job *job)
{
	buf_wipe(&job->rp.body);
	arena_wipe(&job->arena);
}

static enum http_method
request_method(str name)
{
	static const struct {
		str name;
		enum http_method method;
	} methods[] = { { STR_INIT("GET"), HTTP_GET },
			{ STR_INIT("POST"), HTTP_POST },
			{ STR_INIT("HEAD"), HTTP_HEAD },
			{ STR_INIT("OPTIONS"), HTTP_OPTIONS } };

	for (size_t i = 0; i < COUNT(methods); i++)
		if (str_equal(name, methods[i].name))
			return methods[i].method;
	return HTTP_OTHER;
}

void
request_name(struct job *job)
{
	const struct parser *p = &job->parser;

	job->rq.method_name = str_upto(request_span(job, p->method), METHOD_SHOWN_BYTES);
	job->rq.method = request_method(request_span(job, p->method));
	if (p->path.n > 0)
		job->rq.path = request_span(job, p->path);
	job->rq.query = request_span(job, p->query);
}

/* --- limits ------------------------------------------------------------------------------------------------------- */

/* A form; if it names a charset, this must be UTF-8. */
static bool
request_is_form(str type)
{
	str rest = type;
	str name = str_trim(str_cut(&rest, ';'));
	str parameter = str_trim(rest);

	if (!str_equal_nocase(name, STR("application/x-www-form-urlencoded")))
		return false;
	return parameter.n == 0 || str_equal_nocase(parameter, STR("charset=utf-8")) ||
	       str_equal_nocase(parameter, STR("charset=\"utf-8\""));
}

/* A request without a body needs no type. */
static int
request_check_type(const struct job *job, bool any_type)
{
	size_t types = request_header_count(&job->rq, "Content-Type");

	if (any_type)
		return 0;
	if (types > 1)
		return 400;
	if (job->rq.method != HTTP_POST || job->body_max == 0)
		return 0;
	return request_is_form(request_header(&job->rq, "Content-Type")) ? 0 : 415;
}

static bool
request_sends_authorization(struct job *job)
{
	job->authorization = true;
	return request_header_count(&job->rq, "Authorization") > 0;
}

/* Call expect() only if the request has a body or an Authorization field. */
static struct http_expectation
request_expectation(struct job *job)
{
	const struct http_app *app = job->server->app;
	struct http_expectation expectation = { .body_max_bytes = HTTP_BODY_MAX_BYTES };

	if (app->expect != NULL && (job->parser.body_bytes > 0 || request_sends_authorization(job)))
		app->expect(job->server->app_data, &job->rq, &expectation);
	return expectation;
}

int
request_check(struct job *job)
{
	struct http_expectation expectation;

	request_name(job);
	job->rq.path_kind = uri_path_kind(job->rq.path);
	expectation = request_expectation(job);
	job->authorization = expectation.authorization;
	if (job->parser.body_bytes > expectation.body_max_bytes)
		return 413;
	job->body_max = (size_t)job->parser.body_bytes;
	return request_check_type(job, expectation.any_type);
}
