/*
 * HOTP and TOTP over prepared HMAC states.
 */
#include "doubletour/otp.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <string.h>

const struct otp_totp OTP_TOTP_DEFAULT = { 6, 30, 0, 1, 1 };

enum { BLOCK_MAX = 128, DIGEST_MAX = 64, WINDOW_MAX = 100 };

/*
 * The hash functions by their low-level interface: libcrypto marks it deprecated in favour of EVP, whose contexts live on the
 * heap; these states may be copied and kept where the caller likes, which is what preparing a key once is about.
 */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

union hash {
	SHA_CTX sha1;
	SHA256_CTX sha256;
	SHA512_CTX sha512;
};

struct states {
	union hash inner, outer;
};
_Static_assert(sizeof(struct states) <= OTP_KEY_STATE, "OTP_KEY_STATE holds both states");

struct algorithm {
	size_t block, digest;
	int (*init)(union hash *h);
	int (*update)(union hash *h, const void *bytes, size_t n);
	int (*final)(unsigned char *digest, union hash *h);
};

static int
sha1_init(union hash *h)
{
	return SHA1_Init(&h->sha1);
}

static int
sha1_update(union hash *h, const void *bytes, size_t n)
{
	return SHA1_Update(&h->sha1, bytes, n);
}

static int
sha1_final(unsigned char *digest, union hash *h)
{
	return SHA1_Final(digest, &h->sha1);
}

static int
sha256_init(union hash *h)
{
	return SHA256_Init(&h->sha256);
}

static int
sha256_update(union hash *h, const void *bytes, size_t n)
{
	return SHA256_Update(&h->sha256, bytes, n);
}

static int
sha256_final(unsigned char *digest, union hash *h)
{
	return SHA256_Final(digest, &h->sha256);
}

static int
sha512_init(union hash *h)
{
	return SHA512_Init(&h->sha512);
}

static int
sha512_update(union hash *h, const void *bytes, size_t n)
{
	return SHA512_Update(&h->sha512, bytes, n);
}

static int
sha512_final(unsigned char *digest, union hash *h)
{
	return SHA512_Final(digest, &h->sha512);
}

static const struct algorithm algorithms[] = {
	[OTP_SHA1] = { 64, 20, sha1_init, sha1_update, sha1_final },
	[OTP_SHA256] = { 64, 32, sha256_init, sha256_update, sha256_final },
	[OTP_SHA512] = { 128, 64, sha512_init, sha512_update, sha512_final },
};

/* --- the key ------------------------------------------------------------------------------------------------------ */

static int
state_with_pad(const struct algorithm *a, union hash *state, const unsigned char key[BLOCK_MAX], unsigned char with)
{
	unsigned char pad[BLOCK_MAX];
	int ok;

	for (size_t i = 0; i < a->block; i++)
		pad[i] = key[i] ^ with;
	ok = a->init(state) && a->update(state, pad, a->block);
	OPENSSL_cleanse(pad, sizeof(pad));
	return ok;
}

/* RFC 2104 s2: a key longer than a block is hashed first. */
static int
key_block(const struct algorithm *a, const uint8_t *secret, size_t n, unsigned char key[BLOCK_MAX])
{
	union hash h;
	int ok;

	memset(key, 0, BLOCK_MAX);
	if (n <= a->block) {
		memcpy(key, secret, n);
		return 1;
	}
	ok = a->init(&h) && a->update(&h, secret, n) && a->final(key, &h);
	OPENSSL_cleanse(&h, sizeof(h));
	return ok;
}

enum otp_status
otp_key_init(struct otp_key *key, enum otp_algorithm algorithm, const uint8_t *secret, size_t n, unsigned flags)
{
	unsigned char block[BLOCK_MAX];
	struct states states;
	int ok;

	if ((unsigned)algorithm > OTP_SHA512 || secret == NULL)
		return OTP_INVALID;
	if (n == 0 || (n < OTP_SECRET_MIN && !(flags & OTP_ALLOW_SHORT_SECRET)))
		return OTP_TOO_SHORT;
	memset(&states, 0, sizeof(states));
	ok = key_block(&algorithms[algorithm], secret, n, block) &&
	     state_with_pad(&algorithms[algorithm], &states.inner, block, 0x36) &&
	     state_with_pad(&algorithms[algorithm], &states.outer, block, 0x5c);
	if (ok) {
		key->algorithm = algorithm;
		memcpy(key->state, &states, sizeof(states));
	}
	OPENSSL_cleanse(block, sizeof(block));
	OPENSSL_cleanse(&states, sizeof(states));
	return ok ? OTP_OK : OTP_CRYPTO;
}

void
otp_key_wipe(struct otp_key *key)
{
	OPENSSL_cleanse(key, sizeof(*key));
}

enum otp_status
otp_secret_random(uint8_t *ret_secret, size_t n)
{
	if (n < OTP_SECRET_MIN || n > INT32_MAX)
		return OTP_TOO_SHORT;
	return RAND_bytes(ret_secret, (int)n) == 1 ? OTP_OK : OTP_CRYPTO;
}

/* --- codes -------------------------------------------------------------------------------------------------------- */

static int
hmac_counter(const struct otp_key *key, uint64_t counter, unsigned char digest[DIGEST_MAX])
{
	const struct algorithm *a = &algorithms[key->algorithm];
	unsigned char message[8];
	struct states states;
	int ok;

	for (int i = 0; i < 8; i++)
		message[i] = (unsigned char)(counter >> (56 - 8 * i));
	memcpy(&states, key->state, sizeof(states));
	ok = a->update(&states.inner, message, sizeof(message)) && a->final(digest, &states.inner) &&
	     a->update(&states.outer, digest, a->digest) && a->final(digest, &states.outer);
	OPENSSL_cleanse(&states, sizeof(states));
	return ok;
}

/* RFC 4226 s5.3: 31 bits from where the last half-byte points. */
static uint32_t
truncate(const unsigned char *digest, size_t n)
{
	const unsigned char *p = digest + (digest[n - 1] & 15);

	return (uint32_t)(p[0] & 0x7f) << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
write_digits(uint64_t number, unsigned digits, char *ret_code)
{
	ret_code[digits] = '\0';
	while (digits-- > 0) {
		ret_code[digits] = (char)('0' + number % 10);
		number /= 10;
	}
}

static bool
digits_valid(unsigned digits)
{
	return digits >= OTP_DIGITS_MIN && digits <= OTP_DIGITS_MAX;
}

enum otp_status
otp_hotp_code(const struct otp_key *key, uint64_t counter, unsigned digits, char ret_code[OTP_CODE_SIZE])
{
	unsigned char digest[DIGEST_MAX];

	if (!digits_valid(digits))
		return OTP_INVALID;
	if (!hmac_counter(key, counter, digest))
		return OTP_CRYPTO;
	/* 31 bits have at most ten digits: for ten the code is the whole number */
	write_digits(truncate(digest, algorithms[key->algorithm].digest), digits, ret_code);
	OPENSSL_cleanse(digest, sizeof(digest));
	return OTP_OK;
}

static int64_t
floor_seconds(int64_t now_us)
{
	int64_t seconds = now_us / 1000000;

	return now_us % 1000000 < 0 ? seconds - 1 : seconds;
}

enum otp_status
otp_totp_step(const struct otp_totp *totp, int64_t now_us, int64_t *ret_step)
{
	int64_t since;

	if (totp->period_s == 0 || __builtin_sub_overflow(floor_seconds(now_us), totp->start_s, &since) || since < 0)
		return OTP_INVALID;
	*ret_step = since / totp->period_s;
	return OTP_OK;
}

enum otp_status
otp_totp_code(const struct otp_key *key, const struct otp_totp *totp, int64_t now_us, int64_t offset,
	      char ret_code[OTP_CODE_SIZE])
{
	int64_t step = 0;
	enum otp_status status = otp_totp_step(totp, now_us, &step);

	if (status != OTP_OK)
		return status;
	if (__builtin_add_overflow(step, offset, &step) || step < 0)
		return OTP_INVALID;
	return otp_hotp_code(key, (uint64_t)step, totp->digits, ret_code);
}

enum otp_status
otp_totp_seconds_left(const struct otp_totp *totp, int64_t now_us, unsigned *ret_seconds)
{
	int64_t step = 0;
	enum otp_status status = otp_totp_step(totp, now_us, &step);

	if (status == OTP_OK)
		*ret_seconds = totp->period_s - (unsigned)((floor_seconds(now_us) - totp->start_s) % totp->period_s);
	return status;
}

/* --- checking ----------------------------------------------------------------------------------------------------- */

static bool
is_digits(const char *code, size_t n, unsigned digits)
{
	bool good = n == digits;

	for (size_t i = 0; good && i < n; i++)
		good = code[i] >= '0' && code[i] <= '9';
	return good;
}

enum otp_status
otp_code_normalise(const char *text, size_t n, unsigned digits, char ret_code[OTP_CODE_SIZE])
{
	char code[OTP_CODE_SIZE];
	size_t kept = 0;

	if (!digits_valid(digits))
		return OTP_INVALID;
	for (size_t i = 0; i < n; i++) {
		if (text[i] == ' ' || text[i] == '-')
			continue;
		if (kept == digits || text[i] < '0' || text[i] > '9')
			return OTP_INVALID;
		code[kept++] = text[i];
	}
	if (kept != digits)
		return OTP_INVALID;
	code[kept] = '\0';
	memcpy(ret_code, code, kept + 1);
	return OTP_OK;
}

/* Compare at one step without a branch on what the code is: the newest usable step that fits stays in *match. */
static enum otp_status
verify_step(const struct otp_key *key, unsigned digits, const char *code, int64_t step, int64_t last_step,
	    struct otp_match *match)
{
	char expected[OTP_CODE_SIZE];
	enum otp_status status = otp_hotp_code(key, (uint64_t)step, digits, expected);
	int64_t take;

	if (status != OTP_OK)
		return status;
	take = -(int64_t)((CRYPTO_memcmp(expected, code, digits) == 0) & (step > last_step));
	match->step = (match->step & ~take) | (step & take);
	match->ok = match->ok | (take != 0);
	OPENSSL_cleanse(expected, sizeof(expected));
	return OTP_OK;
}

enum otp_status
otp_totp_verify(const struct otp_key *key, const struct otp_totp *totp, const char *code, size_t n, int64_t now_us,
		int64_t last_step, struct otp_match *ret_match)
{
	struct otp_match match = { false, 0 };
	int64_t now_step = 0;
	enum otp_status status = otp_totp_step(totp, now_us, &now_step);

	if (status != OTP_OK)
		return status;
	if (!digits_valid(totp->digits) || !is_digits(code, n, totp->digits) || totp->back > WINDOW_MAX ||
	    totp->forward > WINDOW_MAX)
		return OTP_INVALID;
	for (int64_t step = now_step - totp->back; step <= now_step + totp->forward; step++) {
		if (step < 0)
			continue;
		status = verify_step(key, totp->digits, code, step, last_step, &match);
		if (status != OTP_OK)
			return status;
	}
	*ret_match = match;
	return OTP_OK;
}
