/*
 * Commands on a whole database: check it, back it up while a server writes to it, restore it, copy it. A backup is one
 * SQLite file and does not contain the key: keep doubletour.key elsewhere.
 */
#ifndef KEEPER_UPKEEP_H
#define KEEPER_UPKEEP_H

#include "config/config.h"
#include "store/copy.h"
#include "store/db.h"

/* Contents of a database, and its faults. */
struct upkeep_findings {
	int64_t accounts, factors, sessions, recovery_codes, audit;
	int64_t unreadable;      /* sealed values that the key does not open */
	int64_t bad_name;        /* accounts with an invalid user name */
	int64_t orphans;         /* sessions of a deleted authenticator */
	int64_t unknown_objects; /* objects that the migrations do not create, or create differently */
	int64_t
	    bad_values; /* other values that pages, commands or imports would refuse (keeper/account/row_values.h) */
};

/* Called for each finding: "authenticator 12 of anna: its secret cannot be decrypted with the key". May be NULL. */
typedef void (*upkeep_report)(void *context, const char *sentence);

/*
 * Open the configured database, which must have the newest schema, and prepare its queries. Changes nothing.
 *
 * ERR_CONFIG  the schema is older
 */
MUST_USE err upkeep_open(const struct config *config, struct why *why, struct db **ret_db);

/*
 * Read the whole database: pages, references, every value that handlers read, and every sealed value. Faults of rows
 * are counted and reported.
 *
 * ERR_CORRUPT  the file itself is damaged
 */
MUST_USE err upkeep_check(const struct config *config, struct db *db, upkeep_report report, void *context,
			  struct why *why, struct upkeep_findings *ret_findings);

/* Compare the schema with migration `version` (store/schema.h). ERR_CORRUPT names the first difference. */
MUST_USE err upkeep_schema(struct db *db, int version, const char *name, struct why *why);

/*
 * Write a consistent copy of the database into a new file (0600). The copy is read back and checked before it gets its
 * name. On failure nothing remains.
 *
 * ERR_EXISTS  the file exists
 * ERR_CONFIG  the database is PostgreSQL, which has its own tools
 */
MUST_USE err upkeep_backup(const struct config *config, const char *target, struct why *why,
			   struct upkeep_findings *ret_findings);

/*
 * Restore a backup. It is copied, upgraded and checked, and must fit the key, before the database is replaced. Its
 * sessions and links are ended. replace: an existing database is renamed to ret_restored->aside ("": none existed). On
 * failure the database is unchanged.
 *
 * ERR_EXISTS  a database exists, and `replace` is false
 * ERR_BUSY    a server is running
 */
struct upkeep_restored {
	struct upkeep_findings findings;
	char aside[CONFIG_TEXT_MAX + 64];
};
MUST_USE err upkeep_restore(const struct config *config, const char *source, bool replace, struct why *why,
			    struct upkeep_restored *ret_restored);

/*
 * Copy a database into another, empty one (store/copy.h). settings: those of this machine. No server on this machine
 * and no node that uses either database may be running. On failure the target has only its schema, and a file created
 * for the copy is removed.
 *
 * ERR_BUSY    a server is running
 * ERR_EXISTS  the target is not empty
 */
struct upkeep_copying {
	const struct config *settings, *source, *target;
	copy_report report; /* may be NULL */
	void *context;
};
MUST_USE err upkeep_copy(const struct upkeep_copying *copying, struct why *why, int64_t *ret_rows);

#endif
