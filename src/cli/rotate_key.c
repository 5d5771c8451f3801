/*
 * `doubletour rotate-key`.
 */
#include "cli/cli.h"

#include "base/digest.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "keeper/core/audit.h"
#include "keeper/ops/database.h"
#include "keeper/ops/lock.h"
#include "keeper/keys/rotate.h"
#include "keeper/ops/upkeep.h"

static const char rotate_help[] =
    "Usage: doubletour rotate-key [--json]\n"
    "\n"
    "Create a new master key and encrypt every secret in the database again with it.  Stop the server first.  If\n"
    "the command is interrupted, run it again: nothing is lost, but the server does not start until it has finished.\n"
    "\n"
    "The new key becomes doubletour.key.  The old key is kept as doubletour.key.ID, for older backups.  Delete it "
    "together\n"
    "with them.  If the old key was SECRET_KEY, SECRET_KEY_FILE or a credential, remove that setting afterwards.\n"
    "\n"
    "  --json   print the result as JSON\n"
    "  --help   show this help\n"
    "\n"
    "Exit status: 0 success, 1 failure, 2 wrong usage, 78 invalid configuration.\n";

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
	struct progress progress = progress_begin("encrypting");
	err e;

	TRY(database_exists(config, why)); /* the lock creates DATA_DIR and a file in it */
	TRY(lock_take(config, LOCK_ALONE, why, &lock));
	TRY(digest_setup());
	TRY(upkeep_open(config, why, &db));
	TRY(lock_claim(config, db, why));
	e = rotate(config, db, rotate_key_show, &progress, why, ret_rotation);
	progress_end(&progress);
	return e == ERR_OK ? audit_write_command(db, AUDIT_ADMIN_KEY_ROTATED, 0, REASON_ASKED) : e;
}

static err
rotate_key_report(const struct config *config, const struct rotation *rotation, bool json, struct buf *out)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	if (json) {
		cli_json_number(&line, "resealed", rotation->resealed);
		cli_json_number(&line, "unreadable", rotation->unreadable);
		cli_json_bool(&line, "resumed", rotation->resumed);
		cli_json_bool(&line, "take_secret_key_out", rotation->by_setting);
		return cli_json_put(&line, out);
	}
	cli_line(out, "Encrypted %lld secret%s with the new key%s.", (long long)rotation->resealed,
		 rotation->resealed == 1 ? "" : "s", rotation->resumed ? ", after an interrupted attempt" : "");
	if (rotation->unreadable > 0)
		cli_line(out, "Neither key decrypts %lld secret%s, left unchanged.  `doubletour check` lists %s.",
			 (long long)rotation->unreadable, rotation->unreadable == 1 ? "" : "s",
			 rotation->unreadable == 1 ? "it" : "them");
	cli_line(out,
		 "Back up the new key %s/doubletour.key now: the old key does not open the database any more.  The old "
		 "key is kept for older backups.",
		 config->data_dir);
	if (rotation->by_setting)
		buf_put(out, STR("Now remove SECRET_KEY, SECRET_KEY_FILE or the credential from the settings: the new "
				 "key is in the "
				 "key file.\n"));
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
		e = rotate_key_report(&cli->config, &rotation, json, &out);
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
