/*
 * Figures of the keeper for the metrics: its counters, the counts of the census (census.h), the memory and processor
 * time of both processes, and the keeper's descriptors. Only one thread uses a struct figures.
 */
#ifndef KEEPER_FIGURES_H
#define KEEPER_FIGURES_H

#include "ipc/metrics.h"
#include "keeper/ops/census.h"

#include <sys/types.h>

struct figures {
	struct metric_values values;
	struct census *census;
	int64_t count_us; /* monotonic: when the next census is due */
};

void figures_init(struct figures *figures, struct census *census);

/*
 * Read them again, without waiting for the database. healthy: the database may be asked; otherwise its figures stay as
 * they are. web: the web process; 0: none. Best effort: a figure that cannot be read stays.
 */
void figures_read(struct figures *figures, bool healthy, pid_t web);

#endif
