/*
 * Database URLs of PostgreSQL. They may hold a password: parsed without ambiguity, and redacted when shown.
 *
 *	postgresql://user:password@host:5432/name?sslmode=require
 *
 * For libpq the password ends at the first '@', for other programs at the last. libpq's messages quote the part it
 * takes for a host name. We therefore refuse an ambiguous URL before libpq sees it.
 */
#ifndef BASE_DSN_H
#define BASE_DSN_H

#include "base/buf.h"

/* How to write a database URL and percent-encode a password: the last part of an error message. */
extern const char dsn_how[];

bool dsn_is_postgres(str url);

/* Does every program split this PostgreSQL URL in the same way? */
bool dsn_is_clear(str url);

/* Does the URL hold a password? */
bool dsn_has_secret(str url);

/* Append any database URL, redacted: "postgresql://user:***@host/name". An ambiguous URL is reduced to its scheme. */
void dsn_put(str url, struct buf *out);

/*
 * Append the first line of a libpq connection error, without quoted values and without the port. They come from the URL
 * and may be part of a password.
 */
void dsn_put_trouble(str said, struct buf *out);

#endif
