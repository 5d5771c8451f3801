/*
 * credential_key_read, credential_key_check, credential_key_verify.
 *
 * The reader is compared with a second implementation of the three forms. A key of ES256 is good if and only if its
 * point satisfies the equation of P-256. A key of RS256 is good if and only if its modulus is odd and has 2,048 to
 * 4,096 bits. The bytes after each key are verified as a signature, and always refused. If keys of small order were
 * accepted, such a signature could be valid.
 */
#include "target.h"

#include "pool.h"
#include "webauthn/credential_key.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <string.h>

/* libcrypto keeps some memory for later executions, much less than this number of blocks. */
enum { LIVE_MAX = 20000 };

static void *
crypto_new(size_t bytes, const char *file, int line)
{
	return bytes == 0 ? NULL : pool_new(bytes);
}

static void
crypto_free(void *memory, const char *file, int line)
{
	pool_free(memory);
}

static void *
crypto_grow(void *memory, size_t bytes, const char *file, int line)
{
	if (bytes > 0)
		return pool_grow(memory, bytes);
	pool_free(memory);
	return NULL;
}

static size_t
form_bytes(str text, enum credential_algorithm *ret_algorithm)
{
	const uint8_t *b = (const uint8_t *)text.p;
	size_t n;

	if (text.n >= 77 && memcmp(b, "\xa5\1\2\3\x26\x20\1\x21\x58\x20", 10) == 0 &&
	    memcmp(b + 42, "\x22\x58\x20", 3) == 0) {
		*ret_algorithm = CREDENTIAL_ES256;
		return 77;
	}
	*ret_algorithm = CREDENTIAL_EDDSA;
	if (text.n >= 42 && memcmp(b, "\xa4\1\1\3\x27\x20\6\x21\x58\x20", 10) == 0)
		return 42;
	*ret_algorithm = CREDENTIAL_RS256;
	if (text.n < 11 || memcmp(b, "\xa4\1\3\3\x39\1\0\x20\x59", 9) != 0)
		return 0;
	n = (size_t)b[9] << 8 | b[10];
	if (n < 256 || n > 512 || text.n < 11 + n + 5 || memcmp(b + 11 + n, "\x21\x43\1\0\1", 5) != 0)
		return 0;
	return 11 + n + 5;
}

/* Numbers that all executions use again. */
static BIGNUM *p, *b, *x, *y, *left, *right;
static BN_CTX *room;

static void
set_up(void)
{
	if (room != NULL)
		return;
	PROMISE(CRYPTO_set_mem_functions(crypto_new, crypto_grow, crypto_free) == 1);
	PROMISE(BN_hex2bn(&p, "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF") > 0);
	PROMISE(BN_hex2bn(&b, "5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B") > 0);
	x = BN_new();
	y = BN_new();
	left = BN_new();
	right = BN_new();
	room = BN_CTX_new();
	PROMISE(x != NULL && y != NULL && left != NULL && right != NULL && room != NULL);
}

static void
number_set(BIGNUM *number, str bytes)
{
	PROMISE(BN_bin2bn((const uint8_t *)bytes.p, (int)bytes.n, number) != NULL);
}

/* y^2 = x^3 - 3x + b (mod p), with x and y below p: FIPS 186-5, SP 800-186 s3.2.1.3. */
static bool
is_on_p256(const struct credential_key *key)
{
	number_set(x, key->x);
	number_set(y, key->y);
	PROMISE(BN_mod_sqr(left, y, p, room) && BN_mod_sqr(right, x, p, room));
	PROMISE(BN_sub_word(right, 3) && BN_mod_mul(right, right, x, p, room) && BN_mod_add(right, right, b, p, room));
	return BN_cmp(x, p) < 0 && BN_cmp(y, p) < 0 && BN_cmp(left, right) == 0;
}

static bool
is_rsa(const struct credential_key *key)
{
	int bits;

	number_set(x, key->modulus);
	bits = BN_num_bits(x);
	return BN_is_odd(x) && bits >= 2048 && (size_t)bits > 8 * (key->modulus.n - 1);
}

static void
try_key(const struct credential_key *key, str rest)
{
	bool good = false, verified = true;

	PROMISE(credential_key_check(key, &good) == ERR_OK);
	if (key->algorithm == CREDENTIAL_ES256)
		PROMISE(good == is_on_p256(key));
	if (key->algorithm == CREDENTIAL_RS256)
		PROMISE(good == is_rsa(key));
	if (!good && rest.n % 8 != 0) /* libcrypto would refuse the same key again, which takes most of the time */
		return;
	PROMISE(credential_key_verify(key, STR("one text"), str_upto(rest, 1024), &verified) == ERR_OK);
	PROMISE(!verified);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	str text = str_bytes(bytes, n), rest = text;
	enum credential_algorithm algorithm = CREDENTIAL_ES256;
	size_t expected = form_bytes(text, &algorithm);
	struct credential_key key;

	set_up();
	PROMISE(credential_key_read(&rest, &key) == (expected > 0));
	if (expected == 0) {
		PROMISE(rest.p == text.p && rest.n == text.n);
		return 0;
	}
	PROMISE(key.algorithm == algorithm && key.cose.p == text.p && key.cose.n == expected);
	PROMISE(rest.n == n - expected && (rest.n == 0 || rest.p == text.p + expected));
	try_key(&key, rest);
	PROMISE(pool_live < LIVE_MAX);
	return 0;
}
