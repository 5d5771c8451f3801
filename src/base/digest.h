/*
 * SHA-256 and HMAC-SHA-256 from libcrypto. The process fetches the algorithm once.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/err.h"
#include "base/str.h"

enum { DIGEST_BYTES = 32 };

/* Fetch the algorithm. Call once at start, before any thread starts. ERR_CRYPTO. */
MUST_USE err digest_setup(void);

/* ret_digest: DIGEST_BYTES. ERR_CRYPTO. */
MUST_USE err digest_sha256(str bytes, uint8_t *ret_digest);

/* SHA-256 of n concatenated parts. The digest does not depend on where one part ends and the next begins. */
MUST_USE err digest_sha256_of(const str *parts, size_t n, uint8_t *ret_digest);

/* HMAC-SHA-256 (RFC 2104) with a key of at most 64 bytes. */
MUST_USE err digest_hmac(str key, str bytes, uint8_t *ret_digest);

#endif
