#include "keeper/oidc/seal.h"

#include "base/digest.h"
#include "base/secret.h"
#include "keeper/keys/keys.h"

enum { TIME_BYTES = 8, HEAD_BYTES = TIME_BYTES + 1, SEAL_BYTES = HEAD_BYTES + DIGEST_BYTES };

static void
seal_number_put(uint64_t number, uint8_t ret_bytes[TIME_BYTES])
{
	for (unsigned i = 0; i < TIME_BYTES; i++)
		ret_bytes[i] = (uint8_t)(number >> (8 * i));
}

static int64_t
seal_number_get(const uint8_t bytes[TIME_BYTES])
{
	uint64_t number = 0;

	for (unsigned i = 0; i < TIME_BYTES; i++)
		number |= (uint64_t)bytes[i] << (8 * i);
	return (int64_t)number;
}

/* All members have a fixed length, so that no two subjects give the same bytes. */
static err
seal_mac(struct call *call, const struct seal_subject *subject, int64_t session_id, const uint8_t head[HEAD_BYTES],
	 uint8_t ret_mac[DIGEST_BYTES])
{
	uint8_t bytes[HEAD_BYTES + 3 * TIME_BYTES + DIGEST_BYTES];
	const struct token *key = &keeper_keys(call->keeper)->requests;

	memcpy(bytes, head, HEAD_BYTES);
	seal_number_put((uint64_t)session_id, bytes + HEAD_BYTES);
	seal_number_put((uint64_t)subject->client, bytes + HEAD_BYTES + TIME_BYTES);
	seal_number_put(subject->scopes, bytes + HEAD_BYTES + 2 * TIME_BYTES);
	TRY(digest_sha256(subject->parameters, bytes + HEAD_BYTES + 3 * TIME_BYTES));
	return digest_hmac(str_bytes(key->b, TOKEN_BYTES), str_bytes(bytes, sizeof(bytes)), ret_mac);
}

static int64_t
seal_session(const struct call *call)
{
	return call->now.session.state == STATE_NONE ? 0 : call->now.session.id;
}

err
seal_make(struct call *call, const struct seal_subject *subject, const struct seal *seal, str *ret_text)
{
	uint8_t bytes[SEAL_BYTES];
	char text[STR_BASE64_LETTERS(SEAL_BYTES)];

	seal_number_put((uint64_t)seal->at_us, bytes);
	bytes[TIME_BYTES] = (uint8_t)seal->flags;
	TRY(seal_mac(call, subject, seal_session(call), bytes, bytes + HEAD_BYTES));
	str_base64url_write(bytes, sizeof(bytes), text);
	return arena_copy(&call->arena, str_bytes(text, sizeof(text)), ret_text);
}

static err
seal_fits(struct call *call, const struct seal_subject *subject, int64_t session_id, const uint8_t bytes[SEAL_BYTES],
	  bool *ret_fits)
{
	uint8_t mac[DIGEST_BYTES];

	TRY(seal_mac(call, subject, session_id, bytes, mac));
	*ret_fits = secret_equal(mac, bytes + HEAD_BYTES, sizeof(mac));
	return ERR_OK;
}

static bool
seal_is_recent(const struct call *call, int64_t at_us)
{
	return at_us <= call->now_us + CLOCK_SLACK_US && call->now_us - at_us <= SEAL_US;
}

err
seal_open(struct call *call, const struct seal_subject *subject, str text, struct seal *ret_seal, bool *ret_good)
{
	uint8_t bytes[SEAL_BYTES];
	struct seal seal = { 0 };
	int64_t session_id = seal_session(call);
	bool of_nobody = false;

	*ret_good = false;
	if (str_base64url(text, bytes, sizeof(bytes)) != ERR_OK)
		return ERR_OK;
	seal.at_us = seal_number_get(bytes);
	seal.flags = bytes[TIME_BYTES];
	TRY(seal_fits(call, subject, session_id, bytes, &seal.of_session));
	if (session_id != 0 && call->now.session.created_us >= seal.at_us)
		TRY(seal_fits(call, subject, 0, bytes, &of_nobody));
	if (of_nobody)
		seal.flags |= SEAL_CHOSEN;
	*ret_good = (seal.of_session || of_nobody) && seal_is_recent(call, seal.at_us);
	if (*ret_good)
		*ret_seal = seal;
	return ERR_OK;
}
