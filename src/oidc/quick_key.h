/*
 * RSA keys for the end-to-end tests, whose servers make some 200: a real one takes 0.2 s of processor time, these take
 * 0.01 s.  One prime is always the same, so such a key protects nothing.  Test builds only, and only if
 * DOUBLETOUR_TEST_QUICK_KEYS is in the environment.
 */
#ifndef OIDC_QUICK_KEY_H
#define OIDC_QUICK_KEY_H

#include "base/err.h"

#include <openssl/types.h>
#include <stdbool.h>

#ifdef DOUBLETOUR_TEST_HOOKS
bool quick_key_wanted(void);

/* Make an RSA key of 2048 bits from a fixed prime of 1536 bits and a new one of 512 bits.  ERR_CRYPTO. */
MUST_USE err quick_key_make(EVP_PKEY **ret_key);
#else
static inline bool
quick_key_wanted(void)
{
	return false;
}

static inline err
quick_key_make(EVP_PKEY **ret_key)
{
	(void)ret_key;
	return ERR_CRYPTO;
}
#endif

#endif
