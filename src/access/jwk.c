#include "access/jwk.h"

#include "base/digest.h"

/* The required members, sorted and without white space: RFC 7638 s3.2, RFC 8037 s2. */
static void
jwk_members_put(const uint8_t key[JWK_KEY_BYTES], struct buf *out)
{
	buf_put(out, STR("\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\""));
	buf_put_base64url(out, str_bytes(key, JWK_KEY_BYTES));
	buf_put_byte(out, '"');
}

err
jwk_thumbprint(const uint8_t key[JWK_KEY_BYTES], char ret_text[JWK_THUMBPRINT_SIZE])
{
	CLEANUP(buf_wipe) struct buf text = BUF(256);
	uint8_t digest[DIGEST_BYTES];

	buf_put_byte(&text, '{');
	jwk_members_put(key, &text);
	buf_put_byte(&text, '}');
	TRY(buf_check(&text));
	TRY(digest_sha256(buf_str(&text), digest));
	buf_clear(&text);
	buf_put_base64url(&text, str_bytes(digest, sizeof(digest)));
	TRY(buf_check(&text));
	return str_copy_z(buf_str(&text), ret_text, JWK_THUMBPRINT_SIZE);
}

err
jwk_set_put(const uint8_t key[JWK_KEY_BYTES], struct buf *out)
{
	char kid[JWK_THUMBPRINT_SIZE];

	TRY(jwk_thumbprint(key, kid));
	buf_printf(out, "{\"keys\":[{\"use\":\"sig\",\"alg\":\"EdDSA\",\"kid\":\"%s\",", kid);
	jwk_members_put(key, out);
	buf_put(out, STR("}]}\n"));
	return buf_check(out);
}
