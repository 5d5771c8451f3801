#include "store/driver.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/random.h"
#include "store/row.h"

#include <stdatomic.h>
#include <time.h>

err
db_text(struct db *db, const char *text, const struct db_value *args, size_t n, db_each each, void *context)
{
	return db->ops->step(db, -1, text, args, n, each, context, NULL);
}

static err
db_named(struct db *db, enum sql query, const struct db_value *args, size_t n, db_each each, void *context,
	 int64_t *ret_changed)
{
	if ((size_t)query >= SQL_COUNT || n != sql_queries[query].parameters)
		return ERR_INVALID;
	if (db->guarded && !sql_queries[query].unguarded)
		return ERR_INVALID;
	if (fault_due(FAULT_QUERY))
		return ERR_AWAY;
	return db->ops->step(db, (int)query, NULL, args, n, each, context, ret_changed);
}

void
db_guard(struct db *db, bool guarded)
{
	db->guarded = guarded;
}

err
db_run(struct db *db, enum sql query, const struct db_value *args, size_t n, int64_t *ret_changed)
{
	return db_named(db, query, args, n, NULL, NULL, ret_changed);
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

struct db_row_take {
	const struct sql_query *query;
	struct arena *arena;
	void *ret_row;
	bool found;
};

/* The texts of a row are valid only until the statement's next step, so copy them to the arena. */
static err
db_row_take(void *context, const struct db_value *values, size_t n)
{
	struct db_row_take *take = context;
	union sql_any_row row;

	if (take->found)
		return ERR_INVALID;
	TRY(row_read(take->query, values, n, &row));
	TRY(row_keep(take->query, &row, take->arena));
	memcpy(take->ret_row, &row, take->query->row_size);
	take->found = true;
	return ERR_OK;
}

err
db_row_untyped(struct db *db, enum sql query, const struct db_value *args, size_t n, struct arena *arena, void *ret_row,
	       bool *ret_found)
{
	struct db_row_take take = { &sql_queries[query], arena, ret_row, false };

	TRY(db_named(db, query, args, n, db_row_take, &take, NULL));
	*ret_found = take.found;
	return ERR_OK;
}

struct db_rows_give {
	const struct sql_query *query;
	db_each_row each;
	void *context;
};

static err
db_rows_give(void *context, const struct db_value *values, size_t n)
{
	const struct db_rows_give *give = context;
	union sql_any_row row;

	TRY(row_read(give->query, values, n, &row));
	return give->each(give->context, &row);
}

err
db_rows_untyped(struct db *db, enum sql query, const struct db_value *args, size_t n, db_each_row each, void *context)
{
	struct db_rows_give give = { &sql_queries[query], each, context };

	return db_named(db, query, args, n, db_rows_give, &give, NULL);
}

/* --- transactions ------------------------------------------------------------------------------------------------- */

err
db_begin_for(struct db *db, enum db_purpose purpose, struct db_transaction *ret_t)
{
	if (fault_due(FAULT_QUERY))
		return ERR_AWAY;
	TRY(db->ops->begin(db, purpose));
	ret_t->db = db;
	return ERR_OK;
}

err
db_begin(struct db *db, struct db_transaction *ret_t)
{
	return db_begin_for(db, DB_FOR_ROWS, ret_t);
}

/* If COMMIT fails, the transaction stays open, so that it can be rolled back. */
err
db_commit(struct db_transaction *t)
{
	if (fault_due(FAULT_QUERY))
		return ERR_AWAY;
	TRY(t->db->ops->commit(t->db));
	t->db = NULL;
	return ERR_OK;
}

void
db_rollback_unless_done(struct db_transaction *t)
{
	if (t->db != NULL)
		t->db->ops->rollback(t->db);
	t->db = NULL;
}

err
db_lock(struct db *db, enum sql query, const struct db_value *args, size_t n)
{
	return db->ops->dialect == SQL_SQLITE ? ERR_OK : db_run(db, query, args, n, NULL);
}

err
db_lock_at_once(struct db *db, enum sql query, const struct db_value *args, size_t n)
{
	int64_t locked = 0;

	if (db->ops->dialect == SQL_SQLITE)
		return ERR_OK;
	TRY(db_run(db, query, args, n, &locked));
	return locked > 0 ? ERR_OK : ERR_BUSY;
}

err
db_ping(struct db *db)
{
	if (db->ops->ping == NULL)
		return db_run(db, SQL_SCHEMA_VERSION, NULL, 0, NULL);
	return fault_due(FAULT_QUERY) ? ERR_AWAY : db->ops->ping(db);
}

static err
db_told(struct db *db, err e, struct why *why)
{
	return e == ERR_OK ? ERR_OK : why_set(why, e, "The database does not answer: %s.", db->ops->message(db));
}

err
db_probe(struct db *db, struct why *why)
{
	TRY(db_told(db, db_ping(db), why));
	return db->ops->probe(db, why);
}

void
db_abandon_when(struct db *db, const atomic_bool *ending)
{
	if (db->ops->abandon_when != NULL)
		db->ops->abandon_when(db, ending);
}

/* --- several nodes ------------------------------------------------------------------------------------------------ */

err
db_set_statement_timeout(struct db *db, int timeout_ms, struct why *why)
{
	err e = db->ops->set_statement_timeout != NULL ? db->ops->set_statement_timeout(db, timeout_ms) : ERR_OK;

	return db_told(db, e, why);
}

err
db_claim(struct db *db, enum db_claim claim)
{
	return db->ops->claim != NULL ? db->ops->claim(db, claim) : ERR_OK;
}

err
db_notify(struct db *db, str text)
{
	return db->ops->notify != NULL ? db->ops->notify(db, text) : ERR_OK;
}

err
db_listen(struct db *db)
{
	return db->ops->listen != NULL ? db->ops->listen(db) : ERR_OK;
}

int
db_listening_fd(struct db *db)
{
	return db->ops->listening_fd != NULL ? db->ops->listening_fd(db) : -1;
}

err
db_read_notifications(struct db *db, db_notified notified, void *context)
{
	return db->ops->read_notifications != NULL ? db->ops->read_notifications(db, notified, context) : ERR_OK;
}

/* --- retry -------------------------------------------------------------------------------------------------------- */

enum { ATTEMPTS = 4, RETRY_MS = 1000, PAUSE_MAX_US = 8000 };

static _Atomic int64_t retries;

/* Sleep for a random time, so that transactions that conflicted do not retry at the same time. */
static void
db_pause_of_random_length(unsigned attempts)
{
	uint32_t random = 0;
	int64_t most_us = INT64_C(250) << (attempts < 6 ? attempts : 5);

	if (random_fill(&random, sizeof(random)) != ERR_OK)
		random = 0;
	nanosleep(&(struct timespec){ .tv_nsec = random % (uint32_t)(most_us < PAUSE_MAX_US ? most_us : PAUSE_MAX_US) *
						 1000L },
		  NULL);
}

static bool
db_retry_is_due(struct db_retry *retry, err e)
{
	if (e != ERR_BUSY)
		return false;
	retry->attempts++;
	return retry->attempts < ATTEMPTS || clock_monotonic_us() - retry->since_us <= RETRY_MS * INT64_C(1000);
}

static bool
db_retry_has_queue(const struct db_retry *retry)
{
	return retry->queue != 0 && retry->db->ops->enter_queue != NULL;
}

/* The first retry waits in the queue.  Later ones hold its lock: they conflict with first attempts only. */
static err
db_retry_wait(const struct db_retry *retry)
{
	if (db_retry_has_queue(retry) && retry->attempts == 1)
		return retry->db->ops->enter_queue(retry->db, retry->queue);
	db_pause_of_random_length(retry->attempts);
	return ERR_OK;
}

bool
db_retry(struct db_retry *retry, err e)
{
	if (db_retry_is_due(retry, e) && db_retry_wait(retry) == ERR_OK) {
		if (retry->attempts == 1)
			retry->since_us = clock_monotonic_us();
		atomic_fetch_add(&retries, 1);
		return true;
	}
	if (db_retry_has_queue(retry))
		retry->db->ops->leave_queue(retry->db);
	return false;
}

int64_t
db_retries(void)
{
	return atomic_load(&retries);
}

void
db_close(struct db **db)
{
	if (*db != NULL)
		(*db)->ops->close(*db);
	*db = NULL;
}
