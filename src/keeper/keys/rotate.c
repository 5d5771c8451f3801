#include "keeper/keys/rotate.h"

#include "base/secret.h"
#include "keeper/core/factor_kind.h"
#include "keeper/core/failure.h"
#include "keeper/keys/keys.h"

enum { BATCH_ROWS = 200 };

struct change {
	const struct config *config;
	struct db *db;
	struct why *why;
	struct master_key old_master, new_master;
	struct keys old_keys, new_keys;
	bool old_fits, new_fits; /* does the database know this key? */
	struct rotation *done;
	int64_t after; /* id of the last row read */
};

static void
rotate_change_wipe(struct change *c)
{
	keys_wipe(&c->old_keys);
	keys_wipe(&c->new_keys);
	master_key_wipe(&c->old_master);
	master_key_wipe(&c->new_master);
}

static struct db_value
rotate_new_id(const struct change *c)
{
	return DB_BLOB(str_bytes(c->new_keys.sealing.key_id, SEALING_ID_BYTES));
}

/* --- one batch ---------------------------------------------------------------------------------------------------- */

struct batch {
	struct arena arena;
	struct sealed_row rows[BATCH_ROWS];
	const char *purposes[BATCH_ROWS]; /* "": an unknown kind of factor */
	size_t n;
};

static void
rotate_batch_wipe(struct batch *batch)
{
	arena_wipe(&batch->arena);
}

static err
rotate_batch_add(struct batch *batch, const struct sealed_row *row, const char *purpose)
{
	struct sealed_row *into = &batch->rows[batch->n];

	if (batch->n == BATCH_ROWS)
		return ERR_INVALID;
	*into = *row;
	batch->purposes[batch->n] = purpose;
	TRY(arena_copy(&batch->arena, row->secret_sealed, &into->secret_sealed));
	batch->n++;
	return ERR_OK;
}

/* --- the tables with sealed values -------------------------------------------------------------------------------- */

static err
rotate_factor_row(void *context, const struct sealed_row *row)
{
	const struct factor_kind *kind = factor_kind_named(row->kind);

	return rotate_batch_add(context, row, kind == NULL ? "" : kind->sealing_purpose);
}

static err
rotate_factors_read(struct db *db, const struct db_value *args, size_t n, struct batch *batch)
{
	return db_rows(db, SQL_SEALED_BY_OTHERS, args, n, rotate_factor_row, batch);
}

static err
rotate_signing_key_row(void *context, const struct sealed_row *row)
{
	return rotate_batch_add(context, row, SEALED_SIGNING_KEY);
}

static err
rotate_signing_keys_read(struct db *db, const struct db_value *args, size_t n, struct batch *batch)
{
	return db_rows(db, SQL_SIGNING_KEYS_BY_OTHERS, args, n, rotate_signing_key_row, batch);
}

struct sealed_table {
	err (*read)(struct db *db, const struct db_value *args, size_t n, struct batch *batch);
	enum sql sealed_anew;
};

static const struct sealed_table sealed_tables[] = {
	{ rotate_factors_read, SQL_SEALED_ANEW },
	{ rotate_signing_keys_read, SQL_SIGNING_KEY_SEALED_ANEW },
};

/* --- resealing ---------------------------------------------------------------------------------------------------- */

static err
rotate_reseal(struct change *c, const struct sealed_table *table, struct batch *batch, size_t at)
{
	const struct sealed_row *row = &batch->rows[at];
	const struct sealed_for owner = { batch->purposes[at], row->account_id, row->id };
	str secret = { 0 }, sealed = { 0 };
	int64_t changed = 0;
	err e = sealing_open(&c->old_keys.sealing, &owner, row->secret_sealed, &batch->arena, &secret);

	if (e == ERR_CORRUPT) {
		c->done->unreadable++;
		return ERR_OK;
	}
	TRY(e);
	TRY(sealing_seal(&c->new_keys.sealing, &owner, secret, &batch->arena, &sealed));
	const struct db_value args[] = { DB_BLOB(sealed), DB_INT(row->id), DB_BLOB(row->secret_sealed) };
	TRY(db_run(c->db, table->sealed_anew, args, COUNT(args), &changed));
	c->done->resealed += changed;
	return ERR_OK;
}

static err
rotate_batch_do(struct change *c, const struct sealed_table *table, bool *ret_more)
{
	CLEANUP(rotate_batch_wipe) struct batch batch = { .arena = ARENA(4 * 1024 * 1024) };
	CLEANUP(db_rollback_unless_done) struct db_transaction t = { 0 };
	const struct db_value args[] = { rotate_new_id(c), DB_INT(c->after), DB_INT(BATCH_ROWS) };

	TRY(db_begin(c->db, &t));
	TRY(table->read(c->db, args, COUNT(args), &batch));
	for (size_t i = 0; i < batch.n; i++)
		TRY(rotate_reseal(c, table, &batch, i));
	TRY(db_commit(&t));
	*ret_more = batch.n == BATCH_ROWS;
	if (batch.n > 0)
		c->after = batch.rows[batch.n - 1].id;
	return ERR_OK;
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

/* Read the current key, and the next one if an earlier run created it. */
static err
rotate_keys_find(struct change *c)
{
	TRY(master_key_read(c->config, c->why, &c->old_master));
	TRY(master_key_new_read(c->config, c->why, &c->new_master));
	c->done->resumed = c->new_master.n > 0;
	c->done->by_setting = c->config->secret_key_bytes > 0;
	if (c->old_master.n > 0) {
		TRY(keys_derive(&c->old_master, &c->old_keys));
		TRY(keys_fit(&c->old_keys, c->db, &c->old_fits, NULL));
	}
	if (c->new_master.n > 0) {
		TRY(keys_derive(&c->new_master, &c->new_keys));
		TRY(keys_fit(&c->new_keys, c->db, &c->new_fits, NULL));
	}
	return ERR_OK;
}

static err
rotate_new_key_make(struct change *c)
{
	if (!c->old_fits)
		return keys_refuse(&c->old_master, c->why);
	if (c->new_master.n == 0) {
		TRY(master_key_new_make(c->config, c->why, &c->new_master));
		TRY(keys_derive(&c->new_master, &c->new_keys));
	}
	return ERR_OK;
}

static err
rotate_enter(struct change *c)
{
	CLEANUP(db_rollback_unless_done) struct db_transaction t = { 0 };

	TRY(db_begin(c->db, &t));
	TRY(keys_enter(&c->new_keys, c->db));
	return db_commit(&t);
}

static err
rotate_leave(struct change *c)
{
	CLEANUP(db_rollback_unless_done) struct db_transaction t = { 0 };
	const struct db_value args[] = { rotate_new_id(c) };

	TRY(db_begin(c->db, &t));
	TRY(db_run(c->db, SQL_KEY_LEAVE, args, COUNT(args), NULL));
	return db_commit(&t);
}

static err
rotate_count(struct change *c)
{
	const struct db_value args[] = { rotate_new_id(c) };
	struct sealed_by_others_count_row row = { 0 };
	bool found = false;

	TRY(db_row(c->db, SQL_SEALED_BY_OTHERS_COUNT, args, COUNT(args), NULL, &row, &found));
	c->done->all = row.n;
	return ERR_OK;
}

static err
rotate_reseal_table(struct change *c, const struct sealed_table *table, rotate_progress progress, void *context)
{
	bool more = true;

	c->after = INT64_MIN;
	while (more) {
		TRY(rotate_batch_do(c, table, &more));
		progress(context, c->done);
	}
	return ERR_OK;
}

static err
rotate_reseal_all(struct change *c, rotate_progress progress, void *context)
{
	TRY(rotate_count(c));
	for (size_t i = 0; i < COUNT(sealed_tables); i++)
		TRY(rotate_reseal_table(c, &sealed_tables[i], progress, context));
	return ERR_OK;
}

static err
rotate_in_database(struct change *c, rotate_progress progress, void *context)
{
	TRY(rotate_enter(c));
	TRY(rotate_reseal_all(c, progress, context));
	return rotate_leave(c);
}

err
rotate(const struct config *config, struct db *db, rotate_progress progress, void *context, struct why *why,
       struct rotation *ret_rotation)
{
	CLEANUP(rotate_change_wipe) struct change c = { .config = config, .db = db, .why = why, .done = ret_rotation };
	err e;

	TRY(rotate_keys_find(&c));
	/* An earlier run may have finished the database but not the files. */
	if (!c.new_fits || c.old_fits) {
		TRY(rotate_new_key_make(&c));
		e = rotate_in_database(&c, progress, context);
		if (e != ERR_OK)
			return failure_explain(
			    db, e,
			    "The change of the key was interrupted.  Nothing is lost; run `doubletour "
			    "rotate-key` again to continue.",
			    why);
	}
	return master_key_new_install(config, &c.old_keys, why);
}
