/* The metrics: their definitions, the counters of several threads, both formats, and the choice of the format. */
#include "unit.h"

#include "base/buf.h"
#include "web/core/metrics.h"
#include "web/core/route.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static int
labels_of(enum metric metric)
{
	int n = 0;

	while (n < METRIC_LABELS_MAX && metric_facts[metric].labels[n] != NULL)
		n++;
	return n;
}

static void
each_series_has_a_value_for_each_label(void **state)
{
	for (int i = SERIES_NONE + 1; i < SERIES_COUNT; i++)
		for (int label = 0; label < METRIC_LABELS_MAX; label++)
			assert_int_equal(metric_series_facts[i].values[label] != NULL,
					 label < labels_of(metric_series_facts[i].metric));
}

static void
names_of_metrics_fit_their_types(void **state)
{
	for (int metric = 0; metric < METRIC_COUNT; metric++) {
		const struct metric_facts *m = &metric_facts[metric];
		str name = str_of(m->name);
		assert_int_equal(m->type == METRIC_TYPE_COUNTER, str_ends(name, STR("_total")));
		assert_int_equal(m->type == METRIC_TYPE_INFO, str_ends(name, STR("_info")));
		assert_int_equal(m->unit == METRIC_UNIT_SECONDS,
				 str_ends(name, STR("_seconds")) || str_ends(name, STR("_seconds_total")));
		assert_null(strpbrk(m->help, "\"\\\n"));
	}
}

/* The requests of a row without a counter would be counted in `none`. */
static void
counters_exist_for_each_row_of_the_route_table(void **state)
{
	assert_true(web_routes_count < COUNTS_ROUTES);
}

/* --- counting ----------------------------------------------------------------------------------------------------- */

enum { COUNTING_THREADS = 4, REQUESTS_EACH = 1000 };

static void *
count_requests(void *context)
{
	const struct counted_request request = {
		.route = 3, .status = 404, .pool = HTTP_QUICK, .us = 300, .decision = SERIES_GATE_PASSED
	};

	for (int i = 0; i < REQUESTS_EACH; i++)
		counts_add(&request);
	return context;
}

static size_t
index_of_code(int code)
{
	size_t i = 0;

	while (i < COUNTS_CODES && counts_code(i) != code)
		i++;
	assert_true(i < COUNTS_CODES);
	return i;
}

static void
counts_of_all_threads_are_added(void **state)
{
	static struct counts_sum before, after;
	pthread_t threads[COUNTING_THREADS];
	size_t code = index_of_code(404);

	counts_sum(&before);
	for (int i = 0; i < COUNTING_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_requests, NULL), 0);
	for (int i = 0; i < COUNTING_THREADS; i++)
		pthread_join(threads[i], NULL);
	counts_sum(&after);
	const uint64_t all = (uint64_t)COUNTING_THREADS * REQUESTS_EACH;
	assert_int_equal(after.requests[3][code] - before.requests[3][code], all);
	assert_int_equal(after.times[HTTP_QUICK][2] - before.times[HTTP_QUICK][2], all); /* over 250, up to 500 */
	assert_int_equal(after.us[HTTP_QUICK] - before.us[HTTP_QUICK], all * 300);
	assert_int_equal(after.decisions[SERIES_GATE_PASSED] - before.decisions[SERIES_GATE_PASSED], all);
}

static void
unexpected_values_have_a_counter(void **state)
{
	static const struct counted_request odd[] = {
		{ .route = COUNTS_ROUTES, .status = 200 },
		{ .route = SIZE_MAX, .status = 200 },
		{ .status = 0 },
		{ .status = -1 },
		{ .status = 599 },
		{ .status = 100000 },
		{ .status = 200, .us = -1 },
		{ .status = 200, .us = INT64_MAX / 2 },
	};
	static struct counts_sum before, after;
	uint64_t none = 0;

	counts_sum(&before);
	for (size_t i = 0; i < COUNT(odd); i++)
		counts_add(&odd[i]);
	counts_sum(&after);
	for (size_t code = 0; code < COUNTS_CODES; code++)
		none += after.requests[0][code] - before.requests[0][code];
	assert_int_equal(none, COUNT(odd));
	assert_int_equal(after.requests[0][0] - before.requests[0][0], 4);
	assert_int_equal(after.times[0][COUNTS_BUCKETS] - before.times[0][COUNTS_BUCKETS], 1);
}

/* --- the formats -------------------------------------------------------------------------------------------------- */

static struct counts_sum sum;
static struct metric_values values;

/* The longest possible answer: all series, with the largest numbers. */
static void
fill(void)
{
	for (size_t route = 0; route < COUNTS_ROUTES; route++)
		for (size_t code = 0; code < COUNTS_CODES; code++)
			sum.requests[route][code] = INT64_MAX / 8;
	for (size_t pool = 0; pool < HTTP_POOL_COUNT; pool++)
		sum.us[pool] = sum.times[pool][0] = INT64_MAX;
	for (int i = 0; i < SERIES_COUNT; i++)
		values.of[i] = INT64_MAX;
}

static void
the_longest_answer_fits_into_a_reply(void **state)
{
	CLEANUP(buf_wipe) struct buf out = BUF(HTTP_REPLY_BODY_MAX_BYTES);

	fill();
	metrics_write(METRICS_OPENMETRICS, &values, &sum, &out);
	assert_int_equal(buf_check(&out), ERR_OK);
	assert_true(out.n < HTTP_REPLY_BODY_MAX_BYTES / 4);
}

/* The number of lines that begin with `begin`. */
static int
lines_of(str text, str begin)
{
	int n = 0;

	while (text.n > 0)
		n += str_starts(str_cut(&text, '\n'), begin);
	return n;
}

static void
a_series_without_a_value_is_not_written(void **state)
{
	CLEANUP(buf_wipe) struct buf out = BUF(HTTP_REPLY_BODY_MAX_BYTES);

	metric_values_clear(&values);
	values.of[SERIES_SESSIONS_FULL] = 7;
	metrics_write(METRICS_TEXT, &values, &(struct counts_sum){ .us = { 0 } }, &out);
	assert_int_equal(lines_of(buf_str(&out), STR("doubletour_sessions")), 1);
	assert_int_equal(lines_of(buf_str(&out), STR("doubletour_sessions{state=\"full\"} 7")), 1);
	assert_int_equal(lines_of(buf_str(&out), STR("# TYPE doubletour_sessions gauge")), 1);
	assert_int_equal(lines_of(buf_str(&out), STR("# TYPE doubletour_backup")), 0);
}

/* A path with several rows is one series: two lines with the same labels would make the answer invalid. */
static void
each_path_is_written_once(void **state)
{
	CLEANUP(buf_wipe) struct buf out = BUF(HTTP_REPLY_BODY_MAX_BYTES);
	size_t code = index_of_code(200);

	memset(&sum, 0, sizeof(sum));
	for (size_t route = 0; route <= web_routes_count; route++)
		sum.requests[route][code] = 1;
	metrics_write(METRICS_TEXT, &values, &sum, &out);
	assert_int_equal(lines_of(buf_str(&out), STR("doubletour_http_requests_total{route=\"/login\",")), 1);
	assert_int_equal(
	    lines_of(buf_str(&out), STR("doubletour_http_requests_total{route=\"/login\",code=\"200\"} 2")), 1);
}

static void
seconds_are_written_exactly(void **state)
{
	static const struct {
		int64_t us;
		const char *text;
	} cases[] = {
		{ 0, "0.0" },       { 1, "0.000001" },  { 250, "0.00025" },
		{ 1000000, "1.0" }, { 1500000, "1.5" }, { INT64_C(1795421640000001), "1795421640.000001" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(buf_wipe) struct buf out = BUF(HTTP_REPLY_BODY_MAX_BYTES);
		char line[100];
		metric_values_clear(&values);
		values.of[SERIES_BACKUP_LAST] = cases[i].us;
		metrics_write(METRICS_TEXT, &values, &sum, &out);
		snprintf(line, sizeof(line), "doubletour_backup_last_timestamp_seconds %s\n", cases[i].text);
		assert_int_equal(lines_of(buf_str(&out), str_upto(str_of(line), strlen(line) - 1)), 1);
	}
}

static void
the_format_follows_the_accept_field(void **state)
{
	static const struct {
		const char *accept;
		enum metrics_format format;
		const char *why;
	} cases[] = {
		{ "", METRICS_TEXT, "no field" },
		{ "*/*", METRICS_TEXT, "curl" },
		{ "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
		  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  METRICS_OPENMETRICS, "Prometheus 2.42" },
		{ "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
		  "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;"
		  "q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
		  METRICS_OPENMETRICS, "Prometheus 3" },
		{ "application/openmetrics-text", METRICS_OPENMETRICS, "no version" },
		{ "Application/OpenMetrics-Text; Version=1.0.0", METRICS_OPENMETRICS, "names ignore case" },
		{ "application/openmetrics-text; version=0.0.1", METRICS_TEXT, "another version" },
		{ "application/openmetrics-text; version=2.0.0, text/plain", METRICS_TEXT, "another version" },
		{ "application/openmetrics-text; q=0", METRICS_TEXT, "refused" },
		{ "application/openmetrics-text; q=x", METRICS_TEXT, "a malformed weight" },
		{ "application/openmetrics-text; q=0.3, text/plain; q=0.4", METRICS_TEXT, "text is preferred" },
		{ "text/html", METRICS_TEXT, "a browser" },
		{ ",,;;,=;q", METRICS_TEXT, "noise" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (metrics_format(str_of(cases[i].accept)) != cases[i].format)
			fail_msg("%s", cases[i].why);
}

/* --- pushes ------------------------------------------------------------------------------------------------------- */

static void
a_push_of_another_size_is_refused(void **state)
{
	static struct web web;
	static const char bytes[sizeof(struct metric_values) + 8];

	metrics_begin(&web);
	assert_int_equal(metrics_pushed(&web, str_bytes(bytes, sizeof(struct metric_values) - 8)), ERR_PROTOCOL);
	assert_int_equal(metrics_pushed(&web, str_bytes(bytes, sizeof(bytes))), ERR_PROTOCOL);
	assert_true(atomic_load(&web.metrics_of_keeper[SERIES_PASSWORD_PASSED]) == METRIC_ABSENT);
	assert_int_equal(metrics_pushed(&web, str_bytes(bytes, sizeof(struct metric_values))), ERR_OK);
	assert_int_equal(atomic_load(&web.metrics_of_keeper[SERIES_PASSWORD_PASSED]), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_series_has_a_value_for_each_label),
		cmocka_unit_test(names_of_metrics_fit_their_types),
		cmocka_unit_test(counters_exist_for_each_row_of_the_route_table),
		cmocka_unit_test(counts_of_all_threads_are_added),
		cmocka_unit_test(unexpected_values_have_a_counter),
		cmocka_unit_test(the_longest_answer_fits_into_a_reply),
		cmocka_unit_test(a_series_without_a_value_is_not_written),
		cmocka_unit_test(each_path_is_written_once),
		cmocka_unit_test(seconds_are_written_exactly),
		cmocka_unit_test(the_format_follows_the_accept_field),
		cmocka_unit_test(a_push_of_another_size_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
