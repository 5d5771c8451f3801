#include "oidc/jwt.h"

#include "base/digest.h"
#include "base/secret.h"
#include "oidc/quick_key.h"

#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

enum {
	RSA_BITS = 2048,
	RSA_BYTES_MAX = JWT_SIGNATURE_MAX,
	COORDINATE_BYTES = 32,
	ED25519_BYTES = 32,
	DER_ECDSA_MAX = 80
};

/* The differences between the algorithms. */
struct jwt_kind {
	const char *key_type; /* of libcrypto */
	const char *digest;   /* NULL: the algorithm hashes itself */
	err (*members_put)(EVP_PKEY *key, struct buf *out);
};

static err jwt_rsa_put(EVP_PKEY *key, struct buf *out);
static err jwt_ec_put(EVP_PKEY *key, struct buf *out);
static err jwt_okp_put(EVP_PKEY *key, struct buf *out);

static const struct jwt_kind kinds[OIDC_ALG_COUNT] = {
	[OIDC_RS256] = { "RSA", "SHA256", jwt_rsa_put },
	[OIDC_ES256] = { "EC", "SHA256", jwt_ec_put },
	[OIDC_EDDSA] = { "ED25519", NULL, jwt_okp_put },
};

/* The next failure of libcrypto in this thread must not find an old reason. */
static err
jwt_failed(void)
{
	ERR_clear_error();
	return ERR_CRYPTO;
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

err
jwt_key_make(enum oidc_alg alg, EVP_PKEY **ret_key)
{
	EVP_PKEY *key;

	if (alg == OIDC_RS256 && quick_key_wanted())
		return quick_key_make(ret_key);
	if (alg == OIDC_RS256)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_BITS);
	else if (alg == OIDC_ES256)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	else
		key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (key == NULL)
		return jwt_failed();
	*ret_key = key;
	return ERR_OK;
}

void
jwt_key_free(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
	*key = NULL;
}

static void
jwt_pkcs8_free(PKCS8_PRIV_KEY_INFO **info)
{
	PKCS8_PRIV_KEY_INFO_free(*info);
}

err
jwt_key_der_put(EVP_PKEY *key, struct buf *out)
{
	CLEANUP(jwt_pkcs8_free) PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	int n = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, NULL);
	unsigned char *room;

	if (n <= 0)
		return jwt_failed();
	room = buf_room(out, (size_t)n);
	if (room == NULL)
		return buf_check(out);
	return i2d_PKCS8_PRIV_KEY_INFO(info, &room) == n ? ERR_OK : jwt_failed();
}

static bool
jwt_key_is(enum oidc_alg alg, EVP_PKEY *key)
{
	char group[32] = "";

	if (!EVP_PKEY_is_a(key, kinds[alg].key_type))
		return false;
	if (alg == OIDC_RS256)
		return EVP_PKEY_get_bits(key) >= RSA_BITS && EVP_PKEY_get_size(key) <= RSA_BYTES_MAX;
	return alg != OIDC_ES256 || (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
				     str_equal(str_of(group), STR("prime256v1")));
}

err
jwt_key_der_read(enum oidc_alg alg, str der, EVP_PKEY **ret_key)
{
	CLEANUP(jwt_pkcs8_free) PKCS8_PRIV_KEY_INFO *info = NULL;
	CLEANUP(jwt_key_free) EVP_PKEY *key = NULL;
	const unsigned char *at = (const unsigned char *)der.p;

	if (der.n > JWT_KEY_DER_MAX)
		return ERR_CORRUPT;
	info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.n);
	if (info != NULL && at == (const unsigned char *)der.p + der.n)
		key = EVP_PKCS82PKEY_ex(info, NULL, NULL);
	ERR_clear_error();
	if (key == NULL || !jwt_key_is(alg, key))
		return ERR_CORRUPT;
	*ret_key = key;
	key = NULL;
	return ERR_OK;
}

/* --- keys as JSON ------------------------------------------------------------------------------------------------- */

static void
jwt_number_free(BIGNUM **number)
{
	BN_free(*number);
}

/* Append a parameter as base64url of a big-endian number.  bytes: its fixed length; 0: the shortest. */
static err
jwt_number_put(EVP_PKEY *key, const char *parameter, int bytes, struct buf *out)
{
	CLEANUP(jwt_number_free) BIGNUM *number = NULL;
	uint8_t text[RSA_BYTES_MAX];

	if (EVP_PKEY_get_bn_param(key, parameter, &number) != 1)
		return jwt_failed();
	if (bytes == 0)
		bytes = BN_num_bytes(number);
	if (bytes > RSA_BYTES_MAX || BN_bn2binpad(number, text, bytes) != bytes)
		return jwt_failed();
	buf_put_base64url(out, str_bytes(text, (size_t)bytes));
	return ERR_OK;
}

/* The required members, sorted and without white space: RFC 7638 s3.2, RFC 8037 s2. */
static err
jwt_rsa_put(EVP_PKEY *key, struct buf *out)
{
	buf_put(out, STR("\"e\":\""));
	TRY(jwt_number_put(key, OSSL_PKEY_PARAM_RSA_E, 0, out));
	buf_put(out, STR("\",\"kty\":\"RSA\",\"n\":\""));
	TRY(jwt_number_put(key, OSSL_PKEY_PARAM_RSA_N, 0, out));
	buf_put_byte(out, '"');
	return ERR_OK;
}

static err
jwt_ec_put(EVP_PKEY *key, struct buf *out)
{
	buf_put(out, STR("\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\""));
	TRY(jwt_number_put(key, OSSL_PKEY_PARAM_EC_PUB_X, COORDINATE_BYTES, out));
	buf_put(out, STR("\",\"y\":\""));
	TRY(jwt_number_put(key, OSSL_PKEY_PARAM_EC_PUB_Y, COORDINATE_BYTES, out));
	buf_put_byte(out, '"');
	return ERR_OK;
}

static err
jwt_okp_put(EVP_PKEY *key, struct buf *out)
{
	uint8_t x[ED25519_BYTES];
	size_t n = sizeof(x);

	if (EVP_PKEY_get_raw_public_key(key, x, &n) != 1)
		return jwt_failed();
	buf_put(out, STR("\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\""));
	buf_put_base64url(out, str_bytes(x, n));
	buf_put_byte(out, '"');
	return ERR_OK;
}

err
jwt_key_thumbprint(enum oidc_alg alg, EVP_PKEY *key, char ret_kid[JWT_KID_SIZE])
{
	CLEANUP(buf_wipe) struct buf text = BUF(2 * RSA_BYTES_MAX);
	uint8_t digest[DIGEST_BYTES];

	buf_put_byte(&text, '{');
	TRY(kinds[alg].members_put(key, &text));
	buf_put_byte(&text, '}');
	TRY(buf_check(&text));
	TRY(digest_sha256(buf_str(&text), digest));
	str_base64url_write(digest, sizeof(digest), ret_kid);
	ret_kid[JWT_KID_SIZE - 1] = '\0';
	return ERR_OK;
}

err
jwt_key_put(enum oidc_alg alg, EVP_PKEY *key, struct buf *out)
{
	char kid[JWT_KID_SIZE];

	TRY(jwt_key_thumbprint(alg, key, kid));
	buf_printf(out, "{\"use\":\"sig\",\"alg\":\"%s\",\"kid\":\"%s\",", oidc_alg_name(alg), kid);
	TRY(kinds[alg].members_put(key, out));
	buf_put_byte(out, '}');
	return buf_check(out);
}

/* --- signatures --------------------------------------------------------------------------------------------------- */

static void
jwt_context_free(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static void
jwt_ecdsa_free(ECDSA_SIG **signature)
{
	ECDSA_SIG_free(*signature);
}

/* r and s, each of 32 bytes: RFC 7518 s3.4.  libcrypto writes them in DER. */
static err
jwt_ecdsa_from_der(uint8_t *signature, size_t *n)
{
	const unsigned char *at = signature;
	CLEANUP(jwt_ecdsa_free) ECDSA_SIG *read = d2i_ECDSA_SIG(NULL, &at, (long)*n);

	if (read == NULL || BN_bn2binpad(ECDSA_SIG_get0_r(read), signature, COORDINATE_BYTES) < 0 ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(read), signature + COORDINATE_BYTES, COORDINATE_BYTES) < 0)
		return jwt_failed();
	*n = 2 * COORDINATE_BYTES;
	return ERR_OK;
}

static err
jwt_ecdsa_to_der(str signature, uint8_t ret_der[DER_ECDSA_MAX], size_t *ret_n)
{
	CLEANUP(jwt_ecdsa_free) ECDSA_SIG *made = ECDSA_SIG_new();
	const uint8_t *at = (const uint8_t *)signature.p;
	BIGNUM *r = BN_bin2bn(at, COORDINATE_BYTES, NULL),
	       *s = BN_bin2bn(at + COORDINATE_BYTES, COORDINATE_BYTES, NULL);
	unsigned char *into = ret_der;

	if (made == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(made, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		ERR_clear_error();
		return ERR_MEMORY;
	}
	*ret_n = (size_t)i2d_ECDSA_SIG(made, &into);
	return ERR_OK;
}

err
jwt_signature_make(enum oidc_alg alg, EVP_PKEY *key, str bytes, uint8_t ret_signature[JWT_SIGNATURE_MAX], size_t *ret_n)
{
	CLEANUP(jwt_context_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t n = JWT_SIGNATURE_MAX;

	if (context == NULL || EVP_DigestSignInit_ex(context, NULL, kinds[alg].digest, NULL, NULL, key, NULL) != 1 ||
	    EVP_DigestSign(context, ret_signature, &n, (const unsigned char *)bytes.p, bytes.n) != 1)
		return jwt_failed();
	if (alg == OIDC_ES256)
		TRY(jwt_ecdsa_from_der(ret_signature, &n));
	*ret_n = n;
	return ERR_OK;
}

/* After libcrypto refused a signature: only lack of memory is an error. */
static err
jwt_unverified(void)
{
	unsigned long error = ERR_peek_error();

	ERR_clear_error();
	return ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE ? ERR_MEMORY : ERR_OK;
}

static size_t
jwt_signature_bytes(enum oidc_alg alg, EVP_PKEY *key)
{
	return alg == OIDC_RS256 ? (size_t)EVP_PKEY_get_size(key) : 2 * COORDINATE_BYTES;
}

err
jwt_signature_verify(enum oidc_alg alg, EVP_PKEY *key, str bytes, str signature, bool *ret_good)
{
	CLEANUP(jwt_context_free) EVP_MD_CTX *context = NULL;
	uint8_t der[DER_ECDSA_MAX];

	*ret_good = false;
	if (signature.n != jwt_signature_bytes(alg, key))
		return ERR_OK;
	if (alg == OIDC_ES256) {
		TRY(jwt_ecdsa_to_der(signature, der, &signature.n));
		signature.p = (const char *)der;
	}
	context = EVP_MD_CTX_new();
	if (context == NULL)
		return ERR_MEMORY;
	ERR_clear_error();
	if (EVP_DigestVerifyInit_ex(context, NULL, kinds[alg].digest, NULL, NULL, key, NULL) != 1)
		return jwt_failed();
	*ret_good = EVP_DigestVerify(context, (const uint8_t *)signature.p, signature.n, (const uint8_t *)bytes.p,
				     bytes.n) == 1;
	return *ret_good ? ERR_OK : jwt_unverified();
}

/* --- signing tokens ----------------------------------------------------------------------------------------------- */

err
jwt_sign_put(enum oidc_alg alg, EVP_PKEY *key, const char *kid, const char *typ, str claims, struct buf *out)
{
	CLEANUP(buf_wipe) struct buf header = BUF(512);
	uint8_t signature[JWT_SIGNATURE_MAX];
	size_t begin = out->n, n = 0;

	buf_printf(&header, "{\"alg\":\"%s\",\"typ\":\"%s\",\"kid\":\"%s\"}", oidc_alg_name(alg), typ, kid);
	TRY(buf_check(&header));
	buf_put_base64url(out, buf_str(&header));
	buf_put_byte(out, '.');
	buf_put_base64url(out, claims);
	TRY(buf_check(out));
	TRY(jwt_signature_make(alg, key, str_from(buf_str(out), begin), signature, &n));
	buf_put_byte(out, '.');
	buf_put_base64url(out, str_bytes(signature, n));
	return buf_check(out);
}

/* --- reading tokens ----------------------------------------------------------------------------------------------- */

/* The parts of a compact JWS: RFC 7515 s7.1. */
struct jwt_parts {
	str header, payload, signature; /* base64url */
	str input;                      /* the signed bytes: header and payload with a dot between */
};

static err
jwt_split(str token, struct jwt_parts *ret_parts)
{
	str rest = token;

	if (token.n > OIDC_JWT_MAX)
		return ERR_INVALID;
	ret_parts->header = str_cut(&rest, '.');
	if (rest.p == NULL)
		return ERR_INVALID;
	ret_parts->payload = str_cut(&rest, '.');
	if (rest.p == NULL || str_has_byte(rest, '.'))
		return ERR_INVALID;
	ret_parts->signature = rest;
	ret_parts->input = str_upto(token, token.n - rest.n - 1);
	return ERR_OK;
}

static err
jwt_decode(str part, struct arena *arena, str *ret_bytes)
{
	size_t n = part.n * 6 / 8;
	char *bytes = arena_alloc(arena, n + 1);

	if (bytes == NULL)
		return ERR_MEMORY;
	TRY(str_base64url(part, bytes, n));
	*ret_bytes = str_bytes(bytes, n);
	return ERR_OK;
}

static void
jwt_json_free(json_t **json)
{
	json_decref(*json);
}

/* One object without a member twice.  jansson skips a NUL behind a number, so no NUL may stand in the text. */
static err
jwt_object_read(str text, json_t **ret_object)
{
	json_error_t error = { .text = "" };
	CLEANUP(jwt_json_free) json_t *object = NULL;

	if (str_has_byte(text, '\0'))
		return ERR_INVALID;
	object = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &error);
	if (object == NULL)
		return json_error_code(&error) == json_error_out_of_memory ? ERR_MEMORY : ERR_INVALID;
	if (!json_is_object(object))
		return ERR_INVALID;
	*ret_object = object;
	object = NULL;
	return ERR_OK;
}

/* A member that is a string, or absent: then empty. */
static err
jwt_member(const json_t *object, const char *name, struct arena *arena, str *ret_text)
{
	const json_t *member = json_object_get(object, name);

	*ret_text = STR("");
	if (member == NULL)
		return ERR_OK;
	if (!json_is_string(member))
		return ERR_INVALID;
	return arena_copy(arena, str_bytes(json_string_value(member), json_string_length(member)), ret_text);
}

/* RFC 7515 s4.1.11: a token with `crit` must be refused by readers that know none of its extensions. */
static err
jwt_header_check(const json_t *header, struct arena *arena)
{
	str typ = { 0 };

	TRY(jwt_member(header, "typ", arena, &typ));
	if (json_object_get(header, "crit") != NULL)
		return ERR_INVALID;
	return json_object_get(header, "typ") == NULL || str_equal(typ, STR("JWT")) ? ERR_OK : ERR_INVALID;
}

static err
jwt_parts_header_read(const struct jwt_parts *parts, struct arena *arena, str *ret_alg, str *ret_kid)
{
	CLEANUP(jwt_json_free) json_t *header = NULL;
	str text = { 0 };

	TRY(jwt_decode(parts->header, arena, &text));
	TRY(jwt_object_read(text, &header));
	TRY(jwt_header_check(header, arena));
	TRY(jwt_member(header, "alg", arena, ret_alg));
	return jwt_member(header, "kid", arena, ret_kid);
}

err
jwt_header_read(str token, struct arena *arena, str *ret_alg, str *ret_kid)
{
	struct jwt_parts parts = { 0 };
	str alg = { 0 }, kid = { 0 };

	TRY(jwt_split(token, &parts));
	TRY(jwt_parts_header_read(&parts, arena, &alg, &kid));
	*ret_alg = alg;
	*ret_kid = kid;
	return ERR_OK;
}

static err
jwt_parts_verify(enum oidc_alg alg, EVP_PKEY *key, const struct jwt_parts *parts, struct arena *arena)
{
	str named = { 0 }, kid = { 0 }, signature = { 0 };
	bool good = false;

	TRY(jwt_parts_header_read(parts, arena, &named, &kid));
	if (!str_equal(named, str_of(oidc_alg_name(alg))))
		return ERR_INVALID;
	TRY(jwt_decode(parts->signature, arena, &signature));
	TRY(jwt_signature_verify(alg, key, parts->input, signature, &good));
	return good ? ERR_OK : ERR_INVALID;
}

err
jwt_verify(enum oidc_alg alg, EVP_PKEY *key, str token, struct arena *arena, str *ret_claims)
{
	CLEANUP(jwt_json_free) json_t *object = NULL;
	struct jwt_parts parts = { 0 };
	str claims = { 0 };

	TRY(jwt_split(token, &parts));
	TRY(jwt_parts_verify(alg, key, &parts, arena));
	TRY(jwt_decode(parts.payload, arena, &claims));
	TRY(jwt_object_read(claims, &object));
	*ret_claims = claims;
	return ERR_OK;
}
