/*
 * The access rules that the keeper pushes: a text in parts, which takes effect with the last part.
 */
#ifndef WEB_GATE_RULES_H
#define WEB_GATE_RULES_H

#include "access/live_rules.h"

struct web_rules {
	struct live_rules live; /* thread-safe */
	/* the parts of the text and of the icons received so far; used only by the thread that reads pushes */
	struct buf coming, icons;
};

MUST_USE err web_rules_begin(struct web_rules *rules);

/* Add a part of the icons, which belong to the next text. */
void web_rules_icons(struct web_rules *rules, str part);

/* Add a part of the text; the last one puts the rules in force.  ERR_CONFIG: the rules are invalid. */
MUST_USE err web_rules_take(struct web_rules *rules, const struct config *config, str part, bool last);

#endif
