/*
 * DATABASE_UPGRADE=auto: the upgrade of an older database at the start of a server in production. Administrators read
 * docs/guides/upgrade.md.
 */
#ifndef KEEPER_UPGRADE_H
#define KEEPER_UPGRADE_H

#include "config/config.h"

/*
 * Bring an older database to the newest schema, if the settings say so. Call it before keeper_open, without a lock.
 *
 * SQLite: with the lock of DATA_DIR, write before-NNNN.sqlite beside the database (NNNN: its migration). The copy is
 * checked: pages, schema, key. Then apply all missing migrations in one transaction. A backup of the same content is
 * used again; another file with that name is never changed, and the backup becomes before-NNNN-2.sqlite, and so on.
 * PostgreSQL: no backup; only where no other node runs.
 *
 * Does nothing in development and testing (keeper_open upgrades), with DATABASE_UPGRADE=refuse, and for a database that
 * is empty or has the newest schema.
 *
 * On failure the database is as it was, no file is left, and the message says what to do. If the commit fails, SQLite's
 * file is read again: if that fails too, the backup stays. If PostgreSQL does not answer to the commit, the database
 * may be upgraded. The next start finds out.
 *
 * ERR_BUSY    a server, a node or another upgrade uses the database
 * ERR_CONFIG  the database is newer than the program, or belongs to another key
 */
MUST_USE err upgrade_at_start(const struct config *config, struct why *why);

#endif
