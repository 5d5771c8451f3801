#include "keeper/authenticator.h"

#include "base/digest.h"
#include "webauthn/ceremony.h"

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

static void
key_put(const struct authenticator *a, struct created *c)
{
	struct credential_key key = ceremony_unknown_key();

	bytes_put(c, key.cose.p, key.cose.n);
	if (a->bad_point)
		c->auth_data[c->auth_n - 1] ^= 1;
}

void
authenticator_create(const struct authenticator *a, struct created *c)
{
	uint8_t hash[DIGEST_BYTES];

	memset(c, 0, sizeof(*c));
	c->client_n = (size_t)snprintf(c->client_data, sizeof(c->client_data),
				       "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}",
				       text_or(a->type, "webauthn.create"), text_or(a->challenge, ""),
				       text_or(a->origin, TEST_ORIGIN));
	assert_int_equal(digest_sha256(str_of(text_or(a->rp_id, TEST_RP_ID)), hash), ERR_OK);
	id_make(a, c);
	bytes_put(c, hash, sizeof(hash));
	number_put(c, a->flags == 0 ? FLAG_PRESENT | FLAG_VERIFIED | FLAG_ATTESTED : a->flags, 1);
	number_put(c, a->count, 4);
	bytes_put(c, text_or(a->aaguid, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), WEBAUTHN_AAGUID_BYTES);
	number_put(c, c->id_n, 2);
	bytes_put(c, c->id, c->id_n);
	key_put(a, c);
	if (a->other_id)
		c->id[c->id_n - 1] ^= 1;
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
