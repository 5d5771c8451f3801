/*
 * Makes and restores backups of a SQLite database. A file gets its final name only after all checks have passed.
 */
#include "keeper/ops/upkeep.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/sys.h"
#include "config/volume.h"
#include "keeper/core/audit.h"
#include "keeper/core/failure.h"
#include "keeper/keys/keys.h"
#include "keeper/ops/draft.h"
#include "keeper/ops/lock.h"
#include "store/migrate.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = DRAFT_PATH_BYTES, COPY_BYTES = 16 * 1024 * 1024 };

/* The server's settings with another database file. */
static struct config
backup_with_database(const struct config *config, const char *path)
{
	struct config other = *config;

	snprintf(other.database_path, sizeof(other.database_path), "%s", path);
	snprintf(other.database_name, sizeof(other.database_name), "%s", path);
	return other;
}

/* A restore fails on any finding: the restored database must be intact. */
static err
backup_is_whole(const struct upkeep_findings *findings, const char *source, struct why *why)
{
	if (findings->unreadable == 0 && findings->bad_name == 0 && findings->unknown_objects == 0)
		return ERR_OK;
	return why_set(why, ERR_CORRUPT,
		       "%.200s cannot be restored: secrets that the key cannot decrypt: %" PRId64
		       "; names that cannot be typed: %" PRId64 "; objects that Doubletour does not create: %" PRId64
		       ".  Nothing was changed.",
		       source, findings->unreadable, findings->bad_name, findings->unknown_objects);
}

static err
backup_is_file(const struct config *config, struct why *why)
{
	if (config->database == DATABASE_SQLITE)
		return ERR_OK;
	return why_set(why, ERR_CONFIG,
		       "This command is for SQLite databases.  For PostgreSQL, use pg_dump and pg_restore, or copy the "
		       "database to a "
		       "SQLite file with `doubletour db copy`.");
}

/* --- making a backup ---------------------------------------------------------------------------------------------- */

static err
backup_copy_check(const struct config *config, const char *path, struct why *why, struct upkeep_findings *findings)
{
	CLEANUP(db_close) struct db *db = NULL;
	struct config copy = backup_with_database(config, path);
	err e = upkeep_open(&copy, why, &db);

	if (e == ERR_OK)
		e = upkeep_check(&copy, db, NULL, NULL, why, findings);
	config_wipe(&copy);
	return e;
}

static err
backup_copy_make(const struct config *config, const char *path, struct why *why)
{
	CLEANUP(db_close) struct db *db = NULL;

	TRY(upkeep_open(config, why, &db));
	TRY(audit_write_command(db, AUDIT_ADMIN_BACKUP, 0, REASON_ASKED));
	return store_copy(db, path, why);
}

static err
backup_into(const struct config *config, struct draft *draft, const char *target, struct why *why,
	    struct upkeep_findings *ret_findings)
{
	TRY(backup_copy_make(config, draft->path, why));
	TRY(backup_copy_check(config, draft->path, why, ret_findings));
	return draft_name(draft, target, why);
}

/* For the metrics. Best effort: the backup is complete. */
static void
backup_record(const struct config *config)
{
	CLEANUP(db_close) struct db *db = NULL;
	struct why ignored = { 0 };

	if (upkeep_open(config, &ignored, &db) == ERR_OK)
		(void)!audit_write_command(db, AUDIT_ADMIN_BACKED_UP, 0, REASON_ASKED);
}

err
upkeep_backup(const struct config *config, const char *target, struct why *why, struct upkeep_findings *ret_findings)
{
	CLEANUP(draft_drop) struct draft draft = { .made = false };
	err e;

	TRY(backup_is_file(config, why));
	if (access(target, F_OK) == 0)
		return why_set(why, ERR_EXISTS, "The file %s already exists.  Give the backup another name.", target);
	TRY(draft_make(target, why, &draft));
	e = backup_into(config, &draft, target, why, ret_findings);
	if (e == ERR_OK)
		backup_record(config);
	else
		draft_call(&draft, target, why);
	return e;
}

/* --- restoring a backup ------------------------------------------------------------------------------------------- */

/* Copy the size at opening: a file that grows during the copy is cut there. */
static err
backup_copy_bytes(int from, off_t size, int to, struct why *why)
{
	ssize_t n = 1;

	while (size > 0 && n > 0) {
		n = sendfile(to, from, NULL, (size_t)(size < COPY_BYTES ? size : COPY_BYTES));
		size -= n > 0 ? n : 0;
	}
	return n >= 0 ? ERR_OK : why_set(why, ERR_IO, "The backup cannot be copied: %s.", strerror(errno));
}

/* Check the SQLite header before copying a file of any size. */
static err
backup_source_check(int fd, const char *source, off_t *ret_size, struct why *why)
{
	static const char magic[] = "SQLite format 3"; /* with its NUL; SQLite, "Database File Format", 1.3.1 */
	char begin[sizeof(magic)] = "";
	struct stat status;

	if (fstat(fd, &status) != 0 || pread(fd, begin, sizeof(begin), 0) < 0)
		return why_set(why, ERR_IO, "The backup %s cannot be read: %s.", source, strerror(errno));
	if (!str_equal(str_bytes(begin, sizeof(begin)), str_bytes(magic, sizeof(magic))))
		return why_set(why, ERR_INVALID,
			       "%s is not a backup: it is not an SQLite database.  Nothing was changed.", source);
	*ret_size = status.st_size;
	return ERR_OK;
}

/* Copy bytes only, because opening the database would write to it. */
static err
backup_take_copy(const char *source, const char *path, struct why *why)
{
	CLEANUP(file_close) int from = -1, to = -1;
	char wal[PATH_BYTES + 8];
	struct stat status;
	off_t size = 0;

	TRY(file_open(source, FILE_ANY, why, &from));
	TRY(backup_source_check(from, source, &size, why));
	snprintf(wal, sizeof(wal), "%s-wal", source);
	if (stat(wal, &status) == 0 && status.st_size > 0)
		return why_set(why, ERR_INVALID,
			       "%s exists beside %s: this is a database in use, not a backup.  Make one with "
			       "`doubletour backup`.",
			       wal, source);
	to = sys_open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0);
	if (to < 0)
		return why_set(why, ERR_IO, "The file %s cannot be written: %s.", path, strerror(errno));
	return backup_copy_bytes(from, size, to, why);
}

/* End the sessions, links and challenges of the backup: they must not become valid again. */
static err
backup_end_what_was(struct db *db)
{
	CLEANUP(db_rollback_unless_done) struct db_transaction t = { 0 };
	int64_t now_us = 0;

	TRY(clock_now_us(&now_us));
	const struct db_value now[] = { DB_INT(now_us) };
	TRY(db_begin(db, &t));
	TRY(db_run(db, SQL_UPKEEP_SESSIONS_END, NULL, 0, NULL));
	TRY(db_run(db, SQL_UPKEEP_LINKS_END, NULL, 0, NULL));
	TRY(db_run(db, SQL_UPKEEP_CHALLENGES_END, now, COUNT(now), NULL));
	TRY(audit_write_command(db, AUDIT_ADMIN_RESTORED, 0, REASON_ASKED));
	return db_commit(&t);
}

static err
backup_bring_up_to_date(const char *path, const char *source, struct why *why)
{
	CLEANUP(db_close) struct db *db = NULL;
	int version = 0;
	err e = store_open(path, STORE_EXISTING, why, &db);

	if (e == ERR_CORRUPT || e == ERR_INVALID)
		return why_set(why, e, "%s is not a Doubletour backup, or it is damaged.  Nothing was changed.",
			       source);
	TRY(e);
	TRY(store_integrity(db, why));
	TRY(migrate_check(db, why));
	TRY(migrate_current(db, &version));
	if (version == 0)
		return why_set(why, ERR_INVALID, "The backup %s is empty.", source);
	TRY(upkeep_schema(db, version, source, why)); /* before migrating: a trigger would run during the migration */
	TRY(migrate_to(db, migrate_head(), NULL, NULL, why));
	TRY(store_understands(db, why));
	e = backup_end_what_was(db);
	return failure_explain(db, e, "The copy of the backup cannot be written.", why);
}

/* Let SQLite write the rest of its log into the file. A file that is too damaged for this is set aside as it is. */
static void
backup_settle(const char *path)
{
	struct why ignored = { 0 };
	struct db *db = NULL;

	if (store_open(path, STORE_EXISTING, &ignored, &db) == ERR_OK)
		db_close(&db);
}

/* A database file and the files that SQLite keeps beside it. */
static const char *const suffixes[] = { "", "-wal", "-shm" };

static bool
backup_move(const char *path, const char *suffix, const char *target)
{
	char from[PATH_BYTES + 8], to[PATH_BYTES + 8];

	snprintf(from, sizeof(from), "%s%s", path, suffix);
	snprintf(to, sizeof(to), "%s%s", target, suffix);
	return rename(from, to) == 0 || errno == ENOENT;
}

static void
backup_put_back(const char *aside, const char *path)
{
	for (size_t i = 0; i < COUNT(suffixes); i++)
		(void)backup_move(aside, suffixes[i], path); /* the message reports the failure that led here */
}

static err
backup_set_aside(const char *path, struct why *why, char *ret_aside, size_t size)
{
	int64_t now_us = 0;
	time_t now;
	struct tm tm = { 0 };
	char stamp[32];

	backup_settle(path);
	if (clock_now_us(&now_us) != ERR_OK)
		return why_set(why, ERR_IO,
			       "The clock cannot be read, and the new name of the old file contains the time.");
	now = (time_t)(now_us / 1000000);
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(ret_aside, size, "%s.before-%s", path, stamp);
	for (size_t i = 0; i < COUNT(suffixes); i++)
		if (!backup_move(path, suffixes[i], ret_aside)) {
			(void)why_set(why, ERR_IO, "%s%s cannot be renamed: %s.", path, suffixes[i], strerror(errno));
			backup_put_back(ret_aside, path);
			return ERR_IO;
		}
	return ERR_OK;
}

/* Then the database's check of the key has its own message. */
static bool
backup_rotation_begun(const struct config *config)
{
	CLEANUP(master_key_wipe) struct master_key next = { .n = 0 };
	struct why ignored = { "" };

	return master_key_new_read(config, &ignored, &next) != ERR_OK || next.n != 0;
}

static err
backup_refuse_key(const struct master_key *master, struct why *why)
{
	if (master->n == 0)
		return why_set(
		    why, ERR_CONFIG,
		    "There is no key file %s.  Copy the key of the backup there, with mode 600, and with the "
		    "owner of DATA_DIR as its owner.  Then restore again.  Nothing was changed.",
		    master->path);
	return why_set(why, ERR_CONFIG,
		       "The backup was made with another master key, which is needed to decrypt its secrets.  "
		       "`doubletour rotate-key` keeps the old key as doubletour.key.ID.  Rename it to "
		       "doubletour.key, restore, then run `doubletour rotate-key`.");
}

static err
backup_check(const struct config *config, const char *path, struct why *why, struct upkeep_findings *findings)
{
	CLEANUP(master_key_wipe) struct master_key master = { .n = 0 };
	err e;

	TRY(master_key_read(config, why, &master));
	if (backup_rotation_begun(config))
		return backup_copy_check(config, path, why, findings);
	e = backup_copy_check(config, path, why, findings);
	return e == ERR_CONFIG ? backup_refuse_key(&master, why) : e;
}

/* All steps before the database is changed. */
static err
backup_draft_fill(const struct config *config, struct draft *draft, const char *source, struct why *why,
		  struct upkeep_findings *findings)
{
	err e = backup_take_copy(source, draft->path, why);

	if (e == ERR_OK)
		e = backup_bring_up_to_date(draft->path, source, why);
	if (e == ERR_OK)
		e = backup_check(config, draft->path, why, findings);
	if (e == ERR_OK)
		e = backup_is_whole(findings, source, why);
	if (e != ERR_OK)
		draft_call(draft, source, why);
	return e;
}

static err
backup_restore_into(const struct config *config, const char *source, bool exists, struct why *why,
		    struct upkeep_restored *restored)
{
	CLEANUP(draft_drop) struct draft draft = { .made = false };
	err e;

	TRY(draft_make(config->database_path, why, &draft));
	TRY(backup_draft_fill(config, &draft, source, why, &restored->findings));
	if (exists)
		TRY(backup_set_aside(config->database_path, why, restored->aside, sizeof(restored->aside)));
	e = draft_name(&draft, config->database_path, why);
	if (e != ERR_OK)
		draft_call(&draft, config->database_path, why);
	if (e != ERR_OK && exists)
		backup_put_back(restored->aside, config->database_path);
	return e;
}

err
upkeep_restore(const struct config *config, const char *source, bool replace, struct why *why,
	       struct upkeep_restored *ret_restored)
{
	CLEANUP(lock_release) struct lock lock = { .fd = -1 };
	bool exists = access(config->database_path, F_OK) == 0;

	*ret_restored = (struct upkeep_restored){ .aside = "" };
	TRY(file_check(source, why));
	TRY(backup_is_file(config, why));
	TRY(volume_check(config, why));
	if (exists && !replace)
		return why_set(why, ERR_EXISTS,
			       "The database %s already exists.  With --replace it is renamed, not deleted.",
			       config->database_path);
	TRY(lock_take(config, LOCK_ALONE, why, &lock));
	return backup_restore_into(config, source, exists, why, ret_restored);
}
