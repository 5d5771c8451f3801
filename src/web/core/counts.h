/*
 * Counters of the web process, for /metrics: answered requests, their times, and decisions of the gate.
 *
 * Each thread that counts has its own counters, on its own cache lines: counting takes no lock and no atomic
 * read-modify-write.  counts_sum adds them up when a client reads /metrics.
 */
#ifndef WEB_COUNTS_H
#define WEB_COUNTS_H

#include "http/server.h"
#include "ipc/metrics.h"

#include <stddef.h>
#include <stdint.h>

enum {
	COUNTS_ROUTES = 128, /* rows of the route table; [0]: no row */
	COUNTS_CODES = 24,   /* statuses; [0]: other ones */
	COUNTS_BUCKETS = 16, /* of the histograms, without the last one, +Inf */
};

/* One answered request. */
struct counted_request {
	size_t route; /* 1 + the index in the route table; 0: no row */
	int status;
	enum http_pool pool;
	int64_t us;
	enum metric_series decision; /* of the gate; SERIES_NONE: not a check */
};
void counts_add(const struct counted_request *request);

struct counts_sum {
	uint64_t requests[COUNTS_ROUTES][COUNTS_CODES];
	uint64_t times[HTTP_POOL_COUNT][COUNTS_BUCKETS + 1]; /* requests of each bucket alone */
	uint64_t us[HTTP_POOL_COUNT];
	uint64_t decisions[SERIES_COUNT]; /* 0 in series of other metrics */
};
void counts_sum(struct counts_sum *ret_sum);

int counts_code(size_t i);          /* the status of requests[][i]; 0: other statuses */
int64_t counts_bucket_us(size_t i); /* upper limit of bucket i < COUNTS_BUCKETS */

#endif
