/*
 * Another program's database, to read from only: for imports.  Nothing of it is changed, not even its journal's mode.
 */
#ifndef STORE_FOREIGN_H
#define STORE_FOREIGN_H

#include "base/err.h"
#include "store/db.h"

struct foreign;

/*
 * url: sqlite:///relative, sqlite:////absolute, postgresql://... or postgres://... as SQLAlchemy and libpq write them; a driver
 * (postgresql+psycopg2://) is dropped.  A SQLite file that is not there is looked for in the folder instance/ beside it too, where
 * Flask-SQLAlchemy 3 keeps it.
 * ERR_INVALID: none of these.  ERR_NOT_FOUND, ERR_DENIED, ERR_AWAY with the sentence; it does not repeat the url, which may hold
 * a password.
 */
MUST_USE err foreign_open(const char *url, struct why *why, struct foreign **ret_foreign);
void foreign_close(struct foreign **foreign);

/*
 * Run one SELECT and call each() for every row.  From PostgreSQL every value that is not NULL comes as text, as psql would
 * show it.  Values of SQLite are at most 1 MiB, and a row must come within a hundred million of its steps: a view may have no
 * end.  ERR_INVALID with the database's own words: it has no such table or column.
 */
MUST_USE err foreign_all(struct foreign *foreign, const char *text, db_each each, void *context, struct why *why);

#endif
