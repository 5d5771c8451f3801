/* The kinds of values of settings: durations, networks, URLs, contacts, keys. */
#include "unit.h"

#include "base/clock.h"
#include "config/values.h"

static void
value_duration_takes_a_number_and_a_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: refused */
		const char *why;
	} cases[] = {
		{ "90", 90, "plain seconds" },
		{ "90s", 90, "seconds" },
		{ "30m", 1800, "minutes" },
		{ "24h", 86400, "hours" },
		{ "2d", 172800, "days" },
		{ "0", 0, "none" },
		{ "", -1, "empty" },
		{ "h", -1, "a unit alone" },
		{ "1 h", -1, "a space" },
		{ "1H", -1, "a capital" },
		{ "-1h", -1, "a sign" },
		{ "1.5h", -1, "a fraction" },
		{ "1h30m", -1, "two units" },
		{ "99999999999999999999d", -1, "wraps round" },
		{ "4000d", -1, "over ten years" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t us = -1;
		unit_note("%s", cases[i].why);
		assert_int_equal(value_duration(str_of(cases[i].text), &us),
				 cases[i].seconds < 0 ? ERR_INVALID : ERR_OK);
		assert_true(us == (cases[i].seconds < 0 ? -1 : SECONDS_US(cases[i].seconds)));
	}
}

static void
value_network_takes_both_families(void **state)
{
	static const struct {
		const char *network, *inside, *outside, *why;
	} cases[] = {
		{ "10.0.0.0/8", "10.255.255.255", "11.0.0.0", "IPv4" },
		{ "10.0.0.0/7", "11.255.255.255", "12.0.0.0", "one bit less than a byte" },
		{ "10.0.0.0/9", "10.127.255.255", "10.128.0.0", "one bit more than a byte" },
		{ "192.168.1.64/26", "192.168.1.127", "192.168.1.128", "within a byte" },
		{ "127.0.0.1", "127.0.0.1", "127.0.0.2", "one address" },
		{ "0.0.0.0/0", "255.255.255.255", "::1", "all IPv4 addresses, and no IPv6 address" },
		{ "2001:db8::/32", "2001:db8:ffff::1", "2001:db9::", "IPv6" },
		{ "::1", "::1", "::2", "one address" },
		{ "fe80::/10", "febf::1", "fec0::1", "within a byte" },
		{ "10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:11.1.2.3", "a mapped IPv6 address is IPv4" },
		{ "::ffff:10.0.0.0/104", "10.1.2.3", "11.1.2.3", "a mapped address in the list is IPv4 too" },
		{ "::/0", "10.1.2.3", NULL, "everything" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config config = { .trusted_proxies_count = 1 };
		unit_note("%s: %s", cases[i].network, cases[i].why);
		assert_int_equal(value_network(str_of(cases[i].network), &config.trusted_proxies[0]), ERR_OK);
		assert_true(config_trusts(&config, str_of(cases[i].inside)));
		if (cases[i].outside != NULL)
			assert_false(config_trusts(&config, str_of(cases[i].outside)));
	}
}

static void
value_network_refuses_probable_typing_errors(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "", "empty" },
		{ "10.0.0.1/8", "bits after the prefix: the network is ambiguous" },
		{ "10.0.0.0/33", "a prefix over 32" },
		{ "::1/129", "a prefix over 128" },
		{ "10.0.0.0/", "no prefix" },
		{ "10.0.0.0/8/8", "two" },
		{ "10.0.0", "three parts" },
		{ "010.0.0.0/8", "a leading zero: octal for some programs" },
		{ "[::1]", "brackets" },
		{ "localhost", "a name" },
		{ "fe80::1%eth0", "a zone" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config_network network;
		unit_note("%s", cases[i].why);
		assert_int_equal(value_network(str_of(cases[i].text), &network), ERR_INVALID);
	}
}

static void
config_trusts_no_proxy_by_default(void **state)
{
	struct config config = { 0 };

	assert_false(config_trusts(&config, STR("127.0.0.1")));
	config.trusted_proxies_count = 1; /* the network is now ::/0 */
	assert_true(config_trusts(&config, STR("127.0.0.1")));
	assert_false(config_trusts(&config, STR("unknown")));
	assert_false(config_trusts(&config, STR("127.0.0.1, 10.0.0.1")));
	assert_false(config_trusts(&config, STR("")));
}

static void
host_is_loopback_recognises_every_spelling(void **state)
{
	static const struct {
		const char *host;
		bool loopback;
		const char *why;
	} cases[] = {
		{ "localhost", true, "the name" },
		{ "LOCALHOST", true, "the name in capitals" },
		{ "app.localhost", true, "RFC 6761 s6.3" },
		{ "127.0.0.1", true, "IPv4" },
		{ "127.9.9.9", true, "all of 127/8" },
		{ "::1", true, "IPv6" },
		{ "[::1]", true, "with brackets" },
		{ "::ffff:127.0.0.1", true, "mapped" },
		{ "0.0.0.0", false, "every address" },
		{ "::", false, "every address" },
		{ "128.0.0.1", false, "the network next to 127/8" },
		{ "notlocalhost", false, "a name that ends in localhost" },
		{ "localhost.example.org", false, "a name that begins with localhost" },
		{ ".localhost", false, "no name before the dot" },
		{ "127.0.0.1.example.org", false, "a name that begins like an address" },
		{ "", false, "empty" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		unit_note("%s: %s", cases[i].host, cases[i].why);
		assert_int_equal(host_is_loopback(str_of(cases[i].host)), cases[i].loopback);
	}
}

static void
value_public_url_takes_a_scheme_and_a_host(void **state)
{
	static const struct {
		const char *text, *url, *host; /* url NULL: refused */
		bool https;
		const char *why;
	} cases[] = {
		{ "https://login.example.org", "https://login.example.org", "login.example.org", true, "a plain URL" },
		{ "HTTPS://Login.Example.ORG/", "https://login.example.org", "login.example.org", true, "folded" },
		{ "https://a.org:443", "https://a.org", "a.org", true,
		  "the default port of https is dropped, as in browsers" },
		{ "https://a.org:8443", "https://a.org:8443", "a.org:8443", true, "another port is kept" },
		{ "http://localhost:80", "http://localhost", "localhost", false, "the default port of http" },
		{ "http://localhost:443", "http://localhost:443", "localhost:443", false,
		  "the default port of the other scheme" },
		{ "https://[2001:db8::1]:444", "https://[2001:db8::1]:444", "[2001:db8::1]:444", true, "IPv6" },
		{ "https://[::1]", "https://[::1]", "[::1]", true, "IPv6 without a port" },
		{ "login.example.org", NULL, NULL, false, "no scheme" },
		{ "ftp://a.org", NULL, NULL, false, "another scheme" },
		{ "https://", NULL, NULL, false, "no host" },
		{ "https:///", NULL, NULL, false, "no host" },
		{ "https://a.org/path", NULL, NULL, false, "a path" },
		{ "https://a.org//", NULL, NULL, false, "a path" },
		{ "https://a.org?x", NULL, NULL, false, "a query" },
		{ "https://a.org#x", NULL, NULL, false, "a fragment" },
		{ "https://me@a.org", NULL, NULL, false, "a user" },
		{ "https://a.org:0", NULL, NULL, false, "port 0" },
		{ "https://a.org:65536", NULL, NULL, false, "a port over 16 bits" },
		{ "https://a.org:", NULL, NULL, false, "an empty port" },
		{ "https://a.org:80:80", NULL, NULL, false, "two ports" },
		{ "https://::1", NULL, NULL, false, "IPv6 without brackets" },
		{ "https://[127.0.0.1]", NULL, NULL, false, "IPv4 in brackets" },
		{ "https://[::1", NULL, NULL, false, "one bracket" },
		{ "https://a..org", NULL, NULL, false, "an empty label" },
		{ "https://.a.org", NULL, NULL, false, "begins with a dot" },
		{ "https://a.org.", NULL, NULL, false, "a dot at the end: another origin for browsers" },
		{ "https://a.org.:443", NULL, NULL, false, "a dot before the port" },
		{ "https://a.org:0443", "https://a.org", "a.org", true, "zeros before the default port" },
		{ "https://-a.org", NULL, NULL, false, "begins with a hyphen" },
		{ "https://a b.org", NULL, NULL, false, "a space" },
		{ "https://a_b.org", NULL, NULL, false, "an underscore" },
		{ "https://\xc3\xa9.org", NULL, NULL, false, "not ASCII: punycode is needed" },
		{ "https://a.org\r\nX: y", NULL, NULL, false, "a line end" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char url[CONFIG_TEXT_MAX] = "", host[256] = "";
		bool https = false;
		err e = value_public_url(str_of(cases[i].text), url, sizeof(url), host, sizeof(host), &https);
		unit_note("%s: %s", cases[i].text, cases[i].why);
		assert_int_equal(e, cases[i].url == NULL ? ERR_INVALID : ERR_OK);
		if (e != ERR_OK)
			continue;
		assert_string_equal(url, cases[i].url);
		assert_string_equal(host, cases[i].host);
		assert_int_equal(https, cases[i].https);
	}
}

static void
host_is_address_reads_hosts_as_browsers_do(void **state)
{
	static const struct {
		const char *host;
		bool address;
		const char *why;
	} cases[] = {
		{ "login.example.org", false, "a name" },
		{ "localhost", false, "a name without a dot" },
		{ "1.2.3.4.example.org", false, "a name that begins like an address" },
		{ "example.org1", false, "a digit in the last label" },
		{ "192.0.2.1", true, "IPv4" },
		{ "[2001:db8::1]", true, "IPv6 in brackets" },
		{ "2001:db8::1", true, "IPv6" },
		{ "127.1", true, "IPv4 in two parts" },
		{ "2130706433", true, "IPv4 as one number" },
		{ "0x7f000001", true, "IPv4 in hexadecimal" },
		{ "example.0x1f", true, "a last label in hexadecimal" },
		{ "", false, "empty" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		unit_note("%s: %s", cases[i].host, cases[i].why);
		assert_int_equal(host_is_address(str_of(cases[i].host)), cases[i].address);
	}
}

static void
value_contact_takes_mail_and_web_addresses(void **state)
{
	static const struct {
		const char *text;
		bool good;
		const char *why;
	} cases[] = {
		{ "help@example.org", true, "a mail address" },
		{ "Help.desk+wiki@Mail.Example.org", true, "capitals, dots and a plus" },
		{ "root@localhost", true, "a mail address of this machine" },
		{ "https://example.org/help?topic=access#top", true, "a web address" },
		{ "http://10.0.0.1:8080/help", true, "a web address without https, with a port" },
		{ "https://[2001:db8::1]", true, "a web address with IPv6" },
		{ "", false, "empty" },
		{ "ask Anna", false, "words" },
		{ "help", false, "no domain" },
		{ "@example.org", false, "no mailbox" },
		{ "help@", false, "no host" },
		{ "help@@example.org", false, "two signs" },
		{ "help@example..org", false, "an empty label" },
		{ "help@example.org,root@example.org", false, "two addresses" },
		{ "help@example.org?cc=all@example.org", false, "a copy to others" },
		{ "help@example.org\r\nBcc: x@example.org", false, "a line end" },
		{ "mailto:help@example.org", false, "the page adds the scheme" },
		{ "\"a b\"@example.org", false, "a quoted mailbox" },
		{ "h\xc3\xa9lp@example.org", false, "not ASCII" },
		{ "https://", false, "no host" },
		{ "https:///help", false, "no host before the path" },
		{ "https://me@example.org/", false, "a user" },
		{ "https://a b.org/", false, "a space" },
		{ "https://example.org:70000/", false, "a port over 16 bits" },
		{ "javascript:alert(1)", false, "a script" },
		{ "data:text/html,x@example.org", false, "data" },
		{ "ftp://example.org/", false, "another scheme" },
		{ "//example.org/", false, "no scheme" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		unit_note("%s: %s", cases[i].text, cases[i].why);
		assert_int_equal(value_contact(str_of(cases[i].text)), cases[i].good ? ERR_OK : ERR_INVALID);
	}
	assert_true(contact_is_mail(STR("help@example.org")));
	assert_false(contact_is_mail(STR("http://example.org")));
}

static void
host_without_port_keeps_brackets(void **state)
{
	assert_true(str_equal(host_without_port(STR("a.org:80")), STR("a.org")));
	assert_true(str_equal(host_without_port(STR("a.org")), STR("a.org")));
	assert_true(str_equal(host_without_port(STR("[::1]:80")), STR("[::1]")));
	assert_true(str_equal(host_without_port(STR("[::1]")), STR("[::1]")));
}

static void
key_check_refuses_known_and_guessable_keys(void **state)
{
	static const struct {
		const char *key;
		bool good;
		const char *why;
	} cases[] = {
		{ "fdkjshfhjsdfdskfdsfdcbsjdkfdsdf", false, "the key of the tutorial" },
		{ "guess-me", false, "another key of the tutorial" },
		{ "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf", false, "a key from a manual" },
		{ "django-insecure-8f7g6h5j4k3l2m1n0b9v8c7x6z5", false, "Django's mark of an insecure key" },
		{ "", false, "empty" },
		{ "q7X-2mPz_9vKc4RtYb1nLw8sDf3gHj6", false, "31 bytes" },
		{ "q7X-2mPz_9vKc4RtYb1nLw8sDf3gHj6e", true, "32 bytes" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false, "one letter repeated" },
		{ "secretsecretsecretsecretsecretsecret", false, "one word repeated" },
		{ "0123456789abcde0123456789abcde0123", false, "a period of 15" },
		{ "4f1c8ab05e7d93264f1c8ab05e7d93269", true, "a period of 16: too long to guess" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		unit_note("%s", cases[i].why);
		assert_int_equal(key_check(str_of(cases[i].key)) == NULL, cases[i].good);
	}
}

static void
key_check_has_an_upper_limit(void **state)
{
	char key[CONFIG_KEY_MAX + 1];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (char)('!' + i * 7 % 90 + i / 90);
	assert_null(key_check(str_bytes(key, CONFIG_KEY_MAX)));
	assert_non_null(key_check(str_bytes(key, CONFIG_KEY_MAX + 1)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(value_duration_takes_a_number_and_a_unit),
		cmocka_unit_test(value_network_takes_both_families),
		cmocka_unit_test(value_network_refuses_probable_typing_errors),
		cmocka_unit_test(config_trusts_no_proxy_by_default),
		cmocka_unit_test(host_is_loopback_recognises_every_spelling),
		cmocka_unit_test(value_public_url_takes_a_scheme_and_a_host),
		cmocka_unit_test(host_is_address_reads_hosts_as_browsers_do),
		cmocka_unit_test(value_contact_takes_mail_and_web_addresses),
		cmocka_unit_test(host_without_port_keeps_brackets),
		cmocka_unit_test(key_check_refuses_known_and_guessable_keys),
		cmocka_unit_test(key_check_has_an_upper_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
