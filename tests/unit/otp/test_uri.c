/* otpauth URIs in the form that authenticators read. */
#include "unit.h"

#include "doubletour/otp.h"

#include <stdio.h>
#include <string.h>

#define COUNT_OF(a) (sizeof(a) / sizeof(0 [a]))
#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

static const uint8_t secret[] = "12345678901234567890";
enum { SECRET_BYTES = 20 };

static enum otp_status
build(const char *issuer, const char *account, const uint8_t *bytes, size_t n, enum otp_algorithm algorithm,
      const struct otp_totp *totp, char *ret_uri, size_t size)
{
	struct otp_uri uri = OTP_URI_DEFAULT;

	snprintf(uri.issuer, sizeof(uri.issuer), "%s", issuer);
	snprintf(uri.account, sizeof(uri.account), "%s", account);
	memcpy(uri.secret, bytes, n < sizeof(uri.secret) ? n : sizeof(uri.secret));
	uri.secret_n = n;
	uri.algorithm = algorithm;
	uri.digits = totp->digits;
	uri.period_s = totp->period_s;
	return otp_uri_build(&uri, 0, ret_uri, size);
}

/* Source: github.com/google/google-authenticator/wiki/Key-Uri-Format; all bytes except unreserved ones are encoded. */
static void
otp_uri_build_writes_uris_that_every_authenticator_reads(void **state)
{
	static const struct {
		const char *why, *issuer, *account, *uri;
	} rows[] = {
		{ "plain names", "Doubletour", "helene",
		  "otpauth://totp/Doubletour:helene?secret=" SECRET
		  "&issuer=Doubletour&algorithm=SHA1&digits=6&period=30" },
		{ "a space is %20, never +", "La Maison", "a.b_c@d+e-f~g",
		  "otpauth://totp/La%20Maison:a.b_c%40d%2Be-f~g?secret=" SECRET
		  "&issuer=La%20Maison&algorithm=SHA1&digits=6&period=30" },
		{ "a name with a parameter secret", "Caf\xc3\xa9 & co", "x?secret=AAAA&period=9#",
		  "otpauth://totp/Caf%C3%A9%20%26%20co:x%3Fsecret%3DAAAA%26period%3D9%23?secret=" SECRET
		  "&issuer=Caf%C3%A9%20%26%20co&algorithm=SHA1&digits=6&period=30" },
		{ "colons in both names", "localhost:8000", "host:22",
		  "otpauth://totp/localhost%3A8000:host%3A22?secret=" SECRET
		  "&issuer=localhost%3A8000&algorithm=SHA1&digits=6&period=30" },
		{ "a colon in the account without an issuer: an empty issuer precedes it", "", "host:22",
		  "otpauth://totp/:host%3A22?secret=" SECRET "&algorithm=SHA1&digits=6&period=30" },
		{ "spaces around names are dropped", " I ", "  a b ",
		  "otpauth://totp/I:a%20b?secret=" SECRET "&issuer=I&algorithm=SHA1&digits=6&period=30" },
		{ "an issuer of spaces is like no issuer", "  ", "a",
		  "otpauth://totp/a?secret=" SECRET "&algorithm=SHA1&digits=6&period=30" },
		{ "percent and slash", "50%", "a/b",
		  "otpauth://totp/50%25:a%2Fb?secret=" SECRET "&issuer=50%25&algorithm=SHA1&digits=6&period=30" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char uri[512];
		unit_note("%s", rows[i].why);
		assert_int_equal(build(rows[i].issuer, rows[i].account, secret, SECRET_BYTES, OTP_SHA1,
				       &OTP_TOTP_DEFAULT, uri, sizeof(uri)),
				 OTP_OK);
		assert_string_equal(uri, rows[i].uri);
	}
}

static void
otp_uri_build_writes_unusual_parameters(void **state)
{
	const struct otp_totp slow = { 8, 4294967295u, 0, 1, 1 };
	char uri[512];

	assert_int_equal(build("I", "a", secret, SECRET_BYTES, OTP_SHA512, &slow, uri, sizeof(uri)), OTP_OK);
	assert_string_equal(uri, "otpauth://totp/I:a?secret=" SECRET
				 "&issuer=I&algorithm=SHA512&digits=8&period=4294967295");
	assert_int_equal(build("I", "a", secret, SECRET_BYTES, OTP_SHA256, &slow, uri, sizeof(uri)), OTP_OK);
	assert_non_null(strstr(uri, "&algorithm=SHA256&"));
}

static void
otp_uri_build_refuses_names_that_are_not_text(void **state)
{
	static const struct {
		const char *why, *name;
		enum otp_status status;
	} rows[] = {
		{ "a colon", "a:b", OTP_OK },
		{ "only a colon", ":", OTP_OK },
		{ "a line end", "a\nb", OTP_INVALID },
		{ "DEL", "a\x7f", OTP_INVALID },
		{ "a byte of Latin-1", "caf\xe9", OTP_INVALID },
		{ "the first control character of two bytes", "\xc2\x80", OTP_INVALID },
		{ "CSI, which begins an escape sequence", "\xc2\x9bm", OTP_INVALID },
		{ "the last control character", "\xc2\x9f", OTP_INVALID },
		{ "a no-break space", "\xc2\xa0", OTP_OK },
		{ "an overlong slash", "\xc0\xaf", OTP_INVALID },
		{ "an overlong slash of three bytes", "\xe0\x80\xaf", OTP_INVALID },
		{ "a surrogate", "\xed\xa0\x80", OTP_INVALID },
		{ "over U+10FFFF", "\xf4\x90\x80\x80", OTP_INVALID },
		{ "a truncated character", "a\xf0\x9f\x94", OTP_INVALID },
		{ "a continuation byte alone", "\x80", OTP_INVALID },
		{ "a key", "\xf0\x9f\x94\x91", OTP_OK },
		{ "two bytes", "\xc3\xa9", OTP_OK },
		{ "three bytes", "\xe2\x82\xac", OTP_OK },
	};
	char uri[512];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		unit_note("%s", rows[i].why);
		assert_int_equal(
		    build(rows[i].name, "c", secret, SECRET_BYTES, OTP_SHA1, &OTP_TOTP_DEFAULT, uri, sizeof(uri)),
		    rows[i].status);
		assert_int_equal(
		    build("a", rows[i].name, secret, SECRET_BYTES, OTP_SHA1, &OTP_TOTP_DEFAULT, uri, sizeof(uri)),
		    rows[i].status);
	}
}

static void
otp_uri_build_refuses_parameters_out_of_bounds(void **state)
{
	static const struct {
		const char *why;
		size_t secret_n;
		enum otp_algorithm algorithm;
		struct otp_totp totp;
		enum otp_status status;
	} rows[] = {
		{ "a short secret", 15, OTP_SHA1, { 6, 30, 0, 1, 1 }, OTP_TOO_SHORT },
		{ "the shortest secret", 16, OTP_SHA1, { 6, 30, 0, 1, 1 }, OTP_OK },
		{ "the longest secret", 128, OTP_SHA1, { 6, 30, 0, 1, 1 }, OTP_OK },
		{ "a longer secret", 129, OTP_SHA1, { 6, 30, 0, 1, 1 }, OTP_INVALID },
		{ "an unknown algorithm", 20, (enum otp_algorithm)3, { 6, 30, 0, 1, 1 }, OTP_INVALID },
		{ "five digits", 20, OTP_SHA1, { 5, 30, 0, 1, 1 }, OTP_INVALID },
		{ "eleven digits", 20, OTP_SHA1, { 11, 30, 0, 1, 1 }, OTP_INVALID },
		{ "no period", 20, OTP_SHA1, { 6, 0, 0, 1, 1 }, OTP_INVALID },
	};
	const uint8_t bytes[129] = { 0 };
	char uri[512];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		unit_note("%s", rows[i].why);
		assert_int_equal(
		    build("a", "b", bytes, rows[i].secret_n, rows[i].algorithm, &rows[i].totp, uri, sizeof(uri)),
		    rows[i].status);
	}
}

/* Fill a member of size bytes without a final NUL. */
static void
endless(char *member, size_t size)
{
	memset(member, 'a', size);
}

static void
otp_uri_build_refuses_members_that_no_uri_can_express(void **state)
{
	struct otp_uri uris[11];
	char text[OTP_URI_SIZE];

	for (size_t i = 0; i < COUNT_OF(uris); i++) {
		uris[i] = OTP_URI_DEFAULT;
		strcpy(uris[i].account, "a");
		uris[i].secret_n = SECRET_BYTES;
	}
	assert_int_equal(otp_uri_build(&uris[0], 0, text, sizeof(text)), OTP_OK);
	endless(uris[0].issuer, sizeof(uris[0].issuer));
	endless(uris[1].account, sizeof(uris[1].account));
	endless(uris[2].image, sizeof(uris[2].image));
	strcpy(uris[3].image, "https://x.example/\xff");
	uris[4].type = (enum otp_type)2;
	uris[5].steam = true; /* with six digits */
	uris[6].account[0] = '\0';
	uris[7].secret_n = 0;
	for (size_t i = 8; i < COUNT_OF(uris); i++) {
		uris[i].steam = true;
		uris[i].digits = OTP_STEAM_SIZE - 1;
		assert_int_equal(otp_uri_build(&uris[i], 0, text, sizeof(text)), OTP_OK);
	}
	uris[8].algorithm = OTP_SHA256;
	uris[9].period_s = 60;
	uris[10].type = OTP_TYPE_HOTP;
	for (size_t i = 0; i < COUNT_OF(uris); i++) {
		unit_note("member %zu", i);
		assert_int_equal(otp_uri_build(&uris[i], OTP_ALLOW_SHORT_SECRET, text, sizeof(text)),
				 uris[i].secret_n == 0 ? OTP_TOO_SHORT : OTP_INVALID);
		assert_int_equal(text[0], '\0');
	}
}

static void
otp_uri_build_leaves_only_zeros_when_a_uri_does_not_fit(void **state)
{
	static const char zeros[512];
	char uri[512], exact[512];
	size_t length;

	assert_int_equal(build("a", "b", secret, SECRET_BYTES, OTP_SHA1, &OTP_TOTP_DEFAULT, exact, sizeof(exact)),
			 OTP_OK);
	length = strlen(exact);
	for (size_t size = 0; size <= length; size++) {
		memset(uri, 'x', sizeof(uri));
		assert_int_equal(build("a", "b", secret, SECRET_BYTES, OTP_SHA1, &OTP_TOTP_DEFAULT, uri, size),
				 OTP_TOO_SHORT);
		assert_memory_equal(uri, zeros, size);
		assert_int_equal(uri[size], 'x');
	}
	assert_int_equal(build("a", "b", secret, SECRET_BYTES, OTP_SHA1, &OTP_TOTP_DEFAULT, uri, length + 1), OTP_OK);
	assert_string_equal(uri, exact);
}

static void
otp_uri_build_writes_hotp_and_steam_and_omits_defaults(void **state)
{
	static const struct {
		const char *why;
		struct otp_uri uri;
		unsigned flags;
		const char *text;
	} rows[] = {
		{ "default values are omitted",
		  { .issuer = "I", .account = "a", .digits = 6, .period_s = 30 },
		  OTP_URI_LEAVE_DEFAULTS,
		  "otpauth://totp/I:a?secret=" SECRET "&issuer=I" },
		{ "other values are kept",
		  { .issuer = "I", .account = "a", .algorithm = OTP_SHA256, .digits = 8, .period_s = 60 },
		  OTP_URI_LEAVE_DEFAULTS,
		  "otpauth://totp/I:a?secret=" SECRET "&issuer=I&algorithm=SHA256&digits=8&period=60" },
		{ "no issuer",
		  { .account = "a", .digits = 6, .period_s = 30 },
		  OTP_URI_LEAVE_DEFAULTS,
		  "otpauth://totp/a?secret=" SECRET },
		{ "a counter, also 0",
		  { .type = OTP_TYPE_HOTP, .account = "a", .digits = 6 },
		  OTP_URI_LEAVE_DEFAULTS,
		  "otpauth://hotp/a?secret=" SECRET "&counter=0" },
		{ "a large counter",
		  { .type = OTP_TYPE_HOTP, .account = "a", .digits = 6, .counter = UINT64_MAX },
		  0,
		  "otpauth://hotp/a?secret=" SECRET "&algorithm=SHA1&digits=6&counter=18446744073709551615" },
		{ "Steam",
		  { .issuer = "Steam", .account = "a", .digits = 5, .period_s = 30, .steam = true },
		  OTP_URI_LEAVE_DEFAULTS,
		  "otpauth://totp/Steam:a?secret=" SECRET "&issuer=Steam&encoder=steam&digits=5" },
		{ "an image",
		  { .account = "a", .digits = 6, .period_s = 30, .image = "https://x.example/i.png" },
		  OTP_URI_LEAVE_DEFAULTS,
		  "otpauth://totp/a?secret=" SECRET "&image=https%3A%2F%2Fx.example%2Fi.png" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct otp_uri uri = rows[i].uri;
		char text[OTP_URI_SIZE];
		unit_note("%s", rows[i].why);
		memcpy(uri.secret, secret, SECRET_BYTES);
		uri.secret_n = SECRET_BYTES;
		assert_int_equal(otp_uri_build(&uri, rows[i].flags, text, sizeof(text)), OTP_OK);
		assert_string_equal(text, rows[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(otp_uri_build_writes_hotp_and_steam_and_omits_defaults),
		cmocka_unit_test(otp_uri_build_writes_uris_that_every_authenticator_reads),
		cmocka_unit_test(otp_uri_build_writes_unusual_parameters),
		cmocka_unit_test(otp_uri_build_refuses_names_that_are_not_text),
		cmocka_unit_test(otp_uri_build_refuses_parameters_out_of_bounds),
		cmocka_unit_test(otp_uri_build_refuses_members_that_no_uri_can_express),
		cmocka_unit_test(otp_uri_build_leaves_only_zeros_when_a_uri_does_not_fit),
	};

	return cmocka_run_group_tests_name("otp_uri", tests, NULL, NULL);
}
