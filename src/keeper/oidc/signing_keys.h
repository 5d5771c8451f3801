/*
 * The keys that sign ID tokens: made, sealed into a table, published, used, retired.
 *
 *	published for 7 days, then signs for 90 days, then is published for 7 more, and is kept for a year in all to
 *	prove id_token_hint.  The first key of a database signs at once.
 */
#ifndef KEEPER_OIDC_SIGNING_KEYS_H
#define KEEPER_OIDC_SIGNING_KEYS_H

#include "keeper/core/call.h"
#include "oidc/client.h"

/*
 * Append the signed token: the claims, a JSON object, with the key of this algorithm that signs now.  A missing key is
 * made in a separate transaction; so do not call it inside a transaction, and only for questions with WRITES.
 */
MUST_USE err signing_keys_sign(struct call *call, enum oidc_alg alg, str claims, struct buf *out);

/* The claims of an ID token of this server, also an expired one.  *ret_good false: not signed by a kept key. */
MUST_USE err signing_keys_verify(struct call *call, str token, str *ret_claims, bool *ret_good);

/* Append the key set of all published keys: RFC 7517 s5. */
MUST_USE err signing_keys_put(struct call *call, struct buf *out);

/* Make the next keys, and delete those that are kept no longer.  Called regularly by keeper/ops/upkeep.c. */
MUST_USE err signing_keys_upkeep(struct call *call);

#endif
