#include "store/copy.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/mem.h"
#include "store/driver.h"

#include <stdio.h>

enum { VALUES_AT_ONCE = 480, BATCH_BYTES = 4 * 1024 * 1024, TEXT_BYTES = 16 * 1024, SKIPPED_TABLES = 1 };

/*
 * State of a copy. `values` collects as many rows as fit one INSERT. `digests` holds 8 bytes of each row's digest, in
 * key order: enough to detect an error when the target is read back and compared.
 */
struct copying {
	const struct copy_end *source, *target;
	const struct store_table *table;
	copy_report report;
	void *context;
	struct copy_progress progress;
	struct why *why;

	struct arena arena;
	struct db_value values[VALUES_AT_ONCE];
	size_t n, columns; /* n: values collected; columns: values per row */

	uint64_t *digests;
	size_t count, room; /* rows of this table, and room for their digests */
};

static void
store_copy_copying_wipe(struct copying *c)
{
	arena_wipe(&c->arena);
	mem_free(&c->digests);
}

static err
store_copy_failed(struct copying *c, const struct copy_end *end, err e)
{
	if (e == ERR_OK || c->why->text[0] != '\0')
		return e;
	return why_set(c->why, e, "The table %s of %s cannot be %s: %s.", c->table->name, end->name,
		       end == c->source ? "read" : "written", end->db->ops->message(end->db));
}

static void
store_copy_report(struct copying *c)
{
	if (c->report != NULL)
		c->report(c->context, &c->progress);
}

/* --- digest of a row ---------------------------------------------------------------------------------------------- */

static err
store_copy_row_digest(const struct db_value *row, size_t columns, uint64_t *ret_digest)
{
	CLEANUP(buf_wipe) struct buf bytes = BUF(BATCH_BYTES);
	uint8_t digest[DIGEST_BYTES];

	for (size_t i = 0; i < columns; i++) {
		uint64_t n = row[i].kind == DB_KIND_INT ? (uint64_t)row[i].number : row[i].bytes.n;
		buf_put_byte(&bytes, (char)row[i].kind);
		buf_put(&bytes, str_bytes(&n, sizeof(n)));
		if (row[i].kind == DB_KIND_TEXT || row[i].kind == DB_KIND_BLOB)
			buf_put(&bytes, row[i].bytes);
	}
	TRY(buf_check(&bytes));
	TRY(digest_sha256(buf_str(&bytes), digest));
	memcpy(ret_digest, digest, sizeof(*ret_digest));
	return ERR_OK;
}

static err
store_copy_remember(struct copying *c, const struct db_value *row, size_t columns)
{
	if (c->count == c->room) {
		size_t room = c->room == 0 ? 1024 : 2 * c->room;
		uint64_t *more = mem_new_array(room, sizeof(*more));
		if (more == NULL)
			return ERR_MEMORY;
		if (c->count > 0)
			memcpy(more, c->digests, c->count * sizeof(*more));
		mem_drop(c->digests);
		c->digests = more;
		c->room = room;
	}
	return store_copy_row_digest(row, columns, &c->digests[c->count++]);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static err
store_copy_batch_put(struct copying *c)
{
	CLEANUP(buf_wipe) struct buf text = BUF(TEXT_BYTES);
	char mark = c->target->db->ops->dialect == SQL_POSTGRES ? '$' : '?';

	if (c->n == 0)
		return ERR_OK;
	buf_printf(&text, "INSERT INTO %s VALUES ", c->table->name);
	for (size_t i = 0; i < c->n; i++) {
		bool first = i % c->columns == 0, last = (i + 1) % c->columns == 0;
		buf_printf(&text, "%s%c%zu%s", first ? "(" : "", mark, i + 1, !last ? "," : i + 1 < c->n ? ")," : ")");
	}
	buf_put_byte(&text, '\0');
	TRY(buf_check(&text));
	TRY(store_copy_failed(c, c->target, db_text(c->target->db, text.p, c->values, c->n, NULL, NULL)));
	c->progress.done += (int64_t)(c->n / c->columns);
	c->n = 0;
	arena_wipe(&c->arena);
	store_copy_report(c);
	return ERR_OK;
}

static err
store_copy_take_row(void *context, const struct db_value *row, size_t columns)
{
	struct copying *c = context;

	c->columns = columns;
	if (c->n + columns > VALUES_AT_ONCE)
		TRY(store_copy_batch_put(c));
	TRY(store_copy_remember(c, row, columns));
	for (size_t i = 0; i < columns; i++) {
		struct db_value *into = &c->values[c->n++];
		*into = row[i];
		if (row[i].kind == DB_KIND_TEXT || row[i].kind == DB_KIND_BLOB)
			TRY(arena_copy(&c->arena, row[i].bytes, &into->bytes));
	}
	return ERR_OK;
}

static err
store_copy_all_rows(struct copying *c, const struct copy_end *end, db_each each)
{
	char text[160];

	snprintf(text, sizeof(text), "SELECT * FROM %s ORDER BY %s", c->table->name, c->table->key);
	return store_copy_failed(c, end, db_text(end->db, text, NULL, 0, each, c));
}

/* --- reading back ------------------------------------------------------------------------------------------------- */

static err
store_copy_compare_row(void *context, const struct db_value *row, size_t columns)
{
	struct copying *c = context;
	uint64_t digest = 0;

	TRY(store_copy_row_digest(row, columns, &digest));
	if (c->n >= c->count || c->digests[c->n] != digest)
		return why_set(c->why, ERR_CORRUPT, "Row %zu of the table %s differs in the copy; nothing was kept.",
			       c->n + 1, c->table->name);
	c->n++;
	c->progress.done++;
	if (c->n % 256 == 0)
		store_copy_report(c);
	return ERR_OK;
}

static err
store_copy_compare(struct copying *c)
{
	c->n = 0;
	c->progress.comparing = true;
	TRY(store_copy_all_rows(c, c->target, store_copy_compare_row));
	if (c->n == c->count)
		return ERR_OK;
	return why_set(c->why, ERR_CORRUPT, "The table %s has %zu row%s, but %zu arrived; nothing was kept.",
		       c->table->name, c->count, c->count == 1 ? "" : "s", c->n);
}

/* --- table by table ----------------------------------------------------------------------------------------------- */

static err
store_copy_number_row(void *context, const struct db_value *value, size_t columns)
{
	*(int64_t *)context = value->number;
	return ERR_OK;
}

static err
store_copy_rows_of(struct copying *c, const struct copy_end *end, int64_t *ret_rows)
{
	char text[80];

	snprintf(text, sizeof(text), "SELECT count(*) FROM %s", c->table->name);
	return store_copy_failed(c, end, db_text(end->db, text, NULL, 0, store_copy_number_row, ret_rows));
}

/* PostgreSQL takes new ids from a sequence, which copied rows do not advance. */
static err
store_copy_number_on(struct copying *c)
{
	static const char text[] =
	    "SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence('audit', 'id'), max(id)) "
	    "FROM audit HAVING count(*) > 0";

	if (c->target->db->ops->dialect != SQL_POSTGRES)
		return ERR_OK;
	return store_copy_failed(c, c->target, db_text(c->target->db, text, NULL, 0, NULL, NULL));
}

static err
copy_table(struct copying *c)
{
	c->progress.table = c->table->name;
	c->progress.comparing = false;
	c->count = c->n = 0;
	TRY(store_copy_all_rows(c, c->source, store_copy_take_row));
	TRY(store_copy_batch_put(c));
	return store_copy_compare(c);
}

static err
store_copy_is_empty(struct copying *c)
{
	int64_t rows = 0;

	TRY(store_copy_rows_of(c, c->target, &rows));
	if (rows == 0)
		return ERR_OK;
	return why_set(c->why, ERR_EXISTS,
		       "%s is not empty: its table %s holds %lld row%s.  Name a new one; nothing was changed.",
		       c->target->name, c->table->name, (long long)rows, rows == 1 ? "" : "s");
}

/* Skips the schema's history: the target has its own, from the same migrations. */
static err
store_copy_each_table(struct copying *c, err (*work)(struct copying *c))
{
	for (size_t i = SKIPPED_TABLES; i < store_tables_count; i++) {
		c->table = &store_tables[i];
		TRY(work(c));
	}
	return ERR_OK;
}

static err
store_copy_count_table(struct copying *c)
{
	int64_t rows = 0;

	TRY(store_copy_rows_of(c, c->source, &rows));
	c->progress.all += 2 * rows; /* each row is written and then read back */
	return ERR_OK;
}

err
copy_all(const struct copy_end *source, const struct copy_end *target, copy_report report, void *context,
	 struct why *why, struct db_transaction *ret_t, int64_t *ret_rows)
{
	CLEANUP(store_copy_copying_wipe)
	struct copying c = { .table = store_tables,
			     .source = source,
			     .target = target,
			     .report = report,
			     .context = context,
			     .why = why,
			     .arena = ARENA(BATCH_BYTES) };
	err e = digest_setup();

	if (e == ERR_OK)
		e = db_begin_for(target->db, DB_FOR_COPY, ret_t);
	if (e != ERR_OK)
		return why_set(why, e, "%s cannot be written: %s.", target->name, target->db->ops->message(target->db));
	TRY(store_copy_each_table(&c, store_copy_is_empty));
	TRY(store_copy_each_table(&c, store_copy_count_table));
	TRY(store_copy_each_table(&c, copy_table));
	TRY(store_copy_number_on(&c));
	*ret_rows = c.progress.all / 2;
	return ERR_OK;
}
