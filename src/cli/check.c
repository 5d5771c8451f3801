/*
 * `doubletour check`.
 */
#include "cli/cli.h"

#include "cli/findings.h"

static const char check_help[] =
    "Usage: doubletour check [--json]\n"
    "\n"
    "Check the whole database: the file, the references between rows, whether the key decrypts every secret and\n"
    "passkey, and whether every value is valid.  Findings go to standard error, each with its remedy.  The server may\n"
    "be running.\n"
    "\n"
    "  --json   print the result as JSON\n"
    "  --help   show this help\n"
    "\n"
    "Exit status: 0 no errors, 1 errors found, or failure, 2 wrong usage, 78 invalid configuration.\n";

static void
cli_check_print(void *context, const char *sentence)
{
	(void)context;
	cli_say("%s", sentence);
}

/* Sessions of removed authenticators are not a fault: such a session grants nothing and expires. */
static bool
cli_check_ok(const struct upkeep_findings *findings)
{
	return findings->unreadable == 0 && findings->bad_name == 0 && findings->unknown_objects == 0 &&
	       findings->bad_values == 0;
}

static err
cli_check_report(const struct upkeep_findings *findings, bool json, struct buf *out)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	if (json) {
		cli_json_bool(&line, "well", cli_check_ok(findings));
		findings_put_json(&line, findings);
		return cli_json_put(&line, out);
	}
	findings_put(out, findings);
	buf_put(out, cli_check_ok(findings) ? STR(": no errors.\n") : STR(": errors found, listed above.\n"));
	return buf_check(out);
}

static int
cli_check_run(struct cli *cli, bool json)
{
	CLEANUP(buf_wipe) struct buf out = BUF(8 * 1024);
	CLEANUP(db_close) struct db *db = NULL;
	struct upkeep_findings findings = { 0 };
	struct why why = { 0 };
	err e = upkeep_open(&cli->config, &why, &db);
	int status;

	if (e == ERR_OK)
		e = upkeep_check(&cli->config, db, cli_check_print, NULL, &why, &findings);
	if (e == ERR_OK)
		e = cli_check_report(&findings, json, &out);
	if (e != ERR_OK)
		return cli_fail(e, &why);
	status = cli_print(buf_str(&out));
	return status != CLI_DONE || cli_check_ok(&findings) ? status : CLI_FAILED;
}

int
cli_check(struct cli *cli, int argc, char **argv)
{
	bool json = false;
	const struct cli_option options[] = { { .name = "json", .flag = &json } };
	int status = cli_options(argc, argv, check_help, options, COUNT(options), 0);

	if (status == CLI_GO_ON)
		status = cli_config(cli);
	return status == CLI_GO_ON ? cli_check_run(cli, json) : status;
}
