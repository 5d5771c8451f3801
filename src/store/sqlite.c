/*
 * SQLite driver: statements and transactions of an open connection. sqlite_open.c opens it.
 */
#include "store/sqlite.h"

#include "base/clock.h"
#include "base/mem.h"

static struct sqlite *
sqlite_of(struct db *db)
{
	return (struct sqlite *)db;
}

err
sqlite_error(int code)
{
	if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_ROWID)
		return ERR_EXISTS;
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return ERR_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_NOMEM:
		return ERR_MEMORY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
	case SQLITE_RANGE:
	case SQLITE_MISUSE:
	case SQLITE_ERROR:
		return ERR_INVALID;
	default: /* disk full, I/O error, read-only, cannot open, ... */
		return ERR_AWAY;
	}
}

/* --- statements --------------------------------------------------------------------------------------------------- */

static int
sqlite_bind_one(sqlite3_stmt *statement, int at, const struct db_value *value)
{
	const char *p = value->bytes.p == NULL ? "" : value->bytes.p;

	switch (value->kind) {
	case DB_KIND_INT:
		return sqlite3_bind_int64(statement, at, value->number);
	case DB_KIND_TEXT: /* the caller's text stays valid until the step ends */
		return sqlite3_bind_text64(statement, at, p, value->bytes.n, SQLITE_STATIC, SQLITE_UTF8);
	case DB_KIND_BLOB:
		return sqlite3_bind_blob64(statement, at, p, value->bytes.n, SQLITE_STATIC);
	case DB_KIND_NULL:
		break;
	}
	return sqlite3_bind_null(statement, at);
}

static err
sqlite_bind_all(sqlite3_stmt *statement, const struct db_value *args, size_t n)
{
	if ((size_t)sqlite3_bind_parameter_count(statement) != n)
		return ERR_INVALID;
	for (size_t i = 0; i < n; i++)
		TRY(sqlite_error(sqlite_bind_one(statement, (int)i + 1, &args[i])));
	return ERR_OK;
}

/* Read a text as a blob, because SQLite copies a text to add a NUL. The database is in UTF-8 (sqlite_open.c). */
static err
sqlite_column_bytes(sqlite3_value *value, enum db_kind kind, struct db_value *ret_value)
{
	const char *p = sqlite3_value_blob(value);
	size_t n = (size_t)sqlite3_value_bytes(value);

	if (p == NULL && n > 0)
		return ERR_MEMORY;
	*ret_value = (struct db_value){ .kind = kind, .bytes = n == 0 ? STR("") : str_bytes(p, n) };
	return ERR_OK;
}

/* Only one thread uses a connection, so that sqlite3_value functions may read the value of a column. */
static err
sqlite_column(sqlite3_value *value, struct db_value *ret_value)
{
	switch (sqlite3_value_type(value)) {
	case SQLITE_INTEGER:
		*ret_value = DB_INT(sqlite3_value_int64(value));
		return ERR_OK;
	case SQLITE_TEXT:
		return sqlite_column_bytes(value, DB_KIND_TEXT, ret_value);
	case SQLITE_BLOB:
		return sqlite_column_bytes(value, DB_KIND_BLOB, ret_value);
	case SQLITE_NULL:
		*ret_value = DB_NULL();
		return ERR_OK;
	default: /* a floating-point number: no table has one */
		return ERR_INVALID;
	}
}

static err
sqlite_each_row(sqlite3_stmt *statement, db_each each, void *context)
{
	struct db_value row[DB_COLUMNS_MAX];
	int columns = sqlite3_column_count(statement);

	if (each == NULL)
		return ERR_OK;
	if (columns > DB_COLUMNS_MAX)
		return ERR_INVALID;
	for (int i = 0; i < columns; i++)
		TRY(sqlite_column(sqlite3_column_value(statement, i), &row[i]));
	return each(context, row, (size_t)columns);
}

static err
sqlite_step_all(sqlite3_stmt *statement, db_each each, void *context)
{
	int code;

	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		TRY(sqlite_each_row(statement, each, context));
	sqlite_written(code);
	return sqlite_error(code);
}

/* Always reset the statement and clear its bindings: they may have been secrets. */
static err
sqlite_step_statement(struct sqlite *s, sqlite3_stmt *statement, const struct db_value *args, size_t n, db_each each,
		      void *context, int64_t *ret_changed)
{
	err e;

	if (sqlite3_stmt_busy(statement)) /* called from its own each() */
		return ERR_INVALID;
	e = sqlite_bind_all(statement, args, n);
	if (e == ERR_OK)
		e = sqlite_step_all(statement, each, context);
	if (e == ERR_OK && ret_changed != NULL)
		*ret_changed = sqlite3_changes64(s->handle);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return e;
}

/* --- the turn to write -------------------------------------------------------------------------------------------- */

static err
sqlite_turn_take(struct sqlite *s)
{
	if (s->queue == NULL || s->has_turn)
		return ERR_OK;
	s->waits_until_us = clock_monotonic_us() + SQLITE_BUSY_US;
	TRY(sqlite_queue_enter(s->queue, s->waits_until_us));
	s->has_turn = true;
	return ERR_OK;
}

/* Unless a transaction is still open. */
static void
sqlite_turn_end(struct sqlite *s)
{
	if (s->has_turn && sqlite3_get_autocommit(s->handle) != 0) {
		s->has_turn = false;
		sqlite_queue_exit(s->queue);
	}
}

/* --- one statement of a connection -------------------------------------------------------------------------------- */

/* Run a statement without parameters and ignore its rows. */
static err
sqlite_step_once(sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	sqlite3_reset(statement);
	sqlite_written(code);
	return sqlite_error(code);
}

/* Some errors have already rolled back the transaction: then this does nothing. */
static void
sqlite_roll_back(struct sqlite *s)
{
	if (sqlite3_get_autocommit(s->handle) == 0 && s->rollback != NULL)
		(void)!sqlite_step_once(s->rollback);
	if (sqlite3_get_autocommit(s->handle) == 0)
		(void)!sqlite3_exec(s->handle, "ROLLBACK", NULL, NULL, NULL);
	s->stuck = sqlite3_get_autocommit(s->handle) == 0;
}

/*
 * A transaction that could not be rolled back may block other connections: refuse all work until the rollback succeeds.
 */
static err
sqlite_unstick(struct sqlite *s)
{
	if (s->stuck)
		sqlite_roll_back(s);
	sqlite_turn_end(s);
	return s->stuck ? ERR_AWAY : ERR_OK;
}

static err
sqlite_prepare_kept(struct sqlite *s, enum sql query, sqlite3_stmt **ret_statement)
{
	return sqlite_error(sqlite3_prepare_v3(s->handle, sql_queries[query].text[SQL_SQLITE], -1,
					       SQLITE_PREPARE_PERSISTENT, ret_statement, NULL));
}

static err
sqlite_step_prepared(struct sqlite *s, enum sql query, const struct db_value *args, size_t n, db_each each,
		     void *context, int64_t *ret_changed)
{
	if (s->prepared[query] == NULL)
		TRY(sqlite_prepare_kept(s, query, &s->prepared[query]));
	return sqlite_step_statement(s, s->prepared[query], args, n, each, context, ret_changed);
}

/* Outside of a transaction, a query that writes is a separate transaction. */
static err
sqlite_step_query(struct sqlite *s, enum sql query, const struct db_value *args, size_t n, db_each each, void *context,
		  int64_t *ret_changed)
{
	err e;

	if (sql_queries[query].reads || sqlite3_get_autocommit(s->handle) == 0)
		return sqlite_step_prepared(s, query, args, n, each, context, ret_changed);
	TRY(sqlite_turn_take(s));
	e = sqlite_files_check(s);
	if (e == ERR_OK)
		e = sqlite_step_prepared(s, query, args, n, each, context, ret_changed);
	sqlite_turn_end(s);
	return e;
}

static err
sqlite_step(struct db *db, int query, const char *text, const struct db_value *args, size_t n, db_each each,
	    void *context, int64_t *ret_changed)
{
	struct sqlite *s = sqlite_of(db);
	sqlite3_stmt *statement = NULL;
	err e;

	TRY(sqlite_unstick(s));
	if (query >= 0)
		return sqlite_step_query(s, (enum sql)query, args, n, each, context, ret_changed);
	TRY(sqlite_error(sqlite3_prepare_v2(s->handle, text, -1, &statement, NULL)));
	e = sqlite_step_statement(s, statement, args, n, each, context, ret_changed);
	sqlite3_finalize(statement);
	return e;
}

/* Prepare the query as a test and free it again: an unused query should take no memory on this connection. */
static err
sqlite_try_one(struct sqlite *s, enum sql query, struct why *why)
{
	sqlite3_stmt *statement = NULL;
	err e = sqlite_prepare_kept(s, query, &statement);

	sqlite3_finalize(statement);
	if (e == ERR_OK)
		return ERR_OK;
	return why_set(why, e == ERR_INVALID ? ERR_CORRUPT : e,
		       "The database does not accept the query %s: %s.  Check its schema with `doubletour db check`.",
		       sql_queries[query].name, sqlite3_errmsg(s->handle));
}

static err
sqlite_understands(struct db *db, struct why *why)
{
	for (int i = 0; i < SQL_COUNT; i++)
		TRY(sqlite_try_one(sqlite_of(db), (enum sql)i, why));
	return ERR_OK;
}

/* --- transactions ------------------------------------------------------------------------------------------------- */

err
sqlite_exec(struct sqlite *s, const char *text)
{
	return sqlite_error(sqlite3_exec(s->handle, text, NULL, NULL, NULL));
}

/*
 * With foreign keys enforced, DROP TABLE first deletes all rows, and ON DELETE CASCADE deletes the rows that refer to
 * them: a migration that replaces `accounts` would empty `sessions`. Schema changes therefore disable foreign keys and
 * check them before COMMIT.
 */
static void
sqlite_enforce_references(struct sqlite *s, bool on)
{
	sqlite3_db_config(s->handle, SQLITE_DBCONFIG_ENABLE_FKEY, on ? 1 : 0, NULL);
}

static err
sqlite_begin_in_turn(struct sqlite *s, enum db_purpose purpose)
{
	err e;

	TRY(sqlite_files_check(s));
	sqlite_enforce_references(s, purpose != DB_FOR_SCHEMA);
	e = sqlite_step_once(s->begin);
	if (e == ERR_OK)
		s->purpose = purpose;
	else
		sqlite_enforce_references(s, true);
	return e;
}

static err
sqlite_begin(struct db *db, enum db_purpose purpose)
{
	struct sqlite *s = sqlite_of(db);
	err e;

	s->dangling = false;
	TRY(sqlite_unstick(s));
	if (sqlite3_get_autocommit(s->handle) == 0)
		return ERR_INVALID;
	TRY(sqlite_turn_take(s));
	e = sqlite_begin_in_turn(s, purpose);
	if (e != ERR_OK)
		sqlite_turn_end(s);
	return e;
}

static void
sqlite_transaction_ended(struct sqlite *s)
{
	s->purpose = DB_FOR_ROWS;
	sqlite_enforce_references(s, true);
	sqlite_turn_end(s);
}

static err
sqlite_dangling_row(void *context, const struct db_value *row, size_t columns)
{
	*(bool *)context = true;
	return ERR_INVALID;
}

static err
sqlite_commit(struct db *db)
{
	struct sqlite *s = sqlite_of(db);

	if (s->purpose == DB_FOR_SCHEMA)
		TRY(db_text(db, "PRAGMA foreign_key_check", NULL, 0, sqlite_dangling_row, &s->dangling));
	TRY(sqlite_step_once(s->commit));
	sqlite_transaction_ended(s);
	return ERR_OK;
}

static void
sqlite_rollback(struct db *db)
{
	struct sqlite *s = sqlite_of(db);

	sqlite_roll_back(s);
	sqlite_transaction_ended(s);
}

/* --- messages, integrity, copy ------------------------------------------------------------------------------------ */

static const char *
sqlite_message(struct db *db)
{
	if (sqlite_of(db)->moved)
		return "its file was moved or deleted";
	return sqlite_of(db)->dangling ? "a row refers to a missing row" : sqlite3_errmsg(sqlite_of(db)->handle);
}

static err
sqlite_integrity_row(void *context, const struct db_value *row, size_t columns)
{
	if (columns == 1 && str_equal(row[0].bytes, STR("ok")))
		return ERR_OK;
	return why_set(context, ERR_CORRUPT, "The database is damaged: %.*s.  Restore a backup.",
		       columns == 1 ? (int)row[0].bytes.n : 0, row[0].bytes.p);
}

static err
sqlite_integrity(struct db *db, struct why *why)
{
	bool dangling = false;
	err e = db_text(db, "PRAGMA integrity_check(1)", NULL, 0, sqlite_integrity_row, why);

	if (e == ERR_OK)
		e = db_text(db, "PRAGMA foreign_key_check", NULL, 0, sqlite_dangling_row, &dangling);
	if (dangling)
		return why_set(why, ERR_CORRUPT,
			       "The database is damaged: a row refers to a missing row.  Restore a backup.");
	if (e != ERR_OK && (why == NULL || why->text[0] == '\0'))
		return why_set(why, e, "The database could not be read completely: %s.", sqlite_message(db));
	return e;
}

/* Reads in one transaction, which blocks no other connection in WAL mode. Deleted data is not copied. */
static err
sqlite_copy(struct db *db, const char *path)
{
	const struct db_value args[] = { DB_TEXT(str_of(path)) };

	return db_text(db, "VACUUM INTO ?1", args, COUNT(args), NULL, NULL);
}

void
sqlite_close(struct db *db)
{
	struct sqlite *s = sqlite_of(db);

	for (size_t i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(s->prepared[i]);
	sqlite3_finalize(s->begin);
	sqlite3_finalize(s->commit);
	sqlite3_finalize(s->rollback);
	sqlite3_close(s->handle);
	if (s->has_turn)
		sqlite_queue_exit(s->queue);
	sqlite_queue_leave(&s->queue);
	mem_drop(s->path);
	mem_drop(s);
}

/* --- another thread ends a statement ------------------------------------------------------------------------------ */

enum { STEPS_BETWEEN_CHECKS = 10000 }; /* of SQLite's virtual machine: less than a millisecond */

static int
sqlite_is_ending(void *context)
{
	const atomic_bool *ending = context;

	return atomic_load(ending);
}

static void
sqlite_abandon_when(struct db *db, const atomic_bool *ending)
{
	sqlite3_progress_handler(sqlite_of(db)->handle, STEPS_BETWEEN_CHECKS, sqlite_is_ending, (void *)ending);
}

const struct db_ops sqlite_ops = {
	.dialect = SQL_SQLITE,
	.step = sqlite_step,
	.understands = sqlite_understands,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.message = sqlite_message,
	.integrity = sqlite_integrity,
	.copy = sqlite_copy,
	.close = sqlite_close,
	.probe = sqlite_probe,
	.abandon_when = sqlite_abandon_when,
};
