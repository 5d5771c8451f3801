/* otpauth URIs as they are met. */
#include "unit.h"

#include "doubletour/otp.h"

#include <stdio.h>
#include <string.h>

#define COUNT_OF(a) (sizeof(a) / sizeof(0 [a]))
#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" /* 12345678901234567890 */

static void
otp_uri_parse_reads_what_services_write(void **state)
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
		{ "an encoded colon, and a space behind it", "otpauth://totp/Big%20Corp%3A%20alice?secret=" SECRET,
		  "Big Corp", "alice", OTP_TYPE_TOTP, OTP_SHA1, 6, 30, 0, 0 },
		{ "a plus is a plus", "otpauth://totp/A+B:c+d?secret=" SECRET, "A+B", "c+d", OTP_TYPE_TOTP, OTP_SHA1, 6,
		  30, 0, 0 },
		{ "names that differ: the parameter's", "otpauth://totp/One:a?secret=" SECRET "&issuer=Two", "Two", "a",
		  OTP_TYPE_TOTP, OTP_SHA1, 6, 30, 0, OTP_NOTE_ISSUERS_DIFFER },
		{ "an empty parameter says nothing", "otpauth://totp/One:a?secret=" SECRET "&issuer=", "One", "a",
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
		{ "a parameter of somebody's own", "otpauth://totp/a?secret=" SECRET "&lock=true&color=blue", "", "a",
		  OTP_TYPE_TOTP, OTP_SHA1, 6, 30, 0, OTP_NOTE_UNKNOWN },
		{ "twice the same", "otpauth://totp/a?secret=" SECRET "&digits=6&digits=6", "", "a", OTP_TYPE_TOTP,
		  OTP_SHA1, 6, 30, 0, 0 },
		{ "twice, differing: the first", "otpauth://totp/a?secret=" SECRET "&digits=6&digits=8", "", "a",
		  OTP_TYPE_TOTP, OTP_SHA1, 6, 30, 0, OTP_NOTE_REPEATED },
		{ "empty pieces and a fragment", "otpauth://totp/a?&secret=" SECRET "&&#&digits=8", "", "a",
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
		print_message("# %s\n", rows[i].why);
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
otp_uri_parse_knows_steam(void **state)
{
	static const struct {
		const char *why, *text;
		bool steam;
	} rows[] = {
		{ "its own type", "otpauth://steam/Steam:a?secret=" SECRET, true },
		{ "an encoder", "otpauth://totp/a?secret=" SECRET "&encoder=steam", true },
		{ "issuer and five digits", "otpauth://totp/Steam:a?secret=" SECRET "&issuer=Steam&digits=5", true },
		{ "issuer alone", "otpauth://totp/Steam:a?secret=" SECRET "&issuer=Steam", false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct otp_uri uri;
		print_message("# %s\n", rows[i].why);
		assert_int_equal(otp_uri_parse(rows[i].text, strlen(rows[i].text), 0, &uri, NULL), OTP_OK);
		assert_int_equal(uri.steam, rows[i].steam);
		assert_int_equal(uri.digits, rows[i].steam ? 5 : 6);
	}
}

static void
otp_uri_parse_says_what_is_wrong(void **state)
{
	static const struct {
		const char *why, *text, *word;
		enum otp_status status;
	} rows[] = {
		{ "empty", "", "otpauth://", OTP_INVALID },
		{ "another scheme", "https://totp/a?secret=" SECRET, "otpauth://", OTP_INVALID },
		{ "another type", "otpauth://yotp/a?secret=" SECRET, "totp/", OTP_INVALID },
		{ "type only", "otpauth://totp", "totp/", OTP_INVALID },
		{ "no account", "otpauth://totp/?secret=" SECRET, "no account", OTP_INVALID },
		{ "an issuer and no account", "otpauth://totp/I:?secret=" SECRET, "no account", OTP_INVALID },
		{ "no query", "otpauth://totp/a", "no secret", OTP_INVALID },
		{ "no secret", "otpauth://totp/a?issuer=I", "no secret", OTP_INVALID },
		{ "an empty secret", "otpauth://totp/a?secret=", "no secret", OTP_INVALID },
		{ "0, 1 and 8 are not base32", "otpauth://totp/a?secret=0189018901890189018901890189", "base32",
		  OTP_INVALID },
		{ "a short secret", "otpauth://totp/a?secret=JBSWY3DPEHPK3PXP", "128 bits", OTP_TOO_SHORT },
		{ "a broken escape", "otpauth://totp/a%2?secret=" SECRET, "percent", OTP_INVALID },
		{ "an escape of no number", "otpauth://totp/a%zz?secret=" SECRET, "percent", OTP_INVALID },
		{ "a NUL", "otpauth://totp/a%00b?secret=" SECRET, "account", OTP_INVALID },
		{ "a line end", "otpauth://totp/a%0Ab?secret=" SECRET, "account", OTP_INVALID },
		{ "not UTF-8", "otpauth://totp/a%E9?secret=" SECRET, "account", OTP_INVALID },
		{ "a control character in the issuer", "otpauth://totp/a?issuer=%1b&secret=" SECRET, "issuer",
		  OTP_INVALID },
		{ "MD5", "otpauth://totp/a?algorithm=MD5&secret=" SECRET, "algorithm", OTP_INVALID },
		{ "four digits", "otpauth://totp/a?digits=4&secret=" SECRET, "digits", OTP_INVALID },
		{ "five, and not Steam", "otpauth://totp/a?digits=5&secret=" SECRET, "digits", OTP_INVALID },
		{ "eleven digits", "otpauth://totp/a?digits=11&secret=" SECRET, "digits", OTP_INVALID },
		{ "digits that overflow", "otpauth://totp/a?digits=18446744073709551622&secret=" SECRET, "digits",
		  OTP_INVALID },
		{ "no period", "otpauth://totp/a?period=0&secret=" SECRET, "period", OTP_INVALID },
		{ "a negative period", "otpauth://totp/a?period=-30&secret=" SECRET, "period", OTP_INVALID },
		{ "a counter that overflows", "otpauth://hotp/a?counter=18446744073709551616&secret=" SECRET, "counter",
		  OTP_INVALID },
		{ "digits that are letters", "otpauth://totp/a?digits=six&secret=" SECRET, "digits", OTP_INVALID },
		{ "digits and more", "otpauth://totp/a?digits=6x&secret=" SECRET, "digits", OTP_INVALID },
		{ "a period that is no number", "otpauth://totp/a?period=%20&secret=" SECRET, "period", OTP_INVALID },
		{ "a period over 32 bits", "otpauth://totp/a?period=4294967296&secret=" SECRET, "period", OTP_INVALID },
		{ "a counter that is no number", "otpauth://hotp/a?counter=-1&secret=" SECRET, "counter", OTP_INVALID },
		{ "another encoder", "otpauth://totp/a?encoder=base64&secret=" SECRET, "encoder", OTP_INVALID },
		{ "an issuer with a NUL", "otpauth://totp/a?issuer=a%00b&secret=" SECRET, "issuer", OTP_INVALID },
		{ "an issuer of spaces before the colon, and nothing behind", "otpauth://totp/%20:%20?secret=" SECRET,
		  "no account", OTP_INVALID },
		{ "a label's issuer that is no text", "otpauth://totp/%01:a?secret=" SECRET, "", OTP_INVALID },
		{ "an issuer and an account of spaces", "otpauth://totp/I:%20%20?secret=" SECRET, "no account",
		  OTP_INVALID },
		{ "an image with a NUL", "otpauth://totp/a?image=a%00b&secret=" SECRET, "image", OTP_INVALID },
		{ "an empty counter", "otpauth://hotp/a?counter=&secret=" SECRET, "counter", OTP_INVALID },
		{ "a counter ten times too large", "otpauth://hotp/a?counter=99999999999999999999&secret=" SECRET,
		  "counter", OTP_INVALID },
		{ "letters beyond f in an escape", "otpauth://totp/a%@1?secret=" SECRET, "percent", OTP_INVALID },
		{ "a sign in an escape", "otpauth://totp/a%/1?secret=" SECRET, "percent", OTP_INVALID },
		{ "half an escape", "otpauth://totp/a%2g?secret=" SECRET, "percent", OTP_INVALID },
		{ "half an escape, the other half", "otpauth://totp/a%G2?secret=" SECRET, "percent", OTP_INVALID },
		{ "Steam with SHA-256", "otpauth://totp/Steam:a?encoder=steam&algorithm=SHA256&secret=" SECRET, "Steam",
		  OTP_INVALID },
		{ "Steam every minute", "otpauth://totp/Steam:a?encoder=steam&period=60&secret=" SECRET, "Steam",
		  OTP_INVALID },
		{ "Steam that counts", "otpauth://hotp/Steam:a?encoder=steam&secret=" SECRET, "Steam", OTP_INVALID },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct otp_uri uri, before;
		const char *wrong = NULL;
		print_message("# %s\n", rows[i].why);
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
otp_uri_parse_tells_of_a_parameter_that_says_two_things(void **state)
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
		print_message("# %s\n", rows[i].pair);
		assert_int_equal(otp_uri_parse(text, strlen(text), 0, &uri, NULL), OTP_OK);
		assert_int_equal(uri.notes & OTP_NOTE_REPEATED, rows[i].notes);
	}
}

static void
otp_uri_parse_refuses_what_is_too_long(void **state)
{
	static const char *const formats[] = {
		"otpauth://totp/%s?secret=" SECRET,          "otpauth://totp/%s:a?secret=" SECRET,
		"otpauth://totp/a?issuer=%s&secret=" SECRET, "otpauth://totp/a?image=%s&secret=" SECRET,
		"otpauth://totp/a?secret=" SECRET "%s",      "otpauth://totp/a?%s=1&secret=" SECRET
	};
	static char many[3000], text[4000];

	memset(many, 'A', sizeof(many) - 1);
	for (size_t i = 0; i < COUNT_OF(formats); i++) {
		struct otp_uri uri;
		/* the format is one of those above */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, sizeof(text), formats[i], many);
#pragma GCC diagnostic pop
		print_message("# %.40s\n", formats[i]);
		enum otp_status status = otp_uri_parse(text, strlen(text), 0, &uri, NULL);
		assert_true(i + 1 == COUNT_OF(formats) ? status == OTP_OK || status == OTP_INVALID
						       : status == OTP_INVALID);
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

/* Names of every printable ASCII character but the colon, and of every length. */
static void
otp_uri_parse_reads_back_every_name_that_can_be_written(void **state)
{
	for (int c = 0x21; c < 0x7f; c++) {
		struct otp_uri uri = OTP_URI_DEFAULT, back;
		char text[OTP_URI_SIZE];
		if (c == ':')
			continue;
		snprintf(uri.issuer, sizeof(uri.issuer), "%c%.*s", c, c,
			 "a long name that is cut somewhere "
			 "a long name that is cut somewhere "
			 "a long name that is cut somewhere else");
		snprintf(uri.account, sizeof(uri.account), "x%c%cy", c, c);
		while (uri.issuer[strlen(uri.issuer) - 1] == ' ')
			uri.issuer[strlen(uri.issuer) - 1] = '\0';
		memset(uri.secret, c, 20);
		uri.secret_n = 20;
		assert_int_equal(otp_uri_build(&uri, c % 2 == 0 ? OTP_URI_LEAVE_DEFAULTS : 0, text, sizeof(text)),
				 OTP_OK);
		assert_int_equal(otp_uri_parse(text, strlen(text), 0, &back, NULL), OTP_OK);
		assert_string_equal(back.issuer, uri.issuer);
		assert_string_equal(back.account, uri.account);
		assert_memory_equal(back.secret, uri.secret, 20);
		assert_int_equal(back.notes, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(otp_uri_parse_reads_what_services_write),
		cmocka_unit_test(otp_uri_parse_knows_steam),
		cmocka_unit_test(otp_uri_parse_says_what_is_wrong),
		cmocka_unit_test(otp_uri_parse_tells_of_a_parameter_that_says_two_things),
		cmocka_unit_test(otp_uri_parse_refuses_what_is_too_long),
		cmocka_unit_test(otp_uri_parse_takes_short_secrets_when_asked),
		cmocka_unit_test(otp_uri_parse_reads_back_every_name_that_can_be_written),
	};

	return cmocka_run_group_tests_name("otp_uri_parse", tests, NULL, NULL);
}
