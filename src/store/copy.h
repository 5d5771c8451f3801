/*
 * All rows of one database into another, which may be of the other kind: the way out of one file, and back.
 */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include "store/db.h"

/* Told after every few rows: which table, and how many rows of all tables are done of how many; copying, then comparing. */
struct copy_progress {
	const char *table;
	bool comparing;
	int64_t done, all;
};
typedef void (*copy_report)(void *context, const struct copy_progress *progress);

/* What a part of the work is called in an error's sentence. */
struct copy_end {
	struct db *db;
	const char *name; /* for people */
};

/*
 * Both are at the newest schema, the target's tables are empty (ERR_EXISTS), and nobody writes to either meanwhile.  Rows are
 * copied in the order of their keys and then read back from the target and compared, each one, all within one transaction of
 * the target: on failure it is as it was.  Call db_commit when more is to be written beside; it is left open in ret_t.
 * ERR_CORRUPT: a row came out otherwise than it went in.  ret_rows: how many there are.
 */
MUST_USE err copy_all(const struct copy_end *source, const struct copy_end *target, copy_report report, void *context,
		      struct why *why, struct db_transaction *ret_t, int64_t *ret_rows);

#endif
