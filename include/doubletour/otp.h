/*
 * libdoubletour-otp: one-time codes, HOTP (RFC 4226) and TOTP (RFC 6238), with what belongs to them: base32 and base16
 * (RFC 4648), otpauth:// URIs, Steam's codes, and what Google Authenticator exports.  No global state, no allocation of its own, several threads may use it, also from C++; it needs
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
	OTP_WINDOW_MAX = 100,   /* steps that verification looks back or forward; counters that HOTP looks ahead */
	OTP_RESYNC_MAX = 1000,  /* counters, or steps each way, that two codes are looked for in */
	OTP_STEAM_SIZE = 5 + 1, /* a Steam code and its NUL */
	OTP_KEY_STATE = 64      /* words */
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
 * Drop what people paste along with a code: white space and format characters (Unicode's White_Space and Cf, so no-break and
 * zero-width spaces and line ends too) and dashes.  Then there must be exactly `digits` bytes 0-9.
 * OTP_INVALID otherwise, also for digits of other scripts, and for text that is not UTF-8.
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

/* --- counters out of step -------------------------------------------------------------------------------------------- */

struct otp_counter_match {
	bool ok;
	uint64_t counter; /* the one that matched; keep counter + 1 as the next to expect; 0 when none */
};

/*
 * Check an HOTP code at `counter`, the next that is expected, and up to throttle_look_ahead counters behind it; the first that fits is
 * the match.  Every wrong code takes the same time.  OTP_INVALID: code is not `digits` ASCII digits, throttle_look_ahead is over
 * OTP_WINDOW_MAX, or the counters would pass UINT64_MAX - 1.  Source: RFC 4226 s7.2, s7.4.
 */
enum otp_status otp_hotp_verify(const struct otp_key *key, unsigned digits, const char *code, size_t n,
				uint64_t counter, unsigned look_ahead, struct otp_counter_match *ret_match);

/*
 * Find a token that ran ahead by two codes it showed one after the other: the first counter from `counter` on, at most
 * throttle_look_ahead (up to OTP_RESYNC_MAX) ahead, at which `first` and then `second` fit.  The match is that of the second code.
 * Both codes have `digits` digits.  Source: RFC 4226 s7.4.
 */
enum otp_status otp_hotp_resync(const struct otp_key *key, unsigned digits, const char *first, const char *second,
				uint64_t counter, unsigned look_ahead, struct otp_counter_match *ret_match);

struct otp_drift {
	bool ok;
	int64_t steps; /* how far the clock that made the codes is ahead of now (behind: negative); 0 when none */
	int64_t step;  /* the step of the second code */
};

/*
 * By how many steps is the other clock off?  Two consecutive codes, the second shown about now, are looked for up to max_steps
 * (at most OTP_RESYNC_MAX) each way; the smallest drift wins, of two as small the one behind.  Nothing at or before
 * last_step counts.  Says nothing about whether the person may come in: two codes out of many steps are far less than one
 * out of few.  Source: RFC 6238 s6.
 */
enum otp_status otp_totp_drift(const struct otp_key *key, const struct otp_totp *totp, const char *first,
			       const char *second, int64_t now_us, int64_t last_step, unsigned max_steps,
			       struct otp_drift *ret_drift);

/* --- Steam ----------------------------------------------------------------------------------------------------------- */

/*
 * Steam Guard's code at a step of 30 s: 5 of 26 letters and digits, from the HMAC-SHA-1 that a TOTP code is made from.
 * OTP_INVALID: the key is not SHA-1.  Source: PyOTP 2.8, contrib/steam.py, whose codes these are.
 */
enum otp_status otp_steam_code(const struct otp_key *key, uint64_t step, char ret_code[OTP_STEAM_SIZE]);

/*
 * One of those codes as a person typed it: capital letters, without what otp_code_normalise drops.  OTP_INVALID: not five of
 * the 26 letters and digits.
 */
enum otp_status otp_steam_normalise(const char *text, size_t n, char ret_code[OTP_STEAM_SIZE]);

/* As otp_totp_verify, for one of those codes (letters in either case) and a window of `back` and `forward` steps of 30 s. */
enum otp_status otp_steam_verify(const struct otp_key *key, const char *code, size_t n, int64_t now_us, unsigned back,
				 unsigned forward, int64_t last_step, struct otp_match *ret_match);

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
 * Takes capital and small letters; white space, format characters and dashes anywhere, as otp_code_normalise; padding or none
 * at the end.  Bits to spare in the last letter are dropped whatever they are (RFC 4648 s3.5 leaves that open): services hand
 * out random letters, not encoded bytes.
 * ret_bytes holds what was decoded so far also when the text is refused.
 *
 *   ret_wrong_at  NULL, or on OTP_INVALID where the first byte stands that cannot be there; n: the text is incomplete, or
 *                 its padding does not fill the last group
 *
 * OTP_TOO_SHORT: the result is over size bytes; size = n is always enough.
 */
enum otp_status otp_base32_decode(const char *text, size_t n, uint8_t *ret_bytes, size_t size, size_t *ret_n,
				  size_t *ret_wrong_at);

/* --- base16, RFC 4648 s8 --------------------------------------------------------------------------------------------- */

#define OTP_HEX_SIZE(n) ((n)*2 + 1)

/* Small letters, NUL at the end.  OTP_TOO_SHORT: size is below OTP_HEX_SIZE(n). */
enum otp_status otp_hex_encode(const uint8_t *bytes, size_t n, char *ret_text, size_t size);

/* Takes both cases; between bytes what otp_base32_decode takes, and colons.  The rest as otp_base32_decode. */
enum otp_status otp_hex_decode(const char *text, size_t n, uint8_t *ret_bytes, size_t size, size_t *ret_n,
			       size_t *ret_wrong_at);

/* --- otpauth:// ------------------------------------------------------------------------------------------------------ */

enum otp_type { OTP_TYPE_TOTP = 0, OTP_TYPE_HOTP };

enum {
	OTP_NAME_MAX = 255,   /* bytes of an issuer or an account */
	OTP_IMAGE_MAX = 1023, /* bytes of an image's address */
	OTP_URI_SIZE = 8192   /* room for every URI that can be built, with its NUL */
};

/* What an otpauth URI says.  Holds a secret: wipe it. */
struct otp_uri {
	enum otp_type type;
	char issuer[OTP_NAME_MAX + 1];  /* UTF-8; "" when there is none */
	char account[OTP_NAME_MAX + 1]; /* UTF-8, not empty */
	uint8_t secret[OTP_SECRET_MAX];
	size_t secret_n;
	enum otp_algorithm algorithm;
	unsigned digits;
	unsigned period_s; /* TOTP */
	uint64_t counter;  /* HOTP */
	bool steam; /* codes are Steam's: the URI says encoder=steam, or its issuer is Steam and it has 5 digits */
	char image[OTP_IMAGE_MAX +
		   1];  /* address of a logo, "" when there is none: apps fetch it, so services leave it out */
	unsigned notes; /* what parsing found odd, OTP_NOTE_...; building ignores it */
};
void otp_uri_wipe(struct otp_uri *uri);

/* An empty one with the defaults: TOTP, SHA-1, 6 digits, 30 s. */
extern const struct otp_uri OTP_URI_DEFAULT;

/* Odd, and yet the URI can be used.  otp_note_text says each in words. */
enum otp_note {
	OTP_NOTE_ISSUERS_DIFFER = 1,  /* label and parameter name different issuers: the parameter's was taken */
	OTP_NOTE_REPEATED = 2,        /* a parameter stands twice with different values: the first was taken */
	OTP_NOTE_UNKNOWN = 4,         /* a parameter that nobody knows was passed over */
	OTP_NOTE_SHORT_SECRET = 8,    /* below OTP_SECRET_MIN; only with OTP_ALLOW_SHORT_SECRET */
	OTP_NOTE_UNUSUAL = 16,        /* an algorithm, number of digits or period that some known apps get wrong */
	OTP_NOTE_COUNTER_MISSING = 32 /* HOTP without a counter: 0 was taken */
};

/* Flags of otp_uri_build; OTP_ALLOW_SHORT_SECRET goes with both. */
enum {
	OTP_URI_LEAVE_DEFAULTS = 2 /* leave out algorithm=SHA1, digits=6 and period=30; without it they are written */
};

/*
 * otpauth://totp/Issuer:account?secret=...&issuer=Issuer&algorithm=SHA1&digits=6&period=30, which every known authenticator
 * reads: all but RFC 3986 unreserved bytes percent-encoded, issuer before the account and as a parameter.  HOTP has
 * counter= in place of period=.  ret_uri: size bytes of room; emptied on failure.
 *
 * Colons in names are percent-encoded; an account that holds one and has no issuer stands behind an empty issuer (":host%3A22").
 * Spaces around names are not written.  otp_uri_parse reads every URI that is built back to the same names, and every URI
 * that otp_uri_parse takes can be built.  Some apps split names with a colon elsewhere: new accounts should have none.
 *
 * OTP_INVALID: the account is empty; a name is not UTF-8, or holds a control character; a member is out of its bounds.
 * OTP_TOO_SHORT: room, or a secret below OTP_SECRET_MIN without the flag.
 * Source: github.com/google/google-authenticator/wiki/Key-Uri-Format; RFC 3986 s2.
 */
enum otp_status otp_uri_build(const struct otp_uri *uri, unsigned flags, char *ret_uri, size_t size);

/*
 * Read one, also as others write it: names percent-encoded or not, issuer in the label, in the parameter or both, in any
 * order, parameters' names in any case, base32 in either case, with spaces, hyphens or padding.
 *
 * Where the issuer in the label ends: when the label begins with the issuer parameter and a colon, the rest is the account.
 * Otherwise the first literal colon ends it or, in a label without one, the first %3A.
 *
 * '+' is a plus, with one exception: a '+' in the issuer parameter is a space when the label has a space in its place
 * (Air%20Canada:ann and issuer=Air+Canada, as 2FAS, Ente and Aegis write it).  %2B is always a plus.
 *
 *   ret_wrong    NULL, or what was wrong, when it is OTP_INVALID or OTP_TOO_SHORT: a C string that is never freed
 *
 * OTP_INVALID: not otpauth://totp/ or /hotp/ (steam is read as totp), no account, no or a broken secret, a broken percent-escape,
 * a name with a control character or that is not UTF-8, digits, period, counter or algorithm that this library cannot do, or
 * something over its maximum.  OTP_TOO_SHORT: the secret is below OTP_SECRET_MIN and the flag is not given.
 */
enum otp_status otp_uri_parse(const char *text, size_t n, unsigned flags, struct otp_uri *ret_uri,
			      const char **ret_wrong);

/* "label and parameter name different issuers"; NULL for no note.  Takes one bit. */
const char *otp_note_text(enum otp_note note);

/* --- otpauth-migration:// -------------------------------------------------------------------------------------------- */

/*
 * What Google Authenticator exports: one QR code of several accounts; larger exports are several QR codes, each
 * decoded by itself.  Source: the message as the app writes it, described in docs/reference/otp-library.md.
 */
struct otp_migration {
	const uint8_t *next, *end;                 /* in the caller's room */
	unsigned version, batch_size, batch_index; /* batch_index counts from 0 */
	int32_t batch_id;
};

/*
 * Decode the URI into the caller's room of size bytes (n is always enough), which holds secrets: wipe it in the end.
 * OTP_INVALID: not that kind of URI, or broken; ret_wrong as above.  OTP_TOO_SHORT: room.
 */
enum otp_status otp_migration_open(const char *text, size_t n, uint8_t *room, size_t size,
				   struct otp_migration *ret_migration, const char **ret_wrong);

/*
 * The next account: *ret_more false, and OTP_OK, when there is none.  A broken or unknown one (MD5, a secret over
 * OTP_SECRET_MAX, a field of another kind), and a field of the export that is not known, is OTP_INVALID with what was wrong,
 * and the one behind it comes with the next call.  An account with fields that are not known has OTP_NOTE_UNKNOWN.  A counter
 * is kept for TOTP too, where it means nothing.
 * Short secrets need the flag, as in otp_uri_parse.
 */
enum otp_status otp_migration_next(struct otp_migration *migration, unsigned flags, struct otp_uri *ret_uri,
				   bool *ret_more, const char **ret_wrong);

#ifdef __cplusplus
}
#endif

#endif
