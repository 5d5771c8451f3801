/* Kinds of paths: spellings of each kind, and properties of all spellings. */
#include "unit.h"

#include "base/uri_path.h"

#include <string.h>

#define MALFORMED URI_PATH_MALFORMED
#define DOTS URI_PATH_DOTS
#define AMBIGUOUS URI_PATH_AMBIGUOUS
#define ENCODED URI_PATH_ENCODED
#define LITERAL URI_PATH_LITERAL

static const struct {
	const char *raw;
	enum uri_path_kind kind;
	size_t certain; /* bytes of an ambiguous path */
	const char *why;
} cases[] = {
	{ "/", LITERAL, 0, "the home page" },
	{ "/login", LITERAL, 0, "a page" },
	{ "/a/b/", LITERAL, 0, "a slash at the end" },
	{ "/.doubletour/enter", LITERAL, 0, "a name that begins with a dot" },
	{ "/..a/.b/c./d..", LITERAL, 0, "dots beside other letters" },
	{ "/..%20a", ENCODED, 0, "dots and a space before a name" },
	{ "/...%00", AMBIGUOUS, 4, "three dots before a NUL" },
	{ "/;../a", AMBIGUOUS, 1, "dots among parameters" },
	{ "/.../....", LITERAL, 0, "three or four dots are a name" },
	{ "/a+b,c=d&e@f:g!h$i'j(k)l*m~n-o_p", LITERAL, 0, "bytes that need no encoding" },
	{ "/\"<>^`{|}", LITERAL, 0, "bytes that clients should encode" },

	{ "/caf%C3%A9", ENCODED, 0, "an accent" },
	{ "/caf\xc3\xa9", ENCODED, 0, "an accent, not encoded" },
	{ "/a%20b", ENCODED, 0, "a space" },
	{ "/%61pi/verify", ENCODED, 0, "a letter that needs no encoding" },
	{ "/%2edoubletour/enter", ENCODED, 0, "the dot of a name" },
	{ "/.doubletour/ente%72", ENCODED, 0, "an encoded last letter" },

	{ "//", AMBIGUOUS, 1, "two slashes" },
	{ "/a//b", AMBIGUOUS, 3, "an empty segment" },
	{ "/a//", AMBIGUOUS, 3, "an empty segment before the last" },
	{ "/a%2Fb", AMBIGUOUS, 2, "an encoded slash" },
	{ "/a%2f", AMBIGUOUS, 2, "an encoded slash at the end" },
	{ "/a/%2fb", AMBIGUOUS, 3, "an encoded slash after a slash" },
	{ "/a\\b", AMBIGUOUS, 2, "a backslash" },
	{ "/a%5cb", AMBIGUOUS, 2, "an encoded backslash" },
	{ "/a;b", AMBIGUOUS, 2, "parameters" },
	{ "/a%3Bb", AMBIGUOUS, 2, "encoded parameters" },
	{ "/app;jsessionid=1", AMBIGUOUS, 4, "a session in the path" },
	{ "/a%3fb", AMBIGUOUS, 2, "an encoded question mark" },
	{ "/a%23b", AMBIGUOUS, 2, "an encoded number sign" },
	{ "/a%2541", AMBIGUOUS, 2, "encoded twice" },
	{ "/a%252fb", AMBIGUOUS, 2, "a slash encoded twice" },
	{ "/a%00", AMBIGUOUS, 2, "a NUL" },
	{ "/a%0d%0ab", AMBIGUOUS, 2, "a line end" },
	{ "/a%7fb", AMBIGUOUS, 2, "DEL" },
	{ "/a\tb", AMBIGUOUS, 2, "a tab, not encoded" },
	{ "/a%ffb", AMBIGUOUS, 0, "no UTF-8" },
	{ "/a\xff", AMBIGUOUS, 0, "invalid UTF-8, not encoded" },
	{ "/a%c0%afb", AMBIGUOUS, 0, "a slash in overlong UTF-8" },
	{ "/caf%c3%a9/%2f", AMBIGUOUS, 4, "the certain part ends before the accent" },
	{ "/%61/b//", AMBIGUOUS, 5, "an encoded letter is certain" },

	{ "/.", DOTS, 0, "one dot" },
	{ "/..", DOTS, 0, "two dots" },
	{ "/./a", DOTS, 0, "a dot segment at the beginning" },
	{ "/a/../b", DOTS, 0, "two dots in the middle" },
	{ "/a/..", DOTS, 0, "two dots at the end" },
	{ "/a/.", DOTS, 0, "one dot at the end" },
	{ "/%2e", DOTS, 0, "an encoded dot" },
	{ "/a/%2e%2E/b", DOTS, 0, "two encoded dots" },
	{ "/a/.%2e/b", DOTS, 0, "the first of two dots encoded" },
	{ "/a/%2e./b", DOTS, 0, "the second of two dots encoded" },
	{ "/api/verify/..%2f..%2f.doubletour/enter", DOTS, 0, "encoded slashes after dots" },
	{ "/a%2f..%2fb", DOTS, 0, "encoded slashes around dots" },
	{ "/a/..%5cb", DOTS, 0, "a backslash after dots" },
	{ "/a\\..\\b", DOTS, 0, "backslashes around dots" },
	{ "/a/%252e%252e/b", DOTS, 0, "dots encoded twice" },
	{ "/a/%25252e%25252e/b", DOTS, 0, "dots encoded three times" },
	{ "/a/%25%32%65%25%32%65/b", DOTS, 0, "a sequence of encoded letters" },
	{ "/a/..%252fb", DOTS, 0, "a slash encoded twice after dots" },
	{ "/a/..;/b", DOTS, 0, "parameters after dots" },
	{ "/a/..;x=1/b", DOTS, 0, "parameters with a value" },
	{ "/a/..%3b/b", DOTS, 0, "encoded" },
	{ "/a/.;/b", DOTS, 0, "parameters after one dot" },
	{ "/a/..%00/b", DOTS, 0, "a NUL after dots" },
	{ "/a/..%3f", DOTS, 0, "an encoded question mark after dots" },
	{ "/a/..%23", DOTS, 0, "an encoded number sign after dots" },
	{ "/a/..%20/b", DOTS, 0, "a space after dots" },
	{ "/a/..%0a/b", DOTS, 0, "a line end after dots" },
	{ "/a/%0a../b", DOTS, 0, "a line end before dots" },
	{ "/a/.%00./b", DOTS, 0, "a NUL between dots" },
	{ "/a/%20../b", DOTS, 0, "a space before dots" },
	{ "/a/%c0%ae%c0%ae/b", DOTS, 0, "dots in overlong UTF-8" },
	{ "/a/%e0%80%ae%e0%80%ae/b", DOTS, 0, "overlong UTF-8 of three bytes" },
	{ "/a/%f0%80%80%ae./b", DOTS, 0, "overlong UTF-8 of four bytes" },
	{ "/a/..%c0%afb", DOTS, 0, "an overlong slash after dots" },
	{ "/a/..%e0%80%afb", DOTS, 0, "overlong UTF-8 of three bytes" },
	{ "/a/%25c0%25ae./b", DOTS, 0, "overlong and encoded twice" },
	{ "/a/.%c1%9c../b", DOTS, 0, "an overlong backslash between dots" },
	{ "//../a", DOTS, 0, "after two slashes" },

	{ "", MALFORMED, 0, "nothing" },
	{ "a", MALFORMED, 0, "no slash at the beginning" },
	{ "\\a", MALFORMED, 0, "a backslash at the beginning" },
	{ "%2fa", MALFORMED, 0, "an encoded slash at the beginning" },
	{ "/%", MALFORMED, 0, "a percent sign alone" },
	{ "/%2", MALFORMED, 0, "half a sequence" },
	{ "/%zz", MALFORMED, 0, "no hex digits" },
	{ "/%2%65", MALFORMED, 0, "a sequence within a sequence" },
	{ "/%%32e", MALFORMED, 0, "a percent sign before a sequence" },
	{ "/%u002e", MALFORMED, 0, "the form of old browsers" },
	{ "/a/../%zz", MALFORMED, 0, "dots before such a sequence" },
};

static void
each_spelling_has_its_kind(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		char decoded[200];
		struct uri_path path = uri_path_read(str_of(cases[i].raw), decoded);
		if (path.kind != cases[i].kind || uri_path_kind(str_of(cases[i].raw)) != cases[i].kind ||
		    (path.kind == AMBIGUOUS && path.certain_bytes != cases[i].certain))
			fail_msg("%s (%s): kind %d, certain %zu", cases[i].why, cases[i].raw, path.kind,
				 path.certain_bytes);
	}
}

/* Each spelling of a dot segment is found at the beginning, in the middle and at the end of a path. */
static void
dot_segments_are_found_at_any_position(void **state)
{
	static const char *const dots[] = { ".", "%2e", "%2E", "%252e", "%25252E", "%c0%ae", "%e0%80%ae" };
	static const char *const before[] = { "/",    "/a/",    "/a%2f",   "/a%5C",      "/a\\",
					      "/a//", "/a/%2f", "/a%252f", "/%e2%82%ac/" };
	static const char *const behind[] = { "",    "/",   "/a",   "%2f", "%5ca", "\\",  ";",     ";x=1/a",
					      "%3b", "%00", "%3fa", "%23", "%20/", "%09", "%252fa" };
	char raw[200];
	unsigned wrong = 0;

	for (size_t i = 0; i < COUNT(before) * COUNT(behind) * COUNT(dots) * (COUNT(dots) + 1); i++) {
		size_t k = i / (COUNT(before) * COUNT(behind));
		const char *second = k / COUNT(dots) == COUNT(dots) ? "" : dots[k / COUNT(dots)];
		snprintf(raw, sizeof(raw), "%s%s%s%s", before[i % COUNT(before)], dots[k % COUNT(dots)], second,
			 behind[i / COUNT(before) % COUNT(behind)]);
		if (uri_path_kind(str_of(raw)) != DOTS && wrong++ == 0)
			print_error("%s\n", raw);
	}
	assert_int_equal(wrong, 0);
}

static void
long_paths_are_malformed_and_take_linear_time(void **state)
{
	static char raw[URI_PATH_MAX_BYTES + 1];
	static char decoded[URI_PATH_MAX_BYTES];

	memset(raw, 'a', sizeof(raw));
	raw[0] = '/';
	assert_int_equal(uri_path_kind(str_bytes(raw, URI_PATH_MAX_BYTES)), LITERAL);
	assert_int_equal(uri_path_kind(str_bytes(raw, sizeof(raw))), MALFORMED);
	assert_int_equal(uri_path_read(str_bytes(raw, sizeof(raw)), decoded).kind, MALFORMED);
	memcpy(raw + 1, "%25", 3);
	for (size_t i = 4; i + 1 < sizeof(raw); i += 2)
		memcpy(raw + i, "25", 2);
	assert_int_equal(uri_path_kind(str_bytes(raw, URI_PATH_MAX_BYTES)), AMBIGUOUS);
}

/* The fast path for plain paths and the full check agree on every pair of bytes within a path. */
static void
fast_and_slow_classification_agree_on_byte_pairs(void **state)
{
	static const char *const around[][2] = { { "/", "" }, { "/a", "b" }, { "/.", "./" }, { "/%2", "e" } };
	char raw[16], decoded[16];

	for (unsigned i = 0; i < COUNT(around) * 65536; i++) {
		size_t n = strlen(around[i >> 16][0]), m = strlen(around[i >> 16][1]);
		memcpy(raw, around[i >> 16][0], n);
		raw[n] = (char)(i >> 8);
		raw[n + 1] = (char)i;
		memcpy(raw + n + 2, around[i >> 16][1], m);
		str text = str_bytes(raw, n + 2 + m);
		enum uri_path_kind kind = uri_path_kind(text);
		if (kind != uri_path_read(text, decoded).kind)
			fail_msg("%u", i);
		if (kind == LITERAL && memchr(text.p, '%', text.n) != NULL)
			fail_msg("%u is not a literal path", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_spelling_has_its_kind),
		cmocka_unit_test(dot_segments_are_found_at_any_position),
		cmocka_unit_test(long_paths_are_malformed_and_take_linear_time),
		cmocka_unit_test(fast_and_slow_classification_agree_on_byte_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
