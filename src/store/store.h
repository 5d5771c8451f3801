/*
 * Opens a database. Code above this interface knows only struct db.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "store/db.h"

enum store_mode {
	STORE_EXISTING, /* must exist */
	STORE_CREATE,   /* create it and its directory if missing */
};

/*
 * Open the database at an address: the path of a SQLite file, or postgresql://... (postgres://...) in libpq's form.
 * Does not prepare queries: the schema may be older. A PostgreSQL database must exist in either mode; it may be empty.
 * On failure nothing was created or changed. The message says what to do and holds no password.
 *
 * ERR_NOT_FOUND  does not exist (STORE_EXISTING)
 * ERR_DENIED     it or its directory cannot be created, read or written, or every user of the machine can read it
 * ERR_INVALID    not a file, or another program's database
 * ERR_CORRUPT    not a database
 * ERR_CONFIG     SQLite: text in UTF-16.  PostgreSQL: invalid URL, server too old, another program's tables, missing
 *                privilege, pooler mode
 * ERR_BUSY, ERR_AWAY, ERR_MEMORY
 *
 * Created files (also -wal and -shm) have mode 0600. A connection must be used by one thread only.
 */
MUST_USE err store_open(const char *address, enum store_mode mode, struct why *why, struct db **ret_db);

/*
 * Identity of the file at an address, used to detect a file that replaced the database. SQLite would take the
 * existing -wal for that of the new file, and later delete it. All zero for PostgreSQL, for NULL (a database in
 * memory), and for a missing file.
 */
struct store_identity {
	uint64_t device, file;
};
struct store_identity store_identity(const char *address);
bool store_identity_equal(const struct store_identity *a, const struct store_identity *b);

/* Can every named query be prepared? The schema must be the newest. ERR_CORRUPT: the message names the query. */
MUST_USE err store_understands(struct db *db, struct why *why);

/* Read and check the whole database: pages, indexes, references. ERR_CORRUPT with the finding. */
MUST_USE err store_integrity(struct db *db, struct why *why);

/* Write a consistent copy into the empty file at path, while other connections continue to write. */
MUST_USE err store_copy(struct db *db, const char *path, struct why *why);

#endif
