/* Authorization requests: one row for each sentence of OpenID Connect that is checked without a session. */
#include "unit.h"

#include "oidc/errors.h"
#include "oidc/request.h"

#include <stdio.h>

#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define PKCE "&code_challenge_method=S256&code_challenge=" CHALLENGE
#define START "client_id=wiki&redirect_uri=https%3A%2F%2Fapp.example%2Fcb"
#define GOOD START "&response_type=code&scope=openid" PKCE
#define NO_PKCE START "&response_type=code&scope=openid"

static const struct oidc_client plain = { .client_id = STR_INIT("wiki"), .scopes = OIDC_SCOPE_ALL, .max_age_s = -1 };
static const struct oidc_client lax = {
	.client_id = STR_INIT("wiki"), .scopes = OIDC_SCOPE_ALL, .max_age_s = -1, .pkce_optional = true
};
static const struct oidc_client phone = {
	.client_id = STR_INIT("wiki"), .scopes = OIDC_SCOPE_ALL, .max_age_s = -1, .pkce_optional = true, .public = true
};
static const struct oidc_client narrow = { .client_id = STR_INIT("wiki"),
					   .scopes = OIDC_SCOPE_OPENID | OIDC_SCOPE_EMAIL,
					   .max_age_s = 600 };

/* Reads a text that must be well-formed. */
static struct oidc_request
request_of(const char *text, struct arena *arena)
{
	struct oidc_request request = { .mode = OIDC_MODE_QUERY };
	enum oidc_problem problem = OIDC_PROBLEM_MALFORMED;

	assert_int_equal(oidc_request_read(str_of(text), arena, &request, &problem), ERR_OK);
	if (problem != OIDC_PROBLEM_NONE)
		fail_msg("problem %d: %s", (int)problem, text);
	return request;
}

static enum oidc_error
checked(const struct oidc_client *client, const char *text, struct arena *arena, struct oidc_request *ret_request)
{
	const char *description = NULL;
	enum oidc_error error;

	*ret_request = request_of(text, arena);
	error = oidc_request_check(client, arena, ret_request, &description);
	assert_non_null(description);
	assert_true((error == OIDC_OK) == (description[0] == '\0'));
	for (const char *p = description; *p != '\0'; p++) /* RFC 6749 s4.1.2.1 */
		assert_true(*p >= ' ' && *p <= '~' && *p != '"' && *p != '\\');
	return error;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *text;
	enum oidc_problem problem;
	const char *why;
} readings[] = {
	{ "", OIDC_PROBLEM_NONE, "an empty text has no parameters" },
	{ "&&a=1&&", OIDC_PROBLEM_NONE, "empty pieces are skipped" },
	{ "client_id=a&client_id=a", OIDC_PROBLEM_TWICE, "a parameter twice, with the same value" },
	{ "client_id=a&client%5Fid=b", OIDC_PROBLEM_TWICE, "a parameter twice, once encoded" },
	{ "state=&state=x", OIDC_PROBLEM_TWICE, "a parameter twice, once without a value" },
	{ "foreign=1&foreign=2", OIDC_PROBLEM_TWICE, "an unknown parameter twice" },
	{ "client_id=a%2", OIDC_PROBLEM_MALFORMED, "a cut percent sequence" },
	{ "client_id=a%zz", OIDC_PROBLEM_MALFORMED, "a percent sequence without hex digits" },
	{ "%=1", OIDC_PROBLEM_MALFORMED, "a cut percent sequence in a name" },
	{ "client_id=%ff", OIDC_PROBLEM_NONE, "any byte can be encoded; the check of the value refuses it" },
};

static void
malformed_and_doubled_parameters_are_found(void **state)
{
	for (size_t i = 0; i < COUNT(readings); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(256 * 1024);
		struct oidc_request request;
		enum oidc_problem problem = OIDC_PROBLEM_COUNT;
		assert_int_equal(oidc_request_read(str_of(readings[i].text), &arena, &request, &problem), ERR_OK);
		if (problem != readings[i].problem)
			fail_msg("%s: %d", readings[i].why, (int)problem);
	}
}

static void
the_number_of_parameters_is_bounded(void **state)
{
	char text[1024] = "";
	size_t n = 0;

	for (unsigned i = 0; i < OIDC_PARAMETERS_COUNT_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "p%u=1&", i);
	CLEANUP(arena_wipe) struct arena arena = ARENA(256 * 1024);
	struct oidc_request request;
	enum oidc_problem problem = OIDC_PROBLEM_COUNT;
	assert_int_equal(oidc_request_read(str_of(text), &arena, &request, &problem), ERR_OK);
	assert_int_equal(problem, OIDC_PROBLEM_NONE);
	snprintf(text + n, sizeof(text) - n, "one=more");
	assert_int_equal(oidc_request_read(str_of(text), &arena, &request, &problem), ERR_OK);
	assert_int_equal(problem, OIDC_PROBLEM_MALFORMED);
}

static void
reading_without_memory_fails(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(64);
	struct oidc_request request;
	enum oidc_problem problem;

	assert_int_equal(oidc_request_read(STR(GOOD), &arena, &request, &problem), ERR_MEMORY);
}

/* --- requests of unusual clients: the list `tolerate` ------------------------------------------------------------- */

static const struct {
	const char *text;
	size_t member;
	const char *value, *why;
} tolerated[] = {
#define IS(name) offsetof(struct oidc_request, name)
	{ GOOD "&state=%7B%22csrf_token%22%3A%22x%22%2C%22realm%22%3A%22oidc%22%7D", IS(state),
	  "{\"csrf_token\":\"x\",\"realm\":\"oidc\"}", "JSON as state" },
	{ GOOD "&state={\"csrf_token\":\"x\",\"realm\":\"oidc\"}", IS(state),
	  "{\"csrf_token\":\"x\",\"realm\":\"oidc\"}", "the same without percent-encoding" },
	{ GOOD "&state=YWJj%2Bw==", IS(state), "YWJj+w==", "base64 with padding as state" },
	{ GOOD "&state=x", IS(state), "x", "a state of one character" },
	{ GOOD "&nonce=0", IS(nonce), "0", "a nonce of one character" },
	{ START "&response_type=code&scope=openid" PKCE "&redirect_uri2=1&utm_source=mail&lang=de", IS(scope), "openid",
	  "foreign parameters" },
	{ "client_id=wiki&redirect_uri=https://app.example/cb?x=1&response_type=code&scope=openid profile" PKCE,
	  IS(redirect_uri), "https://app.example/cb?x=1", "a URI and a scope without percent-encoding" },
	{ GOOD "&state=a+b%20c", IS(state), "a b c", "plus and %20 are spaces" },
};

static void
unusual_parameters_are_accepted_byte_for_byte(void **state)
{
	for (size_t i = 0; i < COUNT(tolerated); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(256 * 1024);
		struct oidc_request request;
		if (checked(&plain, tolerated[i].text, &arena, &request) != OIDC_OK)
			fail_msg("%s: refused", tolerated[i].why);
		const str *value = (const str *)(const void *)((const char *)&request + tolerated[i].member);
		if (!str_equal(*value, str_of(tolerated[i].value)))
			fail_msg("%s: %.*s", tolerated[i].why, STR_ARG(*value));
	}
}

/* --- checks ------------------------------------------------------------------------------------------------------- */

static const struct {
	const struct oidc_client *client;
	const char *text;
	enum oidc_error error;
	const char *why;
} cases[] = {
	{ &plain, GOOD, OIDC_OK, "a complete request" },
	{ &plain, START "&scope=openid" PKCE, OIDC_INVALID_REQUEST, "response_type is missing" },
	{ &plain, START "&scope=openid&response_type=" PKCE, OIDC_INVALID_REQUEST, "an empty one counts as missing" },
	{ &plain, START "&scope=openid&response_type=token" PKCE, OIDC_UNSUPPORTED_RESPONSE_TYPE, "implicit" },
	{ &plain, START "&scope=openid&response_type=code%20id_token" PKCE, OIDC_UNSUPPORTED_RESPONSE_TYPE, "hybrid" },
	{ &plain, START "&scope=openid&response_type=Code" PKCE, OIDC_UNSUPPORTED_RESPONSE_TYPE, "case matters" },
	{ &plain, GOOD "&response_mode=query", OIDC_OK, "response_mode query" },
	{ &plain, GOOD "&response_mode=fragment", OIDC_OK, "response_mode fragment" },
	{ &plain, GOOD "&response_mode=form_post", OIDC_OK, "response_mode form_post" },
	{ &plain, GOOD "&response_mode=web_message", OIDC_INVALID_REQUEST, "another response_mode" },
	{ &plain, GOOD "&request=eyJ", OIDC_REQUEST_NOT_SUPPORTED, "a request object" },
	{ &plain, GOOD "&request_uri=https%3A%2F%2Fx", OIDC_REQUEST_URI_NOT_SUPPORTED, "its address" },
	{ &plain, GOOD "&registration={}", OIDC_REGISTRATION_NOT_SUPPORTED, "registration" },
	{ &plain, START "&response_type=code" PKCE, OIDC_INVALID_SCOPE, "scope is missing" },
	{ &plain, START "&response_type=code&scope=profile" PKCE, OIDC_INVALID_SCOPE, "without openid" },
	{ &plain, START "&response_type=code&scope=openid2" PKCE, OIDC_INVALID_SCOPE, "a similar word" },
	{ &plain, START "&response_type=code&scope=openid%20quota%20email" PKCE, OIDC_OK,
	  "unknown scopes are dropped" },
	{ &plain, NO_PKCE, OIDC_INVALID_REQUEST, "PKCE is required by default" },
	{ &lax, NO_PKCE, OIDC_OK, "PKCE may be optional" },
	{ &phone, NO_PKCE, OIDC_INVALID_REQUEST, "PKCE is required of public clients, whatever their flag" },
	{ &phone, GOOD, OIDC_OK, "a public client with PKCE" },
	{ &lax, NO_PKCE "&code_challenge=" CHALLENGE, OIDC_INVALID_REQUEST, "an absent method is plain" },
	{ &lax, NO_PKCE "&code_challenge_method=plain&code_challenge=" CHALLENGE, OIDC_INVALID_REQUEST, "plain" },
	{ &lax, NO_PKCE "&code_challenge_method=s256&code_challenge=" CHALLENGE, OIDC_INVALID_REQUEST, "lower case" },
	{ &lax, NO_PKCE "&code_challenge_method=S256&code_challenge=" CHALLENGE "A", OIDC_INVALID_REQUEST, "44" },
	{ &lax, NO_PKCE "&code_challenge_method=S256&code_challenge=E9Melhoa", OIDC_INVALID_REQUEST, "too short" },
	{ &lax, NO_PKCE "&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw%2BcM",
	  OIDC_INVALID_REQUEST, "base64 instead of base64url" },
	{ &lax, NO_PKCE "&code_challenge_method=S256", OIDC_OK, "a method without a challenge asks for nothing" },
	{ &plain, GOOD "&state=a%00b", OIDC_INVALID_REQUEST, "NUL in state" },
	{ &plain, GOOD "&state=a%0Ab", OIDC_INVALID_REQUEST, "a line break in state" },
	{ &plain, GOOD "&state=%C3%A9", OIDC_INVALID_REQUEST, "state beyond ASCII" },
	{ &plain, GOOD "&state=%7F", OIDC_INVALID_REQUEST, "DEL in state" },
	{ &plain, GOOD "&nonce=%C3%A9", OIDC_OK, "nonce may be any text" },
	{ &plain, GOOD "&nonce=%C3", OIDC_INVALID_REQUEST, "nonce that is not UTF-8" },
	{ &plain, GOOD "&nonce=a%00", OIDC_INVALID_REQUEST, "NUL in nonce" },
	{ &plain, GOOD "&prompt=none", OIDC_OK, "none alone" },
	{ &plain, GOOD "&prompt=none%20login", OIDC_INVALID_REQUEST, "none with another" },
	{ &plain, GOOD "&prompt=create%20none", OIDC_INVALID_REQUEST, "none with an unknown word" },
	{ &plain, GOOD "&prompt=login%20consent", OIDC_OK, "two prompts" },
	{ &plain, GOOD "&prompt=create", OIDC_OK, "an unknown prompt is ignored" },
	{ &plain, GOOD "&max_age=0", OIDC_OK, "max_age 0" },
	{ &plain, GOOD "&max_age=99999999999999", OIDC_OK, "a large max_age" },
	{ &plain, GOOD "&max_age=-1", OIDC_INVALID_REQUEST, "a negative max_age" },
	{ &plain, GOOD "&max_age=1h", OIDC_INVALID_REQUEST, "a duration" },
	{ &plain, GOOD "&max_age=1.5", OIDC_INVALID_REQUEST, "a fraction" },
	{ &plain, GOOD "&claims={}", OIDC_OK, "an empty object" },
	{ &plain, GOOD "&claims={\"userinfo\":{\"quota\":null}}", OIDC_OK, "claims of no granted scope" },
	{ &plain, GOOD "&claims=[]", OIDC_INVALID_REQUEST, "an array" },
	{ &plain, GOOD "&claims={", OIDC_INVALID_REQUEST, "broken JSON" },
	{ &plain, GOOD "&claims={\"a\":1,\"a\":2}", OIDC_INVALID_REQUEST, "a member twice" },
	{ &plain, GOOD "&claims={\"a\":1}%00", OIDC_INVALID_REQUEST, "NUL behind JSON" },
	{ &plain, GOOD "&claims={\"a\":\"%FF\"}", OIDC_INVALID_REQUEST, "not UTF-8" },
	{ &plain, GOOD "&claims={\"a\":99999999999999999999999}", OIDC_INVALID_REQUEST, "a number without a type" },
	/* the order of the table: the first fault is reported */
	{ &plain, START "&response_mode=x&request=y&prompt=none%20login", OIDC_INVALID_REQUEST, "type first" },
	{ &plain, START "&response_type=token&response_mode=x&request=y", OIDC_UNSUPPORTED_RESPONSE_TYPE, "then mode" },
	{ &plain, START "&response_type=code&response_mode=x&request=y", OIDC_INVALID_REQUEST, "mode before request" },
	{ &plain, START "&response_type=code&request=y&request_uri=z", OIDC_REQUEST_NOT_SUPPORTED, "before its URI" },
	{ &plain, START "&response_type=code&registration=y", OIDC_REGISTRATION_NOT_SUPPORTED, "before scope" },
	{ &plain, START "&response_type=code&max_age=x&state=%01", OIDC_INVALID_SCOPE, "scope before PKCE and state" },
};

static void
each_check_reports_its_error(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(256 * 1024);
		struct oidc_request request;
		enum oidc_error error = checked(cases[i].client, cases[i].text, &arena, &request);
		if (error != cases[i].error)
			fail_msg("%s: %s", cases[i].why, oidc_error_name(error));
	}
}

/* The longest accepted text, and one byte more. */
static enum oidc_error
with_length(const char *name, size_t n, struct arena *arena, struct oidc_request *ret_request)
{
	static char text[8192];
	size_t used = (size_t)snprintf(text, sizeof(text), "%s&%s=", GOOD, name);

	assert_true(used + n < sizeof(text));
	memset(text + used, 'x', n);
	text[used + n] = '\0';
	return checked(&plain, text, arena, ret_request);
}

static void
state_and_nonce_have_a_maximum(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(256 * 1024);
	struct oidc_request request;

	assert_int_equal(with_length("state", OIDC_STATE_MAX, &arena, &request), OIDC_OK);
	assert_int_equal(request.state.n, OIDC_STATE_MAX);
	assert_int_equal(with_length("state", OIDC_STATE_MAX + 1, &arena, &request), OIDC_INVALID_REQUEST);
	assert_int_equal(request.state.n, 0);
	assert_int_equal(with_length("nonce", OIDC_NONCE_MAX, &arena, &request), OIDC_OK);
	assert_int_equal(with_length("nonce", OIDC_NONCE_MAX + 1, &arena, &request), OIDC_INVALID_REQUEST);
}

/* The error must reach the application: by its mode, with its state, whichever check failed. */
static void
mode_and_state_are_set_before_the_first_error(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(256 * 1024);
	struct oidc_request request;

	assert_int_equal(checked(&plain, START "&state=xyz&response_mode=form_post", &arena, &request),
			 OIDC_INVALID_REQUEST);
	assert_int_equal(request.mode, OIDC_MODE_FORM_POST);
	assert_true(str_equal(request.state, STR("xyz")));
	assert_int_equal(checked(&plain, START "&state=%01&response_mode=fragment", &arena, &request),
			 OIDC_INVALID_REQUEST);
	assert_int_equal(request.mode, OIDC_MODE_FRAGMENT);
	assert_int_equal(request.state.n, 0);
	assert_int_equal(checked(&plain, GOOD "&response_mode=nonsense", &arena, &request), OIDC_INVALID_REQUEST);
	assert_int_equal(request.mode, OIDC_MODE_QUERY);
}

/* --- derived values ----------------------------------------------------------------------------------------------- */

static const struct {
	const struct oidc_client *client;
	const char *more;
	unsigned scopes, prompts;
	int64_t max_age_s;
	enum preferred_language language;
} derived[] = {
	{ &plain, "", OIDC_SCOPE_OPENID, 0, -1, PREFERRED_BROWSER },
	{ &narrow, "", OIDC_SCOPE_OPENID, 0, 600, PREFERRED_BROWSER },
	{ &narrow, "&max_age=30", OIDC_SCOPE_OPENID, 0, 30, PREFERRED_BROWSER },
	{ &plain, "&prompt=login%20%20consent+select_account", OIDC_SCOPE_OPENID,
	  OIDC_PROMPT_LOGIN | OIDC_PROMPT_CONSENT | OIDC_PROMPT_SELECT, -1, PREFERRED_BROWSER },
	{ &plain, "&ui_locales=de%20fr-CA%20en", OIDC_SCOPE_OPENID, 0, -1, PREFERRED_FR },
	{ &plain, "&ui_locales=EN-us", OIDC_SCOPE_OPENID, 0, -1, PREFERRED_EN },
	{ &plain, "&ui_locales=frx", OIDC_SCOPE_OPENID, 0, -1, PREFERRED_BROWSER },
};

static void
values_are_derived(void **state)
{
	for (size_t i = 0; i < COUNT(derived); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(256 * 1024);
		struct oidc_request request;
		char text[1024];
		snprintf(text, sizeof(text), "%s%s", GOOD, derived[i].more);
		assert_int_equal(checked(derived[i].client, text, &arena, &request), OIDC_OK);
		if (request.scopes != derived[i].scopes || request.prompts != derived[i].prompts ||
		    request.max_age_s != derived[i].max_age_s || request.language != derived[i].language)
			fail_msg("%s", derived[i].more);
	}
}

static void
scopes_are_those_that_the_client_may_have(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(256 * 1024);
	struct oidc_request request;
	static const char text[] =
	    START "&response_type=code&scope=openid%20openid%20profile%20email%20email%20groups" PKCE;

	assert_int_equal(checked(&plain, text, &arena, &request), OIDC_OK);
	assert_int_equal(request.scopes, OIDC_SCOPE_OPENID | OIDC_SCOPE_PROFILE | OIDC_SCOPE_EMAIL | OIDC_SCOPE_GROUPS);
	assert_int_equal(checked(&narrow, text, &arena, &request), OIDC_OK);
	assert_int_equal(request.scopes, OIDC_SCOPE_OPENID | OIDC_SCOPE_EMAIL);
}

#define MFA "https://refeds.org/profile/mfa"
#define SFA "https://refeds.org/profile/sfa"

static const struct {
	const char *more;
	unsigned acrs;
	bool essential;
	const char *sub, *why;
} contexts[] = {
	{ "", 0, false, "", "no requirement" },
	{ "&acr_values=" MFA "%20urn:other", OIDC_ACR_MFA, false, "",
	  "acr_values is voluntary, unknown names are ignored" },
	{ "&acr_values=phr%20" SFA, OIDC_ACR_PHR | OIDC_ACR_SFA, false, "", "two values" },
	{ "&claims={\"id_token\":{\"acr\":{\"essential\":true,\"values\":[\"phr\",\"" MFA "\"]}}}",
	  OIDC_ACR_PHR | OIDC_ACR_MFA, true, "", "an essential claim with values" },
	{ "&claims={\"id_token\":{\"acr\":{\"essential\":true,\"value\":\"phr\"}}}", OIDC_ACR_PHR, true, "",
	  "one value" },
	{ "&claims={\"id_token\":{\"acr\":{\"essential\":true,\"value\":\"phrh\"}}}", 0, true, "",
	  "an essential claim with an unknown value" },
	{ "&claims={\"id_token\":{\"acr\":{\"essential\":true}}}", 0, false, "",
	  "an essential claim that any value fulfils" },
	{ "&claims={\"id_token\":{\"acr\":null}}", 0, false, "", "voluntary" },
	{ "&claims={\"id_token\":{\"acr\":{\"values\":[\"phr\"]}}}&acr_values=" MFA, OIDC_ACR_PHR | OIDC_ACR_MFA, false,
	  "", "both are voluntary" },
	{ "&claims={\"id_token\":{\"acr\":{\"essential\":true,\"values\":[\"phr\"]}}}&acr_values=" MFA, OIDC_ACR_PHR,
	  true, "", "the essential claim decides" },
	{ "&claims={\"id_token\":{\"sub\":{\"value\":\"248289761001\"}}}", 0, false, "248289761001",
	  "sub of the ID token" },
	{ "&claims={\"userinfo\":{\"sub\":{\"value\":\"x\"}}}", 0, false, "x", "sub of userinfo" },
	{ "&claims={\"id_token\":{\"sub\":null},\"userinfo\":7}", 0, false, "", "no value, and no object" },
};

static void
required_contexts_and_subjects_are_read(void **state)
{
	for (size_t i = 0; i < COUNT(contexts); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(256 * 1024);
		struct oidc_request request;
		char text[1024];
		snprintf(text, sizeof(text), "%s%s", GOOD, contexts[i].more);
		if (checked(&plain, text, &arena, &request) != OIDC_OK || request.acrs != contexts[i].acrs ||
		    request.acr_essential != contexts[i].essential || !str_equal(request.sub, str_of(contexts[i].sub)))
			fail_msg("%s: acrs %u, essential %d, sub %.*s", contexts[i].why, request.acrs,
				 request.acr_essential, STR_ARG(request.sub));
	}
}

static void
the_answered_context_is_the_best_requested_one(void **state)
{
	static const struct {
		unsigned asked;
		enum oidc_acr reached, answer;
	} rows[] = {
		{ 0, OIDC_ACR_PHR, OIDC_ACR_PHR },
		{ 0, OIDC_ACR_SFA, OIDC_ACR_SFA },
		{ OIDC_ACR_MFA, OIDC_ACR_PHR, OIDC_ACR_MFA },
		{ OIDC_ACR_MFA | OIDC_ACR_PHR, OIDC_ACR_PHR, OIDC_ACR_PHR },
		{ OIDC_ACR_MFA | OIDC_ACR_SFA, OIDC_ACR_PHR, OIDC_ACR_MFA },
		{ OIDC_ACR_PHR, OIDC_ACR_MFA, OIDC_ACR_MFA },
		{ OIDC_ACR_PHR | OIDC_ACR_SFA, OIDC_ACR_MFA, OIDC_ACR_SFA },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(oidc_acr_answer(rows[i].asked, rows[i].reached), rows[i].answer);
	assert_string_equal(oidc_acr_name(OIDC_ACR_SFA), SFA);
	assert_string_equal(oidc_acr_name(OIDC_ACR_MFA), MFA);
	assert_string_equal(oidc_acr_name(OIDC_ACR_PHR), "phr");
}

static void
responses_are_form_encoded(void **state)
{
	CLEANUP(buf_wipe) struct buf out = BUF(1024);

	oidc_parameter_put(&out, STR("error"), STR("invalid_request"));
	oidc_parameter_put(&out, STR("state"), STR("{\"a\": \"b&c=d+e\"}"));
	assert_true(
	    str_equal(buf_str(&out), STR("error=invalid_request&state=%7B%22a%22%3A%20%22b%26c%3Dd%2Be%22%7D")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_and_doubled_parameters_are_found),
		cmocka_unit_test(the_number_of_parameters_is_bounded),
		cmocka_unit_test(reading_without_memory_fails),
		cmocka_unit_test(unusual_parameters_are_accepted_byte_for_byte),
		cmocka_unit_test(each_check_reports_its_error),
		cmocka_unit_test(state_and_nonce_have_a_maximum),
		cmocka_unit_test(mode_and_state_are_set_before_the_first_error),
		cmocka_unit_test(values_are_derived),
		cmocka_unit_test(scopes_are_those_that_the_client_may_have),
		cmocka_unit_test(required_contexts_and_subjects_are_read),
		cmocka_unit_test(the_answered_context_is_the_best_requested_one),
		cmocka_unit_test(responses_are_form_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
