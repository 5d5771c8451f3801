/*
 * Inside `doubletour import authelia`: the authenticators that `authelia storage user totp export uri` printed, a URI a line,
 * and whose they are.
 */
#ifndef CLI_AUTHELIA_TOTP_H
#define CLI_AUTHELIA_TOTP_H

#include "cli/import.h"

struct authelia_authenticator {
	unsigned line;
	str label;         /* of a broken URI: as it stands there; else the account */
	const char *wrong; /* of a broken URI; else NULL */
	struct otp_uri uri;
	char base32[OTP_BASE32_SIZE(OTP_SECRET_MAX)];
	bool used;
};

struct authelia_totp {
	struct authelia_authenticator
	    *at; /* those that can be read, by account, then by line; behind them the broken ones */
	size_t n, readable, room;
	char reason[200]; /* of the row that authelia_totp_find filled last */
};

/*
 * Read the lines of location->uris; what does not begin with otpauth:// is counted in location->passed_over.  ERR_INVALID with the
 * sentence: there is none that does.
 */
MUST_USE err authelia_totp_read(struct import_location *location, struct authelia_totp *ret_totp, struct why *why);
void authelia_totp_wipe(struct authelia_totp *totp);

/*
 * Give the row its authenticator: of several the last line, which is the one that was set up last.  When that line is broken,
 * row->factor_refused says so.  The row borrows from totp, until the next call.
 */
void authelia_totp_find(struct authelia_totp *totp, struct import_row *row);

/* Pass on, as stray rows, the authenticators that no row got. */
MUST_USE err authelia_totp_strays(const struct authelia_totp *totp, import_take take, void *context);

#endif
