#include "keeper/gate_rules.h"

#include "base/log.h"
#include "gate/access_file.h"
#include "gate/suffix.h"
#include "keeper/turn.h"

enum { TEXT_ARENA_BYTES = 2 * ACCESS_FILE_MAX_BYTES };

err
gate_rules_begin(struct gate_rules *rules)
{
	return pthread_rwlock_init(&rules->lock, NULL) == 0 ? ERR_OK : ERR_MEMORY;
}

void
gate_rules_end(struct gate_rules *rules)
{
	access_rules_wipe(&rules->rules);
	arena_wipe(&rules->arena);
	pthread_rwlock_destroy(&rules->lock);
}

struct access_decision
gate_rules_decide(struct gate_rules *rules, const struct access_request *request, const struct access_visitor *visitor,
		  int64_t now_us, bool *ret_bypass)
{
	struct access_decision decision;

	pthread_rwlock_rdlock(&rules->lock);
	decision = access_decide(&rules->rules, request, visitor, now_us);
	*ret_bypass = decision.rule != NULL && decision.rule->policy == ACCESS_BYPASS;
	pthread_rwlock_unlock(&rules->lock);
	decision.rule = NULL; /* it may be gone at once */
	return decision;
}

static void
swap(struct gate_rules *rules, struct access_rules *fresh, struct arena *arena, str text)
{
	struct access_rules old_rules;
	struct arena old_arena;

	pthread_rwlock_wrlock(&rules->lock);
	old_rules = rules->rules;
	old_arena = rules->arena;
	rules->rules = *fresh;
	rules->arena = *arena;
	rules->text = text;
	pthread_rwlock_unlock(&rules->lock);
	access_rules_wipe(&old_rules);
	*arena = old_arena; /* its owner wipes it */
}

err
keeper_rules_read(struct keeper *k, struct why *why)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(TEXT_ARENA_BYTES);
	struct access_rules fresh = { .n = 0 };
	str text = { 0 };

	TRY(suffix_check(keeper_config(k), why));
	TRY(access_file_text(keeper_config(k), &arena, &text, why));
	TRY(access_take(keeper_config(k), text, &fresh, why));
	log_event(LOG_NOTICE, "rules.read", LOG_INT("rules", (int64_t)fresh.n),
		  LOG_TEXT("file", fresh.implied ? "none" : keeper_config(k)->access_rules));
	swap(keeper_gate_rules(k), &fresh, &arena, text);
	return ERR_OK;
}

err
keeper_rules_copy(struct keeper *k, struct buf *ret_text)
{
	struct gate_rules *rules = keeper_gate_rules(k);

	pthread_rwlock_rdlock(&rules->lock);
	buf_put(ret_text, rules->text);
	pthread_rwlock_unlock(&rules->lock);
	return buf_check(ret_text);
}
