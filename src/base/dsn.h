/*
 * Addresses of PostgreSQL databases, which may hold a password: read in one way only, and shown without what is secret.
 *
 *	postgresql://user:password@host:5432/name?sslmode=require
 *
 * libpq takes the first '@' for the end of the password, others the last, and its messages quote what they took for a host.  An
 * address that two programs could read in two ways is refused before libpq sees it.
 */
#ifndef BASE_DSN_H
#define BASE_DSN_H

#include "base/buf.h"

/* How an address is written, and a password in it: the end of a sentence. */
extern const char dsn_how[];

bool dsn_is_postgres(str url);

/* Can a PostgreSQL address be read in one way only? */
bool dsn_is_clear(str url);

/* Does it hold a password? */
bool dsn_has_secret(str url);

/* Any database's address for people to read: "postgresql://user:***@host/name"; one that is not clear, "postgresql://...". */
void dsn_put(str url, struct buf *out);

/*
 * The first line of what libpq says about a connection that it could not make, without the values that it quotes and the port:
 * they come from the address.
 */
void dsn_put_trouble(str said, struct buf *out);

#endif
