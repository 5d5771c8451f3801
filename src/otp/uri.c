/*
 * Building otpauth:// URIs that every known authenticator reads.
 */
#include "internal.h"

#include <openssl/crypto.h>
#include <string.h>

/* A writer into a buffer of fixed size; `full` is set when a text did not fit. */
struct writer {
	char *p;
	size_t size, n;
	bool full;
};

static void
otp_uri_put(struct writer *w, const char *text, size_t n)
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
otp_uri_put_text(struct writer *w, const char *text)
{
	otp_uri_put(w, text, strlen(text));
}

static void
otp_uri_put_number(struct writer *w, uint64_t number)
{
	char digits[20]; /* of UINT64_MAX */
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	otp_uri_put(w, digits + at, sizeof(digits) - at);
}

/* RFC 3986 s2.3 */
static bool
otp_uri_is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_' || c == '~';
}

static void
otp_uri_put_percent(struct writer *w, struct otp_span text)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; text.n > 0; text.p++, text.n--) {
		unsigned char c = (unsigned char)*text.p;
		const char escape[] = { '%', hex[c >> 4], hex[c & 15] };
		if (otp_uri_is_unreserved(*text.p))
			otp_uri_put(w, text.p, 1);
		else
			otp_uri_put(w, escape, sizeof(escape));
	}
}

/* The parser drops spaces around a name, so they are not written. */
static struct otp_span
otp_uri_name(const char *name)
{
	return otp_name_trim((struct otp_span){ name, strlen(name) });
}

static enum otp_status
otp_uri_put_base32(struct writer *w, const uint8_t *secret, size_t n)
{
	char base32[OTP_BASE32_SIZE(OTP_SECRET_MAX)];
	enum otp_status status = otp_base32_encode(secret, n, base32, sizeof(base32));

	if (status == OTP_OK)
		otp_uri_put_text(w, base32);
	OPENSSL_cleanse(base32, sizeof(base32));
	return status;
}

/* --- the whole URI ------------------------------------------------------------------------------------------------ */

const struct otp_uri OTP_URI_DEFAULT = { .digits = 6, .period_s = 30 };

void
otp_uri_wipe(struct otp_uri *uri)
{
	OPENSSL_cleanse(uri, sizeof(*uri));
}

/* The first literal colon ends the issuer, even an empty one: an account with a colon needs it. */
static void
otp_uri_put_label(struct writer *w, const struct otp_uri *uri)
{
	struct otp_span issuer = otp_uri_name(uri->issuer);

	otp_uri_put_text(w, uri->type == OTP_TYPE_HOTP ? "otpauth://hotp/" : "otpauth://totp/");
	otp_uri_put_percent(w, issuer);
	if (issuer.n > 0 || strchr(uri->account, ':') != NULL)
		otp_uri_put_text(w, ":");
	otp_uri_put_percent(w, otp_uri_name(uri->account));
}

static void
otp_uri_put_parameter(struct writer *w, const char *name, uint64_t value, bool leave_out)
{
	if (leave_out)
		return;
	otp_uri_put_text(w, name);
	otp_uri_put_number(w, value);
}

static void
otp_uri_put_name(struct writer *w, const char *parameter, const char *name)
{
	struct otp_span value = otp_uri_name(name);

	if (value.n == 0)
		return;
	otp_uri_put_text(w, parameter);
	otp_uri_put_percent(w, value);
}

static void
otp_uri_put_parameters(struct writer *w, const struct otp_uri *uri, bool leave)
{
	static const char *const names[] = { [OTP_SHA1] = "SHA1", [OTP_SHA256] = "SHA256", [OTP_SHA512] = "SHA512" };

	otp_uri_put_name(w, "&issuer=", uri->issuer);
	otp_uri_put_name(w, "&image=", uri->image);
	if (uri->steam)
		otp_uri_put_text(w, "&encoder=steam");
	if (!leave || uri->algorithm != OTP_SHA1) {
		otp_uri_put_text(w, "&algorithm=");
		otp_uri_put_text(w, names[uri->algorithm]);
	}
	otp_uri_put_parameter(w, "&digits=", uri->digits, leave && uri->digits == OTP_URI_DEFAULT.digits);
	if (uri->type == OTP_TYPE_HOTP) /* apps reject HOTP URIs without a counter */
		otp_uri_put_parameter(w, "&counter=", uri->counter, false);
	else
		otp_uri_put_parameter(w, "&period=", uri->period_s, leave && uri->period_s == OTP_URI_DEFAULT.period_s);
}

static bool
otp_uri_code_valid(const struct otp_uri *uri)
{
	if (uri->steam)
		return uri->digits == OTP_STEAM_SIZE - 1 && otp_steam_parameters_valid(uri);
	return otp_digits_valid(uri->digits);
}

static bool
otp_uri_members_valid(const struct otp_uri *uri)
{
	bool ends = memchr(uri->issuer, 0, sizeof(uri->issuer)) != NULL &&
		    memchr(uri->account, 0, sizeof(uri->account)) != NULL &&
		    memchr(uri->image, 0, sizeof(uri->image)) != NULL;

	return ends && otp_uri_name(uri->account).n > 0 && otp_text_valid(uri->issuer) &&
	       otp_text_valid(uri->account) && otp_text_valid(uri->image) && (unsigned)uri->algorithm <= OTP_SHA512 &&
	       (unsigned)uri->type <= OTP_TYPE_HOTP && uri->secret_n <= OTP_SECRET_MAX && otp_uri_code_valid(uri) &&
	       (uri->type == OTP_TYPE_HOTP || uri->period_s != 0);
}

static enum otp_status
otp_uri_write_uri(struct writer *w, const struct otp_uri *uri, unsigned flags)
{
	enum otp_status status;

	otp_uri_put_label(w, uri);
	otp_uri_put_text(w, "?secret=");
	status = otp_uri_put_base32(w, uri->secret, uri->secret_n);
	otp_uri_put_parameters(w, uri, (flags & OTP_URI_LEAVE_DEFAULTS) != 0);
	return status == OTP_OK && w->full ? OTP_TOO_SHORT : status;
}

enum otp_status
otp_uri_build(const struct otp_uri *uri, unsigned flags, char *ret_uri, size_t size)
{
	struct writer w = { ret_uri, size, 0, size == 0 };
	enum otp_status status = OTP_INVALID;

	if (uri->secret_n == 0 || (uri->secret_n < OTP_SECRET_MIN && (flags & OTP_ALLOW_SHORT_SECRET) == 0))
		status = OTP_TOO_SHORT;
	else if (otp_uri_members_valid(uri))
		status = otp_uri_write_uri(&w, uri, flags);
	if (status != OTP_OK)
		OPENSSL_cleanse(ret_uri, size);
	return status;
}
