/*
 * A database connection: named, prepared queries on top of a driver (SQLite or PostgreSQL).
 *
 *	struct db_value args[] = { DB_INT(step), DB_INT(factor_id) };
 *	int64_t changed = 0;
 *	TRY(db_run(db, SQL_FACTOR_CLAIM_STEP, args, COUNT(args), &changed));
 *
 * Queries are in store/sql/NAME.sql as "-- name: factor_claim_step". From them the build generates enum sql, a table of
 * the queries, and a struct for each kind of row (tools/compile_sql.py). store_understands prepares all of them at
 * start, so that a typo stops the server and not a request. Each connection prepares a query on first use.
 *
 * A connection must be used by one thread only.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "store/queries.h" /* generated: enum sql { SQL_..., SQL_COUNT } */

#include <stdatomic.h>

struct db;

struct db_value {
	enum db_kind { DB_KIND_NULL = 0, DB_KIND_INT, DB_KIND_TEXT, DB_KIND_BLOB } kind;
	int64_t number;
	str bytes; /* TEXT, BLOB: valid as long as the row or its arena */
};

#define DB_NULL() ((struct db_value){ 0 })
#define DB_INT(v) ((struct db_value){ .kind = DB_KIND_INT, .number = (v) })
#define DB_TEXT(s) ((struct db_value){ .kind = DB_KIND_TEXT, .bytes = (s) })
#define DB_BLOB(s) ((struct db_value){ .kind = DB_KIND_BLOB, .bytes = (s) })

/*
 * Errors of every call that reaches the database:
 *   ERR_BUSY     locked for longer than the busy timeout, or a serialization failure: the transaction can be retried
 *   ERR_AWAY     disk full, I/O error, read-only, connection lost: 503
 *   ERR_CORRUPT  the file is damaged or not a database
 *   ERR_EXISTS   violates a UNIQUE constraint
 *   ERR_INVALID  violates another constraint
 *   ERR_MEMORY
 */

/*
 * While guarded, a query that changes data returns ERR_INVALID and does not run, unless store/sql marks it
 * "-- unguarded: why". A new connection is not guarded. The keeper guards it while it answers a request, except inside
 * transactions that have checked the session.
 */
void db_guard(struct db *db, bool guarded);

/*
 * Rows are typed. A query in store/sql declares its columns, and the build generates a struct:
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
 * The code does not compile if the query's row differs from that of the struct or function. ERR_CORRUPT: a value has
 * another type than its column, or is NULL although the query does not allow it.
 */

/*
 * Run a query that returns at most one row. ret_row is written only if *ret_found. Its texts are copied to the arena,
 * which may be NULL if the row has no texts.
 *
 * ERR_INVALID  the query returned two rows
 */
#define db_row(db, query, args, n, arena, ret_row, ret_found)                                                          \
	db_row_untyped((db), (query), (args), (n), (arena), (query##_ROW *){ (ret_row) }, (ret_found))

/*
 * Run a query and call each() for every row, until each() fails. Returns that error. A row and its texts are valid
 * until each() returns.
 */
#define db_rows(db, query, args, n, each, context)                                                                     \
	db_rows_untyped((db), (query), (args), (n), query##_EACH, &(struct query##_EACH){ (each), (context) })

/* Called by the macros above. */
typedef err (*db_each_row)(void *context, const void *row);
MUST_USE err db_row_untyped(struct db *db, enum sql query, const struct db_value *args, size_t n, struct arena *arena,
			    void *ret_row, bool *ret_found);
MUST_USE err db_rows_untyped(struct db *db, enum sql query, const struct db_value *args, size_t n, db_each_row each,
			     void *context);

/* Run a query that returns no rows. ret_changed may be NULL. */
MUST_USE err db_run(struct db *db, enum sql query, const struct db_value *args, size_t n, int64_t *ret_changed);

/*
 * Untyped rows: for statements without a name (store/driver.h) and for other programs' databases
 * (store/import_source.h).
 */
typedef err (*db_each)(void *context, const struct db_value *row, size_t columns);

/*
 * A write transaction (SQLite: BEGIN IMMEDIATE). The cleanup function rolls back unless the transaction was committed:
 *
 *	CLEANUP(db_rollback_unless_done) struct db_transaction t = { 0 };
 *	TRY(db_begin(db, &t));
 *	...
 *	TRY(db_commit(&t));       durable when it returns ERR_OK
 */
struct db_transaction {
	struct db *db; /* NULL: no open transaction */
};
MUST_USE err db_begin(struct db *db, struct db_transaction *ret_t);
MUST_USE err db_commit(struct db_transaction *t);
void db_rollback_unless_done(struct db_transaction *t);

/*
 * Run a query that locks a row. Call it first in a transaction: transactions that lock the same row first cannot
 * deadlock later. Does nothing on SQLite, where write transactions run one after the other.
 */
MUST_USE err db_lock(struct db *db, enum sql query, const struct db_value *args, size_t n);

/*
 * The same with a query that does not wait: it skips a row that another transaction has locked. ERR_BUSY: no row was
 * locked. The transaction can be rolled back and begun again; the server has logged no error.
 */
MUST_USE err db_lock_at_once(struct db *db, enum sql query, const struct db_value *args, size_t n);

/* Run a trivial query to check that the database answers. Reconnects a lost connection. */
MUST_USE err db_ping(struct db *db);

/*
 * Health check: does the database answer, and can it be written? Takes at most three seconds, and does not write to a
 * healthy disk. Fails if the disk is full or read-only, another program holds the lock for two seconds, the SQLite file
 * was replaced, or the PostgreSQL server is a standby. why: a message for the administrator.
 */
MUST_USE err db_probe(struct db *db, struct why *why);

/*
 * End the statement that runs, and each later one, with ERR_AWAY as soon as another thread sets *ending.  With
 * PostgreSQL the statement timeout does that.  *ending must outlive the connection.
 */
void db_abandon_when(struct db *db, const atomic_bool *ending);

/*
 * --- several nodes on one database ---
 *
 * With SQLite, the file and its lock do all of this: each function does nothing and succeeds.
 */

/*
 * From now on, a statement that takes longer than timeout_ms returns ERR_AWAY. The server ends it a little earlier, so
 * that it leaves no locks and the connection can be used again. While the database is known to be unreachable,
 * statements fail at once, until db_ping succeeds. why: a message for the administrator.
 */
enum { DB_STATEMENT_TIMEOUT_MS = 1500 };
MUST_USE err db_set_statement_timeout(struct db *db, int timeout_ms, struct why *why);

/*
 * Claim the database for this connection and those that replace it when it is lost. DB_CLAIM_SHARED: in normal use.
 * DB_CLAIM_ALONE: exclusive use, for example to change the key.
 *
 * ERR_BUSY  another connection holds a conflicting claim
 */
enum db_claim { DB_CLAIM_NONE = 0, DB_CLAIM_SHARED, DB_CLAIM_ALONE };
MUST_USE err db_claim(struct db *db, enum db_claim claim);

/*
 * Notify all listeners on every node, including this one. Sent at once, so call it outside a transaction. Without
 * listeners the notification is lost.
 */
enum { DB_NOTIFICATION_MAX_BYTES = 7000 };
MUST_USE err db_notify(struct db *db, str text);

/* Listen on this connection. Poll the descriptor for POLLIN (-1: nothing to poll), then read the notifications. */
typedef void (*db_notified)(void *context, str text);
MUST_USE err db_listen(struct db *db);
int db_listening_fd(struct db *db);
MUST_USE err db_read_notifications(struct db *db, db_notified notified, void *context);

/*
 * Should the whole transaction be retried? True for ERR_BUSY: a few times, and for about one second:
 *
 *	struct db_retry again = { .db = db, .queue = account_id };
 *	do
 *		e = attempt(db);
 *	while (db_retry(&again, e));
 *
 * Without a queue, a retry waits for a short random time. With one, on PostgreSQL, it waits until no other connection
 * retries a transaction of this queue, so that it sees what they committed (docs/develop/design/serializable.md). The
 * second begins after this wait, which has the time limit of a statement. The last call, which returns false, leaves
 * the queue. With SQLite no queue is needed: its lock is taken by BEGIN.
 */
struct db_retry {
	struct db *db; /* may be NULL without a queue */
	int64_t queue; /* of the transactions that conflict; 0: none */
	unsigned attempts;
	int64_t since_us; /* monotonic time at which the wait for the first retry ended */
};
bool db_retry(struct db_retry *retry, err e);

/* How often db_retry was true in this process. */
int64_t db_retries(void);

/* Close and set to NULL. *db may be NULL. */
void db_close(struct db **db);

#endif
