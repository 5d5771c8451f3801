/*
 * When is a child started again?  Pure: the supervisor gives the time and what it saw.
 *
 * A child that once worked is started again however often it ends: else whoever can make it end could end the server.  A child that
 * ends soon after its start, time after time, and never worked, is given up.
 */
#ifndef SERVER_RESTART_H
#define SERVER_RESTART_H

#include <stdbool.h>
#include <stdint.h>

struct restart_rule {
	unsigned soon_ms;  /* a child that lives shorter has not come up */
	unsigned soon_max; /* so often in a row, and a child that never worked is given up */
	unsigned pause_ms; /* before each start but the first in such a row */
};

struct restart_state {
	int64_t started_us; /* monotonic */
	unsigned soon;      /* ends in a row, each soon after the start */
	bool worked;        /* it has lived for soon_ms once, or asked something */
};

enum restart { RESTART_GIVE_UP = 0, RESTART_NOW, RESTART_AFTER_PAUSE };

/* The child has ended at now_us; asked: it has asked the keeper something, at any time. */
enum restart restart_decide(const struct restart_rule *rule, struct restart_state *state, int64_t now_us, bool asked);

#endif
