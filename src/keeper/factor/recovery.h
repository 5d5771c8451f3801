/*
 * Recovery codes: ten codes of 120 bits, for a lost phone. The database holds only hashes. Each code works once: one
 * conditional UPDATE spends it. 120 bits cannot be guessed, so the hash needs neither a key nor a slow algorithm.
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
 * Does the input have the form of a code? That is 24 base32 letters in either case, with white space, format characters
 * and dashes anywhere (see otp_base32_decode). 0, 1 and 8 do not occur in base32; they are read as O, I and B.
 */
bool recovery_code_read(str typed, struct recovery_code *ret_code);

/* The number of unused codes. */
MUST_USE err recovery_left(struct call *call, int64_t *ret_left);

#endif
