/* The language of a page. */
#include "unit.h"

#include "web/core/language.h"

static const struct {
	const char *why, *cookie, *accept;
	enum config_language otherwise, expected;
} cases[] = {
	{ "no preference: the default", "", "", LANGUAGE_FR, LANGUAGE_FR },
	{ "no preference: the other default", "", "", LANGUAGE_EN, LANGUAGE_EN },
	{ "the cookie comes first", "en", "fr", LANGUAGE_FR, LANGUAGE_EN },
	{ "a cookie with an unknown language is ignored", "de", "fr", LANGUAGE_EN, LANGUAGE_FR },
	{ "an overlong cookie is ignored", "enenen", "", LANGUAGE_FR, LANGUAGE_FR },
	{ "a plain header", "", "en", LANGUAGE_FR, LANGUAGE_EN },
	{ "a language with a country", "", "en-GB,fr;q=0.5", LANGUAGE_FR, LANGUAGE_EN },
	{ "upper case", "", "EN-us", LANGUAGE_FR, LANGUAGE_EN },
	{ "the greater weight wins", "", "en;q=0.3, fr;q=0.9", LANGUAGE_EN, LANGUAGE_FR },
	{ "the first of equal weight wins", "", "en,fr", LANGUAGE_FR, LANGUAGE_EN },
	{ "a weight of 0 excludes the language", "", "en;q=0", LANGUAGE_FR, LANGUAGE_FR },
	{ "unsupported languages", "", "de,es;q=0.9", LANGUAGE_FR, LANGUAGE_FR },
	{ "an unsupported language, then a supported one", "", "de, en;q=0.1", LANGUAGE_FR, LANGUAGE_EN },
	{ "a longer word is another language", "", "english", LANGUAGE_FR, LANGUAGE_FR },
	{ "nonsense", "", ";;;,,,q=;=", LANGUAGE_EN, LANGUAGE_EN },
	{ "a weight that is not a number", "", "en;q=abc", LANGUAGE_FR, LANGUAGE_FR },
};

static void
language_choose_follows_cookie_then_browser_then_default(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (language_choose(str_of(cases[i].cookie), str_of(cases[i].accept), cases[i].otherwise) !=
		    cases[i].expected)
			fail_msg("%s", cases[i].why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(language_choose_follows_cookie_then_browser_then_default),
	};

	return cmocka_run_group_tests_name("language", tests, NULL, NULL);
}
