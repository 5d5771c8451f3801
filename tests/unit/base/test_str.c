/* Texts: numbers, UTF-8, comparison, cutting, base64, hexadecimal and percent sequences. */
#include "unit.h"

#include "base/str.h"

static void
str_number_takes_plain_decimals_up_to_a_maximum(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		err result;
		uint64_t number;
		const char *why;
	} cases[] = {
		{ "0", 9, ERR_OK, 0, "the least number" },
		{ "9", 9, ERR_OK, 9, "the maximum" },
		{ "10", 9, ERR_INVALID, 0, "one over the maximum" },
		{ "007", 9, ERR_OK, 7, "leading zeros are ignored" },
		{ "", 9, ERR_INVALID, 0, "empty" },
		{ "+1", 9, ERR_INVALID, 0, "a sign" },
		{ "-1", 9, ERR_INVALID, 0, "a sign" },
		{ " 1", 9, ERR_INVALID, 0, "a space" },
		{ "1x", 9, ERR_INVALID, 0, "another byte after the digits" },
		{ "0x1", 99, ERR_INVALID, 0, "no other base than 10" },
		{ "18446744073709551615", UINT64_MAX, ERR_OK, UINT64_MAX, "the greatest 64-bit number" },
		{ "18446744073709551616", UINT64_MAX, ERR_INVALID, 0, "wraps round in 64 bits" },
		{ "99999999999999999999999", UINT64_MAX, ERR_INVALID, 0, "wraps round more than once" },
		{ "\xd9\xa1", 9, ERR_INVALID, 0, "an Arabic digit" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t number = 4711;
		unit_note("%s", cases[i].why);
		assert_int_equal(str_number(str_of(cases[i].text), cases[i].max, &number), cases[i].result);
		assert_true(number == (cases[i].result == ERR_OK ? cases[i].number : 4711));
	}
}

static void
str_number_write_gives_the_digits_back(void **state)
{
	static const struct {
		uint64_t number;
		const char *text;
	} cases[] = { { 0, "0" }, { 9, "9" }, { 10, "10" }, { 4711, "4711" }, { UINT64_MAX, "18446744073709551615" } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char digits[STR_NUMBER_BYTES];
		assert_true(str_equal(str_number_write(cases[i].number, digits), str_of(cases[i].text)));
	}
}

static void
str_utf8_valid_follows_rfc_3629(void **state)
{
	static const struct {
		str text;
		bool valid;
		size_t count;
		const char *why;
	} cases[] = {
		{ STR_INIT(""), true, 0, "empty" },
		{ STR_INIT("abc"), true, 3, "ASCII" },
		{ STR_INIT("\x00"), true, 1, "NUL is a code point" },
		{ STR_INIT("\xc3\xa9t\xc3\xa9"), true, 3, "two bytes each" },
		{ STR_INIT("\xe2\x82\xac"), true, 1, "three bytes" },
		{ STR_INIT("\xf0\x9f\x94\x91"), true, 1, "four bytes" },
		{ STR_INIT("\xf4\x8f\xbf\xbf"), true, 1, "U+10FFFF, the last" },
		{ STR_INIT("\xf4\x90\x80\x80"), false, 0, "U+110000, after the last" },
		{ STR_INIT("\xc0\x80"), false, 0, "NUL in two bytes: overlong" },
		{ STR_INIT("\xc1\xbf"), false, 0, "overlong" },
		{ STR_INIT("\xe0\x9f\xbf"), false, 0, "overlong in three" },
		{ STR_INIT("\xf0\x8f\xbf\xbf"), false, 0, "overlong in four" },
		{ STR_INIT("\xed\xa0\x80"), false, 0, "a surrogate" },
		{ STR_INIT("\xed\x9f\xbf"), true, 1, "the last before the surrogates" },
		{ STR_INIT("\x80"), false, 0, "a continuation byte alone" },
		{ STR_INIT("\xc3"), false, 0, "cut after its lead byte" },
		{ STR_INIT("\xe2\x82"), false, 0, "cut in its middle" },
		{ STR_INIT("\xe2\x82"
			   "a"),
		  false, 0, "another byte in place of a continuation byte" },
		{ STR_INIT("\xf5\x80\x80\x80"), false, 0, "an invalid lead byte" },
		{ STR_INIT("\xff"), false, 0, "an invalid byte" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		unit_note("%s", cases[i].why);
		assert_int_equal(str_utf8_valid(cases[i].text), cases[i].valid);
		if (cases[i].valid)
			assert_int_equal(str_utf8_count(cases[i].text), cases[i].count);
	}
}

static void
str_utf8_next_reads_one_code_point(void **state)
{
	static const struct {
		str text;
		size_t bytes;
		int32_t point;
	} cases[] = {
		{ STR_INIT(""), 0, 0 },
		{ STR_INIT("ab"), 1, 'a' },
		{ STR_INIT("\xc2\x9b;"), 2, 0x9b },
		{ STR_INIT("\xe2\x82\xac;"), 3, 0x20ac },
		{ STR_INIT("\xf0\x9f\x94\x91"), 4, 0x1f511 },
		{ STR_INIT("\xf4\x8f\xbf\xbf"), 4, 0x10ffff },
		{ STR_INIT("\xe2\x82"), 0, 0 },
		{ STR_INIT("\xffz"), 0, 0 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		int32_t point = -1;
		assert_int_equal(str_utf8_next(cases[i].text, &point), cases[i].bytes);
		assert_int_equal(point, cases[i].point);
	}
}

static void
str_utf8_upto_cuts_between_code_points(void **state)
{
	static const struct {
		str text;
		size_t max;
		str expected;
	} cases[] = {
		{ STR_INIT("abc"), 5, STR_INIT("abc") },
		{ STR_INIT("abc"), 2, STR_INIT("ab") },
		{ STR_INIT("a\xc3\xa9"), 2, STR_INIT("a") },
		{ STR_INIT("a\xc3\xa9"), 3, STR_INIT("a\xc3\xa9") },
		{ STR_INIT("\xf0\x9f\x94\x91"), 3, STR_INIT("") },
		{ STR_INIT("\xf0\x9f\x94\x91"), 1, STR_INIT("") },
		{ STR_INIT("\xe2\x82\xac\xe2\x82\xac"), 5, STR_INIT("\xe2\x82\xac") },
		{ STR_INIT("\x80\x80\x80\x80\x80"), 4, STR_INIT("\x80\x80\x80\x80") },
		{ STR_INIT("a\xff\xff"), 2, STR_INIT("a\xff") },
		{ STR_INIT("abc"), 0, STR_INIT("") },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_true(str_equal(str_utf8_upto(cases[i].text, cases[i].max), cases[i].expected));
}

static void
str_point_misleads_finds_misleading_code_points(void **state)
{
	static const int32_t misleads[] = { 0,      '\n',   0x1b,   0x1f,   0x7f,   0x80,   0x9b,   0x9f,  0x061c,
					    0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069 };
	static const int32_t shown[] = { ' ',    '~',    0xa0,   0xe9,   0x061b, 0x061d, 0x200d,
					 0x2010, 0x2027, 0x202f, 0x2065, 0x206a, 0x1f511 };

	for (size_t i = 0; i < COUNT(misleads); i++)
		assert_true(str_point_misleads(misleads[i]));
	for (size_t i = 0; i < COUNT(shown); i++)
		assert_false(str_point_misleads(shown[i]));
}

static void
str_cut_gives_every_part_once(void **state)
{
	str rest = STR("a,,b,");
	static const char *const parts[] = { "a", "", "b", "" };

	for (size_t i = 0; i < COUNT(parts); i++) {
		assert_non_null(rest.p);
		assert_true(str_equal(str_cut(&rest, ','), str_of(parts[i])));
	}
	assert_null(rest.p);
	rest = STR("whole");
	assert_true(str_equal(str_cut(&rest, ','), STR("whole")));
	assert_null(rest.p);
	assert_int_equal(rest.n, 0);
}

static void
str_cut_last_gives_every_part_from_the_end(void **state)
{
	str rest = STR(",a,,b");
	static const char *const parts[] = { "b", "", "a", "" };

	for (size_t i = 0; i < COUNT(parts); i++) {
		assert_non_null(rest.p);
		assert_true(str_equal(str_cut_last(&rest, ','), str_of(parts[i])));
	}
	assert_null(rest.p);
	rest = STR("whole");
	assert_true(str_equal(str_cut_last(&rest, ','), STR("whole")));
	assert_null(rest.p);
	assert_int_equal(rest.n, 0);
}

static void
str_compares_bytes_and_folds_ascii_only(void **state)
{
	assert_true(str_equal(STR("a\0b"), STR("a\0b")));
	assert_false(str_equal(STR("a\0b"), STR("a\0c")));
	assert_false(str_equal(STR("ab"), STR("a")));
	assert_true(str_equal((str){ 0 }, STR("")));
	assert_true(str_equal_nocase(STR("AbZ09"), STR("aBz09")));
	assert_false(str_equal_nocase(STR("\xc3\x89"), STR("\xc3\xa9"))); /* É, é */
	assert_false(str_equal_nocase(STR("["), STR("{")));               /* bytes next to the letters */
	assert_false(str_equal_nocase(STR("@"), STR("`")));
}

static void
str_orders_by_bytes_then_by_length(void **state)
{
	static const str ordered[] = {
		{ 0 }, STR("Anna"), STR("a"), STR("a\0"), STR("a\0b"), STR("anna"), STR("\xc3")
	};

	for (size_t i = 0; i < COUNT(ordered); i++)
		for (size_t j = 0; j < COUNT(ordered); j++) {
			int order = str_compare(ordered[i], ordered[j]);
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	assert_int_equal(str_compare((str){ 0 }, STR("")), 0);
}

static void
str_finds_beginnings_and_ends(void **state)
{
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_true(str_starts(STR("abc"), STR("")));
	assert_false(str_starts(STR("ab"), STR("abc")));
	assert_true(str_ends(STR("abc"), STR("bc")));
	assert_false(str_ends(STR("bc"), STR("abc")));
	assert_true(str_has_byte(STR("a\0b"), '\0'));
	assert_false(str_has_byte(STR("ab"), '\0'));
	assert_false(str_has_byte((str){ 0 }, 'a'));
}

static void
str_trims_and_cuts_within_its_bounds(void **state)
{
	assert_true(str_equal(str_trim(STR(" \t\r\n a b \v\f")), STR("a b")));
	assert_int_equal(str_trim(STR(" \n ")).n, 0);
	assert_true(str_equal(str_from(STR("abc"), 1), STR("bc")));
	assert_int_equal(str_from(STR("abc"), 3).n, 0);
	assert_int_equal(str_from(STR("abc"), 99).n, 0);
	assert_true(str_equal(str_upto(STR("abc"), 2), STR("ab")));
	assert_true(str_equal(str_upto(STR("abc"), 99), STR("abc")));
	assert_int_equal(str_of(NULL).n, 0);
}

static void
str_copy_z_refuses_texts_that_would_change(void **state)
{
	char text[4] = "old";

	assert_int_equal(str_copy_z(STR("abcd"), text, sizeof(text)), ERR_TOO_LONG);
	assert_int_equal(str_copy_z(STR("a\0b"), text, sizeof(text)), ERR_INVALID);
	assert_string_equal(text, "old");
	assert_int_equal(str_copy_z(STR("abc"), text, sizeof(text)), ERR_OK);
	assert_string_equal(text, "abc");
	assert_int_equal(str_copy_z(STR(""), text, sizeof(text)), ERR_OK);
	assert_string_equal(text, "");
	assert_int_equal(str_copy_z(STR(""), text, 0), ERR_TOO_LONG);
}

static void
str_base64url_reads_one_text_for_the_same_bytes(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *bytes; /* NULL: refused */
	} cases[] = {
		{ "", 0, "" },
		{ "Zg", 1, "f" },
		{ "Zm8", 2, "fo" },
		{ "Zm9v", 3, "foo" },
		{ "Zm9vYg", 4, "foob" },
		{ "-_-_", 3, "\xfb\xff\xbf" },
		{ "Zm9vYmE", 5, "fooba" },
		{ "Zm9vYmFy", 6, "foobar" }, /* the rows so far: RFC 4648 s10 without padding */
		{ "Zh", 1, NULL },
		{ "Zm9", 2, NULL },
		{ "Zg==", 1, NULL },
		{ "Z", 1, NULL },
		{ "Zm9v", 2, NULL },
		{ "Zm9v", 4, NULL },
		{ "+/+/", 3, NULL },
		{ "Zm 9", 3, NULL },
		{ "Zm9\n", 3, NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char bytes[8] = "";
		err e = str_base64url(str_of(cases[i].text), bytes, cases[i].n);
		if ((e == ERR_OK) != (cases[i].bytes != NULL))
			fail_msg("\"%s\", %zu: %s", cases[i].text, cases[i].n, err_name(e));
		if (e == ERR_OK)
			assert_memory_equal(bytes, cases[i].bytes, cases[i].n);
	}
}

static size_t
plain_bytes(const char *text, size_t n)
{
	size_t at = 0;

	while (at < n && memchr("\"&'<>", text[at], 5) == NULL)
		at++;
	return at;
}

static void
str_html_plain_ends_at_the_first_special_byte(void **state)
{
	char text[40];

	for (int byte = 0; byte < 256; byte++)
		for (size_t n = 1; n <= sizeof(text); n++)
			for (size_t at = 0; at < n; at++) {
				memset(text, 'x', sizeof(text));
				text[at] = (char)byte;
				text[n - 1] = n % 2 == 0 ? '<' : text[n - 1];
				if (str_html_plain(str_bytes(text, n)) != plain_bytes(text, n))
					fail_msg("byte %02x at %zu of %zu", byte, at, n);
			}
	assert_int_equal(str_html_plain(STR("")), 0);
}

/* Every byte at every position of texts of up to 40 bytes. */
static void
str_has_control_finds_control_bytes_at_any_position(void **state)
{
	char text[40]; /* longer than two vectors of 16 bytes */

	for (size_t n = 0; n <= sizeof(text); n++)
		for (size_t at = 0; at < n; at++)
			for (unsigned byte = 0; byte < 256; byte++) {
				memset(text, at % 2 == 0 ? 0xff : ' ', n);
				text[at] = (char)byte;
				if (str_has_control(str_bytes(text, n)) != (byte < 0x20 || byte == 0x7f))
					fail_msg("%u at %zu of %zu", byte, at, n);
			}
	assert_false(str_has_control((str){ 0 }));
}

static void
str_visible_z_escapes_misleading_text(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *form, *why;
	} cases[] = {
		{ "anna", 4, "anna", "letters of ASCII stay" },
		{ "caf\xc3\xa9 \xe6\x97\xa5", 9, "caf\xc3\xa9 \xe6\x97\xa5", "other letters stay" },
		{ "\x1b[2J", 4, "\\u001b[2J", "ESC" },
		{ "a\nb", 3, "a\\u000ab", "a line end is escaped" },
		{ "a\0b", 3, "a\\u0000b", "a NUL does not end the text" },
		{ "\xc2\x9b", 2, "\\u009b", "C1" },
		{ "\x9b", 1, "\\x9b", "a control character of C1 as a byte" },
		{ "\xe2\x80\xae", 3, "\\u202e", "an override of the text direction" },
		{ "\xe2\x80", 2, "\\xe2\\x80", "half of that override" },
		{ "\\u001b", 6, "\\u001b", "visible text stays unchanged" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char form[64];
		str_visible_z(str_bytes(cases[i].text, cases[i].n), form, sizeof(form));
		unit_note("%s", cases[i].why);
		assert_string_equal(form, cases[i].form);
		assert_true(str_is_visible(str_of(form)));
		assert_true(str_is_visible(str_bytes(cases[i].text, cases[i].n)) ==
			    str_equal(str_of(form), str_bytes(cases[i].text, cases[i].n)));
	}
}

static void
str_visible_z_cuts_between_forms(void **state)
{
	static const char *const cut[] = { "", "a", "a", "a", "a", "a", "a", "a\\u001b", "a\\u001bb" };
	char form[16];

	for (size_t size = 1; size <= COUNT(cut); size++) {
		str_visible_z(STR("a\x1b"
				  "b"),
			      form, size);
		assert_string_equal(form, cut[size - 1]);
	}
}

static void
str_hex_pair_takes_two_digits_and_nothing_else(void **state)
{
	static const char *const wrong[] = { "", "0", "000", "g0", "0g", "%4", " 4", "4 ", "-1", "0x" };
	char byte = 'x';

	assert_true(str_hex_pair(STR("4a"), &byte) && byte == 'J');
	assert_true(str_hex_pair(STR("4A"), &byte) && byte == 'J');
	assert_true(str_hex_pair(STR("fF"), &byte) && (unsigned char)byte == 0xff);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_false(str_hex_pair(str_of(wrong[i]), &byte));
	assert_int_equal((unsigned char)byte, 0xff);
}

static void
str_hex_reads_one_text_for_the_same_bytes(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *bytes; /* NULL: refused */
	} cases[] = {
		{ "", 0, "" },         { "666f6f626172", 6, "foobar" }, /* RFC 4648 s10, in lower case */
		{ "66", 1, "f" },      { "09af", 2, "\x09\xaf" },
		{ "66", 2, NULL },     { "666f", 1, NULL },
		{ "666", 1, NULL },    { "666", 2, NULL },
		{ "666F", 2, NULL },   { "6G", 1, NULL },
		{ "0x", 1, NULL },     { " 6", 1, NULL },
		{ "6:", 1, NULL },     { "`6", 1, NULL },
		{ "666f\n", 2, NULL }, { "6/", 1, NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char bytes[8] = "", again[16];
		err e = str_hex(str_of(cases[i].text), bytes, cases[i].n);
		if ((e == ERR_OK) != (cases[i].bytes != NULL))
			fail_msg("\"%s\", %zu: %s", cases[i].text, cases[i].n, err_name(e));
		if (e != ERR_OK)
			continue;
		assert_memory_equal(bytes, cases[i].bytes, cases[i].n);
		str_hex_write(bytes, cases[i].n, again);
		assert_memory_equal(again, cases[i].text, 2 * cases[i].n);
	}
}

static void
str_base64_reads_unpadded_text_up_to_a_maximum(void **state)
{
	static const struct {
		const char *text;
		size_t max;
		const char *bytes; /* NULL: refused */
	} cases[] = {
		/* RFC 4648 s10 without padding */
		{ "", 6, "" },
		{ "Zg", 6, "f" },
		{ "Zm8", 6, "fo" },
		{ "Zm9v", 6, "foo" },
		{ "Zm9vYg", 6, "foob" },
		{ "Zm9vYmE", 6, "fooba" },
		{ "Zm9vYmFy", 6, "foobar" },
		{ "+/+/", 6, "\xfb\xff\xbf" },
		{ "Zm9vYmFy", 5, NULL }, /* over the maximum */
		{ "Zg", 0, NULL },
		{ "A", 6, NULL }, /* an encoded text never has this length */
		{ "Zm9vA", 6, NULL },
		{ "Zg==", 6, NULL }, /* padding */
		{ "Zm8=", 6, NULL },
		{ "-_-_", 6, NULL }, /* the other alphabet */
		{ "Zh", 6, NULL },   /* spare bits: RFC 4648 s3.5 */
		{ "Zm9", 6, NULL },
		{ "Zm 9", 6, NULL },
		{ "Zm9\n", 6, NULL },
		{ "Zm9\x80", 6, NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char bytes[8] = "";
		size_t n = 99;
		err e = str_base64(str_of(cases[i].text), cases[i].max, bytes, &n);
		if ((e == ERR_OK) != (cases[i].bytes != NULL))
			fail_msg("\"%s\", %zu: %s", cases[i].text, cases[i].max, err_name(e));
		assert_int_equal(n, e == ERR_OK ? strlen(cases[i].bytes) : 99);
		if (e == ERR_OK)
			assert_memory_equal(bytes, cases[i].bytes, n);
	}
}

/* Decode the whole text; false when it is refused. */
static bool
decode_all(bool (*next)(str, size_t *, char *), str text, char *out, size_t *ret_n)
{
	*ret_n = 0;
	for (size_t at = 0; at < text.n;)
		if (!next(text, &at, &out[(*ret_n)++]))
			return false;
	return true;
}

static void
str_percent_next_decodes_whole_sequences_only(void **state)
{
	static const struct {
		str text, uri, form; /* uri.p NULL: both functions refuse the text */
		const char *why;
	} cases[] = {
		{ STR_INIT("a%20b"), STR_INIT("a b"), STR_INIT("a b"), "RFC 3986 s2.1" },
		{ STR_INIT("%7Esmith%2F%2f"), STR_INIT("~smith//"), STR_INIT("~smith//"),
		  "s6.2.2.2, digits in either case" },
		{ STR_INIT("%E3%82%A2"), STR_INIT("\xe3\x82\xa2"), STR_INIT("\xe3\x82\xa2"),
		  "s2.5: KATAKANA LETTER A" },
		{ STR_INIT("a+b%2B"), STR_INIT("a+b+"), STR_INIT("a b+"),
		  "URL Standard s5.1: '+' in a form is a space" },
		{ STR_INIT("%25%32%30"), STR_INIT("%20"), STR_INIT("%20"), "s2.4: never decoded twice" },
		{ STR_INIT("%00"), STR_INIT("\0"), STR_INIT("\0"), "NUL is decoded: the caller decides" },
		{ STR_INIT(""), STR_INIT(""), STR_INIT(""), "nothing" },
		{ STR_INIT("%"), { 0 }, { 0 }, "no digits" },
		{ STR_INIT("a%"), { 0 }, { 0 }, "no digits at the end" },
		{ STR_INIT("%4"), { 0 }, { 0 }, "one digit" },
		{ STR_INIT("%4g"), { 0 }, { 0 }, "one digit and a letter" },
		{ STR_INIT("%%41"), { 0 }, { 0 }, "a percent sign alone" },
		{ STR_INIT("%+4"), { 0 }, { 0 }, "a sign is not a digit" },
		{ STR_INIT("% 4"), { 0 }, { 0 }, "a space is not a digit" },
		{ STR_INIT("%u0041"), { 0 }, { 0 }, "not JavaScript's escape()" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char uri[16], form[16];
		size_t uri_n, form_n;
		bool good = decode_all(str_percent_next, cases[i].text, uri, &uri_n);
		unit_note("%s", cases[i].why);
		assert_int_equal(decode_all(str_form_next, cases[i].text, form, &form_n), good);
		assert_int_equal(good, cases[i].uri.p != NULL);
		assert_true(!good || str_equal(str_bytes(uri, uri_n), cases[i].uri));
		assert_true(!good || str_equal(str_bytes(form, form_n), cases[i].form));
	}
}

/* The text is the beginning of a longer buffer: bytes after its end must not be read. */
static void
str_percent_next_reads_no_digit_after_the_text(void **state)
{
	size_t at = 0;
	char byte;

	assert_false(str_percent_next(str_upto(STR("%41"), 2), &at, &byte));
	at = 0;
	assert_false(str_form_next(str_upto(STR("%41"), 1), &at, &byte));
}

static void
str_without_bom_drops_one_mark_of_utf_8(void **state)
{
	assert_true(str_equal(str_without_bom(STR("\xef\xbb\xbf"
						  "a")),
			      STR("a")));
	assert_true(str_equal(str_without_bom(STR("a\xef\xbb\xbf")), STR("a\xef\xbb\xbf")));
	assert_true(str_equal(str_without_bom(STR("\xef\xbb")), STR("\xef\xbb")));
	assert_int_equal(str_without_bom(STR("\xef\xbb\xbf")).n, 0);
	assert_int_equal(str_without_bom((str){ 0 }).n, 0);
	assert_true(str_is_utf16(STR("\xff\xfe"
				     "a\0")));
	assert_true(str_is_utf16(STR("\xfe\xff\0a")));
	assert_true(str_is_utf16(STR("\0\0\xfe\xff")));
	assert_false(str_is_utf16(STR("\xef\xbb\xbf")));
	assert_false(str_is_utf16(STR("\xff")));
	assert_false(str_is_utf16((str){ 0 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(str_without_bom_drops_one_mark_of_utf_8),
		cmocka_unit_test(str_number_takes_plain_decimals_up_to_a_maximum),
		cmocka_unit_test(str_number_write_gives_the_digits_back),
		cmocka_unit_test(str_utf8_valid_follows_rfc_3629),
		cmocka_unit_test(str_utf8_next_reads_one_code_point),
		cmocka_unit_test(str_utf8_upto_cuts_between_code_points),
		cmocka_unit_test(str_point_misleads_finds_misleading_code_points),
		cmocka_unit_test(str_visible_z_escapes_misleading_text),
		cmocka_unit_test(str_visible_z_cuts_between_forms),
		cmocka_unit_test(str_cut_gives_every_part_once),
		cmocka_unit_test(str_cut_last_gives_every_part_from_the_end),
		cmocka_unit_test(str_compares_bytes_and_folds_ascii_only),
		cmocka_unit_test(str_orders_by_bytes_then_by_length),
		cmocka_unit_test(str_finds_beginnings_and_ends),
		cmocka_unit_test(str_trims_and_cuts_within_its_bounds),
		cmocka_unit_test(str_html_plain_ends_at_the_first_special_byte),
		cmocka_unit_test(str_has_control_finds_control_bytes_at_any_position),
		cmocka_unit_test(str_hex_pair_takes_two_digits_and_nothing_else),
		cmocka_unit_test(str_hex_reads_one_text_for_the_same_bytes),
		cmocka_unit_test(str_base64_reads_unpadded_text_up_to_a_maximum),
		cmocka_unit_test(str_percent_next_decodes_whole_sequences_only),
		cmocka_unit_test(str_percent_next_reads_no_digit_after_the_text),
		cmocka_unit_test(str_base64url_reads_one_text_for_the_same_bytes),
		cmocka_unit_test(str_copy_z_refuses_texts_that_would_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
