/*
 * Shared by the files of the PostgreSQL driver. No other file includes it.
 */
#ifndef STORE_POSTGRES_H
#define STORE_POSTGRES_H

#include "store/driver.h"
#include "store/libpq.h"

enum { POSTGRES_MESSAGE_BYTES = 240 };

struct postgres {
	struct db db;                         /* must be first */
	char *url;                            /* in libpq's form; may hold a password */
	PGconn *connection;                   /* NULL: lost; replaced on the next use */
	int64_t timeout_us;                   /* per statement; 0: unlimited, and rows are passed on as they arrive */
	bool prepared[SQL_COUNT];             /* on this connection */
	bool in_transaction;                  /* until commit or rollback, even if the connection is lost */
	bool busy;                            /* each() is being called for the rows of a statement */
	bool late;                            /* the last statement timed out */
	bool unfit;                           /* this server is not, or is no longer, the right one */
	enum db_claim claim;                  /* claimed again by each new connection */
	bool listens;                         /* each new connection listens again */
	int64_t queue;                        /* this connection holds its lock, or waits for it; 0: none */
	char message[POSTGRES_MESSAGE_BYTES]; /* the database's message about the last error */
};

extern const struct db_ops postgres_ops;

/* --- postgres_wire.c: sends a statement and receives its result --------------------------------------------------- */

/* Run statements without parameters and ignore their rows. Several are separated by semicolons. */
MUST_USE err postgres_exec(struct postgres *p, const char *text);

/* One statement: a prepared one by name (text NULL), or by text. ret_given: number of calls of each(). */
struct postgres_statement {
	const char *name, *text;
	const struct db_value *args;
	size_t n;
	db_each each;
	void *context;
};
MUST_USE err postgres_run(struct postgres *p, const struct postgres_statement *statement, int64_t *ret_changed,
			  size_t *ret_given);

/* Prepare a statement on this connection. The arguments determine the types of the parameters. */
MUST_USE err postgres_keep(struct postgres *p, const char *name, const char *text, const struct db_value *args,
			   size_t n);

/* Does the server accept all named queries? Sent as one pipeline. *ret_query: the first one that it rejects. */
MUST_USE err postgres_understands(struct postgres *p, enum sql *ret_query);

/* Close a broken connection and keep the message. Returns ERR_AWAY. */
err postgres_lost(struct postgres *p, const char *message);

/* --- postgres_open.c ---------------------------------------------------------------------------------------------- */

/* Make sure that there is a connection. ERR_AWAY: no connection, or the database is known to be unreachable. */
MUST_USE err postgres_connected(struct postgres *p);

/* Like postgres_connected, but always tries, and records for all connections whether the database is reachable. */
MUST_USE err postgres_reconnect(struct postgres *p);

/* Set the timeouts of this connection in the server, as p->timeout_us asks. */
MUST_USE err postgres_timeouts_set(struct postgres *p);

/* Record for all connections that the database is unreachable (fail at once), or reachable again. */
void postgres_away(bool is);

void postgres_close(struct db *db);

MUST_USE err postgres_open(const char *url, struct why *why, struct db **ret_db);

#endif
