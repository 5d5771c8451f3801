#include "ipc/metrics.h"

const struct metric_facts metric_facts[METRIC_COUNT] = {
#define METRIC(id, name, type, unit, label_1, label_2, help)                                                           \
	[METRIC_##id] = { (name), METRIC_TYPE_##type, METRIC_UNIT_##unit, { (label_1), (label_2) }, (help) },
#include "ipc/metrics.def"
};

const struct metric_series_facts metric_series_facts[SERIES_COUNT] = {
#define SERIES(id, metric, value_1, value_2) [SERIES_##id] = { METRIC_##metric, { (value_1), (value_2) } },
#include "ipc/metrics.def"
};

void
metric_values_clear(struct metric_values *ret_values)
{
	for (int i = 0; i < SERIES_COUNT; i++)
		ret_values->of[i] = METRIC_ABSENT;
}
