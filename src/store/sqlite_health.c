/*
 * Health check of a SQLite database. Its files must be those that are open, the disk must have free space, and no other
 * program may hold the lock. After a failed write, a test write must succeed. After SQLite has reported damage, a full
 * check must find none.
 *
 * The check does not write to a healthy database, so an idle server leaves the disk idle.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { ROOM_BYTES = 64 * 1024 }; /* space for a few transactions in the write-ahead log */

/* --- the files ---------------------------------------------------------------------------------------------------- */

static struct store_identity
sqlite_health_identity_of_log(const struct sqlite *s)
{
	char path[SQLITE_PATH_BYTES];

	snprintf(path, sizeof(path), "%s-wal", s->path);
	return store_identity(path);
}

void
sqlite_files_note(struct sqlite *s)
{
	s->file = store_identity(s->path);
	s->log = sqlite_health_identity_of_log(s);
}

/*
 * Data written to a deleted or renamed file is lost at the next start, and two write-ahead logs for one file damage it.
 */
err
sqlite_files_check(struct sqlite *s)
{
	struct store_identity file = store_identity(s->path), log = sqlite_health_identity_of_log(s);

	s->moved = !store_identity_equal(&file, &s->file) || (s->log.file != 0 && !store_identity_equal(&log, &s->log));
	return s->moved ? ERR_AWAY : ERR_OK;
}

static err
sqlite_health_files_healthy(struct sqlite *s, struct why *why)
{
	if (sqlite_files_check(s) == ERR_OK)
		return ERR_OK;
	if (store_identity(s->path).file == 0)
		return why_set(
		    why, ERR_AWAY,
		    "The database %s is gone: its file was moved or deleted while the server was running.  Put it "
		    "back, or stop the server and restore a backup.",
		    s->path);
	return why_set(why, ERR_AWAY,
		       "The database %s, or its -wal, was replaced by another file.  Put the old file back, or restart "
		       "the server.",
		       s->path);
}

/* --- free space --------------------------------------------------------------------------------------------------- */

/* Some file systems do not report their size. */
static err
sqlite_health_room_healthy(const struct sqlite *s, struct why *why)
{
	struct statvfs fs;

	if (statvfs(s->path, &fs) != 0)
		return why_set(why, ERR_AWAY, "The file system of %s does not answer: %s.", s->path, strerror(errno));
	if ((fs.f_flag & ST_RDONLY) != 0)
		return why_set(why, ERR_AWAY, "The file system of %s is read-only.", s->path);
	fsblkcnt_t blocks = geteuid() == 0 ? fs.f_bfree : fs.f_bavail;
	if (fs.f_blocks != 0 && (uint64_t)blocks * fs.f_frsize < ROOM_BYTES)
		return why_set(why, ERR_AWAY, "The disk of %s is full.", s->path);
	return ERR_OK;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* A connection of this process failed to write, and no test write has succeeded since. */
static atomic_bool failed;
/* A connection of this process found damage, and no check has found the database intact since. */
static atomic_bool damaged;

void
sqlite_written(int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
		atomic_store(&failed, true);
		break;
	case SQLITE_CORRUPT:
		atomic_store(&damaged, true);
		break;
	default:
		break;
	}
}

/* Take the lock. After a failed write, also write one page: SQLite's user version, which Doubletour does not use. */
static err
sqlite_health_lock_and_write(struct sqlite *s)
{
	bool was_failed = atomic_load(&failed);
	err e;

	TRY(s->db.ops->begin(&s->db, DB_FOR_ROWS));
	e = was_failed ? sqlite_exec(s, "PRAGMA user_version = 0") : ERR_OK;
	if (e == ERR_OK && was_failed)
		e = s->db.ops->commit(&s->db);
	else
		s->db.ops->rollback(&s->db);
	if (e == ERR_OK)
		atomic_store(&failed, false);
	else
		s->db.ops->rollback(&s->db);
	return e;
}

static err
sqlite_health_damage_row(void *context, const struct db_value *row, size_t columns)
{
	(void)context;
	return columns == 1 && str_equal(row[0].bytes, STR("ok")) ? ERR_OK : ERR_CORRUPT;
}

/*
 * After reported damage, read the database up to the first error. A successful write proves nothing: intact pages can
 * be written even if others are damaged.
 */
static err
sqlite_health_pages_healthy(struct sqlite *s, struct why *why)
{
	err e = ERR_OK;

	if (atomic_exchange(&damaged, false))
		e = db_text(&s->db, "PRAGMA quick_check(1)", NULL, 0, sqlite_health_damage_row, NULL);
	if (e == ERR_OK)
		return e;
	atomic_store(&damaged, true);
	return why_set(why, e, "The database %s is damaged; `doubletour check` says where.  Restore a backup.",
		       s->path);
}

err
sqlite_probe(struct db *db, struct why *why)
{
	struct sqlite *s = (struct sqlite *)db;
	err e;

	TRY(sqlite_health_files_healthy(s, why));
	TRY(sqlite_health_room_healthy(s, why));
	e = sqlite_health_lock_and_write(s);
	if (e == ERR_BUSY)
		return why_set(why, e, "The database %s is locked by another program.", s->path);
	if (e != ERR_OK)
		return why_set(why, e, "The database %s cannot be written: %s.", s->path, db->ops->message(db));
	return sqlite_health_pages_healthy(s, why);
}
