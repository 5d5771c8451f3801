/*
 * Inside `doubletour import`: where accounts come from.
 *
 *	import.c           the command, the map of names, what is told
 *	import_flask.c     the tutorial's database
 *	import_htpasswd.c  Apache's files
 *	import_authelia.c  Authelia's file of users, and its export of authenticators
 */
#ifndef CLI_IMPORT_H
#define CLI_IMPORT_H

#include "base/arena.h"
#include "keeper/import.h"

/* What the command line said about a source. */
struct import_place {
	const char *place; /* address of a database, or a file */
	const char *totp;  /* authelia: file of otpauth URIs; NULL: none */
	struct arena *arena;
	void *state; /* the source's own, made at its first reading */
};

/* They are of type import_source; `source` is a struct import_place. */
err import_flask(void *source, import_take take, void *context, struct why *why);
err import_htpasswd(void *source, import_take take, void *context, struct why *why);
err import_authelia(void *source, import_take take, void *context, struct why *why);

/* A whole file, at most IMPORT_FILE_MAX bytes; "-" is not taken, since a source is read twice. */
enum { IMPORT_FILE_MAX = 64 * 1024 * 1024 };
err import_file(const char *path, struct arena *arena, struct why *why, str *ret_text);

#endif
