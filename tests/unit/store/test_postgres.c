/*
 * The PostgreSQL driver, in a new database of the cluster that TEST_POSTGRES names (tests/unit/keeper/on_postgres.py):
 * values, error codes, isolation of transactions, lost connections.  Without TEST_POSTGRES all tests are skipped.
 */
#include "unit.h"

#include "base/clock.h"
#include "store/driver.h"
#include "store/migrate.h"
#include "store/store.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char url[256];
static struct db *db, *other;

static void
server_do(const char *format, const char *database)
{
	char text[256];
	PGconn *connection;

	snprintf(text, sizeof(text), "%s/postgres", getenv("TEST_POSTGRES"));
	connection = PQconnectdb(text);
	snprintf(text, sizeof(text), format, database);
	PGresult *result = PQexec(connection, text);
	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", text, PQerrorMessage(connection));
	PQclear(result);
	PQfinish(connection);
}

static const char *
name_in_url(void)
{
	return strrchr(url, '/') + 1;
}

static int
setup(void **state)
{
	struct why why = { 0 };

	snprintf(url, sizeof(url), "%s/driver_%ld", getenv("TEST_POSTGRES"), (long)getpid());
	server_do("CREATE DATABASE %s", name_in_url());
	if (store_open(url, STORE_EXISTING, &why, &db) != ERR_OK ||
	    migrate_to(db, migrate_head(), NULL, NULL, &why) != ERR_OK || store_understands(db, &why) != ERR_OK ||
	    store_open(url, STORE_EXISTING, &why, &other) != ERR_OK || store_understands(other, &why) != ERR_OK) {
		print_error("%s\n", why.text);
		return 1;
	}
	return db_set_statement_timeout(db, DB_STATEMENT_TIMEOUT_MS, &why) != ERR_OK ||
	       db_set_statement_timeout(other, DB_STATEMENT_TIMEOUT_MS, &why) != ERR_OK;
}

static int
teardown(void **state)
{
	db_close(&db);
	db_close(&other);
	server_do("DROP DATABASE %s WITH (FORCE)", name_in_url());
	return 0;
}

/* End all other connections to the database, as a restart of the server does. */
static void
cut_off(void)
{
	server_do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'", name_in_url());
}

static err
insert(struct db *on, int64_t id, str name)
{
	const struct db_value args[] = { DB_INT(id), DB_TEXT(name), DB_TEXT(STR("hash")), DB_INT(5) };

	return db_run(on, SQL_ACCOUNT_INSERT, args, COUNT(args), NULL);
}

static bool
has(struct db *on, str name)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(4096);
	const struct db_value args[] = { DB_TEXT(name) };
	struct account_by_name_row row;
	bool found = false;

	assert_int_equal(db_row(on, SQL_ACCOUNT_BY_NAME, args, COUNT(args), &arena, &row, &found), ERR_OK);
	return found;
}

struct taken {
	struct db_value values[8];
	size_t columns, rows;
	struct arena arena;
};

static err
take(void *context, const struct db_value *row, size_t columns)
{
	struct taken *taken = context;

	taken->columns = columns;
	taken->rows++;
	for (size_t i = 0; i < columns && i < COUNT(taken->values); i++) {
		taken->values[i] = row[i];
		if (row[i].kind == DB_KIND_TEXT || row[i].kind == DB_KIND_BLOB)
			TRY(arena_copy(&taken->arena, row[i].bytes, &taken->values[i].bytes));
	}
	return ERR_OK;
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static void
values_round_trip(void **state)
{
	static const int64_t numbers[] = { 0, 1, -1, INT64_MAX, INT64_MIN, INT32_MAX, INT32_MIN };
	str odd = STR("a\0b\xff");

	for (size_t i = 0; i < COUNT(numbers); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(4096);
		struct taken taken = { .arena = arena };
		const struct db_value args[] = { DB_INT(numbers[i]), DB_TEXT(STR("né")), DB_BLOB(odd),
						 DB_NULL(),          DB_TEXT(STR("")),   DB_BLOB(STR("")) };
		assert_int_equal(
		    db_text(db, "SELECT $1, $2, $3, $4, $5, $6, true, 7::smallint", args, COUNT(args), take, &taken),
		    ERR_OK);
		assert_int_equal(taken.rows, 1);
		assert_int_equal(taken.columns, 8);
		assert_true(taken.values[0].kind == DB_KIND_INT && taken.values[0].number == numbers[i]);
		assert_true(str_equal(taken.values[1].bytes, STR("né")));
		assert_true(taken.values[2].kind == DB_KIND_BLOB && str_equal(taken.values[2].bytes, odd));
		assert_int_equal(taken.values[3].kind, DB_KIND_NULL);
		assert_true(taken.values[4].kind == DB_KIND_TEXT && taken.values[4].bytes.n == 0);
		assert_true(taken.values[5].kind == DB_KIND_BLOB && taken.values[5].bytes.n == 0);
		assert_true(taken.values[6].kind == DB_KIND_INT && taken.values[6].number == 1);
		assert_true(taken.values[7].kind == DB_KIND_INT && taken.values[7].number == 7);
		arena_wipe(&taken.arena);
	}
}

static void
invalid_statements_fail_and_the_connection_survives(void **state)
{
	struct taken taken = { .arena = ARENA(4096) };

	assert_int_equal(db_text(db, "SELECT 1.5::double precision", NULL, 0, take, &taken), ERR_INVALID);
	assert_int_equal(db_text(db, "SELECT now()", NULL, 0, take, &taken), ERR_INVALID);
	assert_int_equal(db_text(db, "SELEKT 1", NULL, 0, NULL, NULL), ERR_INVALID);
	assert_non_null(strstr(db->ops->message(db), "SELEKT"));
	assert_int_equal(db_text(db, "SELECT 1/0", NULL, 0, NULL, NULL), ERR_INVALID);
	assert_int_equal(db_run(db, SQL_COUNT, NULL, 0, NULL), ERR_INVALID);
	assert_int_equal(db_run(db, SQL_ACCOUNT_INSERT, NULL, 0, NULL), ERR_INVALID);
	assert_int_equal(taken.rows, 0);
	assert_int_equal(db_ping(db), ERR_OK);
}

static err
ask_again(void *context, const struct db_value *row, size_t columns)
{
	assert_false(has(context, STR("nobody")));
	return ERR_OK;
}

static err
stop(void *context, const struct db_value *row, size_t columns)
{
	++*(int *)context;
	return ERR_DENIED;
}

static void
rows_may_run_queries_and_stop_the_loop(void **state)
{
	int seen = 0;

	assert_int_equal(db_text(db, "SELECT n FROM generate_series(1, 1000) AS n", NULL, 0, ask_again, db), ERR_OK);
	assert_int_equal(db_text(db, "SELECT n FROM generate_series(1, 1000) AS n", NULL, 0, stop, &seen), ERR_DENIED);
	assert_int_equal(seen, 1);
	assert_int_equal(db_ping(db), ERR_OK);
}

/* --- errors and transactions -------------------------------------------------------------------------------------- */

static void
a_duplicate_name_is_an_exists_error(void **state)
{
	assert_int_equal(insert(db, 1, STR("anna")), ERR_OK);
	assert_int_equal(insert(db, 2, STR("anna")), ERR_EXISTS);
	assert_int_equal(insert(db, 1, STR("bob")), ERR_EXISTS);
	assert_true(has(db, STR("anna")));
	assert_false(has(db, STR("bob")));
	assert_int_equal(insert(db, 3, STR("a\xff")), ERR_INVALID); /* invalid UTF-8 */
	assert_int_equal(insert(db, 3, STR("a\0b")), ERR_INVALID);  /* PostgreSQL texts have no NUL */
}

static void
an_abandoned_transaction_is_rolled_back(void **state)
{
	{
		CLEANUP(db_rollback_unless_done) struct db_transaction t = { 0 };
		assert_int_equal(db_begin(db, &t), ERR_OK);
		assert_int_equal(insert(db, 10, STR("left")), ERR_OK);
		struct db_transaction inner = { 0 };
		assert_int_equal(db_begin(db, &inner), ERR_INVALID);
		assert_int_equal(db_notify(db, STR("x")), ERR_INVALID);
	}
	assert_false(has(db, STR("left")));
}

/* PostgreSQL accepts the COMMIT without an error, but rolls back. */
static void
a_transaction_with_a_failed_statement_is_not_committed(void **state)
{
	CLEANUP(db_rollback_unless_done) struct db_transaction t = { 0 };

	assert_int_equal(insert(db, 20, STR("there")), ERR_OK);
	assert_int_equal(db_begin(db, &t), ERR_OK);
	assert_int_equal(insert(db, 21, STR("along")), ERR_OK);
	assert_int_equal(insert(db, 22, STR("there")), ERR_EXISTS);
	assert_int_equal(db_commit(&t), ERR_INVALID);
	db_rollback_unless_done(&t);
	assert_false(has(db, STR("along")));
	assert_int_equal(db_begin(db, &t), ERR_OK);
	assert_int_equal(insert(db, 21, STR("along")), ERR_OK);
	assert_int_equal(db_commit(&t), ERR_OK);
	assert_true(has(other, STR("along")));
}

/* Write skew: each transaction reads the row that the other deletes.  READ COMMITTED would allow it. */
static void
conflicting_transactions_are_not_both_committed(void **state)
{
	CLEANUP(db_rollback_unless_done) struct db_transaction one = { 0 };
	CLEANUP(db_rollback_unless_done) struct db_transaction two = { 0 };
	err e;

	assert_int_equal(insert(db, 30, STR("left.hand")), ERR_OK);
	assert_int_equal(insert(db, 31, STR("right.hand")), ERR_OK);
	assert_int_equal(db_begin(db, &one), ERR_OK);
	assert_int_equal(db_begin(other, &two), ERR_OK);
	assert_true(has(db, STR("left.hand")) && has(other, STR("right.hand")));
	assert_int_equal(db_text(db, "DELETE FROM accounts WHERE name = 'right.hand'", NULL, 0, NULL, NULL), ERR_OK);
	e = db_text(other, "DELETE FROM accounts WHERE name = 'left.hand'", NULL, 0, NULL, NULL);
	if (e == ERR_OK)
		e = db_commit(&one);
	if (e == ERR_OK)
		e = db_commit(&two);
	assert_int_equal(e, ERR_BUSY);
	db_rollback_unless_done(&one);
	db_rollback_unless_done(&two);
	assert_true(has(db, STR("left.hand")) || has(db, STR("right.hand")));
}

static void
only_busy_errors_are_retried(void **state)
{
	struct db_retry retry = { 0 };
	int tries = 0;

	assert_false(db_retry(&retry, ERR_OK));
	assert_false(db_retry(&retry, ERR_AWAY));
	assert_int_equal(retry.attempts, 0);
	while (db_retry(&retry, ERR_BUSY))
		tries++;
	assert_true(tries >= 4);
}

static int64_t
queue_number(const char *sql)
{
	struct taken taken = { .arena = ARENA(4096) };
	int64_t n;

	assert_int_equal(db_text(db, sql, NULL, 0, take, &taken), ERR_OK);
	n = taken.values[0].number;
	arena_wipe(&taken.arena);
	return n;
}

#define ADVISORY_LOCKS                                                                                                 \
	"SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database "                                        \
	"WHERE locktype = 'advisory' AND datname = current_database() AND "

static int64_t
queue_locks(void)
{
	return queue_number(ADVISORY_LOCKS "granted");
}

static int64_t
queue_waiters(void)
{
	return queue_number(ADVISORY_LOCKS "NOT granted");
}

static void
retries_of_one_queue_run_one_after_the_other(void **state)
{
	struct db_retry first = { .db = db, .queue = 7 }, second = { .db = other, .queue = 7 }, third = second;
	struct db_retry elsewhere = { .db = other, .queue = 8 };
	struct why why = { 0 };

	assert_true(db_retry(&first, ERR_BUSY));
	assert_int_equal(queue_locks(), 1);
	assert_true(db_retry(&first, ERR_BUSY)); /* it stays in the queue */
	assert_int_equal(db_set_statement_timeout(other, 300, &why), ERR_OK);
	assert_false(db_retry(&second, ERR_BUSY));
	assert_int_equal(db_set_statement_timeout(other, DB_STATEMENT_TIMEOUT_MS, &why), ERR_OK);
	assert_int_equal(db_ping(other), ERR_OK);
	assert_true(db_retry(&elsewhere, ERR_BUSY));
	assert_int_equal(queue_locks(), 2);
	assert_false(db_retry(&elsewhere, ERR_INVALID));
	assert_false(db_retry(&first, ERR_OK));
	assert_int_equal(queue_locks(), 0);
	assert_true(db_retry(&third, ERR_BUSY));
	assert_false(db_retry(&third, ERR_AWAY));
	assert_int_equal(queue_locks(), 0);
}

static void *
queue_enter(void *context)
{
	return db_retry(context, ERR_BUSY) ? context : NULL;
}

static void
the_time_for_retries_begins_after_the_queue(void **state)
{
	struct db_retry first = { .db = db, .queue = 7 }, second = { .db = other, .queue = 7 };
	pthread_t thread;
	int64_t left_us;
	void *entered = NULL;

	assert_true(db_retry(&first, ERR_BUSY));
	assert_int_equal(pthread_create(&thread, NULL, queue_enter, &second), 0);
	while (queue_waiters() == 0)
		usleep(1000);
	left_us = clock_monotonic_us();
	assert_false(db_retry(&first, ERR_OK));
	assert_int_equal(pthread_join(thread, &entered), 0);
	assert_ptr_equal(entered, &second);
	assert_true(second.since_us >= left_us);
	assert_false(db_retry(&second, ERR_OK));
}

static void
a_lost_connection_leaves_its_queue(void **state)
{
	struct db_retry first = { .db = db, .queue = 7 }, second = { .db = other, .queue = 7 };

	assert_true(db_retry(&first, ERR_BUSY));
	cut_off();
	assert_int_equal(db_ping(other), ERR_OK);
	assert_true(db_retry(&second, ERR_BUSY));
	assert_false(db_retry(&first, ERR_AWAY));
	assert_false(db_retry(&second, ERR_OK));
	assert_int_equal(db_ping(db), ERR_OK);
	assert_int_equal(queue_locks(), 0);
}

/* --- lost connections --------------------------------------------------------------------------------------------- */

static void
a_lost_connection_is_reopened(void **state)
{
	CLEANUP(db_rollback_unless_done) struct db_transaction t = { 0 };

	assert_int_equal(insert(db, 40, STR("stays")), ERR_OK);
	cut_off();
	assert_true(has(db, STR("stays"))); /* the driver repeats a read */
	cut_off();
	assert_int_equal(db_begin(db, &t), ERR_OK); /* the driver repeats the beginning of a transaction */
	assert_int_equal(insert(db, 41, STR("cut")), ERR_OK);
	cut_off();
	/* The driver does not repeat a statement in a transaction. */
	assert_int_equal(insert(db, 42, STR("after")), ERR_AWAY);
	assert_int_equal(insert(db, 42, STR("after")), ERR_AWAY);
	assert_int_equal(db_commit(&t), ERR_AWAY);
	db_rollback_unless_done(&t);
	assert_false(has(db, STR("cut")));
	cut_off();
	/* The driver does not repeat a write that may have been done. */
	assert_int_equal(insert(db, 43, STR("unsure")), ERR_AWAY);
	assert_int_equal(insert(db, 43, STR("unsure")), ERR_OK);
	assert_int_equal(db_ping(other), ERR_OK);
}

static void
assert_setting(struct db *on, const char *name, const char *value)
{
	const struct db_value args[] = { DB_TEXT(str_of(name)) };
	struct taken taken = { .arena = ARENA(4096) };

	assert_int_equal(db_text(on, "SELECT current_setting($1)", args, COUNT(args), take, &taken), ERR_OK);
	assert_int_equal(taken.rows, 1);
	if (!str_equal(taken.values[0].bytes, str_of(value)))
		fail_msg("%s is %.*s, not %s", name, STR_ARG(taken.values[0].bytes), value);
	arena_wipe(&taken.arena);
}

/* After an error of the server, each later statement of the transaction would fail. */
static void
a_locked_row_is_busy_without_an_error_of_the_server(void **state)
{
	const struct db_value account[] = { DB_INT(901) };
	CLEANUP(db_rollback_unless_done) struct db_transaction first = { 0 }, second = { 0 };

	assert_int_equal(insert(db, 901, STR("skipped")), ERR_OK);
	assert_int_equal(db_begin(db, &first), ERR_OK);
	assert_int_equal(db_lock_at_once(db, SQL_ACCOUNT_LOCK_AT_ONCE, account, COUNT(account)), ERR_OK);
	assert_int_equal(db_begin(other, &second), ERR_OK);
	assert_int_equal(db_lock_at_once(other, SQL_ACCOUNT_LOCK_AT_ONCE, account, COUNT(account)), ERR_BUSY);
	assert_int_equal(insert(other, 902, STR("skipping")), ERR_OK);
	assert_int_equal(db_commit(&second), ERR_OK);
}

/* The server must not continue an abandoned statement, which keeps its locks. */
static void
the_server_ends_a_statement_before_its_caller(void **state)
{
	static const char *const both[] = { "statement_timeout", "lock_timeout" };
	struct db_transaction copy = { 0 };
	struct why why = { "" };
	struct db *one = NULL;

	assert_int_equal(store_open(url, STORE_EXISTING, &why, &one), ERR_OK);
	for (size_t i = 0; i < COUNT(both); i++)
		assert_setting(one, both[i], "0");
	assert_setting(one, "idle_in_transaction_session_timeout", "1min");
	assert_int_equal(db_set_statement_timeout(one, DB_STATEMENT_TIMEOUT_MS, &why), ERR_OK);
	for (int connection = 0; connection < 2; connection++) {
		for (size_t i = 0; i < COUNT(both); i++)
			assert_setting(one, both[i], "1200ms");
		assert_setting(one, "idle_in_transaction_session_timeout", "6s");
		cut_off();
		assert_int_equal(db_ping(one), ERR_OK);
	}
	assert_int_equal(db_set_statement_timeout(one, 100000, &why), ERR_OK);
	assert_setting(one, "statement_timeout", "80s");
	assert_int_equal(db_begin_for(one, DB_FOR_COPY, &copy), ERR_OK);
	assert_setting(one, "transaction_isolation", "serializable");
	assert_setting(one, "idle_in_transaction_session_timeout", "1h");
	db_rollback_unless_done(&copy);
	db_close(&one);
	assert_int_equal(db_ping(db), ERR_OK); /* the others were cut off too */
	assert_int_equal(db_ping(other), ERR_OK);
}

static void
a_slow_statement_is_cancelled(void **state)
{
	assert_int_equal(db_ping(db), ERR_OK);
	assert_int_equal(db_text(db, "SELECT pg_sleep(60)", NULL, 0, NULL, NULL), ERR_AWAY);
	assert_int_equal(db_ping(db), ERR_OK);
	assert_true(has(db, STR("stays")));
}

/* --- other connections -------------------------------------------------------------------------------------------- */

static void
an_exclusive_claim_survives_a_reconnect(void **state)
{
	assert_int_equal(db_claim(db, DB_CLAIM_SHARED), ERR_OK);
	assert_int_equal(db_claim(other, DB_CLAIM_SHARED), ERR_OK);
	assert_int_equal(db_claim(other, DB_CLAIM_NONE), ERR_OK);
	assert_int_equal(db_claim(other, DB_CLAIM_ALONE), ERR_BUSY);
	cut_off();
	assert_int_equal(db_ping(db), ERR_OK); /* reconnects and claims again */
	assert_int_equal(db_ping(other), ERR_OK);
	assert_int_equal(db_claim(other, DB_CLAIM_ALONE), ERR_BUSY);
	assert_int_equal(db_claim(db, DB_CLAIM_NONE), ERR_OK);
	assert_int_equal(db_claim(other, DB_CLAIM_ALONE), ERR_OK);
	assert_int_equal(db_claim(db, DB_CLAIM_SHARED), ERR_BUSY);
	assert_int_equal(db_claim(other, DB_CLAIM_NONE), ERR_OK);
}

static void
receive(void *context, str text)
{
	char *last = context;

	snprintf(last, 32, "%.*s", STR_ARG(text));
}

static void
notifications_arrive_after_a_reconnect(void **state)
{
	char last[32] = "";

	assert_int_equal(db_listening_fd(db), -1);
	assert_int_equal(db_listen(db), ERR_OK);
	assert_true(db_listening_fd(db) >= 0);
	assert_int_equal(db_notify(other, STR("one")), ERR_OK);
	assert_int_equal(db_ping(db), ERR_OK);
	assert_int_equal(db_read_notifications(db, receive, last), ERR_OK);
	assert_string_equal(last, "one");
	cut_off();
	while (db_read_notifications(db, receive, last) == ERR_OK)
		usleep(1000);
	assert_int_equal(db_listening_fd(db), -1);
	assert_int_equal(db_ping(db), ERR_OK);
	assert_int_equal(db_ping(other), ERR_OK);
	assert_int_equal(db_notify(other, STR("two")), ERR_OK);
	assert_int_equal(db_ping(db), ERR_OK);
	assert_int_equal(db_read_notifications(db, receive, last), ERR_OK);
	assert_string_equal(last, "two");
}

/* store/tables.c lists each table, in an order in which rows can be copied. */
static void
every_table_is_listed_for_copying(void **state)
{
	struct taken taken = { .arena = ARENA(4096) };

	assert_int_equal(
	    db_text(db, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", NULL, 0, take, &taken), ERR_OK);
	assert_int_equal(taken.values[0].number, store_tables_count);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_round_trip),
		cmocka_unit_test(invalid_statements_fail_and_the_connection_survives),
		cmocka_unit_test(rows_may_run_queries_and_stop_the_loop),
		cmocka_unit_test(a_duplicate_name_is_an_exists_error),
		cmocka_unit_test(an_abandoned_transaction_is_rolled_back),
		cmocka_unit_test(a_transaction_with_a_failed_statement_is_not_committed),
		cmocka_unit_test(a_locked_row_is_busy_without_an_error_of_the_server),
		cmocka_unit_test(conflicting_transactions_are_not_both_committed),
		cmocka_unit_test(only_busy_errors_are_retried),
		cmocka_unit_test(retries_of_one_queue_run_one_after_the_other),
		cmocka_unit_test(the_time_for_retries_begins_after_the_queue),
		cmocka_unit_test(a_lost_connection_leaves_its_queue),
		cmocka_unit_test(a_lost_connection_is_reopened),
		cmocka_unit_test(the_server_ends_a_statement_before_its_caller),
		cmocka_unit_test(a_slow_statement_is_cancelled),
		cmocka_unit_test(an_exclusive_claim_survives_a_reconnect),
		cmocka_unit_test(notifications_arrive_after_a_reconnect),
		cmocka_unit_test(every_table_is_listed_for_copying),
	};

	if (getenv("TEST_POSTGRES") == NULL) {
		puts("1..0 # SKIP without TEST_POSTGRES");
		return 0;
	}
	return cmocka_run_group_tests_name("postgres", tests, setup, teardown);
}
