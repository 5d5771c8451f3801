/*
 * The only caller of the clock.  A request reads it once; pure code takes the moment as an argument.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/err.h"

#include <stdint.h>

#define SECONDS_US(s) ((int64_t)(s)*1000000)
#define MINUTES_US(m) SECONDS_US((int64_t)(m)*60)

/* Microseconds since 1970 in UTC (CLOCK_REALTIME).  ERR_IO when the clock cannot be read or stands before 1970. */
MUST_USE err clock_now_us(int64_t *ret_now_us);

/* Microseconds of a clock that never jumps, for deadlines inside one process (CLOCK_MONOTONIC). */
int64_t clock_monotonic_us(void);

#ifdef DOUBLETOUR_TEST_HOOKS
/*
 * Call once at start, before any sandbox: where the environment names a file in DOUBLETOUR_TEST_CLOCK, its first
 * eight bytes (int64, native order, microseconds) are added to every clock_now_us from then on; tests write there.
 */
void clock_hook_open(void);
#endif

#endif
