/* URLs of protected applications: valid, ambiguous and refused ones. */
#include "unit.h"

#include "access/target.h"

#include <string.h>

static const struct {
	const char *url, *host, *path; /* host NULL: refused */
	bool unclear;
	const char *why;
} cases[] = {
	{ "https://wiki.example.org/", "wiki.example.org", "/", false, "the usual" },
	{ "https://wiki.example.org", "wiki.example.org", "/", false, "no path means /" },
	{ "https://wiki.example.org?x=/../y", "wiki.example.org", "/", false, "a query is not examined" },
	{ "wss://wiki.example.org/socket", "wiki.example.org", "/socket", false, "a websocket" },
	{ "HTTPS://WIKI.example.ORG:8443/Page", "wiki.example.org", "/Page", false, "capitals; a port" },
	{ "https://wiki.example.org./", "wiki.example.org", "/", false, "a dot at the end is the same host" },
	{ "https://a_b.example.org/%7Eanna/%C3%A9", "a_b.example.org", "/~anna/\xc3\xa9", false, "decoded once" },
	{ "https://wiki.example.org/a/", "wiki.example.org", "/a/", false, "a slash at the end" },
	{ "https://wiki.example.org/a?b=c\\d", "wiki.example.org", "/a", false, "a backslash in the query" },
	{ "https://wiki.example.org/./a", "wiki.example.org", "/./a", true, "a dot" },
	{ "https://wiki.example.org/a/..", "wiki.example.org", "/a/..", true, "two dots" },
	{ "https://wiki.example.org/a/%2e%2E/b", "wiki.example.org", "/a/../b", true, "encoded dots" },
	{ "https://wiki.example.org/...", "wiki.example.org", "/...", false, "three dots are a name" },
	{ "https://wiki.example.org//a", "wiki.example.org", "//a", true, "an empty segment" },
	{ "https://wiki.example.org/a//", "wiki.example.org", "/a//", true, "an empty segment before the last" },
	{ "https://wiki.example.org/a%2Fb", "wiki.example.org", "/a/b", true, "an encoded slash" },
	{ "https://wiki.example.org/a%5cb", "wiki.example.org", "/a\\b", true, "an encoded backslash" },
	{ "https://wiki.example.org/a%252fb", "wiki.example.org", "/a%2fb", true, "encoded twice" },
	{ "https://wiki.example.org/a;x=1/b", "wiki.example.org", "/a;x=1/b", true, "parameters of a segment" },
	{ "https://wiki.example.org/a%3bx", "wiki.example.org", "/a;x", true, "encoded parameters of a segment" },
	{ "https://wiki.example.org/a%00b", "wiki.example.org", NULL, true, "a NUL, which ends a text in C" },
	{ "https://wiki.example.org/a%0ab", "wiki.example.org", "/a\nb", true, "a line end" },
	{ "https://wiki.example.org/%ff", "wiki.example.org", "/\xff", true, "invalid UTF-8" },
	{ "https://wiki.example.org/%c0%ae", "wiki.example.org", "/\xc0\xae", true, "a dot in overlong UTF-8" },
	{ "http://wiki.example.org/", NULL, NULL, false, "http" },
	{ "ftp://wiki.example.org/", NULL, NULL, false, "another scheme" },
	{ "javascript:alert(1)", NULL, NULL, false, "a script" },
	{ "//wiki.example.org/", NULL, NULL, false, "no scheme" },
	{ "/page", NULL, NULL, false, "a path" },
	{ "", NULL, NULL, false, "nothing" },
	{ "https:/wiki.example.org/", NULL, NULL, false, "one slash" },
	{ "https:///wiki.example.org/", NULL, NULL, false, "three slashes" },
	{ "https://", NULL, NULL, false, "no host" },
	{ "https://anna@wiki.example.org/", NULL, NULL, false, "a name before the host" },
	{ "https://wiki.example.org:443@evil.example/", NULL, NULL, false, "a name that looks like a host" },
	{ "https://wiki.example.org\\@evil.example/", NULL, NULL, false, "a backslash that browsers take for a slash" },
	{ "https://evil.example\\.wiki.example.org/", NULL, NULL, false, "a backslash in the host" },
	{ "https://wiki%2eexample.org/", NULL, NULL, false, "a percent sign in the host" },
	{ "https://[2001:db8::1]/", NULL, NULL, false, "an address in brackets" },
	{ "https://wiki.example.org:0/", NULL, NULL, false, "port 0" },
	{ "https://wiki.example.org../", NULL, NULL, false, "two dots at the end" },
	{ "https://./", NULL, NULL, false, "a dot alone" },
	{ "https://wiki.example.org:443/", "wiki.example.org", "/", false, "the default port" },
	{ "https://wiki.example.org:0443/", "wiki.example.org", "/", false, "zeros before it" },
	{ "https://wiki.example.org:/", "wiki.example.org", "/", false, "no port after the colon: RFC 3986 s3.2.3" },
	{ "https://wiki.example.org::/", NULL, NULL, false, "two colons" },
	{ "https://:/", NULL, NULL, false, "a colon alone" },
	{ "https://wiki.example.org:65536/", NULL, NULL, false, "a port over 65535" },
	{ "https://wiki.example.org:443:1/", NULL, NULL, false, "two ports" },
	{ "https://wiki..example.org/", NULL, NULL, false, "an empty label" },
	{ "https://.example.org/", NULL, NULL, false, "a dot at the beginning" },
	{ "https://w\xc3\xacki.example.org/", NULL, NULL, false, "a host that is not ASCII" },
	{ "https://wiki.example.org/a b", NULL, NULL, false, "a space" },
	{ "https://wiki.example.org/a\tb", NULL, NULL, false, "a tab" },
	{ "https://wiki.example.org/a\nb", NULL, NULL, false, "a line end" },
	{ "https://wiki.example.org/a?b\r\nSet-Cookie: x", NULL, NULL, false, "a line end in the query" },
	{ "https://wiki.example.org/a#b", NULL, NULL, false, "a fragment" },
	{ "https://wiki.example.org/a\\b", NULL, NULL, false, "a backslash in the path" },
	{ "https://wiki.example.org/%", NULL, NULL, false, "a percent sign alone" },
	{ "https://wiki.example.org/%2", NULL, NULL, false, "half of a percent sequence" },
	{ "https://wiki.example.org/%zz", NULL, NULL, false, "an invalid percent sequence" },
	{ "https:// wiki.example.org/", NULL, NULL, false, "a space before the host" },
};

static void
target_read_accepts_only_strict_urls(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
		struct target target = { .unclear = false };
		err e = target_read(str_of(cases[i].url), &arena, &target);
		if ((e == ERR_OK) != (cases[i].host != NULL))
			fail_msg("%s: %s", cases[i].why, err_name(e));
		if (e != ERR_OK)
			continue;
		if (!str_equal(target.host, str_of(cases[i].host)) || target.unclear != cases[i].unclear ||
		    (cases[i].path != NULL && !str_equal(target.path, str_of(cases[i].path))))
			fail_msg("%s: host %.*s path %.*s unclear %d", cases[i].why, STR_ARG(target.host),
				 STR_ARG(target.path), target.unclear);
		if (strstr(cases[i].url, "org./") == NULL)
			assert_true(str_equal(target.url, str_of(cases[i].url)));
	}
}

static void
a_dot_at_the_end_of_the_host_is_dropped(void **state)
{
	static const struct {
		const char *given, *url;
	} dots[] = {
		{ "https://wiki.example.org./", "https://wiki.example.org/" },
		{ "https://Wiki.example.org.:8443/a?b=c.", "https://Wiki.example.org:8443/a?b=c." },
		{ "wss://wiki.example.org.", "wss://wiki.example.org" },
		{ "https://wiki.example.org.?x", "https://wiki.example.org?x" },
		{ "https://wiki.example.org/a./", "https://wiki.example.org/a./" },
	};

	for (size_t i = 0; i < COUNT(dots); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
		struct target target;
		assert_int_equal(target_read(str_of(dots[i].given), &arena, &target), ERR_OK);
		assert_true(str_equal(target.url, str_of(dots[i].url)));
		assert_false(str_ends(target.host, STR(".")) || str_has_byte(target.host, ':'));
	}
}

static void
the_port_belongs_to_the_authority(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	struct target target;

	assert_int_equal(target_read(STR("https://Wiki.example.org:8443/"), &arena, &target), ERR_OK);
	assert_true(str_equal(target.authority, STR("wiki.example.org:8443")));
	assert_true(str_equal(target.host, STR("wiki.example.org")));
}

static void
overlong_addresses_are_refused(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	char url[TARGET_MAX_BYTES + 2];
	struct target target;

	memset(url, 'a', sizeof(url));
	memcpy(url, "https://h.example/", 18);
	assert_int_equal(target_read(str_bytes(url, TARGET_MAX_BYTES), &arena, &target), ERR_OK);
	assert_int_equal(target_read(str_bytes(url, TARGET_MAX_BYTES + 1), &arena, &target), ERR_TOO_LONG);
	memcpy(url, "https://haexample/", 18);
	url[17] = 'a';
	url[300] = '/';
	assert_int_equal(target_read(str_bytes(url, 400), &arena, &target), ERR_TOO_LONG);
}

static void
url_pieces_that_run_into_another_piece_are_refused(void **state)
{
	static const struct {
		const char *scheme, *authority, *path;
		bool good;
	} joins[] = {
		{ "https", "wiki.example.org", "/a?b", true },
		{ "wss", "wiki.example.org:8443", "/", true },
		{ "https", "wiki.example.org", "", true },
		{ "http", "wiki.example.org", "/", false },
		{ "https://evil.example/", "wiki.example.org", "/", false },
		{ "https", "wiki.example.org/public", "/../admin", false },
		{ "https", "wiki.example.org?", "/", false },
		{ "https", "", "/", false },
		{ "https", "", "//evil.example/", false },
		{ "https", "wiki.example.org", "@evil.example/", false },
		{ "https", "wiki.example.org", ".evil.example/", false },
		{ "https", "wiki.example.org", "?x", false },
		{ "", "wiki.example.org", "/", false },
	};

	for (size_t i = 0; i < COUNT(joins); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
		struct target target;
		err e = target_join(str_of(joins[i].scheme), str_of(joins[i].authority), str_of(joins[i].path), &arena,
				    &target);
		if ((e == ERR_OK) != joins[i].good)
			fail_msg("%s %s %s", joins[i].scheme, joins[i].authority, joins[i].path);
	}
}

static void
a_host_is_under_a_domain_at_a_dot_only(void **state)
{
	assert_true(target_under(STR("example.org"), STR("example.org")));
	assert_true(target_under(STR("a.b.example.org"), STR("example.org")));
	assert_false(target_under(STR("evilexample.org"), STR("example.org")));
	assert_false(target_under(STR("example.org.evil"), STR("example.org")));
	assert_false(target_under(STR("org"), STR("example.org")));
	assert_false(target_under(STR("example.org"), STR("")));
}

static void
methods_are_capital_letters(void **state)
{
	assert_true(target_method_good(STR("GET")));
	assert_true(target_method_good(STR("VERSION-CONTROL")));
	assert_false(target_method_good(STR("")));
	assert_false(target_method_good(STR("get")));
	assert_false(target_method_good(STR("GET ")));
	assert_false(target_method_good(STR("G3T")));
	assert_false(target_method_good(STR("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(target_read_accepts_only_strict_urls),
		cmocka_unit_test(a_dot_at_the_end_of_the_host_is_dropped),
		cmocka_unit_test(the_port_belongs_to_the_authority),
		cmocka_unit_test(overlong_addresses_are_refused),
		cmocka_unit_test(url_pieces_that_run_into_another_piece_are_refused),
		cmocka_unit_test(a_host_is_under_a_domain_at_a_dot_only),
		cmocka_unit_test(methods_are_capital_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
