/* Which language a page speaks. */
#include "unit.h"

#include "web/core/language.h"

static const struct {
	const char *why, *cookie, *accept;
	enum config_language otherwise, expected;
} cases[] = {
	{ "nothing said: the default", "", "", LANGUAGE_FR, LANGUAGE_FR },
	{ "nothing said: the other default", "", "", LANGUAGE_EN, LANGUAGE_EN },
	{ "the person's choice comes first", "en", "fr", LANGUAGE_FR, LANGUAGE_EN },
	{ "an odd cookie is no choice", "de", "fr", LANGUAGE_EN, LANGUAGE_FR },
	{ "an over-long cookie is no choice", "enenen", "", LANGUAGE_FR, LANGUAGE_FR },
	{ "a plain header", "", "en", LANGUAGE_FR, LANGUAGE_EN },
	{ "a country behind it", "", "en-GB,fr;q=0.5", LANGUAGE_FR, LANGUAGE_EN },
	{ "upper case", "", "EN-us", LANGUAGE_FR, LANGUAGE_EN },
	{ "the greater weight wins", "", "en;q=0.3, fr;q=0.9", LANGUAGE_EN, LANGUAGE_FR },
	{ "the first of equal weight wins", "", "en,fr", LANGUAGE_FR, LANGUAGE_EN },
	{ "a weight of zero is a no", "", "en;q=0", LANGUAGE_FR, LANGUAGE_FR },
	{ "languages we do not speak", "", "de,es;q=0.9", LANGUAGE_FR, LANGUAGE_FR },
	{ "an unknown one, then one of ours", "", "de, en;q=0.1", LANGUAGE_FR, LANGUAGE_EN },
	{ "a longer word is another language", "", "english", LANGUAGE_FR, LANGUAGE_FR },
	{ "nonsense", "", ";;;,,,q=;=", LANGUAGE_EN, LANGUAGE_EN },
	{ "a weight that is no number", "", "en;q=abc", LANGUAGE_FR, LANGUAGE_FR },
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
