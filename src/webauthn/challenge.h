/*
 * Single-use challenges (s13.4.3) without stored state.
 *
 *	time in microseconds (8)  random (16)  HMAC-SHA-256 (32), as base64url
 *
 * The HMAC covers purpose, holder, time and random.  Its key belongs to one minute and is derived from a key that only
 * the keeper has, so a network process under foreign control cannot make challenges for later.
 *
 * Single use: the keeper stores the time of the last challenge with each credential, and accepts only a later one.
 */
#ifndef WEBAUTHN_CHALLENGE_H
#define WEBAUTHN_CHALLENGE_H

#include "base/err.h"
#include "base/str.h"

enum {
	CHALLENGE_KEY_BYTES = 32,
	CHALLENGE_HOLDER_BYTES = 32,
	CHALLENGE_RANDOM_BYTES = 16,
	CHALLENGE_BYTES = 8 + CHALLENGE_RANDOM_BYTES + 32,
	CHALLENGE_TEXT_BYTES = (CHALLENGE_BYTES * 8 + 5) / 6,
	CHALLENGE_SECONDS = 600,      /* valid for: s13.5.3 */
	CHALLENGE_AHEAD_SECONDS = 60, /* clock difference between two nodes */
};

enum challenge_purpose { CHALLENGE_SIGN_IN = 1, CHALLENGE_PROVE, CHALLENGE_STEP_UP, CHALLENGE_ENROL };

struct challenge_for {
	enum challenge_purpose purpose;
	uint8_t holder[CHALLENGE_HOLDER_BYTES]; /* hash of the session's token, or of an anonymous browser's cookie */
};

/* The minute that a time in microseconds belongs to. */
int64_t challenge_minute(int64_t us);

/* The key of a minute.  base: CHALLENGE_KEY_BYTES.  ERR_CRYPTO. */
MUST_USE err challenge_key_derive(const uint8_t *base, int64_t minute, uint8_t ret_key[CHALLENGE_KEY_BYTES]);

/* Make a challenge with the key of the minute of us.  ret_text has no NUL.  ERR_CRYPTO, ERR_MEMORY. */
MUST_USE err challenge_make(const uint8_t key[CHALLENGE_KEY_BYTES], const struct challenge_for *whom, int64_t us,
			    char ret_text[CHALLENGE_TEXT_BYTES]);

/*
 * Was this challenge made for this purpose and holder, at most CHALLENGE_SECONDS before now_us?  The key may be that of
 * the minute before: the network process may receive a new key late.  ret_us: the time in the challenge; 0: refused.
 *
 * ERR_CRYPTO
 */
MUST_USE err challenge_check(const uint8_t *base, const struct challenge_for *whom, str text, int64_t now_us,
			     int64_t *ret_us);

#endif
