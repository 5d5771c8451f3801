/* otpauth URIs of services and apps, and malformed ones. */
#include "unit.h"

#include "doubletour/otp.h"

#include <stdio.h>
#include <string.h>

#define COUNT_OF(a) (sizeof(a) / sizeof(0 [a]))
#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" /* 12345678901234567890 */

static void
otp_uri_parse_reads_the_uris_of_services(void **state)
{
	static const struct {
		const char *why, *text, *issuer, *account;
		enum otp_type type;
		enum otp_algorithm algorithm;
		unsigned digits, period_s;
		uint64_t counter;
		unsigned notes;
	} rows[] = {
		{ "Google's example", "otpauth://totp/Example:alice@google.com?secret=" SECRET "&issuer=Example",
		  "Example", "alice@google.com", OTP_TYPE_TOTP, OTP_SHA1, 6, 30, 0, 0 },
		{ "parameters in another order",
		  "otpauth://totp/a?issuer=I&period=60&digits=8&algorithm=SHA512&secret=" SECRET, "I", "a",
		  OTP_TYPE_TOTP, OTP_SHA512, 8, 60, 0, OTP_NOTE_UNUSUAL },
		{ "issuer in the label only", "otpauth://totp/I:a?secret=" SECRET, "I", "a", OTP_TYPE_TOTP, OTP_SHA1, 6,
		  30, 0, 0 },
		{ "an encoded colon and a space after it", "otpauth://totp/Big%20Corp%3A%20alice?secret=" SECRET,
		  "Big Corp", "alice", OTP_TYPE_TOTP, OTP_SHA1, 6, 30, 0, 0 },
		{ "a plus in the label is a plus", "otpauth://totp/A+B:c+d?secret=" SECRET, "A+B", "c+d", OTP_TYPE_TOTP,
		  OTP_SHA1, 6, 30, 0, 0 },
		{ "two issuers: the parameter counts", "otpauth://totp/One:a?secret=" SECRET "&issuer=Two", "Two", "a",
		  OTP_TYPE_TOTP, OTP_SHA1, 6, 30, 0, OTP_NOTE_ISSUERS_DIFFER },
		{ "an empty parameter is ignored", "otpauth://totp/One:a?secret=" SECRET "&issuer=", "One", "a",
		  OTP_TYPE_TOTP, OTP_SHA1, 6, 30, 0, 0 },
		{ "capital letters", "OTPAUTH://TOTP/I:a?SECRET=" SECRET "&ALGORITHM=sha256", "I", "a", OTP_TYPE_TOTP,
		  OTP_SHA256, 6, 30, 0, OTP_NOTE_UNUSUAL },
		{ "Java's names", "otpauth://totp/a?secret=" SECRET "&algorithm=HmacSHA512", "", "a", OTP_TYPE_TOTP,
		  OTP_SHA512, 6, 30, 0, OTP_NOTE_UNUSUAL },
		{ "small letters, spaces and padding in the secret",
		  "otpauth://totp/a?secret=gezd%20gnbv%20gy3t%20qojq%20gezd-gnbv-gy3t-qojq", "", "a", OTP_TYPE_TOTP,
		  OTP_SHA1, 6, 30, 0, 0 },
		{ "HOTP", "otpauth://hotp/I:a?secret=" SECRET "&counter=18446744073709551615", "I", "a", OTP_TYPE_HOTP,
		  OTP_SHA1, 6, 30, UINT64_MAX, 0 },
		{ "HOTP without its counter", "otpauth://hotp/a?secret=" SECRET, "", "a", OTP_TYPE_HOTP, OTP_SHA1, 6,
		  30, 0, OTP_NOTE_COUNTER_MISSING },
		{ "unknown parameters", "otpauth://totp/a?secret=" SECRET "&lock=true&color=blue", "", "a",
		  OTP_TYPE_TOTP, OTP_SHA1, 6, 30, 0, OTP_NOTE_UNKNOWN },
		{ "a parameter twice with the same value", "otpauth://totp/a?secret=" SECRET "&digits=6&digits=6", "",
		  "a", OTP_TYPE_TOTP, OTP_SHA1, 6, 30, 0, 0 },
		{ "a parameter twice with two values: the first counts",
		  "otpauth://totp/a?secret=" SECRET "&digits=6&digits=8", "", "a", OTP_TYPE_TOTP, OTP_SHA1, 6, 30, 0,
		  OTP_NOTE_REPEATED },
		{ "empty parameters and a fragment", "otpauth://totp/a?&secret=" SECRET "&&#&digits=8", "", "a",
		  OTP_TYPE_TOTP, OTP_SHA1, 6, 30, 0, 0 },
		{ "escapes with capital and small letters", "otpauth://totp/%4a%4A%7A?image=%2E%2e&secret=" SECRET, "",
		  "JJz", OTP_TYPE_TOTP, OTP_SHA1, 6, 30, 0, 0 },
		{ "spaces around names", "otpauth://totp/%20%20I%20:%20%20a%20%20?secret=" SECRET, "I", "a",
		  OTP_TYPE_TOTP, OTP_SHA1, 6, 30, 0, 0 },
		{ "a parameter without a value", "otpauth://totp/a?secret=" SECRET "&issuer", "", "a", OTP_TYPE_TOTP,
		  OTP_SHA1, 6, 30, 0, 0 },
		{ "a colon in the account", "otpauth://totp/I:host:22?secret=" SECRET, "I", "host:22", OTP_TYPE_TOTP,
		  OTP_SHA1, 6, 30, 0, 0 },
		{ "letters of any script", "otpauth://totp/Caf%C3%A9:\xd0\xb0\xd0\xbd?secret=" SECRET, "Caf\xc3\xa9",
		  "\xd0\xb0\xd0\xbd", OTP_TYPE_TOTP, OTP_SHA1, 6, 30, 0, 0 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct otp_uri uri;
		const char *wrong = "";
		unit_note("%s", rows[i].why);
		assert_int_equal(otp_uri_parse(rows[i].text, strlen(rows[i].text), 0, &uri, &wrong), OTP_OK);
		assert_string_equal(uri.issuer, rows[i].issuer);
		assert_string_equal(uri.account, rows[i].account);
		assert_int_equal(uri.type, rows[i].type);
		assert_int_equal(uri.algorithm, rows[i].algorithm);
		assert_int_equal(uri.digits, rows[i].digits);
		assert_int_equal(uri.period_s, rows[i].period_s);
		assert_true(uri.counter == rows[i].counter);
		assert_int_equal(uri.notes, rows[i].notes);
		assert_int_equal(uri.secret_n, 20);
		assert_memory_equal(uri.secret, "12345678901234567890", 20);
		assert_false(uri.steam);
	}
}

static void
otp_uri_parse_reads_steam(void **state)
{
	static const struct {
		const char *why, *text;
		bool steam;
	} rows[] = {
		{ "the type steam", "otpauth://steam/Steam:a?secret=" SECRET, true },
		{ "the encoder steam", "otpauth://totp/a?secret=" SECRET "&encoder=steam", true },
		{ "issuer and five digits", "otpauth://totp/Steam:a?secret=" SECRET "&issuer=Steam&digits=5", true },
		{ "issuer alone", "otpauth://totp/Steam:a?secret=" SECRET "&issuer=Steam", false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct otp_uri uri;
		unit_note("%s", rows[i].why);
		assert_int_equal(otp_uri_parse(rows[i].text, strlen(rows[i].text), 0, &uri, NULL), OTP_OK);
		assert_int_equal(uri.steam, rows[i].steam);
		assert_int_equal(uri.digits, rows[i].steam ? 5 : 6);
	}
}

static void
otp_uri_parse_explains_errors(void **state)
{
	static const struct {
		const char *why, *text, *word;
		enum otp_status status;
	} rows[] = {
		{ "empty", "", "otpauth://", OTP_INVALID },
		{ "another scheme", "https://totp/a?secret=" SECRET, "otpauth://", OTP_INVALID },
		{ "another type", "otpauth://yotp/a?secret=" SECRET, "totp/", OTP_INVALID },
		{ "only a type", "otpauth://totp", "steam/", OTP_INVALID },
		{ "no account", "otpauth://totp/?secret=" SECRET, "no account", OTP_INVALID },
		{ "an issuer and no account", "otpauth://totp/I:?secret=" SECRET, "no account", OTP_INVALID },
		{ "no query", "otpauth://totp/a", "no secret", OTP_INVALID },
		{ "no secret", "otpauth://totp/a?issuer=I", "no secret", OTP_INVALID },
		{ "an empty secret", "otpauth://totp/a?secret=", "no secret", OTP_INVALID },
		{ "0, 1 and 8 are not base32", "otpauth://totp/a?secret=0189018901890189018901890189", "base32",
		  OTP_INVALID },
		{ "a short secret", "otpauth://totp/a?secret=JBSWY3DPEHPK3PXP", "128 bits", OTP_TOO_SHORT },
		{ "a broken escape", "otpauth://totp/a%2?secret=" SECRET, "percent", OTP_INVALID },
		{ "an escape without digits", "otpauth://totp/a%zz?secret=" SECRET, "percent", OTP_INVALID },
		{ "a NUL", "otpauth://totp/a%00b?secret=" SECRET, "account", OTP_INVALID },
		{ "a line end", "otpauth://totp/a%0Ab?secret=" SECRET, "account", OTP_INVALID },
		{ "not UTF-8", "otpauth://totp/a%E9?secret=" SECRET, "account", OTP_INVALID },
		{ "a control character in the issuer", "otpauth://totp/a?issuer=%1b&secret=" SECRET, "issuer",
		  OTP_INVALID },
		{ "a control character of two bytes", "otpauth://totp/a%C2%9B31m?secret=" SECRET, "account",
		  OTP_INVALID },
		{ "MD5", "otpauth://totp/a?algorithm=MD5&secret=" SECRET, "algorithm", OTP_INVALID },
		{ "four digits", "otpauth://totp/a?digits=4&secret=" SECRET, "digits", OTP_INVALID },
		{ "five digits without Steam", "otpauth://totp/a?digits=5&secret=" SECRET, "digits", OTP_INVALID },
		{ "eleven digits", "otpauth://totp/a?digits=11&secret=" SECRET, "digits", OTP_INVALID },
		{ "digits that overflow", "otpauth://totp/a?digits=18446744073709551622&secret=" SECRET, "digits",
		  OTP_INVALID },
		{ "no period", "otpauth://totp/a?period=0&secret=" SECRET, "period", OTP_INVALID },
		{ "a negative period", "otpauth://totp/a?period=-30&secret=" SECRET, "period", OTP_INVALID },
		{ "a counter that overflows", "otpauth://hotp/a?counter=18446744073709551616&secret=" SECRET, "counter",
		  OTP_INVALID },
		{ "digits that are letters", "otpauth://totp/a?digits=six&secret=" SECRET, "digits", OTP_INVALID },
		{ "a digit and a letter", "otpauth://totp/a?digits=6x&secret=" SECRET, "digits", OTP_INVALID },
		{ "a period that is not a number", "otpauth://totp/a?period=%20&secret=" SECRET, "period",
		  OTP_INVALID },
		{ "a period over 32 bits", "otpauth://totp/a?period=4294967296&secret=" SECRET, "period", OTP_INVALID },
		{ "a counter that is not a number", "otpauth://hotp/a?counter=-1&secret=" SECRET, "counter",
		  OTP_INVALID },
		{ "another encoder", "otpauth://totp/a?encoder=base64&secret=" SECRET, "encoder", OTP_INVALID },
		{ "an issuer with a NUL", "otpauth://totp/a?issuer=a%00b&secret=" SECRET, "issuer", OTP_INVALID },
		{ "an issuer of spaces before the colon, and no account", "otpauth://totp/%20:%20?secret=" SECRET,
		  "no account", OTP_INVALID },
		{ "a control character in the label's issuer", "otpauth://totp/%01:a?secret=" SECRET, "", OTP_INVALID },
		{ "an issuer and an account of spaces", "otpauth://totp/I:%20%20?secret=" SECRET, "no account",
		  OTP_INVALID },
		{ "an image with a NUL", "otpauth://totp/a?image=a%00b&secret=" SECRET, "not printable", OTP_INVALID },
		{ "an empty counter", "otpauth://hotp/a?counter=&secret=" SECRET, "counter", OTP_INVALID },
		{ "a counter ten times too large", "otpauth://hotp/a?counter=99999999999999999999&secret=" SECRET,
		  "counter", OTP_INVALID },
		{ "a byte between digits and letters in an escape", "otpauth://totp/a%@1?secret=" SECRET, "percent",
		  OTP_INVALID },
		{ "a byte before the digits in an escape", "otpauth://totp/a%/1?secret=" SECRET, "percent",
		  OTP_INVALID },
		{ "an escape with a wrong second digit", "otpauth://totp/a%2g?secret=" SECRET, "percent", OTP_INVALID },
		{ "an escape with a wrong first digit", "otpauth://totp/a%G2?secret=" SECRET, "percent", OTP_INVALID },
		{ "Steam with SHA-256", "otpauth://totp/Steam:a?encoder=steam&algorithm=SHA256&secret=" SECRET, "Steam",
		  OTP_INVALID },
		{ "Steam with a period of 60 seconds", "otpauth://totp/Steam:a?encoder=steam&period=60&secret=" SECRET,
		  "Steam", OTP_INVALID },
		{ "Steam with a counter", "otpauth://hotp/Steam:a?encoder=steam&secret=" SECRET, "Steam", OTP_INVALID },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct otp_uri uri, before;
		const char *wrong = NULL;
		unit_note("%s", rows[i].why);
		memset(&uri, 'x', sizeof(uri));
		before = uri;
		assert_int_equal(otp_uri_parse(rows[i].text, strlen(rows[i].text), 0, &uri, &wrong), rows[i].status);
		assert_non_null(wrong);
		assert_non_null(strstr(wrong, rows[i].word));
		assert_memory_equal(&uri, &before, sizeof(uri));
		assert_int_equal(otp_uri_parse(rows[i].text, strlen(rows[i].text), 0, &uri, NULL), rows[i].status);
	}
}

static void
otp_uri_parse_reports_contradictory_parameters(void **state)
{
	static const struct {
		const char *pair;
		unsigned notes;
	} rows[] = {
		{ "secret=" SECRET "&secret=" SECRET, 0 },
		{ "secret=" SECRET "&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", OTP_NOTE_REPEATED },
		{ "secret=" SECRET "&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY", OTP_NOTE_REPEATED },
		{ "secret=" SECRET "&secret=1", OTP_NOTE_REPEATED },
		{ "secret=" SECRET "&issuer=I&issuer=I", 0 },
		{ "secret=" SECRET "&issuer=I&issuer=J", OTP_NOTE_REPEATED },
		{ "secret=" SECRET "&image=https://a.example/x.png&image=https://a.example/y.png", OTP_NOTE_REPEATED },
		{ "secret=" SECRET "&algorithm=SHA1&algorithm=SHA256", OTP_NOTE_REPEATED },
		{ "secret=" SECRET "&algorithm=SHA1&algorithm=MD5", OTP_NOTE_REPEATED },
		{ "secret=" SECRET "&period=30&period=60", OTP_NOTE_REPEATED },
		{ "secret=" SECRET "&counter=1&counter=2", OTP_NOTE_REPEATED },
		{ "secret=" SECRET "&encoder=steam&encoder=steam", 0 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[400];
		struct otp_uri uri;
		snprintf(text, sizeof(text), "otpauth://totp/a?%s", rows[i].pair);
		unit_note("%s", rows[i].pair);
		assert_int_equal(otp_uri_parse(text, strlen(text), 0, &uri, NULL), OTP_OK);
		assert_int_equal(uri.notes & OTP_NOTE_REPEATED, rows[i].notes);
	}
}

static void
otp_uri_parse_refuses_overlong_parts(void **state)
{
	static const struct {
		const char *format;
		size_t n; /* bytes of the overlong part */
		bool ok;
	} rows[] = {
		{ "otpauth://totp/%s?secret=" SECRET, 2999, false },
		{ "otpauth://totp/%s?secret=" SECRET, OTP_NAME_MAX + 1, false },
		{ "otpauth://totp/%s:a?secret=" SECRET, 2999, false },
		{ "otpauth://totp/%s:a?secret=" SECRET, OTP_NAME_MAX + 1, false },
		{ "otpauth://totp/I:%s?issuer=I&secret=" SECRET, OTP_NAME_MAX + 1, false },
		{ "otpauth://totp/a?issuer=%s&secret=" SECRET, 2999, false },
		{ "otpauth://totp/a?issuer=%s&secret=" SECRET, OTP_NAME_MAX + 1, false },
		{ "otpauth://totp/a?image=%s&secret=" SECRET, 2999, false },
		{ "otpauth://totp/a?image=%s&secret=" SECRET, OTP_IMAGE_MAX + 1, false },
		{ "otpauth://totp/a?secret=" SECRET "%s", 2999, false },
		{ "otpauth://totp/a?secret=" SECRET "%s", 300, false },
		{ "otpauth://totp/a?secret=" SECRET "&%s=1", 2999, true }, /* an unknown parameter */
	};
	static char many[3000], text[4000];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct otp_uri uri;
		const char *wrong = "too long";
		memset(many, 'A', rows[i].n);
		many[rows[i].n] = '\0';
		/* the format is a constant of this test */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, sizeof(text), rows[i].format, many);
#pragma GCC diagnostic pop
		unit_note("%zu bytes in %.40s", rows[i].n, rows[i].format);
		assert_int_equal(otp_uri_parse(text, strlen(text), 0, &uri, &wrong), rows[i].ok ? OTP_OK : OTP_INVALID);
		assert_non_null(strstr(wrong, "long"));
	}
}

static void
otp_uri_parse_takes_short_secrets_when_asked(void **state)
{
	static const char text[] = "otpauth://totp/a?secret=JBSWY3DPEHPK3PXP";
	struct otp_uri uri;

	assert_int_equal(otp_uri_parse(text, strlen(text), OTP_ALLOW_SHORT_SECRET, &uri, NULL), OTP_OK);
	assert_int_equal(uri.secret_n, 10);
	assert_int_equal(uri.notes, OTP_NOTE_SHORT_SECRET);
	assert_string_equal(otp_note_text(OTP_NOTE_SHORT_SECRET), "the secret is shorter than 128 bits");
	assert_null(otp_note_text((enum otp_note)64));
}

/* The issuer parameter shows where the label's issuer ends.  Without it, a literal colon ends it before %3A does. */
static void
otp_uri_parse_splits_labels_with_colons(void **state)
{
	static const struct {
		const char *why, *label, *issuer_parameter; /* NULL: absent */
		const char *issuer, *account;
		unsigned notes;
	} rows[] = {
		{ "an issuer with a colon, escaped", "Text%3A%20More:anna", "Text%3A%20More", "Text: More", "anna", 0 },
		{ "the same, all colons escaped", "Test%3A%20Foo%3AUser", "Test%3A%20Foo", "Test: Foo", "User", 0 },
		{ "a port, nothing escaped", "localhost:8000:admin", "localhost%3A8000", "localhost:8000", "admin", 0 },
		{ "a port, the parameter not escaped either", "localhost:8000:admin", "localhost:8000",
		  "localhost:8000", "admin", 0 },
		{ "an escape in lower case", "auth.example.com%3a8443%3ajohn", "auth.example.com%3a8443",
		  "auth.example.com:8443", "john", 0 },
		{ "three colons in the issuer", "a:b:c:d:e", "a%3Ab%3Ac%3Ad", "a:b:c:d", "e", 0 },
		{ "IPv6", "[::1]:8080:admin", "%5B%3A%3A1%5D%3A8080", "[::1]:8080", "admin", 0 },
		{ "a colon in the account too", "Text%3A%20More:host%3A22", "Text%3A%20More", "Text: More", "host:22",
		  0 },
		{ "an account with a colon after an issuer without one", "I:host:22", "I", "I", "host:22", 0 },
		{ "an account that begins with the issuer", "I:I:a", "I", "I", "I:a", 0 },
		{ "spaces around", "%20Text%3A%20More%20:%20anna%20", "%20Text%3A%20More%20", "Text: More", "anna", 0 },
		{ "a space after an escaped colon", "Big%20Corp%3A%20alice", "Big%20Corp", "Big Corp", "alice", 0 },
		{ "no parameter: the literal colon ends the issuer", "Text%3A%20More:anna", NULL, "Text: More", "anna",
		  0 },
		{ "no parameter: the first of two literal colons", "localhost:8000:admin", NULL, "localhost",
		  "8000:admin", 0 },
		{ "no parameter: the first of two escaped colons", "GitHub%3Aann%3A2", NULL, "GitHub", "ann:2", 0 },
		{ "no parameter: an escape in lower case", "GitHub%3aann", NULL, "GitHub", "ann", 0 },
		{ "an empty parameter is like no parameter", "Text%3A%20More:anna", "", "Text: More", "anna", 0 },
		{ "a parameter of spaces is like no parameter", "I:a", "%20", "I", "a", 0 },
		{ "two different issuers with colons", "One%3AX:a", "Two%3AY", "Two:Y", "a", OTP_NOTE_ISSUERS_DIFFER },
		{ "the label has the longer issuer", "Shop%20Plus:a", "Shop", "Shop", "a", OTP_NOTE_ISSUERS_DIFFER },
		{ "the label has the shorter issuer", "Shop:a", "Shop%20Plus", "Shop Plus", "a",
		  OTP_NOTE_ISSUERS_DIFFER },
		{ "another case is another issuer", "shop:a", "Shop", "Shop", "a", OTP_NOTE_ISSUERS_DIFFER },
		{ "the label is the issuer", "Shop", "Shop", "Shop", "Shop", 0 },
		{ "an empty issuer before the colon", ":host%3A22", NULL, "", "host:22", 0 },
		{ "an empty issuer in the label is ignored", ":host%3A22", "I", "I", "host:22", 0 },
		{ "a colon after the account", "I:a%3A", "I", "I", "a:", 0 },
		{ "a plus that the label shows to be a space", "Air%20Canada:ann", "Air+Canada", "Air Canada", "ann",
		  0 },
		{ "the same with spaces that are not escaped", "Air Canada:ann", "Air+Canada", "Air Canada", "ann", 0 },
		{ "the same with an escaped colon", "Air%20Canada%3Aann", "Air+Canada", "Air Canada", "ann", 0 },
		{ "the same, the label is the issuer", "Air%20Canada", "Air+Canada", "Air Canada", "Air Canada", 0 },
		{ "an escaped plus beside a plus for a space", "C%2B%2B%20Corp:ann", "C%2B%2B+Corp", "C++ Corp", "ann",
		  0 },
		{ "two spaces", "A%20B%20C:ann", "A+B+C", "A B C", "ann", 0 },
		{ "a plus and a colon", "Air%20Canada%3A%20One:ann", "Air+Canada%3A+One", "Air Canada: One", "ann", 0 },
		{ "a plus that the label repeats", "Disney+:ann", "Disney+", "Disney+", "ann", 0 },
		{ "the same, escaped in the label", "Disney%2B:ann", "Disney+", "Disney+", "ann", 0 },
		{ "a plus in an issuer that the label does not have", "ann", "Disney+", "Disney+", "ann", 0 },
		{ "an escaped plus is never a space", "A%20B:ann", "A%2BB", "A+B", "ann", OTP_NOTE_ISSUERS_DIFFER },
		{ "a plus in the account", "Air%20Canada:ann+lee@x.example", "Air+Canada", "Air Canada",
		  "ann+lee@x.example", 0 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[400];
		struct otp_uri uri;
		const char *parameter = rows[i].issuer_parameter;
		unit_note("%s", rows[i].why);
		for (int order = 0; order < 2; order++) {
			snprintf(text, sizeof(text), "otpauth://totp/%s?%s%s%s%s%s", rows[i].label,
				 order == 0 ? "secret=" SECRET "&" : "",
				 parameter == NULL ? "" : "issuer=", parameter == NULL ? "" : parameter,
				 order == 0 ? "" : "&", order == 0 ? "" : "secret=" SECRET);
			assert_int_equal(otp_uri_parse(text, strlen(text), 0, &uri, NULL), OTP_OK);
			assert_string_equal(uri.issuer, rows[i].issuer);
			assert_string_equal(uri.account, rows[i].account);
			assert_int_equal(uri.notes, rows[i].notes);
		}
	}
}

static void
assert_reads_back(const struct otp_uri *uri, unsigned flags)
{
	char text[OTP_URI_SIZE];
	struct otp_uri back;

	assert_int_equal(otp_uri_build(uri, flags, text, sizeof(text)), OTP_OK);
	assert_int_equal(otp_uri_parse(text, strlen(text), 0, &back, NULL), OTP_OK);
	assert_string_equal(back.issuer, uri->issuer);
	assert_string_equal(back.account, uri->account);
	assert_int_equal(back.secret_n, uri->secret_n);
	assert_memory_equal(back.secret, uri->secret, uri->secret_n);
	assert_int_equal(back.notes, 0);
}

/* Every pair of names of up to three letters; names that begin or end with a space are not valid. */
static void
otp_uri_parse_reads_back_all_short_names(void **state)
{
	static const char *const letters[] = { "", "a", ":", "+", " ", "%", "\xc3\xa9" };
	enum { LETTERS = sizeof(letters) / sizeof(letters[0]), NAMES = LETTERS * LETTERS * LETTERS };
	static char names[NAMES][16];
	size_t n = 0;

	for (size_t i = 0; i < NAMES; i++) {
		snprintf(names[n], sizeof(names[n]), "%s%s%s", letters[i / (LETTERS * LETTERS)],
			 letters[i / LETTERS % LETTERS], letters[i % LETTERS]);
		if (names[n][0] != ' ' && (names[n][0] == '\0' || names[n][strlen(names[n]) - 1] != ' '))
			n++;
	}
	for (size_t i = 0; i < n * n; i++) {
		struct otp_uri uri = OTP_URI_DEFAULT;
		strcpy(uri.issuer, names[i / n]);
		strcpy(uri.account, names[i % n]);
		uri.secret_n = 20;
		if (uri.account[0] != '\0')
			assert_reads_back(&uri, OTP_URI_LEAVE_DEFAULTS);
	}
}

/* Names of each printable ASCII character, and long names. */
static void
otp_uri_parse_reads_back_every_printable_name(void **state)
{
	for (int c = 0x21; c < 0x7f; c++) {
		struct otp_uri uri = OTP_URI_DEFAULT;
		snprintf(uri.issuer, sizeof(uri.issuer), "%c%.*s", c, c,
			 "a long name that is cut somewhere "
			 "a long name that is cut somewhere "
			 "a long name that is cut somewhere else");
		snprintf(uri.account, sizeof(uri.account), "x%c%cy", c, c);
		while (uri.issuer[strlen(uri.issuer) - 1] == ' ')
			uri.issuer[strlen(uri.issuer) - 1] = '\0';
		memset(uri.secret, c, 20);
		uri.secret_n = 20;
		assert_reads_back(&uri, c % 2 == 0 ? OTP_URI_LEAVE_DEFAULTS : 0);
		memset(uri.account, c, OTP_NAME_MAX);
		memset(uri.issuer, c, OTP_NAME_MAX);
		assert_reads_back(&uri, 0);
	}
}

/* Build a URI and parse it.  false: it cannot be built. */
static bool
reads_back_parameters(const struct otp_uri *uri, unsigned flags)
{
	char text[OTP_URI_SIZE];
	const char *wrong = "";
	struct otp_uri back;

	if (otp_uri_build(uri, flags, text, sizeof(text)) != OTP_OK)
		return false;
	unit_note("%s", text);
	if (otp_uri_parse(text, strlen(text), 0, &back, &wrong) != OTP_OK)
		fail_msg("%s", wrong);
	assert_true(back.type == uri->type && back.algorithm == uri->algorithm && back.digits == uri->digits);
	assert_int_equal(back.steam, uri->steam);
	assert_true(uri->type == OTP_TYPE_HOTP ? back.counter == uri->counter : back.period_s == uri->period_s);
	return true;
}

/* All combinations of parameters.  HOTP and TOTP have five numbers of digits, and Steam has one combination. */
static void
otp_uri_parse_reads_back_all_parameters_that_can_be_built(void **state)
{
	static const unsigned periods[] = { 0, 1, 30, UINT32_MAX };
	enum { PERIODS = COUNT_OF(periods), TYPES = 3, ALGORITHMS = 4, DIGITS = 13 };
	size_t built = 0;

	for (size_t i = 0; i < TYPES * ALGORITHMS * PERIODS * DIGITS * 2; i++) {
		struct otp_uri uri = { .account = "a", .secret_n = 20, .counter = UINT64_MAX, .steam = i % 2 == 1 };
		uri.digits = (unsigned)(i / 2 % DIGITS);
		uri.period_s = periods[i / 2 / DIGITS % PERIODS];
		uri.algorithm = (enum otp_algorithm)(i / 2 / DIGITS / PERIODS % ALGORITHMS);
		uri.type = (enum otp_type)(i / 2 / DIGITS / PERIODS / ALGORITHMS);
		built += reads_back_parameters(&uri, i % 3 == 0 ? OTP_URI_LEAVE_DEFAULTS : 0);
	}
	assert_int_equal(built, 3 * 5 * 3 + 3 * 5 * PERIODS + 1);
}

/* Building accepts each result of parsing, and parsing the built URI returns the same result. */
static void
otp_uri_build_accepts_every_result_of_parsing(void **state)
{
	static const char *const parts[] = { "", "a", ":", "%3A", "+", "%2B", "%20", "%25", "[::1]", "\xc3\xa9" };
	enum { PARTS = sizeof(parts) / sizeof(parts[0]) };
	size_t read = 0;

	for (size_t i = 0; i < PARTS * PARTS * PARTS * PARTS * PARTS; i++) {
		char text[200];
		struct otp_uri uri;
		snprintf(text, sizeof(text), "otpauth://totp/%s%s%s?secret=" SECRET "&issuer=%s%s", parts[i % PARTS],
			 parts[i / PARTS % PARTS], parts[i / PARTS / PARTS % PARTS],
			 parts[i / PARTS / PARTS / PARTS % PARTS], parts[i / PARTS / PARTS / PARTS / PARTS]);
		if (otp_uri_parse(text, strlen(text), 0, &uri, NULL) != OTP_OK)
			continue; /* no account */
		read++;
		uri.notes = 0;
		assert_reads_back(&uri, 0);
	}
	assert_true(read > PARTS * PARTS * PARTS * PARTS * PARTS / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(otp_uri_parse_reads_the_uris_of_services),
		cmocka_unit_test(otp_uri_parse_reads_steam),
		cmocka_unit_test(otp_uri_parse_explains_errors),
		cmocka_unit_test(otp_uri_parse_reports_contradictory_parameters),
		cmocka_unit_test(otp_uri_parse_refuses_overlong_parts),
		cmocka_unit_test(otp_uri_parse_takes_short_secrets_when_asked),
		cmocka_unit_test(otp_uri_parse_splits_labels_with_colons),
		cmocka_unit_test(otp_uri_parse_reads_back_all_short_names),
		cmocka_unit_test(otp_uri_parse_reads_back_every_printable_name),
		cmocka_unit_test(otp_uri_parse_reads_back_all_parameters_that_can_be_built),
		cmocka_unit_test(otp_uri_build_accepts_every_result_of_parsing),
	};

	return cmocka_run_group_tests_name("otp_uri_parse", tests, NULL, NULL);
}
