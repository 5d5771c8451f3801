/*
 * TOTP codes of authenticators (RFC 6238): the kind of factor `totp`. Other code calls these functions only through the
 * table of kinds (keeper/core/factor_kind.h).
 *
 * Each code works once: one conditional UPDATE marks its step as used, and its row count is the result.
 */
#ifndef KEEPER_TOTP_H
#define KEEPER_TOTP_H

#include "base/err.h"
#include "doubletour/otp.h"

enum { CLOCK_STEPS = 20 }; /* ten minutes: the largest clock drift that is detected */

/* Map a status of libdoubletour-otp to err. */
err otp_err(enum otp_status status);

#endif
