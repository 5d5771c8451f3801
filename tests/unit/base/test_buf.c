/* Growing buffers: their maximum, their first failure, and the escapes for HTML, JSON, URLs and base64. */
#include "unit.h"

#include "base/fault.h"
#include "base/buf.h"
#include "base/mem.h"

static void
assert_buf(struct buf *b, const char *expected)
{
	assert_int_equal(buf_check(b), ERR_OK);
	assert_int_equal(buf_str(b).n, strlen(expected));
	assert_memory_equal(buf_str(b).p, expected, strlen(expected));
}

static void
buf_grows_to_its_maximum_and_not_beyond(void **state)
{
	CLEANUP(buf_wipe) struct buf b = BUF(1000);

	for (int i = 0; i < 1000; i++)
		buf_put_byte(&b, (char)('a' + i % 26));
	assert_int_equal(buf_check(&b), ERR_OK);
	assert_int_equal(b.n, 1000);
	assert_int_equal(b.p[999], 'a' + 999 % 26);
	buf_put_byte(&b, 'x');
	assert_int_equal(buf_check(&b), ERR_TOO_LONG);
	assert_int_equal(b.n, 1000);
}

static void
buf_keeps_its_first_failure_until_cleared(void **state)
{
	CLEANUP(buf_wipe) struct buf b = BUF(4);

	buf_put(&b, STR("12345"));
	buf_put(&b, STR("1"));
	assert_int_equal(buf_check(&b), ERR_TOO_LONG);
	assert_int_equal(b.n, 0);
	buf_clear(&b);
	buf_put(&b, STR("1234"));
	assert_buf(&b, "1234");
}

static void
buf_room_refuses_a_size_that_would_wrap_round(void **state)
{
	CLEANUP(buf_wipe) struct buf b = BUF(100);

	buf_put(&b, STR("abc"));
	assert_null(buf_room(&b, SIZE_MAX - 1));
	assert_int_equal(buf_check(&b), ERR_TOO_LONG);
}

static void
buf_printf_formats_and_refuses_a_truncated_text(void **state)
{
	CLEANUP(buf_wipe) struct buf b = BUF(4096);
	char longer[600];

	buf_printf(&b, "%s=%d;", "n", -7);
	buf_put_number(&b, INT64_MIN);
	assert_buf(&b, "n=-7;-9223372036854775808");
	buf_clear(&b);
	buf_put_number(&b, INT64_MAX);
	buf_put_number(&b, 0);
	buf_put_digits(&b, 7, 2);
	buf_put_digits(&b, 20261, 4);
	buf_put_digits(&b, 4294967295, 10);
	assert_buf(&b, "922337203685477580700702614294967295");
	buf_clear(&b);
	buf_printf(&b, "n=-7;-9223372036854775808");
	memset(longer, 'x', sizeof(longer));
	longer[599] = '\0';
	buf_printf(&b, "%s", longer);
	assert_int_equal(buf_check(&b), ERR_TOO_LONG);
}

typedef void (*put_escaped)(struct buf *b, str s);

static void
buf_escapes_by_the_rules_of_each_language(void **state)
{
	static const struct {
		put_escaped put;
		str text;
		const char *expected, *why;
	} cases[] = {
		{ buf_put_html, STR_INIT("<a href=\"x\">'&'</a>"),
		  "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;", "all five, in text and in attributes" },
		{ buf_put_html, STR_INIT("\xc3\xa9"), "\xc3\xa9", "other bytes stay unchanged" },
		{ buf_put_html, STR_INIT(""), "", "nothing" },
		{ buf_put_percent, STR_INIT("aZ0-._~"), "aZ0-._~", "RFC 3986 s2.3: unreserved" },
		{ buf_put_percent, STR_INIT("a b/\xc3\xa9+%"), "a%20b%2F%C3%A9%2B%25",
		  "all other bytes, upper-case hex" },
		{ buf_put_base64, STR_INIT(""), "", "RFC 4648 s10" },
		{ buf_put_base64, STR_INIT("f"), "Zg==", "RFC 4648 s10" },
		{ buf_put_base64, STR_INIT("fo"), "Zm8=", "RFC 4648 s10" },
		{ buf_put_base64, STR_INIT("foo"), "Zm9v", "RFC 4648 s10" },
		{ buf_put_base64, STR_INIT("foob"), "Zm9vYg==", "RFC 4648 s10" },
		{ buf_put_base64, STR_INIT("fooba"), "Zm9vYmE=", "RFC 4648 s10" },
		{ buf_put_base64, STR_INIT("foobar"), "Zm9vYmFy", "RFC 4648 s10" },
		{ buf_put_base64, STR_INIT("\xfb\xff\xfe"), "+//+", "the two letters that differ" },
		{ buf_put_base64_unpadded, STR_INIT("\xfb\xff\xfe"), "+//+", "the alphabet of base64" },
		{ buf_put_base64_unpadded, STR_INIT("foob"), "Zm9vYg", "RFC 4648 s3.2: no padding" },
		{ buf_put_base64_unpadded, STR_INIT("fooba"), "Zm9vYmE", "RFC 4648 s3.2: no padding" },
		{ buf_put_base64url, STR_INIT("\xfb\xff\xfe"), "-__-", "the two letters that differ" },
		{ buf_put_base64url, STR_INIT("fooba"), "Zm9vYmE", "without padding" },
		{ buf_put_base64url, STR_INIT("f"), "Zg", "without padding" },
		{ buf_put_hex, STR_INIT("foobar"), "666f6f626172", "RFC 4648 s10, in lower case" },
		{ buf_put_hex, STR_INIT("\x00\x7f\xff"), "007fff", "two lower-case digits each" },
		{ buf_put_json, STR_INIT("a\"b\\c"), "\"a\\\"b\\\\c\"", "RFC 8259 s7" },
		{ buf_put_json, STR_INIT("\n\t\r\x00\x7f"), "\"\\n\\t\\u000d\\u0000\\u007f\"", "control bytes" },
		{ buf_put_json, STR_INIT(" !#[]~\"a"), "\" !#[]~\\\"a\"", "plain bytes up to one that is not" },
		{ buf_put_json, STR_INIT("\xc3\xa9"), "\"\xc3\xa9\"", "UTF-8 stays unchanged" },
		{ buf_put_json, STR_INIT("a\xffz"), "\"a\xef\xbf\xbdz\"", "invalid UTF-8 is replaced" },
		{ buf_put_json, STR_INIT("\xc3\xa9\xc3"), "\"\xc3\xa9\xef\xbf\xbd\"", "and only the invalid byte" },
		{ buf_put_json, STR_INIT("\xc2\x9b"), "\"\\u009b\"", "a control character of C1" },
		{ buf_put_json, STR_INIT("\xe2\x80\xae"), "\"\\u202e\"", "an override of the direction of text" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(buf_wipe) struct buf b = BUF(1024);
		unit_note("%s", cases[i].why);
		cases[i].put(&b, cases[i].text);
		assert_buf(&b, cases[i].expected);
	}
}

static void
buf_clear_wipes_its_content(void **state)
{
	CLEANUP(buf_wipe) struct buf b = BUF(100);

	buf_put(&b, STR("password"));
	char *p = b.p;
	buf_clear(&b);
	for (int i = 0; i < 8; i++)
		assert_int_equal(p[i], 0);
}

#ifdef DOUBLETOUR_TEST_HOOKS
static void
buf_keeps_a_memory_failure(void **state)
{
	CLEANUP(buf_wipe) struct buf b = BUF(10000);

	buf_put(&b, STR("kept"));
	fault_set(FAULT_MEMORY, 1, false);
	for (int i = 0; i < 1000; i++)
		buf_put_byte(&b, 'x');
	fault_set(FAULT_MEMORY, 0, false);
	assert_int_equal(buf_check(&b), ERR_MEMORY);
	assert_memory_equal(b.p, "kept", 4);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_grows_to_its_maximum_and_not_beyond),
		cmocka_unit_test(buf_keeps_its_first_failure_until_cleared),
		cmocka_unit_test(buf_room_refuses_a_size_that_would_wrap_round),
		cmocka_unit_test(buf_printf_formats_and_refuses_a_truncated_text),
		cmocka_unit_test(buf_escapes_by_the_rules_of_each_language),
		cmocka_unit_test(buf_clear_wipes_its_content),
#ifdef DOUBLETOUR_TEST_HOOKS
		cmocka_unit_test(buf_keeps_a_memory_failure),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
