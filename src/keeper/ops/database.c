#include "keeper/ops/database.h"

#include "base/digest.h"
#include "config/locate.h"
#include "config/volume.h"
#include "keeper/keys/keys.h"
#include "keeper/ops/lock.h"
#include "store/store.h"

#include <stdio.h>

enum { ORIGIN_MAX_BYTES = 16 * 1024 };

static str
database_origin(struct buf *room)
{
	const struct settings_file file = locate_settings();

	locate_put(&file, room);
	return str_upto(buf_str(room), 260);
}

err
database_missing(const struct config *config, struct why *why)
{
	CLEANUP(buf_wipe) struct buf room = BUF(ORIGIN_MAX_BYTES);
	str origin = database_origin(&room);

	return why_set(why, ERR_NOT_FOUND,
		       "There is no database at %.200s.  %.*s  In a new installation, run `doubletour setup` or "
		       "`doubletour db init`.  Otherwise name the server's settings file with --settings, or restore a "
		       "backup.",
		       config->database_name, STR_ARG(origin));
}

err
database_empty(const struct config *config, struct why *why)
{
	CLEANUP(buf_wipe) struct buf room = BUF(ORIGIN_MAX_BYTES);
	str origin = database_origin(&room);

	return why_set(
	    why, ERR_NOT_FOUND,
	    "The database %.200s is empty: it has no tables.  %.*s  In a new installation, run `doubletour setup` or "
	    "`doubletour db init`.  Otherwise name the server's settings file with --settings, or restore a backup.",
	    config->database_name, STR_ARG(origin));
}

err
database_open(const struct config *config, struct why *why, struct db **ret_db)
{
	err e = store_open(config->database_path, STORE_EXISTING, why, ret_db);

	return e == ERR_NOT_FOUND ? database_missing(config, why) : e;
}

err
database_open_versioned(const struct config *config, struct why *why, struct db **ret_db, int *ret_version)
{
	CLEANUP(db_close) struct db *db = NULL;

	TRY(database_open(config, why, &db));
	TRY(migrate_check(db, why));
	TRY(migrate_current(db, ret_version));
	if (*ret_version == 0)
		return database_empty(config, why);
	*ret_db = db;
	db = NULL;
	return ERR_OK;
}

err
database_exists(const struct config *config, struct why *why)
{
	CLEANUP(db_close) struct db *db = NULL;
	int version = 0;

	return database_open_versioned(config, why, &db, &version);
}

/* --- db init ------------------------------------------------------------------------------------------------------ */

static err
database_init_schema(const struct config *config, struct db *db, migrate_progress progress, void *context,
		     struct why *why, bool *ret_made)
{
	int version = 0;

	TRY(migrate_check(db, why));
	TRY(migrate_current(db, &version));
	*ret_made = version == 0;
	if (version == 0) /* in one transaction: no other command finds a part of the schema */
		return migrate_at_once(db, migrate_head(), progress, context, why);
	if (version == migrate_head())
		return ERR_OK;
	return why_set(why, ERR_EXISTS,
		       "The database %s already exists, at migration %04d.  Nothing was changed.  To upgrade it, run "
		       "`doubletour db upgrade`.",
		       config->database_name, version);
}

static err
database_init_key(const struct config *config, struct master_key *master, struct db *db, struct why *why,
		  struct database_made *made)
{
	CLEANUP(keys_wipe) struct keys keys = { 0 };
	bool missing = master->n == 0;

	TRY(keys_open(config, master, db, true, why, &keys));
	made->key = missing;
	snprintf(made->key_path, sizeof(made->key_path), "%s", master->path);
	return ERR_OK;
}

err
database_init(const struct config *config, migrate_progress progress, void *context, struct why *why,
	      struct database_made *ret_made)
{
	CLEANUP(first_start_end) struct first_start start = { .lock = { .fd = -1 } };
	CLEANUP(master_key_wipe) struct master_key master = { 0 };
	CLEANUP(db_close) struct db *db = NULL;

	*ret_made = (struct database_made){ .key_path = "" };
	TRY(volume_check(config, why));
	TRY(digest_setup());
	TRY(first_start_begin(config, true, why, &start));
	TRY(master_key_read(config, why, &master)); /* report an invalid key before a database exists */
	TRY(store_open(config->database_path, STORE_CREATE, why, &db));
	TRY(database_init_schema(config, db, progress, context, why, &ret_made->database));
	return database_init_key(config, &master, db, why, ret_made);
}
