/*
 * Schema migrations: numbered, embedded in the program, each applied in its own transaction. schema_migrations records
 * each with a checksum of its statements.
 */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "store/db.h"

struct migration {
	int version;
	const char *name;          /* in schema_migrations */
	const char *title;         /* shown to people; from migrations/titles */
	const char *checksum;      /* SHA-256 of the up statements, hex */
	const char *const *former; /* checksums of its earlier forms that are accepted too, NULL-terminated */
	bool expands; /* only adds tables, columns and indexes: the previous release can run on the new schema */
	const char *const *up[SQL_DIALECTS], *const *down[SQL_DIALECTS]; /* statements, NULL-terminated */
};
extern const struct migration migrations[];
extern const size_t migrations_count;

/*
 * Called before each step, to show progress. up: false when the migration is reverted. migration NULL: another program
 * is writing to the database, and the step waits for it, for at most a minute.
 */
typedef void (*migrate_progress)(void *context, const struct migration *migration, bool up);

/* The newest version known to this program. */
int migrate_head(void);

/* The newest applied version; 0: none. */
MUST_USE err migrate_current(struct db *db, int *ret_version);

/*
 * Compare the applied migrations with those of this program. An older database is accepted.
 *
 * ERR_CONFIG  the database is newer, a migration differs, or one is missing; with a message
 */
MUST_USE err migrate_check(struct db *db, struct why *why);

/*
 * Migrate up or down to `version` (0: empty database). Each step first checks the history under the same lock, so that
 * two processes can migrate at the same time. A step that fails leaves the schema as it was before that step. A step
 * that another program blocks is tried again for a minute, then ERR_BUSY.
 */
MUST_USE err migrate_to(struct db *db, int version, migrate_progress progress, void *context, struct why *why);

/* The same in one transaction: on failure the database is as it was before. For the start of a server. */
MUST_USE err migrate_at_once(struct db *db, int version, migrate_progress progress, void *context, struct why *why);

/* May the previous release run on the database while it is upgraded from `version` to `target`? */
bool migrate_expands(int version, int target);

/* The applied migrations, oldest first. */
struct migrate_applied {
	int version;
	str name, checksum;
	int64_t applied_at_us;
	str title; /* shown to people; for an unknown migration, its name */
};
typedef err (*migrate_each)(void *context, const struct migrate_applied *applied);
MUST_USE err migrate_history(struct db *db, migrate_each each, void *context);

#endif
