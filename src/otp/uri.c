/*
 * otpauth:// URIs, written so that every known authenticator reads them.
 */
#include "doubletour/otp.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

enum { SECRET_MAX = 128 };

/* Text being written into a fixed room; `full` once something did not fit. */
struct writer {
	char *p;
	size_t size, n;
	bool full;
};

static void
put(struct writer *w, const char *text, size_t n)
{
	if (w->full || n >= w->size - w->n) {
		w->full = true;
		return;
	}
	memcpy(w->p + w->n, text, n);
	w->n += n;
	w->p[w->n] = '\0';
}

static void
put_text(struct writer *w, const char *text)
{
	put(w, text, strlen(text));
}

static bool
is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c) != NULL;
}

static void
put_percent(struct writer *w, const char *text)
{
	for (; *text != '\0'; text++) {
		char escape[4];
		if (is_unreserved((unsigned char)*text)) {
			put(w, text, 1);
			continue;
		}
		snprintf(escape, sizeof(escape), "%%%02X", (unsigned)(unsigned char)*text);
		put(w, escape, 3);
	}
}

static bool
is_label(const char *text)
{
	return text != NULL && text[0] != '\0' && strchr(text, ':') == NULL;
}

enum otp_status
otp_uri_totp(const char *issuer, const char *account, const uint8_t *secret, size_t secret_n,
	     enum otp_algorithm algorithm, const struct otp_totp *totp, char *ret_uri, size_t size)
{
	static const char *const names[] = { [OTP_SHA1] = "SHA1", [OTP_SHA256] = "SHA256", [OTP_SHA512] = "SHA512" };
	struct writer w = { ret_uri, size, 0, size == 0 };
	char base32[OTP_BASE32_SIZE(SECRET_MAX)], numbers[64];

	if (!is_label(issuer) || !is_label(account) || (unsigned)algorithm > OTP_SHA512 || secret_n > SECRET_MAX ||
	    otp_base32_encode(secret, secret_n, base32, sizeof(base32)) != OTP_OK)
		return OTP_INVALID;
	snprintf(numbers, sizeof(numbers), "&algorithm=%s&digits=%u&period=%u", names[algorithm], totp->digits,
		 totp->period_s);
	put_text(&w, "otpauth://totp/");
	put_percent(&w, issuer);
	put_text(&w, ":");
	put_percent(&w, account);
	put_text(&w, "?secret=");
	put_text(&w, base32);
	put_text(&w, "&issuer=");
	put_percent(&w, issuer);
	put_text(&w, numbers);
	OPENSSL_cleanse(base32, sizeof(base32));
	if (!w.full)
		return OTP_OK;
	if (size > 0)
		OPENSSL_cleanse(ret_uri, size);
	return OTP_TOO_SHORT;
}
