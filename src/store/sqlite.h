/*
 * Shared by the files of the SQLite driver. No other file includes it.
 */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "store/driver.h"
#include "store/sqlite_queue.h"
#include "store/store.h"

#include <sqlite3.h>
#include <stdatomic.h>

enum { SQLITE_PATH_BYTES = 4096, SQLITE_BUSY_US = 2000000 };

struct sqlite {
	struct db db; /* must be first */
	sqlite3 *handle;
	sqlite3_stmt *prepared[SQL_COUNT];       /* NULL until first use */
	enum db_purpose purpose;                 /* of the open transaction */
	bool dangling;                           /* the last transaction left a reference to a missing row */
	sqlite3_stmt *begin, *commit, *rollback; /* prepared on opening: rollback must work without memory */
	bool stuck;                              /* a transaction could not be rolled back and is still open */
	char *path;                              /* as passed to sqlite_open */
	struct store_identity file, log;         /* identity of the database and its -wal at opening */
	bool moved;                              /* at the last check, another file was in their place */
	int64_t waits_until_us;                  /* monotonic: when the current wait for a lock ends */
	struct sqlite_queue *queue;              /* of the writers; NULL: in memory, or not yet open */
	bool has_turn;                           /* to write: no other connection of this process writes */
};

extern const struct db_ops sqlite_ops;

/* Map an extended result code to err. */
err sqlite_error(int code);

/* Run statements without parameters and ignore their rows. */
MUST_USE err sqlite_exec(struct sqlite *s, const char *text);

void sqlite_close(struct db *db);

/* sqlite_health.c: record which files are open; check that they are still in place (ERR_AWAY if not). */
void sqlite_files_note(struct sqlite *s);
MUST_USE err sqlite_files_check(struct sqlite *s);

/* Record the result code of a statement that may write. */
void sqlite_written(int code);

MUST_USE err sqlite_probe(struct db *db, struct why *why);

MUST_USE err sqlite_open(const char *path, enum store_mode mode, struct why *why, struct db **ret_db);

/* Open an empty database in memory, to run migrations in. ERR_MEMORY, or SQLite's error. */
MUST_USE err sqlite_open_in_memory(struct db **ret_db);

#endif
