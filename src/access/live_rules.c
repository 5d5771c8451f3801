#include "access/live_rules.h"

void
rule_set_wipe(struct rule_set *set)
{
	access_rules_wipe(&set->rules);
	arena_wipe(&set->arena);
	set->text = (str){ 0 };
}

err
live_rules_begin(struct live_rules *live)
{
	return pthread_rwlock_init(&live->lock, NULL) == 0 ? ERR_OK : ERR_MEMORY;
}

void
live_rules_end(struct live_rules *live)
{
	rule_set_wipe(&live->set);
	pthread_rwlock_destroy(&live->lock);
}

void
live_rules_swap(struct live_rules *live, struct rule_set *set)
{
	struct rule_set old;

	pthread_rwlock_wrlock(&live->lock);
	old = live->set;
	live->set = *set;
	pthread_rwlock_unlock(&live->lock);
	*set = old;
}

err
live_rules_copy(struct live_rules *live, struct buf *text, struct buf *icons)
{
	pthread_rwlock_rdlock(&live->lock);
	buf_put(text, live->set.text);
	icons_put(&live->set.rules, icons);
	pthread_rwlock_unlock(&live->lock);
	TRY(buf_check(text));
	return buf_check(icons);
}

err
live_rules_icon(struct live_rules *live, str name, struct buf *ret_bytes, enum image_kind *ret_kind)
{
	const struct application_icon *found;

	*ret_kind = IMAGE_NONE;
	pthread_rwlock_rdlock(&live->lock);
	found = icon_find(&live->set.rules, name);
	if (found != NULL) {
		buf_put(ret_bytes, found->bytes);
		*ret_kind = found->kind;
	}
	pthread_rwlock_unlock(&live->lock);
	return found == NULL ? ERR_NOT_FOUND : buf_check(ret_bytes);
}

struct access_decision
live_rules_decide(struct live_rules *live, const struct access_request *request, const struct access_visitor *visitor,
		  int64_t now_us, enum access_policy *ret_policy, unsigned *ret_line)
{
	struct access_decision decision;

	pthread_rwlock_rdlock(&live->lock);
	decision = access_decide(&live->set.rules, request, visitor, now_us);
	*ret_policy = decision.rule == NULL ? ACCESS_DENY : decision.rule->policy;
	*ret_line = decision.rule == NULL ? 0 : decision.rule->line;
	pthread_rwlock_unlock(&live->lock);
	decision.rule = NULL; /* the pointer may be invalid after the unlock */
	return decision;
}

bool
live_rules_client_accepts(struct live_rules *live, str client, const struct access_visitor *visitor, int64_t now_us)
{
	bool accepts;

	pthread_rwlock_rdlock(&live->lock);
	accepts = access_client_accepts(&live->set.rules, client, visitor, now_us);
	pthread_rwlock_unlock(&live->lock);
	return accepts;
}

err
live_rules_visible(struct live_rules *live, const struct access_visitor *visitor, str address, int64_t now_us,
		   live_application visit, void *context)
{
	const struct access_rules *rules = &live->set.rules;
	err e = ERR_OK;

	pthread_rwlock_rdlock(&live->lock);
	for (size_t i = 0; i < rules->applications_n && e == ERR_OK; i++)
		if (application_is_visible(rules, &rules->applications[i], visitor, address, now_us))
			e = visit(context, &rules->applications[i], i);
	pthread_rwlock_unlock(&live->lock);
	return e;
}

err
live_rules_application_of(struct live_rules *live, const struct target *target, live_application visit, void *context)
{
	const struct application *found;
	err e = ERR_OK;

	pthread_rwlock_rdlock(&live->lock);
	found = application_of_target(&live->set.rules, target);
	if (found != NULL)
		e = visit(context, found, (size_t)(found - live->set.rules.applications));
	pthread_rwlock_unlock(&live->lock);
	return e;
}

enum access_refusal
live_rules_refusal(struct live_rules *live, const struct access_request *request, const struct access_visitor *visitor,
		   int64_t now_us)
{
	struct access_decision decision;
	enum access_refusal refusal;

	pthread_rwlock_rdlock(&live->lock);
	decision = access_decide(&live->set.rules, request, visitor, now_us);
	refusal = access_refusal(&live->set.rules, request, visitor, &decision);
	pthread_rwlock_unlock(&live->lock);
	return refusal;
}
