/* What must hold of every row of the table of routes. */
#include "unit.h"

#include "web/core/route.h"

static void
each_row_has_one_handler_and_each_post_a_page_again(void **state)
{
	for (size_t i = 0; i < web_routes_count; i++) {
		const struct route *route = &web_routes[i];
		bool post = route->method == HTTP_POST;
		if ((route->form != NULL && !post) || (post && route->redisplay == NULL) ||
		    (route->answer != NULL) + (route->show != NULL) != (route->kind == ROUTE_CHECK ? 0 : 1))
			fail_msg("%.*s", STR_ARG(route->path));
	}
}

/* A POST that skipped the pipeline of pages would skip the check of its token. */
static void
each_post_is_a_page(void **state)
{
	for (size_t i = 0; i < web_routes_count; i++)
		if (web_routes[i].method == HTTP_POST && web_routes[i].kind != ROUTE_PAGE)
			fail_msg("%.*s", STR_ARG(web_routes[i].path));
}

/* The dispatcher reads the token itself: a handler that read it could take a POST for checked. */
static void
no_form_of_a_handler_has_the_token(void **state)
{
	for (size_t i = 0; i < web_routes_count; i++)
		assert_null(form_value(web_routes[i].form, &web_routes[i], STR("csrf_token")));
}

static void
each_post_that_needs_a_fresh_proof_has_a_field_for_a_code(void **state)
{
	for (size_t i = 0; i < web_routes_count; i++) {
		const struct route *route = &web_routes[i];
		bool has_field = form_value(route->form, route, STR("otp")) != NULL;
		if (route->step_up && route->method == HTTP_POST && !has_field)
			fail_msg("%.*s", STR_ARG(route->path));
		if (route->step_up && route->asks != 0 && route->redisplay == NULL)
			fail_msg("%.*s has no page for ERR_STALE", STR_ARG(route->path));
	}
}

/* `show` has no parameter through which it could ask; `answer` runs on a worker, which has one. */
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
a_row_that_names_no_state_needs_full(void **state)
{
	const struct route nothing_said = { 0 };

	assert_false(route_opens(&nothing_said, STATE_NONE));
	assert_false(route_opens(&nothing_said, STATE_ENROLLING));
	assert_false(route_opens(&nothing_said, STATE_PENDING));
	assert_true(route_opens(&nothing_said, STATE_FULL));
}

/* The definition of a question says whether it may hash (ipc/questions.def); the lane follows from it. */
static void
routes_whose_questions_may_hash_use_the_slow_pool(void **state)
{
	static const str hashing[] = { STR_INIT("/login"),         STR_INIT("/register"),
				       STR_INIT("/set-password"),  STR_INIT("/account/password"),
				       STR_INIT("/account/close"), STR_INIT("/account/authenticators/new") };

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

/* None so far: a password that a browser sends with each request is shown to nobody, and 16 KiB are enough for a form. */
static void
no_row_takes_authorization_or_a_larger_body(void **state)
{
	for (size_t i = 0; i < web_routes_count; i++)
		if (web_routes[i].authorization || web_routes[i].body_max_bytes > HTTP_BODY_MAX_BYTES)
			fail_msg("%.*s", STR_ARG(web_routes[i].path));
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
		{ "HEAD is GET", HTTP_HEAD, "/", true, HTTP_GET },
		{ "POST to a page without a form", HTTP_POST, "/", false, HTTP_GET },
		{ "both methods", HTTP_POST, "/login", true, HTTP_GET | HTTP_POST },
		{ "another method", HTTP_OTHER, "/login", false, HTTP_GET | HTTP_POST },
		{ "no such path", HTTP_GET, "/nothing", false, 0 },
		{ "a path is whole", HTTP_GET, "/login/", false, 0 },
		{ "letter case counts", HTTP_GET, "/Login", false, 0 },
		{ "percent is not decoded", HTTP_GET, "/%6cogin", false, 0 },
		{ "below a folder", HTTP_GET, "/static/app.css", true, HTTP_GET },
		{ "home is no folder", HTTP_GET, "//", false, 0 },
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
		{ "a return URL behind others", "/", "rm=GET&rd=x", HTTP_QUICK },
		{ "an empty return URL", "/", "rd=", HTTP_QUICK },
		{ "without a value", "/", "rd", HTTP_QUICK },
		{ "twice", "/", "rd=a&rd=b", HTTP_QUICK },
		{ "a name that begins alike", "/", "rdx=1", HTTP_INLINE },
		{ "a name that ends alike", "/", "ard=1", HTTP_INLINE },
		{ "only in a value", "/", "next=rd", HTTP_INLINE },
		{ "letter case counts", "/", "RD=1", HTTP_INLINE },
		{ "empty parameters", "/", "&&&", HTTP_INLINE },
		{ "of another page", "/login", "rd=1", HTTP_INLINE },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned methods = 0;
		const struct route *route = route_find(HTTP_GET, str_of(rows[i].path), str_of(rows[i].query), &methods);
		if (route == NULL || route_pool(route) != rows[i].pool)
			fail_msg("%s", rows[i].why);
	}
}

static void
a_path_has_one_spelling_unless_its_row_says_otherwise(void **state)
{
	static const struct {
		const char *path;
		bool good;
		const char *why;
	} rows[] = {
		{ "/", true, "home" },
		{ "/.doubletour/enter", true, "the way in" },
		{ "/no/such/page", true, "a plain path that is none of ours is not found later" },
		{ "/api/authz/ext-authz/a%2Fb", true, "an application's path" },
		{ "/api/authz/ext-authz//a;b", true, "and its slashes and parameters" },
		{ "/api/authz/ext-authz/caf%C3%A9", true, "and its letters" },
		{ "/api/authz/ext-authz/../x", false, "but no dot segment" },
		{ "/api/authz/ext-authz/..%2fx", false, "encoded" },
		{ "/api/authz/ext-authz/%zz", false, "and nothing that is no path" },
		{ "/api/authz/ext-authz;x", false, "the endpoint itself is plain" },
		{ "/api/authz/ext%2dauthz/x", false, "and so is its name" },
		{ "/api/authz//ext-authz/x", false, "and so is what stands before it" },
		{ "/api/verify/..%2f..%2f.doubletour/enter", false, "of another endpoint" },
		{ "/static//app.css", false, "of a folder" },
		{ "/log%69n", false, "of a page" },
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
		cmocka_unit_test(each_row_has_one_handler_and_each_post_a_page_again),
		cmocka_unit_test(each_post_is_a_page),
		cmocka_unit_test(no_form_of_a_handler_has_the_token),
		cmocka_unit_test(each_post_that_needs_a_fresh_proof_has_a_field_for_a_code),
		cmocka_unit_test(rows_that_ask_nothing_have_a_handler_that_cannot_ask),
		cmocka_unit_test(no_row_takes_authorization_or_a_larger_body),
		cmocka_unit_test(a_row_that_names_no_state_needs_full),
		cmocka_unit_test(routes_whose_questions_may_hash_use_the_slow_pool),
		cmocka_unit_test(route_find_distinguishes_wrong_method_and_wrong_path),
		cmocka_unit_test(a_path_has_one_spelling_unless_its_row_says_otherwise),
		cmocka_unit_test(route_find_chooses_home_or_gate_by_the_query),
	};

	return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
