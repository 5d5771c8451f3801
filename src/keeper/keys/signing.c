#include "keeper/keys/signing.h"

#include "base/clock.h"
#include "base/secret.h"
#include "ipc/questions.h"

#include <openssl/evp.h>
#include <stdio.h>

enum { SIGNATURE_BYTES = 64 };

err
signing_setup(struct signing *signing)
{
	size_t n = sizeof(signing->public_key);

	signing->key = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, signing->seed, sizeof(signing->seed));
	if (signing->key == NULL || EVP_PKEY_get_raw_public_key(signing->key, signing->public_key, &n) != 1)
		return ERR_CRYPTO;
	return jwk_thumbprint(signing->public_key, signing->kid);
}

void
signing_wipe(struct signing *signing)
{
	EVP_PKEY_free(signing->key);
	secret_wipe(signing, sizeof(*signing));
}

static void
signing_put_member(struct buf *out, const char *name, str value)
{
	buf_printf(out, ",\"%s\":", name);
	buf_put_json(out, value);
}

static void
signing_put_claims(const struct identity *identity, struct buf *out)
{
	long long now_s = identity->now_us / SECONDS_US(1);
	str groups = identity->groups;

	buf_put(out, STR("{\"iss\":"));
	buf_put_json(out, identity->issuer);
	signing_put_member(out, "sub", identity->name);
	signing_put_member(out, "aud", identity->audience);
	buf_printf(out, ",\"iat\":%lld,\"exp\":%lld", now_s, now_s + IDENTITY_SECONDS);
	signing_put_member(out, "name", identity->display_name.n > 0 ? identity->display_name : identity->name);
	if (identity->email.n > 0)
		signing_put_member(out, "email", identity->email);
	buf_put(out, STR(",\"groups\":["));
	for (bool first = true; groups.n > 0; first = false) {
		buf_put(out, first ? STR("") : STR(","));
		buf_put_json(out, str_cut(&groups, ','));
	}
	buf_put(out, STR("],\"amr\":["));
	for (size_t i = 0; i < identity->amr.n; i++) {
		buf_put(out, i == 0 ? STR("") : STR(","));
		buf_put_json(out, str_of(identity->amr.values[i]));
	}
	buf_put_byte(out, ']');
	if (identity->acr.n > 0)
		signing_put_member(out, "acr", identity->acr);
	buf_put_byte(out, '}');
}

static void
signing_context_free(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static err
signing_sign(const struct signing *signing, str text, uint8_t ret_signature[SIGNATURE_BYTES])
{
	CLEANUP(signing_context_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t n = SIGNATURE_BYTES;

	if (context == NULL || EVP_DigestSignInit_ex(context, NULL, NULL, NULL, NULL, signing->key, NULL) != 1 ||
	    EVP_DigestSign(context, ret_signature, &n, (const unsigned char *)text.p, text.n) != 1 ||
	    n != SIGNATURE_BYTES)
		return ERR_CRYPTO;
	return ERR_OK;
}

err
signing_put(const struct signing *signing, const struct identity *identity, struct buf *out)
{
	CLEANUP(buf_wipe) struct buf part = BUF(GATE_JWT_MAX), token = BUF(GATE_JWT_MAX);
	uint8_t signature[SIGNATURE_BYTES];

	buf_printf(&part, "{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"typ\":\"JWT\"}", signing->kid);
	buf_put_base64url(&token, buf_str(&part));
	buf_clear(&part);
	signing_put_claims(identity, &part);
	TRY(buf_check(&part));
	buf_put_byte(&token, '.');
	buf_put_base64url(&token, buf_str(&part));
	TRY(buf_check(&token));
	TRY(signing_sign(signing, buf_str(&token), signature));
	buf_put_byte(&token, '.');
	buf_put_base64url(&token, str_bytes(signature, sizeof(signature)));
	TRY(buf_check(&token));
	buf_put(out, buf_str(&token));
	return buf_check(out);
}
