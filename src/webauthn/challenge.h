/*
 * Single-use challenges (s13.4.3) without stored state.
 *
 *	time in microseconds (8)  random (16)  HMAC-SHA-256 (32), as base64url
 *
 * The HMAC covers time, random and holder. Its key belongs to one purpose and one minute. All keys are derived from one
 * secret that never leaves the keeper, so no key tells anything about another.
 *
 *	web     receives the key for CHALLENGE_SIGN_IN of each minute, and calls challenge_make for each sign-in page
 *	keeper  makes the challenges of all other purposes with challenge_issue, and checks all with challenge_check
 *
 * A web process that an attacker controls can therefore make challenges only for sign-ins, and only until the end of
 * the minute after its last key.
 *
 * Single use: the keeper stores the time of the last challenge with each credential, and accepts only a later one.
 */
#ifndef WEBAUTHN_CHALLENGE_H
#define WEBAUTHN_CHALLENGE_H

#include "base/err.h"
#include "base/str.h"

enum {
	CHALLENGE_KEY_BYTES = 32,
	CHALLENGE_HOLDER_MAX = 64,
	CHALLENGE_RANDOM_BYTES = 16,
	CHALLENGE_BYTES = 8 + CHALLENGE_RANDOM_BYTES + 32,
	CHALLENGE_TEXT_BYTES = STR_BASE64_LETTERS(CHALLENGE_BYTES),
	CHALLENGE_SECONDS = 600,      /* valid for: s13.5.3 */
	CHALLENGE_AHEAD_SECONDS = 60, /* clock difference between two nodes */
};

enum challenge_purpose { CHALLENGE_SIGN_IN = 1, CHALLENGE_PROVE, CHALLENGE_STEP_UP, CHALLENGE_ENROL };

/* holder: form cookie of an anonymous browser, or hash of a session's token. 1 to CHALLENGE_HOLDER_MAX bytes. */
struct challenge_for {
	enum challenge_purpose purpose;
	str holder;
};

/* The key of one purpose in one minute. */
struct challenge_key {
	int64_t minute; /* 0: no key yet */
	uint8_t b[CHALLENGE_KEY_BYTES];
};

/* The minute that a time in microseconds belongs to. */
int64_t challenge_minute(int64_t us);

/* secret: CHALLENGE_KEY_BYTES. ERR_CRYPTO. */
MUST_USE err challenge_key_derive(const uint8_t *secret, enum challenge_purpose purpose, int64_t minute,
				  struct challenge_key *ret_key);

/*
 * Make a challenge with the newest key. A time before the key's minute is moved to its beginning: the key may arrive
 * after the caller read the clock. ret_text has no NUL. Each thread keeps a state of its last key (base/digest.h).
 *
 * ERR_INVALID  there is no key, or the length of the holder is wrong
 * ERR_CRYPTO
 */
MUST_USE err challenge_make(const struct challenge_key *key, str holder, int64_t us,
			    char ret_text[CHALLENGE_TEXT_BYTES]);

/* Derive the key, and make a challenge. Errors as of challenge_make. */
MUST_USE err challenge_issue(const uint8_t *secret, const struct challenge_for *whom, int64_t us,
			     char ret_text[CHALLENGE_TEXT_BYTES]);

/*
 * Was this challenge made for this purpose and holder, at most CHALLENGE_SECONDS before now_us? For CHALLENGE_SIGN_IN
 * the key may be that of the minute before, because web may receive a new key late. ret_us: the time in the challenge;
 * 0: refused.
 *
 * ERR_CRYPTO
 */
MUST_USE err challenge_check(const uint8_t *secret, const struct challenge_for *whom, str text, int64_t now_us,
			     int64_t *ret_us);

/*
 * Does this challenge say that it was made more than CHALLENGE_SECONDS ago? Nothing proves it: for the sentence that
 * the user reads, not for a decision.
 */
bool challenge_is_old(str text, int64_t now_us);

#endif
