/*
 * jwt_header_read and jwt_verify: the input as a token, as a correctly signed header, and as correctly signed claims.
 * A second parser of JSON (json.h) and a second implementation of the rules decide which headers and claims must be
 * accepted.
 */
#include "target.h"

#include "json.h"
#include "oidc/jwt.h"

#include <openssl/evp.h>

#define GOOD_HEADER "{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}"

enum { TOKEN_MAX = 16 * 1024 };

/* RFC 8037 A.1 */
static EVP_PKEY *
key(void)
{
	static const uint8_t seed[] = "\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4"
				      "\x44\x49\xc5\x69\x7b\x32\x69\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60";
	static EVP_PKEY *made;

	if (made == NULL)
		made = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
	PROMISE(made != NULL);
	return made;
}

static err
verify(str token, str *ret_claims, struct arena *arena)
{
	return jwt_verify(OIDC_EDDSA, key(), token, arena, ret_claims);
}

/* The input itself is not signed, so it is never accepted. */
static void
try_token(str token)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	str alg = { 0 }, kid = { 0 }, claims = { 0 };
	err e = jwt_header_read(token, &arena, &alg, &kid);

	PROMISE(e == ERR_OK || e == ERR_INVALID);
	PROMISE(verify(token, &claims, &arena) == ERR_INVALID && claims.p == NULL);
}

static void
sign(str header, str claims, struct buf *out)
{
	uint8_t signature[JWT_SIGNATURE_MAX];
	size_t n = 0;

	buf_put_base64url(out, header);
	buf_put_byte(out, '.');
	buf_put_base64url(out, claims);
	PROMISE(jwt_signature_make(OIDC_EDDSA, key(), buf_str(out), signature, &n) == ERR_OK);
	buf_put_byte(out, '.');
	buf_put_base64url(out, str_bytes(signature, n));
	PROMISE(buf_check(out) == ERR_OK);
}

static bool
header_is_good(str header)
{
	static struct json j;
	struct json_value alg, typ, kid;

	if (!json_read_object(header, &j))
		return false;
	alg = json_member(&j, STR("alg"));
	typ = json_member(&j, STR("typ"));
	kid = json_member(&j, STR("kid"));
	return json_member(&j, STR("crit")).kind == JSON_ABSENT && alg.kind == JSON_A_STRING &&
	       str_equal(alg.text, STR("EdDSA")) && (kid.kind == JSON_ABSENT || kid.kind == JSON_A_STRING) &&
	       (typ.kind == JSON_ABSENT || (typ.kind == JSON_A_STRING && str_equal(typ.text, STR("JWT"))));
}

static void
try_header(str header)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	CLEANUP(buf_wipe) struct buf token = BUF(TOKEN_MAX);
	str claims = { 0 };

	sign(header, STR("{}"), &token);
	PROMISE(verify(buf_str(&token), &claims, &arena) == (header_is_good(header) ? ERR_OK : ERR_INVALID));
}

static void
try_claims(str text)
{
	static struct json j;
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	CLEANUP(buf_wipe) struct buf token = BUF(TOKEN_MAX);
	str claims = { 0 };

	sign(STR(GOOD_HEADER), text, &token);
	PROMISE(verify(buf_str(&token), &claims, &arena) == (json_read_object(text, &j) ? ERR_OK : ERR_INVALID));
	PROMISE(claims.p == NULL || str_equal(claims, text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const str text = str_bytes(bytes, n);

	try_token(text);
	if (n <= JSON_TEXT_MAX) {
		try_header(text);
		try_claims(text);
	}
	return 0;
}
