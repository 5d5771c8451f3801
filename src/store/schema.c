#include "store/schema.h"

#include "base/buf.h"
#include "base/mem.h"
#include "store/driver.h"
#include "store/migrate.h"
#include "store/sqlite.h"

#include <stdio.h>
#include <stdlib.h>

enum { OBJECTS_MAX = 1024, ARENA_BYTES = 4 * 1024 * 1024, STATEMENT_BYTES = 256 * 1024, PARTS_MAX = 128 };

struct schema_object {
	str kind, name, table, statement; /* statement: in normal form; empty for PostgreSQL */
	bool seen;
};

/* The objects that the migrations create. Cached for the next comparison; only commands use it, with one thread. */
static struct schema_expected {
	int version; /* 0: not filled yet */
	bool by_statement;
	struct arena arena;
	struct schema_object *at;
	size_t n;
} schema_kept;

struct schema_comparison {
	struct schema_expected *expected;
	bool by_statement;
	schema_report report;
	void *context;
	int64_t count;
};

static void
schema_expected_wipe(struct schema_expected *expected)
{
	mem_free(&expected->at);
	arena_wipe(&expected->arena);
	*expected = (struct schema_expected){ .version = 0 };
}

/* --- normal form of a statement ----------------------------------------------------------------------------------- */

/* Length of the white space or comment at the beginning; 0: neither. */
static size_t
schema_normal_skip(str text)
{
	const char *end;

	if (str_has_byte(STR(" \t\r\n\f"), text.p[0]))
		return 1;
	if (str_starts(text, STR("--"))) {
		end = memchr(text.p, '\n', text.n);
		return end == NULL ? text.n : (size_t)(end - text.p) + 1;
	}
	if (!str_starts(text, STR("/*")))
		return 0;
	end = memmem(text.p + 2, text.n - 2, "*/", 2);
	return end == NULL ? text.n : (size_t)(end - text.p) + 2;
}

/* Remove comments, white space, and the quotes around names that ALTER TABLE adds. Keep texts in '...'. */
static void
schema_normal_squeeze(str text, struct buf *out)
{
	bool quoted = false;

	while (text.n > 0) {
		size_t skip = quoted ? 0 : schema_normal_skip(text);
		quoted ^= skip == 0 && text.p[0] == '\'';
		if (skip == 0 && (quoted || text.p[0] != '"'))
			buf_put_byte(out, text.p[0]);
		text = str_from(text, skip == 0 ? 1 : skip);
	}
}

static int
schema_normal_order(const void *a, const void *b)
{
	const str *left = a, *right = b;
	size_t n = left->n < right->n ? left->n : right->n;
	int order = strncmp(left->p, right->p, n);

	return order != 0 ? order : left->n < right->n ? -1 : left->n > right->n;
}

/* Split the list between parentheses at its top-level commas. Returns false for too many parts or unbalanced text. */
static bool
schema_normal_parts(str list, str parts[PARTS_MAX], size_t *ret_n)
{
	size_t start = 0, n = 0;
	bool quoted = false;
	int depth = 0;

	for (size_t i = 0; i <= list.n; i++) {
		char c = i < list.n ? list.p[i] : ',';
		quoted ^= i < list.n && c == '\'';
		depth += quoted ? 0 : (c == '(') - (c == ')');
		if (quoted || depth != 0 || c != ',')
			continue;
		if (n == PARTS_MAX)
			return false;
		parts[n++] = str_bytes(list.p + start, i - start);
		start = i + 1;
	}
	*ret_n = n;
	return depth == 0 && !quoted;
}

/* Sort columns and constraints of a table: a column that was dropped and added again is the last one. */
static void
schema_normal_sort(str text, struct buf *out)
{
	const char *open = memchr(text.p, '(', text.n), *close = memrchr(text.p, ')', text.n);
	str parts[PARTS_MAX];
	size_t n = 0;

	if (!str_starts(text, STR("CREATETABLE")) || open == NULL || close < open ||
	    !schema_normal_parts(str_bytes(open + 1, (size_t)(close - open) - 1), parts, &n)) {
		buf_put(out, text);
		return;
	}
	qsort(parts, n, sizeof(parts[0]), schema_normal_order);
	buf_put(out, str_bytes(text.p, (size_t)(open - text.p) + 1));
	for (size_t i = 0; i < n; i++) {
		buf_put(out, parts[i]);
		buf_put_byte(out, ',');
	}
	buf_put(out, str_from(text, (size_t)(close - text.p)));
}

static err
schema_normal_form(str statement, struct buf *out)
{
	CLEANUP(buf_wipe) struct buf squeezed = BUF(STATEMENT_BYTES);

	schema_normal_squeeze(statement, &squeezed);
	TRY(buf_check(&squeezed));
	schema_normal_sort(buf_str(&squeezed), out);
	return buf_check(out);
}

/* --- expected objects --------------------------------------------------------------------------------------------- */

static err
schema_expected_row(void *context, const struct schema_object_row *row)
{
	CLEANUP(buf_wipe) struct buf statement = BUF(2 * STATEMENT_BYTES);
	struct schema_expected *x = context;
	struct schema_object *object = &x->at[x->n];

	if (x->n == OBJECTS_MAX)
		return ERR_TOO_LONG;
	TRY(schema_normal_form(row->statement, &statement));
	TRY(arena_copy(&x->arena, row->kind, &object->kind));
	TRY(arena_copy(&x->arena, row->name, &object->name));
	TRY(arena_copy(&x->arena, row->table_name, &object->table));
	TRY(arena_copy(&x->arena, buf_str(&statement), &object->statement));
	x->n++;
	return ERR_OK;
}

/* Runs the migrations in a database in memory. */
static err
schema_expected_fill(struct schema_expected *x, int version, bool by_statement, struct why *why)
{
	CLEANUP(db_close) struct db *db = NULL;

	*x = (struct schema_expected){ .by_statement = by_statement, .arena = ARENA(ARENA_BYTES) };
	x->at = mem_new_array(OBJECTS_MAX, sizeof(*x->at));
	if (x->at == NULL)
		return ERR_MEMORY;
	TRY(sqlite_open_in_memory(&db));
	TRY(migrate_to(db, version, NULL, NULL, why));
	TRY(db_rows(db, SQL_SCHEMA_OBJECTS, NULL, 0, schema_expected_row, x));
	if (!by_statement)
		TRY(db_rows(db, SQL_SCHEMA_COLUMNS, NULL, 0, schema_expected_row, x));
	x->version = version;
	return ERR_OK;
}

static err
schema_expected_get(int version, bool by_statement, struct why *why, struct schema_expected **ret_expected)
{
	struct schema_expected *x = &schema_kept;
	err e;

	if (x->version != version || x->by_statement != by_statement) {
		schema_expected_wipe(x);
		e = schema_expected_fill(x, version, by_statement, why);
		if (e != ERR_OK) {
			schema_expected_wipe(x);
			return e;
		}
	}
	for (size_t i = 0; i < x->n; i++)
		x->at[i].seen = false;
	*ret_expected = x;
	return ERR_OK;
}

/* --- actual objects ----------------------------------------------------------------------------------------------- */

static void
schema_difference_report(struct schema_comparison *c, const struct schema_object *object, const char *wrong)
{
	bool on_table =
	    object->table.n > 0 && !str_equal(object->table, object->name) && !str_equal(object->kind, STR("column"));
	char sentence[512];

	c->count++;
	snprintf(sentence, sizeof(sentence), "%.*s \"%.*s\"%s%.*s%s: %s", STR_ARG(str_upto(object->kind, 40)),
		 STR_ARG(str_utf8_upto(object->name, 150)), on_table ? " on table \"" : "",
		 STR_ARG(str_utf8_upto(on_table ? object->table : STR(""), 150)), on_table ? "\"" : "", wrong);
	if (c->report != NULL)
		c->report(c->context, sentence);
}

static struct schema_object *
schema_expected_find(struct schema_comparison *c, const struct schema_object *object)
{
	for (size_t i = 0; i < c->expected->n; i++) {
		struct schema_object *expected = &c->expected->at[i];
		if (!expected->seen && str_equal(expected->kind, object->kind) &&
		    str_equal(expected->name, object->name))
			return expected;
	}
	return NULL;
}

static err
schema_actual_row(void *context, const struct schema_object_row *row)
{
	CLEANUP(buf_wipe) struct buf statement = BUF(2 * STATEMENT_BYTES);
	struct schema_comparison *c = context;
	struct schema_object object = { .kind = row->kind, .name = row->name, .table = row->table_name };
	struct schema_object *expected = schema_expected_find(c, &object);
	err e = schema_normal_form(row->statement, &statement);

	if (e == ERR_MEMORY)
		return e;
	if (expected == NULL) {
		schema_difference_report(c, &object, "Doubletour does not create it");
		return ERR_OK;
	}
	expected->seen = true;
	if (c->by_statement && (e != ERR_OK || !str_equal(buf_str(&statement), expected->statement)))
		schema_difference_report(c, &object, "Doubletour creates it in another form");
	return ERR_OK;
}

err
schema_check(struct db *db, int version, schema_report report, void *context, struct why *why, int64_t *ret_count)
{
	struct schema_comparison c = { .by_statement = db->ops->dialect == SQL_SQLITE,
				       .report = report,
				       .context = context };

	TRY(schema_expected_get(version, c.by_statement, why, &c.expected));
	TRY(db_rows(db, SQL_SCHEMA_OBJECTS, NULL, 0, schema_actual_row, &c));
	if (!c.by_statement)
		TRY(db_rows(db, SQL_SCHEMA_COLUMNS, NULL, 0, schema_actual_row, &c));
	for (size_t i = 0; i < c.expected->n; i++)
		if (!c.expected->at[i].seen)
			schema_difference_report(&c, &c.expected->at[i], "it is missing");
	*ret_count = c.count;
	return ERR_OK;
}
