/*
 * PostgreSQL driver: statements and transactions. Transactions are SERIALIZABLE: the result is as if they had run one
 * after the other, as with SQLite's lock. If that is impossible, one of them gets ERR_BUSY and can be retried.
 *
 * Statements are prepared on first use of a connection. A lost connection is replaced by the next statement, except
 * inside a transaction.
 */
#include "store/postgres.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"

#include <stdio.h>

/* Keys of advisory locks in the server, combined with the schema's name. The numbers are arbitrary. */
#define LOCK_SCHEMA "1685286512"
#define LOCK_CLAIM "1685286513"
#define LOCK_QUEUE "1685286514"

static struct postgres *
postgres_of(struct db *db)
{
	return (struct postgres *)db;
}

/* --- statements --------------------------------------------------------------------------------------------------- */

static err
postgres_run_kept(struct postgres *p, enum sql query, struct postgres_statement *statement, int64_t *ret_changed,
		  size_t *ret_given)
{
	const struct sql_query *q = &sql_queries[query];

	if (!p->prepared[query]) {
		TRY(postgres_keep(p, q->name, q->text[SQL_POSTGRES], statement->args, statement->n));
		p->prepared[query] = true;
	}
	statement->name = q->name;
	return postgres_run(p, statement, ret_changed, ret_given);
}

/* The connection may have been lost long ago: a query that only reads is repeated on a new connection. */
static bool
postgres_may_retry(const struct postgres *p, int query, size_t given)
{
	return p->connection == NULL && !p->in_transaction && !p->late && given == 0 && query >= 0 &&
	       sql_queries[query].reads;
}

static err
postgres_step(struct db *db, int query, const char *text, const struct db_value *args, size_t n, db_each each,
	      void *context, int64_t *ret_changed)
{
	struct postgres_statement statement = { .text = text, .args = args, .n = n, .each = each, .context = context };
	struct postgres *p = postgres_of(db);
	size_t given = 0;
	err e;

	if (p->busy) /* called from its own each() */
		return ERR_INVALID;
	TRY(postgres_connected(p));
	if (query < 0)
		return postgres_run(p, &statement, ret_changed, NULL);
	e = postgres_run_kept(p, (enum sql)query, &statement, ret_changed, &given);
	if (e != ERR_AWAY || !postgres_may_retry(p, query, given))
		return e;
	TRY(postgres_connected(p));
	return postgres_run_kept(p, (enum sql)query, &statement, ret_changed, NULL);
}

static err
postgres_understands_all(struct db *db, struct why *why)
{
	struct postgres *p = postgres_of(db);
	enum sql query = SQL_COUNT;
	err e = postgres_connected(p);

	if (e == ERR_OK)
		e = postgres_understands(p, &query);
	if (e == ERR_OK)
		return ERR_OK;
	if (query == SQL_COUNT)
		return why_set(why, e, "The PostgreSQL database does not answer: %s.", p->message);
	return why_set(why, e == ERR_INVALID ? ERR_CORRUPT : e,
		       "The database does not accept the query %s: %s.  Check its schema with `doubletour db check`.",
		       sql_queries[query].name, p->message);
}

/* --- transactions ------------------------------------------------------------------------------------------------- */

static const char *const beginnings[] = {
	[DB_FOR_ROWS] = "BEGIN ISOLATION LEVEL SERIALIZABLE",
	/*
	 * READ COMMITTED: a statement that waited for the lock must see the changes of the previous holder. After one
	 * second, PostgreSQL's vacuum gives way. Queries of nodes wait behind this lock for 1.2 seconds.
	 */
	[DB_FOR_SCHEMA] =
	    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '1100ms'; "
	    "SELECT pg_catalog.pg_advisory_xact_lock(" LOCK_SCHEMA ", pg_catalog.hashtext(current_schema()::text))",
	/* No statement runs while the rows of a large source are counted, and while received rows are compared. */
	[DB_FOR_COPY] = "BEGIN ISOLATION LEVEL SERIALIZABLE; SET LOCAL idle_in_transaction_session_timeout = '1h'",
};

/* If an idle connection was lost, try once on a new one. */
static err
postgres_begin_on_any(struct postgres *p, const char *text)
{
	err e;

	TRY(postgres_connected(p));
	e = postgres_exec(p, text);
	if (e != ERR_AWAY || p->connection != NULL || p->late)
		return e;
	TRY(postgres_connected(p));
	return postgres_exec(p, text);
}

static void
postgres_rollback(struct db *db)
{
	struct postgres *p = postgres_of(db);

	if (p->connection != NULL && libpq.PQtransactionStatus(p->connection) != PQTRANS_IDLE &&
	    postgres_exec(p, "ROLLBACK") != ERR_OK && p->connection != NULL)
		(void)!postgres_lost(p, p->message);
	p->in_transaction = false;
}

static err
postgres_begin(struct db *db, enum db_purpose purpose)
{
	struct postgres *p = postgres_of(db);
	err e;

	if (p->in_transaction || p->busy)
		return ERR_INVALID;
	e = postgres_begin_on_any(p, beginnings[purpose]);
	if (e == ERR_OK)
		p->in_transaction = true;
	else
		postgres_rollback(db);
	return e;
}

/* If a statement failed, PostgreSQL answers COMMIT with a rollback and no error: refuse to commit. */
static err
postgres_commit(struct db *db)
{
	struct postgres *p = postgres_of(db);

	if (!p->in_transaction)
		return ERR_INVALID;
	if (p->connection == NULL)
		return ERR_AWAY;
	if (libpq.PQtransactionStatus(p->connection) != PQTRANS_INTRANS)
		return ERR_INVALID;
	TRY(postgres_exec(p, "COMMIT"));
	p->in_transaction = false;
	return ERR_OK;
}

/* --- queues of retries -------------------------------------------------------------------------------------------- */

/* Two queues with the same hash are one: their transactions then wait without need. */
#define QUEUE_KEY LOCK_QUEUE ", pg_catalog.hashtext(current_schema()::text || ' ' || $1::text)"

/* Without the condition, the server would log a warning if this connection does not hold the lock. */
static const char queue_unlock[] = "SELECT pg_catalog.pg_advisory_unlock(" QUEUE_KEY ") WHERE EXISTS "
				   "(SELECT 1 FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid() "
				   "AND locktype = 'advisory' AND classid = " LOCK_QUEUE " AND granted)";

/* If the unlock fails, the lock must not stay with the connection. */
static void
postgres_leave_queue(struct db *db)
{
	struct postgres *p = postgres_of(db);
	const struct db_value args[] = { DB_INT(p->queue) };
	err e = p->queue == 0 ? ERR_OK : db_text(db, queue_unlock, args, COUNT(args), NULL, NULL);

	if (e != ERR_OK && p->connection != NULL)
		(void)!postgres_lost(p, p->message);
	p->queue = 0;
}

/*
 * ERR_BUSY, ERR_AWAY: others held the lock until the timeout of a statement.  The server may give the lock at the very
 * time at which it ends the statement; the session then holds it in spite of the error.
 */
static err
postgres_enter_queue(struct db *db, int64_t queue)
{
	struct postgres *p = postgres_of(db);
	const struct db_value args[] = { DB_INT(queue) };
	err e;

	if (p->in_transaction || p->queue != 0)
		return ERR_INVALID;
	TRY(postgres_connected(p));
	p->queue = queue;
	e = db_text(db, "SELECT pg_catalog.pg_advisory_lock(" QUEUE_KEY ")", args, COUNT(args), NULL, NULL);
	if (e != ERR_OK)
		postgres_leave_queue(db);
	return e;
}

/* --- messages, integrity, health ---------------------------------------------------------------------------------- */

static const char *
postgres_message(struct db *db)
{
	return postgres_of(db)->message[0] != '\0' ? postgres_of(db)->message : "it does not answer";
}

static err
postgres_take_number(void *context, const struct db_value *row, size_t columns)
{
	*(int64_t *)context = columns == 1 ? row[0].number : 0;
	return ERR_OK;
}

/* An older schema has fewer tables. */
static err
postgres_read_whole(struct db *db, const char *table)
{
	const struct db_value name = DB_TEXT(str_of(table));
	char text[160];
	int64_t is = 0;

	TRY(db_text(db, "SELECT pg_catalog.to_regclass($1) IS NOT NULL", &name, 1, postgres_take_number, &is));
	snprintf(text, sizeof(text), "SELECT count(t::text) FROM %s t", table);
	return is == 0 ? ERR_OK : db_text(db, text, NULL, 0, postgres_take_number, &is);
}

/* PostgreSQL checks references itself, so it is enough to read every row of every table. */
static err
postgres_integrity(struct db *db, struct why *why)
{
	for (size_t i = 0; i < store_tables_count; i++) {
		err e = postgres_read_whole(db, store_tables[i].name);
		if (e != ERR_OK)
			return why_set(why, e, "The table %s could not be read completely: %s.", store_tables[i].name,
				       postgres_message(db));
	}
	return ERR_OK;
}

static err
postgres_copy(struct db *db, const char *path)
{
	snprintf(postgres_of(db)->message, sizeof(postgres_of(db)->message), "PostgreSQL has pg_dump for this");
	return ERR_INVALID;
}

static err
postgres_set_statement_timeout(struct db *db, int timeout_ms)
{
	struct postgres *p = postgres_of(db);

	p->timeout_us = timeout_ms * INT64_C(1000);
	return p->connection == NULL ? ERR_OK : postgres_timeouts_set(p); /* a new connection sets them too */
}

/* After a timeout, the next ping uses a new connection: this thread also serves others. */
static err
postgres_ping(struct db *db)
{
	struct postgres *p = postgres_of(db);
	err e = ERR_AWAY;

	if (p->in_transaction)
		return ERR_AWAY;
	if (p->connection == NULL)
		return postgres_reconnect(p);
	e = postgres_exec(p, "SELECT 1");
	if (e == ERR_AWAY && p->connection == NULL && !p->late)
		return postgres_reconnect(p);
	if (e == ERR_OK)
		postgres_away(false);
	return e;
}

/*
 * One statement per table: it waits if another session holds a lock that blocks writers. Each runs in its own
 * transaction, so that it never waits for one table while it holds another. The last one locks a row, which a standby
 * refuses.
 */
static err
postgres_probe_text(struct buf *text)
{
	for (size_t i = 0; i < store_tables_count; i++)
		buf_printf(text, "BEGIN; LOCK TABLE %s IN ROW EXCLUSIVE MODE; COMMIT; ", store_tables[i].name);
	buf_put(text, STR("BEGIN; SET LOCAL synchronous_commit = off; "
			  "SELECT version FROM schema_migrations WHERE version = 1 FOR UPDATE SKIP LOCKED; COMMIT"));
	buf_put_byte(text, '\0');
	return buf_check(text);
}

/* A database that speaks PostgreSQL's protocol but does not support these statements still counts as healthy. */
static err
postgres_probe(struct db *db, struct why *why)
{
	CLEANUP(buf_wipe) struct buf text = BUF(4096);
	struct postgres *p = postgres_of(db);
	err e;

	TRY(postgres_probe_text(&text));
	TRY(postgres_connected(p));
	e = postgres_exec(p, text.p);
	if (e == ERR_OK)
		return ERR_OK;
	postgres_rollback(db);
	if (e == ERR_INVALID)
		return ERR_OK;
	return why_set(why, e, "The PostgreSQL database cannot be written: %s.", postgres_message(db));
}

/* --- several nodes ------------------------------------------------------------------------------------------------ */

static err
postgres_claim(struct db *db, enum db_claim claim)
{
	static const char *const texts[] = {
		[DB_CLAIM_NONE] = "SELECT pg_catalog.pg_advisory_unlock_all() IS NOT NULL",
		[DB_CLAIM_SHARED] = "SELECT pg_catalog.pg_try_advisory_lock_shared(" LOCK_CLAIM
				    ", pg_catalog.hashtext(current_schema()::text))",
		[DB_CLAIM_ALONE] = "SELECT pg_catalog.pg_try_advisory_lock(" LOCK_CLAIM
				   ", pg_catalog.hashtext(current_schema()::text))",
	};
	struct postgres *p = postgres_of(db);
	int64_t got = 0;

	p->claim = DB_CLAIM_NONE;
	TRY(db_text(db, texts[claim], NULL, 0, postgres_take_number, &got));
	if (got == 0)
		return ERR_BUSY;
	p->claim = claim;
	return ERR_OK;
}

/* The notification need not survive a power failure: afterwards no process has cached anything. */
static err
postgres_notify(struct db *db, str text)
{
	static const char sql[] = "SELECT pg_catalog.pg_notify('doubletour', $1) FROM "
				  "(SELECT pg_catalog.set_config('synchronous_commit', 'off', true)) AS asynchronous";
	const struct db_value args[] = { DB_TEXT(text) };
	const struct postgres_statement statement = { .text = sql, .args = args, .n = COUNT(args) };
	struct postgres *p = postgres_of(db);

	if (text.n > DB_NOTIFICATION_MAX_BYTES || p->in_transaction)
		return ERR_INVALID;
	TRY(postgres_connected(p));
	return postgres_run(p, &statement, NULL, NULL);
}

static err
postgres_listen(struct db *db)
{
	struct postgres *p = postgres_of(db);

	TRY(postgres_connected(p));
	TRY(postgres_exec(p, "LISTEN doubletour"));
	p->listens = true;
	return ERR_OK;
}

static int
postgres_listening_fd(struct db *db)
{
	return postgres_of(db)->connection != NULL && postgres_of(db)->listens
		   ? libpq.PQsocket(postgres_of(db)->connection)
		   : -1;
}

static err
postgres_read_notifications(struct db *db, db_notified notified, void *context)
{
	struct postgres *p = postgres_of(db);
	PGnotify *notification;

	if (p->connection == NULL)
		return ERR_AWAY;
	if (libpq.PQconsumeInput(p->connection) == 0)
		return postgres_lost(p, libpq.PQerrorMessage(p->connection));
	while ((notification = libpq.PQnotifies(p->connection)) != NULL) {
		notified(context, str_of(notification->extra));
		libpq.PQfreemem(notification);
	}
	return ERR_OK;
}

const struct db_ops postgres_ops = {
	.dialect = SQL_POSTGRES,
	.step = postgres_step,
	.understands = postgres_understands_all,
	.begin = postgres_begin,
	.commit = postgres_commit,
	.rollback = postgres_rollback,
	.message = postgres_message,
	.integrity = postgres_integrity,
	.copy = postgres_copy,
	.close = postgres_close,
	.probe = postgres_probe,
	.set_statement_timeout = postgres_set_statement_timeout,
	.ping = postgres_ping,
	.claim = postgres_claim,
	.enter_queue = postgres_enter_queue,
	.leave_queue = postgres_leave_queue,
	.notify = postgres_notify,
	.listen = postgres_listen,
	.listening_fd = postgres_listening_fd,
	.read_notifications = postgres_read_notifications,
};
