/*
 * Signed identities: JSON Web Tokens (RFC 7519) with Ed25519 (RFC 8032, RFC 8037). An application that verifies them
 * need not trust the network between the proxy and itself.
 *
 *	{"alg":"EdDSA","kid":"...","typ":"JWT"}
 *	{"iss":"https://login.example.org","sub":"anna","aud":"wiki.example.org","iat":1790000000,"exp":1790000060,
 *	 "name":"Anna","email":"anna@example.org","groups":["admins"],"amr":["pwd","otp","mfa"],
 *	 "acr":"https://refeds.org/profile/mfa"}
 */
#ifndef KEEPER_SIGNING_H
#define KEEPER_SIGNING_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "access/jwk.h"
#include "keeper/core/proof.h"

#include <openssl/types.h>

enum { SIGNING_SEED_BYTES = 32, IDENTITY_SECONDS = 60 };

struct signing {
	EVP_PKEY *key; /* NULL: not set up */
	uint8_t seed[SIGNING_SEED_BYTES];
	uint8_t public_key[JWK_KEY_BYTES];
	char kid[JWK_THUMBPRINT_SIZE]; /* thumbprint of the public key: RFC 7638 */
};

/* The caller has set seed; the other members are derived from it. ERR_CRYPTO. */
MUST_USE err signing_setup(struct signing *signing);
void signing_wipe(struct signing *signing);

struct identity {
	str issuer, name, audience;
	str display_name, email, groups; /* groups: "admins,staff" */
	struct amr amr;
	str acr; /* empty: none */
	int64_t now_us;
};

/* Append the token.  ERR_CRYPTO, ERR_MEMORY. */
MUST_USE err signing_put(const struct signing *signing, const struct identity *identity, struct buf *out);

#endif
