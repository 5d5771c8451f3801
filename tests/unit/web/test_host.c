/*
 * The host that browsers should use, and the address that the server prints.
 */
#include "unit.h"

#include "web/core/host.h"

#include <stdio.h>

static struct config
configured(enum config_profile profile, const char *public_url, const char *public_host)
{
	struct config config = { .profile = profile, .host = "127.0.0.1", .port = 5000 };

	snprintf(config.public_url, sizeof(config.public_url), "%s", public_url);
	snprintf(config.public_host, sizeof(config.public_host), "%s", public_host);
	snprintf(config.public_origin, sizeof(config.public_origin), "%s",
		 public_url[0] == '\0' ? "http://localhost:5000" : public_url);
	config.public_https = str_starts(str_of(public_url), STR("https://"));
	return config;
}

static void
host_put_localhost_replaces_loopback_addresses(void **state)
{
	static const struct {
		enum config_profile profile;
		const char *public_url, *public_host, *host, *better, *why;
	} cases[] = {
		{ PROFILE_DEVELOPMENT, "", "", "127.0.0.1:5000", "http://localhost:5000", "development" },
		{ PROFILE_TESTING, "", "", "127.0.0.1:5000", "http://localhost:5000", "testing" },
		{ PROFILE_PRODUCTION, "", "", "127.0.0.1:5000", NULL, "production" },
		{ PROFILE_DEVELOPMENT, "", "", "127.0.0.1:8080", "http://localhost:8080", "a forwarded port" },
		{ PROFILE_DEVELOPMENT, "", "", "127.0.0.1", "http://localhost", "the default port" },
		{ PROFILE_DEVELOPMENT, "", "", "[::1]:5000", "http://localhost:5000", "IPv6" },
		{ PROFILE_DEVELOPMENT, "", "", "localhost:5000", NULL, "localhost itself: no loop" },
		{ PROFILE_DEVELOPMENT, "", "", "LOCALHOST:5000", NULL, "localhost in capitals" },
		{ PROFILE_DEVELOPMENT, "", "", "127.0.0.2:5000", NULL, "another loopback address" },
		{ PROFILE_DEVELOPMENT, "", "", "evil.example", NULL, "another host" },
		{ PROFILE_DEVELOPMENT, "", "", "127.0.0.1:x", NULL, "a malformed host" },
		{ PROFILE_DEVELOPMENT, "", "", "", NULL, "no host" },
		{ PROFILE_DEVELOPMENT, "http://localhost:5000", "localhost:5000", "127.0.0.1:5000",
		  "http://localhost:5000", "PUBLIC_URL names localhost" },
		{ PROFILE_DEVELOPMENT, "http://localhost:5000", "localhost:5000", "127.0.0.1:5001", NULL,
		  "PUBLIC_URL has another port" },
		{ PROFILE_DEVELOPMENT, "https://localhost:8443", "localhost:8443", "127.0.0.1:8443",
		  "https://localhost:8443", "https" },
		{ PROFILE_DEVELOPMENT, "http://127.0.0.1:5000", "127.0.0.1:5000", "127.0.0.1:5000", NULL,
		  "PUBLIC_URL names the address" },
		{ PROFILE_DEVELOPMENT, "https://login.example.org", "login.example.org", "127.0.0.1:5000", NULL,
		  "PUBLIC_URL names another host" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config config = configured(cases[i].profile, cases[i].public_url, cases[i].public_host);
		CLEANUP(buf_wipe) struct buf out = BUF(256);

		unit_note("%s", cases[i].why);
		assert_int_equal(host_put_localhost(&config, str_of(cases[i].host), &out), cases[i].better != NULL);
		buf_put_byte(&out, '\0');
		assert_string_equal(buf_str(&out).p, cases[i].better == NULL ? "" : cases[i].better);
	}
}

static void
host_address_prefers_localhost(void **state)
{
	static const struct {
		const char *public_url, *host, *path, *address, *why;
	} cases[] = {
		{ "https://login.example.org", "0.0.0.0", "", "https://login.example.org", "PUBLIC_URL" },
		{ "", "127.0.0.1", "", "http://localhost:5000", "IPv4" },
		{ "", "::1", "", "http://localhost:5000", "IPv6" },
		{ "", "localhost", "", "http://localhost:5000", "the name" },
		{ "", "127.0.0.2", "", "listens", "localhost is another address" },
		{ "", "127.0.0.1", "/run/web.sock", "listens", "a Unix socket" },
	};
	const struct config_location listens = { "listens" };

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config config = configured(PROFILE_DEVELOPMENT, cases[i].public_url, "");

		unit_note("%s", cases[i].why);
		snprintf(config.host, sizeof(config.host), "%s", cases[i].host);
		snprintf(config.listen_path, sizeof(config.listen_path), "%s", cases[i].path);
		assert_string_equal(host_address(&config, &listens), cases[i].address);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_put_localhost_replaces_loopback_addresses),
		cmocka_unit_test(host_address_prefers_localhost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
