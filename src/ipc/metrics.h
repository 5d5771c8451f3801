/*
 * The metrics (ipc/metrics.def), and the values that the keeper pushes to web: PUSH_METRICS has one int64_t for each
 * series, in the order of the enum.  A series that the pushing process does not know is METRIC_ABSENT.
 */
#ifndef IPC_METRICS_H
#define IPC_METRICS_H

#include <stddef.h>
#include <stdint.h>

enum metric {
#define METRIC(id, name, type, unit, label_1, label_2, help) METRIC_##id,
#include "ipc/metrics.def"
	METRIC_COUNT
};

enum metric_series {
	SERIES_NONE = 0, /* in tables: this is not counted */
#define SERIES(id, metric, value_1, value_2) SERIES_##id,
#include "ipc/metrics.def"
	SERIES_COUNT
};

enum metric_type { METRIC_TYPE_COUNTER, METRIC_TYPE_GAUGE, METRIC_TYPE_HISTOGRAM, METRIC_TYPE_INFO };
enum metric_unit { METRIC_UNIT_NUMBER, METRIC_UNIT_SECONDS };

enum { METRIC_LABELS_MAX = 2 };

struct metric_facts {
	const char *name;
	enum metric_type type;
	enum metric_unit unit;
	const char *labels[METRIC_LABELS_MAX]; /* names; NULL: no label */
	const char *help;
};
extern const struct metric_facts metric_facts[METRIC_COUNT];

struct metric_series_facts {
	enum metric metric;
	const char *values[METRIC_LABELS_MAX]; /* of the metric's labels */
};
extern const struct metric_series_facts metric_series_facts[SERIES_COUNT]; /* [0] is empty */

/* A series without a value is not written. */
#define METRIC_ABSENT INT64_MIN

/* Values of all series. */
struct metric_values {
	int64_t of[SERIES_COUNT];
};
void metric_values_clear(struct metric_values *ret_values); /* all absent */

#endif
