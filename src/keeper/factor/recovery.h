/*
 * Recovery codes: ten of 120 bits, for the day the phone is gone.  The person has them, the database has hashes; each is spent once,
 * by one conditional UPDATE.  120 bits need no key and no slow hash: they are beyond guessing.
 */
#ifndef KEEPER_RECOVERY_H
#define KEEPER_RECOVERY_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct call;

enum { RECOVERY_CODES = 10, RECOVERY_BYTES = 15, RECOVERY_LETTERS = 24 };

struct recovery_code {
	uint8_t b[RECOVERY_BYTES];
};

/*
 * Has what was typed the shape of one?  24 letters of base32 in either case, with white space, format characters and dashes
 * anywhere (see otp_base32_decode); 0, 1 and 8, which base32 does not have, are read as O, I and B.
 */
bool recovery_code_read(str typed, struct recovery_code *ret_code);

/* How many may still be used. */
MUST_USE err recovery_left(struct call *call, int64_t *ret_left);

#endif
