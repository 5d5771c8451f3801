/*
 * Sessions and backups for the metrics, counted in the database by a separate thread and connection. A count may take
 * as long as the database is large: on the watcher's thread it would delay the health check, and web would answer 503.
 *
 *	TRY(census_new(keeper, &census));
 *	census_ask(census);                 does not wait
 *	census_put(census, &values);        the newest complete counts
 *	census_free(&census);               ends a count that runs
 *
 * The thread opens its connection for each count: it has nothing to do between two of them.
 */
#ifndef KEEPER_CENSUS_H
#define KEEPER_CENSUS_H

#include "ipc/metrics.h"
#include "keeper/core/keeper.h"

struct census;

/* k must outlive it. ERR_MEMORY: also if there is no further thread. */
MUST_USE err census_new(struct keeper *k, struct census **ret_census);
void census_free(struct census **census);

/* Count again, after the count that runs. */
void census_ask(struct census *census);

/* Set the series of sessions and backups. After a failed count the sessions are METRIC_ABSENT. */
void census_put(struct census *census, struct metric_values *values);

#endif
