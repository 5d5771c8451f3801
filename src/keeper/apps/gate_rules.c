#include "base/log.h"
#include "access/access_file.h"
#include "access/live_rules.h"
#include "access/suffix.h"
#include "config/live.h"
#include "keeper/core/call.h"

enum { TEXT_ARENA_BYTES = 2 * ACCESS_FILE_MAX_BYTES };

err
keeper_reload(struct keeper *k, const struct config *config, struct why *why)
{
	CLEANUP(rule_set_wipe) struct rule_set set = { .arena = ARENA(TEXT_ARENA_BYTES) };

	TRY(suffix_check(config, why));
	TRY(access_load(config, &set.arena, &set.text, &set.rules, why));
	log_event(LOG_NOTICE, "rules.read", LOG_INT("rules", (int64_t)set.rules.n),
		  LOG_INT("applications", (int64_t)set.rules.applications_n),
		  LOG_TEXT("file", set.rules.implied ? "none" : config->access_rules));
	keeper_config_set(k, config);
	live_rules_swap(keeper_live_rules(k), &set);
	return ERR_OK;
}

err
keeper_rules_read(struct keeper *k, struct why *why)
{
	return keeper_reload(k, keeper_config(k), why);
}

void
keeper_settings_put(const struct keeper *k, struct buf *out)
{
	config_live_put(keeper_config(k), out);
}

err
keeper_rules_copy(struct keeper *k, struct buf *text, struct buf *icons)
{
	return live_rules_copy(keeper_live_rules(k), text, icons);
}
