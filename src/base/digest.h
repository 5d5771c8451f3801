/*
 * SHA-256 and HMAC-SHA-256 from libcrypto. The process fetches the algorithm once.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/err.h"
#include "base/str.h"
#include "base/thread_end.h"

enum { DIGEST_BYTES = 32, DIGEST_HMAC_KEY_MAX = 64 };

/* Fetch the algorithm. Call once at start, before any thread starts. ERR_CRYPTO. */
MUST_USE err digest_setup(void);

/* ret_digest: DIGEST_BYTES. ERR_CRYPTO. */
MUST_USE err digest_sha256(str bytes, uint8_t *ret_digest);

/* SHA-256 of n concatenated parts. The digest does not depend on where one part ends and the next begins. */
MUST_USE err digest_sha256_of(const str *parts, size_t n, uint8_t *ret_digest);

/* HMAC-SHA-256 (RFC 2104) with a key of at most 64 bytes. */
MUST_USE err digest_hmac(str key, str bytes, uint8_t *ret_digest);

/* State of one thread for a key that it uses often. _Thread_local and zero-initialised. */
struct digest_hmac_kept {
	uint8_t key[DIGEST_HMAC_KEY_MAX];
	size_t key_bytes;
	struct evp_md_ctx_st *inner, *outer; /* SHA-256 after the first block, which depends on the key only */
	struct thread_end end;
};

/*
 * Like digest_hmac. The first call with a key prepares *kept, and all later calls with it digest two blocks less. A
 * text of up to 55 bytes then takes two blocks instead of four.
 *
 * ERR_INVALID  the key has no byte, or more than DIGEST_HMAC_KEY_MAX
 * ERR_CRYPTO
 */
MUST_USE err digest_hmac_often(struct digest_hmac_kept *kept, str key, str bytes, uint8_t *ret_digest);

#endif
