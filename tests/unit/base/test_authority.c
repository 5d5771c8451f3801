/* host[:port] of Host and Origin: valid, refused and equal authorities. */
#include "unit.h"

#include "base/authority.h"

static void
authority_read_takes_a_host_and_perhaps_a_port(void **state)
{
	static const struct {
		const char *text, *host; /* host NULL: refused */
		unsigned port;
		const char *why;
	} cases[] = {
		{ "login.example.org", "login.example.org", 443, "no port means the default port" },
		{ "login.example.org:443", "login.example.org", 443, "the default port" },
		{ "login.example.org:0443", "login.example.org", 443, "zeros before a number" },
		{ "login.example.org:", "login.example.org", 443, "an empty port (RFC 3986 s6.2.3)" },
		{ "login.example.org:80", "login.example.org", 80, "another scheme's default" },
		{ "LOGIN.example.org", "LOGIN.example.org", 443, "the case of letters is kept" },
		{ "login.example.org.", "login.example.org.", 443, "a dot at the end is kept" },
		{ "login.example.org.:443", "login.example.org.", 443, "a dot before a port" },
		{ "my_host~1", "my_host~1", 443, "bytes that names may have" },
		{ "a%2Db", "a%2Db", 443, "a percent sequence" },
		{ "[::1]", "[::1]", 443, "IPv6" },
		{ "[2001:db8::1]:8443", "[2001:db8::1]", 8443, "IPv6 with a port" },
		{ "[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]", 443, "IPv4 in IPv6" },
		{ "127.0.0.1:5000", "127.0.0.1", 5000, "IPv4" },
		{ "x:0", "x", 0, "port 0 is a number" },
		{ "x:65535", "x", 65535, "the last port" },
		{ "", NULL, 0, "nothing" },
		{ ":443", NULL, 0, "no host" },
		{ ":", NULL, 0, "neither" },
		{ "x:443:443", NULL, 0, "two ports" },
		{ "x::", NULL, 0, "two colons" },
		{ "x:65536", NULL, 0, "a port over 65535" },
		{ "x:4 43", NULL, 0, "a space in a port" },
		{ "x:+443", NULL, 0, "a sign" },
		{ "x:-1", NULL, 0, "a negative port" },
		{ "x:https", NULL, 0, "a name instead of a port" },
		{ "x:18446744073709552059", NULL, 0, "443 after an overflow of 32 bits" },
		{ "2001:db8::1", NULL, 0, "IPv6 without brackets" },
		{ "[::1", NULL, 0, "a bracket open" },
		{ "::1]", NULL, 0, "a bracket closed" },
		{ "[]", NULL, 0, "nothing in brackets" },
		{ "[", NULL, 0, "a bracket alone" },
		{ "[login.example.org]", NULL, 0, "a name in brackets" },
		{ "[::1]x", NULL, 0, "text after brackets" },
		{ "[::1]443", NULL, 0, "a port without its colon" },
		{ "[[::1]]", NULL, 0, "brackets twice" },
		{ "a%2", NULL, 0, "half of a percent sequence" },
		{ "a%zz", NULL, 0, "an invalid percent sequence" },
		{ "a@b", NULL, 0, "a user" },
		{ "a/b", NULL, 0, "a path" },
		{ "a b", NULL, 0, "a space" },
		{ "a,b", NULL, 0, "two hosts" },
		{ "a\\b", NULL, 0, "a backslash" },
		{ "w\xc3\xacki", NULL, 0, "not ASCII" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct authority read = { .port = 0 };
		err e = authority_read(str_of(cases[i].text), PORT_HTTPS, &read);
		if ((e == ERR_OK) != (cases[i].host != NULL))
			fail_msg("%s: %s", cases[i].why, err_name(e));
		if (e == ERR_OK && (!str_equal(read.host, str_of(cases[i].host)) || read.port != cases[i].port))
			fail_msg("%s: %.*s %u", cases[i].why, STR_ARG(read.host), read.port);
	}
}

static void
authority_read_bounds_the_host(void **state)
{
	char text[AUTHORITY_HOST_MAX_BYTES + 1];
	struct authority read;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(authority_read(str_bytes(text, AUTHORITY_HOST_MAX_BYTES), PORT_HTTP, &read), ERR_OK);
	assert_int_equal(authority_read(str_bytes(text, sizeof(text)), PORT_HTTP, &read), ERR_INVALID);
}

static void
authority_equal_folds_letters_and_default_ports(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} cases[] = {
		{ "login.example.org", "LOGIN.EXAMPLE.ORG:443", true },
		{ "login.example.org:", "login.example.org:00443", true },
		{ "[2001:DB8::1]", "[2001:db8::1]:443", true },
		{ "login.example.org", "login.example.org:80", false },
		{ "login.example.org", "login.example.org.", false },
		{ "login.example.org", "login.example.or", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct authority a, b;
		assert_int_equal(authority_read(str_of(cases[i].a), PORT_HTTPS, &a), ERR_OK);
		assert_int_equal(authority_read(str_of(cases[i].b), PORT_HTTPS, &b), ERR_OK);
		if (authority_equal(&a, &b) != cases[i].equal)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(authority_read_takes_a_host_and_perhaps_a_port),
		cmocka_unit_test(authority_read_bounds_the_host),
		cmocka_unit_test(authority_equal_folds_letters_and_default_ports),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
