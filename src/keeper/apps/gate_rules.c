#include "base/log.h"
#include "access/access_file.h"
#include "access/live_rules.h"
#include "access/suffix.h"
#include "keeper/core/call.h"

enum { TEXT_ARENA_BYTES = 2 * ACCESS_FILE_MAX_BYTES };

err
keeper_rules_read(struct keeper *k, struct why *why)
{
	CLEANUP(rule_set_wipe) struct rule_set set = { .arena = ARENA(TEXT_ARENA_BYTES) };

	TRY(suffix_check(keeper_config(k), why));
	TRY(access_file_text(keeper_config(k), &set.arena, &set.text, why));
	TRY(access_take(keeper_config(k), set.text, &set.rules, why));
	log_event(LOG_NOTICE, "rules.read", LOG_INT("rules", (int64_t)set.rules.n),
		  LOG_TEXT("file", set.rules.implied ? "none" : keeper_config(k)->access_rules));
	live_rules_swap(keeper_live_rules(k), &set);
	return ERR_OK;
}

err
keeper_rules_copy(struct keeper *k, struct buf *ret_text)
{
	return live_rules_copy(keeper_live_rules(k), ret_text);
}
