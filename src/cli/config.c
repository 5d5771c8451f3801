/*
 * `doubletour config check|show|example|manual`.
 */
#include "cli/cli.h"

#include "config/report.h"
#include "base/digest.h"
#include "access/access_file.h"
#include "access/suffix.h"
#include "keeper/ops/passkey_loss.h"
#include "keeper/ops/upkeep.h"
#include "web/core/brand.h"

#include <getopt.h>

enum { REPORT_MAX_BYTES = 64 * 1024 };

static const char config_help[] =
    "Usage: doubletour config check|show|example|manual\n"
    "\n"
    "  check     check the settings, name their file, and say what is wrong\n"
    "  show      print the settings file's path and each setting with its source; secrets are not shown\n"
    "  example   print a commented settings file\n"
    "  manual    print the manual of the settings, as Markdown\n"
    "\n"
    "The settings file is FILE of --settings, otherwise the file that the variable DOUBLETOUR_SETTINGS names,\n"
    "otherwise .env in the current directory, otherwise /etc/doubletour/doubletour.env.  The environment takes\n"
    "precedence over the file, and the file over the defaults.\n"
    "Exit status: 0 the settings are valid, 2 wrong usage, 78 they are invalid.\n";

static const struct cli_topic config_topics[] = {
	{ "check", "",
	  "Check the settings, name their file, and say what is wrong.  If there is a database, also check that all\n"
	  "its passkeys still work after a change of PUBLIC_URL or PASSKEY_RP_ID.\n",
	  "" },
	{ "show", "",
	  "Print the path of the settings file, and each setting with its source.  Secrets are not shown.\n", "" },
	{ "example", "", "Print a commented settings file.\n", "" },
	{ "manual", "", "Print the manual of the settings, as Markdown.\n", "" },
	{ .name = NULL },
};

/* Check the file of access rules too: a server does not start if that file cannot be read. */
static err
cli_config_rules_check(const struct config *config, struct why *why)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(2 * ACCESS_FILE_MAX_BYTES);
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };
	str text = { 0 };

	TRY(digest_setup()); /* icons are named by their digest */
	TRY(suffix_check(config, why));
	TRY(brand_check(config, why));
	return access_load(config, &arena, &text, &rules, why);
}

/* Containers mount secrets with mode 0444, so this is not an error. */
static void
cli_config_warn(const struct origins *origins, struct buf *out)
{
	struct why why = { 0 };

	if (config_check_readable(&origins->file, &why) != ERR_OK)
		cli_line(out, "Warning: %s", why.text);
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if (origins->of[i].kind == FROM_SECRET_FILE && origins->of[i].secret.world_readable)
			cli_line(out,
				 "Warning: every user of this machine may read %s, the file of %s.  Outside a "
				 "container, run `chmod o-r %s`.",
				 origins->of[i].secret.path, settings[i].name, origins->of[i].secret.path);
}

/*
 * Before the first start there is no database, and an older one has no passkeys that this program knows.  The server
 * makes the same check when it starts.
 */
static err
cli_config_passkeys_check(const struct config *config, struct why *why)
{
	CLEANUP(db_close) struct db *db = NULL;
	struct why unread = { 0 };

	if (upkeep_open(config, &unread, &db) != ERR_OK)
		return ERR_OK;
	return passkey_loss_check(config, db, why);
}

typedef void (*put_report)(const struct config *config, const struct origins *origins, struct buf *out);

static void
cli_config_put_check(const struct config *config, const struct origins *origins, struct buf *out)
{
	buf_put(out, STR("The settings are valid.\n"));
	locate_put(&origins->file, out);
	buf_put_byte(out, '\n');
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if ((settings[i].flags & SETTING_IGNORED) != 0 && origins->of[i].kind != FROM_DEFAULT)
			cli_line(out, "%s has no effect here.", settings[i].name);
	cli_config_warn(origins, out);
}

static void
cli_config_put_example(const struct config *config, const struct origins *origins, struct buf *out)
{
	report_example(out);
}

static void
cli_config_put_manual(const struct config *config, const struct origins *origins, struct buf *out)
{
	report_manual(out);
}

static const struct report {
	const char *name;
	bool needs_config;
	put_report put;
} reports[] = {
	{ "check", true, cli_config_put_check },
	{ "show", true, report_show },
	{ "example", false, cli_config_put_example },
	{ "manual", false, cli_config_put_manual },
};

static int
cli_config_print(const struct report *report)
{
	CLEANUP(config_wipe) struct config config = { 0 };
	CLEANUP(buf_wipe) struct buf out = BUF(REPORT_MAX_BYTES);
	struct origins origins = { 0 };
	struct why why = { 0 };
	err e = report->needs_config ? config_load_traced(&config, &origins, &why) : ERR_OK;

	if (e == ERR_OK && report->put == cli_config_put_check)
		e = cli_config_rules_check(&config, &why);
	if (e == ERR_OK && report->put == cli_config_put_check)
		e = cli_config_passkeys_check(&config, &why);
	if (e != ERR_OK)
		return cli_fail(e, &why);
	report->put(&config, &origins, &out);
	e = buf_check(&out);
	return e == ERR_OK ? cli_print(buf_str(&out)) : cli_fail(e, NULL);
}

int
cli_config_command(struct cli *cli, int argc, char **argv)
{
	struct cli_help room;
	int status;

	if (cli_topic_missing(argc, argv, config_topics))
		return cli_topic_unknown(argv[1], config_topics, argv[0]);
	status = cli_arguments(argc, argv, cli_topic_help(argc, argv, config_topics, config_help, &room), 1);
	if (status != CLI_GO_ON)
		return status;
	if (optind == argc)
		return cli_print_usage(config_help);
	for (size_t i = 0; i < COUNT(reports); i++)
		if (str_equal(str_of(argv[optind]), str_of(reports[i].name)))
			return cli_config_print(&reports[i]);
	return cli_topic_unknown(argv[optind], config_topics, argv[0]);
}
