/*
 * Unsealed signing keys, for all threads of the keeper: parsing an RSA key takes as long as a signature.
 * The table decides which key is used; the cache only saves the unsealing.
 */
#ifndef KEEPER_OIDC_SIGNING_CACHE_H
#define KEEPER_OIDC_SIGNING_CACHE_H

#include "base/err.h"

#include <openssl/types.h>
#include <stdbool.h>
#include <stdint.h>

struct signing_cache;

MUST_USE err signing_cache_new(struct signing_cache **ret_cache);
void signing_cache_free(struct signing_cache **cache); /* accepts NULL */

/* The key of this row, or NULL.  Free it with jwt_key_free. */
EVP_PKEY *signing_cache_find(struct signing_cache *cache, int64_t id);

/* Store a reference to the key; the caller keeps its own.  A full cache drops its oldest key. */
void signing_cache_keep(struct signing_cache *cache, int64_t id, EVP_PKEY *key);

/* True at the first call for this row, so that an unreadable key gets only one line in the log. */
bool signing_cache_is_news(struct signing_cache *cache, int64_t id);

#endif
