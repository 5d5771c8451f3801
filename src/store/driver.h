/*
 * What a database driver gives: the rest of store/ and all above it is written once, over this.
 */
#ifndef STORE_DRIVER_H
#define STORE_DRIVER_H

#include "store/db.h"

enum { DB_COLUMNS_MAX = 32 };

/* What a transaction is for.  One for the schema may take tables apart: references are checked at its end instead. */
enum db_purpose { DB_FOR_ROWS = 0, DB_FOR_SCHEMA };

struct db_ops {
	enum sql_dialect dialect;
	/*
	 * Run a named query (query >= 0), or one statement of text (query < 0).  each may be NULL.  ret_changed, when
	 * not NULL, gets the rows that were inserted, changed or deleted.  A named query is prepared when this connection
	 * first needs it, and kept.
	 */
	err (*step)(struct db *db, int query, const char *text, const struct db_value *args, size_t n, db_each each,
		    void *context, int64_t *ret_changed);
	err (*understands)(struct db *db, struct why *why); /* all of sql_queries */
	err (*begin)(struct db *db, enum db_purpose purpose);
	err (*commit)(struct db *db); /* ERR_INVALID: the schema's change left a reference to nothing */
	void (*rollback)(struct db *db);
	const char *(*message)(struct db *db);            /* the database's own words on what failed last */
	err (*integrity)(struct db *db, struct why *why); /* read all of it and check it */
	err (*copy)(struct db *db, const char *path);     /* of one moment, into the empty file at path */
	void (*close)(struct db *db);                     /* frees it */
	err (*probe)(struct db *db, struct why *why);     /* could a write be done now? */

	/* NULL where the database is a file of this machine's: nobody is elsewhere. */
	void (*set_statement_timeout)(struct db *db);
	err (*ping)(struct db *db);
	err (*claim)(struct db *db, enum db_claim claim);
	err (*notify)(struct db *db, str text);
	err (*listen)(struct db *db);
	int (*listening_fd)(struct db *db);
	err (*read_notifications)(struct db *db, db_notified notified, void *context);
};

struct db {
	const struct db_ops *ops;
	bool guarded; /* db_guard */
};

/* All tables at the schema's head, those that are referred to before those that refer to them. */
struct store_table {
	const char *name, *key; /* the columns of its primary key */
};
extern const struct store_table store_tables[];
extern const size_t store_tables_count;

/* One statement that is not among the named queries: for migrations and the health check. */
MUST_USE err db_text(struct db *db, const char *text, const struct db_value *args, size_t n, db_each each,
		     void *context);

/* db_begin for another purpose than rows. */
MUST_USE err db_begin_for(struct db *db, enum db_purpose purpose, struct db_transaction *ret_t);

#endif
