/*
 * `doubletour db copy`: copies one database into another of the same or the other kind.
 */
#include "base/digest.h"
#include "keeper/core/audit.h"
#include "keeper/core/failure.h"
#include "keeper/ops/lock.h"
#include "keeper/ops/upkeep.h"
#include "store/migrate.h"
#include "store/store.h"

#include <libgen.h>
#include <stdio.h>
#include <unistd.h>

/* The target of a copy. A file created for the copy is removed if the copy fails. */
struct made {
	const char *path; /* NULL: no file was created, or it is to be kept */
	struct db *db;
};

static void
db_copy_made_end(struct made *made)
{
	char beside[CONFIG_TEXT_MAX + 8];

	db_close(&made->db);
	if (made->path == NULL)
		return;
	unlink(made->path);
	snprintf(beside, sizeof(beside), "%s-wal", made->path);
	unlink(beside);
	snprintf(beside, sizeof(beside), "%s-shm", made->path);
	unlink(beside);
}

/* Take the lock of the server that uses this file. It is in DATA_DIR, by default the directory of the file. */
static err
db_copy_file_claim(const struct config *settings, const struct config *source, struct why *why, struct lock *lock)
{
	struct config other = *settings;
	char path[CONFIG_TEXT_MAX];
	err e;

	if (strcmp(settings->database_path, source->database_path) != 0) {
		snprintf(path, sizeof(path), "%s", source->database_path);
		snprintf(other.data_dir, sizeof(other.data_dir), "%s", dirname(path));
	}
	e = access(other.data_dir, F_OK) == 0 ? lock_take(&other, LOCK_ALONE, why, lock) : ERR_OK;
	config_wipe(&other);
	return e;
}

/* Two paths may name one file, through a link. */
static bool
db_copy_is_same(const struct config *source, const struct config *target)
{
	const struct store_identity a = store_identity(source->database_path),
				    b = store_identity(target->database_path);

	return strcmp(source->database_path, target->database_path) == 0 ||
	       (a.file != 0 && store_identity_equal(&a, &b));
}

/* A source that was named by its address does not come from the settings. */
static err
db_copy_source_open(const struct upkeep_copying *copying, struct why *why, struct db **ret_db)
{
	err e = upkeep_open(copying->source, why, ret_db);

	if (e != ERR_NOT_FOUND || strcmp(copying->source->database_path, copying->settings->database_path) == 0)
		return e;
	return why_set(why, e, "There is no database at %s.", copying->source->database_name);
}

static err
db_copy_target_open(const struct config *target, struct why *why, struct made *made)
{
	bool makes = target->database == DATABASE_SQLITE && access(target->database_path, F_OK) != 0;

	TRY(store_open(target->database_path, STORE_CREATE, why, &made->db));
	made->path = makes ? target->database_path : NULL;
	TRY(lock_claim(target, made->db, why));
	TRY(migrate_check(made->db, why));
	TRY(migrate_to(made->db, migrate_head(), NULL, NULL, why));
	return store_understands(made->db, why);
}

static err
db_copy_run(const struct copy_end *from, const struct copy_end *to, const struct upkeep_copying *copying,
	    struct why *why, int64_t *ret_rows)
{
	CLEANUP(db_rollback_unless_done) struct db_transaction t = { 0 };
	char begin[300];
	err e;

	TRY(copy_all(from, to, copying->report, copying->context, why, &t, ret_rows));
	e = audit_write_command(to->db, AUDIT_ADMIN_COPIED, 0, REASON_ASKED);
	if (e == ERR_OK)
		e = db_commit(&t);
	snprintf(begin, sizeof(begin), "%.200s cannot be written.", to->name);
	return failure_explain(NULL, e, begin, why);
}

err
upkeep_copy(const struct upkeep_copying *copying, struct why *why, int64_t *ret_rows)
{
	CLEANUP(lock_release) struct lock lock = { .fd = -1 };
	CLEANUP(db_close) struct db *from = NULL;
	CLEANUP(db_copy_made_end) struct made made = { 0 };
	struct copy_end source = { NULL, copying->source->database_name };
	struct copy_end target = { NULL, copying->target->database_name };

	if (db_copy_is_same(copying->source, copying->target))
		return why_set(why, ERR_INVALID,
			       "Source and target are the same database.  Give two different databases.");
	TRY(db_copy_source_open(copying, why, &from));
	if (copying->source->database == DATABASE_SQLITE)
		TRY(db_copy_file_claim(copying->settings, copying->source, why, &lock));
	TRY(lock_claim(copying->source, from, why));
	TRY(db_copy_target_open(copying->target, why, &made));
	source.db = from;
	target.db = made.db;
	TRY(db_copy_run(&source, &target, copying, why, ret_rows));
	made.path = NULL;
	return ERR_OK;
}
