#include "webauthn/challenge.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/random.h"
#include "base/secret.h"

enum { RANDOM_AT = 8, MAC_AT = RANDOM_AT + CHALLENGE_RANDOM_BYTES };

static void
challenge_number_write(uint64_t number, uint8_t ret_bytes[8])
{
	for (int i = 7; i >= 0; i--, number >>= 8)
		ret_bytes[i] = (uint8_t)number;
}

int64_t
challenge_minute(int64_t us)
{
	return us / SECONDS_US(60);
}

err
challenge_key_derive(const uint8_t *base, int64_t minute, uint8_t ret_key[CHALLENGE_KEY_BYTES])
{
	uint8_t text[] = "passkey challenge 12345678";

	challenge_number_write((uint64_t)minute, text + sizeof(text) - 1 - 8);
	return digest_hmac(str_bytes(base, CHALLENGE_KEY_BYTES), str_bytes(text, sizeof(text) - 1), ret_key);
}

/* The MAC of a challenge whose time and random bytes are set. */
static err
challenge_mac(const uint8_t key[CHALLENGE_KEY_BYTES], const struct challenge_for *whom, const uint8_t *challenge,
	      uint8_t ret_mac[DIGEST_BYTES])
{
	uint8_t text[1 + CHALLENGE_HOLDER_BYTES + MAC_AT] = { (uint8_t)whom->purpose };

	memcpy(text + 1, whom->holder, CHALLENGE_HOLDER_BYTES);
	memcpy(text + 1 + CHALLENGE_HOLDER_BYTES, challenge, MAC_AT);
	return digest_hmac(str_bytes(key, CHALLENGE_KEY_BYTES), str_bytes(text, sizeof(text)), ret_mac);
}

err
challenge_make(const uint8_t key[CHALLENGE_KEY_BYTES], const struct challenge_for *whom, int64_t us,
	       char ret_text[CHALLENGE_TEXT_BYTES])
{
	CLEANUP(buf_wipe) struct buf text = BUF(CHALLENGE_TEXT_BYTES);
	uint8_t challenge[CHALLENGE_BYTES];

	challenge_number_write((uint64_t)us, challenge);
	TRY(random_fill(challenge + RANDOM_AT, CHALLENGE_RANDOM_BYTES));
	TRY(challenge_mac(key, whom, challenge, challenge + MAC_AT));
	buf_put_base64url(&text, str_bytes(challenge, sizeof(challenge)));
	TRY(buf_check(&text));
	memcpy(ret_text, text.p, CHALLENGE_TEXT_BYTES);
	return ERR_OK;
}

static err
challenge_mac_fits(const uint8_t *base, int64_t minute, const struct challenge_for *whom, const uint8_t *challenge,
		   bool *ret_fits)
{
	uint8_t key[CHALLENGE_KEY_BYTES], mac[DIGEST_BYTES];

	TRY(challenge_key_derive(base, minute, key));
	TRY(challenge_mac(key, whom, challenge, mac));
	secret_wipe(key, sizeof(key));
	*ret_fits = *ret_fits || secret_equal(mac, challenge + MAC_AT, sizeof(mac));
	return ERR_OK;
}

static bool
challenge_is_fresh(int64_t us, int64_t now_us)
{
	return us > now_us - SECONDS_US(CHALLENGE_SECONDS) && us <= now_us + SECONDS_US(CHALLENGE_AHEAD_SECONDS);
}

err
challenge_check(const uint8_t *base, const struct challenge_for *whom, str text, int64_t now_us, int64_t *ret_us)
{
	uint8_t challenge[CHALLENGE_BYTES];
	uint64_t us = 0;
	bool fits = false;

	*ret_us = 0;
	if (str_base64url(text, challenge, sizeof(challenge)) != ERR_OK)
		return ERR_OK;
	for (int i = 0; i < 8; i++)
		us = us << 8 | challenge[i];
	if (us > INT64_MAX || !challenge_is_fresh((int64_t)us, now_us))
		return ERR_OK;
	for (int64_t late = 0; late <= 1; late++)
		TRY(challenge_mac_fits(base, challenge_minute((int64_t)us) - late, whom, challenge, &fits));
	*ret_us = fits ? (int64_t)us : 0;
	return ERR_OK;
}
