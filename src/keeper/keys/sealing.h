/*
 * Encryption of stored secrets: AES-256-GCM (NIST SP 800-38D) from libcrypto.
 *
 * sealed = version (1 byte), key id (4), nonce (12, random), ciphertext, tag (16)
 *
 * The owner of a secret is bound as associated data: a sealed value copied to another account, factor or purpose does
 * not open.
 */
#ifndef KEEPER_SEALING_H
#define KEEPER_SEALING_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <openssl/types.h>

enum {
	SEALING_KEY_BYTES = 32,
	SEALING_ID_BYTES = 4,
	SEALING_NONCE_BYTES = 12,
	SEALING_TAG_BYTES = 16,
	SEALING_HEAD_BYTES = 1 + SEALING_ID_BYTES + SEALING_NONCE_BYTES,
};

struct sealing {
	EVP_CIPHER *cipher; /* NULL: not set up */
	uint8_t key[SEALING_KEY_BYTES];
	uint8_t key_id[SEALING_ID_BYTES];
};

/* The purpose of a signing key of ID tokens; factor_id is the id of its row. Others: factor_kind.sealing_purpose. */
#define SEALED_SIGNING_KEY "oidc key"

/* The owner of a secret. A purpose never changes after a release. */
struct sealed_for {
	const char *purpose;
	int64_t account_id, factor_id;
};

/* Fetch the cipher.  ERR_CRYPTO. */
MUST_USE err sealing_setup(struct sealing *sealing);
void sealing_wipe(struct sealing *sealing);

/* At most 2^32 values under one key: the nonces are random (SP 800-38D s8.3).  ERR_CRYPTO, ERR_MEMORY. */
MUST_USE err sealing_seal(const struct sealing *sealing, const struct sealed_for *owner, str secret,
			  struct arena *arena, str *ret_sealed);

/* ERR_CORRUPT: not sealed by this key for this owner, or modified. ret_secret is in the arena. */
MUST_USE err sealing_open(const struct sealing *sealing, const struct sealed_for *owner, str sealed,
			  struct arena *arena, str *ret_secret);

#endif
