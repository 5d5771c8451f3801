/* otp_base32_decode, otp_base32_encode, otp_code_normalise */
#include "target.h"

#include "doubletour/otp.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	uint8_t decoded[256], again[256];
	char text[OTP_BASE32_SIZE(256)], code[OTP_CODE_SIZE];
	size_t got = 0, same = 0, wrong_at = 0;
	enum otp_status status = otp_base32_decode((const char *)bytes, n, decoded, sizeof(decoded), &got, &wrong_at);

	if (status == OTP_OK) {
		PROMISE(otp_base32_encode(decoded, got, text, sizeof(text)) == OTP_OK);
		PROMISE(otp_base32_decode(text, strlen(text), again, sizeof(again), &same, NULL) == OTP_OK);
		PROMISE(same == got && memcmp(decoded, again, got) == 0);
	} else if (status == OTP_INVALID) {
		PROMISE(wrong_at <= n);
	}
	if (otp_code_normalise((const char *)bytes, n, 6, code) == OTP_OK)
		PROMISE(strlen(code) == 6 && strspn(code, "0123456789") == 6);
	return 0;
}
