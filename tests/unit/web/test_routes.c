/* Rules for each row of the table of routes. */
#include "unit.h"

#include "http/return_to.h"
#include "web/core/route.h"

static void
each_row_has_one_handler_and_each_post_a_page_to_redisplay(void **state)
{
	for (size_t i = 0; i < web_routes_count; i++) {
		const struct route *route = &web_routes[i];
		bool post = route->method == HTTP_POST, page = route->kind == ROUTE_PAGE;
		if ((route->form != NULL && !post) || (post && page && route->redisplay == NULL) ||
		    (post && route->kind == ROUTE_API && route->form == NULL) ||
		    (route->answer != NULL) + (route->show != NULL) != (route->kind == ROUTE_CHECK ? 0 : 1))
			fail_msg("%.*s", STR_ARG(route->path));
	}
}

/* Routes for programs have no session, so that a form of another site can do nothing with them. */
static const str for_programs[] = { STR_INIT("/api/oidc/token"),
				    STR_INIT("/api/oidc/userinfo"),
				    STR_INIT("/api/oidc/introspection"),
				    STR_INIT("/api/oidc/revocation"),
				    STR_INIT("/.well-known/openid-configuration"),
				    STR_INIT("/.well-known/oauth-authorization-server"),
				    STR_INIT("/jwks.json") };

static bool
is_for_programs(const struct route *route)
{
	for (size_t i = 0; i < COUNT(for_programs); i++)
		if (str_equal(route->path, for_programs[i]))
			return true;
	return false;
}

/* Applications send these requests from another site.  The server repeats them with GET, without the session. */
static bool
is_posted_by_applications(const struct route *route)
{
	return route->kind == ROUTE_PLAIN && (str_equal(route->path, STR("/api/oidc/authorization")) ||
					      str_equal(route->path, STR("/api/oidc/end-session")));
}

/* A POST outside the pipeline of pages skips the check of its form token. */
static void
each_post_is_a_page_or_for_programs(void **state)
{
	for (size_t i = 0; i < web_routes_count; i++) {
		const struct route *route = &web_routes[i];
		if (route->method == HTTP_POST && !is_posted_by_applications(route) &&
		    route->kind != (is_for_programs(route) ? ROUTE_API : ROUTE_PAGE))
			fail_msg("%.*s", STR_ARG(route->path));
		if (route->kind == ROUTE_API && !is_for_programs(route))
			fail_msg("%.*s", STR_ARG(route->path));
	}
}

/* Only the dispatcher reads the form token, so a handler cannot mistake an unchecked POST for a checked one. */
static void
forms_of_handlers_have_no_form_token(void **state)
{
	for (size_t i = 0; i < web_routes_count; i++)
		assert_null(form_value(web_routes[i].form, &web_routes[i], STR("csrf_token")));
}

static void
each_post_that_needs_a_fresh_proof_has_fields_for_it(void **state)
{
	for (size_t i = 0; i < web_routes_count; i++) {
		const struct route *route = &web_routes[i];
		bool has_field = form_value(route->form, route, STR("otp")) != NULL &&
				 form_value(route->form, route, STR("credential_id")) != NULL;
		if (route->step_up && route->method == HTTP_POST && !has_field)
			fail_msg("%.*s", STR_ARG(route->path));
		if (route->step_up && route->asks != 0 && route->redisplay == NULL)
			fail_msg("%.*s has no page for ERR_STALE", STR_ARG(route->path));
	}
}

/* `show` has no parameter for a channel and cannot ask; `answer` runs on a worker, which has a channel. */
static void
rows_that_ask_nothing_have_a_handler_that_cannot_ask(void **state)
{
	for (size_t i = 0; i < web_routes_count; i++) {
		const struct route *route = &web_routes[i];
		if (route->kind != ROUTE_CHECK && (route_questions(route) == 0) != (route->show != NULL))
			fail_msg("%.*s", STR_ARG(route->path));
		if (route->kind == ROUTE_PLAIN && route_pool(route) != HTTP_INLINE)
			fail_msg("%.*s", STR_ARG(route->path));
	}
}

static void
a_row_without_a_state_needs_full(void **state)
{
	const struct route nothing_said = { 0 };

	assert_false(route_opens(&nothing_said, STATE_NONE));
	assert_false(route_opens(&nothing_said, STATE_ENROLLING));
	assert_false(route_opens(&nothing_said, STATE_PENDING));
	assert_true(route_opens(&nothing_said, STATE_FULL));
}

/* The definition of a question says whether it may hash (ipc/questions.def); that decides the pool. */
static void
routes_whose_questions_may_hash_use_the_slow_pool(void **state)
{
	static const str hashing[] = { STR_INIT("/login"),
				       STR_INIT("/register"),
				       STR_INIT("/set-password"),
				       STR_INIT("/account/password"),
				       STR_INIT("/account/close"),
				       STR_INIT("/account/authenticators/new"),
				       STR_INIT("/account/passkeys/new"),
				       STR_INIT("/api/oidc/login") };

	for (size_t i = 0; i < web_routes_count; i++) {
		const struct route *route = &web_routes[i];
		bool hashes = false;
		for (size_t k = 0; k < COUNT(hashing); k++)
			hashes = hashes || (route->method == HTTP_POST && str_equal(route->path, hashing[k]));
		assert_int_equal(route_pool(route) == HTTP_SLOW, hashes);
	}
	for (unsigned id = 1; id < QUESTION_COUNT; id++)
		assert_int_equal((QUESTIONS_SLOW & UINT64_C(1) << id) != 0, wire_questions[id].pool == POOL_SLOW);
}

/* Handlers of pages must not see a password that browsers send with each request, and 16 KiB suffice. */
static void
no_page_takes_authorization_and_no_row_a_larger_body(void **state)
{
	for (size_t i = 0; i < web_routes_count; i++)
		if ((web_routes[i].authorization && web_routes[i].kind != ROUTE_API) ||
		    web_routes[i].body_max_bytes > HTTP_BODY_MAX_BYTES)
			fail_msg("%.*s", STR_ARG(web_routes[i].path));
}

/* Percent-encoding makes three bytes of one. */
static void
each_form_with_a_return_url_takes_the_longest_one(void **state)
{
	size_t forms = 0;

	for (size_t i = 0; i < web_routes_count; i++) {
		const struct route *route = &web_routes[i];
		if (form_value(route->form, route, STR("next")) == NULL)
			continue;
		assert_true(route_body_max(route) >= HTTP_BODY_MAX_BYTES + 3 * NEXT_MAX_BYTES);
		forms++;
	}
	assert_true(forms > 10);
}

static void
route_find_distinguishes_wrong_method_and_wrong_path(void **state)
{
	static const struct {
		const char *why;
		enum http_method method;
		const char *path;
		bool found;
		unsigned methods;
	} rows[] = {
		{ "home", HTTP_GET, "/", true, HTTP_GET },
		{ "HEAD finds the row of GET", HTTP_HEAD, "/", true, HTTP_GET },
		{ "POST to a page without a form", HTTP_POST, "/", false, HTTP_GET },
		{ "both methods", HTTP_POST, "/login", true, HTTP_GET | HTTP_POST },
		{ "another method", HTTP_OTHER, "/login", false, HTTP_GET | HTTP_POST },
		{ "no such path", HTTP_GET, "/nothing", false, 0 },
		{ "a longer path", HTTP_GET, "/login/", false, 0 },
		{ "letter case counts", HTTP_GET, "/Login", false, 0 },
		{ "percent is not decoded", HTTP_GET, "/%6cogin", false, 0 },
		{ "a path below a folder", HTTP_GET, "/static/app.css", true, HTTP_GET },
		{ "home is not a folder", HTTP_GET, "//", false, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned methods = 99;
		const struct route *route = route_find(rows[i].method, str_of(rows[i].path), (str){ 0 }, &methods);
		if ((route != NULL) != rows[i].found || methods != rows[i].methods)
			fail_msg("%s", rows[i].why);
	}
}

static void
route_find_chooses_home_or_gate_by_the_query(void **state)
{
	static const struct {
		const char *why, *path, *query;
		enum http_pool pool;
	} rows[] = {
		{ "no query", "/", "", HTTP_INLINE },
		{ "a return URL", "/", "rd=https://wiki.example.org/", HTTP_QUICK },
		{ "a return URL after another parameter", "/", "rm=GET&rd=x", HTTP_QUICK },
		{ "an empty return URL", "/", "rd=", HTTP_QUICK },
		{ "a name without a value", "/", "rd", HTTP_QUICK },
		{ "twice", "/", "rd=a&rd=b", HTTP_QUICK },
		{ "a name that begins with rd", "/", "rdx=1", HTTP_INLINE },
		{ "a name that ends in rd", "/", "ard=1", HTTP_INLINE },
		{ "only in a value", "/", "next=rd", HTTP_INLINE },
		{ "letter case counts", "/", "RD=1", HTTP_INLINE },
		{ "empty parameters", "/", "&&&", HTTP_INLINE },
		{ "a query of another page", "/login", "rd=1", HTTP_INLINE },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned methods = 0;
		const struct route *route = route_find(HTTP_GET, str_of(rows[i].path), str_of(rows[i].query), &methods);
		if (route == NULL || route_pool(route) != rows[i].pool)
			fail_msg("%s", rows[i].why);
	}
}

static void
a_path_has_one_spelling_unless_its_row_allows_more(void **state)
{
	static const struct {
		const char *path;
		bool good;
		const char *why;
	} rows[] = {
		{ "/", true, "home" },
		{ "/.doubletour/enter", true, "the endpoint for tickets" },
		{ "/no/such/page", true, "an unknown plain path, answered with 404 later" },
		{ "/api/authz/ext-authz/a%2Fb", true, "an application's path" },
		{ "/api/authz/ext-authz//a;b", true, "slashes and parameters of an application's path" },
		{ "/api/authz/ext-authz/caf%C3%A9", true, "letters of an application's path" },
		{ "/api/authz/ext-authz/../x", false, "a dot segment in an application's path" },
		{ "/api/authz/ext-authz/..%2fx", false, "an encoded dot segment" },
		{ "/api/authz/ext-authz/%zz", false, "an invalid percent sequence" },
		{ "/api/authz/ext-authz;x", false, "a parameter after the endpoint" },
		{ "/api/authz/ext%2dauthz/x", false, "an encoded name of the endpoint" },
		{ "/api/authz//ext-authz/x", false, "two slashes before the endpoint" },
		{ "/api/verify/..%2f..%2f.doubletour/enter", false, "dot segments after another endpoint" },
		{ "/static//app.css", false, "two slashes in a folder" },
		{ "/log%69n", false, "an encoded letter of a page" },
	};
	size_t ambiguous = 0;

	for (size_t i = 0; i < COUNT(rows); i++)
		if (route_path_good(str_of(rows[i].path), uri_path_kind(str_of(rows[i].path))) != rows[i].good)
			fail_msg("%s: %s", rows[i].why, rows[i].path);
	for (size_t i = 0; i < web_routes_count; i++)
		ambiguous += web_routes[i].ambiguous;
	assert_int_equal(ambiguous, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_has_one_handler_and_each_post_a_page_to_redisplay),
		cmocka_unit_test(each_post_is_a_page_or_for_programs),
		cmocka_unit_test(forms_of_handlers_have_no_form_token),
		cmocka_unit_test(each_post_that_needs_a_fresh_proof_has_fields_for_it),
		cmocka_unit_test(rows_that_ask_nothing_have_a_handler_that_cannot_ask),
		cmocka_unit_test(no_page_takes_authorization_and_no_row_a_larger_body),
		cmocka_unit_test(a_row_without_a_state_needs_full),
		cmocka_unit_test(routes_whose_questions_may_hash_use_the_slow_pool),
		cmocka_unit_test(each_form_with_a_return_url_takes_the_longest_one),
		cmocka_unit_test(route_find_distinguishes_wrong_method_and_wrong_path),
		cmocka_unit_test(a_path_has_one_spelling_unless_its_row_allows_more),
		cmocka_unit_test(route_find_chooses_home_or_gate_by_the_query),
	};

	return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
