/* Conditions on a query: queries that match, and queries that programs could read differently. */
#include "unit.h"

#include "access/query.h"

#include <string.h>

static const str login[] = { STR_INIT("login") };
static const str either[] = { STR_INIT("login"), STR_INIT("log out") };
static const str empty[] = { STR_INIT("") };

static const struct query_condition action_login = { STR_INIT("action"), login, 1 };
static const struct query_condition action_either = { STR_INIT("action"), either, 2 };
static const struct query_condition action_empty = { STR_INIT("action"), empty, 1 };
static const struct query_condition a_b = { STR_INIT("a_b"), NULL, 0 };
static const struct query_condition action_any = { STR_INIT("action"), NULL, 0 };

static const struct {
	const struct query_condition *condition;
	const char *query;
	enum fit fit;
	const char *why;
} cases[] = {
	{ &action_login, "action=login", FITS, "alone" },
	{ &action_login, "a=1&action=login&b=2", FITS, "among others" },
	{ &action_login, "%61ction=l%6fgin", FITS, "encoded once" },
	{ &action_login, "", FITS_NOT, "no query" },
	{ &action_login, "action=logout", FITS_NOT, "another value" },
	{ &action_login, "action=Login", FITS_NOT, "letter case of a value counts" },
	{ &action_login, "action=loginx", FITS_NOT, "a longer value" },
	{ &action_login, "action", FITS_NOT, "no value" },
	{ &action_login, "xaction=login", FITS_NOT, "a longer name" },
	{ &action_login, "a=action=login", FITS_NOT, "in a value" },
	{ &action_login, "actions=login", FITS_NOT, "another name" },
	{ &action_login, "action=login&action=delete", FITS_MAYBE, "twice: programs use the first or the last" },
	{ &action_login, "action=delete&action=login", FITS_MAYBE, "twice, in the other order" },
	{ &action_login, "action=login&action=login", FITS_MAYBE, "twice: some programs join the values" },
	{ &action_login, "action=login&action[]=delete", FITS_MAYBE, "an array beside the parameter" },
	{ &action_login, "action[]=login", FITS_MAYBE, "an array alone" },
	{ &action_login, "action[x]=login", FITS_MAYBE, "a field of an array" },
	{ &a_b, "a[b=1", FITS_MAYBE, "a bracket that is not closed: '_' for PHP" },
	{ &a_b, "a%5Bb=1", FITS_MAYBE, "the same, encoded" },
	{ &a_b, "+a[b=1", FITS_MAYBE, "the same after a space" },
	{ &a_b, "a[c=1", FITS_NOT, "another name with a bracket" },
	{ &action_login, "ACTION=login", FITS_MAYBE, "a name in capitals" },
	{ &action_login, "Action=delete&action=login", FITS_MAYBE, "two spellings of a name" },
	{ &action_login, "+action=login", FITS_MAYBE, "a space before the name" },
	{ &action_login, "%20action=login", FITS_MAYBE, "the same, encoded" },
	{ &action_login, "%2561ction=login", FITS_MAYBE, "a name that is encoded twice" },
	{ &action_login, "action=l%256fgin", FITS_MAYBE, "a value that is encoded twice" },
	{ &action_login, "a=1;action=login", FITS_MAYBE, "a semicolon" },
	{ &action_login, "action=login;b", FITS_MAYBE, "a semicolon after the value" },
	{ &action_login, "action=login&b=%zz", FITS_MAYBE, "a broken percent sequence" },
	{ &action_login, "action=login%", FITS_MAYBE, "a percent sign at the end" },
	{ &action_login, "action=login%4", FITS_MAYBE, "a percent sign and one digit" },
	{ &action_login, "action=login%00", FITS_MAYBE, "a NUL" },
	{ &action_login, "action=login%0a", FITS_MAYBE, "a line end" },
	{ &action_login, "action=%c1%acogin", FITS_MAYBE, "overlong UTF-8" },
	{ &action_login, "b=%ff&action=delete", FITS_MAYBE, "invalid UTF-8 in another parameter" },
	{ &action_login, "&&&", FITS_NOT, "empty parameters" },
	{ &action_either, "action=login", FITS, "the first of two values" },
	{ &action_either, "action=log+out", FITS, "the second, a plus for a space" },
	{ &action_either, "action=log%20out", FITS, "the second, encoded" },
	{ &action_either, "action=log%2Bout", FITS_NOT, "an encoded plus is a plus" },
	{ &action_empty, "action=", FITS, "an empty value" },
	{ &action_empty, "action", FITS, "no value means an empty value" },
	{ &action_empty, "action=x", FITS_NOT, "not empty" },
	{ &action_any, "action", FITS, "present" },
	{ &action_any, "action=&action=x", FITS, "present, whichever value counts" },
	{ &action_any, "b=1", FITS_NOT, "absent" },
	{ &action_any, "action[]=1", FITS_MAYBE, "present for some programs" },
	{ &action_any, "ACTION=1", FITS_MAYBE, "in capitals" },
};

static void
query_fit_tells_clear_queries_from_ambiguous_ones(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++)
		if (query_fit(cases[i].condition, 1, str_of(cases[i].query)) != cases[i].fit)
			fail_msg("%s: %s", cases[i].query, cases[i].why);
}

static void
query_fit_needs_every_condition(void **state)
{
	static const str two[] = { STR_INIT("2") };
	const struct query_condition both[] = { action_login, { STR("page"), two, 1 } };
	static const struct {
		const char *query;
		enum fit fit;
	} rows[] = {
		{ "action=login&page=2", FITS },        { "page=2&action=login", FITS },
		{ "action=login", FITS_NOT },           { "page=2", FITS_NOT },
		{ "action=login&page=3", FITS_NOT },    { "action=login&page=2&page=3", FITS_MAYBE },
		{ "action=x&page=2&page=3", FITS_NOT }, { "", FITS_NOT },
		{ "action=login&PAGE=2", FITS_MAYBE },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (query_fit(both, 2, str_of(rows[i].query)) != rows[i].fit)
			fail_msg("%s", rows[i].query);
	assert_int_equal(query_fit(NULL, 0, STR("anything=1;2")), FITS);
}

static void
query_fit_is_uncertain_about_an_overlong_query(void **state)
{
	static char text[QUERY_MAX_BYTES + 1];

	memset(text, 'a', sizeof(text));
	memcpy(text, "action=login&", 13);
	assert_int_equal(query_fit(&action_login, 1, str_bytes(text, QUERY_MAX_BYTES)), FITS);
	assert_int_equal(query_fit(&action_login, 1, str_bytes(text, QUERY_MAX_BYTES + 1)), FITS_MAYBE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(query_fit_tells_clear_queries_from_ambiguous_ones),
		cmocka_unit_test(query_fit_needs_every_condition),
		cmocka_unit_test(query_fit_is_uncertain_about_an_overlong_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
