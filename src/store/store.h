/*
 * Opening a database.  What is above this knows a struct db only.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "store/db.h"

enum store_mode {
	STORE_EXISTING, /* it must be there */
	STORE_CREATE,   /* make it when it is not; its folder too */
};

/*
 * Open the database at an address: the path of a SQLite file, or postgresql://... (postgres://...) as libpq takes it.  Nothing
 * is prepared yet: the schema may be older.  A PostgreSQL database must be there whatever the mode; it may be empty.  On
 * failure nothing was made or changed, and the sentence, which holds no password, says what to do:
 *   ERR_NOT_FOUND  there is none (STORE_EXISTING)
 *   ERR_DENIED     it, or its folder, cannot be made, read or written; or every user of the machine could read it
 *   ERR_INVALID    not a file, or another program's database
 *   ERR_CORRUPT    not a database
 *   ERR_CONFIG     PostgreSQL: no address, too old a server, another program's tables, a missing right, a pooler's mode
 *   ERR_BUSY, ERR_AWAY, ERR_MEMORY
 * The files (-wal and -shm too) are 0600 when this made them.  One connection belongs to one thread.
 */
MUST_USE err store_open(const char *address, enum store_mode mode, struct why *why, struct db **ret_db);

/*
 * Which file stands at an address: looked at before opening, another one that took the place of a database is not opened.  SQLite
 * would take the -wal beside it for that file's, and delete it in the end.  All zero for PostgreSQL, for NULL (a database in
 * memory), and where there is none.
 */
struct store_identity {
	uint64_t device, file;
};
struct store_identity store_identity(const char *address);
bool store_identity_equal(const struct store_identity *a, const struct store_identity *b);

/* Can every named query be prepared?  The schema must be at its head.  ERR_CORRUPT names the query that does not fit. */
MUST_USE err store_understands(struct db *db, struct why *why);

/* Read the whole database and check it: pages, indexes, references.  ERR_CORRUPT with what was found. */
MUST_USE err store_integrity(struct db *db, struct why *why);

/* Write the database as it is at one moment into the empty file at path, while others go on writing to it. */
MUST_USE err store_copy(struct db *db, const char *path, struct why *why);

#endif
