/*
 * Secrets: random generation, and expansion into the two HMAC states (RFC 2104).
 *
 * This file calls the low-level hash functions, which libcrypto deprecates in favour of EVP.  EVP contexts are on
 * the heap.  The low-level states can be copied and kept anywhere, so a key is expanded only once.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "internal.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <string.h>

enum { BLOCK_MAX = 128, READY = 0x4f545031 };

union hash {
	SHA_CTX sha1;
	SHA256_CTX sha256;
	SHA512_CTX sha512;
};

/* otp_key.state: the inner state is at the beginning, the outer state in the middle */
enum { OUTER_AT = OTP_KEY_STATE / 2 };
_Static_assert(sizeof(union hash) <= OUTER_AT * sizeof(uint64_t), "OTP_KEY_STATE holds two states");

struct algorithm {
	size_t block, digest, state; /* bytes */
	int (*init)(union hash *h);
	int (*update)(union hash *h, const void *bytes, size_t n);
	int (*final)(unsigned char *digest, union hash *h);
};

static int
otp_key_sha1_init(union hash *h)
{
	return SHA1_Init(&h->sha1);
}

static int
otp_key_sha1_update(union hash *h, const void *bytes, size_t n)
{
	return SHA1_Update(&h->sha1, bytes, n);
}

static int
otp_key_sha1_final(unsigned char *digest, union hash *h)
{
	return SHA1_Final(digest, &h->sha1);
}

static int
otp_key_sha256_init(union hash *h)
{
	return SHA256_Init(&h->sha256);
}

static int
otp_key_sha256_update(union hash *h, const void *bytes, size_t n)
{
	return SHA256_Update(&h->sha256, bytes, n);
}

static int
otp_key_sha256_final(unsigned char *digest, union hash *h)
{
	return SHA256_Final(digest, &h->sha256);
}

static int
otp_key_sha512_init(union hash *h)
{
	return SHA512_Init(&h->sha512);
}

static int
otp_key_sha512_update(union hash *h, const void *bytes, size_t n)
{
	return SHA512_Update(&h->sha512, bytes, n);
}

static int
otp_key_sha512_final(unsigned char *digest, union hash *h)
{
	return SHA512_Final(digest, &h->sha512);
}

/* clang-format off */
static const struct algorithm algorithms[] = {
	[OTP_SHA1]   = {  64, 20, sizeof(SHA_CTX),    otp_key_sha1_init,   otp_key_sha1_update,   otp_key_sha1_final },
	[OTP_SHA256] = {  64, 32, sizeof(SHA256_CTX), otp_key_sha256_init, otp_key_sha256_update, otp_key_sha256_final },
	[OTP_SHA512] = { 128, 64, sizeof(SHA512_CTX), otp_key_sha512_init, otp_key_sha512_update, otp_key_sha512_final },
};
/* clang-format on */

/* RFC 2104 s2: a key longer than a block is hashed first. */
static int
otp_key_block_of_secret(const struct algorithm *a, const uint8_t *secret, size_t n, unsigned char ret_block[BLOCK_MAX])
{
	union hash h;
	int ok;

	memset(ret_block, 0, BLOCK_MAX);
	if (n <= a->block) {
		memcpy(ret_block, secret, n);
		return 1;
	}
	ok = a->init(&h) && a->update(&h, secret, n) && a->final(ret_block, &h);
	OPENSSL_cleanse(&h, sizeof(h));
	return ok;
}

static int
otp_key_state_after_pad(const struct algorithm *a, const unsigned char block[BLOCK_MAX], unsigned char with,
			uint64_t *ret_state)
{
	unsigned char pad[BLOCK_MAX];
	union hash h;
	int ok;

	for (size_t i = 0; i < a->block; i++)
		pad[i] = block[i] ^ with;
	ok = a->init(&h) && a->update(&h, pad, a->block);
	memcpy(ret_state, &h, a->state);
	OPENSSL_cleanse(pad, sizeof(pad));
	OPENSSL_cleanse(&h, sizeof(h));
	return ok;
}

static bool
otp_key_is_long_enough(size_t n, unsigned flags)
{
	return n >= OTP_SECRET_MIN || (n > 0 && (flags & OTP_ALLOW_SHORT_SECRET) != 0);
}

enum otp_status
otp_key_init(struct otp_key *key, enum otp_algorithm algorithm, const uint8_t *secret, size_t n, unsigned flags)
{
	const struct algorithm *a = &algorithms[OTP_SHA1];
	unsigned char block[BLOCK_MAX];
	struct otp_key made = { READY, algorithm, { 0 } };
	int ok;

	if ((unsigned)algorithm > OTP_SHA512 || secret == NULL)
		return OTP_INVALID;
	if (!otp_key_is_long_enough(n, flags))
		return OTP_TOO_SHORT;
	a = &algorithms[algorithm];
	ok = otp_key_block_of_secret(a, secret, n, block) && otp_key_state_after_pad(a, block, 0x36, made.state) &&
	     otp_key_state_after_pad(a, block, 0x5c, made.state + OUTER_AT);
	if (ok)
		*key = made;
	OPENSSL_cleanse(block, sizeof(block));
	otp_key_wipe(&made);
	return ok ? OTP_OK : OTP_CRYPTO;
}

void
otp_key_wipe(struct otp_key *key)
{
	OPENSSL_cleanse(key, sizeof(*key));
}

bool
otp_key_is_ready(const struct otp_key *key)
{
	return key->ready == READY && (unsigned)key->algorithm <= OTP_SHA512;
}

enum otp_status
otp_hmac_counter(const struct otp_key *key, uint64_t counter, unsigned char digest[OTP_DIGEST_MAX], size_t *ret_n)
{
	const struct algorithm *a = &algorithms[OTP_SHA1];
	unsigned char message[8];
	union hash h;
	int ok;

	if (!otp_key_is_ready(key))
		return OTP_INVALID;
	a = &algorithms[key->algorithm];
	for (int i = 0; i < 8; i++)
		message[i] = (unsigned char)(counter >> (56 - 8 * i));
	memcpy(&h, key->state, a->state);
	ok = a->update(&h, message, sizeof(message)) && a->final(digest, &h);
	memcpy(&h, key->state + OUTER_AT, a->state);
	ok = ok && a->update(&h, digest, a->digest) && a->final(digest, &h);
	OPENSSL_cleanse(&h, a->state);
	*ret_n = a->digest;
	return ok ? OTP_OK : OTP_CRYPTO;
}

enum otp_status
otp_secret_random(uint8_t *ret_secret, size_t n, unsigned flags)
{
	if (!otp_key_is_long_enough(n, flags))
		return OTP_TOO_SHORT;
	if (n > INT32_MAX)
		return OTP_INVALID;
	return RAND_priv_bytes(ret_secret, (int)n) == 1 ? OTP_OK : OTP_CRYPTO;
}
