#include "store/migrate.h"

#include "base/clock.h"
#include "store/driver.h"

int
migrate_head(void)
{
	return (int)migrations_count;
}

static err
take_number(void *context, const struct db_value *row, size_t columns)
{
	*(int64_t *)context = columns == 1 ? row[0].number : 0;
	return ERR_OK;
}

static err
has_table(struct db *db, bool *ret_has)
{
	int64_t count = 0;

	TRY(db_text(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'", NULL,
		    0, take_number, &count));
	*ret_has = count > 0;
	return ERR_OK;
}

err
migrate_current(struct db *db, int *ret_version)
{
	int64_t version = 0;
	bool has = false;

	TRY(has_table(db, &has));
	if (has)
		TRY(db_text(db, "SELECT coalesce(max(version), 0) FROM schema_migrations", NULL, 0, take_number,
			    &version));
	*ret_version = (int)version;
	return ERR_OK;
}

/* --- checking what was applied ------------------------------------------------------------------------------------ */

struct check {
	int seen;
	struct why *why;
};

static err
check_row(void *context, const struct db_value *row, size_t columns)
{
	struct check *check = context;
	int version = (int)row[0].number;

	(void)columns;
	check->seen++;
	if (version > migrate_head())
		return why_set(
		    check->why, ERR_CONFIG,
		    "The database is newer than this program: it is at migration %04d, and this program knows %04d. "
		    "Use the newer doubletour.",
		    version, migrate_head());
	if (version != check->seen)
		return why_set(check->why, ERR_CONFIG, "Migration %04d is missing in the database's history.",
			       check->seen);
	if (!str_equal(row[1].bytes, str_of(migrations[version - 1].checksum)))
		return why_set(
		    check->why, ERR_CONFIG,
		    "Migration %04d was not applied as this program knows it: the database belongs to another build.",
		    version);
	return ERR_OK;
}

err
migrate_check(struct db *db, struct why *why)
{
	struct check check = { .why = why };
	bool has = false;

	TRY(has_table(db, &has));
	if (!has)
		return ERR_OK;
	/* the newest first would name the gap of a newer database; the oldest first names what matters */
	int newest = 0;
	TRY(migrate_current(db, &newest));
	if (newest > migrate_head())
		return check_row(&check, (struct db_value[]){ DB_INT(newest), DB_TEXT(STR("")) }, 2);
	return db_text(db, "SELECT version, checksum FROM schema_migrations ORDER BY version", NULL, 0, check_row,
		       &check);
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

static err
statements(struct db *db, const char *const *texts)
{
	for (; *texts != NULL; texts++)
		TRY(db_text(db, *texts, NULL, 0, NULL, NULL));
	return ERR_OK;
}

static err
record(struct db *db, const struct migration *m, bool up)
{
	int64_t now_us = 0;

	if (!up)
		return db_text(db, "DELETE FROM schema_migrations WHERE version = ?1",
			       (struct db_value[]){ DB_INT(m->version) }, 1, NULL, NULL);
	TRY(clock_now_us(&now_us));
	struct db_value args[] = { DB_INT(m->version), DB_TEXT(str_of(m->name)), DB_TEXT(str_of(m->checksum)),
				   DB_INT(now_us) };
	return db_text(db,
		       "INSERT INTO schema_migrations (version, name, checksum, applied_at_us) VALUES (?1, ?2, ?3, ?4)",
		       args, COUNT(args), NULL, NULL);
}

static err
ensure_table(struct db *db)
{
	return db_text(db,
		       "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, "
		       "checksum TEXT NOT NULL, applied_at_us INTEGER NOT NULL) STRICT",
		       NULL, 0, NULL, NULL);
}

struct walk {
	int target;
	migrate_progress progress;
	void *context;
	struct why *why;
};

/* One step towards the target, if there is one; *ret_done otherwise.  Under the transaction's lock. */
static err
step_locked(struct db *db, const struct walk *walk, bool *ret_done)
{
	const struct migration *m;
	int current = 0;
	bool up;

	TRY(ensure_table(db));
	TRY(migrate_check(db, walk->why));
	TRY(migrate_current(db, &current));
	*ret_done = current == walk->target;
	if (*ret_done)
		return ERR_OK;
	up = walk->target > current;
	m = &migrations[up ? current : current - 1];
	if (walk->progress != NULL)
		walk->progress(walk->context, m, up);
	TRY(statements(db, up ? m->up : m->down));
	return record(db, m, up);
}

static err
step(struct db *db, const struct walk *walk, bool *ret_done)
{
	CLEANUP(db_rollback_unless_done) struct db_transaction t = { 0 };

	TRY(db_begin(db, &t));
	TRY(step_locked(db, walk, ret_done));
	return db_commit(&t);
}

err
migrate_to(struct db *db, int version, migrate_progress progress, void *context, struct why *why)
{
	const struct walk walk = { version, progress, context, why };
	bool done = false;

	if (version < 0 || version > migrate_head())
		return why_set(why, ERR_INVALID, "There is no migration %04d; the newest is %04d.", version,
			       migrate_head());
	while (!done) {
		err e = step(db, &walk, &done);
		if (e != ERR_OK && (why == NULL || why->text[0] == '\0'))
			return why_set(why, e, "The migration failed (%s); the database is as it was before that step.",
				       err_name(e));
		TRY(e);
	}
	return ERR_OK;
}

/* --- history ------------------------------------------------------------------------------------------------------ */

struct history {
	migrate_each each;
	void *context;
};

static err
history_row(void *context, const struct db_value *row, size_t columns)
{
	const struct history *history = context;
	struct migrate_applied applied = { (int)row[0].number, row[1].bytes, row[2].number };

	(void)columns;
	return history->each(history->context, &applied);
}

err
migrate_history(struct db *db, migrate_each each, void *context)
{
	struct history history = { each, context };
	bool has = false;

	TRY(has_table(db, &has));
	if (!has)
		return ERR_OK;
	return db_text(db, "SELECT version, name, applied_at_us FROM schema_migrations ORDER BY version", NULL, 0,
		       history_row, &history);
}
