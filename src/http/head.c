/*
 * Is a request's head well-formed, and within the limits?  libmicrohttpd parses it, and is lenient: it takes a line that
 * ends in LF alone, joins a folded line to the one before, stops reading a value at a NUL, takes spaces where there should
 * be one, takes the first of two Content-Length.  Whatever a proxy in front of us might understand differently is
 * refused here with 400, and the connection ends, so that no request can be smuggled in another.
 * Source: RFC 9112 s2.2, s3, s5, s6, s11.2; RFC 9110 s5.5, s5.6.2.
 */
#include "http/internal.h"

#include "base/authority.h"

static const char known_version[] = "0.9.75";
enum { VERSION_BYTES = sizeof("HTTP/1.1") - 1, LINE_END_BYTES = 2, METHOD_SHOWN_BYTES = 32 };

/* --- header fields ------------------------------------------------------------------------------------------------- */

struct filling {
	struct header *headers;
	size_t n, max;
};

static enum MHD_Result
fill(void *context, enum MHD_ValueKind kind, const char *name, size_t name_bytes, const char *value, size_t value_bytes)
{
	struct filling *f = context;

	(void)kind;
	if (f->n == f->max)
		return MHD_NO;
	f->headers[f->n++] = (struct header){ { name, name_bytes }, { value == NULL ? "" : value, value_bytes } };
	return MHD_YES;
}

err
head_read(struct job *job)
{
	int count = mhd.MHD_get_connection_values_n(job->connection, MHD_HEADER_KIND, NULL, NULL);
	struct filling f = { .max = count < 0 ? 0 : (size_t)count };

	if (f.max > HTTP_HEADERS_MAX)
		return ERR_TOO_LONG;
	f.headers = arena_alloc(&job->arena, (f.max + 1) * sizeof(*f.headers));
	if (f.headers == NULL)
		return ERR_MEMORY;
	mhd.MHD_get_connection_values_n(job->connection, MHD_HEADER_KIND, fill, &f);
	job->headers = f.headers;
	job->header_count = f.n;
	return ERR_OK;
}

str
request_header(const struct request *rq, const char *name)
{
	const struct job *job = rq->internal;

	for (size_t i = 0; i < job->header_count; i++)
		if (str_equal_nocase(job->headers[i].name, str_of(name)))
			return job->headers[i].value;
	return (str){ 0 };
}

size_t
request_header_count(const struct request *rq, const char *name)
{
	const struct job *job = rq->internal;
	size_t n = 0;

	for (size_t i = 0; i < job->header_count; i++)
		n += str_equal_nocase(job->headers[i].name, str_of(name));
	return n;
}

bool
request_header_each(const struct request *rq, const char *name, size_t *at, str *ret_value)
{
	const struct job *job = rq->internal;

	while (*at < job->header_count) {
		const struct header *h = &job->headers[(*at)++];
		if (str_equal_nocase(h->name, str_of(name))) {
			*ret_value = h->value;
			return true;
		}
	}
	return false;
}

/* --- layout ---------------------------------------------------------------------------------------------------------- */

bool
head_layout_known(void)
{
	return strcmp(mhd.MHD_get_version(), known_version) == 0;
}

static size_t
head_bytes(const struct job *job)
{
	const union MHD_ConnectionInfo *info =
	    mhd.MHD_get_connection_info(job->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return info == NULL ? 0 : info->header_size;
}

/*
 * libmicrohttpd 0.9.75 leaves the head where it was received and writes NULs into it, so the places of its pieces tell what
 * stood between them: one space, one colon, or CR LF and nothing else.  A folded line was copied elsewhere, a bare LF
 * leaves a gap of one, a NUL one of more.  Places are compared, nothing is read.
 */
static bool
layout_is_plain(const struct job *job, const char *method, const char *version)
{
	uintptr_t at = (uintptr_t)method + strlen(method) + 1;
	const struct header *h = job->headers;

	if ((uintptr_t)job->raw_uri != at)
		return false;
	at += job->raw_uri_bytes + 1;
	if ((uintptr_t)version != at)
		return false;
	at += VERSION_BYTES + LINE_END_BYTES;
	for (size_t i = 0; i < job->header_count; i++) {
		if ((uintptr_t)h[i].name.p != at || (uintptr_t)h[i].value.p < at + h[i].name.n + 1)
			return false;
		at = (uintptr_t)h[i].value.p + h[i].value.n + LINE_END_BYTES;
	}
	return at + LINE_END_BYTES == (uintptr_t)method + head_bytes(job);
}

/* --- characters -------------------------------------------------------------------------------------------------------- */

enum { IN_TOKEN = 1, IN_TARGET = 2 };

#define LETTERS IN_TOKEN | IN_TARGET
/* What a byte may stand in.  Token: RFC 9110 s5.6.2.  Target: all that can be seen but '#'. */
static const unsigned char bytes_in[256] = {
	['!'] = IN_TOKEN | IN_TARGET,
	['"'] = IN_TARGET,
	['$'] = IN_TOKEN | IN_TARGET,
	['%'] = LETTERS,
	['&' ... '\''] = IN_TOKEN | IN_TARGET,
	['('] = IN_TARGET,
	[')'] = IN_TARGET,
	['*'] = IN_TOKEN | IN_TARGET,
	['+'] = IN_TOKEN | IN_TARGET,
	[','] = IN_TARGET,
	['-'] = LETTERS,
	['.'] = LETTERS,
	['/'] = IN_TARGET,
	['0' ... '9'] = LETTERS,
	[':'] = IN_TARGET,
	[';' ... '@'] = IN_TARGET,
	['A' ... 'Z'] = LETTERS,
	['['] = IN_TARGET,
	['\\'] = IN_TARGET,
	[']'] = IN_TARGET,
	['^'] = IN_TOKEN | IN_TARGET,
	['_'] = LETTERS,
	['`'] = IN_TOKEN | IN_TARGET,
	['a' ... 'z'] = LETTERS,
	['{'] = IN_TARGET,
	['|'] = IN_TOKEN | IN_TARGET,
	['}'] = IN_TARGET,
	['~'] = LETTERS,
};

static bool
all_in(str s, unsigned char where)
{
	for (size_t i = 0; i < s.n; i++)
		if ((bytes_in[(unsigned char)s.p[i]] & where) == 0)
			return false;
	return true;
}

static bool
is_token(str s)
{
	return s.n > 0 && all_in(s, IN_TOKEN);
}

static bool
is_target(str s)
{
	return s.n > 0 && all_in(s, IN_TARGET);
}

bool
head_value_good(str s)
{
	if (!str_has_control(s))
		return true;
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 0x7f)
			return false;
	return true;
}

/* --- checks, in this order; each gives 0 or a status --------------------------------------------------------------------- */

static enum http_method
method_of(str name)
{
	if (str_equal(name, STR("GET")))
		return HTTP_GET;
	if (str_equal(name, STR("HEAD")))
		return HTTP_HEAD;
	return str_equal(name, STR("POST")) ? HTTP_POST : HTTP_OTHER;
}

static int
check_size(struct job *job)
{
	if (job->raw_uri_bytes > HTTP_URI_MAX_BYTES)
		return 414;
	return head_bytes(job) > HTTP_HEAD_MAX_BYTES ? 431 : 0;
}

static int
check_fields(struct job *job)
{
	for (size_t i = 0; i < job->header_count; i++) {
		struct header *h = &job->headers[i];
		if (!is_token(h->name) || !head_value_good(h->value))
			return 400;
		h->value = str_trim(h->value);
	}
	return 0;
}

static bool
absolute_form_fits(const struct job *job, str named, unsigned default_port)
{
	struct authority target, host;

	return authority_read(named, default_port, &target) == ERR_OK &&
	       authority_read(request_header(&job->rq, "Host"), default_port, &host) == ERR_OK &&
	       authority_equal(&target, &host);
}

/* http://host/path: what a proxy is asked.  The host must be the one that Host names, so that nobody has two opinions. */
static bool
absolute_form_cut(const struct job *job, str *target)
{
	str scheme = str_upto(*target, sizeof("https://") - 1);
	unsigned default_port = PORT_HTTPS;
	str rest;

	if (str_equal_nocase(scheme, STR("https://"))) {
		rest = str_from(*target, scheme.n);
	} else if (str_equal_nocase(str_upto(scheme, 7), STR("http://"))) {
		rest = str_from(*target, 7);
		default_port = PORT_HTTP;
	} else {
		return false;
	}
	size_t n = 0;
	while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
		n++;
	*target = str_from(rest, n);
	return absolute_form_fits(job, str_upto(rest, n), default_port);
}

static int
check_target(struct job *job)
{
	str target = job->target;

	if (!is_target(target))
		return 400;
	if (target.p[0] != '/' && !absolute_form_cut(job, &target))
		return 400;
	job->rq.path = str_cut(&target, '?');
	job->rq.query = target.p == NULL ? (str){ "", 0 } : target;
	if (job->rq.path.n == 0)
		job->rq.path = STR("/");
	return 0;
}

static bool
is_old(const char *version)
{
	return version[VERSION_BYTES - 1] == '0';
}

static int
check_host(struct job *job, const char *version)
{
	size_t hosts = request_header_count(&job->rq, "Host");
	struct authority host;

	if (hosts > 1 || (hosts == 0 && !is_old(version)))
		return 400;
	if (hosts == 0) /* HTTP/1.0 */
		return 0;
	return authority_read(request_header(&job->rq, "Host"), PORT_HTTP, &host) == ERR_OK ? 0 : 400;
}

/*
 * A chunked body is well-formed, and this server does not read it: 411.  Everything else about transfer codings is 400: beside a
 * length, in HTTP/1.0 or with another coding, two readers may see the end of the request in different places.
 * Source: RFC 9112 s6.1, s6.3.
 */
static int
check_transfer_coding(const struct job *job, const char *version)
{
	size_t codings = request_header_count(&job->rq, "Transfer-Encoding");

	if (codings == 0)
		return 0;
	if (codings > 1 || is_old(version) || request_header_count(&job->rq, "Content-Length") > 0)
		return 400;
	return str_equal_nocase(request_header(&job->rq, "Transfer-Encoding"), STR("chunked")) ? 411 : 400;
}

static int
check_framing(struct job *job, const char *version)
{
	uint64_t bytes = 0;
	size_t lengths = request_header_count(&job->rq, "Content-Length");
	int status = check_transfer_coding(job, version);

	if (status != 0)
		return status;
	if (lengths > 1)
		return 400;
	if (lengths == 1 && str_number(request_header(&job->rq, "Content-Length"), UINT64_MAX, &bytes) != ERR_OK)
		return 400;
	if (bytes > HTTP_BODY_MAX_BYTES)
		return 413;
	job->body_max = (size_t)bytes;
	return 0;
}

/* A form, in UTF-8 when it says anything of it. */
static bool
is_form_type(str type)
{
	str rest = type;
	str name = str_trim(str_cut(&rest, ';'));
	str parameter = str_trim(rest);

	if (!str_equal_nocase(name, STR("application/x-www-form-urlencoded")))
		return false;
	return parameter.n == 0 || str_equal_nocase(parameter, STR("charset=utf-8")) ||
	       str_equal_nocase(parameter, STR("charset=\"utf-8\""));
}

static int
check_type(struct job *job)
{
	size_t types = request_header_count(&job->rq, "Content-Type");

	if (types > 1)
		return 400;
	if (job->rq.method != HTTP_POST || job->body_max == 0) /* what has no body is of no type */
		return 0;
	return is_form_type(request_header(&job->rq, "Content-Type")) ? 0 : 415;
}

int
head_check(struct job *job, const char *method, const char *version)
{
	str name = str_of(method);
	int status = check_size(job);

	job->rq.method = HTTP_OTHER;
	if (is_token(name)) {
		job->rq.method_name = str_upto(name, METHOD_SHOWN_BYTES);
		job->rq.method = method_of(name);
	}
	if (status != 0) {
		if (status == 431) /* what was asked for is known all the same */
			(void)check_target(job);
		return status;
	}
	if (!is_token(name) || (job->server->exact_layout && !layout_is_plain(job, method, version)))
		return 400;
	if ((status = check_fields(job)) != 0 || (status = check_host(job, version)) != 0 ||
	    (status = check_target(job)) != 0 || (status = check_framing(job, version)) != 0)
		return status;
	return check_type(job);
}
