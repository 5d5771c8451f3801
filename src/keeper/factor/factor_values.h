/*
 * Valid values of the rows of a factor. Imports check them before writing a row, `doubletour check` for every row,
 * and a sign-in before it checks a code.
 */
#ifndef KEEPER_FACTOR_VALUES_H
#define KEEPER_FACTOR_VALUES_H

#include "base/str.h"

struct factor_values {
	str name, algorithm; /* name "": not checked; algorithm "": SHA1 */
	str secret;          /* not sealed */
	int64_t digits, period_s;
};

/* The columns of a row of passkeys, and those of other tables that belong to it. */
struct passkey_values {
	bool present;         /* the factor has a row in passkeys */
	bool passkey;         /* the factor is a passkey */
	int64_t digits;       /* of the factor */
	int64_t handle_bytes; /* of the account's user handle; 0: none */
	int64_t id_bytes, aaguid_bytes, sign_count, uv_initialized, backup_eligible, backed_up, last_challenge_us;
	str rp_id, transports;
};

/* NULL: its codes can be checked. Otherwise what is wrong, apart from the name. */
const char *factor_counting_wrong(const struct factor_values *values);
/* NULL: it can answer. Otherwise what is wrong with it. */
const char *passkey_values_wrong(const struct passkey_values *values);
/* Checks the name that the user gave it. */
const char *factor_name_wrong(const struct factor_values *values);

#endif
