/*
 * The rules of access as the keeper pushes them: parts of a text, in force with the last one.
 */
#ifndef WEB_GATE_RULES_H
#define WEB_GATE_RULES_H

#include "access/live_rules.h"

struct web_rules {
	struct live_rules live; /* for many threads by itself */
	struct buf coming;      /* parts that have come; touched by the one thread that hears pushes */
};

MUST_USE err web_rules_begin(struct web_rules *rules);

/* The next part of a text; with the last one the rules hold.  ERR_CONFIG: they cannot be read. */
MUST_USE err web_rules_take(struct web_rules *rules, const struct config *config, str part, bool last);

#endif
