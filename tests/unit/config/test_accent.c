/* The accent colour of pages: its contrast, and the colour for dark pages. */
#include "unit.h"

#include "config/accent.h"

static const struct {
	const char *value, *dark; /* dark NULL: refused */
	const char *reason;       /* a part of the predicate; NULL: another form */
	const char *why;
} cases[] = {
	{ "#8f600d,#e0b25a", "#e0b25a", NULL, "the colours of the style sheet" },
	{ "#8F600D", "#b29158", NULL, "capital letters; the dark colour is derived" },
	{ "#0b5cad , #7db4f0", "#7db4f0", NULL, "white space around the comma" },
	{ "#000000", "#969696", NULL, "black: on dark pages a grey" },
	{ "#ffff00", NULL,
	  "#ffff00 and #f6f3ec, a colour of the light pages, have 1.03:1, and texts need 4.5:1.  Choose a darker "
	  "colour",
	  "yellow" },
	{ "#777777", NULL, "and #f2eee5, a colour of the light pages, have 3.86:1", "grey: close, but not enough" },
	{ "#0b5cad,#0b5cad", NULL, "a colour of the dark pages, have 2.21:1", "a dark colour for dark pages" },
	{ "#0b5cad,#7a7a7a", NULL, "Choose a lighter colour", "close, but not enough" },
	{ "0b5cad", NULL, NULL, "no number sign" },
	{ "#0b5ca", NULL, NULL, "five digits" },
	{ "#0b5cadf", NULL, NULL, "seven digits" },
	{ "#05a", NULL, NULL, "three digits" },
	{ "#0b5cag", NULL, NULL, "a letter that is not a digit" },
	{ "blue", NULL, NULL, "a name" },
	{ "#0b5cad,", NULL, NULL, "no second colour" },
	{ "#0b5cad #7db4f0", NULL, NULL, "no comma" },
	{ "#0b5cad,#7db4f0,#7db4f0", NULL, NULL, "three colours" },
	{ "#0b5cad;}*{x:y", NULL, NULL, "more CSS" },
};

static void
accent_parse_checks_the_contrast_in_both_schemes(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config_accent accent = { .light = "" };
		struct why why = { 0 };
		char dark[ACCENT_SIZE] = "";
		err e = accent_parse(str_of(cases[i].value), &accent, &why);
		unit_note("%s: %s", cases[i].why, why.text);
		assert_int_equal(e, cases[i].dark != NULL     ? ERR_OK
				    : cases[i].reason != NULL ? ERR_CONFIG
							      : ERR_INVALID);
		if (cases[i].reason != NULL)
			assert_non_null(strstr(why.text, cases[i].reason));
		if (cases[i].dark == NULL)
			continue;
		accent_dark(&accent, dark);
		assert_string_equal(dark, cases[i].dark);
	}
}

static void
an_empty_text_sets_no_accent(void **state)
{
	struct config_accent accent = { .light = "#000000", .dark = "#ffffff" };
	struct why why = { 0 };

	assert_int_equal(accent_parse(STR(""), &accent, &why), ERR_OK);
	assert_string_equal(accent.light, "");
	assert_string_equal(accent.dark, "");
}

/* Every accepted colour gets a dark one that is accepted as the second colour. */
static void
each_derived_colour_is_accepted_too(void **state)
{
	for (unsigned i = 0; i < 4096; i++) {
		struct config_accent accent = { .light = "" };
		char text[32], dark[ACCENT_SIZE];
		struct why why = { 0 };
		snprintf(text, sizeof(text), "#%x0%x8%xf", i >> 8, i >> 4 & 0xf, i & 0xf);
		if (accent_parse(str_of(text), &accent, &why) != ERR_OK)
			continue;
		accent_dark(&accent, dark);
		snprintf(text, sizeof(text), "%s,%s", accent.light, dark);
		assert_int_equal(accent_parse(str_of(text), &accent, &why), ERR_OK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accent_parse_checks_the_contrast_in_both_schemes),
		cmocka_unit_test(an_empty_text_sets_no_accent),
		cmocka_unit_test(each_derived_colour_is_accepted_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
