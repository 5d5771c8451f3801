/*
 * `doubletour rotate-key`.
 */
#include "cli/cli.h"

#include "base/digest.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "keeper/core/audit.h"
#include "keeper/ops/lock.h"
#include "keeper/keys/rotate.h"
#include "keeper/ops/upkeep.h"

static const char rotate_help[] =
    "Usage: doubletour rotate-key [--json]\n"
    "\n"
    "Make a new master key and seal every secret in the database anew under it.  The server must not run.  When it is\n"
    "interrupted nothing is lost: the same command goes on, and no server starts before it has ended.\n"
    "\n"
    "The new key becomes doubletour.key; the old one is kept as doubletour.key.ID, for backups from before.  Delete it "
    "when\n"
    "those are gone.  When the old key was SECRET_KEY, take that out of the settings afterwards.\n"
    "\n"
    "  --json   print the result as JSON\n"
    "  --help   this text\n"
    "\n"
    "Exit status: 0 done, 1 could not, 2 wrong usage, 78 bad configuration.\n";

static void
rotate_key_show(void *context, const struct rotation *rotation)
{
	progress_show(context, rotation->resealed + rotation->unreadable, rotation->all);
}

static err
rotate_key_do(const struct config *config, struct why *why, struct rotation *ret_rotation)
{
	CLEANUP(lock_release) struct lock lock = { .fd = -1 };
	CLEANUP(db_close) struct db *db = NULL;
	struct progress progress = progress_begin("sealing anew");
	err e;

	TRY(lock_take(config, LOCK_ALONE, why, &lock));
	TRY(digest_setup());
	TRY(upkeep_open(config, why, &db));
	if (db_claim(db, DB_CLAIM_ALONE) != ERR_OK)
		return why_set(
		    why, ERR_BUSY,
		    "A server is running on the database %s, on this machine or another.  End all of them first.",
		    config->database_name);
	e = rotate(config, db, rotate_key_show, &progress, why, ret_rotation);
	progress_end(&progress);
	return e == ERR_OK ? audit_write_command(db, AUDIT_ADMIN_KEY_ROTATED, 0, REASON_ASKED) : e;
}

static err
rotate_key_report(const struct rotation *rotation, bool json, struct buf *out)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	if (json) {
		cli_json_number(&line, "resealed", rotation->resealed);
		cli_json_number(&line, "unreadable", rotation->unreadable);
		cli_json_bool(&line, "resumed", rotation->resumed);
		cli_json_bool(&line, "take_secret_key_out", rotation->by_setting);
		return cli_json_put(&line, out);
	}
	cli_line(out, "%lld secret%s sealed again with the new key%s.", (long long)rotation->resealed,
		 rotation->resealed == 1 ? " is" : "s are",
		 rotation->resumed ? ", after an earlier attempt that was interrupted" : "");
	if (rotation->unreadable > 0)
		cli_line(out, "%lld secret%s with neither key and %s left as %s: `doubletour check` names %s.",
			 (long long)rotation->unreadable, rotation->unreadable == 1 ? " opens" : "s open",
			 rotation->unreadable == 1 ? "was" : "were", rotation->unreadable == 1 ? "it was" : "they were",
			 rotation->unreadable == 1 ? "it" : "them");
	if (rotation->by_setting)
		buf_put(out, STR("Now take SECRET_KEY out of the settings: the key is in the key file.\n"));
	return buf_check(out);
}

static int
rotate_key_run(struct cli *cli, bool json)
{
	CLEANUP(buf_wipe) struct buf out = BUF(8 * 1024);
	struct rotation rotation = { 0 };
	struct why why = { 0 };
	err e = rotate_key_do(&cli->config, &why, &rotation);

	if (e == ERR_OK)
		e = rotate_key_report(&rotation, json, &out);
	return e == ERR_OK ? cli_print(buf_str(&out)) : cli_fail(e, &why);
}

int
cli_rotate_key(struct cli *cli, int argc, char **argv)
{
	bool json = false;
	const struct cli_option options[] = { { .name = "json", .flag = &json } };
	int status = cli_options(argc, argv, rotate_help, options, COUNT(options), 0);

	if (status == CLI_GO_ON)
		status = cli_config(cli);
	return status == CLI_GO_ON ? rotate_key_run(cli, json) : status;
}
