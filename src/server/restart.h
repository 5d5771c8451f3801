/*
 * Decides when to restart a child.  Pure: the supervisor passes the time and its observations.
 *
 * A child that has worked is always restarted: otherwise an attacker who can end the child could end the server.  A
 * child that repeatedly ends soon after its start, and has never worked, is given up.
 */
#ifndef SERVER_RESTART_H
#define SERVER_RESTART_H

#include <stdbool.h>
#include <stdint.h>

struct restart_rule {
	unsigned soon_ms;  /* a child that ends within this time after its start ends soon */
	unsigned soon_max; /* after more such ends in a row, a child that never worked is given up */
	unsigned pause_ms; /* before each start in such a row, except the first */
};

struct restart_state {
	int64_t started_us; /* monotonic */
	unsigned soon;      /* ends in a row that were soon after the start */
	bool worked;        /* it once lived for soon_ms, or asked a question */
};

enum restart { RESTART_GIVE_UP = 0, RESTART_NOW, RESTART_AFTER_PAUSE };

/* The child has ended at now_us.  asked: it has asked the keeper at least one question. */
enum restart restart_decide(const struct restart_rule *rule, struct restart_state *state, int64_t now_us, bool asked);

#endif
