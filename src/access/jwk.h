/*
 * The public key of signed identities as a JSON Web Key (RFC 7517; Ed25519: RFC 8037 s2), and the key set that
 * applications fetch.  The key's `kid` is its thumbprint (RFC 7638).
 */
#ifndef ACCESS_JWK_H
#define ACCESS_JWK_H

#include "base/buf.h"

enum { JWK_KEY_BYTES = 32, JWK_THUMBPRINT_SIZE = 43 + 1 }; /* base64url of a SHA-256, and a NUL */

/* SHA-256 of the required members in the order of RFC 7638 s3.2, in base64url. */
MUST_USE err jwk_thumbprint(const uint8_t key[JWK_KEY_BYTES], char ret_text[JWK_THUMBPRINT_SIZE]);

/* Append {"keys":[...]}, a key set of this key (RFC 7517 s5), and a newline. */
MUST_USE err jwk_set_put(const uint8_t key[JWK_KEY_BYTES], struct buf *out);

#endif
