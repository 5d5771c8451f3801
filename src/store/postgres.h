/*
 * What the files of the PostgreSQL driver share.  Nothing else includes it.
 */
#ifndef STORE_POSTGRES_H
#define STORE_POSTGRES_H

#include "store/driver.h"
#include "store/libpq.h"

enum { POSTGRES_MESSAGE_BYTES = 240 };

struct postgres {
	struct db db;             /* first */
	char *url;                /* as libpq takes it; may hold a password */
	PGconn *connection;       /* NULL: lost, and made again when it is next needed */
	int64_t timeout_us;       /* with one statement; 0: without end, and rows are given as they come */
	bool prepared[SQL_COUNT]; /* on this connection */
	bool in_transaction;      /* until it is committed or rolled back, also when the connection is lost meanwhile */
	bool busy;                /* a statement's rows are being given out */
	bool late;                /* the last statement that failed was not answered in time */
	bool unfit;               /* what answered is not, or no longer, the server that is wanted */
	enum db_claim claim;      /* what each new connection claims anew */
	bool listens;             /* and whether it listens */
	char message[POSTGRES_MESSAGE_BYTES]; /* what failed last, in the database's words */
};

extern const struct db_ops postgres_ops;

/* --- postgres_wire.c: one statement to the server and its answer back ------------------------------------------------ */

/* Statements without parameters and without interest in their rows; several, separated by semicolons. */
MUST_USE err postgres_exec(struct postgres *p, const char *text);

/* One statement, by name as prepared (text NULL) or by text.  ret_given: rows that each() was called for. */
struct postgres_statement {
	const char *name, *text;
	const struct db_value *args;
	size_t n;
	db_each each;
	void *context;
};
MUST_USE err postgres_run(struct postgres *p, const struct postgres_statement *statement, int64_t *ret_changed,
			  size_t *ret_given);

/* Keep one for this connection; the arguments say the parameters' types. */
MUST_USE err postgres_keep(struct postgres *p, const char *name, const char *text, const struct db_value *args,
			   size_t n);

/* Does the server take all of the named queries?  Asked in one go.  *ret_query: the one that it does not take. */
MUST_USE err postgres_understands(struct postgres *p, enum sql *ret_query);

/* Close the connection, which is of no use any more, and keep why; ERR_AWAY. */
err postgres_lost(struct postgres *p, const char *message);

/* --- postgres_open.c ------------------------------------------------------------------------------------------------- */

/* Is there a connection?  Make one, unless the database is known to be away.  ERR_AWAY. */
MUST_USE err postgres_connected(struct postgres *p);

/* As postgres_connected, but try in any case, and say whether everybody may try again. */
MUST_USE err postgres_reconnect(struct postgres *p);

/* Nothing came in time, and nobody is to wait for a new connection; or it is there again. */
void postgres_away(bool is);

void postgres_close(struct db *db);

MUST_USE err postgres_open(const char *url, struct why *why, struct db **ret_db);

#endif
