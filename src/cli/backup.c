/*
 * `doubletour backup FILE`.
 */
#include "cli/cli.h"

#include "cli/findings.h"

#include <getopt.h>

static const char backup_help[] =
    "Usage: doubletour backup [--json] FILE\n"
    "\n"
    "Copy the database to a new file that only you can read.  The copy is consistent, also while the server runs.\n"
    "The command checks the copy before it gives it the name FILE.  FILE must not exist.\n"
    "\n"
    "The copy does not contain the key, which decrypts its secrets: back up doubletour.key in another place.\n"
    "\n"
    "  --json   print the result as JSON\n"
    "  --help   show this help\n"
    "\n"
    "Example, every night:  doubletour backup /backups/doubletour-$(date +%F).sqlite\n"
    "Exit status: 0 success, 1 failure, 2 wrong usage, 78 invalid configuration.\n";

static err
cli_backup_report(const char *file, const struct upkeep_findings *findings, bool json, struct buf *out)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	if (json) {
		cli_json_text(&line, "file", str_of(file));
		findings_put_json(&line, findings);
		return cli_json_put(&line, out);
	}
	buf_put_visible(out, str_of(file));
	buf_put(out, STR(" contains "));
	findings_put(out, findings);
	buf_put(out, STR(".\n"));
	findings_put_problems(out, findings);
	return buf_check(out);
}

static int
cli_backup_run(struct cli *cli, const char *file, bool json)
{
	CLEANUP(buf_wipe) struct buf out = BUF(8 * 1024);
	struct upkeep_findings findings = { 0 };
	struct why why = { 0 };
	err e = upkeep_backup(&cli->config, file, &why, &findings);

	if (e == ERR_OK)
		e = cli_backup_report(file, &findings, json, &out);
	return e == ERR_OK ? cli_print(buf_str(&out)) : cli_fail(e, &why);
}

int
cli_backup(struct cli *cli, int argc, char **argv)
{
	bool json = false;
	const struct cli_option options[] = { { .name = "json", .flag = &json } };
	int status = cli_options(argc, argv, backup_help, options, COUNT(options), 1);

	if (status == CLI_GO_ON && optind == argc) {
		cli_say("doubletour backup: the name of the new file is missing.  See `doubletour backup --help`.");
		return CLI_USAGE;
	}
	if (status == CLI_GO_ON)
		status = cli_config(cli);
	return status == CLI_GO_ON ? cli_backup_run(cli, argv[optind], json) : status;
}
