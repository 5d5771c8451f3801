/*
 * The SQLite driver: statements and transactions of an open connection.  Opening is in sqlite_open.c.
 */
#include "store/sqlite.h"

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
	default: /* full, I/O, read-only, cannot open, ... */
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
	case DB_KIND_TEXT: /* the caller's texts outlive the step */
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

/* SQLite gives NULL for an empty blob, but also for any text or blob that it has no memory for. */
static err
sqlite_column_bytes(sqlite3_stmt *statement, int at, enum db_kind kind, struct db_value *ret_value)
{
	const void *p = kind == DB_KIND_TEXT ? (const void *)sqlite3_column_text(statement, at)
					     : sqlite3_column_blob(statement, at);

	if (p == NULL && sqlite3_errcode(sqlite3_db_handle(statement)) == SQLITE_NOMEM)
		return ERR_MEMORY;
	*ret_value = (struct db_value){
		.kind = kind,
		.bytes = p == NULL ? STR("") : str_bytes(p, (size_t)sqlite3_column_bytes(statement, at)),
	};
	return ERR_OK;
}

static err
sqlite_column(sqlite3_stmt *statement, int at, struct db_value *ret_value)
{
	switch (sqlite3_column_type(statement, at)) {
	case SQLITE_INTEGER:
		*ret_value = DB_INT(sqlite3_column_int64(statement, at));
		return ERR_OK;
	case SQLITE_TEXT:
		return sqlite_column_bytes(statement, at, DB_KIND_TEXT, ret_value);
	case SQLITE_BLOB:
		return sqlite_column_bytes(statement, at, DB_KIND_BLOB, ret_value);
	case SQLITE_NULL:
		*ret_value = DB_NULL();
		return ERR_OK;
	default: /* a floating number: nothing here has one */
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
		TRY(sqlite_column(statement, i, &row[i]));
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

/* Always left reset and with nothing bound: what was bound may have been a secret. */
static err
sqlite_step_statement(struct sqlite *s, sqlite3_stmt *statement, const struct db_value *args, size_t n, db_each each,
		      void *context, int64_t *ret_changed)
{
	err e;

	if (sqlite3_stmt_busy(statement)) /* called again by its own each() */
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

/* A statement without parameters and without interest in its rows. */
static err
sqlite_step_once(sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	sqlite3_reset(statement);
	sqlite_written(code);
	return sqlite_error(code);
}

/* Some errors have rolled back already; then there is nothing to do. */
static void
sqlite_roll_back(struct sqlite *s)
{
	if (sqlite3_get_autocommit(s->handle) == 0 && s->rollback != NULL)
		(void)!sqlite_step_once(s->rollback);
	if (sqlite3_get_autocommit(s->handle) == 0)
		(void)!sqlite3_exec(s->handle, "ROLLBACK", NULL, NULL, NULL);
	s->stuck = sqlite3_get_autocommit(s->handle) == 0;
}

/* Nothing may be done in a transaction that should not be open any more, and which may keep others waiting. */
static err
sqlite_unstick(struct sqlite *s)
{
	if (s->stuck)
		sqlite_roll_back(s);
	return s->stuck ? ERR_AWAY : ERR_OK;
}

static err
sqlite_prepare_kept(struct sqlite *s, enum sql query, sqlite3_stmt **ret_statement)
{
	return sqlite_error(sqlite3_prepare_v3(s->handle, sql_queries[query].text[SQL_SQLITE], -1,
					       SQLITE_PREPARE_PERSISTENT, ret_statement, NULL));
}

static err
sqlite_step(struct db *db, int query, const char *text, const struct db_value *args, size_t n, db_each each,
	    void *context, int64_t *ret_changed)
{
	struct sqlite *s = sqlite_of(db);
	sqlite3_stmt *statement = NULL;
	err e;

	TRY(sqlite_unstick(s));
	if (query >= 0 && !sql_queries[query].reads && sqlite3_get_autocommit(s->handle) != 0)
		TRY(sqlite_files_check(s));
	if (query >= 0) {
		if (s->prepared[query] == NULL)
			TRY(sqlite_prepare_kept(s, (enum sql)query, &s->prepared[query]));
		return sqlite_step_statement(s, s->prepared[query], args, n, each, context, ret_changed);
	}
	TRY(sqlite_error(sqlite3_prepare_v2(s->handle, text, -1, &statement, NULL)));
	e = sqlite_step_statement(s, statement, args, n, each, context, ret_changed);
	sqlite3_finalize(statement);
	return e;
}

/* A query that is not needed on this connection takes no memory there: what was tried is let go again. */
static err
sqlite_try_one(struct sqlite *s, enum sql query, struct why *why)
{
	sqlite3_stmt *statement = NULL;
	err e = sqlite_prepare_kept(s, query, &statement);

	sqlite3_finalize(statement);
	if (e == ERR_OK)
		return ERR_OK;
	return why_set(why, e == ERR_INVALID ? ERR_CORRUPT : e,
		       "The database does not take the query %s: %s.  `doubletour db check` says whether its schema is "
		       "the one that this program needs.",
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
 * With references enforced, DROP TABLE deletes its rows first and what refers to them with ON DELETE CASCADE: a migration
 * that replaces `accounts` would empty `sessions`.  So they are off while the schema changes, and checked before COMMIT.
 */
static void
sqlite_enforce_references(struct sqlite *s, bool on)
{
	sqlite3_db_config(s->handle, SQLITE_DBCONFIG_ENABLE_FKEY, on ? 1 : 0, NULL);
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
	TRY(sqlite_files_check(s));
	sqlite_enforce_references(s, purpose != DB_FOR_SCHEMA);
	e = sqlite_step_once(s->begin);
	if (e == ERR_OK)
		s->purpose = purpose;
	else
		sqlite_enforce_references(s, true);
	return e;
}

static void
sqlite_transaction_ended(struct sqlite *s)
{
	s->purpose = DB_FOR_ROWS;
	sqlite_enforce_references(s, true);
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

/* --- the rest ----------------------------------------------------------------------------------------------------- */

static const char *
sqlite_message(struct db *db)
{
	if (sqlite_of(db)->moved)
		return "its file is not in its place any more";
	return sqlite_of(db)->dangling ? "a row refers to one that is not there"
				       : sqlite3_errmsg(sqlite_of(db)->handle);
}

static err
sqlite_integrity_row(void *context, const struct db_value *row, size_t columns)
{
	if (columns == 1 && str_equal(row[0].bytes, STR("ok")))
		return ERR_OK;
	return why_set(context, ERR_CORRUPT, "The database is damaged: %.*s.  Put a backup in its place.",
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
			       "The database is damaged: a row refers to one that is not there.  Put a backup in its "
			       "place.");
	if (e != ERR_OK && (why == NULL || why->text[0] == '\0'))
		return why_set(why, e, "The database could not be read to its end: %s.", sqlite_message(db));
	return e;
}

/* One reader, which in WAL mode nobody waits for; what was deleted is not in the copy. */
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
	mem_drop(s->path);
	mem_drop(s);
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
};
