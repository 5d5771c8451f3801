/* The setting that a misspelt name probably means. */
#include "unit.h"

#include "config/nearest.h"
#include "config/settings.h"

static void
nearest_distance_counts_single_changes(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
		const char *why;
	} cases[] = {
		{ "", "", 0, "nothing" },
		{ "abc", "abc", 0, "the same" },
		{ "ABC", "abc", 0, "letters folded" },
		{ "abc", "", 3, "all letters deleted" },
		{ "PROT", "PORT", 1, "two letters swapped" },
		{ "PRT", "PORT", 1, "a letter missing" },
		{ "POORT", "PORT", 1, "one letter too many" },
		{ "PORK", "PORT", 1, "another letter" },
		{ "kitten", "sitting", 3, "the usual example" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		unit_note("%s", cases[i].why);
		assert_int_equal(nearest_distance(str_of(cases[i].a), str_of(cases[i].b)), cases[i].distance);
		assert_int_equal(nearest_distance(str_of(cases[i].b), str_of(cases[i].a)), cases[i].distance);
	}
}

static void
nearest_distance_refuses_an_overlong_word(void **state)
{
	char word[64] = "";

	memset(word, 'x', sizeof(word));
	assert_int_equal(nearest_distance(str_bytes(word, 63), STR("")), 63);
	assert_true(nearest_distance(str_bytes(word, 64), STR("")) == SIZE_MAX);
	assert_true(nearest_distance(STR(""), str_bytes(word, 64)) == SIZE_MAX);
}

static void
setting_nearest_finds_the_intended_setting_only(void **state)
{
	static const struct {
		const char *written, *meant, *why;
	} cases[] = {
		{ "PROT", "PORT", "swapped" },
		{ "SECRETKEY", "SECRET_KEY", "without its underscore" },
		{ "database_uri", "DATABASE_URL", "lower case, and Flask's name for it" },
		{ "APP_SETTING", "APP_SETTINGS", "singular" },
		{ "SESSION_LIVETIME", "SESSION_LIFETIME", "misspelt" },
		{ "MAIL_SERVER", NULL, "a setting of another program" },
		{ "X", NULL, "too short to tell" },
		{ "HOTS", "HOST", "four letters, two of them swapped" },
		{ "NOSE", NULL, "four letters, two of them wrong" },
		{ "", NULL, "nothing" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct setting *nearest = setting_nearest(str_of(cases[i].written));
		unit_note("%s: %s", cases[i].written, cases[i].why);
		if (cases[i].meant == NULL) {
			assert_null(nearest);
			continue;
		}
		assert_non_null(nearest);
		assert_string_equal(nearest->name, cases[i].meant);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nearest_distance_counts_single_changes),
		cmocka_unit_test(nearest_distance_refuses_an_overlong_word),
		cmocka_unit_test(setting_nearest_finds_the_intended_setting_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
