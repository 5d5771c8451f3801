/* Redirect URIs: which ones may be registered, and which ones a request may name. */
#include "oidc/redirect.h"

#include "ipc/terms.h"
#include "unit.h"

static const struct {
	const char *uri;
	bool insecure;
	enum redirect_problem problem;
	const char *why;
} registrations[] = {
	{ "https://app.example.org/callback", false, REDIRECT_GOOD, "the usual one" },
	{ "https://app.example.org", false, REDIRECT_GOOD, "an empty path" },
	{ "https://app.example.org:8443/cb?tenant=1&x=*", false, REDIRECT_GOOD, "port and query; a star in the query" },
	{ "https://[2001:db8::1]:8443/cb", false, REDIRECT_GOOD, "an IPv6 address" },
	{ "HTTPS://App.Example.org/cb", false, REDIRECT_GOOD, "bytes are compared, so upper case is another URI" },
	{ "http://127.0.0.1/cb", false, REDIRECT_GOOD, "loopback" },
	{ "http://[::1]:1234/cb", false, REDIRECT_GOOD, "loopback of IPv6" },
	{ "http://localhost:8080/cb", false, REDIRECT_GOOD, "loopback by name" },
	{ "app.immich:///oauth-callback", false, REDIRECT_GOOD, "a private scheme" },
	{ "audiobookshelf://oauth", false, REDIRECT_GOOD, "a private scheme with an authority" },
	{ "com.example.app:/cb", false, REDIRECT_GOOD, "RFC 8252 s7.1" },
	{ "urn:ietf:wg:oauth:2.0:oob", false, REDIRECT_GOOD, "no browser follows it, and nothing is sent" },
	{ "http://nas.local/cb", true, REDIRECT_GOOD, "a home network" },
	{ "http://nas.local/cb", false, REDIRECT_INSECURE, "a code without TLS" },
	{ "HTTP://nas.local/cb", false, REDIRECT_INSECURE, "the scheme in upper case" },
	{ "http://127.0.0.1.example.org/cb", false, REDIRECT_INSECURE, "a host that begins as a loopback address" },
	{ "http://127.0.0.2/cb", false, REDIRECT_INSECURE, "only 127.0.0.1 is named" },
	{ "http://LOCALHOST/cb", false, REDIRECT_INSECURE, "only lower case fits at any port" },
	{ "", false, REDIRECT_NO_URI, "nothing" },
	{ "/callback", false, REDIRECT_NO_URI, "a path" },
	{ "app.example.org/callback", false, REDIRECT_NO_URI, "no scheme" },
	{ "//app.example.org/callback", false, REDIRECT_NO_URI, "no scheme" },
	{ "https:", false, REDIRECT_NO_URI, "only a scheme" },
	{ "1app:/cb", false, REDIRECT_NO_URI, "a scheme begins with a letter" },
	{ "https://app.example.org/a b", false, REDIRECT_NO_URI, "a space" },
	{ "https://app.example.org/\x01", false, REDIRECT_NO_URI, "a control byte" },
	{ "https://app.example.org/\xc3\xa9", false, REDIRECT_NO_URI, "not ASCII" },
	{ "https://app.example.org\\@evil.example", false, REDIRECT_NO_URI, "a backslash, which browsers read as /" },
	{ "https://app.example.org/cb#x", false, REDIRECT_FRAGMENT, "RFC 6749 s3.1.2" },
	{ "https://app.example.org/cb#", false, REDIRECT_FRAGMENT, "an empty fragment" },
	{ "javascript:alert(1)", true, REDIRECT_SCHEME, "a script that this server's page would run" },
	{ "JavaScript:alert(1)//#", true, REDIRECT_SCHEME, "a scheme in any letter case" },
	{ "data:text/html,x", true, REDIRECT_SCHEME, "a page of the attacker" },
	{ "file:///etc/passwd", true, REDIRECT_SCHEME, "a file" },
	{ "vbscript:x", true, REDIRECT_SCHEME, "a script" },
	{ "about:blank", true, REDIRECT_SCHEME, "a page of the browser itself" },
	{ "blob:https://x/1", true, REDIRECT_SCHEME, "a blob" },
	{ "view-source:https://x/1", true, REDIRECT_SCHEME, "a view of another page" },
	{ "https://*.example.org/cb", false, REDIRECT_WILDCARD, "any host" },
	{ "https://app.example.org/*", false, REDIRECT_WILDCARD, "any path" },
	{ "https://user@app.example.org/cb", false, REDIRECT_USERINFO, "a name" },
	{ "https://app.example.org:x@evil.example/cb", false, REDIRECT_USERINFO, "a password" },
	{ "https:///cb", false, REDIRECT_NO_HOST, "no host" },
	{ "https:/cb", false, REDIRECT_NO_HOST, "one slash" },
	{ "http:cb", true, REDIRECT_NO_HOST, "no slash" },
	{ "https://:443/cb", false, REDIRECT_NO_HOST, "only a port" },
	{ "https://app.example.org:/cb", false, REDIRECT_NO_HOST, "an empty port" },
	{ "https://app.example.org:65536/cb", false, REDIRECT_NO_HOST, "a port over 65535" },
	{ "https://app.example.org:80x/cb", false, REDIRECT_NO_HOST, "not a number" },
	{ "https://app%2eexample.org/cb", false, REDIRECT_NO_HOST, "an encoded host" },
	{ "https://[::1/cb", false, REDIRECT_NO_HOST, "an open bracket" },
	{ "https://[::1]x/cb", false, REDIRECT_NO_HOST, "bytes after the bracket" },
};

static void
only_safe_absolute_uris_may_be_registered(void **state)
{
	for (size_t i = 0; i < COUNT(registrations); i++) {
		enum redirect_problem is = redirect_check(str_of(registrations[i].uri), registrations[i].insecure);
		if (is != registrations[i].problem)
			fail_msg("%s (%s): %s", registrations[i].uri, registrations[i].why, redirect_problem_text(is));
	}
}

static void
a_long_uri_is_refused(void **state)
{
	char uri[OIDC_URI_MAX + 2] = "https://a/";

	memset(uri + 10, 'x', OIDC_URI_MAX - 10);
	assert_int_equal(redirect_check(str_of(uri), false), REDIRECT_GOOD);
	uri[OIDC_URI_MAX] = 'x';
	assert_int_equal(redirect_check(str_of(uri), false), REDIRECT_TOO_LONG);
}

static void
each_problem_has_a_sentence(void **state)
{
	assert_string_equal(redirect_problem_text(REDIRECT_GOOD), "");
	for (enum redirect_problem p = REDIRECT_GOOD + 1; p < REDIRECT_PROBLEM_COUNT; p++)
		assert_true(strlen(redirect_problem_text(p)) > 10);
	assert_string_equal(redirect_problem_text(REDIRECT_PROBLEM_COUNT), "");
}

#define REGISTERED                                                                                                     \
	"https://app.example.org/callback\nhttp://127.0.0.1/cb\nhttp://[::1]:9/x?a=1\nhttp://localhost:8080\n"         \
	"app.immich:///oauth-callback\nhttp://nas.local/cb"

static const struct {
	const char *asked;
	bool fits;
	const char *why;
} requests[] = {
	{ "https://app.example.org/callback", true, "byte for byte" },
	{ "https://app.example.org/callback/", false, "one byte more" },
	{ "https://app.example.org/callbac", false, "one byte less" },
	{ "https://APP.example.org/callback", false, "another letter case" },
	{ "https://app.example.org:443/callback", false, "the default port" },
	{ "https://app.example.org/%63allback", false, "an encoded letter" },
	{ "https://app.example.org/x/../callback", false, "a path that means the same" },
	{ "https://app.example.org/callback?x=1", false, "a query" },
	{ "https://app.example.org/callback\nhttp://127.0.0.1/cb", false, "two lines of the list" },
	{ "", false, "nothing" },
	{ "\n", false, "the end of a line" },
	{ "http://app.example.org/callback", false, "another scheme" },
	{ "http://127.0.0.1/cb", true, "loopback" },
	{ "http://127.0.0.1:54321/cb", true, "any port" },
	{ "http://127.0.0.1:54321/cb/", false, "another path" },
	{ "http://127.0.0.1:54321", false, "another path" },
	{ "http://127.0.0.1:0/cb", false, "port 0" },
	{ "http://127.0.0.1:/cb", false, "an empty port" },
	{ "http://127.0.0.1:65536/cb", false, "a port over 65535" },
	{ "http://127.0.0.1:80@evil.example/cb", false, "the host is evil.example" },
	{ "http://127.0.0.1:80:90/cb", false, "two ports" },
	{ "http://127.0.0.1.evil.example/cb", false, "another host" },
	{ "http://127.0.0.1:1/cb#x", false, "a fragment" },
	{ "http://127.0.0.1:1\\evil/cb", false, "a backslash" },
	{ "http://localhost/cb", false, "localhost is registered with another path" },
	{ "https://127.0.0.1/cb", false, "https must match byte for byte" },
	{ "http://[::1]/x?a=1", true, "any port, IPv6" },
	{ "http://[::1]:70/x?a=2", false, "another query" },
	{ "http://localhost:3000/", true, "an empty path equals /" },
	{ "http://localhost:3000", true, "an empty path" },
	{ "http://localhost/", true, "no port" },
	{ "http://localhost:3000//", false, "another path" },
	{ "http://LOCALHOST:3000", false, "another letter case" },
	{ "http://nas.local/cb", true, "byte for byte" },
	{ "http://nas.local:81/cb", false, "not loopback, so the port counts" },
	{ "app.immich:///oauth-callback", true, "a private scheme" },
	{ "app.immich:/oauth-callback", false, "another spelling" },
};

static void
requests_name_a_registered_uri_byte_for_byte(void **state)
{
	for (size_t i = 0; i < COUNT(requests); i++)
		if (redirect_is_registered(STR(REGISTERED), str_of(requests[i].asked)) != requests[i].fits)
			fail_msg("%s: %s", requests[i].asked, requests[i].why);
	assert_false(redirect_is_registered(STR(""), STR("")));
	assert_false(redirect_is_registered(STR(""), STR("https://app.example.org/callback")));
}

static void
localhost_fits_only_where_localhost_is_registered(void **state)
{
	assert_false(redirect_is_registered(STR("http://127.0.0.1/cb"), STR("http://localhost:1/cb")));
	assert_false(redirect_is_registered(STR("http://localhost/cb"), STR("http://127.0.0.1:1/cb")));
	assert_false(redirect_is_registered(STR("http://[::1]/cb"), STR("http://127.0.0.1:1/cb")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_safe_absolute_uris_may_be_registered),
		cmocka_unit_test(a_long_uri_is_refused),
		cmocka_unit_test(each_problem_has_a_sentence),
		cmocka_unit_test(requests_name_a_registered_uri_byte_for_byte),
		cmocka_unit_test(localhost_fits_only_where_localhost_is_registered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
