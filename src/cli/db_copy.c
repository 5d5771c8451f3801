/*
 * `doubletour db copy`.
 */
#include "cli/db_copy.h"

#include "base/dsn.h"
#include "cli/progress.h"
#include "keeper/ops/upkeep.h"

#include <inttypes.h>

static void
cli_db_copy_show(void *context, const struct copy_progress *progress)
{
	progress_show(context, progress->done, progress->all);
}

static err
cli_db_copy_run(const struct config *settings, const struct config *source, const struct config *target,
		struct why *why, int64_t *ret_rows)
{
	struct progress progress = progress_begin("copying");
	const struct upkeep_copying copying = { settings, source, target, cli_db_copy_show, &progress };
	err e = upkeep_copy(&copying, why, ret_rows);

	progress_end(&progress);
	return e;
}

/* "-" is the database of the settings, so that its password does not appear on the command line. */
static bool
cli_db_copy_is_database(const char *url, struct config *config)
{
	if (str_equal(str_of(url), STR("-")))
		return true;
	err e = config_database(str_of(url), config);

	if (e == ERR_OK)
		return true;
	/* not repeated: it may contain a password */
	if (e == ERR_CONFIG)
		cli_say("doubletour db copy: the address is ambiguous: %s.", dsn_how);
	else
		cli_say("doubletour db copy: this is not the address of a database.  Write sqlite:///file, "
			"sqlite:////absolute/file "
			"or postgresql://user:password@host/name.");
	return false;
}

int
cli_db_copy(struct cli *cli, const char *source_url, const char *target_url)
{
	CLEANUP(config_wipe) struct config source = cli->config, target = cli->config;
	struct why why = { "" };
	int64_t rows = 0;
	err e;

	if (!cli_db_copy_is_database(source_url, &source) || !cli_db_copy_is_database(target_url, &target))
		return CLI_USAGE;
	e = cli_db_copy_run(&cli->config, &source, &target, &why, &rows);
	if (e != ERR_OK)
		return cli_fail(e, &why);
	return cli_print_line("%" PRId64 " row%s copied to %s. Each was read again and compared.", rows,
			      rows == 1 ? " was" : "s were", target.database_name);
}
