/*
 * Passkeys of an import (passkeys.imported is 1). A passkey of another server keeps its user handle (`user.id`).
 * Exports do not contain the handle: the passkey brings it with its first answer after the password.
 *
 * An imported passkey opens nothing alone until then: no answer with user verification was seen here. That is also what
 * a fallen counter leads to, so a passkey whose counter fell at the other server is imported, with an audit event.
 */
#ifndef KEEPER_IMPORT_PASSKEYS_H
#define KEEPER_IMPORT_PASSKEYS_H

#include "keeper/factor/attempt.h"
#include "keeper/ops/import.h"

/* The passkeys of one row that can be imported. */
struct passkeys_in {
	const struct import_passkey *at[FACTORS_MAX];
	size_t n;
	char refused[400]; /* why one of them, or the whole list, cannot; "": all of them can */
};

/* Check the passkeys of a row. name: of the account that gets them; others: its other factors. */
MUST_USE err import_passkeys_check(struct keeper *k, struct db *db, const struct import_row *row, str name,
				   size_t others, struct passkeys_in *ret_passkeys);

/* ERR_CORRUPT: another account got the credential since the check. */
MUST_USE err import_passkeys_insert(struct keeper *k, struct db *db, const struct passkeys_in *passkeys,
				    int64_t account_id, int64_t now_us);

#endif
