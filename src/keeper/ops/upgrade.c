#include "keeper/ops/upgrade.h"

#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "keeper/core/failure.h"
#include "keeper/keys/keys.h"
#include "keeper/ops/database.h"
#include "keeper/ops/draft.h"
#include "keeper/ops/lock.h"
#include "keeper/ops/upkeep.h"
#include "store/migrate.h"
#include "store/store.h"

#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BACKUPS_MAX = 99, COMPARE_BYTES = 64 * 1024 };

struct upgrade {
	const struct config *config;
	struct lock lock;
	struct db *db;
	int version;                   /* before the upgrade */
	char backup[DRAFT_PATH_BYTES]; /* "": none */
	bool backup_made;              /* by this upgrade */
};

static void
upgrade_end(struct upgrade *u)
{
	db_close(&u->db);
	lock_release(&u->lock);
}

/* --- the backup --------------------------------------------------------------------------------------------------- */

static err
upgrade_key_check(const struct config *config, struct db *db, struct why *why)
{
	CLEANUP(master_key_wipe) struct master_key master = { 0 };
	CLEANUP(keys_wipe) struct keys keys = { 0 };
	size_t rows = 0;

	TRY(master_key_read(config, why, &master));
	return keys_check(config, &master, db, why, &keys, &rows);
}

static err
upgrade_copy_check(const struct upgrade *u, const char *path, struct why *why)
{
	CLEANUP(db_close) struct db *db = NULL;
	int version = 0;

	TRY(store_open(path, STORE_EXISTING, why, &db));
	TRY(store_integrity(db, why));
	TRY(migrate_current(db, &version));
	if (version != u->version)
		return why_set(why, ERR_CORRUPT, "The copy is at migration %04d.", version);
	TRY(upkeep_schema(db, version, "The database", why));
	return upgrade_key_check(u->config, db, why);
}

static err
upgrade_backup_path(const struct upgrade *u, unsigned number, struct why *why, char path[DRAFT_PATH_BYTES])
{
	char copy[CONFIG_TEXT_MAX], more[8] = "";
	int n;

	snprintf(copy, sizeof(copy), "%s", u->config->database_path);
	if (number > 1)
		snprintf(more, sizeof(more), "-%u", number);
	n = snprintf(path, DRAFT_PATH_BYTES, "%s/before-%04d%s.sqlite", dirname(copy), u->version, more);
	return n > 0 && n < DRAFT_PATH_BYTES ? ERR_OK : why_set(why, ERR_TOO_LONG, "The path is too long.");
}

static bool
upgrade_same_bytes(const char *path, const char *other)
{
	static char bytes[2][COMPARE_BYTES]; /* one thread starts the server */
	CLEANUP(file_close) int fd = -1, other_fd = -1;
	struct why ignored = { 0 };
	ssize_t n, other_n;

	if (file_open(path, FILE_ANY, &ignored, &fd) != ERR_OK ||
	    file_open(other, FILE_ANY, &ignored, &other_fd) != ERR_OK)
		return false;
	do {
		n = sys_read(fd, bytes[0], COMPARE_BYTES);
		other_n = sys_read(other_fd, bytes[1], COMPARE_BYTES);
		if (n < 0 || n != other_n || !str_equal(str_bytes(bytes[0], (size_t)n), str_bytes(bytes[1], (size_t)n)))
			return false;
	} while (n > 0);
	return true;
}

/* Use the first name that is free, or that an interrupted upgrade gave to the same backup. */
static err
upgrade_backup_name(struct upgrade *u, struct draft *draft, struct why *why)
{
	char path[DRAFT_PATH_BYTES];

	for (unsigned number = 1; number <= BACKUPS_MAX; number++) {
		TRY(upgrade_backup_path(u, number, why, path));
		u->backup_made = access(path, F_OK) != 0;
		if (u->backup_made)
			TRY(draft_name(draft, path, why));
		else if (!upgrade_same_bytes(path, draft->path))
			continue;
		snprintf(u->backup, sizeof(u->backup), "%s", path);
		return ERR_OK;
	}
	return why_set(why, ERR_EXISTS, "The file %s and all further names exist.  Move old backups to another folder.",
		       path);
}

static err
upgrade_backup_fill(struct upgrade *u, struct draft *draft, struct why *why)
{
	TRY(store_copy(u->db, draft->path, why));
	TRY(upgrade_copy_check(u, draft->path, why));
	return upgrade_backup_name(u, draft, why);
}

static err
upgrade_backup(struct upgrade *u, struct why *why)
{
	CLEANUP(draft_drop) struct draft draft = { .made = false };
	char path[DRAFT_PATH_BYTES];
	err e;

	TRY(upgrade_backup_path(u, 1, why, path));
	TRY(draft_make_locked(path, why, &draft));
	e = upgrade_backup_fill(u, &draft, why);
	if (e != ERR_OK)
		draft_call(&draft, path, why);
	return e;
}

/*
 * Has a failed upgrade changed nothing? A commit that returned an error may still be in the file, and its connection
 * cannot tell. So read the file again with a new connection, while this process holds the lock.
 */
static bool
upgrade_changed_nothing(struct upgrade *u)
{
	struct why ignored = { 0 };
	int version = 0;

	if (u->config->database == DATABASE_POSTGRES)
		return true; /* upgrade_refuse says it if the commit may have arrived */
	db_close(&u->db);
	return database_open(u->config, &ignored, &u->db) == ERR_OK && migrate_current(u->db, &version) == ERR_OK &&
	       version == u->version;
}

/* The server may be started again many times: leave no backup of an unchanged database. */
static void
upgrade_backup_remove(const struct upgrade *u)
{
	if (u->backup_made)
		unlink(u->backup);
}

/* --- the upgrade -------------------------------------------------------------------------------------------------- */

static err
upgrade_refuse_busy(const struct upgrade *u, struct why *why)
{
	const char *advice = "Another server or command is using it.  Stop that one, or wait until it has finished.  "
			     "Then start this server again.";

	if (u->config->database == DATABASE_POSTGRES)
		advice = migrate_expands(u->version, migrate_head())
			     ? "Another node is running.  Run `doubletour db upgrade --rolling`, then start this node."
			     : "Another node is running.  Stop all nodes, then start them with the new version.";
	return why_set(
	    why, ERR_BUSY,
	    "The database %.200s is at migration %04d, but this program needs %04d.  Nothing was changed.  %s",
	    u->config->database_name, u->version, migrate_head(), advice);
}

/* Say first what the cause means, and what to do. */
static err
upgrade_refuse(const struct upgrade *u, err e, struct why *why)
{
	struct why cause = *why;

	if (cause.text[0] == '\0')
		(void)!why_set(&cause, e, "%s", failure_sentence(e));
	if (e == ERR_AWAY && u->config->database == DATABASE_POSTGRES) /* the last commit may have arrived */
		return why_set(why, e, "The upgrade of the database %.200s failed.  Start the server again.  %.300s",
			       u->config->database_name, cause.text);
	return why_set(
	    why, e,
	    "The database %.200s was not upgraded, and nothing was changed.  Remove the cause, then start the "
	    "server again.  %.300s",
	    u->config->database_name, cause.text);
}

static err
upgrade_refuse_unclear(const struct upgrade *u, err e, struct why *why)
{
	struct why cause = *why;

	return why_set(
	    why, e,
	    "The upgrade of the database %.150s failed, and perhaps changed it.  The backup %.150s is kept.  "
	    "Remove the cause, then start the server again.  %.200s",
	    u->config->database_name, u->backup, cause.text);
}

static err
upgrade_failed(struct upgrade *u, err e, struct why *why)
{
	if (!upgrade_changed_nothing(u))
		return upgrade_refuse_unclear(u, e, why);
	upgrade_backup_remove(u);
	return upgrade_refuse(u, e, why);
}

static err
upgrade_claim(struct upgrade *u, struct why *why)
{
	err e = lock_database(u->config, u->db, why, &u->lock);

	if (e == ERR_BUSY)
		return upgrade_refuse_busy(u, why);
	if (e == ERR_OK)
		e = migrate_current(u->db, &u->version); /* another start may have upgraded it */
	return e == ERR_OK ? e : upgrade_refuse(u, e, why);
}

static err
upgrade_prepare(struct upgrade *u, struct why *why)
{
	return u->config->database == DATABASE_SQLITE ? upgrade_backup(u, why)
						      : upgrade_key_check(u->config, u->db, why);
}

static err
upgrade_run(struct upgrade *u, struct why *why)
{
	err e = upgrade_prepare(u, why);

	if (e != ERR_OK)
		return upgrade_refuse(u, e, why);
	e = migrate_at_once(u->db, migrate_head(), NULL, NULL, why);
	if (e != ERR_OK)
		return upgrade_failed(u, e, why);
	log_event(LOG_NOTICE, "database.upgraded", LOG_INT("from", u->version), LOG_INT("to", migrate_head()),
		  LOG_TEXT("backup", u->backup));
	return ERR_OK;
}

static bool
upgrade_is_needed(const struct upgrade *u)
{
	return u->version < migrate_head();
}

err
upgrade_at_start(const struct config *config, struct why *why)
{
	CLEANUP(upgrade_end) struct upgrade u = { .config = config, .lock = { .fd = -1 } };
	err e;

	if (config->profile != PROFILE_PRODUCTION || config->database_upgrade != UPGRADE_AUTO)
		return ERR_OK;
	e = database_open_versioned(config, why, &u.db, &u.version);
	if (e == ERR_CORRUPT) { /* keeper_open says what to do */
		*why = (struct why){ .text = "" };
		return ERR_OK;
	}
	TRY(e);
	if (!upgrade_is_needed(&u))
		return ERR_OK;
	TRY(upgrade_claim(&u, why));
	return upgrade_is_needed(&u) ? upgrade_run(&u, why) : ERR_OK;
}
