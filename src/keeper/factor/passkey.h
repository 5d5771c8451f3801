/*
 * Passkeys (Web Authentication): the kind of factor `passkey`. docs/develop/passkeys.md explains the design.
 *
 * The table of kinds has functions that verify a code that the user types. A passkey answers a challenge, so
 * it has separate questions: keeper/factor/passkey_sign_in.c, passkey_enrol.c.
 */
#ifndef KEEPER_PASSKEY_H
#define KEEPER_PASSKEY_H

#include "base/err.h"
#include "base/str.h"
#include "config/config.h"
#include "ipc/audit_events.h"
#include "webauthn/webauthn.h"

struct call;

/* The host that passkeys are made for; "": none, since browsers make no passkeys for an IP address. */
str passkey_rp_id(const struct config *config);

/* Why was it refused, for the audit trail? */
enum audit_reason passkey_reason(enum webauthn_fault fault);

#endif
