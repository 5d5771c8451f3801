/* Patterns with stars. */
#include "unit.h"

#include "access/pattern.h"

#include <string.h>
#include <time.h>

static void
host_patterns_match_hosts(void **state)
{
	static const struct {
		const char *pattern, *host;
		bool fits;
	} cases[] = {
		{ "wiki.example.org", "wiki.example.org", true },
		{ "wiki.example.org", "wiki.example.org.evil", false },
		{ "wiki.example.org", "a.wiki.example.org", false },
		{ "*.example.org", "wiki.example.org", true },
		{ "*.example.org", "a.b.example.org", true },
		{ "*.example.org", "example.org", false },
		{ "*.example.org", ".example.org", false },
		{ "*.example.org", "evilexample.org", false },
		{ "*", "anything.example", true },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (pattern_host_fits(str_of(cases[i].pattern), str_of(cases[i].host), (str){ 0 }, (str){ 0 }) !=
		    cases[i].fits)
			fail_msg("%s %s", cases[i].pattern, cases[i].host);
	assert_true(pattern_host_good(STR("*")));
	assert_true(pattern_host_good(STR("*.example.org")));
	assert_false(pattern_host_good(STR("")));
	assert_false(pattern_host_good(STR("*.")));
	assert_false(pattern_host_good(STR("wiki.*.org")));
	assert_false(pattern_host_good(STR("*example.org")));
	assert_false(pattern_host_good(STR("Wiki.example.org")));
	assert_false(pattern_host_good(STR("wiki.example.org:443")));
	assert_false(pattern_host_good(STR("https://wiki.example.org")));
	assert_false(pattern_host_good(STR("wiki.example.org.")));
}

static void
host_labels_match_users_and_groups(void **state)
{
	static const struct {
		const char *pattern, *host, *user, *groups; /* user NULL: unknown */
		bool fits;
		const char *why;
	} rows[] = {
		{ "{user}.example.org", "anna.example.org", "anna", "", true, "her own host" },
		{ "{user}.example.org", "bob.example.org", "anna", "", false, "another user's host" },
		{ "{user}.example.org", "bob.example.org", NULL, NULL, true, "unknown user: may be any" },
		{ "{user}.example.org", "example.org", NULL, NULL, false, "unknown user: a label is missing" },
		{ "{user}.example.org", "a.anna.example.org", "anna", "", false, "one label only" },
		{ "{user}.example.org", "anna.example.net", "anna", "", false, "another domain" },
		{ "{user}.example.org", "annaexample.org", "anna", "", false, "no dot" },
		{ "{user}.example.org", "anna.smith.example.org", "anna.smith", "", false, "a dot in a name" },
		{ "{user}.example.org", ".example.org", "", "", false, "an empty label" },
		{ "{group}.example.org", "staff.example.org", "anna", "admins,staff", true, "one of her groups" },
		{ "{group}.example.org", "admins.example.org", "anna", "admins,staff", true, "another of her groups" },
		{ "{group}.example.org", "admin.example.org", "anna", "admins,staff", false, "a part of a name" },
		{ "{group}.example.org", "anna.example.org", "anna", "admins", false, "a user name is not a group" },
		{ "{group}.example.org", "staff.example.org", "anna", "", false, "in no group" },
		{ "files.{user}.example.org", "files.anna.example.org", "anna", "", true, "in the middle" },
		{ "files.{user}.example.org", "mail.anna.example.org", "anna", "", false, "another of her hosts" },
		{ "{user}.{group}.example.org", "anna.staff.example.org", "anna", "staff", true, "both" },
		{ "{user}.{group}.example.org", "bob.staff.example.org", "anna", "staff", false,
		  "both, another user's host" },
		{ "*.{user}.example.org", "a.b.anna.example.org", "anna", "", true, "any host below hers" },
		{ "*.{user}.example.org", "anna.example.org", "anna", "", false, "not her host itself" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		str user = rows[i].user == NULL ? (str){ 0 } : str_of(rows[i].user);
		str groups = rows[i].groups == NULL ? (str){ 0 } : str_of(rows[i].groups);
		if (pattern_host_fits(str_of(rows[i].pattern), str_of(rows[i].host), user, groups) != rows[i].fits)
			fail_msg("%s: %s", rows[i].pattern, rows[i].why);
		assert_true(pattern_host_good(str_of(rows[i].pattern)));
	}
}

static void
host_patterns_with_a_misplaced_label_are_refused(void **state)
{
	static const char *const bad[] = { "{user}",
					   "example.{user}",
					   "{users}.example.org",
					   "{user}x.example.org",
					   "x{user}.example.org",
					   "{}.example.org",
					   "{user.example.org",
					   "user}.example.org",
					   "{User}.example.org",
					   "*{user}.example.org",
					   "{user}..example.org",
					   "*.{group}",
					   "a.*.{user}.example.org" };

	for (size_t i = 0; i < COUNT(bad); i++)
		if (pattern_host_good(str_of(bad[i])))
			fail_msg("%s", bad[i]);
	assert_true(str_equal(pattern_host_fixed(STR("*.{user}.example.org")), STR("example.org")));
	assert_true(str_equal(pattern_host_fixed(STR("files.{user}.a.b")), STR("a.b")));
	assert_true(str_equal(pattern_host_fixed(STR("wiki.example.org")), STR("wiki.example.org")));
	assert_true(str_equal(pattern_host_fixed(STR("*.example.org")), STR("example.org")));
}

static void
path_patterns_match_paths(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool fits;
	} cases[] = {
		{ "/", "/", true },
		{ "/", "/a", false },
		{ "/a", "/a", true },
		{ "/a", "/A", false },
		{ "/a", "/a/", false },
		{ "/*", "/a", true },
		{ "/*", "/", true },
		{ "/*", "/a/b", false },
		{ "/*/edit", "/page/edit", true },
		{ "/*/edit", "/page/x/edit", false },
		{ "/*.png", "/a.png", true },
		{ "/*.png", "/a.png.html", false },
		{ "/*.png", "/a/b.png", false },
		{ "/**.png", "/a/b.png", true },
		{ "/**.png", "/a/b.png/c", false },
		{ "/admin/**", "/admin", true },
		{ "/admin/**", "/admin/", true },
		{ "/admin/**", "/admin/a/b/c", true },
		{ "/admin/**", "/administrator", false },
		{ "/**", "/", true },
		{ "/**", "/a/b", true },
		{ "/**/edit", "/a/b/edit", true },
		{ "/**/edit", "/edit", false },
		{ "/a*b*c", "/aXbYbZc", true },
		{ "/a*b*c", "/aXbYbZd", false },
		{ "/a*b/c", "/aXbXb/c", true },
		{ "/**a*b/c", "/x/aXbX/aYb/c", true },
		{ "/**a*b/c", "/x/aXb/d/c", false },
		{ "/**x/*/y", "/1/x/2/3/x/4/y", true },
		{ "/**a**b", "/aaa/bbb", true },
		{ "/**a**b", "/bbb/aaa", false },
		{ "/*/**", "/a", true },
		{ "/*/**", "/a/b/c", true },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (pattern_path_fits(str_of(cases[i].pattern), str_of(cases[i].path)) != cases[i].fits)
			fail_msg("%s %s", cases[i].pattern, cases[i].path);
	assert_true(pattern_path_good(STR("/a/*/b/**")));
	assert_false(pattern_path_good(STR("")));
	assert_false(pattern_path_good(STR("admin")));
	assert_false(pattern_path_good(STR("*")));
	assert_false(pattern_path_good(STR("/***")));
	assert_true(pattern_path_good(STR("/*a*a*a*a*a*a*a*a")));
	assert_false(pattern_path_good(STR("/*a*a*a*a*a*a*a*a*")));
}

/* The model: slow and simple. */
static bool
plainly(str pattern, str path)
{
	bool two = str_starts(pattern, STR("**"));

	if (pattern.n == 0)
		return path.n == 0;
	if (pattern.p[0] != '*')
		return path.n > 0 && path.p[0] == pattern.p[0] && plainly(str_from(pattern, 1), str_from(path, 1));
	for (size_t i = 0; i <= path.n; i++) {
		if (plainly(str_from(pattern, two ? 2 : 1), str_from(path, i)))
			return true;
		if (!two && i < path.n && path.p[i] == '/')
			return false;
	}
	return false;
}

/* Can a path with this beginning match the pattern? */
static bool
plainly_begins(str pattern, str beginning)
{
	bool two = str_starts(pattern, STR("**"));

	if (beginning.n == 0 || pattern.n == 0)
		return beginning.n == 0;
	if (pattern.p[0] != '*')
		return beginning.p[0] == pattern.p[0] && plainly_begins(str_from(pattern, 1), str_from(beginning, 1));
	for (size_t i = 0; i <= beginning.n; i++) {
		if (plainly_begins(str_from(pattern, two ? 2 : 1), str_from(beginning, i)))
			return true;
		if (!two && i < beginning.n && beginning.p[i] == '/')
			return false;
	}
	return false;
}

/* Compares all patterns of 7 bytes and paths of 6 bytes with the model. */
static void
short_patterns_match_like_a_model(void **state)
{
	static const char letters[] = "/a*", texts[] = "/ab";
	char pattern[8] = "/", path[8] = "/";
	unsigned compared = 0;

	for (unsigned p = 0; p < 3 * 3 * 3 * 3 * 3 * 3; p++)
		for (unsigned t = 0; t < 3 * 3 * 3 * 3 * 3; t++) {
			unsigned rest = p;
			for (unsigned i = 1; i <= 6; i++, rest /= 3)
				pattern[i] = letters[rest % 3];
			rest = t;
			for (unsigned i = 1; i <= 5; i++, rest /= 3)
				path[i] = texts[rest % 3];
			str a = str_bytes(pattern, 7), b = str_bytes(path, 6);
			if (!pattern_path_good(a))
				continue;
			bool short_of = str_ends(a, STR("/**")) && plainly(str_upto(a, 4), b);
			if (pattern_path_fits(a, b) != (plainly(a, b) || short_of))
				fail_msg("%.*s %.*s", STR_ARG(a), STR_ARG(b));
			if (pattern_path_may_fit(a, b) != plainly_begins(a, b))
				fail_msg("%.*s from %.*s", STR_ARG(a), STR_ARG(b));
			compared++;
		}
	assert_true(compared > 20000);
}

/* Random longer patterns and paths of few letters, so that stars can match at many positions. */
static void
random_long_patterns_match_like_a_model(void **state)
{
	static const char letters[] = "/ab**", texts[] = "/aab";
	unsigned lot = 1741, compared = 0, fitted = 0;

	for (unsigned n = 0; n < 300000; n++) {
		char pattern[13] = "/", path[15] = "/";
		for (size_t i = 1; i < sizeof(pattern); i++)
			pattern[i] = letters[(lot = lot * 1103515245 + 12345) / 65536 % 5];
		for (size_t i = 1; i < sizeof(path); i++)
			path[i] = texts[(lot = lot * 1103515245 + 12345) / 65536 % 4];
		str a = str_bytes(pattern, 4 + n % 10), b = str_bytes(path, 4 + n % 12);
		if (!pattern_path_good(a) || str_ends(a, STR("/**")))
			continue;
		if (pattern_path_fits(a, b) != plainly(a, b))
			fail_msg("%.*s %.*s", STR_ARG(a), STR_ARG(b));
		if (pattern_path_may_fit(a, b) != plainly_begins(a, b))
			fail_msg("%.*s from %.*s", STR_ARG(a), STR_ARG(b));
		compared++;
		fitted += pattern_path_fits(a, b);
	}
	assert_true(compared > 50000 && fitted > 1000);
}

/* Processor time for a path that does not match: the fastest of nine measurements. */
static clock_t
time_of(const char *pattern, str path)
{
	clock_t fastest = 0;

	for (unsigned i = 0; i < 9; i++) {
		clock_t began = clock();
		for (unsigned k = 0; k < 100; k++)
			assert_false(pattern_path_fits(str_of(pattern), path));
		clock_t taken = clock() - began;
		fastest = i == 0 || taken < fastest ? taken : fastest;
	}
	return fastest;
}

static void
matching_time_is_linear_in_the_length_of_the_path(void **state)
{
	static const char *const patterns[] = { "/**a*b", "/**a*b**c*d", "/*a*a*a*a*b", "/**/a*b", "/**a*a*b*c" };
	static char path[8192];

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	for (size_t i = 0; i < COUNT(patterns); i++) {
		clock_t small = time_of(patterns[i], str_bytes(path, sizeof(path) / 16));
		clock_t large = time_of(patterns[i], str_bytes(path, sizeof(path)));
		unit_note("%s %ld %ld", patterns[i], (long)small, (long)large);
		assert_true(large < 64 * (small + 10)); /* 16 times the length; quadratic time would be 256 times */
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_patterns_match_hosts),
		cmocka_unit_test(host_labels_match_users_and_groups),
		cmocka_unit_test(host_patterns_with_a_misplaced_label_are_refused),
		cmocka_unit_test(path_patterns_match_paths),
		cmocka_unit_test(short_patterns_match_like_a_model),
		cmocka_unit_test(random_long_patterns_match_like_a_model),
		cmocka_unit_test(matching_time_is_linear_in_the_length_of_the_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
