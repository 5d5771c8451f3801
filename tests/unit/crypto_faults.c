/*
 * Replaces the functions of libcrypto that Doubletour calls: each fails when FAULT_CRYPTO is due.  The linker finds
 * these names before libcrypto's, so libcrypto's own calls by name fail too.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/fault.h"

#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

static void
find(const char *name, void *ret_function)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	memcpy(ret_function, &found, sizeof(found));
}

/* Constructors look up the real functions before main, while the process has one thread. */
#define IN_FRONT_OF(type, name, parameters, arguments, failed)                                                         \
	static type(*real_##name) parameters;                                                                          \
	__attribute__((constructor)) static void find_##name(void)                                                     \
	{                                                                                                              \
		find(#name, &real_##name);                                                                             \
	}                                                                                                              \
	type name parameters                                                                                           \
	{                                                                                                              \
		return fault_due(FAULT_CRYPTO) ? (failed) : real_##name arguments;                                     \
	}

/* clang-format off */
IN_FRONT_OF(int, SHA1_Init, (SHA_CTX *c), (c), 0)
IN_FRONT_OF(int, SHA1_Update, (SHA_CTX *c, const void *data, size_t len), (c, data, len), 0)
IN_FRONT_OF(int, SHA1_Final, (unsigned char *md, SHA_CTX *c), (md, c), 0)
IN_FRONT_OF(int, RAND_priv_bytes, (unsigned char *buf, int num), (buf, num), 0)

IN_FRONT_OF(EVP_MD_CTX *, EVP_MD_CTX_new, (void), (), NULL)
IN_FRONT_OF(int, EVP_MD_CTX_copy_ex, (EVP_MD_CTX *out, const EVP_MD_CTX *in), (out, in), 0)
IN_FRONT_OF(int, EVP_DigestInit_ex2, (EVP_MD_CTX *ctx, const EVP_MD *type, const OSSL_PARAM params[]), (ctx, type, params), 0)
IN_FRONT_OF(int, EVP_DigestUpdate, (EVP_MD_CTX *ctx, const void *d, size_t cnt), (ctx, d, cnt), 0)
IN_FRONT_OF(int, EVP_DigestFinal_ex, (EVP_MD_CTX *ctx, unsigned char *md, unsigned int *s), (ctx, md, s), 0)

IN_FRONT_OF(EVP_CIPHER *, EVP_CIPHER_fetch, (OSSL_LIB_CTX *ctx, const char *algorithm, const char *properties), (ctx, algorithm, properties), NULL)
IN_FRONT_OF(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_new, (void), (), NULL)
IN_FRONT_OF(int, EVP_CipherInit_ex2, (EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, const unsigned char *key, const unsigned char *iv, int enc, const OSSL_PARAM params[]), (ctx, cipher, key, iv, enc, params), 0)
IN_FRONT_OF(int, EVP_CipherUpdate, (EVP_CIPHER_CTX *ctx, unsigned char *out, int *outl, const unsigned char *in, int inl), (ctx, out, outl, in, inl), 0)
IN_FRONT_OF(int, EVP_EncryptUpdate, (EVP_CIPHER_CTX *ctx, unsigned char *out, int *outl, const unsigned char *in, int inl), (ctx, out, outl, in, inl), 0)
IN_FRONT_OF(int, EVP_EncryptFinal_ex, (EVP_CIPHER_CTX *ctx, unsigned char *out, int *outl), (ctx, out, outl), 0)
IN_FRONT_OF(int, EVP_DecryptUpdate, (EVP_CIPHER_CTX *ctx, unsigned char *out, int *outl, const unsigned char *in, int inl), (ctx, out, outl, in, inl), 0)
IN_FRONT_OF(int, EVP_DecryptFinal_ex, (EVP_CIPHER_CTX *ctx, unsigned char *out, int *outl), (ctx, out, outl), 0)
IN_FRONT_OF(int, EVP_CIPHER_CTX_ctrl, (EVP_CIPHER_CTX *ctx, int type, int arg, void *ptr), (ctx, type, arg, ptr), 0)

IN_FRONT_OF(EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_name, (OSSL_LIB_CTX *ctx, const char *name, const char *properties), (ctx, name, properties), NULL)
IN_FRONT_OF(int, EVP_PKEY_fromdata_init, (EVP_PKEY_CTX *ctx), (ctx), 0)
IN_FRONT_OF(int, EVP_PKEY_fromdata, (EVP_PKEY_CTX *ctx, EVP_PKEY **pkey, int selection, OSSL_PARAM params[]), (ctx, pkey, selection, params), 0)
IN_FRONT_OF(EVP_PKEY *, EVP_PKEY_new_raw_public_key_ex, (OSSL_LIB_CTX *ctx, const char *type, const char *properties, const unsigned char *key, size_t n), (ctx, type, properties, key, n), NULL)
IN_FRONT_OF(int, EVP_DigestVerifyInit_ex, (EVP_MD_CTX *ctx, EVP_PKEY_CTX **pctx, const char *digest, OSSL_LIB_CTX *library, const char *properties, EVP_PKEY *pkey, const OSSL_PARAM params[]), (ctx, pctx, digest, library, properties, pkey, params), 0)
IN_FRONT_OF(int, EVP_DigestVerify, (EVP_MD_CTX *ctx, const unsigned char *signature, size_t n, const unsigned char *text, size_t text_n), (ctx, signature, n, text, text_n), 0)

IN_FRONT_OF(EVP_KDF *, EVP_KDF_fetch, (OSSL_LIB_CTX *ctx, const char *algorithm, const char *properties), (ctx, algorithm, properties), NULL)
IN_FRONT_OF(EVP_KDF_CTX *, EVP_KDF_CTX_new, (EVP_KDF *kdf), (kdf), NULL)
IN_FRONT_OF(int, EVP_KDF_derive, (EVP_KDF_CTX *ctx, unsigned char *key, size_t keylen, const OSSL_PARAM params[]), (ctx, key, keylen, params), 0)
/* clang-format on */
