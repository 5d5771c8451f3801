#include "webauthn/challenge.h"

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

static void
challenge_key_wipe(struct challenge_key *key)
{
	secret_wipe(key, sizeof(*key));
}

err
challenge_key_derive(const uint8_t *secret, enum challenge_purpose purpose, int64_t minute,
		     struct challenge_key *ret_key)
{
	uint8_t text[] = "passkey challenge p12345678";
	uint8_t *end = text + sizeof(text) - 1;

	end[-9] = (uint8_t)purpose;
	challenge_number_write((uint64_t)minute, end - 8);
	ret_key->minute = minute;
	return digest_hmac(str_bytes(secret, CHALLENGE_KEY_BYTES), str_bytes(text, sizeof(text) - 1), ret_key->b);
}

static bool
challenge_holder_usable(str holder)
{
	return holder.n > 0 && holder.n <= CHALLENGE_HOLDER_MAX;
}

/*
 * The MAC of a challenge whose time and random bytes are set. The form cookie of a browser has 24 bytes, so that the
 * text of the sign-in page fits in one block of SHA-256. kept: NULL for a key that this thread uses once.
 */
static err
challenge_mac(struct digest_hmac_kept *kept, const struct challenge_key *key, str holder, const uint8_t *challenge,
	      uint8_t ret_mac[DIGEST_BYTES])
{
	uint8_t bytes[MAC_AT + CHALLENGE_HOLDER_MAX];
	str secret = str_bytes(key->b, sizeof(key->b)), text = str_bytes(bytes, MAC_AT + holder.n);

	memcpy(bytes, challenge, MAC_AT);
	memcpy(bytes + MAC_AT, holder.p, holder.n);
	return kept == NULL ? digest_hmac(secret, text, ret_mac) : digest_hmac_often(kept, secret, text, ret_mac);
}

static int64_t
challenge_time(const struct challenge_key *key, int64_t us)
{
	int64_t begins = key->minute * SECONDS_US(60);

	return us < begins ? begins : us;
}

static err
challenge_write(struct digest_hmac_kept *kept, const struct challenge_key *key, str holder, int64_t us,
		char ret_text[CHALLENGE_TEXT_BYTES])
{
	uint8_t challenge[CHALLENGE_BYTES];

	if (key->minute == 0 || !challenge_holder_usable(holder))
		return ERR_INVALID;
	challenge_number_write((uint64_t)challenge_time(key, us), challenge);
	TRY(random_fill(challenge + RANDOM_AT, CHALLENGE_RANDOM_BYTES));
	TRY(challenge_mac(kept, key, holder, challenge, challenge + MAC_AT));
	str_base64url_write(challenge, sizeof(challenge), ret_text);
	return ERR_OK;
}

err
challenge_make(const struct challenge_key *key, str holder, int64_t us, char ret_text[CHALLENGE_TEXT_BYTES])
{
	static _Thread_local struct digest_hmac_kept kept;

	return challenge_write(&kept, key, holder, us, ret_text);
}

err
challenge_issue(const uint8_t *secret, const struct challenge_for *whom, int64_t us,
		char ret_text[CHALLENGE_TEXT_BYTES])
{
	CLEANUP(challenge_key_wipe) struct challenge_key key = { 0 };

	TRY(challenge_key_derive(secret, whom->purpose, challenge_minute(us), &key));
	return challenge_write(NULL, &key, whom->holder, us, ret_text);
}

static err
challenge_mac_fits(const uint8_t *secret, int64_t minute, const struct challenge_for *whom, const uint8_t *challenge,
		   bool *ret_fits)
{
	CLEANUP(challenge_key_wipe) struct challenge_key key = { 0 };
	uint8_t mac[DIGEST_BYTES];

	TRY(challenge_key_derive(secret, whom->purpose, minute, &key));
	TRY(challenge_mac(NULL, &key, whom->holder, challenge, mac));
	*ret_fits = *ret_fits || secret_equal(mac, challenge + MAC_AT, sizeof(mac));
	return ERR_OK;
}

/* The time in a challenge; 0: it is not one. */
static int64_t
challenge_read(str text, uint8_t ret_challenge[CHALLENGE_BYTES])
{
	uint64_t us = 0;

	if (str_base64url(text, ret_challenge, CHALLENGE_BYTES) != ERR_OK)
		return 0;
	for (int i = 0; i < 8; i++)
		us = us << 8 | ret_challenge[i];
	return us > INT64_MAX ? 0 : (int64_t)us;
}

bool
challenge_is_old(str text, int64_t now_us)
{
	uint8_t challenge[CHALLENGE_BYTES];
	int64_t us = challenge_read(text, challenge);

	return us != 0 && us <= now_us - SECONDS_US(CHALLENGE_SECONDS);
}

static bool
challenge_is_fresh(int64_t us, int64_t now_us)
{
	return us > now_us - SECONDS_US(CHALLENGE_SECONDS) && us <= now_us + SECONDS_US(CHALLENGE_AHEAD_SECONDS);
}

err
challenge_check(const uint8_t *secret, const struct challenge_for *whom, str text, int64_t now_us, int64_t *ret_us)
{
	const int64_t latest = whom->purpose == CHALLENGE_SIGN_IN ? 1 : 0;
	uint8_t challenge[CHALLENGE_BYTES];
	int64_t us = challenge_read(text, challenge);
	bool fits = false;

	*ret_us = 0;
	if (!challenge_holder_usable(whom->holder) || us == 0 || !challenge_is_fresh(us, now_us))
		return ERR_OK;
	for (int64_t late = 0; late <= latest; late++)
		TRY(challenge_mac_fits(secret, challenge_minute(us) - late, whom, challenge, &fits));
	*ret_us = fits ? us : 0;
	return ERR_OK;
}
