/* The SQLite driver: values, error codes, transactions, file modes, refused files. */
#include "unit.h"

#include "store/migrate.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[128];
static struct db *db;

static int
setup(void **state)
{
	struct why why = { 0 };

	scratch_name("doubletour-store", folder, sizeof(folder));
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/data/x.sqlite", folder);
	umask(0); /* the store must set the modes */
	if (store_open(path, STORE_CREATE, &why, &db) != ERR_OK ||
	    migrate_to(db, migrate_head(), NULL, NULL, &why) != ERR_OK || store_understands(db, &why) != ERR_OK) {
		print_error("%s\n", why.text);
		return 1;
	}
	return 0;
}

static int
teardown(void **state)
{
	char command[160];

	db_close(&db);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static err
insert(struct db *on, int64_t id, str name)
{
	const struct db_value args[] = { DB_INT(id), DB_TEXT(name), DB_TEXT(STR("hash")), DB_INT(5) };

	return db_run(on, SQL_ACCOUNT_INSERT, args, COUNT(args), NULL);
}

static bool
has(str name)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(4096);
	const struct db_value args[] = { DB_TEXT(name) };
	struct account_by_name_row row;
	bool found = false;

	assert_int_equal(db_row(db, SQL_ACCOUNT_BY_NAME, args, COUNT(args), &arena, &row, &found), ERR_OK);
	return found;
}

struct keys {
	size_t rows;
	bool same;
};

static const str odd_bytes = STR_INIT("a\0b\xff");

static err
key_row(void *context, const struct key_list_row *row)
{
	struct keys *keys = context;

	keys->rows++;
	keys->same = str_equal(row->key_id, odd_bytes) && row->sealed_check.n == 0;
	return ERR_OK;
}

static void
values_round_trip(void **state)
{
	const struct db_value put[] = { DB_BLOB(odd_bytes), DB_INT(INT64_MAX), DB_BLOB(STR("")) };
	struct keys keys = { 0 };

	assert_int_equal(db_run(db, SQL_KEY_INSERT, put, COUNT(put), NULL), ERR_OK);
	assert_int_equal(db_rows(db, SQL_KEY_LIST, NULL, 0, key_row, &keys), ERR_OK);
	assert_int_equal(keys.rows, 1);
	assert_true(keys.same);
}

static void
statement_errors_have_their_code(void **state)
{
	const struct db_value one[] = { DB_INT(1) };

	assert_int_equal(insert(db, 1, STR("alice")), ERR_OK);
	assert_int_equal(insert(db, 2, STR("alice")), ERR_EXISTS);                            /* a duplicate name */
	assert_int_equal(insert(db, 1, STR("bob")), ERR_EXISTS);                              /* a duplicate id */
	assert_int_equal(db_run(db, SQL_ACCOUNT_INSERT, one, COUNT(one), NULL), ERR_INVALID); /* too few arguments */
	const struct db_value session[] = { DB_INT(9),        DB_BLOB(STR("t")), DB_INT(777),      DB_INT(1),
					    DB_TEXT(STR("")), DB_TEXT(STR("")),  DB_TEXT(STR("")), DB_INT(0) };
	int64_t changed = 99;
	assert_int_equal(db_run(db, SQL_SESSION_INSERT, session, COUNT(session), &changed), ERR_OK);
	assert_int_equal(changed, 0); /* there is no account 777 */
}

static void
a_second_writer_gets_a_busy_error(void **state)
{
	CLEANUP(db_rollback_unless_done) struct db_transaction first = { 0 };
	struct db_transaction second = { 0 };
	struct why why = { 0 };
	struct db *other = NULL;

	assert_int_equal(store_open(path, STORE_EXISTING, &why, &other), ERR_OK);
	assert_int_equal(db_begin(db, &first), ERR_OK);
	assert_int_equal(db_begin(other, &second), ERR_BUSY);
	assert_null(second.db);
	db_close(&other);
}

/* --- the queue of writers ----------------------------------------------------------------------------------------- */

static struct db *
open_another(void)
{
	struct why why = { 0 };
	struct db *other = NULL;

	assert_int_equal(store_open(path, STORE_EXISTING, &why, &other), ERR_OK);
	return other;
}

/* One transaction, which leaves the file free. */
static void
assert_writes(struct db *on, int64_t id, str name)
{
	CLEANUP(db_rollback_unless_done) struct db_transaction t = { 0 };

	assert_int_equal(db_begin(on, &t), ERR_OK);
	assert_int_equal(insert(on, id, name), ERR_OK);
	assert_int_equal(db_commit(&t), ERR_OK);
}

static void
a_lone_statement_waits_for_its_turn_too(void **state)
{
	struct db *other = open_another();

	{
		CLEANUP(db_rollback_unless_done) struct db_transaction t = { 0 };
		assert_int_equal(db_begin(db, &t), ERR_OK);
		assert_int_equal(insert(other, 1, STR("alice")), ERR_BUSY);
		assert_int_equal(insert(db, 1, STR("bob")), ERR_OK);
		assert_int_equal(db_commit(&t), ERR_OK);
	}
	assert_int_equal(insert(other, 1, STR("bob")), ERR_EXISTS); /* a failed statement frees the file as well */
	assert_int_equal(insert(db, 2, STR("alice")), ERR_OK);
	db_close(&other);
}

static void
a_failed_write_leaves_the_turn_to_others(void **state)
{
	struct db *other = open_another();
	struct db_transaction t = { 0 };
	char moved[160];

	snprintf(moved, sizeof(moved), "%s.moved", path);
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(db_begin(db, &t), ERR_AWAY);
	assert_int_equal(rename(moved, path), 0);
	assert_writes(other, 1, STR("alice"));
	assert_writes(db, 2, STR("bob"));
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(insert(other, 3, STR("carol")), ERR_AWAY);
	assert_int_equal(rename(moved, path), 0);
	assert_writes(db, 3, STR("carol"));
	db_close(&other);
}

static void
a_closed_connection_leaves_the_turn_to_others(void **state)
{
	struct db *other = open_another();
	struct db_transaction t = { 0 };

	assert_int_equal(db_begin(other, &t), ERR_OK);
	assert_int_equal(insert(other, 1, STR("alice")), ERR_OK);
	db_close(&other);
	assert_writes(db, 1, STR("alice"));
}

static void
uncommitted_changes_are_rolled_back(void **state)
{
	{
		CLEANUP(db_rollback_unless_done) struct db_transaction t = { 0 };
		assert_int_equal(db_begin(db, &t), ERR_OK);
		assert_int_equal(insert(db, 1, STR("alice")), ERR_OK);
		assert_true(has(STR("alice")));
	}
	assert_false(has(STR("alice")));
	{
		CLEANUP(db_rollback_unless_done) struct db_transaction t = { 0 };
		assert_int_equal(db_begin(db, &t), ERR_OK);
		assert_int_equal(insert(db, 1, STR("alice")), ERR_OK);
		assert_int_equal(db_commit(&t), ERR_OK);
	}
	assert_true(has(STR("alice")));
}

static mode_t
mode_of(const char *suffix)
{
	char file[160];
	struct stat status;

	snprintf(file, sizeof(file), "%s%s", path, suffix);
	assert_int_equal(stat(file, &status), 0);
	return status.st_mode & 0777;
}

static void
files_have_mode_0600_whatever_the_umask(void **state)
{
	assert_int_equal(insert(db, 1, STR("alice")), ERR_OK);
	assert_int_equal(mode_of(""), 0600);
	assert_int_equal(mode_of("-wal"), 0600);
	assert_int_equal(mode_of("-shm"), 0600);
}

static void
write_file(const char *file, const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(file, 0600), 0);
}

static void
sqlite3_shell(const char *file, const char *sql)
{
	char command[400];

	snprintf(command, sizeof(command), "sqlite3 %s \"%s\"", file, sql);
	assert_int_equal(system(command), 0);
}

static void
opening_a_missing_or_invalid_file_is_an_explained_error(void **state)
{
	struct why why = { 0 };
	struct db *other = NULL;
	char file[160];

	snprintf(file, sizeof(file), "%s/none.sqlite", folder);
	assert_int_equal(store_open(file, STORE_EXISTING, &why, &other), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "There is no database at"));
	assert_int_not_equal(access(file, F_OK), 0);

	snprintf(file, sizeof(file), "%s/text.sqlite", folder);
	write_file(
	    file, "This text is not a database, and it has about as many bytes as the header of one, which has 100.\n");
	why.text[0] = '\0';
	assert_int_equal(store_open(file, STORE_EXISTING, &why, &other), ERR_CORRUPT);
	assert_non_null(strstr(why.text, file));

	why.text[0] = '\0';
	assert_int_equal(store_open(folder, STORE_EXISTING, &why, &other), ERR_INVALID);
	assert_int_not_equal(why.text[0], '\0');

	snprintf(file, sizeof(file), "%s/utf16.sqlite", folder);
	sqlite3_shell(file, "PRAGMA encoding = 'UTF-16'; CREATE TABLE schema_migrations (version INTEGER)");
	assert_int_equal(chmod(file, 0600), 0);
	assert_int_equal(store_open(file, STORE_EXISTING, &why, &other), ERR_CONFIG);
	assert_non_null(strstr(why.text, "UTF-16"));
	assert_null(other);
}

/* --- migrations --------------------------------------------------------------------------------------------------- */

static int
version(void)
{
	int v = -1;

	assert_int_equal(migrate_current(db, &v), ERR_OK);
	return v;
}

static void
migrations_go_down_and_up_again(void **state)
{
	struct why why = { 0 };

	assert_int_equal(version(), migrate_head());
	assert_int_equal(migrate_to(db, 0, NULL, NULL, &why), ERR_OK);
	assert_int_equal(version(), 0);
	assert_int_equal(migrate_to(db, migrate_head(), NULL, NULL, &why), ERR_OK);
	assert_int_equal(version(), migrate_head());
	assert_int_equal(migrate_check(db, &why), ERR_OK);
	assert_int_equal(migrate_to(db, migrate_head() + 1, NULL, NULL, &why), ERR_INVALID);
	assert_int_not_equal(why.text[0], '\0');
}

/* Change the database as another program, or another version of this one, would. */
static void
alter(const char *sql)
{
	sqlite3_shell(path, sql);
}

static void
an_unknown_migration_history_is_refused(void **state)
{
	struct why why = { 0 };

	alter("UPDATE schema_migrations SET checksum = 'x' WHERE version = 1");
	assert_int_equal(migrate_check(db, &why), ERR_CONFIG);
	assert_int_not_equal(why.text[0], '\0');
	assert_int_equal(migrate_to(db, 0, NULL, NULL, &why), ERR_CONFIG);
	assert_int_equal(version(), migrate_head());
}

/* Migration 0011 in the form that also wrote a UUID into each account. */
#define FORMER_0011 "6b1dc14ea74685b74689bda3862c0e63752947b4a5757e2f0c27103149ae031d"

static void
a_former_checksum_is_accepted_for_its_migration_only(void **state)
{
	struct why why = { 0 };

	alter("UPDATE schema_migrations SET checksum = '" FORMER_0011 "' WHERE version = 11");
	assert_int_equal(migrate_check(db, &why), ERR_OK);
	assert_int_equal(migrate_to(db, 10, NULL, NULL, &why), ERR_OK);
	assert_int_equal(migrate_to(db, migrate_head(), NULL, NULL, &why), ERR_OK);
	alter("UPDATE schema_migrations SET checksum = substr('" FORMER_0011 "', 1, 63) WHERE version = 11");
	assert_int_equal(migrate_check(db, &why), ERR_CONFIG);
	alter("UPDATE schema_migrations SET checksum = '" FORMER_0011 "' WHERE version IN (11, 12)");
	assert_int_equal(migrate_check(db, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, "0012"));
	assert_int_equal(migrate_to(db, 0, NULL, NULL, &why), ERR_CONFIG);
	assert_int_equal(version(), migrate_head());
}

static void
a_database_newer_than_the_program_is_refused(void **state)
{
	struct why why = { 0 };

	alter("INSERT INTO schema_migrations VALUES (4711, 'later', 'x', 1)");
	assert_int_equal(migrate_check(db, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, "newer"));
	assert_int_equal(migrate_to(db, migrate_head(), NULL, NULL, &why), ERR_CONFIG);
}

static void
a_failed_migration_leaves_the_schema_unchanged(void **state)
{
	struct why why = { 0 };

	assert_int_equal(migrate_to(db, 0, NULL, NULL, &why), ERR_OK);
	alter("CREATE TABLE audit (x)"); /* the first migration creates this table at its end */
	assert_int_not_equal(migrate_to(db, 1, NULL, NULL, &why), ERR_OK);
	assert_int_not_equal(why.text[0], '\0');
	assert_int_equal(version(), 0);
	alter("DROP TABLE audit; CREATE TABLE accounts (x)"); /* the failed migration left no tables */
	alter("DROP TABLE accounts");
	assert_int_equal(migrate_to(db, migrate_head(), NULL, NULL, &why), ERR_OK);
}

static void
a_failed_upgrade_at_once_reverts_every_step(void **state)
{
	struct why why = { 0 };

	assert_int_equal(migrate_to(db, 1, NULL, NULL, &why), ERR_OK);
	alter("CREATE TABLE gate_tickets (x)"); /* migration 0005 creates this table */
	assert_int_not_equal(migrate_at_once(db, migrate_head(), NULL, NULL, &why), ERR_OK);
	assert_non_null(strstr(why.text, "0005"));
	assert_int_equal(version(), 1);
	alter("DROP TABLE gate_tickets");
	assert_int_equal(migrate_at_once(db, migrate_head(), NULL, NULL, &why), ERR_OK);
	assert_int_equal(version(), migrate_head());
	assert_int_equal(migrate_at_once(db, migrate_head(), NULL, NULL, &why), ERR_OK);
}

static void
migrations_that_remove_something_do_not_expand(void **state)
{
	assert_true(migrate_expands(6, 8));
	assert_true(migrate_expands(3, migrate_head()));
	assert_true(migrate_expands(migrate_head(), migrate_head()));
	assert_false(migrate_expands(1, 2)); /* rebuilds factors */
	assert_false(migrate_expands(2, migrate_head()));
}

static void
integrity_of_a_good_file_is_confirmed(void **state)
{
	struct why why = { 0 };

	assert_int_equal(store_integrity(db, &why), ERR_OK);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(values_round_trip),
		CASE(statement_errors_have_their_code),
		CASE(a_second_writer_gets_a_busy_error),
		CASE(a_lone_statement_waits_for_its_turn_too),
		CASE(a_failed_write_leaves_the_turn_to_others),
		CASE(a_closed_connection_leaves_the_turn_to_others),
		CASE(uncommitted_changes_are_rolled_back),
		CASE(files_have_mode_0600_whatever_the_umask),
		CASE(opening_a_missing_or_invalid_file_is_an_explained_error),
		CASE(migrations_go_down_and_up_again),
		CASE(an_unknown_migration_history_is_refused),
		CASE(a_former_checksum_is_accepted_for_its_migration_only),
		CASE(a_database_newer_than_the_program_is_refused),
		CASE(a_failed_migration_leaves_the_schema_unchanged),
		CASE(a_failed_upgrade_at_once_reverts_every_step),
		CASE(migrations_that_remove_something_do_not_expand),
		CASE(integrity_of_a_good_file_is_confirmed),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
