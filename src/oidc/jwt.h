/*
 * JSON Web Tokens (RFC 7519) in compact serialization (RFC 7515 s7.1), and their keys as JSON (RFC 7517, RFC 7518 s6,
 * RFC 8037 s2).  The algorithm and the key come from the caller, never from the token: members such as `jwk`, `jku` and
 * `x5u` of a header are ignored.
 */
#ifndef OIDC_JWT_H
#define OIDC_JWT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "oidc/client.h"

#include <openssl/types.h>

/* base64url of SHA-256, and NUL; the longest signature (RSA of 4096 bits); the longest private key as PKCS #8. */
enum { JWT_KID_SIZE = 44, JWT_SIGNATURE_MAX = 512, JWT_KEY_DER_MAX = 2048 };

/* --- keys --------------------------------------------------------------------------------------------------------- */

/* Make a key: RSA of 2048 bits, P-256, or Ed25519.  Free it with jwt_key_free.  ERR_CRYPTO. */
MUST_USE err jwt_key_make(enum oidc_alg alg, EVP_PKEY **ret_key);
void jwt_key_free(EVP_PKEY **key); /* accepts NULL, sets NULL */

/* Append the private key as DER of PKCS #8 (RFC 5958); read it.  ERR_CRYPTO.  ERR_CORRUPT: not a key of alg. */
MUST_USE err jwt_key_der_put(EVP_PKEY *key, struct buf *out);
MUST_USE err jwt_key_der_read(enum oidc_alg alg, str der, EVP_PKEY **ret_key);

/* Append the public key as a JSON object: kty, use, alg, kid and its parameters.  ERR_CRYPTO. */
MUST_USE err jwt_key_put(enum oidc_alg alg, EVP_PKEY *key, struct buf *out);

/* The thumbprint of the public key: RFC 7638 s3.  ERR_CRYPTO. */
MUST_USE err jwt_key_thumbprint(enum oidc_alg alg, EVP_PKEY *key, char ret_kid[JWT_KID_SIZE]);

/* --- signatures --------------------------------------------------------------------------------------------------- */

/* The signature of bytes in a JWS: RFC 7518 s3.3, s3.4, RFC 8037 s3.1.  Safe from several threads.  ERR_CRYPTO. */
MUST_USE err jwt_signature_make(enum oidc_alg alg, EVP_PKEY *key, str bytes, uint8_t ret_signature[JWT_SIGNATURE_MAX],
				size_t *ret_n);

/* Verify a signature.  *ret_good false: it has another length, or does not match.  ERR_CRYPTO, ERR_MEMORY. */
MUST_USE err jwt_signature_verify(enum oidc_alg alg, EVP_PKEY *key, str bytes, str signature, bool *ret_good);

/* --- tokens ------------------------------------------------------------------------------------------------------- */

/* Append the signed token.  typ: "JWT".  claims: a JSON object.  Safe from several threads.  ERR_CRYPTO. */
MUST_USE err jwt_sign_put(enum oidc_alg alg, EVP_PKEY *key, const char *kid, const char *typ, str claims,
			  struct buf *out);

/*
 * Read `alg` and `kid` of the header, to choose a registered key.  They are hints and not yet verified.  An absent one
 * is empty.
 *
 * ERR_INVALID  no compact JWS, longer than OIDC_JWT_MAX, not JSON, a member twice, `crit` present, or `typ` present and
 *              other than "JWT" (RFC 8725 s3.11)
 */
MUST_USE err jwt_header_read(str token, struct arena *arena, str *ret_alg, str *ret_kid);

/*
 * Verify the signature with this key and algorithm; then return the claims, a JSON object in the arena without a member
 * twice and without NUL.
 *
 * ERR_INVALID  as jwt_header_read; another algorithm in the header; a wrong signature; claims of another form
 */
MUST_USE err jwt_verify(enum oidc_alg alg, EVP_PKEY *key, str token, struct arena *arena, str *ret_claims);

#endif
