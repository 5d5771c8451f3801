/*
 * Finds, unseals and uses the keys that sign ID tokens.  The table oidc_keys has them sealed.
 * keeper/oidc/signing_schedule.h makes and retires them.
 */
#ifndef KEEPER_OIDC_SIGNING_KEYS_H
#define KEEPER_OIDC_SIGNING_KEYS_H

#include "keeper/core/call.h"
#include "oidc/client.h"
#include "oidc/jwt.h"

#include <openssl/types.h>

/*
 * The key that signs now.  Find it before the transaction that stores the grant, and sign inside the transaction, so
 * that a failure stores nothing:
 *
 *	CLEANUP(token_signer_wipe) struct token_signer signer;
 *	token_signer_find(call, client->alg, &signer);
 *	call_transact(...)       token_signer_put(&signer, claims, &token)
 */
struct token_signer {
	err found; /* reported when it signs: a refused request needs no key */
	enum oidc_alg alg;
	char kid[JWT_KID_SIZE];
	EVP_PKEY *key;
};

/*
 * Find the key of this algorithm.  A missing key is made in a separate transaction; so do not call it inside a
 * transaction, and only for questions with WRITES.
 */
void token_signer_find(struct call *call, enum oidc_alg alg, struct token_signer *ret_signer);
void token_signer_wipe(struct token_signer *signer);

/*
 * Append the signed token: the claims are a JSON object.  Takes about 1 ms with RS256.
 *
 * ERR_CORRUPT  the key in the table cannot be unsealed
 */
MUST_USE err token_signer_put(const struct token_signer *signer, str claims, struct buf *out);

/*
 * The claims of an ID token of this server, also an expired one, in the call's arena.  *ret_good false: no kept key has
 * signed it.  The caller compares `iss` and `aud`.
 */
MUST_USE err signing_keys_verify(struct call *call, str token, str *ret_claims, bool *ret_good);

/* Append the key set of all published keys (RFC 7517 s5): the key that signs now first, no unreadable one. */
MUST_USE err signing_keys_put(struct call *call, struct buf *out);

/* Unseal a key, and check that it has this thumbprint.  ERR_CORRUPT.  Used by `db check` too. */
struct sealing;
MUST_USE err signing_key_open(const struct sealing *sealing, int64_t id, str kid, str algorithm, str sealed,
			      struct arena *arena, enum oidc_alg *ret_alg, EVP_PKEY **ret_key);

#endif
