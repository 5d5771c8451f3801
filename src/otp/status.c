/*
 * Statuses as text, for programs that print them.
 */
#include "internal.h"

const char *
otp_status_text(enum otp_status status)
{
	static const char *const texts[] = {
		[OTP_OK] = "the call succeeded",
		[OTP_INVALID] = "an argument is invalid",
		[OTP_TOO_SHORT] = "the buffer for the result is too small, or the secret is shorter than 128 bits",
		[OTP_CRYPTO] = "libcrypto or the random source of the system failed",
	};

	return (unsigned)status < sizeof(texts) / sizeof(texts[0]) ? texts[status] : NULL;
}
