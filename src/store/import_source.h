/*
 * Read-only access to another program's database, for imports. Changes nothing in it, not even its journal mode.
 */
#ifndef STORE_IMPORT_SOURCE_H
#define STORE_IMPORT_SOURCE_H

#include "base/err.h"
#include "store/db.h"

struct import_source;

/*
 * url: sqlite:///relative, sqlite:////absolute, postgresql://... or postgres://..., as in SQLAlchemy and libpq. A
 * driver (postgresql+psycopg2://) is ignored. A missing SQLite file is also searched in instance/ beside it, where
 * Flask-SQLAlchemy 3 keeps it.
 *
 * ERR_INVALID                          none of these forms
 * ERR_NOT_FOUND, ERR_DENIED, ERR_AWAY  with a message that does not repeat the URL, which may hold a password
 */
MUST_USE err import_source_open(const char *url, struct why *why, struct import_source **ret_source);
void import_source_close(struct import_source **source);

/*
 * Run one SELECT and call each() for every row. PostgreSQL values other than NULL arrive as text, as psql shows them. A
 * SQLite value may have at most 1 MiB, and SQLite must find a row within 100 million steps: a view can be endless.
 *
 * ERR_INVALID  the database has no such table or column; `why` holds its message
 */
MUST_USE err import_source_all(struct import_source *source, const char *text, db_each each, void *context,
			       struct why *why);

#endif
