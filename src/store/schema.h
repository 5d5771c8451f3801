/*
 * Checks that a database has exactly the schema that the migrations create. An added trigger or view would run inside
 * the keeper's transactions.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/db.h"

/*
 * sentence: "trigger \"x\" on table \"accounts\": Doubletour does not create it". Names come from the database: escape
 * them when printing (buf_put_visible).
 */
typedef void (*schema_report)(void *context, const char *sentence);

/*
 * Compare the schema with that of migration `version`, created in memory.
 *
 * SQLite: statements of tables (with columns and constraints), indexes, triggers and views. PostgreSQL: names of
 * tables, columns, indexes, views, triggers, rules, policies and functions of the schema, and functions of other
 * schemas that a constraint or default calls.
 *
 *   ret_count  number of differences; report was called for each
 */
MUST_USE err schema_check(struct db *db, int version, schema_report report, void *context, struct why *why,
			  int64_t *ret_count);

#endif
