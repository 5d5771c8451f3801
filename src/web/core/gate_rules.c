#include "web/core/gate_rules.h"

#include "access/access_file.h"

err
web_rules_begin(struct web_rules *rules)
{
	rules->coming = (struct buf)BUF(ACCESS_FILE_MAX_BYTES);
	rules->icons = (struct buf)BUF(ICONS_TEXT_MAX);
	return live_rules_begin(&rules->live);
}

void
web_rules_icons(struct web_rules *rules, str part)
{
	buf_put(&rules->icons, part);
}

err
web_rules_take(struct web_rules *rules, const struct config *config, str part, bool last)
{
	CLEANUP(rule_set_wipe) struct rule_set set = { .text = { 0 } };
	struct why why = { 0 };

	buf_put(&rules->coming, part);
	if (!last)
		return ERR_OK;
	TRY(buf_check(&rules->coming));
	TRY(buf_check(&rules->icons));
	TRY(access_take(config, buf_str(&rules->coming), &set.rules, &why));
	TRY(icons_take(&set.rules, buf_str(&rules->icons)));
	buf_clear(&rules->coming);
	buf_wipe(&rules->icons);
	live_rules_swap(&rules->live, &set);
	return ERR_OK;
}
