/* Authorization requests in addresses, and responses in redirect URIs. */
#include "unit.h"

#include "http/return_to.h"
#include "web/core/client_request.h"
#include "web/oidc/client_reply.h"

static void
client_request_read_keeps_the_parameters_as_sent(void **state)
{
	static const struct {
		const char *why, *text, *parameters, *seal;
		bool posted;
	} cases[] = {
		{ "nothing", "", "", "", false },
		{ "as sent", "client_id=wiki&scope=openid+profile&x=%2f", "client_id=wiki&scope=openid+profile&x=%2f",
		  "", false },
		{ "not percent-encoded", "redirect_uri=https://a.example/?b=c;d",
		  "redirect_uri=https://a.example/?b=c;d", "", false },
		{ "the seal", "a=1&seal=AbC-_1&b=2", "a=1&b=2", "AbC-_1", true },
		{ "an empty seal: a form was sent", "a=1&seal=", "a=1", "", true },
		{ "a name alone", "seal", "", "", true },
		{ "two seals: the last counts", "seal=a&seal=b", "", "b", true },
		{ "the other field for a code", "a=1&recovery=1", "a=1", "", false },
		{ "names that begin alike", "seals=1&recovery_x=2&xseal=3", "seals=1&recovery_x=2&xseal=3", "", false },
		{ "a parameter twice stays, so that the keeper refuses it", "a=1&a=1", "a=1&a=1", "", false },
		{ "empty parameters", "&&a=1&&", "a=1", "", false },
		{ "bytes that an address cannot have", "a=\"<>#\\ \x01\xc3\xa9", "a=%22%3C%3E%23%5C%20%01%C3%A9", "",
		  false },
		{ "bytes that are not UTF-8", "a=\xff\xfe", "a=%FF%FE", "", false },
		{ "JSON", "state={\"a\":[1]}", "state={%22a%22:[1]}", "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
		struct client_request request;
		str address;
		assert_int_equal(client_request_read(str_of(cases[i].text), &arena, &request), ERR_OK);
		if (!str_equal(request.parameters, str_of(cases[i].parameters)) ||
		    !str_equal(request.seal, str_of(cases[i].seal)) || request.posted != cases[i].posted)
			fail_msg("%s: %.*s", cases[i].why, STR_ARG(request.parameters));
		assert_int_equal(client_request_return_to(&arena, &request, &address), ERR_OK);
		assert_true(next_is_safe(address) && client_request_is(address));
	}
}

static void
client_request_read_enforces_its_limits(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(256 * 1024);
	static char text[OIDC_PARAMETERS_MAX + 2], seal[OIDC_SEAL_MAX + 8];
	struct client_request request = { .posted = false };
	str address;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(client_request_read(str_bytes(text, OIDC_PARAMETERS_MAX), &arena, &request), ERR_OK);
	assert_int_equal(client_request_read(str_bytes(text, OIDC_PARAMETERS_MAX + 1), &arena, &request), ERR_TOO_LONG);
	text[0] = '<'; /* becomes three bytes */
	assert_int_equal(client_request_read(str_bytes(text, OIDC_PARAMETERS_MAX), &arena, &request), ERR_TOO_LONG);
	memset(seal, 's', sizeof(seal));
	memcpy(seal, "seal=", 5);
	assert_int_equal(client_request_read(str_bytes(seal, 5 + OIDC_SEAL_MAX), &arena, &request), ERR_OK);
	assert_int_equal(client_request_read(str_bytes(seal, 6 + OIDC_SEAL_MAX), &arena, &request), ERR_TOO_LONG);

	/* The longest request with the longest seal fits into the address that the sign-in carries. */
	request.parameters = str_bytes(text + 1, OIDC_PARAMETERS_MAX);
	request.seal = str_bytes(seal + 5, OIDC_SEAL_MAX);
	assert_int_equal(client_request_return_to(&arena, &request, &address), ERR_OK);
	assert_true(next_is_safe(address) && address.n < HTTP_URI_MAX_BYTES);
}

static void
only_the_endpoint_itself_is_a_request(void **state)
{
	static const char *const others[] = { "",
					      "/",
					      "/api/oidc/authorization",
					      "/api/oidc/authorizationx?a",
					      "/api/oidc/authorization/?a",
					      "//api/oidc/authorization?a",
					      "/gate?rd=x" };

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(client_request_is(str_of(others[i])));
	assert_true(client_request_is(STR("/api/oidc/authorization?")));
}

static void
client_reply_put_keeps_the_query_of_the_redirect_uri(void **state)
{
	static const struct {
		const char *uri, *response;
		enum oidc_mode mode;
		const char *url;
	} cases[] = {
		{ "https://a.example/cb", "code=1&state=x%20y", OIDC_MODE_QUERY,
		  "https://a.example/cb?code=1&state=x%20y" },
		{ "https://a.example/cb?b=1", "code=1", OIDC_MODE_QUERY, "https://a.example/cb?b=1&code=1" },
		{ "https://a.example/cb?", "code=1", OIDC_MODE_QUERY, "https://a.example/cb?code=1" },
		{ "https://a.example/cb?b=1&", "code=1", OIDC_MODE_QUERY, "https://a.example/cb?b=1&code=1" },
		{ "http://127.0.0.1:8000", "code=1", OIDC_MODE_QUERY, "http://127.0.0.1:8000?code=1" },
		{ "app.immich:///oauth-callback", "code=1", OIDC_MODE_QUERY, "app.immich:///oauth-callback?code=1" },
		{ "https://a.example/cb", "code=1", OIDC_MODE_FRAGMENT, "https://a.example/cb#code=1" },
		{ "https://a.example/cb?b=1", "code=1", OIDC_MODE_FRAGMENT, "https://a.example/cb?b=1#code=1" },
		{ "https://a.example/cb?b=1", "", OIDC_MODE_QUERY, "https://a.example/cb?b=1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct client_reply reply = { .redirect_uri = str_of(cases[i].uri),
						    .response = str_of(cases[i].response),
						    .mode = cases[i].mode };
		CLEANUP(buf_wipe) struct buf url = BUF(1024);
		client_reply_put(&reply, &url);
		if (!str_equal(buf_str(&url), str_of(cases[i].url)))
			fail_msg("%s: %.*s", cases[i].url, STR_ARG(buf_str(&url)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_request_read_keeps_the_parameters_as_sent),
		cmocka_unit_test(client_request_read_enforces_its_limits),
		cmocka_unit_test(only_the_endpoint_itself_is_a_request),
		cmocka_unit_test(client_reply_put_keeps_the_query_of_the_redirect_uri),
	};

	return cmocka_run_group_tests_name("client_request", tests, NULL, NULL);
}
