/* Reading settings files: values, quotes, comments and malformed lines. */
#include "unit.h"

#include "base/mem.h"
#include "config/dotenv.h"

#include <stdio.h>

/* Reads the text from memory of exactly its size, so that a sanitizer reports reads beyond it. */
static err
first_entry(const char *text, struct dotenv_entry *ret_entry, char **ret_memory, bool *ret_more, struct why *why)
{
	size_t n = strlen(text);
	char *memory = mem_new(n);

	assert_non_null(memory);
	memcpy(memory, text, n);
	struct dotenv file = dotenv_of(memory, n);
	*ret_memory = memory;
	return dotenv_next(&file, ret_entry, ret_more, why);
}

static void
dotenv_reads_a_line_as_a_shell_would(void **state)
{
	static const struct {
		const char *text, *name, *value;
		unsigned line;
		const char *why;
	} cases[] = {
		{ "A=b", "A", "b", 1, "plain, without a newline" },
		{ "A=b\n", "A", "b", 1, "plain" },
		{ "A=b\r\n", "A", "b", 1, "a Windows line end" },
		{ "\xef\xbb\xbf"
		  "A=b\n",
		  "A", "b", 1, "a byte order mark" },
		{ "export A=b\n", "A", "b", 1, "export" },
		{ "export\tA=b\n", "A", "b", 1, "export and a tab" },
		{ "  A = b  \n", "A", "b", 1, "white space around the name and the value" },
		{ "exporter=b\n", "exporter", "b", 1, "a name that begins like export" },
		{ "export=b\n", "export", "b", 1, "the name export" },
		{ "\n# c\n\nA=b\n", "A", "b", 4, "an entry in a later line" },
		{ "A=\n", "A", "", 1, "empty" },
		{ "A=b=c==\n", "A", "b=c==", 1, "more equal signs" },
		{ "A=b c\n", "A", "b c", 1, "a space inside" },
		{ "A=b # c\n", "A", "b", 1, "a comment after the value" },
		{ "A=b#c\n", "A", "b#c", 1, "no white space: no comment" },
		{ "A=#c\n", "A", "#c", 1, "no white space: no comment" },
		{ "A= # c\n", "A", "", 1, "a comment and no value" },
		{ "A='b # c'\n", "A", "b # c", 1, "a # in quotes" },
		{ "A='b' # c\n", "A", "b", 1, "a comment after quotes" },
		{ "A=\"b\\\"c\\\\d\\$e\\`f\"\n", "A", "b\"c\\d$e`f", 1, "escapes" },
		{ "A=\"b\\nc\"\n", "A", "b\\nc", 1, "no other escape sequences, as in a shell" },
		{ "A='b\\'\n", "A", "b\\", 1, "no escape sequences in single quotes" },
		{ "A=\"it's\"\n", "A", "it's", 1, "single quotes in double quotes" },
		{ "A=''\n", "A", "", 1, "empty quotes" },
		{ "A=$HOME\n", "A", "$HOME", 1, "variables are not expanded" },
		{ "A=b\"c\"\n", "A", "b\"c\"", 1, "quotes after the beginning are text" },
		{ "A_1=\xc3\xa9\n", "A_1", "\xc3\xa9", 1, "UTF-8" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dotenv_entry entry = { 0 };
		struct why why = { 0 };
		char *memory = NULL;
		bool more = false;
		unit_note("%s", cases[i].why);
		assert_int_equal(first_entry(cases[i].text, &entry, &memory, &more, &why), ERR_OK);
		assert_true(more);
		assert_true(str_equal(entry.name, str_of(cases[i].name)));
		assert_true(str_equal(entry.value, str_of(cases[i].value)));
		assert_int_equal(entry.line, cases[i].line);
		mem_free(&memory);
	}
}

static void
dotenv_refuses_a_malformed_line(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "A\n", "no =" },
		{ "export A\n", "export without a value" },
		{ "=b\n", "no name" },
		{ "1A=b\n", "a name that begins with a digit" },
		{ "A-B=c\n", "a name with a hyphen" },
		{ "A B=c\n", "two names" },
		{ "A='b\n", "a quote without an end" },
		{ "A=\"b\\\"\n", "an escaped closing quote" },
		{ "A='b'c\n", "text after a quote" },
		{ "A='b'#c\n", "a comment right after a quote" },
		{ "A=\xff\n", "not UTF-8" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dotenv_entry entry = { 0 };
		struct why why = { 0 };
		char *memory = NULL;
		bool more = true;
		unit_note("%s", cases[i].why);
		assert_int_equal(first_entry(cases[i].text, &entry, &memory, &more, &why), ERR_CONFIG);
		assert_false(more);
		assert_true(why.text[0] != '\0');
		mem_free(&memory);
	}
}

static void
dotenv_refuses_a_nul_byte(void **state)
{
	char text[] = "A=b\0c\n";
	struct dotenv file = dotenv_of(text, sizeof(text) - 1);
	struct dotenv_entry entry;
	struct why why = { 0 };
	bool more = false;

	assert_int_equal(dotenv_next(&file, &entry, &more, &why), ERR_CONFIG);
}

static void
dotenv_ends_after_the_last_entry(void **state)
{
	char text[] = "A=1\n# end\n\nB=2\n   \n";
	struct dotenv file = dotenv_of(text, strlen(text));
	struct dotenv_entry entry = { 0 };
	struct why why = { 0 };
	bool more = false;

	assert_int_equal(dotenv_next(&file, &entry, &more, &why), ERR_OK);
	assert_true(more && str_equal(entry.value, STR("1")) && entry.line == 1);
	assert_int_equal(dotenv_next(&file, &entry, &more, &why), ERR_OK);
	assert_true(more && str_equal(entry.value, STR("2")) && entry.line == 4);
	assert_int_equal(dotenv_next(&file, &entry, &more, &why), ERR_OK);
	assert_false(more);
	assert_int_equal(dotenv_next(&file, &entry, &more, &why), ERR_OK);
	assert_false(more);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dotenv_reads_a_line_as_a_shell_would),
		cmocka_unit_test(dotenv_refuses_a_malformed_line),
		cmocka_unit_test(dotenv_refuses_a_nul_byte),
		cmocka_unit_test(dotenv_ends_after_the_last_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
