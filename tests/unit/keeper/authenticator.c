#include "keeper/authenticator.h"

#include "base/digest.h"
#include "webauthn/ceremony.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static const char *
text_or(const char *text, const char *otherwise)
{
	return text == NULL ? otherwise : text;
}

static void
bytes_put(struct created *c, const void *bytes, size_t n)
{
	memcpy(c->auth_data + c->auth_n, bytes, n);
	c->auth_n += n;
}

static void
number_put(struct created *c, uint64_t number, size_t n)
{
	for (size_t i = n; i > 0; i--) {
		uint8_t byte = (uint8_t)(number >> (8 * (i - 1)));
		bytes_put(c, &byte, 1);
	}
}

static void
id_make(const struct authenticator *a, struct created *c)
{
	c->id_n = a->id_n == 0 ? 16 : a->id_n;
	memset(c->id, 0x5c, c->id_n);
	for (size_t i = 0; i < 4 && i < c->id_n; i++)
		c->id[i] = (uint8_t)(a->id >> (8 * i));
}

/* COSE_Key of a P-256 key: webauthn/credential_key.h. */
static void
own_key_put(EVP_PKEY *key, struct created *c)
{
	unsigned char point[65];
	size_t n = 0;

	assert_int_equal(
	    EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, sizeof(point), &n), 1);
	assert_int_equal(n, sizeof(point));
	bytes_put(c, "\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", 10);
	bytes_put(c, point + 1, 32);
	bytes_put(c, "\x22\x58\x20", 3);
	bytes_put(c, point + 33, 32);
}

static void
key_put(const struct authenticator *a, struct created *c)
{
	struct credential_key key = ceremony_unknown_key();

	if (a->key != NULL)
		own_key_put(a->key, c);
	else
		bytes_put(c, key.cose.p, key.cose.n);
	if (a->bad_point)
		c->auth_data[c->auth_n - 1] ^= 1;
}

/* Make the client data, and the first 37 bytes of the authenticator data. */
static void
parts_make(const struct authenticator *a, const char *type, unsigned flags, struct created *c)
{
	uint8_t hash[DIGEST_BYTES];

	memset(c, 0, sizeof(*c));
	c->client_n =
	    (size_t)snprintf(c->client_data, sizeof(c->client_data),
			     "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}",
			     text_or(a->type, type), text_or(a->challenge, ""), text_or(a->origin, TEST_ORIGIN));
	assert_int_equal(digest_sha256(str_of(text_or(a->rp_id, TEST_RP_ID)), hash), ERR_OK);
	id_make(a, c);
	bytes_put(c, hash, sizeof(hash));
	number_put(c, a->flags == 0 ? flags : a->flags, 1);
	number_put(c, a->count, 4);
}

void
authenticator_create(const struct authenticator *a, struct created *c)
{
	parts_make(a, "webauthn.create", FLAG_PRESENT | FLAG_VERIFIED | FLAG_ATTESTED, c);
	bytes_put(c, text_or(a->aaguid, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), WEBAUTHN_AAGUID_BYTES);
	number_put(c, c->id_n, 2);
	bytes_put(c, c->id, c->id_n);
	key_put(a, c);
	if (a->other_id)
		c->id[c->id_n - 1] ^= 1;
}

EVP_PKEY *
authenticator_key(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	assert_non_null(key);
	return key;
}

/* Sign the authenticator data and the hash of the client data (s7.2/20). */
static void
sign(const struct authenticator *a, struct asserted *g)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t text[sizeof(g->parts.auth_data) + DIGEST_BYTES];

	memcpy(text, g->parts.auth_data, g->parts.auth_n);
	assert_int_equal(digest_sha256(str_bytes(g->parts.client_data, g->parts.client_n), text + g->parts.auth_n),
			 ERR_OK);
	g->signature_n = sizeof(g->signature);
	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, a->key), 1);
	assert_int_equal(EVP_DigestSign(context, g->signature, &g->signature_n, text, g->parts.auth_n + DIGEST_BYTES),
			 1);
	EVP_MD_CTX_free(context);
	if (a->bad_signature)
		g->signature[g->signature_n - 1] ^= 1;
}

void
authenticator_get(const struct authenticator *a, struct asserted *g)
{
	memset(g, 0, sizeof(*g));
	parts_make(a, "webauthn.get", FLAG_PRESENT | FLAG_VERIFIED, &g->parts);
	if (a->auth_n != 0)
		g->parts.auth_n = a->auth_n;
	g->handle = a->handle;
	sign(a, g);
}

struct passkey_proof_body
asserted_body(const struct asserted *g)
{
	const struct created *c = &g->parts;

	return (struct passkey_proof_body){ .credential_id = str_bytes(c->id, c->id_n),
					    .client_data = str_bytes(c->client_data, c->client_n),
					    .auth_data = str_bytes(c->auth_data, c->auth_n),
					    .signature = str_bytes(g->signature, g->signature_n),
					    .user_handle = g->handle };
}

struct passkey_new_body
created_body(const struct created *c)
{
	return (struct passkey_new_body){ .credential_id = str_bytes(c->id, c->id_n),
					  .client_data = str_bytes(c->client_data, c->client_n),
					  .auth_data = str_bytes(c->auth_data, c->auth_n),
					  .transports = STR("internal,hybrid") };
}

enum verdict
do_passkey(struct world *w, struct browser *b, struct authenticator a)
{
	const struct passkey_begin_body begin = { .current = STR(PASSWORD) };
	bool first = b->head.state == STATE_ENROLLING;
	struct created created;

	if (first)
		assert_verdict(ask(w, b, QUESTION_PASSKEY_OFFER, NULL), VERDICT_PASSED);
	else
		assert_verdict(ask(w, b, QUESTION_PASSKEY_BEGIN, &begin), VERDICT_PASSED);
	a.challenge = a.challenge == NULL ? b->options.challenge : a.challenge;
	authenticator_create(&a, &created);
	const struct passkey_new_body body = created_body(&created);
	return ask(w, b, first ? QUESTION_PASSKEY_FIRST : QUESTION_PASSKEY_ADD, &body);
}
