/* The CBOR of an enrolment. */
#include "webauthn/attestation_object.h"

#include "base/buf.h"
#include "base/fault.h"
#include "unit.h"
#include "webauthn/webauthn.h"

#define FMT                                                                                                            \
	"\x63"                                                                                                         \
	"fmt\x64none"
#define LONG_FMT                                                                                                       \
	"\x78\x03"                                                                                                     \
	"fmt\x64none"
#define STATEMENT                                                                                                      \
	"\x67"                                                                                                         \
	"attStmt\xa0"
#define DATA                                                                                                           \
	"\x68"                                                                                                         \
	"authData\x43"                                                                                                 \
	"abc"

static bool
reads(str object)
{
	str data = { 0 };

	return attestation_object_read(object, &data) && str_equal(data, STR("abc"));
}

static void
members_are_read_in_any_order(void **state)
{
	static const str orders[] = {
		STR_INIT("\xa3" FMT STATEMENT DATA), STR_INIT("\xa3" FMT DATA STATEMENT),
		STR_INIT("\xa3" STATEMENT FMT DATA), STR_INIT("\xa3" STATEMENT DATA FMT),
		STR_INIT("\xa3" DATA FMT STATEMENT), STR_INIT("\xa3" DATA STATEMENT FMT),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		assert_true(reads(orders[i]));
		for (size_t n = 0; n < orders[i].n; n++)
			assert_false(reads(str_upto(orders[i], n)));
	}
}

static void
other_objects_are_refused(void **state)
{
	static const str others[] = {
		STR_INIT(""),
		STR_INIT("\xa3" FMT STATEMENT DATA "\0"),      /* a byte after the object */
		STR_INIT("\xa2" FMT DATA),                     /* a member is missing */
		STR_INIT("\xa4" FMT STATEMENT DATA FMT),       /* one member too many */
		STR_INIT("\xa3" FMT DATA DATA),                /* a member twice */
		STR_INIT("\xa3" FMT FMT DATA),                 /* a member twice */
		STR_INIT("\xa3" STATEMENT STATEMENT DATA),     /* a member twice */
		STR_INIT("\xa4" FMT STATEMENT DATA LONG_FMT),  /* a member twice, once with 3 in a longer form */
		STR_INIT("\xa3" LONG_FMT STATEMENT DATA),      /* 3, the length of a name, in a longer form */
		STR_INIT("\xa3" FMT STATEMENT DATA STATEMENT), /* a member after the three */
		STR_INIT("\xbf" FMT STATEMENT DATA "\xff"),    /* an indefinite map */
		STR_INIT("\xb8\x03" FMT STATEMENT DATA),       /* 3, the number of members, in a longer form */
		STR_INIT("\xa3" FMT STATEMENT "\x68"
			 "authData\x58\x03"
			 "abc"), /* 3, the length of the data, in a longer form */
		STR_INIT("\xa3" FMT STATEMENT "\x68"
			 "authData\x5f\x43"
			 "abc\xff"), /* bytes in chunks */
		STR_INIT("\xa3" FMT STATEMENT "\x68"
			 "authData\x63"
			 "abc"), /* a text */
		STR_INIT("\xa3" FMT STATEMENT "\x48"
			 "authData\x43"
			 "abc"), /* the key as bytes */
		STR_INIT("\xa3" FMT "\x67"
			 "attStmt\x80" DATA), /* a list */
		STR_INIT("\xa3" FMT "\x67"
			 "attStmt\xc0\xa0" DATA), /* a tag */
		STR_INIT("\xa3" FMT "\x67"
			 "attStmt\xa1\x00\xf8\x14" DATA), /* false in a longer form */
		STR_INIT("\xa3" FMT "\x67"
			 "attStmt\xa1\x00\xff" DATA), /* a break */
		STR_INIT("\xa3" FMT "\x67"
			 "attStmt\xa1\x00\x1c" DATA),             /* reserved */
		STR_INIT("\x83" FMT STATEMENT DATA),              /* a list */
		STR_INIT("\xd9\xd9\xf7\xa3" FMT STATEMENT DATA),  /* the tag of CBOR itself */
		STR_INIT("\x9a\x08\x00\x00\x00"),                 /* 2^27 items */
		STR_INIT("\xbb\xff\xff\xff\xff\xff\xff\xff\xff"), /* 2^64 - 1 members */
		STR_INIT("\xa3\x7b\xff\xff\xff\xff\xff\xff\xff\xff"
			 "fmt"), /* a text of 2^64 - 1 bytes */
		STR_INIT("\xa3" FMT "\x67"
			 "attStmt\xbb\x80\x00\x00\x00\x00\x00\x00\x00" DATA), /* 2^63 pairs: twice this is 0 */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(reads(others[i]));
}

/* Every length and count of 2^32 and 2^64 - 1, as text, bytes, array and map, in each place of the object. */
static void
lengths_beyond_the_object_take_no_memory(void **state)
{
	static const str lengths[] = { STR_INIT("\x1a\xff\xff\xff\xff"), STR_INIT("\x1b\0\0\0\1\0\0\0\0"),
				       STR_INIT("\x1b\x80\0\0\0\0\0\0\0"),
				       STR_INIT("\x1b\xff\xff\xff\xff\xff\xff\xff\xff") };
	static const str places[] = { STR_INIT(""),
				      STR_INIT("\xa3"),
				      STR_INIT("\xa3\x63"
					       "fmt"),
				      STR_INIT("\xa3" FMT "\x67"
					       "attStmt"),
				      STR_INIT("\xa3" FMT "\x67"
					       "attStmt\xa1\0"),
				      STR_INIT("\xa3" FMT STATEMENT "\x68"
					       "authData") };

	(void)state;
	fault_set(FAULT_MEMORY, 1, true);
	for (size_t i = 0; i < COUNT(lengths) * COUNT(places); i++)
		for (unsigned type = 2; type <= 5; type++) {
			const str place = places[i / COUNT(lengths)], length = lengths[i % COUNT(lengths)];
			char object[200] = { 0 };
			memcpy(object, place.p, place.n);
			memcpy(object + place.n, length.p, length.n);
			object[place.n] |= (char)(type << 5);
			assert_false(reads(str_bytes(object, sizeof(object))));
		}
	assert_true(reads(STR("\xa3" FMT STATEMENT DATA)));
	assert_int_equal(fault_failed(FAULT_MEMORY), 0);
	fault_set(FAULT_MEMORY, 0, false);
}

static void
values_of_the_statement_are_skipped(void **state)
{
	(void)state;
	assert_true(
	    reads(STR("\xa3" FMT "\x67"
		      "attStmt\xa5\x00\x20\x01\x18\x18\x02\xf4\x03\xf9\x00\x00\x04\x82\xf6\xfb\0\0\0\0\0\0\0\0" DATA)));
}

/* n lists inside each other in the statement. */
static bool
reads_nested(size_t n)
{
	CLEANUP(buf_wipe) struct buf object = BUF(WEBAUTHN_ATTESTATION_MAX + 64);

	buf_put(&object, STR("\xa3" FMT "\x67"
			     "attStmt\xa1\x00"));
	for (size_t i = 0; i < n; i++)
		buf_put_byte(&object, (char)0x81);
	buf_put_byte(&object, 0);
	buf_put(&object, STR(DATA));
	assert_int_equal(buf_check(&object), ERR_OK);
	return reads(buf_str(&object));
}

static void
depth_is_limited(void **state)
{
	(void)state;
	assert_true(reads_nested(ATTESTATION_DEPTH_MAX - 3));
	assert_false(reads_nested(ATTESTATION_DEPTH_MAX - 2));
	assert_false(reads_nested(8000));
}

static void
size_is_limited(void **state)
{
	static char object[WEBAUTHN_ATTESTATION_MAX + 1];
	static const char head[] = "\xa3" FMT STATEMENT "\x68"
				   "authData\x59";
	str data;

	(void)state;
	for (size_t n = WEBAUTHN_ATTESTATION_MAX; n <= WEBAUTHN_ATTESTATION_MAX + 1; n++) {
		size_t body = n - (sizeof(head) - 1) - 2;
		memcpy(object, head, sizeof(head) - 1);
		object[sizeof(head) - 1] = (char)(body >> 8);
		object[sizeof(head)] = (char)body;
		assert_int_equal(attestation_object_read(str_bytes(object, n), &data), n == WEBAUTHN_ATTESTATION_MAX);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_read_in_any_order),
		cmocka_unit_test(other_objects_are_refused),
		cmocka_unit_test(lengths_beyond_the_object_take_no_memory),
		cmocka_unit_test(values_of_the_statement_are_skipped),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(size_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
