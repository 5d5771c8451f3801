/* JSON Web Tokens: the vectors of the RFCs, our own tokens, and hostile ones. */
#include "oidc/jwt.h"

#include "base/digest.h"
#include "ipc/terms.h"
#include "unit.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <stdlib.h>

#define CLAIMS "{\"iss\":\"https://login.example.org\",\"sub\":\"3f1c\"}"

static EVP_PKEY *keys[OIDC_ALG_COUNT]; /* made by us */

static int
setup(void **state)
{
	if (digest_setup() != ERR_OK)
		return -1;
	for (enum oidc_alg alg = 0; alg < OIDC_ALG_COUNT; alg++)
		if (jwt_key_make(alg, &keys[alg]) != ERR_OK)
			return -1;
	return 0;
}

static int
teardown(void **state)
{
	for (enum oidc_alg alg = 0; alg < OIDC_ALG_COUNT; alg++)
		jwt_key_free(&keys[alg]);
	return 0;
}

/* --- keys of the RFCs --------------------------------------------------------------------------------------------- */

static size_t
decode(const char *text, uint8_t ret_bytes[512])
{
	size_t n = strlen(text) * 6 / 8;

	assert_int_equal(str_base64url(str_of(text), ret_bytes, n), ERR_OK);
	return n;
}

static EVP_PKEY *
key_from(const char *type, int selection, OSSL_PARAM_BLD *build)
{
	OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_fromdata_init(maker), 1);
	assert_int_equal(EVP_PKEY_fromdata(maker, &key, selection, parameters), 1);
	EVP_PKEY_CTX_free(maker);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(build);
	return key;
}

static BIGNUM *
number(const char *text)
{
	uint8_t bytes[512];
	size_t n = decode(text, bytes);

	return BN_bin2bn(bytes, (int)n, NULL);
}

/* d NULL: a public key. */
static EVP_PKEY *
rsa_key(const char *modulus, const char *d)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *of[] = { number(modulus), number("AQAB"), d == NULL ? NULL : number(d) };
	EVP_PKEY *key;

	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, of[0]);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, of[1]);
	if (d != NULL)
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_D, of[2]);
	key = key_from("RSA", d == NULL ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR, build);
	for (size_t i = 0; i < COUNT(of); i++)
		BN_free(of[i]);
	return key;
}

static EVP_PKEY *
ec_key(const char *x, const char *y)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	uint8_t point[1024] = { 4 };
	size_t n = 1 + decode(x, point + 1);

	n += decode(y, point + n);
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
	OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, n);
	return key_from("EC", EVP_PKEY_PUBLIC_KEY, build);
}

static EVP_PKEY *
okp_key(const char *d)
{
	uint8_t seed[512];
	size_t n = decode(d, seed);

	return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, n);
}

/* RFC 7515 A.2.1 */
#define A2_N                                                                                                           \
	"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-"       \
	"SFd2lZS-pC"                                                                                                   \
	"gNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"                \
	"UTo7WTBEMa2R2CapHg6"                                                                                          \
	"65xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"                                     \
	"h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRW"                                                                     \
	"yuXpoQ"
#define A2_D                                                                                                           \
	"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_"  \
	"GO-pW"                                                                                                        \
	"J1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_"            \
	"0ZHHzQlBjudU2Qv"                                                                                              \
	"Xt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_"                       \
	"RQyGWSeWjnczT0QU91p1DhOVRu"                                                                                   \
	"OopznQ"
#define A2_INPUT                                                                                                       \
	"eyJhbGciOiJSUzI1NiJ9"                                                                                         \
	".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define A2_SIGNATURE                                                                                                   \
	"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"                        \
	"O8W2Fp5jujGbds9uJdbF9CUAr7t"                                                                                  \
	"1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--"  \
	"xi12j"                                                                                                        \
	"zDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_"      \
	"IoypGlUPQ"                                                                                                    \
	"Ge77Rw"

static void
claims_of_the_rfc_are_read(enum oidc_alg alg, EVP_PKEY *key, const char *token)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	str claims = { 0 };

	assert_int_equal(jwt_verify(alg, key, str_of(token), &arena, &claims), ERR_OK);
	assert_true(str_equal(
	    claims, STR("{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}")));
}

static void
rs256_vector_of_rfc_7515_is_verified(void **state)
{
	EVP_PKEY *key = rsa_key(A2_N, NULL);

	claims_of_the_rfc_are_read(OIDC_RS256, key, A2_INPUT "." A2_SIGNATURE);
	jwt_key_free(&key);
}

static void
rs256_signature_equals_that_of_rfc_7515(void **state)
{
	CLEANUP(buf_wipe) struct buf text = BUF(1024);
	uint8_t signature[JWT_SIGNATURE_MAX];
	EVP_PKEY *key = rsa_key(A2_N, A2_D);
	size_t n = 0;

	assert_int_equal(jwt_signature_make(OIDC_RS256, key, STR(A2_INPUT), signature, &n), ERR_OK);
	buf_put_base64url(&text, str_bytes(signature, n));
	assert_true(str_equal(buf_str(&text), STR(A2_SIGNATURE)));
	jwt_key_free(&key);
}

/* RFC 7515 A.3 */
static void
es256_vector_of_rfc_7515_is_verified(void **state)
{
	EVP_PKEY *key =
	    ec_key("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");

	claims_of_the_rfc_are_read(
	    OIDC_ES256, key,
	    "eyJhbGciOiJFUzI1NiJ9"
	    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
	jwt_key_free(&key);
}

/* RFC 8037 A.4: its payload is a sentence and no JSON. */
static void
eddsa_vector_of_rfc_8037_is_made_and_verified(void **state)
{
	static const char input[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
	static const char expected[] =
	    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
	EVP_PKEY *key = okp_key("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
	uint8_t signature[JWT_SIGNATURE_MAX], wanted[512];
	size_t n = 0, wanted_n = decode(expected, wanted);
	bool good = false;

	assert_int_equal(jwt_signature_make(OIDC_EDDSA, key, str_of(input), signature, &n), ERR_OK);
	assert_int_equal(n, wanted_n);
	assert_memory_equal(signature, wanted, n);
	assert_int_equal(jwt_signature_verify(OIDC_EDDSA, key, str_of(input), str_bytes(wanted, n), &good), ERR_OK);
	assert_true(good);
	jwt_key_free(&key);
}

/* RFC 7638 s3.1, RFC 8037 A.3 */
static void
thumbprints_equal_those_of_the_rfcs(void **state)
{
	EVP_PKEY *rsa =
	    rsa_key("0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
		    "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
		    "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI"
		    "4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
		    NULL);
	EVP_PKEY *okp = okp_key("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
	char kid[JWT_KID_SIZE];

	assert_int_equal(jwt_key_thumbprint(OIDC_RS256, rsa, kid), ERR_OK);
	assert_string_equal(kid, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
	assert_int_equal(jwt_key_thumbprint(OIDC_EDDSA, okp, kid), ERR_OK);
	assert_string_equal(kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
	jwt_key_free(&rsa);
	jwt_key_free(&okp);
}

static void
public_keys_are_written_as_the_rfcs_have_them(void **state)
{
	CLEANUP(buf_wipe) struct buf text = BUF(4096);
	EVP_PKEY *ec =
	    ec_key("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
	EVP_PKEY *okp = okp_key("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
	EVP_PKEY *rsa = rsa_key(A2_N, A2_D);

	assert_int_equal(jwt_key_put(OIDC_ES256, ec, &text), ERR_OK);
	assert_int_equal(jwt_key_put(OIDC_EDDSA, okp, &text), ERR_OK);
	assert_int_equal(jwt_key_put(OIDC_RS256, rsa, &text), ERR_OK);
	buf_put_byte(&text, '\0');
	assert_non_null(strstr(text.p,
			       "\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
			       "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"));
	assert_non_null(
	    strstr(text.p, "{\"use\":\"sig\",\"alg\":\"EdDSA\",\"kid\":\"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k\","
			   "\"crv\":\"Ed25519\",\"kty\":\"OKP\","
			   "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"));
	assert_non_null(strstr(text.p, "\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"" A2_N "\"}"));
	assert_null(strstr(text.p, "\"d\""));
	jwt_key_free(&ec);
	jwt_key_free(&okp);
	jwt_key_free(&rsa);
}

/* --- our own tokens ----------------------------------------------------------------------------------------------- */

static void
token_of(enum oidc_alg alg, struct buf *out)
{
	assert_int_equal(jwt_sign_put(alg, keys[alg], "the-kid", "JWT", STR(CLAIMS), out), ERR_OK);
}

static void
signed_tokens_are_verified_and_read(void **state)
{
	for (enum oidc_alg alg = 0; alg < OIDC_ALG_COUNT; alg++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
		CLEANUP(buf_wipe) struct buf token = BUF(4096);
		str named = { 0 }, kid = { 0 }, claims = { 0 };

		token_of(alg, &token);
		assert_int_equal(jwt_header_read(buf_str(&token), &arena, &named, &kid), ERR_OK);
		assert_true(str_equal(named, str_of(oidc_alg_name(alg))));
		assert_true(str_equal(kid, STR("the-kid")));
		assert_int_equal(jwt_verify(alg, keys[alg], buf_str(&token), &arena, &claims), ERR_OK);
		assert_true(str_equal(claims, STR(CLAIMS)));
	}
}

static void
private_keys_survive_their_der_form(void **state)
{
	for (enum oidc_alg alg = 0; alg < OIDC_ALG_COUNT; alg++) {
		CLEANUP(buf_wipe) struct buf der = BUF(JWT_KEY_DER_MAX);
		CLEANUP(jwt_key_free) EVP_PKEY *read = NULL;
		enum oidc_alg other = (alg + 1) % OIDC_ALG_COUNT;

		assert_int_equal(jwt_key_der_put(keys[alg], &der), ERR_OK);
		assert_int_equal(jwt_key_der_read(other, buf_str(&der), &read), ERR_CORRUPT);
		assert_int_equal(jwt_key_der_read(alg, str_upto(buf_str(&der), der.n - 1), &read), ERR_CORRUPT);
		assert_int_equal(jwt_key_der_read(alg, STR(""), &read), ERR_CORRUPT);
		assert_null(read);
		assert_int_equal(jwt_key_der_read(alg, buf_str(&der), &read), ERR_OK);
		assert_int_equal(EVP_PKEY_eq(read, keys[alg]), 1);
		buf_put_byte(&der, '\0');
		assert_int_equal(jwt_key_der_read(alg, buf_str(&der), &read), ERR_CORRUPT);
	}
}

/* --- hostile tokens ----------------------------------------------------------------------------------------------- */

static err
verify(enum oidc_alg alg, str token)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	str claims = { 0 };

	return jwt_verify(alg, keys[alg], token, &arena, &claims);
}

/* A token with this header and payload, correctly signed. */
static void
bent_token(enum oidc_alg alg, str header, str payload, struct buf *out)
{
	uint8_t signature[JWT_SIGNATURE_MAX];
	size_t n = 0;

	buf_put_base64url(out, header);
	buf_put_byte(out, '.');
	buf_put_base64url(out, payload);
	assert_int_equal(jwt_signature_make(alg, keys[alg], buf_str(out), signature, &n), ERR_OK);
	buf_put_byte(out, '.');
	buf_put_base64url(out, str_bytes(signature, n));
	assert_int_equal(buf_check(out), ERR_OK);
}

static const struct {
	str header;
	err expected;
	const char *why;
} headers[] = {
	{ STR_INIT("{\"alg\":\"RS256\"}"), ERR_OK, "typ and kid are optional" },
	{ STR_INIT(
	      "{\"alg\":\"RS256\",\"jwk\":{\"kty\":\"RSA\"},\"jku\":\"https://e.example/\",\"x5u\":\"x\",\"x5c\":[]}"),
	  ERR_OK, "keys of the header are ignored: ours has signed it" },
	{ STR_INIT("{\"alg\":\"none\"}"), ERR_INVALID, "none" },
	{ STR_INIT("{\"alg\":\"None\"}"), ERR_INVALID, "none in another case" },
	{ STR_INIT("{\"alg\":\"HS256\"}"), ERR_INVALID, "a MAC" },
	{ STR_INIT("{\"alg\":\"ES256\"}"), ERR_INVALID, "the algorithm of another key" },
	{ STR_INIT("{\"alg\":\"RS512\"}"), ERR_INVALID, "another digest" },
	{ STR_INIT("{\"alg\":\"rs256\"}"), ERR_INVALID, "names are case-sensitive" },
	{ STR_INIT("{\"alg\":\"RS256\\u0000\"}"), ERR_INVALID, "NUL, escaped" },
	{ STR_INIT("{\"alg\":\"RS256\"}\0"), ERR_INVALID, "NUL after the object" },
	{ STR_INIT("{\"alg\":\"RS256\",\"n\":1\0}"), ERR_INVALID, "NUL after a number" },
	{ STR_INIT("{}"), ERR_INVALID, "no algorithm" },
	{ STR_INIT("{\"alg\":[\"RS256\"]}"), ERR_INVALID, "a list" },
	{ STR_INIT("{\"alg\":\"RS256\",\"alg\":\"RS256\"}"), ERR_INVALID, "a member twice" },
	{ STR_INIT("{\"alg\":\"RS256\",\"\\u0061lg\":\"none\"}"), ERR_INVALID, "a member twice, escaped" },
	{ STR_INIT("{\"alg\":\"RS256\",\"crit\":[\"b64\"],\"b64\":false}"), ERR_INVALID, "crit" },
	{ STR_INIT("{\"alg\":\"RS256\",\"crit\":[]}"), ERR_INVALID, "an empty crit" },
	{ STR_INIT("{\"alg\":\"RS256\",\"crit\":null}"), ERR_INVALID, "a null crit" },
	{ STR_INIT("{\"alg\":\"RS256\",\"typ\":\"logout+jwt\"}"), ERR_INVALID, "another typ" },
	{ STR_INIT("{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}"), ERR_INVALID, "another typ" },
	{ STR_INIT("{\"alg\":\"RS256\",\"typ\":\"\"}"), ERR_INVALID, "an empty typ" },
	{ STR_INIT("{\"alg\":\"RS256\",\"typ\":7}"), ERR_INVALID, "typ is no string" },
	{ STR_INIT("{\"alg\":\"RS256\",\"kid\":7}"), ERR_INVALID, "kid is no string" },
	{ STR_INIT("[\"alg\",\"RS256\"]"), ERR_INVALID, "no object" },
	{ STR_INIT("\"RS256\""), ERR_INVALID, "a string" },
	{ STR_INIT("{\"alg\":\"RS256\"}{}"), ERR_INVALID, "two objects" },
	{ STR_INIT("{\"alg\":\"RS256\",\"x\":1e999}"), ERR_INVALID, "a huge number" },
	{ STR_INIT("{\"alg\":\"RS256\",\"x\":\"\xff\"}"), ERR_INVALID, "bad UTF-8" },
	{ STR_INIT("{\"alg\":\"RS256\""), ERR_INVALID, "cut" },
	{ STR_INIT(""), ERR_INVALID, "empty" },
};

static void
headers_are_judged_though_the_signature_is_right(void **state)
{
	for (size_t i = 0; i < COUNT(headers); i++) {
		CLEANUP(buf_wipe) struct buf token = BUF(4096);

		bent_token(OIDC_RS256, headers[i].header, STR(CLAIMS), &token);
		if (verify(OIDC_RS256, buf_str(&token)) != headers[i].expected)
			fail_msg("%s", headers[i].why);
	}
}

static const struct {
	str payload;
	const char *why;
} payloads[] = {
	{ STR_INIT(""), "empty" },
	{ STR_INIT("[]"), "no object" },
	{ STR_INIT("null"), "null" },
	{ STR_INIT("{\"sub\":\"a\",\"sub\":\"b\"}"), "a member twice" },
	{ STR_INIT("{\"a\":{\"b\":1,\"b\":2}}"), "a member twice, inside" },
	{ STR_INIT("{\"sub\":\"a\\u0000b\"}"), "NUL, escaped" },
	{ STR_INIT("{\"exp\":1\0}"), "NUL" },
	{ STR_INIT("{\"exp\":99999999999999999999999999}"), "a huge number" },
	{ STR_INIT("{\"sub\":\"\xed\xa0\x80\"}"), "a surrogate" },
};

static void
payloads_other_than_plain_objects_are_refused(void **state)
{
	for (size_t i = 0; i < COUNT(payloads); i++) {
		CLEANUP(buf_wipe) struct buf token = BUF(4096);

		bent_token(OIDC_RS256, STR("{\"alg\":\"RS256\"}"), payloads[i].payload, &token);
		if (verify(OIDC_RS256, buf_str(&token)) != ERR_INVALID)
			fail_msg("%s", payloads[i].why);
	}
}

static void
deep_payloads_end_in_an_answer(void **state)
{
	CLEANUP(buf_wipe) struct buf token = BUF(32 * 1024);
	CLEANUP(buf_wipe) struct buf deep = BUF(32 * 1024);

	for (size_t i = 0; i < 8000; i++)
		buf_put_byte(&deep, '[');
	bent_token(OIDC_RS256, STR("{\"alg\":\"RS256\"}"), buf_str(&deep), &token);
	assert_int_equal(verify(OIDC_RS256, buf_str(&token)), ERR_INVALID);
}

/* The classic confusion: the published key, in any form, is used as the key of a MAC. */
static void
mac_with_the_public_key_is_refused(void **state)
{
	CLEANUP(buf_wipe) struct buf jwk = BUF(4096);
	CLEANUP(buf_wipe) struct buf token = BUF(4096);
	uint8_t mac[DIGEST_BYTES];
	unsigned n = sizeof(mac);

	assert_int_equal(jwt_key_put(OIDC_RS256, keys[OIDC_RS256], &jwk), ERR_OK);
	buf_put_base64url(&token, STR("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"));
	buf_put_byte(&token, '.');
	buf_put_base64url(&token, STR(CLAIMS));
	assert_non_null(HMAC(EVP_sha256(), jwk.p, (int)jwk.n, (const uint8_t *)token.p, token.n, mac, &n));
	buf_put_byte(&token, '.');
	buf_put_base64url(&token, str_bytes(mac, n));
	for (enum oidc_alg alg = 0; alg < OIDC_ALG_COUNT; alg++)
		assert_int_equal(verify(alg, buf_str(&token)), ERR_INVALID);
}

static void
token_of_another_key_is_refused(void **state)
{
	for (enum oidc_alg alg = 0; alg < OIDC_ALG_COUNT; alg++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
		CLEANUP(jwt_key_free) EVP_PKEY *other = NULL;
		CLEANUP(buf_wipe) struct buf token = BUF(4096);
		str claims = { 0 };

		token_of(alg, &token);
		assert_int_equal(jwt_key_make(alg, &other), ERR_OK);
		assert_int_equal(jwt_verify(alg, other, buf_str(&token), &arena, &claims), ERR_INVALID);
		assert_int_equal(verify((alg + 1) % OIDC_ALG_COUNT, buf_str(&token)), ERR_INVALID);
	}
}

/* Each bit of each letter; base64url does not allow a change of the last letter's spare bits. */
static void
token_with_any_byte_changed_is_refused(void **state)
{
	for (enum oidc_alg alg = 0; alg < OIDC_ALG_COUNT; alg++) {
		CLEANUP(buf_wipe) struct buf token = BUF(4096);

		token_of(alg, &token);
		for (size_t i = 0; i < token.n; i++) {
			token.p[i] ^= 1 << i % 7;
			assert_int_equal(verify(alg, buf_str(&token)), ERR_INVALID);
			token.p[i] ^= 1 << i % 7;
		}
		for (size_t n = 0; n < token.n; n++)
			assert_int_equal(verify(alg, str_upto(buf_str(&token), n)), ERR_INVALID);
		assert_int_equal(verify(alg, buf_str(&token)), ERR_OK);
	}
}

static const struct {
	const char *before, *after; /* around a good token */
	const char *why;
} surroundings[] = {
	{ "", ".", "a fourth part" },   { "", "=", "padding" },
	{ "", "==", "padding" },        { " ", "", "a blank" },
	{ "", "\n", "an end of line" }, { ".", "", "an empty header" },
	{ "", "A", "one letter more" }, { "", "AAAA", "bytes behind the signature" },
};

static void
tokens_with_more_around_them_are_refused(void **state)
{
	for (enum oidc_alg alg = 0; alg < OIDC_ALG_COUNT; alg++) {
		for (size_t i = 0; i < COUNT(surroundings); i++) {
			CLEANUP(buf_wipe) struct buf token = BUF(4096);

			buf_put(&token, str_of(surroundings[i].before));
			token_of(alg, &token);
			buf_put(&token, str_of(surroundings[i].after));
			if (verify(alg, buf_str(&token)) != ERR_INVALID)
				fail_msg("%s", surroundings[i].why);
		}
	}
}

/* Signatures of the right length with numbers outside the curve: CVE-2022-21449. */
static void
zero_signatures_are_refused(void **state)
{
	static const char fills[] = { 0, (char)0xff };

	for (enum oidc_alg alg = 0; alg < OIDC_ALG_COUNT; alg++) {
		for (size_t i = 0; i < COUNT(fills); i++) {
			uint8_t signature[256];
			size_t n = alg == OIDC_RS256 ? 256 : 64;
			bool good = true;

			memset(signature, fills[i], sizeof(signature));
			assert_int_equal(
			    jwt_signature_verify(alg, keys[alg], STR("text"), str_bytes(signature, n), &good), ERR_OK);
			assert_false(good);
		}
	}
}

static void
huge_tokens_are_refused(void **state)
{
	CLEANUP(buf_wipe) struct buf claims = BUF(64 * 1024);
	CLEANUP(buf_wipe) struct buf token = BUF(64 * 1024);
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	str alg = { 0 }, kid = { 0 };

	buf_put(&claims, STR("{\"a\":\""));
	while (claims.n < OIDC_JWT_MAX)
		buf_put_byte(&claims, 'a');
	buf_put(&claims, STR("\"}"));
	bent_token(OIDC_RS256, STR("{\"alg\":\"RS256\"}"), buf_str(&claims), &token);
	assert_int_equal(verify(OIDC_RS256, buf_str(&token)), ERR_INVALID);
	assert_int_equal(jwt_header_read(buf_str(&token), &arena, &alg, &kid), ERR_INVALID);
	assert_int_equal(arena.used, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rs256_vector_of_rfc_7515_is_verified),
		cmocka_unit_test(rs256_signature_equals_that_of_rfc_7515),
		cmocka_unit_test(es256_vector_of_rfc_7515_is_verified),
		cmocka_unit_test(eddsa_vector_of_rfc_8037_is_made_and_verified),
		cmocka_unit_test(thumbprints_equal_those_of_the_rfcs),
		cmocka_unit_test(public_keys_are_written_as_the_rfcs_have_them),
		cmocka_unit_test(signed_tokens_are_verified_and_read),
		cmocka_unit_test(private_keys_survive_their_der_form),
		cmocka_unit_test(headers_are_judged_though_the_signature_is_right),
		cmocka_unit_test(payloads_other_than_plain_objects_are_refused),
		cmocka_unit_test(deep_payloads_end_in_an_answer),
		cmocka_unit_test(mac_with_the_public_key_is_refused),
		cmocka_unit_test(token_of_another_key_is_refused),
		cmocka_unit_test(token_with_any_byte_changed_is_refused),
		cmocka_unit_test(tokens_with_more_around_them_are_refused),
		cmocka_unit_test(zero_signatures_are_refused),
		cmocka_unit_test(huge_tokens_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
