/*
 * Replaces EVP_PKEY_Q_keygen of libcrypto: making an RSA key takes up to a second, and most tests need one.  The worlds
 * of one program share eight quick keys (oidc/quick_key.h).  A world has fewer, and two worlds in a row begin with
 * different ones.
 *
 * No key is shared while a call shall fail, or with TEST_WHOLE (tests/unit/keeper/harness.h).
 */
#include "keeper/harness.h"

#include "oidc/quick_key.h"

#include <dlfcn.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 8 };

static EVP_PKEY *(*real_keygen)(OSSL_LIB_CTX *library, const char *properties, const char *type, ...);
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static EVP_PKEY *kept[KEPT];
static unsigned first, next; /* first: index of the first key of the newest world */

/* Before main, while the process has one thread. */
__attribute__((constructor)) static void
kept_keys_find(void)
{
	void *found = dlsym(RTLD_NEXT, "EVP_PKEY_Q_keygen");

	if (found == NULL)
		abort();
	memcpy(&real_keygen, &found, sizeof(found));
}

void
kept_keys_begin(void)
{
	pthread_mutex_lock(&lock);
	next = first = (first + KEPT / 2) % KEPT;
	pthread_mutex_unlock(&lock);
}

static EVP_PKEY *
kept_keys_take(void)
{
	EVP_PKEY *key;

	pthread_mutex_lock(&lock);
	if (kept[next] == NULL)
		(void)!quick_key_make(&kept[next]);
	key = kept[next];
	next = (next + 1) % KEPT;
	if (key != NULL && EVP_PKEY_up_ref(key) != 1)
		key = NULL;
	pthread_mutex_unlock(&lock);
	return key;
}

EVP_PKEY *
EVP_PKEY_Q_keygen(OSSL_LIB_CTX *library, const char *properties, const char *type, ...)
{
	bool rsa = strcmp(type, "RSA") == 0, anew = harness_whole() || harness_fault.nth != 0;
	size_t bits = 0;
	const char *curve = NULL;
	va_list more;

	va_start(more, type);
	if (rsa)
		bits = va_arg(more, size_t);
	else if (strcmp(type, "EC") == 0)
		curve = va_arg(more, const char *);
	va_end(more);
	if (rsa)
		return anew ? real_keygen(library, properties, type, bits) : kept_keys_take();
	return real_keygen(library, properties, type, curve);
}
