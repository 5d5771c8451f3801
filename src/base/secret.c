#include "base/secret.h"

#include <openssl/crypto.h>

void
secret_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}

bool
secret_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}
