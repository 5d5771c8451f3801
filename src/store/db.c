#include "store/driver.h"
#include "store/store.h"

#include "base/fault.h"

err
db_text(struct db *db, const char *text, const struct db_value *args, size_t n, db_each each, void *context)
{
	return db->ops->step(db, -1, text, args, n, each, context, NULL);
}

static err
named(struct db *db, enum sql query, const struct db_value *args, size_t n, db_each each, void *context,
      int64_t *ret_changed)
{
	if ((size_t)query >= SQL_COUNT || n != sql_queries[query].parameters)
		return ERR_INVALID;
	if (fault_due(FAULT_QUERY))
		return ERR_AWAY;
	return db->ops->step(db, (int)query, NULL, args, n, each, context, ret_changed);
}

err
db_run(struct db *db, enum sql query, const struct db_value *args, size_t n, int64_t *ret_changed)
{
	return named(db, query, args, n, NULL, NULL, ret_changed);
}

err
db_all(struct db *db, enum sql query, const struct db_value *args, size_t n, db_each each, void *context)
{
	return named(db, query, args, n, each, context, NULL);
}

struct one {
	struct arena *arena;
	struct db_value *row;
	size_t columns;
	bool found;
};

/* Texts of a row live as long as the statement stands on it: copy them out. */
static err
one_take(void *context, const struct db_value *row, size_t columns)
{
	struct one *one = context;
	struct db_value copy[DB_COLUMNS_MAX];

	if (columns != one->columns || columns > DB_COLUMNS_MAX || one->found)
		return ERR_INVALID;
	for (size_t i = 0; i < columns; i++) {
		copy[i] = row[i];
		if (row[i].kind == DB_KIND_TEXT || row[i].kind == DB_KIND_BLOB)
			TRY(arena_copy(one->arena, row[i].bytes, &copy[i].bytes));
	}
	memcpy(one->row, copy, columns * sizeof(copy[0]));
	one->found = true;
	return ERR_OK;
}

err
db_one(struct db *db, enum sql query, const struct db_value *args, size_t n, struct arena *arena,
       struct db_value *ret_row, size_t columns, bool *ret_found)
{
	struct one one = { arena, ret_row, columns, false };

	TRY(named(db, query, args, n, one_take, &one, NULL));
	*ret_found = one.found;
	return ERR_OK;
}

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

/* A commit that fails has not happened: the transaction stays open for the rollback. */
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
db_ping(struct db *db)
{
	return db_run(db, SQL_SCHEMA_VERSION, NULL, 0, NULL);
}

err
store_prepare(struct db *db, struct why *why)
{
	return db->ops->prepare(db, why);
}

err
store_integrity(struct db *db, struct why *why)
{
	return db->ops->integrity(db, why);
}

err
store_copy(struct db *db, const char *path, struct why *why)
{
	err e = db->ops->copy(db, path);

	return e == ERR_OK ? ERR_OK : why_set(why, e, "The copy %s cannot be written: %s.", path, db->ops->message(db));
}

void
db_close(struct db **db)
{
	if (*db != NULL)
		(*db)->ops->close(*db);
	*db = NULL;
}
