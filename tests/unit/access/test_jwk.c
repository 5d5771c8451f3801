/* The public key as a JSON Web Key: the vectors of RFC 8037, appendix A. */
#include "unit.h"

#include "base/digest.h"
#include "access/jwk.h"

#include <string.h>

/* "x" of RFC 8037 A.2, the thumbprint of A.3. */
#define X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define THUMBPRINT "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"

static void
key_read(uint8_t ret_key[JWK_KEY_BYTES])
{
	assert_int_equal(str_base64url(STR(X), ret_key, JWK_KEY_BYTES), ERR_OK);
}

static void
jwk_thumbprint_is_the_one_of_rfc_8037(void **state)
{
	uint8_t key[JWK_KEY_BYTES];
	char text[JWK_THUMBPRINT_SIZE] = "";

	key_read(key);
	assert_int_equal(jwk_thumbprint(key, text), ERR_OK);
	assert_string_equal(text, THUMBPRINT);
	key[0] ^= 1;
	assert_int_equal(jwk_thumbprint(key, text), ERR_OK);
	assert_string_not_equal(text, THUMBPRINT);
}

/* The members of RFC 8037 A.2, and use, alg and kid (RFC 7517 s4.2, s4.4, s4.5). */
static void
jwk_set_put_writes_the_key_with_its_thumbprint(void **state)
{
	CLEANUP(buf_wipe) struct buf out = BUF(1024);
	uint8_t key[JWK_KEY_BYTES];

	key_read(key);
	assert_int_equal(jwk_set_put(key, &out), ERR_OK);
	buf_put_byte(&out, '\0');
	assert_string_equal(out.p, "{\"keys\":[{\"use\":\"sig\",\"alg\":\"EdDSA\",\"kid\":\"" THUMBPRINT "\","
				   "\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"" X "\"}]}\n");
}

static void
jwk_set_put_fails_when_its_buffer_is_full(void **state)
{
	CLEANUP(buf_wipe) struct buf out = BUF(100);
	uint8_t key[JWK_KEY_BYTES];

	key_read(key);
	assert_int_equal(jwk_set_put(key, &out), ERR_TOO_LONG);
}

static int
set_up(void **state)
{
	return digest_setup() == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jwk_thumbprint_is_the_one_of_rfc_8037),
		cmocka_unit_test(jwk_set_put_writes_the_key_with_its_thumbprint),
		cmocka_unit_test(jwk_set_put_fails_when_its_buffer_is_full),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
