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

bool otp_digits_valid(unsigned digits);

/* Is the code exactly `digits` bytes 0-9? */
bool otp_code_has_form(const char *code, size_t n, unsigned digits);

/* May it stand in a label: not empty, UTF-8, without ':' and control characters? */
bool otp_name_valid(const char *name);

#pragma GCC visibility pop

#endif
