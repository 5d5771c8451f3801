/*
 * A connection to a database: named, prepared queries over a driver (SQLite; PostgreSQL has the same vtable).
 *
 *	struct db_value args[] = { DB_INT(step), DB_INT(factor_id) };
 *	int64_t changed = 0;
 *	TRY(db_run(db, SQL_FACTOR_CLAIM_STEP, args, COUNT(args), &changed));
 *
 * Queries stand in store/sql/NAME.sql as "-- name: factor_claim_step"; the build makes enum sql, a table of them, and a struct
 * of each row that they give (tools/compile_sql.py).
 * All are tried at start (store_understands), so that a typo stops the server and not a request; a connection keeps those that it
 * has needed.
 * One connection belongs to one thread.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "store/queries.h" /* generated: enum sql { SQL_..., SQL_COUNT } */

struct db;

struct db_value {
	enum db_kind { DB_KIND_NULL = 0, DB_KIND_INT, DB_KIND_TEXT, DB_KIND_BLOB } kind;
	int64_t number;
	str bytes; /* TEXT, BLOB: of a row, lives in the arena given */
};

#define DB_NULL() ((struct db_value){ 0 })
#define DB_INT(v) ((struct db_value){ .kind = DB_KIND_INT, .number = (v) })
#define DB_TEXT(s) ((struct db_value){ .kind = DB_KIND_TEXT, .bytes = (s) })
#define DB_BLOB(s) ((struct db_value){ .kind = DB_KIND_BLOB, .bytes = (s) })

/*
 * Errors of every call that reaches the database:
 *   ERR_BUSY     locked for longer than the busy timeout, or a serialization failure: the transaction may be tried again
 *   ERR_AWAY     disk full, I/O error, read-only, connection lost: 503
 *   ERR_CORRUPT  the file is not a database, or damaged
 *   ERR_EXISTS   a UNIQUE constraint refused it
 *   ERR_MEMORY, ERR_INVALID (a constraint other than UNIQUE)
 */

/*
 * Guarded: a query that changes something is ERR_INVALID and does not run, unless store/sql marks it "-- unguarded: why".  Off
 * when a connection is opened.  The keeper turns it on while it answers, and off inside transactions that have checked who asks.
 */
void db_guard(struct db *db, bool guarded);

/*
 * Rows have types.  A query in store/sql says what its row holds, and the build makes a struct of it:
 *
 *	-- name: account_by_name
 *	-- row: id int, password_hash text, disabled bool
 *	SELECT id, password_hash, disabled_at_us IS NOT NULL AS disabled FROM accounts WHERE name = $1;
 *
 *	struct account_by_name_row row;
 *	TRY(db_row(db, SQL_ACCOUNT_BY_NAME, args, COUNT(args), arena, &row, &found));
 *
 *	static err put_event(void *context, const struct own_activity_row *row);
 *	TRY(db_rows(db, SQL_OWN_ACTIVITY, args, COUNT(args), put_event, &listing));
 *
 * A query of another row than the struct's or the function's does not compile.  A value that does not have the type of its column,
 * or is NULL where the query does not say that it may be, is ERR_CORRUPT.
 */

/*
 * Run a query that gives at most one row.  ret_row is written only when *ret_found; its texts live in the arena, which may be NULL
 * where a row has none.
 * ERR_INVALID: it gave two.
 */
#define db_row(db, query, args, n, arena, ret_row, ret_found)                                                          \
	db_row_untyped((db), (query), (args), (n), (arena), (query##_ROW *){ (ret_row) }, (ret_found))

/*
 * Run a query and call each() for every row, until it returns other than ERR_OK, which is then returned.  A row and its texts
 * live until each() returns.
 */
#define db_rows(db, query, args, n, each, context)                                                                     \
	db_rows_untyped((db), (query), (args), (n), query##_EACH, &(struct query##_EACH){ (each), (context) })

/* What the macros above call. */
typedef err (*db_each_row)(void *context, const void *row);
MUST_USE err db_row_untyped(struct db *db, enum sql query, const struct db_value *args, size_t n, struct arena *arena,
			    void *ret_row, bool *ret_found);
MUST_USE err db_rows_untyped(struct db *db, enum sql query, const struct db_value *args, size_t n, db_each_row each,
			     void *context);

/* Run a query that gives no rows.  ret_changed may be NULL. */
MUST_USE err db_run(struct db *db, enum sql query, const struct db_value *args, size_t n, int64_t *ret_changed);

/* Values without a type: statements that have no name (store/driver.h), and other programs' databases (store/import_source.h). */
typedef err (*db_each)(void *context, const struct db_value *row, size_t columns);

/*
 * A write transaction (SQLite: BEGIN IMMEDIATE).  The cleanup form rolls back unless committed:
 *
 *	CLEANUP(db_rollback_unless_done) struct db_transaction t = { 0 };
 *	TRY(db_begin(db, &t));
 *	...
 *	TRY(db_commit(&t));       durable when it returns ERR_OK
 */
struct db_transaction {
	struct db *db; /* NULL: none open */
};
MUST_USE err db_begin(struct db *db, struct db_transaction *ret_t);
MUST_USE err db_commit(struct db_transaction *t);
void db_rollback_unless_done(struct db_transaction *t);

/*
 * Run a query that locks a row, first thing in a transaction, where transactions run beside each other; nothing where one
 * writes after the other anyway (SQLite).  Two that lock the same row first never wait for each other further on.
 */
MUST_USE err db_lock(struct db *db, enum sql query, const struct db_value *args, size_t n);

/* Does the database answer?  One trivial query.  A connection that was lost is tried again. */
MUST_USE err db_ping(struct db *db);

/*
 * Does it answer, and could a write be done now?  For the health check: within three seconds, and without writing to a healthy disk.
 * Not when the disk is full or can be read only, when somebody else holds the lock for two seconds, when a SQLite file is not the
 * one that is open, when a PostgreSQL server is a standby.  why: a sentence for the administrator.
 */
MUST_USE err db_probe(struct db *db, struct why *why);

/*
 * --- several nodes on one database ---
 *
 * With SQLite all of this is done by the file and its lock: each of these does nothing, and succeeds.
 */

/*
 * From now on a statement that is not answered within DB_STATEMENT_TIMEOUT_MS is ERR_AWAY, as somebody waits for it; and while the
 * database is known to be away none is tried, until a db_ping finds it back.
 */
enum { DB_STATEMENT_TIMEOUT_MS = 1500 };
void db_set_statement_timeout(struct db *db);

/*
 * For as long as this connection, and those that follow it when it is lost, have it: the database is in use
 * (DB_CLAIM_SHARED), or wanted by one alone, as the change of the key wants it.  ERR_BUSY: others have it otherwise.
 */
enum db_claim { DB_CLAIM_NONE = 0, DB_CLAIM_SHARED, DB_CLAIM_ALONE };
MUST_USE err db_claim(struct db *db, enum db_claim claim);

/* Tell whoever listens, on every node; this one too.  Sent at once, outside of transactions; lost where nobody listens. */
enum { DB_NOTIFICATION_MAX_BYTES = 7000 };
MUST_USE err db_notify(struct db *db, str text);

/* Listen on this connection; poll for POLLIN on the fd (-1: nothing to wait for), then hear what was told. */
typedef void (*db_notified)(void *context, str text);
MUST_USE err db_listen(struct db *db);
int db_listening_fd(struct db *db);
MUST_USE err db_read_notifications(struct db *db, db_notified notified, void *context);

/*
 * Is it worth doing the whole transaction again?  On ERR_BUSY, after a short pause of random length, a few times and for
 * about a second:
 *
 *	struct db_retry again = { 0 };
 *	do
 *		e = attempt(db);
 *	while (db_retry(&again, e));
 */
struct db_retry {
	unsigned attempts;
	int64_t since_us;
};
bool db_retry(struct db_retry *retry, err e);

/* Close and set NULL; accepts NULL inside. */
void db_close(struct db **db);

#endif
