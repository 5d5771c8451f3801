/*
 * Opens a SQLite database. WAL mode with synchronous=FULL: a transaction is on disk when COMMIT returns. A refused file
 * stays unchanged, and files created by a failed attempt are removed.
 */
#include "store/sqlite.h"
#include "store/sqlite_faults.h"
#include "store/store.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_MS = 10, LOCK_PAUSE_US = 500, PATH_BYTES = SQLITE_PATH_BYTES };

/*
 * Busy handler, for locks of other processes: connections of this one wait in the queue. SQLite's default handler
 * sleeps up to 100 ms between attempts, but our transactions take about 1 ms. This one retries more often. It reads the
 * clock, because on a busy machine a short sleep can take much longer. The time in the queue counts.
 */
static int
sqlite_open_wait_for_lock(void *context, int looks)
{
	static const struct timespec pause = { .tv_nsec = LOCK_PAUSE_US * 1000L };

	struct sqlite *s = context;

	if (looks == 0 && !s->has_turn)
		s->waits_until_us = clock_monotonic_us() + SQLITE_BUSY_US;
	else if (clock_monotonic_us() >= s->waits_until_us)
		return 0;
	nanosleep(&pause, NULL);
	return 1;
}

/* --- the library -------------------------------------------------------------------------------------------------- */

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* SQLite's statistics of memory take a lock at each allocation, so that threads wait.  Nothing reads them. */
static void
sqlite_open_configure(void)
{
	(void)!sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* --- the connection ----------------------------------------------------------------------------------------------- */

/* Set before the file is read: a tampered file must not run functions, and SQLite checks its cells. */
static const char before_reading[] = "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON";

/* Limit the journal's size, keep temporary tables off the disk, and overwrite deleted data, which may be secret. */
static const char once_ours[] = "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; "
				"PRAGMA secure_delete=ON; PRAGMA journal_size_limit=67108864";

static err
sqlite_open_not_usable(struct sqlite *s, const char *path, err e, struct why *why)
{
	int system_error = sqlite3_system_errno(s->handle);

	if (e == ERR_CORRUPT)
		return why_set(why, e,
			       "%s is damaged, or is not a Doubletour database.  Restore a backup, or name another "
			       "file with DATABASE_URL.",
			       path);
	if (e == ERR_BUSY)
		return why_set(
		    why, e, "The database %s is locked by another program.  Stop that program, then try again.", path);
	if (system_error == ENOSPC)
		return why_set(why, e, "The disk of the database %s is full.  Free space, then try again.", path);
	return why_set(
	    why, e,
	    "The database %s cannot be used: %s%s%s.  The user that runs doubletour must be able to read and "
	    "write it and its folder.",
	    path, sqlite3_errmsg(s->handle), system_error != 0 ? ": " : "",
	    system_error != 0 ? strerror(system_error) : "");
}

struct contents {
	int64_t tables, ours;
	bool utf8;
};

static err
sqlite_open_contents_row(void *context, const struct db_value *row, size_t columns)
{
	*(struct contents *)context = (struct contents){ row[0].number, row[1].number, row[2].number != 0 };
	return ERR_OK;
}

/* The first statement that reads the file. Is it a database, and is it ours or still empty? */
static err
sqlite_open_contents_check(struct sqlite *s, const char *path, struct why *why)
{
	static const char query[] = "SELECT count(*), count(*) FILTER (WHERE name = 'schema_migrations'), "
				    "(SELECT encoding = 'UTF-8' FROM pragma_encoding) FROM sqlite_schema";
	struct contents contents = { 0 };
	err e = db_text(&s->db, query, NULL, 0, sqlite_open_contents_row, &contents);

	if (e != ERR_OK)
		return sqlite_open_not_usable(s, path, e, why);
	if (contents.tables > 0 && contents.ours == 0)
		return why_set(why, ERR_INVALID,
			       "%s is another program's database; nothing in it was changed.  Name a file for "
			       "Doubletour alone with DATABASE_URL.",
			       path);
	if (!contents.utf8)
		return why_set(why, ERR_CONFIG,
			       "The database %s stores text in UTF-16, and this program needs UTF-8.  Write it to a "
			       "new file: `sqlite3 FILE .dump | sqlite3 NEW`.",
			       path);
	return ERR_OK;
}

/* SQLite silently opens a write-protected file read-only. */
static err
sqlite_open_writable_check(struct sqlite *s, const char *path, struct why *why)
{
	if (sqlite3_db_readonly(s->handle, "main") == 0)
		return ERR_OK;
	return why_set(why, ERR_DENIED,
		       "The database %s can be read but not written.  The user that runs doubletour must be able to "
		       "write it and its folder.",
		       path);
}

static err
sqlite_open_privacy_check(const char *path, struct why *why)
{
	struct stat status;

	if (stat(path, &status) == 0 && (status.st_mode & S_IRWXO) == 0)
		return ERR_OK;
	return why_set(why, ERR_DENIED,
		       "The database %s can be read by every user of this machine.  Run `chmod 600 %s`.", path, path);
}

static err
sqlite_open_is_wal(void *context, const struct db_value *row, size_t columns)
{
	*(bool *)context = columns == 1 && str_equal(row[0].bytes, STR("wal"));
	return ERR_OK;
}

/* When two processes open a new file, both change its journal mode, and SQLite does not wait for that lock. */
static err
sqlite_open_wal_on(struct sqlite *s, const char *path, struct why *why)
{
	int64_t until_us = clock_monotonic_us() + SQLITE_BUSY_US;
	bool wal = false;
	err e;

	while ((e = db_text(&s->db, "PRAGMA journal_mode=WAL", NULL, 0, sqlite_open_is_wal, &wal)) == ERR_BUSY &&
	       clock_monotonic_us() < until_us)
		poll(NULL, 0, PAUSE_MS);
	if (e != ERR_OK)
		return sqlite_open_not_usable(s, path, e, why);
	if (!wal)
		return why_set(
		    why, ERR_AWAY,
		    "The file system of %s cannot share memory between processes, as a network drive cannot.  "
		    "Put the database on a local disk.",
		    path);
	return ERR_OK;
}

static err
sqlite_open_prepare(struct sqlite *s, const char *text, sqlite3_stmt **ret_statement)
{
	return sqlite_error(sqlite3_prepare_v3(s->handle, text, -1, SQLITE_PREPARE_PERSISTENT, ret_statement, NULL));
}

static err
sqlite_open_transactions_prepare(struct sqlite *s)
{
	TRY(sqlite_open_prepare(s, "BEGIN IMMEDIATE", &s->begin));
	TRY(sqlite_open_prepare(s, "COMMIT", &s->commit));
	return sqlite_open_prepare(s, "ROLLBACK", &s->rollback);
}

static err
sqlite_open_handle_set_up(struct sqlite *s, const char *path, struct why *why)
{
	err e;

	sqlite3_busy_handler(s->handle, sqlite_open_wait_for_lock, s);
	sqlite3_db_config(s->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	e = sqlite_exec(s, before_reading);
	if (e != ERR_OK)
		return sqlite_open_not_usable(s, path, e, why);
	TRY(sqlite_open_contents_check(s, path, why));
	TRY(sqlite_open_writable_check(s, path, why));
	TRY(sqlite_open_privacy_check(path, why));
	e = sqlite_exec(s, once_ours);
	if (e == ERR_OK)
		e = sqlite_open_transactions_prepare(s);
	if (e != ERR_OK)
		return sqlite_open_not_usable(s, path, e, why);
	return sqlite_open_wal_on(s, path, why); /* last: the first write to a new file */
}

/* Follows symbolic links: a parent directory may be a link to another disk. */
static err
sqlite_open_handle_open(struct sqlite *s, const char *path, struct why *why)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
	int code;

	pthread_once(&once, sqlite_open_configure);
	sqlite_faults_install();
	code = sqlite3_open_v2(path, &s->handle, flags, NULL);

	if (s->handle == NULL)
		return why_set(why, ERR_MEMORY, "There is not enough memory to open the database.");
	if (code != SQLITE_OK)
		return sqlite_open_not_usable(s, path, sqlite_error(code), why);
	return sqlite_open_handle_set_up(s, path, why);
}

/* The identity of the open file cannot be learned if its path is gone: the health check would never find it again. */
static err
sqlite_open_files_note(struct sqlite *s, struct why *why)
{
	sqlite_files_note(s);
	if (s->file.file == 0)
		return why_set(why, ERR_AWAY,
			       "The database %s is gone: its file was moved or deleted while it was opened.", s->path);
	if (sqlite_queue_join(&s->file, &s->queue) == ERR_OK)
		return ERR_OK;
	return why_set(why, ERR_MEMORY, "There is not enough memory to open the database.");
}

static err
sqlite_open_connection_new(const char *path, struct why *why, struct db **ret_db)
{
	struct sqlite *s = mem_new(sizeof(*s));
	err e;

	if (s == NULL)
		return why_set(why, ERR_MEMORY, "There is not enough memory to open the database.");
	s->db.ops = &sqlite_ops;
	s->path = mem_new(strlen(path) + 1);
	if (s->path == NULL) {
		sqlite_close(&s->db);
		return why_set(why, ERR_MEMORY, "There is not enough memory to open the database.");
	}
	memcpy(s->path, path, strlen(path));
	e = sqlite_open_handle_open(s, path, why);
	if (e == ERR_OK)
		e = sqlite_open_files_note(s, why);
	if (e == ERR_OK)
		*ret_db = &s->db;
	else
		sqlite_close(&s->db);
	return e;
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

/* Files that this process created for the database, to be removed if opening fails. */
struct made {
	bool folder, file;
};

static const char *
sqlite_open_folder_of(const char *path, char copy[PATH_BYTES])
{
	snprintf(copy, PATH_BYTES, "%s", path);
	return dirname(copy);
}

static err
sqlite_open_folder_make(const char *path, struct made *made, struct why *why)
{
	char copy[PATH_BYTES];
	const char *folder = sqlite_open_folder_of(path, copy);

	made->folder = mkdir(folder, 0700) == 0;
	if (made->folder || errno == EEXIST)
		return ERR_OK;
	return why_set(why, ERR_DENIED,
		       "The folder %s cannot be created: %s.  Create it, or set DATA_DIR to another folder.", folder,
		       strerror(errno));
}

/* Create the empty file with mode 0600, whatever the umask. SQLite gives -wal and -shm the same mode. */
static err
sqlite_open_file_make(const char *path, struct made *made, struct why *why)
{
	int fd;

	TRY(sqlite_open_folder_make(path, made, why));
	fd = sys_open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	made->file = fd >= 0;
	if (fd >= 0)
		close(fd);
	else if (errno != EEXIST)
		return why_set(why, ERR_DENIED,
			       "The database %s cannot be created: %s.  The user that runs doubletour must be able to "
			       "write its folder.  DATA_DIR sets the folder.",
			       path, strerror(errno));
	return ERR_OK;
}

/* Remove the file only while it is empty: another process may have created a database in it. */
static void
sqlite_open_unmake(const char *path, const struct made *made)
{
	char copy[PATH_BYTES];
	struct stat status;

	if (made->file && stat(path, &status) == 0 && status.st_size == 0)
		unlink(path);
	if (made->folder)
		rmdir(sqlite_open_folder_of(path, copy));
}

static err
sqlite_open_file_check(const char *path, struct why *why)
{
	struct stat status;

	if (stat(path, &status) == 0) {
		if (S_ISREG(status.st_mode))
			return ERR_OK;
		return why_set(why, ERR_INVALID, "%s is not a file.  DATABASE_URL must name a file.", path);
	}
	if (errno == ENOENT)
		return why_set(why, ERR_NOT_FOUND, "There is no database at %s.", path);
	return why_set(why, ERR_DENIED,
		       "The database %s cannot be reached: %s.  The user that runs doubletour must be able to enter "
		       "its folder.",
		       path, strerror(errno));
}

err
sqlite_open(const char *path, enum store_mode mode, struct why *why, struct db **ret_db)
{
	struct made made = { 0 };
	err e = ERR_OK;

	if (mode == STORE_CREATE)
		e = sqlite_open_file_make(path, &made, why);
	if (e == ERR_OK)
		e = sqlite_open_file_check(path, why);
	if (e == ERR_OK)
		e = sqlite_open_connection_new(path, why, ret_db);
	if (e != ERR_OK)
		sqlite_open_unmake(path, &made);
	return e;
}

/* --- in memory ---------------------------------------------------------------------------------------------------- */

static err
sqlite_open_memory_set_up(struct sqlite *s)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

	TRY(sqlite_error(sqlite3_open_v2(":memory:", &s->handle, flags, NULL)));
	TRY(sqlite_exec(s, once_ours));
	return sqlite_open_transactions_prepare(s);
}

err
sqlite_open_in_memory(struct db **ret_db)
{
	struct sqlite *s = mem_new(sizeof(*s));
	err e;

	if (s == NULL)
		return ERR_MEMORY;
	s->db.ops = &sqlite_ops;
	e = sqlite_open_memory_set_up(s);
	if (e == ERR_OK)
		*ret_db = &s->db;
	else
		sqlite_close(&s->db);
	return e;
}
