/*
 * JSON Web Tokens (RFC 7519) in compact serialization (RFC 7515 s7.1), and their keys as JSON (RFC 7517, RFC 7518 s6,
 * RFC 8037 s2).  The algorithm and the key come from the caller, never from the token.
 */
#ifndef OIDC_JWT_H
#define OIDC_JWT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "oidc/client.h"

#include <openssl/types.h>

enum { JWT_KID_SIZE = 44 }; /* base64url of SHA-256, and NUL */

/* Make a key: RSA of 2048 bits, P-256, or Ed25519.  Free it with EVP_PKEY_free.  ERR_CRYPTO. */
MUST_USE err jwt_key_make(enum oidc_alg alg, EVP_PKEY **ret_key);

/* Append the public key as JSON: kty, use, alg, kid and its parameters.  ERR_CRYPTO. */
MUST_USE err jwt_key_put(enum oidc_alg alg, EVP_PKEY *key, struct buf *out);

/* The thumbprint of the public key: RFC 7638 s3.  ERR_CRYPTO. */
MUST_USE err jwt_key_thumbprint(enum oidc_alg alg, EVP_PKEY *key, char ret_kid[JWT_KID_SIZE]);

/* Append the signed token.  typ: "JWT".  claims: a JSON object.  Safe from several threads.  ERR_CRYPTO. */
MUST_USE err jwt_sign_put(enum oidc_alg alg, EVP_PKEY *key, const char *kid, const char *typ, str claims,
			  struct buf *out);

/*
 * Read `alg` and `kid` of the header, to choose a registered key.  They are hints and not yet verified.
 *
 * ERR_INVALID  no compact JWS, not JSON, a member twice, `crit` present, or `typ` other than "JWT" (RFC 8725 s3.11)
 */
MUST_USE err jwt_header_read(str token, struct arena *arena, str *ret_alg, str *ret_kid);

/*
 * Verify the signature with this key and algorithm; then give the claims, a JSON object in the arena.
 *
 * ERR_INVALID  wrong signature or another algorithm in the header; the claims are not a JSON object
 */
MUST_USE err jwt_verify(enum oidc_alg alg, EVP_PKEY *key, str token, struct arena *arena, str *ret_claims);

#endif
