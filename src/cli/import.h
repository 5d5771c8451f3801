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
#include "keeper/ops/import.h"

/* What the command line said about a source, and what the source has to say besides its rows. */
struct import_location {
	const char *location; /* address of a database, or a file */
	const char *totp;     /* authelia: file of otpauth URIs; NULL: none */
	const char *timezone; /* flask: of its times; NULL: this machine's */
	struct arena *arena;
	str text, uris;        /* files that were read: a source is read twice */
	int64_t passed_over;   /* lines of totp that are not otpauth URIs */
	char left_behind[200]; /* names of values that have no place here: "locale, phone_number" */
};

/* They are of type import_reader; `source` is a struct import_location. */
err import_flask(void *source, import_take take, void *context, struct why *why);
err import_htpasswd(void *source, import_take take, void *context, struct why *why);
err import_authelia(void *source, import_take take, void *context, struct why *why);

/*
 * A whole text file, at most IMPORT_FILE_MAX bytes, without a byte order mark.  Read once: when ret_text has it already, nothing
 * is done.  "-" is not taken, since a source is read twice; nor is a pipe.
 */
enum { IMPORT_FILE_MAX = 64 * 1024 * 1024 };
err import_file(const char *path, struct arena *arena, struct why *why, str *ret_text);

#endif
