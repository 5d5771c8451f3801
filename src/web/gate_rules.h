/*
 * The rules of access as the keeper has pushed them: for many threads, replaced while they are being used.
 */
#ifndef WEB_GATE_RULES_H
#define WEB_GATE_RULES_H

#include "base/buf.h"
#include "gate/access.h"

#include <pthread.h>

struct web_rules {
	pthread_rwlock_t lock;
	struct access_rules rules; /* n = 0 until they came: nobody passes */
	struct buf coming;         /* parts that have come; touched by the one thread that hears pushes */
};

MUST_USE err web_rules_begin(struct web_rules *rules);

/* The next part of a text; with the last one the rules hold.  ERR_CONFIG: they cannot be read. */
MUST_USE err web_rules_take(struct web_rules *rules, const struct config *config, str part, bool last);

/* Decide; ret_policy, ret_line: of the rule, 0 where there is none. */
struct access_decision web_rules_decide(struct web_rules *rules, const struct access_request *request,
					const struct access_visitor *visitor, int64_t now_us,
					enum access_policy *ret_policy, unsigned *ret_line);

#endif
