/*
 * otp_uri_parse, otp_uri_build: every parsed URI can be built again.  The built URI has plain bytes only, and parses to
 * the same values.
 */
#include "target.h"

#include "doubletour/otp.h"

#include <string.h>

static bool
same(const struct otp_uri *a, const struct otp_uri *b)
{
	return a->type == b->type && strcmp(a->issuer, b->issuer) == 0 && strcmp(a->account, b->account) == 0 &&
	       a->secret_n == b->secret_n && memcmp(a->secret, b->secret, a->secret_n) == 0 &&
	       a->algorithm == b->algorithm && a->digits == b->digits && a->steam == b->steam &&
	       (a->type == OTP_TYPE_HOTP ? a->counter == b->counter : a->period_s == b->period_s) &&
	       strcmp(a->image, b->image) == 0;
}

/* Allows only unreserved bytes, escapes and the separators of the URI. */
static bool
is_plain(const char *text)
{
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%:/?&=") == strlen(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char text[OTP_URI_SIZE];
	struct otp_uri uri, again;
	const char *wrong = NULL;

	if (otp_uri_parse((const char *)bytes, n, OTP_ALLOW_SHORT_SECRET, &uri, &wrong) != OTP_OK) {
		PROMISE(wrong != NULL);
		return 0;
	}
	PROMISE(otp_uri_build(&uri, OTP_ALLOW_SHORT_SECRET, text, sizeof(text)) == OTP_OK);
	PROMISE(is_plain(text));
	PROMISE(otp_uri_parse(text, strlen(text), OTP_ALLOW_SHORT_SECRET, &again, NULL) == OTP_OK);
	PROMISE(same(&uri, &again));
	return 0;
}
