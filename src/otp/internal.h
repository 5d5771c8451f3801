/*
 * What the parts of the library share.  Not for others: see doubletour/otp.h.
 */
#ifndef OTP_INTERNAL_H
#define OTP_INTERNAL_H

#include "doubletour/otp.h"

#pragma GCC visibility push(hidden)

enum { OTP_DIGEST_MAX = 64 };

/* HMAC of an eight-byte counter, big-endian.  OTP_INVALID: the key is not made. */
enum otp_status otp_hmac_counter(const struct otp_key *key, uint64_t counter, unsigned char digest[OTP_DIGEST_MAX],
				 size_t *ret_n);

/* The 31 bits that a code is made of, RFC 4226 s5.3. */
enum otp_status otp_hotp_number(const struct otp_key *key, uint64_t counter, uint32_t *ret_number);

bool otp_digits_valid(unsigned digits);

/* Bytes of the white space, format character or dash at the beginning of the text; 0: another character, or none. */
size_t otp_filler_length(const char *text, size_t n);

/* Is the code exactly `digits` bytes 0-9? */
bool otp_code_has_form(const char *code, size_t n, unsigned digits);

/* Is it UTF-8 without control characters?  It may be empty. */
bool otp_text_valid(const char *text);

/*
 * Is the code of n bytes the one that is expected at this step, and is the step newer than last_step?  Then *match takes the step.
 * No branch on what the code is.  Wipes expected, an array of size bytes; n is at most size.
 */
void otp_match_update(char *expected, size_t size, const char *code, size_t n, int64_t step, int64_t last_step,
		      struct otp_match *match);

/* Bytes of others, which may hold NULs. */
struct otp_span {
	const char *p;
	size_t n;
};

/* Without the spaces around it. */
struct otp_span otp_name_trim(struct otp_span s);

/* A C string of size bytes from s, without spaces around; false: a NUL, a control character, not UTF-8, or too long. */
bool otp_name_take(struct otp_span s, char *ret_name, size_t size);

/* Does a name begin with this text, byte for byte? */
bool otp_name_begins(struct otp_span name, const char *text);

/* Does a label, its escapes undone, begin with this issuer (not "") and a colon?  Spaces around both do not matter. */
bool otp_label_has_issuer(struct otp_span label, const char *issuer, struct otp_span *ret_account);

/*
 * The library is installed and used without the rest of the program: it cannot include base/str.h, and so it decodes hex, base64 and
 * percent sequences by itself, each of them once.
 */

/* Of a hex digit in either case; -1: another byte. */
int otp_hex_value(char c);

/* Base64 (RFC 4648 s4) with its padding, or without.  *ret_n: bytes; size = n is always enough.  false: broken, or too long. */
bool otp_base64_decode(const char *text, size_t n, uint8_t *ret_bytes, size_t size, size_t *ret_n);

/* A part of a URI with its percent-escapes undone.  false: a broken escape, or more than size bytes. */
bool otp_percent_decode(const char *text, size_t n, char *ret_bytes, size_t size, size_t *ret_n);

#pragma GCC visibility pop

#endif
