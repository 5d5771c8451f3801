#include "web/gate_rules.h"

#include "gate/access_file.h"

err
web_rules_begin(struct web_rules *rules)
{
	rules->coming = (struct buf)BUF(ACCESS_FILE_MAX_BYTES);
	return pthread_rwlock_init(&rules->lock, NULL) == 0 ? ERR_OK : ERR_MEMORY;
}

static void
swap(struct web_rules *rules, const struct access_rules *fresh)
{
	struct access_rules old;

	pthread_rwlock_wrlock(&rules->lock);
	old = rules->rules;
	rules->rules = *fresh;
	pthread_rwlock_unlock(&rules->lock);
	access_rules_wipe(&old);
}

err
web_rules_take(struct web_rules *rules, const struct config *config, str part, bool last)
{
	struct access_rules fresh = { .n = 0 };
	struct why why = { 0 };

	buf_put(&rules->coming, part);
	if (!last)
		return ERR_OK;
	TRY(buf_check(&rules->coming));
	TRY(access_take(config, buf_str(&rules->coming), &fresh, &why));
	buf_clear(&rules->coming);
	swap(rules, &fresh);
	return ERR_OK;
}

struct access_decision
web_rules_decide(struct web_rules *rules, const struct access_request *request, const struct access_visitor *visitor,
		 int64_t now_us, enum access_policy *ret_policy, unsigned *ret_line)
{
	struct access_decision decision;

	pthread_rwlock_rdlock(&rules->lock);
	decision = access_decide(&rules->rules, request, visitor, now_us);
	*ret_policy = decision.rule == NULL ? ACCESS_DENY : decision.rule->policy;
	*ret_line = decision.rule == NULL ? 0 : decision.rule->line;
	pthread_rwlock_unlock(&rules->lock);
	decision.rule = NULL; /* it may be gone at once */
	return decision;
}
