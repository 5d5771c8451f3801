/*
 * Another program's database, to read from only: for imports.  Nothing of it is changed, not even its journal's mode.
 */
#ifndef STORE_IMPORT_SOURCE_H
#define STORE_IMPORT_SOURCE_H

#include "base/err.h"
#include "store/db.h"

struct import_source;

/*
 * url: sqlite:///relative, sqlite:////absolute, postgresql://... or postgres://... as SQLAlchemy and libpq write them; a driver
 * (postgresql+psycopg2://) is dropped.  A SQLite file that is not there is looked for in the folder instance/ beside it too, where
 * Flask-SQLAlchemy 3 keeps it.
 * ERR_INVALID: none of these.  ERR_NOT_FOUND, ERR_DENIED, ERR_AWAY with the sentence; it does not repeat the url, which may hold
 * a password.
 */
MUST_USE err import_source_open(const char *url, struct why *why, struct import_source **ret_source);
void import_source_close(struct import_source **source);

/*
 * Run one SELECT and call each() for every row.  From PostgreSQL every value that is not NULL comes as text, as psql would
 * show it.  Values of SQLite are at most 1 MiB, and a row must come within a hundred million of its steps: a view may have no
 * end.  ERR_INVALID with the database's own words: it has no such table or column.
 */
MUST_USE err import_source_all(struct import_source *source, const char *text, db_each each, void *context,
			       struct why *why);

#endif
