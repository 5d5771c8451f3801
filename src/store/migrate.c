#include "store/migrate.h"

#include "base/clock.h"
#include "store/driver.h"

enum { WAIT_S = 60 }; /* for another process that migrates */

int
migrate_head(void)
{
	return (int)migrations_count;
}

static err
migrate_is_recorded(struct db *db, bool *ret_is)
{
	struct schema_is_recorded_row row = { 0 };
	bool found = false;

	TRY(db_row(db, SQL_SCHEMA_IS_RECORDED, NULL, 0, NULL, &row, &found));
	*ret_is = row.n > 0;
	return ERR_OK;
}

err
migrate_current(struct db *db, int *ret_version)
{
	struct schema_version_row row = { 0 };
	bool is = false, found = false;

	TRY(migrate_is_recorded(db, &is));
	if (is)
		TRY(db_row(db, SQL_SCHEMA_VERSION, NULL, 0, NULL, &row, &found));
	*ret_version = (int)row.version;
	return ERR_OK;
}

/* --- history ------------------------------------------------------------------------------------------------------ */

struct history {
	migrate_each each;
	void *context;
};

static str
migrate_title_of(const struct schema_history_row *row)
{
	for (size_t i = 0; i < migrations_count; i++)
		if (migrations[i].version == row->version && str_equal(row->name, str_of(migrations[i].name)))
			return str_of(migrations[i].title);
	return row->name;
}

static err
migrate_history_row(void *context, const struct schema_history_row *row)
{
	const struct history *history = context;
	struct migrate_applied applied = { (int)row->version, row->name, row->checksum, row->applied_at_us,
					   migrate_title_of(row) };

	return history->each(history->context, &applied);
}

err
migrate_history(struct db *db, migrate_each each, void *context)
{
	struct history history = { each, context };
	bool is = false;

	TRY(migrate_is_recorded(db, &is));
	return is ? db_rows(db, SQL_SCHEMA_HISTORY, NULL, 0, migrate_history_row, &history) : ERR_OK;
}

/* --- checking the applied migrations ------------------------------------------------------------------------------ */

struct check {
	int seen;
	struct why *why;
};

/* Was the migration applied in this program's form, or in an earlier form that left the same schema? */
static bool
migrate_knows_form(const struct migration *m, str checksum)
{
	for (const char *const *former = m->former; *former != NULL; former++)
		if (str_equal(checksum, str_of(*former)))
			return true;
	return str_equal(checksum, str_of(m->checksum));
}

static err
migrate_check_applied(void *context, const struct migrate_applied *applied)
{
	struct check *check = context;

	check->seen++;
	if (applied->version != check->seen)
		return why_set(check->why, ERR_CONFIG,
			       "Migration %04d is missing in the database's history: another program has changed it.  "
			       "Restore a backup.",
			       check->seen);
	if (!migrate_knows_form(&migrations[applied->version - 1], applied->checksum))
		return why_set(check->why, ERR_CONFIG,
			       "Migration %04d was applied in another form: the database belongs to another build of "
			       "doubletour.  Use that build.",
			       applied->version);
	return ERR_OK;
}

/* Check the newest version first: for a database newer than the program, other differences do not matter. */
static err
migrate_check_history(struct db *db, struct why *why)
{
	struct check check = { .why = why };
	int newest = 0;

	TRY(migrate_current(db, &newest));
	if (newest > migrate_head())
		return why_set(
		    why, ERR_CONFIG,
		    "The database is newer than this program: it is at migration %04d, and this program knows "
		    "%04d.  Use the newer doubletour.",
		    newest, migrate_head());
	return migrate_history(db, migrate_check_applied, &check);
}

/* Set a message for an error that has none yet. */
static err
migrate_unsaid(struct db *db, err e, struct why *why)
{
	if (e == ERR_OK || why == NULL || why->text[0] != '\0')
		return e;
	if (e == ERR_BUSY)
		return why_set(why, e, "Another program is writing to the database.  Try again when it has finished.");
	return why_set(why, e, "The history of the database's schema cannot be used: %s.", db->ops->message(db));
}

err
migrate_check(struct db *db, struct why *why)
{
	return migrate_unsaid(db, migrate_check_history(db, why), why);
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

struct migration_goal {
	int target;
	migrate_progress progress;
	void *context;
	struct why *why;
	bool at_once;  /* all steps in one transaction */
	int *reported; /* version of the last step that progress was told */
};

static const char *
migrate_advice(const struct migration_goal *goal)
{
	return goal->at_once ? "" : " that step.  Remove the cause, then run the command again";
}

/* Called before the rollback, which clears the database's message. */
static err
migrate_failed(struct db *db, const struct migration *m, const char *at, err e, const struct migration_goal *goal)
{
	return why_set(goal->why, e, "Migration %04d (%s) failed: %s%s%.60s.  The database is as it was before%s.",
		       m->version, m->title, db->ops->message(db), at[0] != '\0' ? ", at: " : "", at,
		       migrate_advice(goal));
}

static err
migrate_statements(struct db *db, const struct migration *m, const char *const *texts,
		   const struct migration_goal *goal)
{
	for (; *texts != NULL; texts++) {
		err e = db_text(db, *texts, NULL, 0, NULL, NULL);
		if (e != ERR_OK)
			return migrate_failed(db, m, *texts, e, goal);
	}
	return ERR_OK;
}

static err
migrate_record(struct db *db, const struct migration *m, bool up)
{
	struct db_value args[] = { DB_INT(m->version), DB_TEXT(str_of(m->name)), DB_TEXT(str_of(m->checksum)),
				   DB_INT(0) };

	if (!up)
		return db_run(db, SQL_SCHEMA_FORGET, args, 1, NULL);
	TRY(clock_now_us(&args[3].number));
	return db_run(db, SQL_SCHEMA_RECORD, args, COUNT(args), NULL);
}

/* Run one step towards the target, or set *ret_done. Called inside the transaction that holds the lock. */
static err
migrate_step_locked(struct db *db, const struct migration_goal *goal, bool *ret_done)
{
	const struct migration *m;
	int current = 0;
	bool up;

	TRY(db_run(db, SQL_SCHEMA_BEGIN_RECORD, NULL, 0, NULL));
	TRY(migrate_check_history(db, goal->why));
	TRY(migrate_current(db, &current));
	*ret_done = current == goal->target;
	if (*ret_done)
		return ERR_OK;
	up = goal->target > current;
	m = &migrations[up ? current : current - 1];
	if (goal->progress != NULL && *goal->reported != m->version)
		goal->progress(goal->context, m, up);
	*goal->reported = m->version;
	TRY(migrate_statements(db, m, (up ? m->up : m->down)[db->ops->dialect], goal));
	return migrate_record(db, m, up);
}

/* Another process may hold the lock during its own step: wait for it, then continue from its result. */
static err
migrate_begin(struct db *db, const struct migration_goal *goal, struct db_transaction *t)
{
	int64_t until_us = clock_monotonic_us() + SECONDS_US(WAIT_S);
	err e = db_begin_for(db, DB_FOR_SCHEMA, t);

	if (e == ERR_BUSY && goal->progress != NULL)
		goal->progress(goal->context, NULL, true);
	while (e == ERR_BUSY && clock_monotonic_us() < until_us)
		e = db_begin_for(db, DB_FOR_SCHEMA, t);
	return e;
}

static err
migrate_commit(struct db *db, struct db_transaction *t, const struct migration_goal *goal)
{
	err e = db_commit(t);

	if (e == ERR_OK || e == ERR_BUSY)
		return e;
	if (db->ops->dialect == SQL_POSTGRES) /* the connection may have been lost after the commit */
		return why_set(goal->why, e,
			       "The database did not confirm the new schema: %s.  Try again: it continues.",
			       db->ops->message(db));
	return why_set(goal->why, e, "The new schema cannot be written: %s.  The database is as it was before%s.",
		       db->ops->message(db), migrate_advice(goal));
}

static err
migrate_step(struct db *db, const struct migration_goal *goal, bool *ret_done)
{
	CLEANUP(db_rollback_unless_done) struct db_transaction t = { 0 };
	err e = migrate_begin(db, goal, &t);

	while (e == ERR_OK && !*ret_done) {
		e = migrate_step_locked(db, goal, ret_done);
		if (!goal->at_once)
			break;
	}
	if (e == ERR_OK)
		e = migrate_commit(db, &t, goal);
	return migrate_unsaid(db, e, goal->why);
}

/* With PostgreSQL, a step may need a table that a node, a backup or its own vacuum is using: try again for a minute. */
static err
migrate_step_retried(struct db *db, const struct migration_goal *goal, bool *ret_done)
{
	int64_t until_us = clock_monotonic_us() + SECONDS_US(WAIT_S);
	err e;

	do {
		*ret_done = false;
		(void)!why_set(goal->why, ERR_OK, "%s", "");
		e = migrate_step(db, goal, ret_done);
	} while (e == ERR_BUSY && clock_monotonic_us() < until_us);
	return e;
}

static err
migrate_reach(struct db *db, const struct migration_goal *goal)
{
	bool done = false;

	if (goal->target < 0 || goal->target > migrate_head())
		return why_set(goal->why, ERR_INVALID, "There is no migration %04d; the newest is %04d.", goal->target,
			       migrate_head());
	while (!done)
		TRY(migrate_step_retried(db, goal, &done));
	return ERR_OK;
}

err
migrate_to(struct db *db, int version, migrate_progress progress, void *context, struct why *why)
{
	int reported = -1;

	return migrate_reach(
	    db, &(struct migration_goal){ version, progress, context, why, .at_once = false, .reported = &reported });
}

err
migrate_at_once(struct db *db, int version, migrate_progress progress, void *context, struct why *why)
{
	int reported = -1;

	return migrate_reach(
	    db, &(struct migration_goal){ version, progress, context, why, .at_once = true, .reported = &reported });
}

bool
migrate_expands(int version, int target)
{
	for (int i = version; i < target && i < migrate_head(); i++)
		if (!migrations[i].expands)
			return false;
	return true;
}
