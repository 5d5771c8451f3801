/*
 * Figures of the keeper for the metrics: its counters, sessions and backups in the database, and the memory and
 * processor time of both processes. Only one thread uses a struct figures.
 */
#ifndef KEEPER_FIGURES_H
#define KEEPER_FIGURES_H

#include "ipc/metrics.h"
#include "keeper/core/call.h"

#include <sys/types.h>

struct figures {
	struct metric_values values;
	int64_t count_us;  /* monotonic: when sessions and backups are due */
	int64_t backup_us; /* Unix time up to which the audit trail has been searched for backups */
};

void figures_init(struct figures *figures);

/*
 * Read them again. t NULL: there is no connection, and the figures of the database stay as they are. web: the web
 * process; 0: none. Best effort: a figure that cannot be read stays.
 */
void figures_read(struct figures *figures, const struct keeper_thread *t, pid_t web);

#endif
