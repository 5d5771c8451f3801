#include "base/secret.h"

#include <openssl/crypto.h>
#include <string.h>

void
secret_wipe(void *p, size_t n)
{
	explicit_bzero(p, n); /* vectorised; OPENSSL_cleanse writes eight bytes at a time */
}

bool
secret_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}
