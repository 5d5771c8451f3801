/*
 * What the administrator's commands do to a database as a whole: look whether all of it is well, copy it while a server
 * writes to it, put a copy back.  A backup is one SQLite file and holds no key: keep doubletour.key elsewhere.
 */
#ifndef KEEPER_UPKEEP_H
#define KEEPER_UPKEEP_H

#include "config/config.h"
#include "store/copy.h"
#include "store/db.h"

/* What a database holds, and what is wrong with it. */
struct upkeep_findings {
	int64_t accounts, factors, sessions, recovery_codes, audit;
	int64_t unreadable; /* sealed values that the key does not open */
	int64_t bad_name;   /* accounts whose name no one can type */
	int64_t orphans;    /* sessions of an authenticator that is gone */
	int64_t
	    unknown_objects; /* triggers, views, tables, columns ... that the migrations do not make, or make otherwise */
	int64_t
	    bad_values; /* other values that a page, a command or an import would refuse (keeper/account/row_values.h) */
};

/* What was found, one by one: "authenticator 12 of anna: its secret does not open under the key".  May be NULL. */
typedef void (*upkeep_report)(void *context, const char *sentence);

/*
 * Open the database that the settings name, at the newest schema and with its queries prepared; nothing is made, upgraded or
 * changed.  ERR_CONFIG: an older schema.
 */
MUST_USE err upkeep_open(const struct config *config, struct why *why, struct db **ret_db);

/*
 * Read all of it: pages, references, every value that handlers read, and whether each sealed value opens.  ERR_CORRUPT: the file itself is damaged;
 * what is wrong with rows is counted and told.
 */
MUST_USE err upkeep_check(const struct config *config, struct db *db, upkeep_report report, void *context,
			  struct why *why, struct upkeep_findings *ret_findings);

/* Is its schema what the migrations up to `version` make (store/schema.h)?  ERR_CORRUPT names the first object that is not. */
MUST_USE err upkeep_schema(struct db *db, int version, const char *name, struct why *why);

/*
 * A copy of the database at one moment, in a new file (0600), read back and checked before it gets its name.
 * ERR_EXISTS: there is a file.  ERR_CONFIG: it is PostgreSQL, whose own tools do this.  On failure nothing is left.
 */
MUST_USE err upkeep_backup(const struct config *config, const char *target, struct why *why,
			   struct upkeep_findings *ret_findings);

/*
 * Put a backup in the database's place.  It is copied, upgraded, checked and must fit the key, all before anything is replaced;
 * its sessions and links are ended.  replace: a database that is there is set aside under the name in ret_aside ("" when there
 * was none); without it, ERR_EXISTS.  ERR_BUSY: a server runs.  On failure the database is where and what it was.
 */
struct upkeep_restored {
	struct upkeep_findings findings;
	char aside[CONFIG_TEXT_MAX + 64];
};
MUST_USE err upkeep_restore(const struct config *config, const char *source, bool replace, struct why *why,
			    struct upkeep_restored *ret_restored);

/*
 * All of one database into another, empty one (store/copy.h).  settings: this machine's own, whose server must not run; nor may
 * any node that uses either database.  ERR_BUSY: one does.  ERR_EXISTS: the target holds something.  On failure nothing is
 * left in the target but its schema, and no file that was not there.
 */
struct upkeep_copying {
	const struct config *settings, *source, *target;
	copy_report report; /* may be NULL */
	void *context;
};
MUST_USE err upkeep_copy(const struct upkeep_copying *copying, struct why *why, int64_t *ret_rows);

#endif
