#include "config/report.h"

#include "base/dsn.h"

enum { COLUMNS = 100, ORIGIN_COLUMN = 48 };

/* --- config show -------------------------------------------------------------------------------------------------- */

static bool
config_report_must_be_quoted(str value)
{
	for (size_t i = 0; i < value.n; i++)
		if (str_has_byte(STR(" \t#\"'\\$`"), value.p[i]))
			return true;
	return false;
}

/* Write a value in the syntax of .env. */
static void
config_report_put_quoted(str value, struct buf *out)
{
	bool quote = config_report_must_be_quoted(value);

	buf_put(out, quote ? STR("\"") : STR(""));
	for (size_t i = 0; i < value.n; i++) {
		if (str_has_byte(STR("\"\\$`"), value.p[i]))
			buf_put_byte(out, '\\');
		buf_put_byte(out, value.p[i]);
	}
	buf_put(out, quote ? STR("\"") : STR(""));
}

static void
config_report_put_value(const struct setting *setting, const struct config *config, struct buf *out)
{
	CLEANUP(buf_wipe) struct buf value = BUF(4 * CONFIG_TEXT_MAX);

	setting_put(setting, config, &value);
	if ((setting->flags & SETTING_SECRET) != 0)
		buf_put(out, value.n > 0 ? STR("(set)") : STR("(key file)"));
	else if ((setting->flags & SETTING_PASSWORD) != 0)
		dsn_put(buf_str(&value), out);
	else
		config_report_put_quoted(buf_str(&value), out);
}

static void
config_report_put_origin(const struct origin *origin, struct buf *out)
{
	if (origin->kind == FROM_FILE)
		buf_printf(out, "%.400s, line %u", origin->file, origin->line);
	else if (origin->kind == FROM_SECRET_FILE)
		buf_put_visible(out, str_of(origin->secret.path));
	else
		buf_put(out, origin->kind == FROM_ENVIRONMENT ? STR("environment") : STR("default"));
}

static void
config_report_show_one(const struct setting *setting, const struct config *config, const struct origin *origin,
		       struct buf *out)
{
	size_t start = out->n;

	buf_printf(out, "%s=", setting->name);
	config_report_put_value(setting, config, out);
	do
		buf_put_byte(out, ' ');
	while (out->n - start < ORIGIN_COLUMN && buf_check(out) == ERR_OK);
	buf_put(out, STR("# "));
	config_report_put_origin(origin, out);
	buf_put_byte(out, '\n');
}

/* Print an ignored setting only if it was given. */
static void
config_report_show_ignored(const struct setting *setting, const struct origin *origin, struct buf *out)
{
	if (origin->kind == FROM_DEFAULT)
		return;
	buf_printf(out, "# %s has no effect here (", setting->name);
	config_report_put_origin(origin, out);
	buf_put(out, STR(")\n"));
}

void
report_show(const struct config *config, const struct origins *origins, struct buf *out)
{
	buf_put(out, STR("# "));
	locate_put(&origins->file, out);
	buf_put_byte(out, '\n');
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if ((settings[i].flags & SETTING_IGNORED) != 0)
			config_report_show_ignored(&settings[i], &origins->of[i], out);
		else
			config_report_show_one(&settings[i], config, &origins->of[i], out);
}

/* --- .env.example ------------------------------------------------------------------------------------------------- */

/* Write words in lines of at most COLUMNS, each with the prefix. */
static void
config_report_put_wrapped(const char *prefix, str text, struct buf *out)
{
	size_t column = 0;

	while (text.p != NULL) {
		str word = str_cut(&text, ' ');
		if (word.n == 0)
			continue;
		bool fits = column > 0 && column + 1 + word.n <= COLUMNS;
		if (column > 0 && !fits)
			buf_put_byte(out, '\n');
		buf_put(out, fits ? STR(" ") : str_of(prefix));
		buf_put(out, word);
		column = fits ? column + 1 + word.n : strlen(prefix) + word.n;
	}
	buf_put_byte(out, '\n');
}

static const char *
config_report_or_empty(const char *z)
{
	return z == NULL ? "" : z;
}

static bool
config_report_differs(const struct setting *setting, enum config_profile profile)
{
	return !str_equal(str_of(setting->defaults[profile]), str_of(setting->defaults[PROFILE_DEVELOPMENT]));
}

static void
config_report_example_one(const struct setting *setting, struct buf *out)
{
	buf_put_byte(out, '\n');
	config_report_put_wrapped("# ", str_of(setting->help), out);
	buf_printf(out, "# Value: %s.\n", setting->takes);
	if (setting->example != NULL)
		buf_printf(out, "# Example: %s=%s\n", setting->name, setting->example);
	if ((setting->flags & SETTING_FROM_FILE) != 0)
		buf_printf(out, "# From a file: %s_FILE=/run/secrets/%s\n", setting->name, setting->name);
	if (config_report_differs(setting, PROFILE_TESTING))
		buf_printf(out, "# In the testing profile: %s\n",
			   config_report_or_empty(setting->defaults[PROFILE_TESTING]));
	if (config_report_differs(setting, PROFILE_PRODUCTION))
		buf_printf(out, "# In the production profile: %s\n",
			   config_report_or_empty(setting->defaults[PROFILE_PRODUCTION]));
	buf_printf(out, "#%s=%s\n", setting->name, config_report_or_empty(setting->defaults[PROFILE_DEVELOPMENT]));
}

void
report_example(struct buf *out)
{
	buf_put(
	    out,
	    STR("# Settings of Doubletour.  Copy this file to .env (chmod 600 .env) and uncomment what you change.\n"
		"# Environment variables override this file.  A setting that is in neither has the default shown "
		"here.\n"
		"# Printed by `doubletour config example`.\n"));
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if ((settings[i].flags & SETTING_IGNORED) == 0)
			config_report_example_one(&settings[i], out);
}

/* --- the manual --------------------------------------------------------------------------------------------------- */

static void
config_report_manual_default(const struct setting *setting, struct buf *out)
{
	static const char *const names[PROFILE_COUNT] = { "development", "testing", "production" };
	const char *standard = setting->defaults[PROFILE_DEVELOPMENT];

	if (standard == NULL)
		buf_put(out, STR("none"));
	else
		buf_printf(out, "`%s`", standard);
	for (unsigned p = PROFILE_TESTING; p < PROFILE_COUNT; p++)
		if (config_report_differs(setting, (enum config_profile)p))
			buf_printf(out, "; `%s` in %s", config_report_or_empty(setting->defaults[p]), names[p]);
}

static void
config_report_manual_one(const struct setting *setting, struct buf *out)
{
	buf_printf(out, "\n## `%s`\n\n", setting->name);
	buf_put(out, str_of(setting->help));
	buf_put(out, STR("\n\n- value: "));
	buf_put(out, str_of(setting->takes));
	buf_put(out, STR("\n- default: "));
	config_report_manual_default(setting, out);
	if (setting->example != NULL)
		buf_printf(out, "\n- example: `%s=%s`", setting->name, setting->example);
	buf_put(out, (setting->flags & SETTING_LIVE) != 0 ? STR("\n- a change applies: after `SIGHUP`")
							  : STR("\n- a change applies: after a restart"));
	if ((setting->flags & SETTING_FROM_FILE) != 0)
		buf_printf(out, "\n- from a file: `%s_FILE`, or the systemd credential `doubletour.%s`", setting->name,
			   setting->name);
	buf_put_byte(out, '\n');
}

static void
config_report_manual_ignored(struct buf *out)
{
	const char *before = "";

	buf_put(out, STR("\n## Accepted without effect\n\n"));
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if ((settings[i].flags & SETTING_IGNORED) != 0) {
			buf_printf(out, "%s`%s`", before, settings[i].name);
			before = ", ";
		}
	buf_put(out, STR(": a `.env` of a Flask application may set them.  Doubletour has no debug mode.\n"));
}

void
report_manual(struct buf *out)
{
	buf_put(
	    out,
	    STR("# Settings\n\n"
		"<!-- printed by `doubletour config manual`; a test compares it with the program -->\n\n"
		"The server and every command look for a setting in the environment, then in the settings file.  If\n"
		"neither has the setting, the default applies.  An empty value counts as not set.\n\n"
		"The settings file is the first of these files that is given or exists:\n\n"
		"1. the file of the option `--settings FILE`, before or after the command\n"
		"2. the file that the environment variable `DOUBLETOUR_SETTINGS` names\n"
		"3. `.env` in the current directory\n"
		"4. `/etc/doubletour/doubletour.env`; the build option `settings_file` changes this path\n\n"
		"Only one file is read.  A named file must exist.  Write absolute paths in it: a relative path begins\n"
		"in the current directory, not in the directory of the file.\n\n"
		"The settings file:\n\n"
		"- A line is `NAME=value` or `export NAME=value`, as in a shell but without expansion.\n"
		"- A comment begins with `#`.\n"
		"- Text in single quotes is literal.\n"
		"- In double quotes, a backslash escapes `\"`, `\\`, `$` and `` ` ``.\n"
		"- A name may occur only once.\n"
		"- An unknown name is an error.  In the environment, unknown names are ignored: other programs use "
		"them.\n\n"
		"The settings file and the file of `ACCESS_RULES` must belong to root or to the user that runs\n"
		"doubletour.  No other user may have the right to write them.  If every user may read the settings\n"
		"file, it must contain neither `SECRET_KEY` nor a password in `DATABASE_URL`.\n\n"
		"If root runs a command with a settings file, the command switches to the user that owns `DATA_DIR`,\n"
		"before it opens anything else.  Files on the command line, such as a backup, are then opened as that\n"
		"user.  That user may also own the settings file.  The audit trail names the user that ran sudo.\n\n"
		"A secret can be in a separate file: `NAME_FILE` is the absolute path of this file.  The entries "
		"below\n"
		"say which settings have a `NAME_FILE`.  systemd passes such a file, in `$CREDENTIALS_DIRECTORY`, "
		"with\n"
		"`LoadCredential=doubletour.NAME:PATH`.\n\n"
		"- Only one of `NAME`, `NAME_FILE` and the credential may be set.  Two of them are an error.\n"
		"- The file must belong to root or to the user that runs doubletour, and no other user may write it.\n"
		"- If every user may read the file, the server accepts it and logs a warning.\n"
		"- The file must be a regular file of 1 to 4096 bytes, without a NUL byte.  One newline at its end is "
		"not\n"
		"  part of the value.\n\n"
		"`sudo systemctl reload doubletour` sends `SIGHUP`: the server reads its settings again.  Some "
		"settings\n"
		"then apply at once; the entries below name them.  For every other setting that changed, the log has\n"
		"`settings.restart`.  If a setting or the access rules are invalid, nothing changes, and the log has\n"
		"`settings.kept` or `rules.kept`.  The environment of a running process does not change.\n\n"
		"`doubletour config show` names the settings file, and prints each setting with its origin.\n"
		"`doubletour config check` names the file too, and reports errors.  `doubletour config example` "
		"prints\n"
		"a commented settings file.\n"));
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if ((settings[i].flags & SETTING_IGNORED) == 0)
			config_report_manual_one(&settings[i], out);
	config_report_manual_ignored(out);
}
