/* YAML files: valid ones, ambiguous ones, and ones whose reading would take too long. */
#include "unit.h"

#include "base/buf.h"
#include "config/yaml_text.h"

#include <stdlib.h>

static err
load(str text, struct why *why)
{
	CLEANUP(yaml_text_wipe) struct yaml_text yaml = { .loaded = false };

	return yaml_text_load(STR("f"), text, &yaml, why);
}

static void
yaml_text_loads_one_document(void **state)
{
	static const struct {
		const char *why;
		str text;
	} cases[] = {
		{ "nothing", STR_INIT("") },
		{ "a comment", STR_INIT("# nothing\n") },
		{ "a mapping", STR_INIT("users:\n  anna: {}\n") },
		{ "marks of its beginning and end", STR_INIT("---\na: b\n...\n") },
		{ "a byte order mark", STR_INIT("\xef\xbb\xbf"
						"a: b\n") },
		{ "lines that end with CRLF", STR_INIT("a:\r\n  b: c\r\n") },
		{ "an anchor without an alias", STR_INIT("a: &x b\n") },
		{ "a version line", STR_INIT("%YAML 1.1\n---\na: b\n") },
		{ "32 nested lists", STR_INIT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]") },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct why why = { "" };
		if (load(cases[i].text, &why) != ERR_OK)
			fail_msg("%s: %s", cases[i].why, why.text);
	}
}

static void
yaml_text_refuses_other_files_with_a_line(void **state)
{
	static const struct {
		str text;
		const char *line, *word;
	} cases[] = {
		{ STR_INIT("a: &x b\nc: *x\n"), "line 2", "alias" },
		{ STR_INIT("a: &x {b: c}\nd:\n  <<: *x\n"), "line 3", "alias" },
		{ STR_INIT("a: *.example.org\n"), "line 1", "in quotes" },
		{ STR_INIT("a: b\n---\nc: d\n"), "line 2", "second document" },
		{ STR_INIT("a: [b\n"), "line 2", "" },
		{ STR_INIT("a: b\n\xff\n"), "line 2", "UTF-8" },
		{ STR_INIT("\xef\xbb\xbf"
			   "a: b\r\n\r\nc: \xff\r\n"),
		  "line 3", "UTF-8" },
		{ STR_INIT("a: b\n\nc: \x01\n"), "line 3", "control" },
		{ STR_INIT("%TAG !a! x\n---\na: b\n"), "line 1", "%TAG" },
		{ STR_INIT("\xff\xfe"
			   "a\0:\0"),
		  "", "UTF-16" },
		{ STR_INIT("\xfe\xff\0a"), "", "UTF-16" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct why why = { "" };
		assert_int_equal(load(cases[i].text, &why), ERR_INVALID);
		if (strstr(why.text, cases[i].line) == NULL || strstr(why.text, cases[i].word) == NULL)
			fail_msg("%zu: %s", i, why.text);
	}
}

/* The cost of each of these grows faster than the file, so reading must stop near the beginning. */
static void
yaml_text_stops_early_on_costly_input(void **state)
{
	static const struct {
		const char *piece, *word;
	} cases[] = {
		{ "[", "deeper" },  { "{a: ", "deeper" },         { "- ", "deeper" },
		{ "? ", "deeper" }, { "- &a%zu b\n", "anchors" }, { "%%TAG !a%zu! x\n", "%TAG" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(buf_wipe) struct buf text = BUF(16 * 1024 * 1024);
		struct why why = { "" };
		for (size_t k = 0; k < 500000; k++)
			if (strchr(cases[i].piece, '%') != NULL)
				buf_printf(&text, cases[i].piece, k);
			else
				buf_put(&text, str_of(cases[i].piece));
		assert_int_equal(buf_check(&text), ERR_OK);
		assert_int_equal(load(buf_str(&text), &why), ERR_INVALID);
		if (strstr(why.text, cases[i].word) == NULL)
			fail_msg("%s: %s", cases[i].piece, why.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yaml_text_loads_one_document),
		cmocka_unit_test(yaml_text_refuses_other_files_with_a_line),
		cmocka_unit_test(yaml_text_stops_early_on_costly_input),
	};

	return cmocka_run_group_tests_name("YAML files", tests, NULL, NULL);
}
