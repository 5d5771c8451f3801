/*
 * For `doubletour import`: the sources of accounts.
 *
 *	import.c           the command, the map of names, the messages
 *	import_flask.c     the tutorial's database
 *	import_htpasswd.c  Apache's files
 *	import_authelia.c  Authelia's file of users, and its exports of authenticators and passkeys
 */
#ifndef CLI_IMPORT_H
#define CLI_IMPORT_H

#include "base/arena.h"
#include "keeper/ops/import.h"

/* The source as named on the command line, and facts that a source reports besides its rows. */
struct import_location {
	const char *location; /* URL of a database, or a file */
	const char *totp;     /* authelia: file of otpauth URIs; NULL: none */
	const char *webauthn; /* authelia: file of passkeys; NULL: none */
	const char *timezone; /* flask: the time zone of its times; NULL: this machine's */
	struct arena *arena;
	str text, uris, passkeys; /* contents of the files: a source is read twice */
	int64_t passed_over;      /* lines of totp that are not otpauth URIs */
	char left_behind[200];    /* names of values that are not imported: "locale, phone_number" */
};

/* These functions are of type import_reader; `source` is a struct import_location. */
err import_flask(void *source, import_take take, void *context, struct why *why);
err import_htpasswd(void *source, import_take take, void *context, struct why *why);
err import_authelia(void *source, import_take take, void *context, struct why *why);

/*
 * Read a whole text file, at most IMPORT_FILE_MAX bytes, and drop a byte order mark.  If ret_text already has content,
 * do nothing.  "-" and pipes are refused, because a source is read twice.
 */
enum { IMPORT_FILE_MAX = 64 * 1024 * 1024 };
err import_file(const char *path, struct arena *arena, struct why *why, str *ret_text);

#endif
