/*
 * The audit trail: who did what, when, from where, and how it ended.  A table of the database, not a log; what is
 * written here is logged as well, under the same name.
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

/* Who acts.  Written as text: see below. */
enum audit_actor { AUDIT_BY_PERSON = 0, AUDIT_BY_SYSTEM, AUDIT_BY_COMMAND };

/*
 * Each row says who acted: "person" (whoever used the pages: after a refused attempt nobody knows who), "system" (the server, of
 * itself), or "command:" and who typed the command: SUDO_USER, where sudo has set it, else "uid=" and the number.  A rule of
 * thumb for people, no proof: who may type commands can write the database.
 */
enum { AUDIT_USER_MAX = 64, AUDIT_ACTOR_MAX = AUDIT_USER_MAX + 16 };

/* At the start of a command, before there is a second thread.  sudo_user: that variable, or NULL. */
void audit_command_by(const char *sudo_user, int64_t uid);

/*
 * One row, within the transaction that is open, if one is.  account_id 0: none.  The actor is the turn's, but for
 * what the server does of itself.
 */
MUST_USE err audit_write(struct call *call, enum audit_event event, int64_t account_id, enum audit_reason reason);

/* The same about a name that no account has: a keyed hash of it is kept, so that tries on one name can be counted. */
MUST_USE err audit_write_unknown(struct call *call, enum audit_event event, str name, enum audit_reason reason);

/* The same for a command that has a transaction of its own, over many accounts or the whole database. */
MUST_USE err audit_write_command(struct db *db, enum audit_event event, int64_t account_id, enum audit_reason reason);

/* The line in the log; once it holds. */
void audit_log(const struct call *call, enum audit_event event, int64_t account_id, enum audit_reason reason);

/*
 * What a client sent, so that every database takes it and nobody's terminal is moved: what misleads
 * (base/str.h), and each byte that is no UTF-8, becomes '?'.  Empty when there is no memory.
 */
str audit_text(struct arena *arena, str text);

#endif
