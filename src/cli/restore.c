/*
 * `doubletour restore FILE`.
 */
#include "cli/cli.h"

#include "cli/findings.h"

#include <getopt.h>

static const char restore_help[] =
    "Usage: doubletour restore [--replace] [--json] FILE\n"
    "\n"
    "Put a backup in the database's place.  FILE is copied, brought to the newest schema, read to its end and held "
    "against\n"
    "the key before anything is replaced; FILE itself is not changed.  The server must not run.\n"
    "\n"
    "All sessions and one-time links end.  Recovery codes that were used since the backup may be used again: have "
    "those\n"
    "who used one make new ones.\n"
    "\n"
    "  --replace   there is a database already: set it aside, under a name that is told, and go on\n"
    "  --json      print the result as JSON\n"
    "  --help      this text\n"
    "\n"
    "Exit status: 0 done, 1 could not, 2 wrong usage, 78 bad configuration.\n";

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
	buf_put(out, STR(" now holds "));
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
		cli_say("doubletour restore: name the backup.  `doubletour restore --help` says more.");
		return CLI_USAGE;
	}
	if (status == CLI_GO_ON)
		status = cli_config(cli);
	return status == CLI_GO_ON ? cli_restore_run(cli, argv[optind], replace, json) : status;
}
