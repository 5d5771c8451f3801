/*
 * Browsers that have signed in to an account. Each has a token in a cookie, which grants no access. It only gives the
 * browser its own limit of attempts (keeper/session/throttle.h).
 */
#ifndef KEEPER_DEVICES_H
#define KEEPER_DEVICES_H

#include "base/err.h"
#include "store/db.h"
#include "ipc/wire.h"

struct call;

enum { DEVICES_MAX = 20, DEVICE_DAYS = 400 };

/* The device of the presented token, if it has signed in to this account; 0: none. */
MUST_USE err device_find(struct call *call, int64_t account_id, int64_t *ret_id);

/*
 * Record, inside a transaction, that this browser has signed in to the account. ret_token is the value for its cookie:
 * the presented token if we issued it, or a new one.
 */
MUST_USE err device_remember(struct call *call, int64_t account_id, struct token *ret_token);

/* Forget all browsers of the account, inside a transaction. keep_own: except the one that asks. */
MUST_USE err devices_forget(struct call *call, int64_t account_id, bool keep_own);
MUST_USE err devices_forget_all(struct db *db, int64_t account_id);

#endif
