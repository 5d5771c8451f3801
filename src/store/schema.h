/*
 * Is the schema of a database what the migrations make, and nothing else?  A trigger or a view that somebody put into it would
 * run inside the keeper's transactions.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/db.h"

/* "trigger \"x\" on table \"accounts\": Doubletour does not make it".  Names come from the database: print them made visible. */
typedef void (*schema_report)(void *context, const char *sentence);

/*
 * Compare the schema with that of migration `version`, made anew in memory.  SQLite: tables with their columns and constraints,
 * indexes, triggers and views, by their statements.  PostgreSQL: tables, columns, indexes, views, triggers, rules, policies and
 * functions of the schema, by their names, and functions from elsewhere that a constraint or a default calls.
 *
 *   ret_count  how many differ; each was told
 */
MUST_USE err schema_check(struct db *db, int version, schema_report report, void *context, struct why *why,
			  int64_t *ret_count);

#endif
