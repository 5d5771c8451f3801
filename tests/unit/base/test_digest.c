/* SHA-256 and HMAC: the vectors of FIPS 180-4 and RFC 4231, and refused keys. */
#include "unit.h"

#include "base/buf.h"
#include "base/digest.h"

static _Thread_local struct digest_hmac_kept kept;

static void
assert_hex(const uint8_t *digest, const char *expected)
{
	CLEANUP(buf_wipe) struct buf hex = BUF(2 * DIGEST_BYTES);

	buf_put_hex(&hex, str_bytes(digest, DIGEST_BYTES));
	assert_int_equal(buf_check(&hex), ERR_OK);
	assert_memory_equal(hex.p, expected, 2 * DIGEST_BYTES);
}

/* The examples of FIPS 180-4: NIST, "Examples with Intermediate Values", SHA-256. */
static void
digest_sha256_gives_the_examples_of_fips_180(void **state)
{
	static const struct {
		str text;
		const char *expected, *why;
	} cases[] = {
		{ STR_INIT("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "one block" },
		{ STR_INIT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", "two blocks" },
		{ STR_INIT(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "nothing" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t digest[DIGEST_BYTES];
		unit_note("%s", cases[i].why);
		assert_int_equal(digest_sha256(cases[i].text, digest), ERR_OK);
		assert_hex(digest, cases[i].expected);
	}
}

/* RFC 4231 s4.2 to s4.5 */
static void
digest_hmac_gives_the_vectors_of_rfc_4231(void **state)
{
	static const struct {
		str key, text;
		const char *expected, *why;
	} cases[] = {
		{ STR_INIT("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"),
		  STR_INIT("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
		  "test case 1" },
		{ STR_INIT("Jefe"), STR_INIT("what do ya want for nothing?"),
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", "test case 2: a short key" },
		{ STR_INIT("\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"),
		  STR_INIT("\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
			   "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
			   "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"),
		  "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe", "test case 3: bytes over 127" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t digest[DIGEST_BYTES];
		unit_note("%s", cases[i].why);
		assert_int_equal(digest_hmac(cases[i].key, cases[i].text, digest), ERR_OK);
		assert_hex(digest, cases[i].expected);
		for (int call = 0; call < 3; call++) {
			memset(digest, 0, sizeof(digest));
			assert_int_equal(digest_hmac_often(&kept, cases[i].key, cases[i].text, digest), ERR_OK);
			assert_hex(digest, cases[i].expected);
		}
	}
}

/* Keys alternate between 20 bytes and the maximum; the longer key often begins with the bytes of the shorter one. */
static void
digest_hmac_often_follows_a_change_of_the_key(void **state)
{
	static const char bytes[DIGEST_HMAC_KEY_MAX] = { 1, 2, 3 };

	for (size_t i = 0; i < 8; i++) {
		const str key = str_bytes(bytes + i % 3, i % 2 == 0 ? 20 : sizeof(bytes) - i % 3);
		uint8_t digest[DIGEST_BYTES], expected[DIGEST_BYTES];
		assert_int_equal(digest_hmac(key, STR("x"), expected), ERR_OK);
		assert_int_equal(digest_hmac_often(&kept, key, STR("x"), digest), ERR_OK);
		assert_memory_equal(digest, expected, sizeof(digest));
	}
}

static void
digest_hmac_refuses_a_key_over_one_block(void **state)
{
	char key[65] = { 0 };
	uint8_t digest[DIGEST_BYTES];

	assert_int_equal(digest_hmac(str_bytes(key, 64), STR("x"), digest), ERR_OK);
	assert_int_equal(digest_hmac(str_bytes(key, 65), STR("x"), digest), ERR_INVALID);
	assert_int_equal(digest_hmac_often(&kept, str_bytes(key, 65), STR("x"), digest), ERR_INVALID);
	assert_int_equal(digest_hmac_often(&kept, STR(""), STR("x"), digest), ERR_INVALID);
	assert_int_equal(digest_hmac_often(&kept, STR(""), STR("x"), digest), ERR_INVALID);
	assert_int_equal(digest_hmac_often(&kept, str_bytes(key, 64), STR("x"), digest), ERR_OK);
}

static void
digest_fails_before_set_up(void **state)
{
	uint8_t digest[DIGEST_BYTES];

	assert_int_equal(digest_sha256(STR("x"), digest), ERR_CRYPTO);
	assert_int_equal(digest_setup(), ERR_OK);
	assert_int_equal(digest_sha256(STR("x"), digest), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digest_fails_before_set_up), /* first, because it calls digest_setup() */
		cmocka_unit_test(digest_sha256_gives_the_examples_of_fips_180),
		cmocka_unit_test(digest_hmac_gives_the_vectors_of_rfc_4231),
		cmocka_unit_test(digest_hmac_often_follows_a_change_of_the_key),
		cmocka_unit_test(digest_hmac_refuses_a_key_over_one_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
