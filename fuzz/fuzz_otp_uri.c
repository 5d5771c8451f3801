/*
 * otp_uri_totp: whatever the names are, the URI is made of unreserved bytes and escapes, and read back its label is them.
 * Input: issuer, NUL, account, NUL, secret.
 */
#include "target.h"

#include "base/str.h"
#include "doubletour/otp.h"

enum { ROOM = 4096 };

static int
hex(char c)
{
	return c >= 'A' ? c - 'A' + 10 : c - '0';
}

/* Is it the name, percent-encoded?  A reader of its own, so that two mistakes do not cancel out. */
static bool
spells(str encoded, str name)
{
	size_t at = 0, n = 0;

	for (; at < encoded.n && n < name.n; n++) {
		int byte = (unsigned char)encoded.p[at++];
		if (byte == '%') {
			PROMISE(encoded.n - at >= 2);
			byte = hex(encoded.p[at]) << 4 | hex(encoded.p[at + 1]);
			at += 2;
		} else {
			PROMISE(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", byte));
		}
		if (byte != (unsigned char)name.p[n])
			return false;
	}
	return at == encoded.n && n == name.n;
}

static void
check(str uri, str issuer, str account, str secret)
{
	uint8_t bytes[OTP_SECRET_MAX];
	size_t n = 0;
	str text, label;

	PROMISE(str_starts(uri, STR("otpauth://totp/")));
	uri = str_from(uri, 15);
	label = str_cut(&uri, '?');
	PROMISE(spells(str_cut(&label, ':'), issuer) && spells(label, account));
	PROMISE(str_starts(uri, STR("secret=")));
	uri = str_from(uri, 7);
	text = str_cut(&uri, '&');
	PROMISE(otp_base32_decode(text.p, text.n, bytes, sizeof(bytes), &n, NULL) == OTP_OK);
	PROMISE(str_equal(str_bytes(bytes, n), secret));
	PROMISE(str_starts(uri, STR("issuer=")));
	uri = str_from(uri, 7);
	PROMISE(spells(str_cut(&uri, '&'), issuer));
	PROMISE(str_equal(uri, STR("algorithm=SHA256&digits=6&period=30")));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char copy[1024] = { 0 }, uri[ROOM];
	str rest = str_bytes(copy, n), issuer, account;
	enum otp_status status;

	if (n >= sizeof(copy))
		return 0;
	memcpy(copy, bytes, n);
	issuer = str_cut(&rest, '\0');
	account = str_cut(&rest, '\0');
	if (rest.p == NULL)
		return 0;
	status = otp_uri_totp(issuer.p, account.p, (const uint8_t *)rest.p, rest.n, OTP_SHA256, &OTP_TOTP_DEFAULT, uri,
			      sizeof(uri));
	PROMISE(status != OTP_OK || (str_utf8_valid(issuer) && str_utf8_valid(account)));
	if (status == OTP_OK)
		check(str_of(uri), issuer, account, rest);
	return 0;
}
