/*
 * `doubletour restore FILE`.
 */
#include "cli/cli.h"

#include "cli/findings.h"

#include <getopt.h>

static const char restore_help[] =
    "Usage: doubletour restore [--replace] [--json] FILE\n"
    "\n"
    "Restore a backup.  FILE is copied; the copy is upgraded to the newest schema and checked with the key before it\n"
    "replaces the database.  FILE does not change.  Stop the server first.\n"
    "\n"
    "All sessions and one-time links end.  Recovery codes that were used since the backup become valid again: users "
    "who\n"
    "used one must generate new codes.\n"
    "\n"
    "  --replace   rename an existing database (the new name is printed), then restore\n"
    "  --json      print the result as JSON\n"
    "  --help      show this help\n"
    "\n"
    "Exit status: 0 success, 1 failure, 2 wrong usage, 78 invalid configuration.\n";

static err
cli_restore_report(const struct config *config, const struct upkeep_restored *restored, bool json, struct buf *out)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	if (json) {
		cli_json_text(&line, "database", str_of(config->database_path));
		cli_json_text(&line, "set_aside", str_of(restored->aside));
		findings_put_json(&line, &restored->findings);
		return cli_json_put(&line, out);
	}
	buf_put_visible(out, str_of(config->database_path));
	buf_put(out, STR(" now contains "));
	findings_put(out, &restored->findings);
	buf_put(out, STR(".\n"));
	if (restored->aside[0] != '\0')
		cli_line(out, "The previous database is now %s.", restored->aside);
	findings_put_problems(out, &restored->findings);
	return buf_check(out);
}

static int
cli_restore_run(struct cli *cli, const char *file, bool replace, bool json)
{
	CLEANUP(buf_wipe) struct buf out = BUF(8 * 1024);
	struct upkeep_restored restored = { .aside = "" };
	struct why why = { 0 };
	err e = upkeep_restore(&cli->config, file, replace, &why, &restored);

	if (e == ERR_OK)
		e = cli_restore_report(&cli->config, &restored, json, &out);
	return e == ERR_OK ? cli_print(buf_str(&out)) : cli_fail(e, &why);
}

int
cli_restore(struct cli *cli, int argc, char **argv)
{
	bool json = false, replace = false;
	const struct cli_option options[] = { { .name = "json", .flag = &json },
					      { .name = "replace", .flag = &replace } };
	int status = cli_options(argc, argv, restore_help, options, COUNT(options), 1);

	if (status == CLI_GO_ON && optind == argc) {
		cli_say("doubletour restore: the name of the backup is missing.  See `doubletour restore --help`.");
		return CLI_USAGE;
	}
	if (status == CLI_GO_ON)
		status = cli_config(cli);
	return status == CLI_GO_ON ? cli_restore_run(cli, argv[optind], replace, json) : status;
}
