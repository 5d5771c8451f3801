/*
 * Opening a database file.  What is above this knows a struct db only.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "store/db.h"

enum store_mode {
	STORE_EXISTING, /* it must be there */
	STORE_CREATE,   /* make it when it is not; its folder too */
};

/*
 * Open the SQLite database at path.  Nothing is prepared yet: the schema may be older.  ERR_NOT_FOUND, ERR_DENIED,
 * ERR_CORRUPT, ERR_AWAY with the sentence; nothing is made or changed then.
 */
MUST_USE err store_open(const char *path, enum store_mode mode, struct why *why, struct db **ret_db);

/* Prepare every named query: the schema must be at its head.  ERR_CORRUPT names the query that does not fit. */
MUST_USE err store_prepare(struct db *db, struct why *why);

/* Read the whole file and check it.  ERR_CORRUPT with what was found. */
MUST_USE err store_integrity(struct db *db, struct why *why);

#endif
