/*
 * Removed passkeys, and accounts without codes.
 *
 * The server remembers the SHA-256 of a removed credential id for 400 days. A page may then tell the browser to forget
 * the credential. Without such a row it never does: an empty or restored database must not erase everybody's passkeys.
 */
#ifndef KEEPER_PASSKEY_REMOVAL_H
#define KEEPER_PASSKEY_REMOVAL_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct call;

/* An account that adds and removes passkeys all day must not fill the table: only its newest rows are kept. */
enum { PASSKEY_REMOVED_DAYS = 400, PASSKEYS_REMOVED_MAX = 100 };

/*
 * Inside a transaction, before the rows are deleted: remember the passkeys of the account, or only that of one factor
 * (factor_id 0: all).
 */
MUST_USE err passkeys_remember_removed(struct call *call, int64_t account_id, int64_t factor_id);

/* Codes may be off with two usable passkeys that open the account alone, or with one and an unused recovery code. */
struct passkeys_remaining {
	bool codes_off;
	bool suffice; /* codes may be off */
};
MUST_USE err passkeys_remaining(struct call *call, int64_t account_id, struct passkeys_remaining *ret_remaining);

#endif
