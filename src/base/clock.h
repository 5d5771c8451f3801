/*
 * The only caller of the system clock. Each request reads the clock once; pure code takes the timestamp as an argument.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/err.h"

#include <stdint.h>

#define SECONDS_US(s) ((int64_t)(s)*1000000)
#define MINUTES_US(m) SECONDS_US((int64_t)(m)*60)
#define DAYS_US(d) MINUTES_US((int64_t)(d)*24 * 60)

/* Microseconds since 1970 in UTC (CLOCK_REALTIME). ERR_IO: the clock cannot be read or is set before 1970. */
MUST_USE err clock_now_us(int64_t *ret_now_us);

/* Microseconds of a monotonic clock (CLOCK_MONOTONIC), for deadlines inside one process. */
int64_t clock_monotonic_us(void);

#ifdef DOUBLETOUR_TEST_HOOKS
/*
 * Call once at start, before entering a sandbox. The environment variable DOUBLETOUR_TEST_CLOCK names a file. Its first
 * eight bytes (int64, native byte order, microseconds) are added to every later clock_now_us. Tests move the clock by
 * writing to that file.
 */
void clock_hook_open(void);

/*
 * For tests of deadlines, which must not depend on how fast the machine is.  clock_hook_stop stops clock_monotonic_us;
 * clock_hook_step moves the stopped clock forward; clock_hook_run lets it go on from there.
 */
void clock_hook_stop(void);
void clock_hook_step(int64_t us);
void clock_hook_run(void);
#endif

#endif
