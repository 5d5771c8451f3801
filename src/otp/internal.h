/*
 * Functions shared by the parts of the library.  Programs include doubletour/otp.h only.
 */
#ifndef OTP_INTERNAL_H
#define OTP_INTERNAL_H

#include "doubletour/otp.h"

#pragma GCC visibility push(hidden)

enum { OTP_DIGEST_MAX = 64 };

/* HMAC of an eight-byte counter, big-endian.  OTP_INVALID: the key is not initialized. */
enum otp_status otp_hmac_counter(const struct otp_key *key, uint64_t counter, unsigned char digest[OTP_DIGEST_MAX],
				 size_t *ret_n);

/* The 31 bits from which a code is made, RFC 4226 s5.3. */
enum otp_status otp_hotp_number(const struct otp_key *key, uint64_t counter, uint32_t *ret_number);

bool otp_digits_valid(unsigned digits);

/* Was the key made with otp_key_init, and not wiped since? */
bool otp_key_is_ready(const struct otp_key *key);

/* Are type, algorithm and period of a URI those of Steam codes? */
bool otp_steam_parameters_valid(const struct otp_uri *uri);

/*
 * Length in bytes of the white space, format character or dash at the start of the text; 0: another character, or
 * no text.
 */
size_t otp_filler_length(const char *text, size_t n);

/* Is the code exactly `digits` bytes 0-9? */
bool otp_code_has_form(const char *code, size_t n, unsigned digits);

/* Is the text UTF-8 without control characters (Unicode's Cc: U+0000 to U+001F, U+007F to U+009F)?  It may be empty. */
bool otp_text_valid(const char *text);

/* All bits if `set`, else 0.  volatile: clang makes a branch from a mask whose two values it knows. */
static inline uint64_t
otp_mask(bool set)
{
	volatile uint64_t mask = -(uint64_t)set;

	return mask;
}

/*
 * If the code of n bytes equals `expected`, the code of this step, and the step is newer than last_step, store the
 * step in *match.  The function has no branch on the code.  It wipes `expected`, an array of size bytes; n is at
 * most size.
 */
void otp_match_update(char *expected, size_t size, const char *code, size_t n, int64_t step, int64_t last_step,
		      struct otp_match *match);

/* Borrowed bytes, which may include NULs. */
struct otp_span {
	const char *p;
	size_t n;
};

/* Remove the spaces around a name. */
struct otp_span otp_name_trim(struct otp_span s);

/*
 * Copy s, without the spaces around it, as a C string of at most size bytes.  false: NUL, control character, not
 * UTF-8, too long.
 */
bool otp_name_take(struct otp_span s, char *ret_name, size_t size);

/* Does the name begin with this text, byte for byte? */
bool otp_name_begins(struct otp_span name, const char *text);

/* Does a percent-decoded label begin with this issuer (not "") and a colon?  Spaces around both are ignored. */
bool otp_label_has_issuer(struct otp_span label, const char *issuer, struct otp_span *ret_account);

/*
 * The library is installed and used without the rest of the program, so it cannot include base/str.h.  It therefore
 * has its own decoders of hex, base64 and percent sequences, one each.
 */

/* Value of a hex digit in either case; -1: another byte. */
int otp_hex_value(char c);

/*
 * Decode base64 (RFC 4648 s4, s5), with or without padding.  A size of n is always enough.  false: invalid, or over
 * size bytes.
 */
bool otp_base64_decode(const char *text, size_t n, uint8_t *ret_bytes, size_t size, size_t *ret_n);

/* Percent-decode a part of a URI.  false: a broken escape, or more than size bytes. */
bool otp_percent_decode(const char *text, size_t n, char *ret_bytes, size_t size, size_t *ret_n);

#pragma GCC visibility pop

#endif
