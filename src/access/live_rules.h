/*
 * The access rules in force: many threads decide by them, and one thread replaces them meanwhile.  The keeper holds the rules of the
 * file, the web process holds what the keeper has pushed.
 */
#ifndef ACCESS_LIVE_RULES_H
#define ACCESS_LIVE_RULES_H

#include "base/buf.h"
#include "access/access.h"

#include <pthread.h>

/* Rules, and the text that they were read from where its owner needs it. */
struct rule_set {
	struct access_rules rules; /* n = 0: nobody passes */
	struct arena arena;        /* of the text */
	str text;                  /* empty: not kept */
};

void rule_set_wipe(struct rule_set *set);

struct live_rules {
	pthread_rwlock_t lock;
	struct rule_set set;
};

/* Until the first live_rules_swap nobody passes. */
MUST_USE err live_rules_begin(struct live_rules *live);
void live_rules_end(struct live_rules *live);

/* Put *set in force; *set becomes the set that was in force, which the caller wipes. */
void live_rules_swap(struct live_rules *live, struct rule_set *set);

/* Append the text of the rules in force.  ERR_TOO_LONG, ERR_MEMORY: the buffer's. */
MUST_USE err live_rules_copy(struct live_rules *live, struct buf *out);

/* Decide by the rules in force; ret_policy, ret_line: of the rule that decided, ACCESS_DENY and 0 when no rule did. */
struct access_decision live_rules_decide(struct live_rules *live, const struct access_request *request,
					 const struct access_visitor *visitor, int64_t now_us,
					 enum access_policy *ret_policy, unsigned *ret_line);

#endif
