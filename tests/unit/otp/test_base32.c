/* Base32: the vectors of RFC 4648 s10, and typed text. */
#include "unit.h"

#include "doubletour/otp.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_OF(a) (sizeof(a) / sizeof(0 [a]))

/* Source: RFC 4648 s10, without padding. */
static const struct {
	const char *bytes, *text;
} vectors[] = {
	{ "", "" },
	{ "f", "MY" },
	{ "fo", "MZXQ" },
	{ "foo", "MZXW6" },
	{ "foob", "MZXW6YQ" },
	{ "fooba", "MZXW6YTB" },
	{ "foobar", "MZXW6YTBOI" },
};

static void
otp_base32_encodes_and_decodes_the_rfc_4648_vectors(void **state)
{
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		size_t n = strlen(vectors[i].bytes), got = 99;
		char text[32];
		uint8_t bytes[16];
		assert_int_equal(otp_base32_encode((const uint8_t *)vectors[i].bytes, n, text, sizeof(text)), OTP_OK);
		assert_string_equal(text, vectors[i].text);
		assert_int_equal(otp_base32_decode(text, strlen(text), bytes, sizeof(bytes), &got, NULL), OTP_OK);
		assert_int_equal(got, n);
		assert_memory_equal(bytes, vectors[i].bytes, n);
	}
}

static void
otp_base32_decode_is_lenient_and_locates_errors(void **state)
{
	static const struct {
		const char *why, *text;
		const char *bytes; /* NULL: refused, at wrong_at */
		size_t wrong_at;
	} rows[] = {
		{ "small letters", "mzxw6ytboi", "foobar", 0 },
		{ "in groups", "MZXW 6YTB OI", "foobar", 0 },
		{ "hyphens", "MZXW-6YTB-OI", "foobar", 0 },
		{ "padding", "MZXW6YTBOI======", "foobar", 0 },
		{ "padding in groups", "MZXW 6YTB OI== ====", "foobar", 0 },
		{ "spare bits that are not zero", "MZ", "f", 0 },
		{ "only spaces and hyphens", " - ", "", 0 },
		{ "only padding", "========", NULL, 8 },
		{ "a digit outside 2 to 7", "MZXW1YTBOI", NULL, 4 },
		{ "a zero typed for an O", "MZXW6YTB0I", NULL, 8 },
		{ "padding in the middle", "MZXW6===YTB", NULL, 5 },
		{ "too little padding", "MZXW6YTBOI==", NULL, 12 },
		{ "too much padding", "MZXW6YTB========", NULL, 16 },
		{ "one symbol alone", "M", NULL, 1 },
		{ "three symbols", "MZX", NULL, 3 },
		{ "six symbols", "MZXW6Y", NULL, 6 },
		{ "a full-width letter", "\xef\xbc\xadY", NULL, 0 },
		{ "a line end", "MZXW6YTBOI\r\n", "foobar", 0 },
		{ "no-break spaces and a zero-width space",
		  "MZXW\xc2\xa0"
		  "6YTB\xc2\xa0"
		  "OI\xe2\x80\x8b",
		  "foobar", 0 },
		{ "an en dash, and a line end after the padding",
		  "MZXW\xe2\x80\x93"
		  "6YTBOI======\n",
		  "foobar", 0 },
		{ "half a no-break space", "MZXW6YTBOI\xc2", NULL, 10 },
		{ "the byte before A", "MZ@W6YTBOI", NULL, 2 },
		{ "the byte after Z", "MZ[W6YTBOI", NULL, 2 },
		{ "the byte before a", "MZ`W6YTBOI", NULL, 2 },
		{ "the byte after z", "MZ{W6YTBOI", NULL, 2 },
		{ "padding of a whole group", "MZXW6YTB========", NULL, 16 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t bytes[16];
		size_t n = 0, wrong_at = 0;
		enum otp_status status =
		    otp_base32_decode(rows[i].text, strlen(rows[i].text), bytes, sizeof(bytes), &n, &wrong_at);
		if (rows[i].bytes != NULL) {
			if (status != OTP_OK || n != strlen(rows[i].bytes) || memcmp(bytes, rows[i].bytes, n) != 0)
				fail_msg("%s", rows[i].why);
		} else if (status != OTP_INVALID || wrong_at != rows[i].wrong_at) {
			fail_msg("%s: status %d, position %zu", rows[i].why, status, wrong_at);
		}
	}
}

static void
otp_base32_stays_within_its_buffer(void **state)
{
	uint8_t bytes[6] = { 0, 0, 0, 0, 0, 0x77 };
	char text[9];
	size_t n = 0;

	assert_int_equal(otp_base32_decode("MZXW6YTBOI", 10, bytes, 5, &n, NULL), OTP_TOO_SHORT);
	assert_int_equal(bytes[5], 0x77);
	assert_int_equal(otp_base32_encode((const uint8_t *)"fooba", 5, text, 8), OTP_TOO_SHORT);
	assert_int_equal(otp_base32_encode((const uint8_t *)"fooba", 5, text, 9), OTP_OK);
	assert_int_equal(otp_base32_encode((const uint8_t *)"fooba", SIZE_MAX, text, 9), OTP_TOO_SHORT);
	assert_int_equal(otp_hex_encode((const uint8_t *)"fooba", SIZE_MAX, text, 9), OTP_TOO_SHORT);
}

static void
otp_base32_round_trips_every_length(void **state)
{
	for (size_t n = 0; n < 128; n++) {
		uint8_t bytes[128], back[128];
		char text[OTP_BASE32_SIZE(128)];
		size_t got = 0;
		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)(i * 37 + n * 101);
		assert_int_equal(otp_base32_encode(bytes, n, text, sizeof(text)), OTP_OK);
		assert_int_equal(otp_base32_decode(text, strlen(text), back, sizeof(back), &got, NULL), OTP_OK);
		assert_int_equal(got, n);
		assert_memory_equal(bytes, back, n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(otp_base32_encodes_and_decodes_the_rfc_4648_vectors),
		cmocka_unit_test(otp_base32_decode_is_lenient_and_locates_errors),
		cmocka_unit_test(otp_base32_stays_within_its_buffer),
		cmocka_unit_test(otp_base32_round_trips_every_length),
	};

	return cmocka_run_group_tests_name("base32", tests, NULL, NULL);
}
