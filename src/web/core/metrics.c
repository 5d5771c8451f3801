#include "web/core/metrics.h"

#include "base/clock.h"
#include "config/values.h"
#include "http/accept.h"
#include "web/core/health.h"
#include "web/core/route.h"

#include <inttypes.h>

/* --- names and labels --------------------------------------------------------------------------------------------- */

struct metrics_writer {
	enum metrics_format format;
	struct buf *out;
};

/* OpenMetrics names a family without the ending of its samples. */
static str
metrics_family(const struct metrics_writer *w, const struct metric_facts *m)
{
	str name = str_of(m->name), ending = m->type == METRIC_TYPE_INFO ? STR("_info") : STR("_total");

	return w->format == METRICS_OPENMETRICS && str_ends(name, ending) ? str_upto(name, name.n - ending.n) : name;
}

static const char *
metrics_type(const struct metrics_writer *w, const struct metric_facts *m)
{
	static const char *const names[] = { [METRIC_TYPE_COUNTER] = "counter",
					     [METRIC_TYPE_GAUGE] = "gauge",
					     [METRIC_TYPE_HISTOGRAM] = "histogram",
					     [METRIC_TYPE_INFO] = "info" };

	return m->type == METRIC_TYPE_INFO && w->format == METRICS_TEXT ? "gauge" : names[m->type];
}

static void
metrics_head(const struct metrics_writer *w, const struct metric_facts *m)
{
	str family = metrics_family(w, m);

	buf_put(w->out, STR("# HELP "));
	buf_put(w->out, family);
	buf_put_byte(w->out, ' ');
	buf_put(w->out, str_of(m->help));
	buf_put(w->out, STR("\n# TYPE "));
	buf_put(w->out, family);
	buf_put_byte(w->out, ' ');
	buf_put(w->out, str_of(metrics_type(w, m)));
	buf_put_byte(w->out, '\n');
}

/* All values are constants of the program that need no escapes. */
static void
metrics_label(struct buf *out, bool first, const char *name, str value)
{
	buf_put_byte(out, first ? '{' : ',');
	buf_put(out, str_of(name));
	buf_put(out, STR("=\""));
	buf_put(out, value);
	buf_put_byte(out, '"');
}

static void
metrics_end_of_labels(struct buf *out)
{
	buf_put(out, STR("} "));
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

/* Microseconds as seconds, without needless zeros: 0.00025, 1.0. */
static void
metrics_seconds(struct buf *out, uint64_t us)
{
	unsigned fraction = (unsigned)(us % 1000000), digits = 6;

	while (digits > 1 && fraction % 10 == 0) {
		fraction /= 10;
		digits--;
	}
	buf_put_number(out, (int64_t)(us / 1000000));
	buf_put_byte(out, '.');
	buf_put_digits(out, fraction, digits);
}

static void
metrics_value(struct buf *out, const struct metric_facts *m, int64_t value)
{
	if (m->unit == METRIC_UNIT_SECONDS)
		metrics_seconds(out, value < 0 ? 0 : (uint64_t)value);
	else
		buf_put_number(out, value);
	buf_put_byte(out, '\n');
}

/* --- metrics with fixed labels ------------------------------------------------------------------------------------ */

static void
metrics_fixed_line(const struct metrics_writer *w, const struct metric_series_facts *series, int64_t value)
{
	const struct metric_facts *m = &metric_facts[series->metric];

	buf_put(w->out, str_of(m->name));
	for (size_t i = 0; i < METRIC_LABELS_MAX && m->labels[i] != NULL; i++)
		metrics_label(w->out, i == 0, m->labels[i], str_of(series->values[i]));
	if (m->labels[0] == NULL)
		buf_put_byte(w->out, ' ');
	else
		metrics_end_of_labels(w->out);
	metrics_value(w->out, m, value);
}

static void
metrics_fixed(const struct metrics_writer *w, enum metric metric, const struct metric_values *values)
{
	bool head = false;

	for (int i = SERIES_NONE + 1; i < SERIES_COUNT; i++) {
		if (metric_series_facts[i].metric != metric || values->of[i] == METRIC_ABSENT)
			continue;
		if (!head)
			metrics_head(w, &metric_facts[metric]);
		head = true;
		metrics_fixed_line(w, &metric_series_facts[i], values->of[i]);
	}
}

static void
metrics_build(const struct metrics_writer *w)
{
	const struct metric_facts *m = &metric_facts[METRIC_BUILD];

	metrics_head(w, m);
	buf_put(w->out, str_of(m->name));
	metrics_label(w->out, true, m->labels[0], STR(DOUBLETOUR_VERSION));
	metrics_end_of_labels(w->out);
	metrics_value(w->out, m, 1);
}

/* --- requests by route and status --------------------------------------------------------------------------------- */

/* The path of entry i of the counters. */
static str
metrics_route(size_t i)
{
	return i == 0 ? STR("none") : web_routes[i - 1].path;
}

static bool
metrics_is_first_of_path(size_t i)
{
	for (size_t before = 0; before < i; before++)
		if (str_equal(metrics_route(before), metrics_route(i)))
			return false;
	return true;
}

/* Several rows have the same path: for other methods, or for other queries. */
static uint64_t
metrics_requests_of_path(const struct counts_sum *sum, size_t i, size_t code)
{
	uint64_t requests = 0;

	for (size_t row = i; row <= web_routes_count && row < COUNTS_ROUTES; row++)
		if (str_equal(metrics_route(row), metrics_route(i)))
			requests += sum->requests[row][code];
	return requests;
}

static void
metrics_requests_line(const struct metrics_writer *w, size_t route, size_t code, uint64_t requests)
{
	const struct metric_facts *m = &metric_facts[METRIC_HTTP_REQUESTS];

	buf_put(w->out, str_of(m->name));
	metrics_label(w->out, true, m->labels[0], metrics_route(route));
	buf_printf(w->out, ",%s=\"", m->labels[1]);
	if (code == 0)
		buf_put(w->out, STR("other"));
	else
		buf_put_number(w->out, counts_code(code));
	buf_put_byte(w->out, '"');
	metrics_end_of_labels(w->out);
	metrics_value(w->out, m, (int64_t)requests);
}

static void
metrics_requests_of_route(const struct metrics_writer *w, const struct counts_sum *sum, size_t route)
{
	for (size_t code = 0; code < COUNTS_CODES; code++) {
		uint64_t requests = metrics_requests_of_path(sum, route, code);
		if (requests > 0)
			metrics_requests_line(w, route, code, requests);
	}
}

static void
metrics_requests(const struct metrics_writer *w, const struct counts_sum *sum)
{
	metrics_head(w, &metric_facts[METRIC_HTTP_REQUESTS]);
	for (size_t i = 0; i <= web_routes_count && i < COUNTS_ROUTES; i++)
		if (metrics_is_first_of_path(i))
			metrics_requests_of_route(w, sum, i);
}

/* --- times by pool ------------------------------------------------------------------------------------------------ */

static const char *const pools[HTTP_POOL_COUNT] = {
	[HTTP_INLINE] = "inline", [HTTP_QUICK] = "quick", [HTTP_SLOW] = "slow"
};

static void
metrics_times_name(const struct metrics_writer *w, const char *part, enum http_pool pool)
{
	const struct metric_facts *m = &metric_facts[METRIC_HTTP_SECONDS];

	buf_put(w->out, str_of(m->name));
	buf_put(w->out, str_of(part));
	metrics_label(w->out, true, m->labels[0], str_of(pools[pool]));
}

static void
metrics_times_bucket(const struct metrics_writer *w, enum http_pool pool, size_t bucket, uint64_t requests)
{
	metrics_times_name(w, "_bucket", pool);
	buf_put(w->out, STR(",le=\""));
	if (bucket == COUNTS_BUCKETS)
		buf_put(w->out, STR("+Inf"));
	else
		metrics_seconds(w->out, (uint64_t)counts_bucket_us(bucket));
	buf_put_byte(w->out, '"');
	metrics_end_of_labels(w->out);
	buf_printf(w->out, "%" PRIu64 "\n", requests);
}

static void
metrics_times_of_pool(const struct metrics_writer *w, const struct counts_sum *sum, enum http_pool pool)
{
	uint64_t requests = 0;

	for (size_t bucket = 0; bucket <= COUNTS_BUCKETS; bucket++) {
		requests += sum->times[pool][bucket];
		metrics_times_bucket(w, pool, bucket, requests);
	}
	metrics_times_name(w, "_sum", pool);
	metrics_end_of_labels(w->out);
	metrics_value(w->out, &metric_facts[METRIC_HTTP_SECONDS], (int64_t)sum->us[pool]);
	metrics_times_name(w, "_count", pool);
	metrics_end_of_labels(w->out);
	buf_printf(w->out, "%" PRIu64 "\n", requests);
}

static void
metrics_times(const struct metrics_writer *w, const struct counts_sum *sum)
{
	metrics_head(w, &metric_facts[METRIC_HTTP_SECONDS]);
	for (int pool = 0; pool < HTTP_POOL_COUNT; pool++)
		metrics_times_of_pool(w, sum, (enum http_pool)pool);
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

void
metrics_write(enum metrics_format format, const struct metric_values *values, const struct counts_sum *sum,
	      struct buf *out)
{
	const struct metrics_writer w = { format, out };

	for (int metric = 0; metric < METRIC_COUNT; metric++) {
		if (metric == METRIC_BUILD)
			metrics_build(&w);
		else if (metric == METRIC_HTTP_REQUESTS)
			metrics_requests(&w, sum);
		else if (metric == METRIC_HTTP_SECONDS)
			metrics_times(&w, sum);
		else
			metrics_fixed(&w, (enum metric)metric, values);
	}
	if (format == METRICS_OPENMETRICS)
		buf_put(out, STR("# EOF\n"));
}

/* --- the values --------------------------------------------------------------------------------------------------- */

void
metrics_begin(struct web *web)
{
	for (int i = 0; i < SERIES_COUNT; i++)
		atomic_store(&web->metrics_of_keeper[i], METRIC_ABSENT);
	(void)!clock_now_us(&web->started_us); /* without a clock no request is answered either */
}

err
metrics_pushed(struct web *web, str values)
{
	struct metric_values pushed;

	if (values.n != sizeof(pushed))
		return ERR_PROTOCOL;
	memcpy(&pushed, values.p, sizeof(pushed));
	for (int i = 0; i < SERIES_COUNT; i++)
		atomic_store(&web->metrics_of_keeper[i], pushed.of[i]);
	return ERR_OK;
}

static void
metrics_figures(const struct web *web, struct metric_values *values)
{
	struct http_figures figures;

	http_server_figures(web->server, &figures);
	values->of[SERIES_HTTP_CONNECTIONS] = (int64_t)figures.connections;
	values->of[SERIES_HTTP_CONNECTIONS_MAX] = (int64_t)figures.connections_max;
	values->of[SERIES_POOL_WAITING_QUICK] = (int64_t)figures.waiting[HTTP_QUICK];
	values->of[SERIES_POOL_WAITING_SLOW] = (int64_t)figures.waiting[HTTP_SLOW];
	values->of[SERIES_REFUSED_BUSY] = (int64_t)figures.busy;
}

static void
metrics_collect(struct web *web, const struct counts_sum *sum, struct metric_values *ret_values)
{
	for (int i = 0; i < SERIES_COUNT; i++)
		ret_values->of[i] = metric_series_facts[i].metric == METRIC_GATE_DECISIONS
					? (int64_t)sum->decisions[i]
					: atomic_load(&web->metrics_of_keeper[i]);
	metrics_figures(web, ret_values);
	ret_values->of[SERIES_DATABASE_UP] = health_writable(web);
	ret_values->of[web->config->wall == WALL_FULL ? SERIES_WALL_FULL : SERIES_WALL_SECCOMP] = 1;
	ret_values->of[SERIES_START_WEB] = web->started_us;
}

/* --- the format --------------------------------------------------------------------------------------------------- */

/* The weight of a media range with these parameters; 0: it asks for another version than `version`. */
static int
metrics_weight(str parameters, str version)
{
	int weight = ACCEPT_WEIGHT_FULL;

	while (parameters.n > 0) {
		str value = str_trim(str_cut(&parameters, ';')), name;
		if (str_starts(value, STR("q=")) || str_starts(value, STR("Q=")))
			weight = accept_weight(value);
		name = str_cut(&value, '=');
		if (str_equal_nocase(name, STR("version")) && !str_equal(value, version))
			return 0;
	}
	return weight;
}

enum metrics_format
metrics_format(str accept)
{
	int openmetrics = 0, text = 0;

	while (accept.n > 0) {
		str parameters = str_cut(&accept, ',');
		str range = str_trim(str_cut(&parameters, ';'));
		bool is_open = str_equal_nocase(range, STR("application/openmetrics-text"));
		bool is_text = str_equal_nocase(range, STR("text/plain"));
		int weight = metrics_weight(parameters, is_open ? STR("1.0.0") : STR("0.0.4"));
		int *best = is_open ? &openmetrics : &text;
		if ((is_open || is_text) && weight > *best)
			*best = weight;
	}
	return openmetrics > 0 && openmetrics >= text ? METRICS_OPENMETRICS : METRICS_TEXT;
}

/* --- the application ---------------------------------------------------------------------------------------------- */

static err
metrics_reply(struct request *rq, struct reply *rp, int status, const char *type)
{
	rp->status = status;
	TRY(reply_header_borrowed(rp, STR("Content-Type"), str_of(type)));
	TRY(reply_header_borrowed(rp, STR("Cache-Control"), STR("no-store")));
	TRY(reply_header_borrowed(rp, STR("X-Content-Type-Options"), STR("nosniff")));
	TRY(reply_header_borrowed(rp, STR("Content-Security-Policy"), STR("default-src 'none'")));
	return status == 405 ? reply_header_borrowed(rp, STR("Allow"), STR("GET, HEAD")) : ERR_OK;
}

static void
metrics_refuse(void *app, struct request *rq, int status, struct reply *rp)
{
	(void)app;
	if (metrics_reply(rq, rp, status, "text/plain; charset=utf-8") == ERR_OK)
		buf_printf(&rp->body, "%d\n", status);
}

/*
 * A page of another site must not read the metrics through the browser of a person on this machine.  Such a page can
 * give its own host name a loopback address (DNS rebinding), so the name in Host must be one of this machine.
 */
static bool
metrics_from_another_site(const struct web *web, const struct request *rq)
{
	str host = host_without_port(request_header(rq, "Host")), site = request_header(rq, "Sec-Fetch-Site");

	if (site.n > 0 && !str_equal(site, STR("none")))
		return true;
	return !config_metrics_reach_out(web->config) && host.n > 0 && !host_is_loopback(host);
}

static int
metrics_status(const struct web *web, const struct request *rq)
{
	if (metrics_from_another_site(web, rq))
		return 403;
	if (!str_equal(rq->path, STR("/metrics")))
		return 404;
	return (rq->method & (HTTP_GET | HTTP_HEAD)) != 0 ? 200 : 405;
}

static err
metrics_answer(struct web *web, struct request *rq, struct reply *rp)
{
	static const char *const types[] = {
		[METRICS_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
		[METRICS_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
	};
	enum metrics_format format = metrics_format(request_header(rq, "Accept"));
	struct counts_sum *sum = arena_alloc(rq->arena, sizeof(*sum));
	struct metric_values values;

	if (sum == NULL)
		return ERR_MEMORY;
	counts_sum(sum);
	metrics_collect(web, sum, &values);
	metrics_write(format, &values, sum, &rp->body);
	return metrics_reply(rq, rp, 200, types[format]);
}

/* The server answers 503 if the body is not complete. */
static enum http_pool
metrics_admit(void *app, struct request *rq, struct reply *rp)
{
	struct web *web = app;
	int status = metrics_status(web, rq);

	if (status != 200)
		metrics_refuse(web, rq, status, rp);
	else if (metrics_answer(web, rq, rp) != ERR_OK)
		rp->status = 0;
	return HTTP_INLINE;
}

const struct http_app metrics_app = { .admit = metrics_admit, .refuse = metrics_refuse };
