/*
 * Prints a table of the documentation from constants of the program, for tools/print_docs.py.
 *
 *	print_tables limits      docs/develop/http.md: the limits of a request
 *	print_tables counters    docs/explain/throttling.md: the counters, and their consequences
 *	print_tables events      docs/reference/audit-events.md: the events of the audit trail
 *	print_tables metrics     docs/reference/metrics.md: the metrics
 */
#include "base/clock.h"
#include "http/server.h"
#include "keeper/session/throttle.h"
#include "web/core/messages.h"
#include "ipc/audit_events.h"
#include "ipc/metrics.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *limit;
	int value;
	const char *unit, *answer;
} limits[] = {
	{ "request line and header fields", HTTP_HEAD_MAX_BYTES, " bytes", "431" },
	{ "header fields", HTTP_HEADERS_MAX, "", "431" },
	{ "target", HTTP_URI_MAX_BYTES, " bytes", "414" },
	{ "body, unless the route sets another limit", HTTP_BODY_MAX_BYTES, " bytes", "413, before the body is read" },
	{ "time for a whole request, from the connection or the last reply", HTTP_REQUEST_SECONDS, " s", "closed" },
	{ "time for the client to read a reply", HTTP_REPLY_SECONDS, " s", "closed" },
	{ "memory of a request without its head", HTTP_ARENA_MAX_BYTES, " bytes", "503" },
	{ "header fields of a reply", HTTP_REPLY_HEADERS, "", "503" },
};

static void
print_limits(void)
{
	puts("| limit | value | answer |\n|---|---|---|");
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		printf("| %s | %d%s | %s |\n", limits[i].limit, limits[i].value, limits[i].unit, limits[i].answer);
}

static void
print_free(const struct counter_rule *rule)
{
	if (rule->free == 0)
		printf("%d", CODES_MAX);
	else if (rule->free_local == 0)
		printf("%d", (int)rule->free);
	else
		printf("%d (%d from loopback)", (int)rule->free, (int)rule->free_local);
}

static void
print_consequence(const struct counter_rule *rule)
{
	if (rule->free == 0)
		printf("all authenticators of the account are disabled");
	else if (rule->forget_us == 0)
		printf("lockout");
	else
		printf("lockout; one failure expires every %d minutes", (int)(rule->forget_us / MINUTES_US(1)));
}

static void
print_counters(void)
{
	puts("| counter | counts | free | then |\n|---|---|---|---|");
	for (int i = 0; i < COUNTER_COUNT; i++) {
		const struct counter_rule *rule = counter_rule((enum counter)i);
		printf("| `%s` | %s | ", counter_name((enum counter)i), rule->counts);
		print_free(rule);
		printf(" | ");
		print_consequence(rule);
		puts(" |");
	}
}

#define NO_SENTENCE NULL
static const char *const sentences[AUDIT_COUNT] = {
#define AUDIT_EVENT(id, name, outcome, level, actor, sentence) [AUDIT_##id] = (sentence),
#include "ipc/audit_events.def"
};

static void
print_events(void)
{
	puts("| event | outcome | who acts | on the activity page |\n|---|---|---|---|");
	for (enum audit_event event = AUDIT_UNKNOWN + 1; event < AUDIT_COUNT; event++) {
		const struct audit_event_facts *facts = audit_event_facts(event);
		printf("| `%s` | %s | %s | %s |\n", facts->name, audit_outcome_name(facts->outcome),
		       facts->by_system                         ? "the server"
		       : strncmp(facts->name, "admin.", 6) == 0 ? "a command"
								: "a person",
		       sentences[event] == NULL ? "" : sentences[event]);
	}
}

/* Does an earlier series of the metric have the same value? */
static int
metric_value_is_repeated(int series, int label)
{
	const struct metric_series_facts *one = &metric_series_facts[series];

	for (int i = SERIES_NONE + 1; i < series; i++)
		if (metric_series_facts[i].metric == one->metric &&
		    strcmp(metric_series_facts[i].values[label], one->values[label]) == 0)
			return 1;
	return 0;
}

static void
print_metric_label(int metric, int label)
{
	const char *between = ": ";

	printf("%s`%s`", label == 0 ? "" : "; ", metric_facts[metric].labels[label]);
	for (int i = SERIES_NONE + 1; i < SERIES_COUNT; i++) {
		if ((int)metric_series_facts[i].metric != metric || metric_value_is_repeated(i, label))
			continue;
		printf("%s`%s`", between, metric_series_facts[i].values[label]);
		between = ", ";
	}
}

static void
print_metrics(void)
{
	static const char *const types[] = { "counter", "gauge", "histogram", "info" };

	puts("| metric | type | labels | meaning |\n|---|---|---|---|");
	for (int metric = 0; metric < METRIC_COUNT; metric++) {
		const struct metric_facts *m = &metric_facts[metric];
		printf("| `%s` | %s | ", m->name, types[m->type]);
		for (int label = 0; label < METRIC_LABELS_MAX && m->labels[label] != NULL; label++)
			print_metric_label(metric, label);
		printf(" | %s |\n", m->help);
	}
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "limits") == 0)
		print_limits();
	else if (argc == 2 && strcmp(argv[1], "counters") == 0)
		print_counters();
	else if (argc == 2 && strcmp(argv[1], "events") == 0)
		print_events();
	else if (argc == 2 && strcmp(argv[1], "metrics") == 0)
		print_metrics();
	else
		return 2;
	return 0;
}
