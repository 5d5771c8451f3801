#include "web/core/counts.h"

#include <stdatomic.h>

/* Event threads, the main thread while it stops the server, and one for all further threads. */
enum { THREADS = 20, CACHE_LINE_BYTES = 64, STATUS_END = 600 };

/* --- the statuses and the buckets --------------------------------------------------------------------------------- */

#define STATUSES(S)                                                                                                    \
	S(1, 200)                                                                                                      \
	S(2, 204)                                                                                                      \
	S(3, 302)                                                                                                      \
	S(4, 303)                                                                                                      \
	S(5, 304)                                                                                                      \
	S(6, 400)                                                                                                      \
	S(7, 401)                                                                                                      \
	S(8, 403)                                                                                                      \
	S(9, 404)                                                                                                      \
	S(10, 405)                                                                                                     \
	S(11, 411)                                                                                                     \
	S(12, 413)                                                                                                     \
	S(13, 414)                                                                                                     \
	S(14, 415)                                                                                                     \
	S(15, 421)                                                                                                     \
	S(16, 422)                                                                                                     \
	S(17, 429)                                                                                                     \
	S(18, 431)                                                                                                     \
	S(19, 500)                                                                                                     \
	S(20, 503)

#define CODE_OF_STATUS(code, status) [status] = (code),
#define STATUS_OF_CODE(code, status) [code] = (status),
static const uint8_t codes[STATUS_END] = { STATUSES(CODE_OF_STATUS) };
static const uint16_t statuses[COUNTS_CODES] = { STATUSES(STATUS_OF_CODE) };

static const int32_t buckets_us[COUNTS_BUCKETS] = {
	100,   250,    500,    1000,   2500,    5000,    10000,   25000,
	50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000
};

int
counts_code(size_t i)
{
	return statuses[i];
}

int64_t
counts_bucket_us(size_t i)
{
	return buckets_us[i];
}

/* --- counting ----------------------------------------------------------------------------------------------------- */

typedef atomic_uint_fast64_t counter;

struct counts {
	_Alignas(CACHE_LINE_BYTES) counter requests[COUNTS_ROUTES][COUNTS_CODES];
	counter times[HTTP_POOL_COUNT][COUNTS_BUCKETS + 1];
	counter us[HTTP_POOL_COUNT];
	counter decisions[SERIES_COUNT];
};

static struct counts all[THREADS];
static atomic_size_t threads;
static _Thread_local struct counts *own;

/* Threads beyond the table share its last entry.  They may lose a count of each other, but nothing else. */
static struct counts *
counts_take(void)
{
	size_t i = atomic_fetch_add(&threads, 1);

	own = &all[i < THREADS ? i : THREADS - 1];
	return own;
}

/* Only this thread writes: a load and a store are enough. */
static inline void
counts_increase(counter *c, uint64_t by)
{
	atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + by, memory_order_relaxed);
}

static inline size_t
counts_bucket(int64_t us)
{
	size_t i = 0;

	while (i < COUNTS_BUCKETS && us > buckets_us[i])
		i++;
	return i;
}

void
counts_add(const struct counted_request *request)
{
	struct counts *counts = own != NULL ? own : counts_take();
	size_t route = request->route < COUNTS_ROUTES ? request->route : 0;
	size_t code = (unsigned)request->status < STATUS_END ? codes[request->status] : 0;
	int64_t us = request->us > 0 ? request->us : 0;

	counts_increase(&counts->requests[route][code], 1);
	counts_increase(&counts->times[request->pool][counts_bucket(us)], 1);
	counts_increase(&counts->us[request->pool], (uint64_t)us);
	if (request->decision != SERIES_NONE)
		counts_increase(&counts->decisions[request->decision], 1);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void
counts_sum_array(const counter *from, size_t n, uint64_t *sum)
{
	for (size_t i = 0; i < n; i++)
		sum[i] += atomic_load_explicit(&from[i], memory_order_relaxed);
}

void
counts_sum(struct counts_sum *ret_sum)
{
	size_t n = atomic_load(&threads);

	*ret_sum = (struct counts_sum){ .us = { 0 } };
	for (size_t i = 0; i < n && i < THREADS; i++) {
		counts_sum_array(all[i].requests[0], (size_t)COUNTS_ROUTES * COUNTS_CODES, ret_sum->requests[0]);
		counts_sum_array(all[i].times[0], (size_t)HTTP_POOL_COUNT * (COUNTS_BUCKETS + 1), ret_sum->times[0]);
		counts_sum_array(all[i].us, HTTP_POOL_COUNT, ret_sum->us);
		counts_sum_array(all[i].decisions, SERIES_COUNT, ret_sum->decisions);
	}
}
