#include "webauthn/credential_key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

enum { COORDINATE_BYTES = 32, POINT_BYTES = 1 + 2 * COORDINATE_BYTES, MODULUS_MIN = 256, MODULUS_MAX = 512 };

/* --- reading ------------------------------------------------------------------------------------------------------ */

static bool
credential_key_fixed(str *rest, str wanted)
{
	if (!str_starts(*rest, wanted))
		return false;
	*rest = str_from(*rest, wanted.n);
	return true;
}

static bool
credential_key_cut(str *rest, size_t n, str *ret_cut)
{
	if (rest->n < n)
		return false;
	*ret_cut = str_upto(*rest, n);
	*rest = str_from(*rest, n);
	return true;
}

static bool
credential_key_es256(str *rest, struct credential_key *key)
{
	key->algorithm = CREDENTIAL_ES256;
	return credential_key_fixed(rest, STR("\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20")) &&
	       credential_key_cut(rest, COORDINATE_BYTES, &key->x) && credential_key_fixed(rest, STR("\x22\x58\x20")) &&
	       credential_key_cut(rest, COORDINATE_BYTES, &key->y);
}

static bool
credential_key_eddsa(str *rest, struct credential_key *key)
{
	key->algorithm = CREDENTIAL_EDDSA;
	return credential_key_fixed(rest, STR("\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20")) &&
	       credential_key_cut(rest, COORDINATE_BYTES, &key->x);
}

static bool
credential_key_rs256(str *rest, struct credential_key *key)
{
	size_t n;

	key->algorithm = CREDENTIAL_RS256;
	if (!credential_key_fixed(rest, STR("\xa4\x01\x03\x03\x39\x01\x00\x20\x59")) || rest->n < 2)
		return false;
	n = (size_t)((uint8_t)rest->p[0] << 8 | (uint8_t)rest->p[1]);
	*rest = str_from(*rest, 2);
	return n >= MODULUS_MIN && n <= MODULUS_MAX && credential_key_cut(rest, n, &key->modulus) &&
	       credential_key_fixed(rest, STR("\x21\x43\x01\x00\x01"));
}

bool
credential_key_read(str *rest, struct credential_key *ret_key)
{
	static bool (*const forms[])(str *, struct credential_key *) = { credential_key_es256, credential_key_eddsa,
									 credential_key_rs256 };

	for (size_t i = 0; i < COUNT(forms); i++) {
		str after = *rest;
		*ret_key = (struct credential_key){ .cose = *rest };
		if (forms[i](&after, ret_key)) {
			ret_key->cose.n = rest->n - after.n;
			*rest = after;
			return true;
		}
	}
	return false;
}

/* --- keys of libcrypto -------------------------------------------------------------------------------------------- */

static void
credential_key_free(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

/* After libcrypto refused a key: it names a reason if the key is unusable, and none if another call failed. */
static err
credential_key_refused(void)
{
	unsigned long error = ERR_peek_error();

	ERR_clear_error();
	if (error == 0)
		return ERR_CRYPTO;
	return ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE ? ERR_MEMORY : ERR_OK;
}

static void
credential_key_maker_free(EVP_PKEY_CTX **maker)
{
	EVP_PKEY_CTX_free(*maker);
}

static err
credential_key_make(const char *type, OSSL_PARAM *parameters, EVP_PKEY **ret_key)
{
	CLEANUP(credential_key_maker_free) EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);

	if (maker == NULL)
		return ERR_MEMORY;
	if (EVP_PKEY_fromdata_init(maker) != 1)
		return ERR_CRYPTO;
	if (EVP_PKEY_fromdata(maker, ret_key, EVP_PKEY_PUBLIC_KEY, parameters) == 1)
		return ERR_OK;
	*ret_key = NULL;
	return credential_key_refused();
}

/* An uncompressed point: libcrypto checks that it is on the curve. */
static err
credential_key_make_es256(const struct credential_key *key, EVP_PKEY **ret_key)
{
	uint8_t point[POINT_BYTES] = { 0x04 };
	char group[] = "prime256v1";
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
		OSSL_PARAM_construct_end(),
	};

	memcpy(point + 1, key->x.p, COORDINATE_BYTES);
	memcpy(point + 1 + COORDINATE_BYTES, key->y.p, COORDINATE_BYTES);
	return credential_key_make("EC", parameters, ret_key);
}

/* The y coordinates of the points whose order divides 8, with their forms above the prime; the top bit is the sign. */
static bool
credential_key_small_order(str x)
{
	static const uint8_t small[][COORDINATE_BYTES] = {
		{ 0 },
		{ 1 },
		"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0"
		"\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
		"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f"
		"\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
		"\xec\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
		"\xed\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
		"\xee\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
	};
	uint8_t y[COORDINATE_BYTES];

	memcpy(y, x.p, sizeof(y));
	y[COORDINATE_BYTES - 1] &= 0x7f;
	for (size_t i = 0; i < COUNT(small); i++)
		if (str_equal(str_bytes(y, sizeof(y)), str_bytes(small[i], sizeof(y))))
			return true;
	return false;
}

static err
credential_key_make_eddsa(const struct credential_key *key, EVP_PKEY **ret_key)
{
	if (credential_key_small_order(key->x))
		return ERR_OK;
	*ret_key = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, (const uint8_t *)key->x.p, key->x.n);
	if (*ret_key != NULL)
		return ERR_OK;
	ERR_clear_error();
	return ERR_CRYPTO; /* libcrypto takes every 32 bytes */
}

/* Odd, without leading zero bytes, and of 2,048 bits or more. */
static bool
credential_key_modulus_good(str modulus)
{
	uint8_t first = (uint8_t)modulus.p[0], least = modulus.n == MODULUS_MIN ? 0x80 : 1;

	return first >= least && (modulus.p[modulus.n - 1] & 1) != 0;
}

static err
credential_key_make_rs256(const struct credential_key *key, EVP_PKEY **ret_key)
{
	uint8_t modulus[MODULUS_MAX];
	uint32_t exponent = 0x10001;
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus, key->modulus.n),
		OSSL_PARAM_construct_uint32(OSSL_PKEY_PARAM_RSA_E, &exponent),
		OSSL_PARAM_construct_end(),
	};

	for (size_t i = 0; i < key->modulus.n; i++) /* libcrypto wants the machine's byte order */
		modulus[__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? key->modulus.n - 1 - i : i] =
		    (uint8_t)key->modulus.p[i];
	if (!credential_key_modulus_good(key->modulus))
		return ERR_OK;
	return credential_key_make("RSA", parameters, ret_key);
}

/* *ret_key stays NULL if the key is unusable or weak. */
static err
credential_key_load(const struct credential_key *key, EVP_PKEY **ret_key)
{
	ERR_clear_error();
	switch (key->algorithm) {
	case CREDENTIAL_ES256:
		return credential_key_make_es256(key, ret_key);
	case CREDENTIAL_EDDSA:
		return credential_key_make_eddsa(key, ret_key);
	default:
		return credential_key_make_rs256(key, ret_key);
	}
}

err
credential_key_check(const struct credential_key *key, bool *ret_good)
{
	CLEANUP(credential_key_free) EVP_PKEY *loaded = NULL;

	TRY(credential_key_load(key, &loaded));
	*ret_good = loaded != NULL;
	return ERR_OK;
}

static void
credential_key_context_free(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

/* A wrong signature may leave no reason: only lack of memory is an error. */
static err
credential_key_unverified(void)
{
	unsigned long error = ERR_peek_error();

	ERR_clear_error();
	return ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE ? ERR_MEMORY : ERR_OK;
}

err
credential_key_verify(const struct credential_key *key, str bytes, str signature, bool *ret_good)
{
	CLEANUP(credential_key_free) EVP_PKEY *loaded = NULL;
	CLEANUP(credential_key_context_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
	const char *digest = key->algorithm == CREDENTIAL_EDDSA ? NULL : "SHA256";

	*ret_good = false;
	TRY(credential_key_load(key, &loaded));
	if (context == NULL)
		return ERR_MEMORY;
	if (loaded == NULL)
		return ERR_OK;
	if (EVP_DigestVerifyInit_ex(context, NULL, digest, NULL, NULL, loaded, NULL) != 1)
		return ERR_CRYPTO;
	*ret_good = EVP_DigestVerify(context, (const uint8_t *)signature.p, signature.n, (const uint8_t *)bytes.p,
				     bytes.n) == 1;
	return *ret_good ? ERR_OK : credential_key_unverified();
}
