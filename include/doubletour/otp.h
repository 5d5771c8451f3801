/*
 * libdoubletour-otp: one-time codes, HOTP (RFC 4226) and TOTP (RFC 6238), with what belongs to them: base32 (RFC 4648)
 * and otpauth:// URIs.  No global state, no allocation of its own, several threads may use it, also from C++; it needs
 * libcrypto only.
 *
 *	uint8_t secret[20];
 *	size_t n;
 *	otp_base32_decode(text, strlen(text), secret, sizeof(secret), &n, NULL);
 *
 *	struct otp_key key;
 *	struct otp_match match;
 *	if (otp_key_init(&key, OTP_SHA1, secret, n, 0) == OTP_OK &&
 *	    otp_totp_verify(&key, &OTP_TOTP_DEFAULT, code, strlen(code), now_us, last_step, &match) == OTP_OK && match.ok)
 *		last_step = match.step;      and keep it: a step is accepted once
 *	otp_key_wipe(&key);
 *
 * "Could it be done?" is the returned enum otp_status; "was the code right?" is match.ok.  Outputs are written on OTP_OK
 * only, unless their function says otherwise.  No pointer may be NULL but those that are said to.
 */
#ifndef DOUBLETOUR_OTP_H
#define DOUBLETOUR_OTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum otp_status {
	OTP_OK = 0,
	OTP_INVALID,   /* an argument is not what the function takes */
	OTP_TOO_SHORT, /* the room for the result, or a secret: below OTP_SECRET_MIN without the flag */
	OTP_CRYPTO     /* libcrypto or the system's random source failed */
};

enum otp_algorithm { OTP_SHA1 = 0, OTP_SHA256, OTP_SHA512 };

enum {
	OTP_SECRET_MIN = 16,     /* bytes: 128 bits, RFC 4226 s4 R6 */
	OTP_SECRET_DEFAULT = 20, /* bytes: 160 bits, what RFC 4226 recommends and every authenticator takes */
	OTP_SECRET_MAX = 128,    /* bytes in a URI; a key may be made of more */
	OTP_DIGITS_MIN = 6,
	OTP_DIGITS_MAX = 10,
	OTP_CODE_SIZE = OTP_DIGITS_MAX + 1, /* a code and its NUL */
	OTP_WINDOW_MAX = 100,               /* steps that verification looks back or forward */
	OTP_KEY_STATE = 64                  /* words */
};

/* Flags of the functions that take or make a secret. */
enum { OTP_ALLOW_SHORT_SECRET = 1 };

/*
 * A secret made ready: the two states of HMAC, so that a code costs two blocks.  Holds a secret: wipe it.  It may be copied,
 * and many threads may use one.  Zeroed, wiped or never made, it has no codes: every function answers OTP_INVALID.
 */
struct otp_key {
	uint32_t ready;
	enum otp_algorithm algorithm;
	uint64_t state[OTP_KEY_STATE];
};

/* How codes are counted off in time. */
struct otp_totp {
	unsigned digits;   /* 6 to 10 */
	unsigned period_s; /* 1 or more */
	int64_t start_s;   /* Unix time of step 0: T0 of RFC 6238 */
	unsigned back;     /* steps that verification looks back ... */
	unsigned forward;  /* ... and forward; OTP_WINDOW_MAX at most each */
};

/* What authenticator apps assume: 6 digits, 30 s, one step of drift each way. */
extern const struct otp_totp OTP_TOTP_DEFAULT;

struct otp_match {
	bool ok;      /* false: no step of the window has this code, or only spent ones have */
	int64_t step; /* the one that matched, the newest when several do; 0 when none */
};

/*
 * Make a key of n secret bytes.  OTP_TOO_SHORT: n is below OTP_SECRET_MIN and the flag is not given, or 0.
 * OTP_INVALID: unknown algorithm, or secret is NULL.  Source: RFC 2104; RFC 6238 s1.2.
 */
enum otp_status otp_key_init(struct otp_key *key, enum otp_algorithm algorithm, const uint8_t *secret, size_t n,
			     unsigned flags);
void otp_key_wipe(struct otp_key *key);

/*
 * The code at a counter, as digits and a NUL.  OTP_INVALID: digits is not 6 to 10.
 * Source: RFC 4226 s5.3 (dynamic truncation).
 */
enum otp_status otp_hotp_code(const struct otp_key *key, uint64_t counter, unsigned digits,
			      char ret_code[OTP_CODE_SIZE]);

/* The step at a moment (Unix time in microseconds).  OTP_INVALID: before the start, or a period of 0.  RFC 6238 s4.2. */
enum otp_status otp_totp_step(const struct otp_totp *totp, int64_t now_us, int64_t *ret_step);

/* The code `offset` steps from now.  OTP_INVALID as above, or a negative step. */
enum otp_status otp_totp_code(const struct otp_key *key, const struct otp_totp *totp, int64_t now_us, int64_t offset,
			      char ret_code[OTP_CODE_SIZE]);

/* Seconds, 1 to period_s, that the code of now is still valid. */
enum otp_status otp_totp_seconds_left(const struct otp_totp *totp, int64_t now_us, unsigned *ret_seconds);

/*
 * Drop ASCII spaces and hyphens, which people and apps put between groups; then there must be exactly `digits` bytes 0-9.
 * OTP_INVALID otherwise, also for digits of other scripts.
 */
enum otp_status otp_code_normalise(const char *text, size_t n, unsigned digits, char ret_code[OTP_CODE_SIZE]);

/*
 * Check a code at one moment.
 *
 *   code       exactly totp->digits ASCII digits: see otp_code_normalise
 *   last_step  the newest step that was accepted before, -1 for none: it and all before it match no more
 *
 * Every wrong code takes the same time: every step of the window is computed and compared whole.
 * OTP_INVALID: code is not of that form, the time is before the start, or a bound of totp is not kept.  Source: RFC 6238 s4.2, s5.2.
 */
enum otp_status otp_totp_verify(const struct otp_key *key, const struct otp_totp *totp, const char *code, size_t n,
				int64_t now_us, int64_t last_step, struct otp_match *ret_match);

/*
 * A random secret of n bytes from libcrypto's private generator.  OTP_TOO_SHORT: n is below OTP_SECRET_MIN and the flag is
 * not given, or 0.  On failure nothing usable was written.
 */
enum otp_status otp_secret_random(uint8_t *ret_secret, size_t n, unsigned flags);

/* --- base32, RFC 4648 s6 --------------------------------------------------------------------------------------------- */

/* Characters that n bytes become without padding, plus the NUL. */
#define OTP_BASE32_SIZE(n) (((n) / 5) * 8 + (((n) % 5) * 8 + 4) / 5 + 1)

/* Capital letters, no padding, NUL at the end.  OTP_TOO_SHORT: size is below OTP_BASE32_SIZE(n). */
enum otp_status otp_base32_encode(const uint8_t *bytes, size_t n, char *ret_text, size_t size);

/*
 * Takes capital and small letters, spaces and hyphens anywhere, padding or none at the end.  Bits to spare in the last letter
 * are dropped whatever they are (RFC 4648 s3.5 leaves that open): services hand out random letters, not encoded bytes.
 * ret_bytes holds what was decoded so far also when the text is refused.
 *
 *   ret_wrong_at  NULL, or on OTP_INVALID where the first byte stands that cannot be there; n: the text is incomplete, or
 *                 its padding does not fill the last group
 *
 * OTP_TOO_SHORT: the result is over size bytes; size = n is always enough.
 */
enum otp_status otp_base32_decode(const char *text, size_t n, uint8_t *ret_bytes, size_t size, size_t *ret_n,
				  size_t *ret_wrong_at);

/* --- otpauth:// ------------------------------------------------------------------------------------------------------ */

/*
 * otpauth://totp/Issuer:account?secret=...&issuer=Issuer&algorithm=SHA1&digits=6&period=30, which every known authenticator
 * reads: all but RFC 3986 unreserved bytes percent-encoded, issuer before the account and as a parameter.
 *
 *   issuer, account  C strings in UTF-8
 *   ret_uri          size bytes of room; emptied on failure
 *
 * OTP_INVALID: a name is empty, not UTF-8, or holds ':' or a control character; digits or period out of bounds; a start
 * other than 0, which no authenticator can be told.  OTP_TOO_SHORT: room, or a secret below OTP_SECRET_MIN.
 * Source: github.com/google/google-authenticator/wiki/Key-Uri-Format; RFC 3986 s2.
 */
enum otp_status otp_uri_totp(const char *issuer, const char *account, const uint8_t *secret, size_t secret_n,
			     enum otp_algorithm algorithm, const struct otp_totp *totp, char *ret_uri, size_t size);

#ifdef __cplusplus
}
#endif

#endif
