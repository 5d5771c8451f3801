/*
 * Browsers that have signed in to an account: each has a token of its own in a cookie, which opens nothing.  It earns the
 * browser its own budget of tries (keeper/session/throttle.h).
 */
#ifndef KEEPER_DEVICES_H
#define KEEPER_DEVICES_H

#include "base/err.h"
#include "store/db.h"
#include "ipc/wire.h"

struct call;

enum { DEVICES_MAX = 20, DEVICE_DAYS = 400 };

/* The device of the token that web presented, if it has signed in to this account; 0: none. */
MUST_USE err device_find(struct call *call, int64_t account_id, int64_t *ret_id);

/*
 * Within a transaction: this browser has signed in to the account whose session it is.  ret_token is what its cookie shall hold:
 * what it has, when that is one of ours, or a new one.
 */
MUST_USE err device_remember(struct call *call, struct token *ret_token);

/* Within a transaction: none is known to the account any more, but for the one that asks, if keep_own. */
MUST_USE err devices_forget(struct call *call, int64_t account_id, bool keep_own);
MUST_USE err devices_forget_all(struct db *db, int64_t account_id);

#endif
