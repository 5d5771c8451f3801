/*
 * For `doubletour import authelia`: the authenticators in the output of `authelia storage user totp export uri` (one
 * URI on each line), and their owners.
 *
 * Names are compared byte by byte, as Authelia does.  `anna` and `Anna` are two users of its file, and exports have the
 * name of the file.  With `search.case_insensitive`, every name in the file is in lower case.
 * Source: FileUserDatabase.GetUserDetails, loadAlias (internal/authentication/file_user_provider_database.go).
 */
#ifndef CLI_AUTHELIA_TOTP_H
#define CLI_AUTHELIA_TOTP_H

#include "cli/import.h"

struct authelia_authenticator {
	unsigned line;
	str label;         /* of a broken URI: its label; otherwise the account */
	const char *wrong; /* the fault of a broken URI; otherwise NULL */
	struct otp_uri uri;
	char base32[OTP_BASE32_SIZE(OTP_SECRET_MAX)];
	bool used;
};

struct authelia_totp {
	struct authelia_authenticator *at; /* the readable ones by account, then by line; the broken ones follow */
	size_t n, readable, room;
	char reason[200]; /* for the row that authelia_totp_find filled last */
};

/*
 * Read the lines of location->uris.  Lines that do not begin with otpauth:// are counted in location->passed_over.
 * ERR_INVALID with the sentence: no line begins so.
 */
MUST_USE err authelia_totp_read(struct import_location *location, struct authelia_totp *ret_totp, struct why *why);
void authelia_totp_wipe(struct authelia_totp *totp);

/*
 * Give the row its authenticator.  If there are several lines, the last one was set up last and is used.  If that line
 * is broken, row->factor_refused says so.  The row borrows from totp until the next call.
 */
void authelia_totp_find(struct authelia_totp *totp, struct import_row *row);

/* Pass the authenticators without a row to `take`, as stray rows. */
MUST_USE err authelia_totp_strays(const struct authelia_totp *totp, import_take take, void *context);

#endif
