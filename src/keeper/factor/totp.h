/*
 * Codes of authenticators (RFC 6238): the kind of factor `totp`.  Its functions are reached through its row in the table of kinds
 * (keeper/core/factor_kind.h) only.
 *
 * A code counts once: its step is burnt by one conditional UPDATE whose row count is the answer.
 */
#ifndef KEEPER_TOTP_H
#define KEEPER_TOTP_H

#include "base/err.h"
#include "doubletour/otp.h"

enum { CLOCK_STEPS = 20 }; /* ten minutes: how far a clock may be off to be told so */

/* libdoubletour-otp's words in ours. */
err otp_err(enum otp_status status);

#endif
