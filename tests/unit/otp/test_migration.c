/* Exports of Google Authenticator, field by field: valid and broken accounts. */
#include "unit.h"

#include "doubletour/otp.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define SECRET                                                                                                         \
	"\x0a\x14"                                                                                                     \
	"12345678901234567890"
#define LONG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct bytes {
	const char *p;
	size_t n;
};
#define BYTES(text)                                                                                                    \
	{                                                                                                              \
		(text), sizeof(text) - 1                                                                               \
	}

/* A complete URI with one account of these bytes. */
static void
uri_of(struct bytes account, char *ret_text, size_t size)
{
	unsigned char payload[600], encoded[900];
	size_t n = 0;
	int length;

	payload[n++] = 0x0a;
	payload[n++] = (unsigned char)(account.n & 127) | (account.n > 127 ? 128 : 0);
	if (account.n > 127)
		payload[n++] = (unsigned char)(account.n >> 7);
	memcpy(payload + n, account.p, account.n);
	length = EVP_EncodeBlock(encoded, payload, (int)(n + account.n));
	n = (size_t)snprintf(ret_text, size, "otpauth-migration://offline?data=");
	for (int i = 0; i < length; i++) /* some programs read '+' as a space; '/' and '=' need no escape */
		n += (size_t)snprintf(ret_text + n, size - n, encoded[i] == '+' ? "%%2B" : "%c", encoded[i]);
}

static enum otp_status
read_one(struct bytes account, unsigned flags, struct otp_uri *ret_uri, const char **ret_wrong)
{
	char text[1400];
	static uint8_t room[1024];
	struct otp_migration migration;
	enum otp_status status;
	bool more = false;

	uri_of(account, text, sizeof(text));
	assert_int_equal(otp_migration_open(text, strlen(text), room, sizeof(room), &migration, ret_wrong), OTP_OK);
	status = otp_migration_next(&migration, flags, ret_uri, &more, ret_wrong);
	assert_true(more);
	return status;
}

static void
otp_migration_reads_accounts_with_missing_fields(void **state)
{
	static const struct {
		const char *why;
		struct bytes account;
		const char *issuer, *name;
		unsigned digits, notes;
		enum otp_type type;
		enum otp_algorithm algorithm;
	} rows[] = {
		{ "secret and name only",
		  BYTES(SECRET "\x12\x01"
			       "a"),
		  "", "a", 6, 0, OTP_TYPE_TOTP, OTP_SHA1 },
		{ "an issuer, and no name: the issuer is the name",
		  BYTES(SECRET "\x1a\x01"
			       "I"),
		  "I", "I", 6, 0, OTP_TYPE_TOTP, OTP_SHA1 },
		{ "a name that begins with the issuer, a colon and spaces",
		  BYTES(SECRET "\x12\x05"
			       "I:  a"
			       "\x1a\x01"
			       "I"),
		  "I", "a", 6, 0, OTP_TYPE_TOTP, OTP_SHA1 },
		{ "the issuer, a colon, and no name",
		  BYTES(SECRET "\x12\x03"
			       "I: "
			       "\x1a\x01"
			       "I"),
		  "I", "I:", 6, 0, OTP_TYPE_TOTP, OTP_SHA1 },
		{ "a name that begins with the issuer's letters",
		  BYTES(SECRET "\x12\x02"
			       "Ia"
			       "\x1a\x01"
			       "I"),
		  "I", "Ia", 6, 0, OTP_TYPE_TOTP, OTP_SHA1 },
		{ "no issuer field: the issuer in the name",
		  BYTES(SECRET "\x12\x0a"
			       "GitHub:ann"),
		  "GitHub", "ann", 6, 0, OTP_TYPE_TOTP, OTP_SHA1 },
		{ "no issuer field, and nothing before the colon",
		  BYTES(SECRET "\x12\x04"
			       ":ann"),
		  "", ":ann", 6, 0, OTP_TYPE_TOTP, OTP_SHA1 },
		{ "no issuer field, and nothing after the colon",
		  BYTES(SECRET "\x12\x04"
			       "ann:"),
		  "", "ann:", 6, 0, OTP_TYPE_TOTP, OTP_SHA1 },
		{ "an issuer with a colon, repeated in the name",
		  BYTES(SECRET "\x12\x0f"
			       "Text: More:anna"
			       "\x1a\x0a"
			       "Text: More"),
		  "Text: More", "anna", 6, 0, OTP_TYPE_TOTP, OTP_SHA1 },
		{ "an issuer with a port, and no name",
		  BYTES(SECRET "\x1a\x09"
			       "host:8443"),
		  "host:8443", "host:8443", 6, 0, OTP_TYPE_TOTP, OTP_SHA1 },
		{ "a name with a port, and another issuer",
		  BYTES(SECRET "\x12\x09"
			       "host:8443"
			       "\x1a\x01"
			       "I"),
		  "I", "host:8443", 6, 0, OTP_TYPE_TOTP, OTP_SHA1 },
		{ "SHA-1 written as 0 and as 1",
		  BYTES(SECRET "\x12\x01"
			       "a"
			       "\x20\x00\x20\x01"),
		  "", "a", 6, 0, OTP_TYPE_TOTP, OTP_SHA1 },
		{ "SHA-256",
		  BYTES(SECRET "\x12\x01"
			       "a"
			       "\x20\x02"),
		  "", "a", 6, OTP_NOTE_UNUSUAL, OTP_TYPE_TOTP, OTP_SHA256 },
		{ "eight digits",
		  BYTES(SECRET "\x12\x01"
			       "a"
			       "\x28\x02"),
		  "", "a", 8, OTP_NOTE_UNUSUAL, OTP_TYPE_TOTP, OTP_SHA1 },
		{ "HOTP",
		  BYTES(SECRET "\x12\x01"
			       "a"
			       "\x30\x01\x38\x05"),
		  "", "a", 6, 0, OTP_TYPE_HOTP, OTP_SHA1 },
		{ "unknown fields of each kind in between",
		  BYTES("\x49"
			"12345678" SECRET "\x55"
			"1234"
			"\x12\x01"
			"a"),
		  "", "a", 6, OTP_NOTE_UNKNOWN, OTP_TYPE_TOTP, OTP_SHA1 },
		{ "the id field of newer apps",
		  BYTES(SECRET "\x12\x01"
			       "a"
			       "\x42\x03"
			       "xyz"),
		  "", "a", 6, 0, OTP_TYPE_TOTP, OTP_SHA1 },
		{ "a field with a high number",
		  BYTES(SECRET "\x12\x01"
			       "a"
			       "\x4a\x01"
			       "x"),
		  "", "a", 6, OTP_NOTE_UNKNOWN, OTP_TYPE_TOTP, OTP_SHA1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct otp_uri uri;
		const char *wrong = NULL;
		unit_note("%s", rows[i].why);
		assert_int_equal(read_one(rows[i].account, 0, &uri, &wrong), OTP_OK);
		assert_string_equal(uri.issuer, rows[i].issuer);
		assert_string_equal(uri.account, rows[i].name);
		assert_int_equal(uri.digits, rows[i].digits);
		assert_int_equal(uri.notes, rows[i].notes);
		assert_int_equal(uri.type, rows[i].type);
		assert_int_equal(uri.algorithm, rows[i].algorithm);
	}
}

static void
otp_migration_explains_a_broken_account(void **state)
{
	static const struct {
		const char *why;
		struct bytes account;
		const char *word;
		enum otp_status status;
	} rows[] = {
		{ "an empty account", BYTES(""), "no name", OTP_INVALID },
		{ "no secret",
		  BYTES("\x12\x01"
			"a"),
		  "secret is missing", OTP_INVALID },
		{ "an empty secret",
		  BYTES("\x0a\x00\x12\x01"
			"a"),
		  "secret is missing", OTP_INVALID },
		{ "a secret of 129 bytes",
		  BYTES("\x12\x01"
			"a"
			"\x0a\x81\x01" LONG_64 LONG_64 "x"),
		  "longer than 128", OTP_INVALID },
		{ "a short secret",
		  BYTES("\x0a\x01"
			"s"
			"\x12\x01"
			"a"),
		  "128 bits", OTP_TOO_SHORT },
		{ "a NUL in the name",
		  BYTES(SECRET "\x12\x02"
			       "a\0"),
		  "a name", OTP_INVALID },
		{ "an escape in the issuer",
		  BYTES(SECRET "\x12\x01"
			       "a"
			       "\x1a\x01"
			       "\x1b"),
		  "an issuer", OTP_INVALID },
		{ "an overlong issuer",
		  BYTES(SECRET "\x12\x01"
			       "a"
			       "\x1a\xc0\x02" LONG_64 LONG_64 LONG_64 LONG_64 LONG_64),
		  "an issuer", OTP_INVALID },
		{ "MD5",
		  BYTES(SECRET "\x12\x01"
			       "a"
			       "\x20\x04"),
		  "algorithm", OTP_INVALID },
		{ "an unknown number of digits",
		  BYTES(SECRET "\x12\x01"
			       "a"
			       "\x28\x03"),
		  "not known", OTP_INVALID },
		{ "an unknown type",
		  BYTES(SECRET "\x12\x01"
			       "a"
			       "\x30\x03"),
		  "not known", OTP_INVALID },
		{ "seven digits, as one app writes them",
		  BYTES(SECRET "\x12\x01"
			       "a"
			       "\x28\x07"),
		  "digits", OTP_INVALID },
		{ "an algorithm that is text",
		  BYTES(SECRET "\x12\x01"
			       "a"
			       "\x22\x06"
			       "SHA256"),
		  "unexpected type", OTP_INVALID },
		{ "a counter of four bytes",
		  BYTES(SECRET "\x12\x01"
			       "a"
			       "\x3d"
			       "1234"),
		  "unexpected type", OTP_INVALID },
		{ "a name that is a number", BYTES(SECRET "\x10\x01"), "unexpected type", OTP_INVALID },
		{ "a truncated field",
		  BYTES(SECRET "\x12\x05"
			       "a"),
		  "cut off", OTP_INVALID },
		{ "a truncated key", BYTES(SECRET "\x92"), "cut off", OTP_INVALID },
		{ "a truncated length", BYTES(SECRET "\x12\x92"), "cut off", OTP_INVALID },
		{ "an invalid kind of field", BYTES(SECRET "\x13"), "cut off", OTP_INVALID },
		{ "an endless number", BYTES(SECRET "\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), "cut off",
		  OTP_INVALID },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct otp_uri uri;
		const char *wrong = NULL;
		unit_note("%s", rows[i].why);
		assert_int_equal(read_one(rows[i].account, 0, &uri, &wrong), rows[i].status);
		assert_non_null(wrong);
		assert_non_null(strstr(wrong, rows[i].word));
		assert_int_equal(read_one(rows[i].account, 0, &uri, NULL), rows[i].status);
	}
	struct otp_uri uri;
	assert_int_equal(read_one(rows[4].account, OTP_ALLOW_SHORT_SECRET, &uri, NULL), OTP_OK);
	assert_int_equal(uri.notes & OTP_NOTE_SHORT_SECRET, OTP_NOTE_SHORT_SECRET);
}

static void
otp_migration_open_explains_a_broken_payload(void **state)
{
#define DATA "otpauth-migration://offline?data="
	static const struct {
		const char *why, *text, *word;
		size_t room;
		enum otp_status status, next;
	} rows[] = {
		{ "empty", "", "begin", 64, OTP_INVALID },
		{ "the beginning of an export, without data", "otpauth-migration://offline?data", "begin", 64,
		  OTP_INVALID },
		{ "another kind of export", "otpauth-migration://online?data=CgA=", "begin", 64, OTP_INVALID },
		{ "no data", DATA, "base64", 64, OTP_INVALID },
		{ "padding alone", DATA "====", NULL, 64, OTP_OK },
		{ "one letter", DATA "A", "base64", 64, OTP_INVALID },
		{ "a letter outside base64", DATA "EAE*", "base64", 64, OTP_INVALID },
		{ "a NUL", DATA "EA%00E", "base64", 64, OTP_INVALID },
		{ "a broken escape", DATA "EAE%", "percent", 64, OTP_INVALID },
		{ "no room", DATA "EAEYASAB", "too small", 7, OTP_TOO_SHORT },
		{ "exactly enough room", DATA "EAEYASAB", NULL, 8, OTP_OK },
		{ "letters of RFC 4648 s5 with an unknown field 6", DATA "MgL_-w", "unknown field", 64, OTP_OK,
		  OTP_INVALID },
		{ "letters of RFC 4648 s4 with an unknown field 6", DATA "MgL%2F%2Bw==", "unknown field", 64, OTP_OK,
		  OTP_INVALID },
		{ "an account that is a number", DATA "CAE=", "unknown field", 64, OTP_OK, OTP_INVALID },
		{ "a version that is text", DATA "EgEx", "cut off", 64, OTP_INVALID },
		{ "a size of four bytes", DATA "HTEyMzQ=", "cut off", 64, OTP_INVALID },
	};
#undef DATA

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct otp_migration migration;
		struct otp_uri uri;
		uint8_t room[64];
		const char *wrong = NULL;
		bool more = true;
		unit_note("%s", rows[i].why);
		assert_int_equal(
		    otp_migration_open(rows[i].text, strlen(rows[i].text), room, rows[i].room, &migration, &wrong),
		    rows[i].status);
		if (rows[i].status != OTP_OK) {
			assert_non_null(strstr(wrong, rows[i].word));
			continue;
		}
		assert_int_equal(otp_migration_next(&migration, 0, &uri, &more, &wrong), rows[i].next);
		assert_int_equal(more, rows[i].next != OTP_OK);
		if (more)
			assert_non_null(strstr(wrong, rows[i].word));
		assert_int_equal(otp_migration_next(&migration, 0, &uri, &more, NULL), OTP_OK);
		assert_false(more);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(otp_migration_reads_accounts_with_missing_fields),
		cmocka_unit_test(otp_migration_explains_a_broken_account),
		cmocka_unit_test(otp_migration_open_explains_a_broken_payload),
	};

	return cmocka_run_group_tests_name("otp migration", tests, NULL, NULL);
}
