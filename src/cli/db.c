/*
 * `doubletour db`: commands for the database and its schema.  In development `run` does the first two automatically.
 * In production the operator decides when the schema changes.
 */
#include "cli/cli.h"

#include "base/buf.h"
#include "cli/db_copy.h"
#include "cli/setup.h"
#include "keeper/ops/database.h"
#include "keeper/ops/lock.h"
#include "store/migrate.h"
#include "store/store.h"

#include <getopt.h>
#include <time.h>
#include <unistd.h>

static const char db_help[] =
    "Usage: doubletour db COMMAND\n"
    "\n"
    "  init             create the database, with the newest schema, and the key; safe to run again\n"
    "  upgrade [REV]    upgrade it to the newest schema, or to migration REV; with --rolling while\n"
    "                   nodes run (PostgreSQL)\n"
    "  downgrade [REV]  revert the last migration, or all after REV (0: all of them);\n"
    "                   data that the older schema cannot store is lost: make a backup first\n"
    "  current          print the current migration\n"
    "  history          list the applied migrations and their times\n"
    "  check            check that the database is intact and has the newest schema\n"
    "  copy FROM TO     copy all rows of one database into another, empty one; FROM and TO are addresses:\n"
    "                   sqlite:///file, postgresql://user@host/name, or - for DATABASE_URL;\n"
    "                   stop the server first\n"
    "\n"
    "The database is the one that DATABASE_URL names (`doubletour config show`).\n"
    "Exit status: 0 success, 1 failure, 2 wrong usage, 78 invalid configuration.\n";

static const struct cli_topic db_topics[] = {
	{ "init", "",
	  "Create the database with the newest schema, and the key file if SECRET_KEY is not set.\n"
	  "Running it again changes nothing.\n",
	  "" },
	{ "upgrade", "[--rolling] [REV]", "Upgrade the database to the newest schema, or to migration REV.\n",
	  "  --rolling            upgrade while nodes of the previous version run (PostgreSQL); refused if\n"
	  "                       they could not use the new schema\n" },
	{ "downgrade", "[REV]",
	  "Revert the last migration, or all after REV (0: all of them).  First make a backup:\n"
	  "data that the older schema cannot store is lost.\n",
	  "" },
	{ "current", "", "Print the current migration of the database.\n", "" },
	{ "history", "", "List the applied migrations and their times.\n", "" },
	{ "check", "", "Check that the database is intact and has the newest schema.\n", "" },
	{ "copy", "FROM TO",
	  "Copy all rows of one database into another, empty one.  Each address is sqlite:///file, "
	  "postgresql://user@host/name,\n"
	  "or - for the database of the settings.  No server may be running on either.\n"
	  "A password with special characters must be percent-encoded in an address: @ is %40, / is %2F, ? is %3F, : "
	  "is %3A,\n"
	  "% is %25.\n",
	  "" },
	{ .name = NULL },
};

struct opened_database {
	const struct config *settings;
	struct lock lock;
	const char *name; /* for messages */
	bool rolling;     /* upgrade while nodes run */
	struct db *db;
	struct why why;
};

/* Report the progress of a long migration: on a terminal, or as a line in a script's log. */
static void
cli_db_say_progress(void *context, const struct migration *m, bool up)
{
	(void)context;
	if (m == NULL)
		cli_say("Another program is writing to the database.  Waiting for at most a minute ...");
	else
		cli_say("%s %04d %s ...", up ? "applying" : "reverting", m->version, m->title);
}

/* cli_print has already reported a failure. */
static err
cli_db_printed(int status)
{
	return status == CLI_DONE ? ERR_OK : ERR_IO;
}

static err
cli_db_say_current(struct opened_database *database)
{
	int version = 0;

	TRY(migrate_current(database->db, &version));
	return cli_db_printed(cli_print_line("%04d%s", version, version == migrate_head() ? " (newest)" : ""));
}

/* Refuse to change the schema while a server runs: it needs the schema that it knows. */
static err
cli_db_alone(struct opened_database *database)
{
	return lock_database(database->settings, database->db, &database->why, &database->lock);
}

static err
cli_db_rolling(struct opened_database *database, int version, int target)
{
	err e;

	if (database->settings->database == DATABASE_SQLITE)
		return why_set(
		    &database->why, ERR_CONFIG,
		    "--rolling is for PostgreSQL.  With SQLite, stop the server and run `doubletour db upgrade`.");
	if (!migrate_expands(version, target))
		return why_set(
		    &database->why, ERR_CONFIG,
		    "Nodes of the previous version cannot use the new schema.  Stop every node, then run `doubletour "
		    "db upgrade`.");
	e = db_claim(database->db, DB_CLAIM_SHARED);
	if (e == ERR_BUSY)
		return why_set(&database->why, e,
			       "Another command has exclusive access to the database %s.  Wait until it has finished.",
			       database->name);
	return e;
}

static err
cli_db_migrate(struct opened_database *database, int version)
{
	TRY(migrate_to(database->db, version, cli_db_say_progress, NULL, &database->why));
	return cli_db_say_current(database);
}

/* --- the commands: each gets the typed revision, or -1 ------------------------------------------------------------ */

err
setup_database_make(const struct config *config, struct why *why)
{
	struct database_made made = { 0 };

	TRY(database_init(config, cli_db_say_progress, NULL, why, &made));
	if (!made.database)
		cli_say("The database %s already exists.", config->database_name);
	if (made.key)
		cli_say(
		    "The key is in the new file %s.  Keep a copy of it apart from the database: without it, no user "
		    "can sign in.",
		    made.key_path);
	return ERR_OK;
}

static err
cli_db_init(struct opened_database *database, int revision)
{
	(void)revision;
	TRY(setup_database_make(database->settings, &database->why));
	TRY(database_open(database->settings, &database->why, &database->db));
	return cli_db_say_current(database);
}

static err
cli_db_upgrade(struct opened_database *database, int revision)
{
	int version = 0, target = revision < 0 ? migrate_head() : revision;

	TRY(database_open_versioned(database->settings, &database->why, &database->db, &version));
	if (target < version)
		return why_set(
		    &database->why, ERR_INVALID,
		    "The database is already at migration %04d.  To go back, run `doubletour db downgrade %d`.",
		    version, target);
	if (target != version)
		TRY(database->rolling ? cli_db_rolling(database, version, target) : cli_db_alone(database));
	return cli_db_migrate(database, target);
}

static err
cli_db_downgrade(struct opened_database *database, int revision)
{
	int version = 0, target;

	TRY(database_open(database->settings, &database->why, &database->db));
	TRY(migrate_check(database->db, &database->why));
	TRY(migrate_current(database->db, &version));
	target = revision < 0 ? version - 1 : revision;
	if (version == 0 || target > version)
		return why_set(&database->why, ERR_INVALID,
			       "The database is at migration %04d.  There is no migration to revert.", version);
	TRY(cli_db_alone(database));
	return cli_db_migrate(database, target);
}

/* Open it in any schema; an empty database is an error. */
static err
cli_db_open_filled(struct opened_database *database)
{
	int version = 0;

	TRY(database_open(database->settings, &database->why, &database->db));
	TRY(migrate_current(database->db, &version));
	return version == 0 ? database_empty(database->settings, &database->why) : ERR_OK;
}

static err
cli_db_current(struct opened_database *database, int revision)
{
	(void)revision;
	TRY(cli_db_open_filled(database));
	return cli_db_say_current(database);
}

static err
cli_db_print_applied(void *context, const struct migrate_applied *applied)
{
	time_t seconds = (time_t)(applied->applied_at_us / 1000000);
	struct tm tm = { 0 };
	char when[32];

	(void)context;
	gmtime_r(&seconds, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return cli_db_printed(cli_print_line("%04d  %s  %.*s", applied->version, when, STR_ARG(applied->title)));
}

static err
cli_db_history(struct opened_database *database, int revision)
{
	(void)revision;
	TRY(cli_db_open_filled(database));
	TRY(cli_db_printed(cli_print_line("%-4s  %-20s  %s", "REV", "APPLIED", "TITLE")));
	return migrate_history(database->db, cli_db_print_applied, NULL);
}

static err
cli_db_check(struct opened_database *database, int revision)
{
	int version = 0;

	(void)revision;
	TRY(database_open_versioned(database->settings, &database->why, &database->db, &version));
	TRY(store_integrity(database->db, &database->why));
	if (version != migrate_head())
		return why_set(&database->why, ERR_INVALID,
			       "The database is at migration %04d; the newest is %04d.  Run `doubletour db upgrade`.",
			       version, migrate_head());
	TRY(store_understands(database->db, &database->why));
	return cli_db_printed(cli_print_line("The database at %s is intact and has the newest migration, %04d.",
					     database->name, version));
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static const struct db_command {
	const char *name;
	err (*run)(struct opened_database *database, int revision);
	bool takes_revision;
} db_commands[] = {
	{ "init", cli_db_init, false },          { "upgrade", cli_db_upgrade, true },
	{ "downgrade", cli_db_downgrade, true }, { "current", cli_db_current, false },
	{ "history", cli_db_history, false },    { "check", cli_db_check, false },
};

static const struct db_command *
cli_db_find(const char *word)
{
	for (size_t i = 0; i < COUNT(db_commands); i++)
		if (str_equal(str_of(word), str_of(db_commands[i].name)))
			return &db_commands[i];
	return NULL;
}

static int
cli_db_run_command(struct cli *cli, const struct db_command *command, int revision, bool rolling)
{
	struct opened_database database = {
		.settings = &cli->config, .lock = { .fd = -1 }, .name = cli->config.database_name, .rolling = rolling
	};
	err e;

	e = command->run(&database, revision);
	db_close(&database.db);
	lock_release(&database.lock);
	if (e == ERR_IO && database.why.text[0] == '\0') /* standard output is closed: already reported */
		return CLI_FAILED;
	return e == ERR_OK ? CLI_DONE : cli_fail(e, &database.why);
}

static int
cli_db_revision_of(const struct db_command *command, int n, char **words, int *ret_revision)
{
	const char *word = n > 0 ? words[0] : NULL;
	uint64_t number = 0;

	if (word == NULL)
		return CLI_GO_ON;
	if (!command->takes_revision) {
		cli_say("doubletour db %s takes no argument.  See `doubletour db %s --help`.", command->name,
			command->name);
		return CLI_USAGE;
	}
	if (n > 1) {
		cli_say("doubletour db %s takes at most one argument.  See `doubletour db %s --help`.", command->name,
			command->name);
		return CLI_USAGE;
	}
	if (str_number(str_of(word), 9999, &number) != ERR_OK) {
		cli_say("doubletour db %s: \"%s\" is not a migration.  Give its number, such as 0001.", command->name,
			cli_word_of(word).z);
		return CLI_USAGE;
	}
	*ret_revision = (int)number;
	return CLI_GO_ON;
}

static int
cli_db_run_copy(struct cli *cli, int n, char **addresses)
{
	int status;

	if (n != 2) {
		cli_say("doubletour db copy takes two addresses: the database to copy from, and the one to copy to.  "
			"See `doubletour db copy --help`.");
		return CLI_USAGE;
	}
	status = cli_config(cli);
	return status == CLI_GO_ON ? cli_db_copy(cli, addresses[0], addresses[1]) : status;
}

int
cli_db(struct cli *cli, int argc, char **argv)
{
	const struct db_command *command;
	bool rolling = false;
	const struct cli_option options[] = { { .name = "rolling", .flag = &rolling } };
	int revision = -1;
	struct cli_help room;
	int status;

	if (cli_topic_missing(argc, argv, db_topics))
		return cli_topic_unknown(argv[1], db_topics, argv[0]);
	status =
	    cli_options(argc, argv, cli_topic_help(argc, argv, db_topics, db_help, &room), options, COUNT(options), 3);
	if (status != CLI_GO_ON)
		return status;
	if (optind == argc)
		return cli_print_usage(db_help);
	if (rolling && !str_equal(str_of(argv[optind]), STR("upgrade"))) {
		cli_say("doubletour db: --rolling is an option of `doubletour db upgrade`.");
		return CLI_USAGE;
	}
	if (str_equal(str_of(argv[optind]), STR("copy")))
		return cli_db_run_copy(cli, argc - optind - 1, argv + optind + 1);
	command = cli_db_find(argv[optind]);
	if (command == NULL)
		return cli_topic_unknown(argv[optind], db_topics, "doubletour db");
	status = cli_db_revision_of(command, argc - optind - 1, argv + optind + 1, &revision);
	if (status == CLI_GO_ON)
		status = cli_config(cli);
	return status == CLI_GO_ON ? cli_db_run_command(cli, command, revision, rolling) : status;
}
