/* For compare.py: reads lines "algorithm digits period hexsecret seconds" and prints each code. */
#include "doubletour/otp.h"

#include <stdio.h>

enum { SECRET_ROOM = 128 };

static size_t
secret_of_hex(const char *hex, uint8_t secret[SECRET_ROOM])
{
	size_t n = 0;
	unsigned byte;

	while (n < SECRET_ROOM && sscanf(hex + 2 * n, "%2x", &byte) == 1)
		secret[n++] = (uint8_t)byte;
	return n;
}

int
main(void)
{
	struct otp_totp totp = OTP_TOTP_DEFAULT;
	char hex[2 * SECRET_ROOM + 1], code[OTP_CODE_SIZE];
	unsigned algorithm;
	long long seconds;

	while (scanf("%u %u %u %256s %lld", &algorithm, &totp.digits, &totp.period_s, hex, &seconds) == 5) {
		uint8_t secret[SECRET_ROOM];
		struct otp_key key;
		size_t n = secret_of_hex(hex, secret);
		if (otp_key_init(&key, (enum otp_algorithm)algorithm, secret, n, 0) != OTP_OK ||
		    otp_totp_code(&key, &totp, seconds * 1000000, 0, code) != OTP_OK)
			return 1;
		puts(code);
	}
	return 0;
}
