/*
 * The keys that sign ID tokens: sealed in the table oidc_keys, and used.  keeper/oidc/signing_schedule.h makes and
 * retires them.
 */
#ifndef KEEPER_OIDC_SIGNING_KEYS_H
#define KEEPER_OIDC_SIGNING_KEYS_H

#include "keeper/core/call.h"
#include "oidc/client.h"

#include <openssl/types.h>

/*
 * Append the signed token: the claims, a JSON object, with the key of this algorithm that signs now.  A missing key is
 * made in a separate transaction; so do not call it inside a transaction, and only for questions with WRITES.
 *
 * ERR_CORRUPT  the key in the table cannot be unsealed
 */
MUST_USE err signing_keys_sign(struct call *call, enum oidc_alg alg, str claims, struct buf *out);

/*
 * The claims of an ID token of this server, also an expired one, in the call's arena.  *ret_good false: no kept key has
 * signed it.  The caller compares `iss` and `aud`.
 */
MUST_USE err signing_keys_verify(struct call *call, str token, str *ret_claims, bool *ret_good);

/* Append the key set of all published keys (RFC 7517 s5), the key that signs now first. */
MUST_USE err signing_keys_put(struct call *call, struct buf *out);

/* Unseal a key, and check that it has this thumbprint.  ERR_CORRUPT.  Used by `db check` too. */
struct sealing;
MUST_USE err signing_key_open(const struct sealing *sealing, int64_t id, str kid, str algorithm, str sealed,
			      struct arena *arena, enum oidc_alg *ret_alg, EVP_PKEY **ret_key);

#endif
