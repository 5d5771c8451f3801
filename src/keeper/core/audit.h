/*
 * Audit trail: who did what, when, from where, and with which outcome. It is a database table, not a log, but each
 * entry is also logged under the same name.
 */
#ifndef KEEPER_AUDIT_H
#define KEEPER_AUDIT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "ipc/audit_events.h"

#include <stdint.h>

struct db;
struct call;

/* The actor of an event, stored as text (see below). */
enum audit_actor { AUDIT_BY_PERSON = 0, AUDIT_BY_SYSTEM, AUDIT_BY_COMMAND };

/*
 * Each entry names the actor:
 *
 *   person    a user of the pages; after a refused attempt their identity is unknown
 *   system    the server itself
 *   command:  followed by SUDO_USER if sudo has set it, else by "uid=" and the number
 *
 * This is information, not proof: users who may run commands can write to the database.
 */
enum { AUDIT_USER_MAX = 64, AUDIT_ACTOR_MAX = AUDIT_USER_MAX + 16 };

/* Call at the start of a command, before a second thread starts. sudo_user: SUDO_USER, or NULL. */
void audit_command_by(const char *sudo_user, int64_t uid);

/*
 * Write one entry, in the open transaction if there is one. account_id 0: none. The actor is that of the call, or
 * "system" for events of the server itself.
 */
MUST_USE err audit_write(struct call *call, enum audit_event event, int64_t account_id, enum audit_reason reason);

/* For a name that no account has. Stores a keyed hash of the name, so that attempts for one name can be counted. */
MUST_USE err audit_write_unknown(struct call *call, enum audit_event event, str name, enum audit_reason reason);

/*
 * About an application.  client_id: of a registered client, never the text of an unauthenticated one.
 * account_id 0: the event is about no account.
 */
MUST_USE err audit_write_client(struct call *call, enum audit_event event, int64_t account_id, str client_id,
				enum audit_reason reason);

/*
 * The same in a transaction of this account (call_transact), but once a day for each account, application and reason: a
 * repeated refusal says nothing new.  *ret_written is false if the last day has such an entry.  To be short, the search
 * reads only the account's newest 1,000 entries, so after 1,000 others the refusal is written again.
 */
MUST_USE err audit_write_client_daily(struct call *call, enum audit_event event, int64_t account_id, str client_id,
				      enum audit_reason reason, bool *ret_written);

/*
 * In the transaction that closes this account: remove addresses, browsers and applications from its entries.  Events
 * and times stay.  Entries that other requests write later have no personal data from the start (store/sql/audit.sql).
 * PostgreSQL limits the time of each statement, so each one changes some of the entries.
 */
MUST_USE err audit_redact(struct call *call, int64_t account_id);

/* For a command with its own transaction, which concerns many accounts or the whole database. */
MUST_USE err audit_write_command(struct db *db, enum audit_event event, int64_t account_id, enum audit_reason reason);

/* Write the log line. Call it after the commit. */
void audit_log(const struct call *call, enum audit_event event, int64_t account_id, enum audit_reason reason);
void audit_log_client(const struct call *call, enum audit_event event, int64_t account_id, str client_id,
		      enum audit_reason reason);

/*
 * Make text from a client safe for every database and terminal: misleading code points (base/str.h) and bytes that are
 * not UTF-8 become '?'. Returns "" if memory is exhausted.
 */
str audit_text(struct arena *arena, str text);

#endif
