/*
 * Copies all rows of one database into another, which may be of the other kind.
 */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include "store/db.h"

/* Progress report, called after every few rows: the table, and how many rows of all tables are copied and compared. */
struct copy_progress {
	const char *table;
	bool comparing;
	int64_t done, all;
};
typedef void (*copy_report)(void *context, const struct copy_progress *progress);

/* Source or target of a copy. */
struct copy_end {
	struct db *db;
	const char *name; /* used in messages */
};

/*
 * Copy all rows in key order, then read them back from the target and compare each one. Everything runs in one
 * transaction of the target: on failure the target is unchanged. The transaction stays open in ret_t; call db_commit
 * after writing anything else. Both databases must be at the newest schema, and no other program may write to them.
 *
 * ERR_EXISTS   a table of the target is not empty
 * ERR_CORRUPT  a row read back differs from the row written
 *
 * ret_rows: number of rows copied.
 */
MUST_USE err copy_all(const struct copy_end *source, const struct copy_end *target, copy_report report, void *context,
		      struct why *why, struct db_transaction *ret_t, int64_t *ret_rows);

#endif
