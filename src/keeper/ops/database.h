/*
 * The database of the settings: opened if it exists, created by `db init`. Only `run` (in development), `db init`,
 * `restore` and the target of `db copy` create a database or a key; every other command uses database_open.
 *
 *	TRY(database_open(config, why, &db));
 */
#ifndef KEEPER_DATABASE_H
#define KEEPER_DATABASE_H

#include "config/config.h"
#include "store/migrate.h"

/*
 * Open the database of the settings, in any schema. ERR_NOT_FOUND: database_missing; other errors: store_open. Changes
 * nothing.
 */
MUST_USE err database_open(const struct config *config, struct why *why, struct db **ret_db);

/* The same, but an empty database is refused. ERR_NOT_FOUND: also database_empty. ret_version: its newest migration. */
MUST_USE err database_open_versioned(const struct config *config, struct why *why, struct db **ret_db,
				     int *ret_version);

/* For commands that create a file before they open the database. ERR_NOT_FOUND as above. */
MUST_USE err database_exists(const struct config *config, struct why *why);

/*
 * "There is no database at … .  Settings come from … .  In a new installation, run `doubletour setup` …"
 * "The database … is empty: it has no tables.  Settings come from …" Both return ERR_NOT_FOUND.
 */
MUST_USE err database_missing(const struct config *config, struct why *why);
MUST_USE err database_empty(const struct config *config, struct why *why);

/*
 * `db init`: create the database with the newest schema, and the key, under the lock of the first start (lock.h). It is
 * safe to run again: an existing database with the newest schema does not change.
 *
 * ERR_EXISTS  the database has an older schema
 * ERR_CONFIG  the key is missing or wrong
 */
struct database_made {
	bool database, key; /* created by this call */
	char key_path[CONFIG_TEXT_MAX + 64];
};
MUST_USE err database_init(const struct config *config, migrate_progress progress, void *context, struct why *why,
			   struct database_made *ret_made);

#endif
