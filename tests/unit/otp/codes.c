/* For compare.py: reads lines "hexsecret seconds", prints each code. */
#include "doubletour/otp.h"

#include <stdio.h>

int
main(void)
{
	char hex[257];
	long long seconds;

	while (scanf("%256s %lld", hex, &seconds) == 2) {
		uint8_t secret[128];
		size_t n = 0;
		unsigned byte;
		struct otp_key key;
		char code[OTP_CODE_SIZE];
		while (n < sizeof(secret) && sscanf(hex + 2 * n, "%2x", &byte) == 1)
			secret[n++] = (uint8_t)byte;
		if (otp_key_init(&key, OTP_SHA1, secret, n, 0) != OTP_OK ||
		    otp_totp_code(&key, &OTP_TOTP_DEFAULT, seconds * 1000000, 0, code) != OTP_OK)
			return 1;
		puts(code);
	}
	return 0;
}
