/*
 * The schema's history: numbered migrations, embedded in the program, each applied in a transaction of its own and
 * recorded in schema_migrations with a checksum of its statements.
 */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "store/db.h"

struct migration {
	int version;
	const char *name;                                                /* in schema_migrations */
	const char *title;                                               /* for people: migrations/titles */
	const char *checksum;                                            /* SHA-256 of the up statements, hex */
	const char *const *up[SQL_DIALECTS], *const *down[SQL_DIALECTS]; /* statements, NULL-terminated */
};
extern const struct migration migrations[];
extern const size_t migrations_count;

/* Told before each step, so that a person sees it move.  up: false when it is taken back. */
typedef void (*migrate_progress)(void *context, const struct migration *migration, bool up);

/* The newest version that the program knows. */
int migrate_head(void);

/* The newest version that was applied; 0: none. */
MUST_USE err migrate_current(struct db *db, int *ret_version);

/*
 * Is what was applied what this program knows?  ERR_CONFIG with a sentence: newer than the program, changed since, or with
 * a gap.  An older database is fine here.
 */
MUST_USE err migrate_check(struct db *db, struct why *why);

/*
 * Go up or down to `version` (0: nothing left).  Checks first, under the same lock as the step: of two that migrate at once
 * the second finds the work done.  A step that fails leaves the schema as it was before that step.
 */
MUST_USE err migrate_to(struct db *db, int version, migrate_progress progress, void *context, struct why *why);

/* What was applied, oldest first. */
struct migrate_applied {
	int version;
	str name, checksum;
	int64_t applied_at_us;
	str title; /* for people; of a migration that this program does not know, its name */
};
typedef err (*migrate_each)(void *context, const struct migrate_applied *applied);
MUST_USE err migrate_history(struct db *db, migrate_each each, void *context);

#endif
