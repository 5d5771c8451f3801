#include "store/driver.h"

err
db_text(struct db *db, const char *text, const struct db_value *args, size_t n, db_each each, void *context)
{
	return db->ops->step(db, -1, text, args, n, each, context, NULL);
}

err
db_run(struct db *db, enum sql query, const struct db_value *args, size_t n, int64_t *ret_changed)
{
	return db->ops->step(db, (int)query, NULL, args, n, NULL, NULL, ret_changed);
}

err
db_all(struct db *db, enum sql query, const struct db_value *args, size_t n, db_each each, void *context)
{
	return db->ops->step(db, (int)query, NULL, args, n, each, context, NULL);
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

	if (columns != one->columns || one->found)
		return ERR_INVALID;
	for (size_t i = 0; i < columns; i++) {
		one->row[i] = row[i];
		if (row[i].kind == DB_KIND_TEXT || row[i].kind == DB_KIND_BLOB)
			TRY(arena_copy(one->arena, row[i].bytes, &one->row[i].bytes));
	}
	one->found = true;
	return ERR_OK;
}

err
db_one(struct db *db, enum sql query, const struct db_value *args, size_t n, struct arena *arena,
       struct db_value *ret_row, size_t columns, bool *ret_found)
{
	struct one one = { arena, ret_row, columns, false };

	TRY(db->ops->step(db, (int)query, NULL, args, n, one_take, &one, NULL));
	*ret_found = one.found;
	return ERR_OK;
}

err
db_begin(struct db *db, struct db_transaction *ret_t)
{
	TRY(db->ops->begin(db));
	ret_t->db = db;
	return ERR_OK;
}

/* A commit that fails has not happened: the transaction stays open for the rollback. */
err
db_commit(struct db_transaction *t)
{
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
	return db_text(db, "SELECT count(*) FROM schema_migrations", NULL, 0, NULL, NULL);
}

void
db_close(struct db **db)
{
	if (*db != NULL)
		(*db)->ops->close(*db);
	*db = NULL;
}
