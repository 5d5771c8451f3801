/*
 * The life of signing keys.
 *
 *	published for 7 days, then signs for 90 days, then is published for 7 more, and verifies id_token_hint for a
 *	year after its last signature.  The first key of an algorithm signs at once.
 *
 * Keys of an algorithm are made only while a client that is not disabled uses it.  RS256: while there is any
 * client that is not disabled.
 * If the server was off when the next key was due, the old key signs until the next one was published for 7 days.
 */
#ifndef KEEPER_OIDC_SIGNING_SCHEDULE_H
#define KEEPER_OIDC_SIGNING_SCHEDULE_H

#include "base/clock.h"
#include "keeper/core/call.h"
#include "oidc/client.h"
#include "oidc/jwt.h"

#define SIGNING_PUBLISHED_US DAYS_US(7) /* before the first signature, and after the last one */
#define SIGNING_SIGNS_US DAYS_US(90)
#define SIGNING_KEPT_US DAYS_US(365) /* after the last signature */

/*
 * Make the keys that are due, each in a separate transaction; if two nodes call it at once, one makes the key.  The
 * server calls it regularly.  Commands that add a client or change its algorithm call it too, so that the key is
 * published before the application asks.  Do not call it inside a transaction.
 */
MUST_USE err signing_schedule_upkeep(struct call *call);

/* The same for one algorithm, whether a client uses it or not. */
MUST_USE err signing_schedule_ensure(struct call *call, enum oidc_alg alg);

/* A key, as `rotate-keys --list` shows it. */
struct signing_key_times {
	str kid, algorithm;
	int64_t created_us, signs_from_us, signs_until_us, published_until_us, kept_until_us;
	int64_t withdrawn_us; /* 0: not withdrawn */
};
typedef err (*signing_schedule_each)(void *context, const struct signing_key_times *key);
MUST_USE err signing_schedule_list(struct call *call, signing_schedule_each each, void *context);

/*
 * Make the next key of each algorithm in use now: it is published at once and signs in 7 days.  *ret_made: the number
 * of new keys; an algorithm that has its next key already keeps it.
 */
MUST_USE err signing_schedule_rotate(struct call *call, unsigned *ret_made);

/*
 * Withdraw a key: it no longer signs, is no longer published, and verifies nothing.  If it was the key that signs, the
 * next one signs at once, or a new one.  *ret_found false: no such key, or it is withdrawn already.
 */
MUST_USE err signing_schedule_withdraw(struct call *call, str kid, bool *ret_found);

#endif
