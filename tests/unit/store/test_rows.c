/* Rows as structs: values of a wrong type, NULLs, lengths, and the lifetime of a row's texts. */
#include "unit.h"

#include "store/migrate.h"
#include "store/row.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HASH_32 "0123456789abcdef0123456789abcdef"

static void
row_values_of_another_type_are_corrupt(void **state)
{
	static const struct {
		const char *why;
		enum sql query;
		struct db_value values[6];
		size_t n;
		err e;
	} rows[] = {
#define INT(v) { .kind = DB_KIND_INT, .number = (v) }
#define TEXT(s)                                                                                                        \
	{                                                                                                              \
		.kind = DB_KIND_TEXT, .bytes = STR_INIT(s)                                                             \
	}
#define BLOB(s)                                                                                                        \
	{                                                                                                              \
		.kind = DB_KIND_BLOB, .bytes = STR_INIT(s)                                                             \
	}
#define NONE                                                                                                           \
	{                                                                                                              \
		.kind = DB_KIND_NULL                                                                                   \
	}
		{ "all as declared", SQL_ACCOUNT_BY_NAME, { INT(1), TEXT("x"), INT(1) }, 3, ERR_OK },
		{ "int: text", SQL_ACCOUNT_BY_NAME, { TEXT("1"), TEXT("x"), INT(1) }, 3, ERR_CORRUPT },
		{ "int: blob", SQL_ACCOUNT_BY_NAME, { BLOB("1"), TEXT("x"), INT(1) }, 3, ERR_CORRUPT },
		{ "int: NULL", SQL_ACCOUNT_BY_NAME, { NONE, TEXT("x"), INT(1) }, 3, ERR_CORRUPT },
		{ "text: int", SQL_ACCOUNT_BY_NAME, { INT(1), INT(2), INT(1) }, 3, ERR_CORRUPT },
		{ "text: blob", SQL_ACCOUNT_BY_NAME, { INT(1), BLOB("x"), INT(1) }, 3, ERR_CORRUPT },
		{ "text: NULL", SQL_ACCOUNT_BY_NAME, { INT(1), NONE, INT(1) }, 3, ERR_CORRUPT },
		{ "bool: 2", SQL_ACCOUNT_BY_NAME, { INT(1), TEXT("x"), INT(2) }, 3, ERR_CORRUPT },
		{ "bool: -1", SQL_ACCOUNT_BY_NAME, { INT(1), TEXT("x"), INT(-1) }, 3, ERR_CORRUPT },
		{ "bool: text", SQL_ACCOUNT_BY_NAME, { INT(1), TEXT("x"), TEXT("f") }, 3, ERR_CORRUPT },
		{ "bool: NULL", SQL_ACCOUNT_BY_NAME, { INT(1), TEXT("x"), NONE }, 3, ERR_CORRUPT },
		{ "one column too few", SQL_ACCOUNT_BY_NAME, { INT(1), TEXT("x") }, 2, ERR_INVALID },
		{ "one column too many", SQL_ACCOUNT_BY_NAME, { INT(1), TEXT("x"), INT(1), INT(1) }, 4, ERR_INVALID },
		{ "blob: text", SQL_KEY_LIST, { BLOB("k"), TEXT("x") }, 2, ERR_CORRUPT },
		{ "blob: empty", SQL_KEY_LIST, { BLOB("k"), BLOB("") }, 2, ERR_OK },
		{ "hash: 32 bytes", SQL_SESSION_TRIM, { BLOB(HASH_32) }, 1, ERR_OK },
		{ "hash: 31 bytes", SQL_SESSION_TRIM, { BLOB("123456789abcdef0123456789abcdef") }, 1, ERR_CORRUPT },
		{ "hash: 33 bytes", SQL_SESSION_TRIM, { BLOB("x" HASH_32) }, 1, ERR_CORRUPT },
		{ "hash: text", SQL_SESSION_TRIM, { TEXT(HASH_32) }, 1, ERR_CORRUPT },
		{ "hash: NULL", SQL_SESSION_TRIM, { NONE }, 1, ERR_CORRUPT },
		{ "may be NULL: NULL", SQL_LINK_FIND, { TEXT("invite"), NONE, NONE, INT(1), INT(0) }, 5, ERR_OK },
		{ "may be NULL: text",
		  SQL_LINK_FIND,
		  { TEXT("invite"), TEXT("x"), NONE, INT(1), INT(0) },
		  5,
		  ERR_CORRUPT },
		{ "a query without rows", SQL_ACCOUNT_INSERT, { INT(1) }, 1, ERR_INVALID },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		union sql_any_row row;
		union sql_any_row before;
		memset(&row, 0x55, sizeof(row));
		memset(&before, 0x55, sizeof(before));
		unit_note("%s", rows[i].why);
		assert_int_equal(row_read(&sql_queries[rows[i].query], rows[i].values, rows[i].n, &row), rows[i].e);
		if (rows[i].e != ERR_OK)
			assert_memory_equal(&row, &before, sizeof(row));
	}
}

static void
members_of_a_row_get_their_own_columns(void **state)
{
	const struct db_value account[] = { DB_INT(7), DB_TEXT(STR("hash")), DB_INT(1) };
	const struct db_value link[] = { DB_TEXT(STR("invite")), DB_NULL(), DB_NULL(), DB_INT(9), DB_INT(1) };
	const struct db_value session[] = { DB_BLOB(STR(HASH_32)) };
	struct account_by_name_row a;
	struct link_find_row l;
	struct session_token_row s;

	assert_int_equal(row_read(&sql_queries[SQL_ACCOUNT_BY_NAME], account, COUNT(account), &a), ERR_OK);
	assert_int_equal(a.id, 7);
	assert_true(str_equal(a.password_hash, STR("hash")));
	assert_true(a.disabled);
	assert_int_equal(row_read(&sql_queries[SQL_LINK_FIND], link, COUNT(link), &l), ERR_OK);
	assert_int_equal(l.account_id, 0);
	assert_int_equal(l.name.n, 0);
	assert_int_equal(l.expires_at_us, 9);
	assert_true(l.enrolled);
	assert_int_equal(row_read(&sql_queries[SQL_ADMIN_SESSIONS_END], session, COUNT(session), &s), ERR_OK);
	assert_memory_equal(s.token_hash, HASH_32, 32);
}

/* A row that contains another row: gate_session begins with the columns of session_basis. */
static void
rows_inside_rows_get_their_columns(void **state)
{
	const struct db_value values[] = { DB_INT(1),
					   DB_INT(2),
					   DB_INT(3),
					   DB_INT(4),
					   DB_INT(5),
					   DB_INT(6),
					   DB_NULL(),
					   DB_INT(8),
					   DB_INT(9),
					   DB_INT(10),
					   DB_INT(1),
					   DB_INT(1),
					   DB_NULL(),
					   DB_INT(0),
					   DB_INT(11),
					   DB_BLOB(STR(HASH_32)),
					   DB_TEXT(STR("alice")),
					   DB_TEXT(STR("Alice")),
					   DB_TEXT(STR("a@b")),
					   DB_TEXT(STR("staff")) };
	struct gate_session_row row;

	assert_int_equal(row_read(&sql_queries[SQL_GATE_SESSION], values, COUNT(values), &row), ERR_OK);
	assert_int_equal(row.basis.account_id, 2);
	assert_int_equal(row.basis.factor_id, 0);
	assert_int_equal(row.basis.passkey_at_us, 10);
	assert_true(row.basis.remembered);
	assert_true(row.basis.account_disabled);
	assert_int_equal(row.basis.factor_since_us, 11);
	assert_true(str_equal(row.group_names, STR("staff")));
}

/* --- from a database ---------------------------------------------------------------------------------------------- */

static char folder[64], path[128];
static struct db *db;

static int
setup(void **state)
{
	struct why why = { 0 };

	scratch_name("doubletour-rows", folder, sizeof(folder));
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/x.sqlite", folder);
	if (store_open(path, STORE_CREATE, &why, &db) != ERR_OK ||
	    migrate_to(db, migrate_head(), NULL, NULL, &why) != ERR_OK) {
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

/* Debian 13's sqlite3 edits a schema only with this setting. */
static void
alter(const char *sql)
{
	char command[800];
	int n = snprintf(command, sizeof(command), "sqlite3 -cmd '.dbconfig defensive off' %s \"%s\" >/dev/null", path,
			 sql);

	assert_true(n > 0 && (size_t)n < sizeof(command));
	assert_int_equal(system(command), 0);
}

static err
find(const char *name, struct arena *arena, struct account_by_name_row *ret_row, bool *ret_found)
{
	const struct db_value args[] = { DB_TEXT(str_of(name)) };

	return db_row(db, SQL_ACCOUNT_BY_NAME, args, COUNT(args), arena, ret_row, ret_found);
}

#define INSERT(id, name, hash)                                                                                         \
	"INSERT INTO accounts (id, name, password_hash, created_at_us) VALUES (" id ", '" name "', " hash ", 1);"

static void
db_row_keeps_its_texts_in_the_arena(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(4096);
	struct account_by_name_row alice = { 0 }, bob = { 0 };
	bool found = false;

	alter(INSERT("1", "alice", "'hash of alice'") INSERT("2", "bob", "'hash of bob'"));
	assert_int_equal(find("alice", &arena, &alice, &found), ERR_OK);
	assert_true(found);
	assert_int_equal(find("bob", &arena, &bob, &found), ERR_OK);
	assert_true(str_equal(alice.password_hash, STR("hash of alice")));
	assert_int_equal(find("nobody", &arena, &bob, &found), ERR_OK);
	assert_false(found);
	assert_int_equal(bob.id, 2);
	assert_int_equal(find("alice", NULL, &bob, &found), ERR_INVALID);
	assert_int_equal(bob.id, 2);
}

static err
account_count(void *context, const struct upkeep_accounts_row *row)
{
	int64_t *sum = context;

	*sum += row->id;
	return row->id == 3 ? ERR_GONE : ERR_OK;
}

static void
db_rows_ends_at_the_first_error(void **state)
{
	int64_t sum = 0;

	alter(INSERT("1", "a", "'x'") INSERT("2", "b", "'x'") INSERT("3", "c", "'x'") INSERT("4", "d", "'x'"));
	assert_int_equal(db_rows(db, SQL_UPKEEP_ACCOUNTS, NULL, 0, account_count, &sum), ERR_GONE);
	assert_int_equal(sum, 1 + 2 + 3);
}

/* Without STRICT in a changed schema, a value of another type is refused when it is read. */
static void
db_row_refuses_a_value_of_another_type(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(4096);
	struct account_by_name_row row = { .id = 99 };
	int64_t sum = 0;
	bool found = false;

	db_close(&db);
	alter("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')') WHERE name = "
	      "'accounts'");
	alter(INSERT("1", "alice", "x'00'"));
	assert_int_equal(store_open(path, STORE_EXISTING, &(struct why){ "" }, &db), ERR_OK);
	assert_int_equal(find("alice", &arena, &row, &found), ERR_CORRUPT);
	assert_false(found);
	assert_int_equal(row.id, 99);
	assert_int_equal(db_rows(db, SQL_UPKEEP_ACCOUNTS, NULL, 0, account_count, &sum), ERR_CORRUPT);
	assert_int_equal(sum, 0);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(row_values_of_another_type_are_corrupt),
		cmocka_unit_test(members_of_a_row_get_their_own_columns),
		cmocka_unit_test(rows_inside_rows_get_their_columns),
		CASE(db_row_keeps_its_texts_in_the_arena),
		CASE(db_rows_ends_at_the_first_error),
		CASE(db_row_refuses_a_value_of_another_type),
	};

	return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
