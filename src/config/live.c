#include "config/live.h"

#include "base/mem.h"
#include "config/load.h"

static bool
live_is(const struct setting *setting)
{
	return (setting->flags & SETTING_LIVE) != 0;
}

/* Does a setting have another value?  Without memory to compare: ERR_MEMORY. */
static err
live_differs(const struct setting *setting, const struct config *a, const struct config *b, bool *ret_differs)
{
	CLEANUP(buf_wipe) struct buf first = BUF(CONFIG_LIVE_TEXT_MAX);
	CLEANUP(buf_wipe) struct buf second = BUF(CONFIG_LIVE_TEXT_MAX);

	if ((setting->flags & SETTING_IGNORED) != 0)
		return ERR_OK;
	setting_put(setting, a, &first);
	setting_put(setting, b, &second);
	TRY(buf_check(&first));
	TRY(buf_check(&second));
	*ret_differs = !str_equal(buf_str(&first), buf_str(&second));
	return ERR_OK;
}

static err
live_compare(const struct config *now, const struct config *fresh, struct config_changes *ret_changes, bool *ret_live)
{
	*ret_changes = (struct config_changes){ 0 };
	*ret_live = false;
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		TRY(live_differs(&settings[i], now, fresh, &ret_changes->of[i]));
		*ret_live = *ret_live || (ret_changes->of[i] && live_is(&settings[i]));
	}
	return ERR_OK;
}

/* Defaults depend on the profile, and live settings on others. */
static err
live_check(const struct config *merged, const struct config *fresh, struct why *why)
{
	struct why rule = { 0 };

	if (merged->profile != fresh->profile)
		return why_set(why, ERR_CONFIG, "APP_SETTINGS has changed.  Restart the server.");
	if (config_check(merged, &rule) == ERR_OK)
		return ERR_OK;
	return why_set(why, ERR_CONFIG,
		       "The new settings need a restart, because settings that are not live changed too: %s",
		       rule.text);
}

/* The caller fills the version before other threads see it. */
static err
live_version_add(struct config_versions *versions, const struct config *now, struct config **ret_version)
{
	struct config *version;

	if (versions->n == CONFIG_VERSIONS_MAX)
		return ERR_TOO_LONG;
	version = mem_new(sizeof(*version));
	if (version == NULL)
		return ERR_MEMORY;
	*version = *now;
	versions->made[versions->n++] = version;
	*ret_version = version;
	return ERR_OK;
}

static void
live_copy(struct config *version, const struct config *fresh)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if (live_is(&settings[i]))
			memcpy((char *)version + settings[i].offset, (const char *)fresh + settings[i].offset,
			       settings[i].size);
}

err
config_version_make(struct config_versions *versions, const struct config *now, const struct config *fresh,
		    struct config_changes *ret_changes, const struct config **ret_version, struct why *why)
{
	struct config *version = NULL;
	bool live = false;
	err e;

	TRY(live_compare(now, fresh, ret_changes, &live));
	*ret_version = now;
	if (!live)
		return ERR_OK;
	e = live_version_add(versions, now, &version);
	if (e == ERR_TOO_LONG)
		return why_set(why, e, "The settings have changed %d times.  Restart the server.", CONFIG_VERSIONS_MAX);
	TRY(e);
	live_copy(version, fresh);
	e = live_check(version, fresh, why);
	if (e == ERR_OK)
		*ret_version = version;
	else
		config_version_drop(versions, version);
	return e;
}

void
config_version_drop(struct config_versions *versions, const struct config *version)
{
	if (versions->n == 0 || versions->made[versions->n - 1] != version)
		return;
	versions->n--;
	config_wipe(versions->made[versions->n]);
	mem_free(&versions->made[versions->n]);
}

void
config_versions_wipe(struct config_versions *versions)
{
	while (versions->n > 0)
		config_version_drop(versions, versions->made[versions->n - 1]);
}

/* --- the text for web --------------------------------------------------------------------------------------------- */

static bool
live_is_for_web(const struct setting *setting)
{
	return live_is(setting) && (setting->flags & SETTING_WEB) != 0;
}

void
config_live_put(const struct config *config, struct buf *out)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		if (!live_is_for_web(&settings[i]))
			continue;
		buf_put(out, str_of(settings[i].name));
		buf_put_byte(out, '=');
		setting_put(&settings[i], config, out);
		buf_put_byte(out, '\n');
	}
}

/* Values contain no control bytes, so a newline ends them. */
static err
live_take_line(str line, struct config *config)
{
	struct why why = { 0 };
	const struct setting *setting = setting_find(str_cut(&line, '='));

	if (setting == NULL || line.p == NULL || !live_is_for_web(setting))
		return ERR_INVALID;
	return setting_parse(setting, line, config, &why) == ERR_OK ? ERR_OK : ERR_INVALID;
}

static err
live_take_lines(str text, struct config *config)
{
	while (!str_empty(text))
		TRY(live_take_line(str_cut(&text, '\n'), config));
	return ERR_OK;
}

err
config_live_take(struct config_versions *versions, const struct config *now, str text,
		 const struct config **ret_version)
{
	struct config fresh = *now;
	struct config *version = NULL;
	struct config_changes changes;
	bool live = false;

	TRY(live_take_lines(text, &fresh));
	TRY(live_compare(now, &fresh, &changes, &live));
	*ret_version = now;
	if (!live)
		return ERR_OK;
	TRY(live_version_add(versions, now, &version));
	live_copy(version, &fresh);
	*ret_version = version;
	return ERR_OK;
}
