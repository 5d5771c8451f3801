/*
 * Passkeys that stop working because PUBLIC_URL or PASSKEY_RP_ID changed. A browser uses a passkey only for the name
 * that it was made for. Not for passkeys that were removed.
 */
#ifndef KEEPER_PASSKEY_LOSS_H
#define KEEPER_PASSKEY_LOSS_H

#include "base/err.h"
#include "config/config.h"
#include "store/db.h"

/*
 * Are all passkeys of the database made for the configured name, or for one in PASSKEY_RP_ID_LOST?
 *
 * ERR_CONFIG  no: `why` counts them for the first such name, and says what to do
 */
MUST_USE err passkey_loss_check(const struct config *config, struct db *db, struct why *why);

#endif
