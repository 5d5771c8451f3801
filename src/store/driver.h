/*
 * What a database driver gives: the rest of store/ and all above it is written once, over this.
 */
#ifndef STORE_DRIVER_H
#define STORE_DRIVER_H

#include "store/db.h"

struct db_ops {
	/*
	 * Run a prepared query (query >= 0), or one statement of text (query < 0).  each may be NULL.  ret_changed, when
	 * not NULL, gets the rows that were inserted, changed or deleted.
	 */
	err (*step)(struct db *db, int query, const char *text, const struct db_value *args, size_t n, db_each each,
		    void *context, int64_t *ret_changed);
	err (*prepare)(struct db *db, struct why *why); /* all of sql_queries */
	err (*begin)(struct db *db);
	err (*commit)(struct db *db);
	void (*rollback)(struct db *db);
	void (*close)(struct db *db); /* frees it */
};

struct db {
	const struct db_ops *ops;
};

/* One statement that is not among the named queries: for migrations and the health check. */
MUST_USE err db_text(struct db *db, const char *text, const struct db_value *args, size_t n, db_each each,
		     void *context);

#endif
