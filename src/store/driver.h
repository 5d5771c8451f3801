/*
 * Interface of a database driver. All code above the drivers is written once, on this interface.
 */
#ifndef STORE_DRIVER_H
#define STORE_DRIVER_H

#include "store/db.h"

enum { DB_COLUMNS_MAX = 48 };

/*
 * Purpose of a transaction. DB_FOR_SCHEMA may drop and recreate tables: references are checked before the commit.
 * DB_FOR_COPY may pause for long between two statements.
 */
enum db_purpose { DB_FOR_ROWS = 0, DB_FOR_SCHEMA, DB_FOR_COPY };

struct db_ops {
	enum sql_dialect dialect;
	/*
	 * Run a named query (query >= 0), or one statement of text (query < 0). each may be NULL. If ret_changed is not
	 * NULL, it is set to the number of rows inserted, changed or deleted. A named query is prepared on first use
	 * and kept.
	 */
	err (*step)(struct db *db, int query, const char *text, const struct db_value *args, size_t n, db_each each,
		    void *context, int64_t *ret_changed);
	err (*understands)(struct db *db, struct why *why); /* prepares all of sql_queries */
	err (*begin)(struct db *db, enum db_purpose purpose);
	err (*commit)(struct db *db); /* ERR_INVALID: the schema change left a reference to a missing row */
	void (*rollback)(struct db *db);
	const char *(*message)(struct db *db);            /* the database's message about the last error */
	err (*integrity)(struct db *db, struct why *why); /* read and check the whole database */
	err (*copy)(struct db *db, const char *path);     /* write a consistent copy into the empty file at path */
	void (*close)(struct db *db);                     /* also frees db */
	err (*probe)(struct db *db, struct why *why);     /* can the database be written now? */

	/* NULL where each statement has a short time limit. */
	void (*abandon_when)(struct db *db, const atomic_bool *ending);

	/* NULL where the database is a local file, which no other node uses. */
	err (*set_statement_timeout)(struct db *db, int timeout_ms);
	err (*ping)(struct db *db);
	err (*claim)(struct db *db, enum db_claim claim);
	err (*enter_queue)(struct db *db, int64_t queue); /* outside a transaction; see db_retry */
	void (*leave_queue)(struct db *db);               /* does nothing outside a queue */
	err (*notify)(struct db *db, str text);
	err (*listen)(struct db *db);
	int (*listening_fd)(struct db *db);
	err (*read_notifications)(struct db *db, db_notified notified, void *context);
};

struct db {
	const struct db_ops *ops;
	bool guarded; /* see db_guard */
};

/* All tables of the newest schema, each after the tables that it refers to. */
struct store_table {
	const char *name, *key; /* key: columns of the primary key */
};
extern const struct store_table store_tables[];
extern const size_t store_tables_count;

/* Run one statement that is not a named query: for migrations and the health check. */
MUST_USE err db_text(struct db *db, const char *text, const struct db_value *args, size_t n, db_each each,
		     void *context);

/* db_begin with a purpose. */
MUST_USE err db_begin_for(struct db *db, enum db_purpose purpose, struct db_transaction *ret_t);

#endif
