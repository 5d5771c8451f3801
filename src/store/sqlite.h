/*
 * What the two files of the SQLite driver share.  Nothing else includes it.
 */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "store/driver.h"
#include "store/store.h"

#include <sqlite3.h>
#include <stdatomic.h>

enum { SQLITE_PATH_BYTES = 4096 };

struct sqlite {
	struct db db; /* first */
	sqlite3 *handle;
	sqlite3_stmt *prepared[SQL_COUNT]; /* NULL until it is first needed */
	enum db_purpose purpose;           /* of the open transaction */
	bool dangling;                     /* the last one left a reference to nothing */
	sqlite3_stmt *begin, *commit,
	    *rollback;                   /* prepared at once: the last must be possible where there is no memory */
	bool stuck;                      /* a transaction could not be rolled back, and is still open */
	char *path;                      /* as it was opened */
	struct store_identity file, log; /* the database and its -wal, when they were opened */
	bool moved;                      /* they are not where they were, at the last look */
};

extern const struct db_ops sqlite_ops;

/* An extended result code as an err. */
err sqlite_error(int code);

/* Statements without parameters and without interest in their rows. */
MUST_USE err sqlite_exec(struct sqlite *s, const char *text);

void sqlite_close(struct db *db);

/* sqlite_health.c: remember which files are open; are they still in their place (ERR_AWAY: no)? */
void sqlite_files_note(struct sqlite *s);
MUST_USE err sqlite_files_check(struct sqlite *s);

/* A statement that may write ended with this result code. */
void sqlite_written(int code);

MUST_USE err sqlite_probe(struct db *db, struct why *why);

MUST_USE err sqlite_open(const char *path, enum store_mode mode, struct why *why, struct db **ret_db);

/* An empty database in memory: what migrations make is looked at there.  ERR_MEMORY, or what SQLite says. */
MUST_USE err sqlite_open_in_memory(struct db **ret_db);

#endif
