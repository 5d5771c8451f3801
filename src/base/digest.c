#include "base/digest.h"

#include "base/secret.h"
#include "base/thread_end.h"

#include <openssl/evp.h>

enum { BLOCK_BYTES = DIGEST_HMAC_KEY_MAX };

/* Fetched once at start, then only read. */
static EVP_MD *sha256;

err
digest_setup(void)
{
	if (sha256 == NULL)
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	return sha256 == NULL ? ERR_CRYPTO : ERR_OK;
}

/* --- one context per thread, freed when the thread ends ----------------------------------------------------------- */

static _Thread_local EVP_MD_CTX *kept;
static _Thread_local struct thread_end kept_end;

static void
digest_kept_free(void *context)
{
	EVP_MD_CTX **k = context;

	EVP_MD_CTX_free(*k);
	*k = NULL;
}

/* NULL: out of memory. */
static EVP_MD_CTX *
digest_context_of_thread(void)
{
	if (kept == NULL && thread_end_do(&kept_end, digest_kept_free, &kept))
		kept = EVP_MD_CTX_new();
	return kept;
}

err
digest_sha256_of(const str *parts, size_t n, uint8_t *ret_digest)
{
	EVP_MD_CTX *context = digest_context_of_thread();

	if (context == NULL || sha256 == NULL || EVP_DigestInit_ex2(context, sha256, NULL) != 1)
		return ERR_CRYPTO;
	for (size_t i = 0; i < n; i++)
		if (EVP_DigestUpdate(context, parts[i].p, parts[i].n) != 1)
			return ERR_CRYPTO;
	return EVP_DigestFinal_ex(context, ret_digest, NULL) == 1 ? ERR_OK : ERR_CRYPTO;
}

err
digest_sha256(str bytes, uint8_t *ret_digest)
{
	return digest_sha256_of(&bytes, 1, ret_digest);
}

struct pad {
	uint64_t words[BLOCK_BYTES / 8];
};

static void
digest_pad_wipe(struct pad *pad)
{
	secret_wipe(pad, sizeof(*pad));
}

static void
digest_pad_fill(struct pad *ret_pad, str key, uint8_t with)
{
	*ret_pad = (struct pad){ 0 };
	memcpy(ret_pad->words, key.p, key.n);
	for (size_t i = 0; i < COUNT(ret_pad->words); i++)
		ret_pad->words[i] ^= with * UINT64_C(0x0101010101010101);
}

static str
digest_pad_bytes(const struct pad *pad)
{
	return str_bytes(pad->words, sizeof(pad->words));
}

err
digest_hmac(str key, str bytes, uint8_t *ret_digest)
{
	CLEANUP(digest_pad_wipe) struct pad pad;
	uint8_t inner[DIGEST_BYTES];
	str padded;

	if (key.n > BLOCK_BYTES)
		return ERR_INVALID;
	digest_pad_fill(&pad, key, 0x36);
	padded = digest_pad_bytes(&pad);
	TRY(digest_sha256_of((str[]){ padded, bytes }, 2, inner));
	digest_pad_fill(&pad, key, 0x5c);
	return digest_sha256_of((str[]){ padded, str_bytes(inner, sizeof(inner)) }, 2, ret_digest);
}

/* --- HMAC with a kept key ----------------------------------------------------------------------------------------- */

static void
digest_hmac_kept_free(void *context)
{
	struct digest_hmac_kept *of = context;

	EVP_MD_CTX_free(of->inner);
	EVP_MD_CTX_free(of->outer);
	of->inner = of->outer = NULL;
	secret_wipe(of->key, sizeof(of->key));
	of->key_bytes = 0;
}

/* The state of SHA-256 after the padded key. */
static err
digest_hmac_prepare_block(str key, uint8_t with, EVP_MD_CTX *block)
{
	CLEANUP(digest_pad_wipe) struct pad pad;

	digest_pad_fill(&pad, key, with);
	return EVP_DigestInit_ex2(block, sha256, NULL) == 1 &&
		       EVP_DigestUpdate(block, pad.words, sizeof(pad.words)) == 1
		   ? ERR_OK
		   : ERR_CRYPTO;
}

static err
digest_hmac_prepare(struct digest_hmac_kept *of, str key)
{
	if (of->inner == NULL)
		of->inner = EVP_MD_CTX_new();
	if (of->outer == NULL)
		of->outer = EVP_MD_CTX_new();
	of->key_bytes = 0; /* until all of it is done */
	if (sha256 == NULL || of->inner == NULL || of->outer == NULL)
		return ERR_CRYPTO;
	TRY(digest_hmac_prepare_block(key, 0x36, of->inner));
	TRY(digest_hmac_prepare_block(key, 0x5c, of->outer));
	memcpy(of->key, key.p, key.n);
	of->key_bytes = key.n;
	return ERR_OK;
}

/* The digest of the kept block and these bytes. */
static err
digest_hmac_finish(const EVP_MD_CTX *block, str bytes, uint8_t *ret_digest)
{
	EVP_MD_CTX *context = digest_context_of_thread();

	if (context == NULL || EVP_MD_CTX_copy_ex(context, block) != 1 ||
	    EVP_DigestUpdate(context, bytes.p, bytes.n) != 1)
		return ERR_CRYPTO;
	return EVP_DigestFinal_ex(context, ret_digest, NULL) == 1 ? ERR_OK : ERR_CRYPTO;
}

err
digest_hmac_often(struct digest_hmac_kept *of, str key, str bytes, uint8_t *ret_digest)
{
	uint8_t inner[DIGEST_BYTES];

	if (key.n == 0 || key.n > BLOCK_BYTES)
		return ERR_INVALID;
	if (!thread_end_do(&of->end, digest_hmac_kept_free, of))
		return digest_hmac(key, bytes, ret_digest);
	if (key.n != of->key_bytes || !secret_equal(key.p, of->key, key.n))
		TRY(digest_hmac_prepare(of, key));
	TRY(digest_hmac_finish(of->inner, bytes, inner));
	return digest_hmac_finish(of->outer, str_bytes(inner, sizeof(inner)), ret_digest);
}
