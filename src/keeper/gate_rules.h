/*
 * The rules of access as the keeper has them, read anew while questions are being answered.  Not for other folders: see
 * keeper/keeper.h.
 */
#ifndef KEEPER_GATE_RULES_H
#define KEEPER_GATE_RULES_H

#include "base/arena.h"
#include "gate/access.h"

#include <pthread.h>

struct gate_rules {
	pthread_rwlock_t lock;
	struct access_rules rules; /* n = 0: nobody passes */
	struct arena arena;        /* of the text */
	str text;                  /* as the file has it */
};

MUST_USE err gate_rules_begin(struct gate_rules *rules);
void gate_rules_end(struct gate_rules *rules);

/* Decide by the rules that hold now; ret_bypass: it passes without a name. */
struct access_decision gate_rules_decide(struct gate_rules *rules, const struct access_request *request,
					 const struct access_visitor *visitor, int64_t now_us, bool *ret_bypass);

#endif
