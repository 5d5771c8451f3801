/*
 * libdoubletour-otp: one-time passwords.  It contains HOTP (RFC 4226), TOTP (RFC 6238), Steam codes, base32 and
 * base16 (RFC 4648), otpauth:// URIs and exports of Google Authenticator.
 * It has no global state and does not allocate memory.  Several threads may use it.  It works from C and C++ and
 * needs only libcrypto.
 *
 *	uint8_t secret[OTP_SECRET_MAX];
 *	size_t n;
 *	struct otp_key key;
 *	struct otp_match match;
 *
 *	if (otp_base32_decode(text, strlen(text), secret, sizeof(secret), &n, NULL) == OTP_OK &&
 *	    otp_key_init(&key, OTP_SHA1, secret, n, 0) == OTP_OK &&
 *	    otp_totp_verify(&key, &OTP_TOTP_DEFAULT, code, strlen(code), now_us, last_step, &match) == OTP_OK &&
 *	    match.ok)
 *		last_step = match.step;      store it: each step is accepted only once
 *	otp_key_wipe(&key);
 *	explicit_bzero(secret, sizeof(secret));
 *
 * The returned enum otp_status says whether the call could be carried out; match.ok says whether the code was
 * right.  A function writes its outputs only when it returns OTP_OK, unless its comment says otherwise.  A pointer
 * may be NULL only where the comment says so.
 */
#ifndef DOUBLETOUR_OTP_H
#define DOUBLETOUR_OTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The compiler warns about a call whose status is ignored. */
#ifdef __GNUC__
#define OTP_MUST_USE __attribute__((warn_unused_result))
#else
#define OTP_MUST_USE
#endif

enum otp_status {
	OTP_OK = 0,
	OTP_INVALID, /* an argument is invalid */
	/* the output buffer is too small, or a secret is below OTP_SECRET_MIN without OTP_ALLOW_SHORT_SECRET */
	OTP_TOO_SHORT,
	OTP_CRYPTO /* libcrypto or the system's random source failed */
};

/* Text of a status, such as "an argument is invalid"; NULL for any other number. */
const char *otp_status_text(enum otp_status status);

enum otp_algorithm { OTP_SHA1 = 0, OTP_SHA256, OTP_SHA512 };

enum {
	OTP_SECRET_MIN = 16,     /* bytes: 128 bits, RFC 4226 s4 R6 */
	OTP_SECRET_DEFAULT = 20, /* bytes: 160 bits, recommended by RFC 4226 s4 R6; every authenticator accepts it */
	OTP_SECRET_MAX = 128,    /* bytes in a URI; otp_key_init also accepts longer secrets */
	OTP_DIGITS_MIN = 6,
	OTP_DIGITS_MAX = 10,
	OTP_CODE_SIZE = OTP_DIGITS_MAX + 1, /* a code and its NUL */
	OTP_WINDOW_MAX = 100,   /* steps that TOTP verification looks each way; counters that HOTP looks ahead */
	OTP_RESYNC_MAX = 1000,  /* maximum search range of resynchronisation: counters ahead, or steps each way */
	OTP_STEAM_SIZE = 5 + 1, /* a Steam code and its NUL */
	OTP_KEY_STATE = 64      /* uint64_t elements */
};

/* Flags.  One enum has all of them, because C++20 warns about the combination of two enums. */
enum {
	OTP_ALLOW_SHORT_SECRET = 1, /* of otp_key_init, otp_secret_random and the functions that read or build URIs */
	/* of otp_uri_build: leave out algorithm=SHA1, digits=6 and period=30; without the flag they are written */
	OTP_URI_LEAVE_DEFAULTS = 2
};

/*
 * A secret, expanded once into the two HMAC states, so that each code costs two hash blocks.  It holds a secret:
 * wipe it.  It may be copied, and many threads may use the same one.  With a key that is zeroed, wiped or not
 * initialized, every function returns OTP_INVALID.
 */
struct otp_key {
	uint32_t ready;
	enum otp_algorithm algorithm;
	uint64_t state[OTP_KEY_STATE];
};

/* TOTP parameters. */
struct otp_totp {
	unsigned digits;   /* 6 to 10 */
	unsigned period_s; /* 1 or more */
	int64_t start_s;   /* Unix time of step 0: T0 of RFC 6238 */
	unsigned back;     /* steps that verification looks back, 0 to OTP_WINDOW_MAX */
	unsigned forward;  /* steps that verification looks forward, 0 to OTP_WINDOW_MAX */
};

/* The values that authenticator apps assume: 6 digits, 30 s, one step of drift each way. */
extern const struct otp_totp OTP_TOTP_DEFAULT;

struct otp_match {
	bool ok;      /* false: the code matches no step of the window, or only steps that are already used */
	int64_t step; /* the step that matched, the newest if several do; 0 if ok is false */
};

/*
 * Make a key of n secret bytes.
 * OTP_TOO_SHORT: n is 0, or below OTP_SECRET_MIN without OTP_ALLOW_SHORT_SECRET.
 * OTP_INVALID: unknown algorithm, or secret is NULL.  Source: RFC 2104; RFC 6238 s1.2.
 */
OTP_MUST_USE enum otp_status otp_key_init(struct otp_key *key, enum otp_algorithm algorithm, const uint8_t *secret,
					  size_t n, unsigned flags);
void otp_key_wipe(struct otp_key *key);

/*
 * Compute the code at a counter, as digits and a NUL.  OTP_INVALID: digits is not 6 to 10.
 * Source: RFC 4226 s5.3 (dynamic truncation).
 */
OTP_MUST_USE enum otp_status otp_hotp_code(const struct otp_key *key, uint64_t counter, unsigned digits,
					   char ret_code[OTP_CODE_SIZE]);

/*
 * Compute the time step at now_us (Unix time in microseconds).
 * OTP_INVALID: now_us is before start_s, or period_s is 0.  Source: RFC 6238 s4.2.
 */
OTP_MUST_USE enum otp_status otp_totp_step(const struct otp_totp *totp, int64_t now_us, int64_t *ret_step);

/*
 * Compute the code `offset` steps after the current one (before it: negative).
 * OTP_INVALID: as otp_totp_step, the resulting step is negative, or digits is not 6 to 10.
 */
OTP_MUST_USE enum otp_status otp_totp_code(const struct otp_key *key, const struct otp_totp *totp, int64_t now_us,
					   int64_t offset, char ret_code[OTP_CODE_SIZE]);

/* Seconds, 1 to period_s, until the current code expires.  OTP_INVALID: as otp_totp_step. */
OTP_MUST_USE enum otp_status otp_totp_seconds_left(const struct otp_totp *totp, int64_t now_us, unsigned *ret_seconds);

/*
 * Copy a typed or pasted code without its white space, format characters and dashes.  White space and format
 * characters are Unicode's White_Space and Cf: they include no-break and zero-width spaces, and line ends.
 * OTP_INVALID: the rest is not exactly `digits` bytes 0-9 (digits of other scripts are rejected), or the text is
 * not UTF-8.
 */
OTP_MUST_USE enum otp_status otp_code_normalise(const char *text, size_t n, unsigned digits,
						char ret_code[OTP_CODE_SIZE]);

/*
 * Verify a code at one point in time.
 *
 *   code       exactly totp->digits ASCII digits: see otp_code_normalise
 *   last_step  the newest step accepted so far, -1 for none: only later steps match
 *
 * Every wrong code takes the same time: the function computes every step of the window and compares whole codes.
 * OTP_INVALID: code does not have this form, now_us is before start_s, or a member of totp is out of its range.
 * Source: RFC 6238 s4.2, s5.2.
 */
OTP_MUST_USE enum otp_status otp_totp_verify(const struct otp_key *key, const struct otp_totp *totp, const char *code,
					     size_t n, int64_t now_us, int64_t last_step, struct otp_match *ret_match);

/* --- counters and clocks out of step ------------------------------------------------------------------------------ */

struct otp_counter_match {
	bool ok;
	uint64_t counter; /* the counter that matched; store counter + 1 as the next expected one; 0 if ok is false */
};

/*
 * Verify an HOTP code at `counter`, the next expected one, and at the look_ahead counters after it.  The first
 * counter that fits is the match.  Every wrong code takes the same time.
 * OTP_INVALID: code is not `digits` ASCII digits, look_ahead is over OTP_WINDOW_MAX, or the counters would pass
 * UINT64_MAX - 1.
 * Source: RFC 4226 s7.2, s7.4.
 */
OTP_MUST_USE enum otp_status otp_hotp_verify(const struct otp_key *key, unsigned digits, const char *code, size_t n,
					     uint64_t counter, unsigned look_ahead,
					     struct otp_counter_match *ret_match);

/*
 * Resynchronise an HOTP token whose counter ran ahead, with two consecutive codes.  The function searches from
 * `counter` to look_ahead counters (at most OTP_RESYNC_MAX) after it for the first position where `first` fits and
 * `second` fits the next counter.  The match is the counter of the second code.  Both codes are C strings of `digits`
 * digits.
 * OTP_INVALID: a code has another form, look_ahead is over OTP_RESYNC_MAX, or the counters would pass
 * UINT64_MAX - 1.
 * Source: RFC 4226 s7.4.
 */
OTP_MUST_USE enum otp_status otp_hotp_resync(const struct otp_key *key, unsigned digits, const char *first,
					     const char *second, uint64_t counter, unsigned look_ahead,
					     struct otp_counter_match *ret_match);

struct otp_drift {
	bool ok;
	/* how many steps the clock that made the codes is ahead of now_us (behind: negative); 0 if ok is false */
	int64_t steps;
	int64_t step; /* the step of the second code */
};

/*
 * Measure by how many steps another clock is off, from two consecutive codes.  The second code must have been shown
 * at about now_us.  The function searches max_steps (at most OTP_RESYNC_MAX) each way and returns the smallest
 * drift.  Of two equal drifts it returns the negative one.  Steps up to last_step do not match.  Both codes are C
 * strings of totp->digits digits.
 * To apply a drift, add steps * period_s * 1000000 to the now_us of later calls.  Store the step of the second code as
 * last_step: both codes are then used.
 * Do not use the result to authenticate: two codes out of many steps are far easier to guess than one out of a few.
 * OTP_INVALID: as otp_totp_step, a code has another form, or max_steps is over OTP_RESYNC_MAX.
 * Source: RFC 6238 s6.
 */
OTP_MUST_USE enum otp_status otp_totp_drift(const struct otp_key *key, const struct otp_totp *totp, const char *first,
					    const char *second, int64_t now_us, int64_t last_step, unsigned max_steps,
					    struct otp_drift *ret_drift);

/* --- Steam -------------------------------------------------------------------------------------------------------- */

/*
 * Compute the Steam Guard code at a step of 30 s: 5 of 26 letters and digits, from the HMAC-SHA-1 of which TOTP
 * codes are made.
 * OTP_INVALID: the key is not SHA-1.  Source: PyOTP 2.8, contrib/steam.py; the codes are the same.
 */
OTP_MUST_USE enum otp_status otp_steam_code(const struct otp_key *key, uint64_t step, char ret_code[OTP_STEAM_SIZE]);

/*
 * Copy a typed Steam code in capital letters, without the characters that otp_code_normalise drops.
 * OTP_INVALID: the rest is not five of the 26 letters and digits.
 */
OTP_MUST_USE enum otp_status otp_steam_normalise(const char *text, size_t n, char ret_code[OTP_STEAM_SIZE]);

/*
 * Verify a Steam code (capital or small letters) as otp_totp_verify does, with steps of 30 s and a window of `back`
 * and `forward` steps.  OTP_INVALID: as otp_totp_verify, or the key is not SHA-1.
 */
OTP_MUST_USE enum otp_status otp_steam_verify(const struct otp_key *key, const char *code, size_t n, int64_t now_us,
					      unsigned back, unsigned forward, int64_t last_step,
					      struct otp_match *ret_match);

/*
 * Make a random secret of n bytes with libcrypto's private generator.
 * OTP_TOO_SHORT: n is 0, or below OTP_SECRET_MIN without OTP_ALLOW_SHORT_SECRET.  OTP_INVALID: n is over INT32_MAX.
 * On failure do not use the content of ret_secret.
 */
OTP_MUST_USE enum otp_status otp_secret_random(uint8_t *ret_secret, size_t n, unsigned flags);

/* --- base32, RFC 4648 s6 ------------------------------------------------------------------------------------------ */

/* Size of the base32 text of n bytes without padding, including the NUL. */
#define OTP_BASE32_SIZE(n) (((n) / 5) * 8 + (((n) % 5) * 8 + 4) / 5 + 1)

/*
 * Encode in capital letters, without padding, with a NUL at the end.  OTP_TOO_SHORT: size is below
 * OTP_BASE32_SIZE(n).
 */
OTP_MUST_USE enum otp_status otp_base32_encode(const uint8_t *bytes, size_t n, char *ret_text, size_t size);

/*
 * Decode base32 in capital or small letters, with or without padding at the end.  White space, format characters
 * and dashes may stand anywhere (as in otp_code_normalise).  Unused bits of the last letter are dropped, whatever
 * their value (RFC 4648 s3.5 leaves this open): some services issue random letters instead of encoded bytes.
 * On failure ret_bytes holds the bytes decoded so far.
 *
 *   ret_wrong_at  may be NULL; on OTP_INVALID the offset of the first invalid byte.  n: the text is incomplete, or its
 *                 padding does not fill the last group.
 *
 * OTP_TOO_SHORT: the result has more than size bytes; size = n is always enough.
 */
OTP_MUST_USE enum otp_status otp_base32_decode(const char *text, size_t n, uint8_t *ret_bytes, size_t size,
					       size_t *ret_n, size_t *ret_wrong_at);

/* --- base16, RFC 4648 s8 ------------------------------------------------------------------------------------------ */

#define OTP_HEX_SIZE(n) ((n)*2 + 1)

/* Encode in small letters, with a NUL at the end.  OTP_TOO_SHORT: size is below OTP_HEX_SIZE(n). */
OTP_MUST_USE enum otp_status otp_hex_encode(const uint8_t *bytes, size_t n, char *ret_text, size_t size);

/*
 * Decode base16 in capital or small letters.  White space, format characters, dashes and colons may stand between
 * bytes.  Outputs and errors are those of otp_base32_decode.
 */
OTP_MUST_USE enum otp_status otp_hex_decode(const char *text, size_t n, uint8_t *ret_bytes, size_t size, size_t *ret_n,
					    size_t *ret_wrong_at);

/* --- otpauth:// --------------------------------------------------------------------------------------------------- */

enum otp_type { OTP_TYPE_TOTP = 0, OTP_TYPE_HOTP };

enum {
	OTP_NAME_MAX = 255,   /* bytes of an issuer or an account */
	OTP_IMAGE_MAX = 1023, /* bytes of the address of an image */
	OTP_URI_SIZE = 8192   /* bytes that hold any URI of otp_uri_build, with its NUL */
};

/* The contents of an otpauth URI.  It holds a secret: wipe it. */
struct otp_uri {
	enum otp_type type;
	char issuer[OTP_NAME_MAX + 1];  /* UTF-8; empty: no issuer */
	char account[OTP_NAME_MAX + 1]; /* UTF-8, not empty */
	uint8_t secret[OTP_SECRET_MAX];
	size_t secret_n;
	enum otp_algorithm algorithm;
	unsigned digits;   /* 6 to 10; Steam: 5 */
	unsigned period_s; /* TOTP only */
	uint64_t counter;  /* HOTP only */
	/* Steam codes: the URI says encoder=steam or otpauth://steam/, or its issuer is Steam and it has 5 digits */
	bool steam;
	char image[OTP_IMAGE_MAX + 1]; /* address of a logo; empty: none.  Apps fetch it from there */
	unsigned notes;                /* OTP_NOTE_... bits that otp_uri_parse sets; otp_uri_build ignores them */
};
void otp_uri_wipe(struct otp_uri *uri);

/* An empty URI with the defaults: TOTP, SHA-1, 6 digits, 30 s. */
extern const struct otp_uri OTP_URI_DEFAULT;

/* Oddities of a URI that can still be used.  otp_note_text returns a sentence for each. */
enum otp_note {
	OTP_NOTE_ISSUERS_DIFFER = 1,  /* label and parameter name different issuers: the parameter's is used */
	OTP_NOTE_REPEATED = 2,        /* a parameter occurs twice with different values: the first is used */
	OTP_NOTE_UNKNOWN = 4,         /* an unknown parameter was ignored */
	OTP_NOTE_SHORT_SECRET = 8,    /* below OTP_SECRET_MIN; only with OTP_ALLOW_SHORT_SECRET */
	OTP_NOTE_UNUSUAL = 16,        /* an algorithm, number of digits or period that some known apps get wrong */
	OTP_NOTE_COUNTER_MISSING = 32 /* HOTP without a counter: 0 is used */
};

/*
 * Build otpauth://totp/Issuer:account?secret=...&issuer=Issuer&algorithm=SHA1&digits=6&period=30, which every known
 * authenticator reads.  All bytes but RFC 3986's unreserved ones are percent-encoded.  The issuer stands before the
 * account and as a parameter.  HOTP has counter= in place of period=.
 *
 *   ret_uri  size bytes; wiped on failure
 *
 * Colons in names are percent-encoded.  If an account contains a colon and has no issuer, the label begins with an
 * empty issuer (":host%3A22").  Spaces around names are not written.  otp_uri_parse reads every built URI back to
 * the same names, and every URI that otp_uri_parse accepts can be built.  Some apps split names at other colons:
 * avoid colons in new accounts.
 *
 * Steam codes need TOTP, SHA-1, 5 digits and 30 seconds.
 *
 * OTP_INVALID: the account is empty; a name is not UTF-8, or contains a control character (Unicode's Cc); a member is
 * out of its range.
 * OTP_TOO_SHORT: size is too small, or the secret is below OTP_SECRET_MIN without OTP_ALLOW_SHORT_SECRET.
 * Source: github.com/google/google-authenticator/wiki/Key-Uri-Format; RFC 3986 s2.
 */
OTP_MUST_USE enum otp_status otp_uri_build(const struct otp_uri *uri, unsigned flags, char *ret_uri, size_t size);

/*
 * Parse an otpauth URI, including the variants that other programs write.  Names may be percent-encoded or not.
 * The issuer may stand in the label, in the parameter or in both.  Parameters may have any order, and their names
 * any case.  The base32 secret may have either case, spaces, hyphens and padding.
 *
 * If the label begins with the issuer parameter and a colon, the rest of the label is the account.  Otherwise the
 * first literal colon ends the issuer.  In a label without a literal colon the first %3A ends it.
 *
 * '+' is a plus sign, with one exception: in the issuer parameter it is a space if the label has a space in the
 * same place.  2FAS, Ente and Aegis write Air%20Canada:ann and issuer=Air+Canada.  %2B is always a plus sign.
 *
 *   text         the URI alone: remove white space around it, such as a line end
 *   ret_wrong    may be NULL; on OTP_INVALID and OTP_TOO_SHORT a sentence that names the fault: a static C string
 *
 * OTP_INVALID    the text does not begin with otpauth://totp/, /hotp/ or /steam/ (read as totp)
 * OTP_INVALID    the account or the secret is missing; the secret is not base32; a percent-escape is invalid
 * OTP_INVALID    a name contains a control character or is not UTF-8; a value is over its maximum
 * OTP_INVALID    this library does not support the algorithm, digits, period or counter
 * OTP_TOO_SHORT  the secret is below OTP_SECRET_MIN without OTP_ALLOW_SHORT_SECRET
 */
OTP_MUST_USE enum otp_status otp_uri_parse(const char *text, size_t n, unsigned flags, struct otp_uri *ret_uri,
					   const char **ret_wrong);

/* Text of one note bit, such as "label and parameter name different issuers"; NULL for any other number. */
const char *otp_note_text(enum otp_note note);

/* --- otpauth-migration:// ----------------------------------------------------------------------------------------- */

/*
 * An export of Google Authenticator: one QR code of several accounts.  A larger export has several QR codes, and
 * each is decoded separately.  Source: the message as the app writes it, described in
 * docs/reference/otp-library.md.
 */
struct otp_migration {
	const uint8_t *next, *end;                 /* pointers into the caller's buffer */
	unsigned version, batch_size, batch_index; /* batch_index counts from 0 */
	int32_t batch_id;
};

/*
 * Decode the URI, without white space around it, into the caller's buffer `room` of size bytes (n is always enough).
 * The buffer then holds secrets: wipe it after use.
 * OTP_INVALID: not a migration URI, or broken; ret_wrong as in otp_uri_parse.  OTP_TOO_SHORT: size is too small.
 */
OTP_MUST_USE enum otp_status otp_migration_open(const char *text, size_t n, uint8_t *room, size_t size,
						struct otp_migration *ret_migration, const char **ret_wrong);

/*
 * Read the next account.  At the end the function returns OTP_OK and sets *ret_more to false.
 * OTP_INVALID with ret_wrong: the account is broken or not supported (MD5, a secret over OTP_SECRET_MAX, a known
 * field of another type), or the export has an unknown field.  The next call goes on after it.
 * OTP_TOO_SHORT: the secret is below OTP_SECRET_MIN without OTP_ALLOW_SHORT_SECRET.
 * An account with unknown fields has OTP_NOTE_UNKNOWN.  The counter is also filled in for TOTP, where it has no
 * meaning.
 */
OTP_MUST_USE enum otp_status otp_migration_next(struct otp_migration *migration, unsigned flags,
						struct otp_uri *ret_uri, bool *ret_more, const char **ret_wrong);

#ifdef __cplusplus
}
#endif

#endif
