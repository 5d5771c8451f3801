/* Changing a setting in a settings file: the new text, and how the file is replaced. */
#include "unit.h"

#include "base/fault.h"
#include "config/dotenv.h"
#include "config/dotenv_edit.h"
#include "scene.h"

#include <dirent.h>

enum { TEXT_MAX = 4096 };

static struct why why;

static void
set_makes_the_expected_text(void **state)
{
	static const struct {
		const char *before, *name, *value, *after, *why;
	} cases[] = {
		{ "", "PORT", "1", "PORT=1\n", "an empty file" },
		{ "# a\n\nHOST=::1\n", "PORT", "1", "# a\n\nHOST=::1\nPORT=1\n", "other lines stay" },
		{ "PORT=1 # why\n", "PORT", "2", "PORT=2 # why\n", "a comment of the line stays" },
		{ "PORT='1 #' # why\n", "PORT", "2", "PORT=2 # why\n", "a # in quotes does not begin a comment" },
		{ "PORT=\"a\\\"b\" # c\n", "PORT", "2", "PORT=2 # c\n", "an escaped quote does not end a value" },
		{ "PORT= # why\n", "PORT", "2", "PORT=2 # why\n", "an empty value with a comment" },
		{ "PORT=1#2\n", "PORT", "3", "PORT=3\n", "a # without white space belongs to the value" },
		{ "export PORT = 1\n", "PORT", "2", "export PORT =2\n", "the beginning of the line stays" },
		{ "PORT='1' # why\n", "PORT", "1", "PORT='1' # why\n", "an equal value stays as it was written" },
		{ "#PORT=1\n", "PORT", "2", "#PORT=1\nPORT=2\n", "a comment is not an entry" },
		{ "PORTS=1\n", "PORT", "2", "PORTS=1\nPORT=2\n", "another name" },
		{ "A=1\r\nPORT=1\r\n", "PORT", "2", "A=1\r\nPORT=2\r\n", "a Windows line end stays" },
		{ "A=1\r\n", "PORT", "2", "A=1\r\nPORT=2\r\n", "a new line has the line end of the others" },
		{ "A=1", "PORT", "2", "A=1\nPORT=2\n", "the last line end is missing" },
		{ "PORT=1", "PORT", "2", "PORT=2", "the last line end stays missing in a changed line" },
		{ "PORT=1\nA=1\nPORT=3\n", "PORT", "2", "PORT=2\nA=1\n", "duplicate lines become one" },
		{ "PORT=1\nA=1\nPORT=3\n", "PORT", "1", "PORT=1\nA=1\n",
		  "duplicate lines become one, although the first one is equal" },
		{ "\xef\xbb\xbfPORT=1\n", "PORT", "2", "\xef\xbb\xbfPORT=2\n", "a byte order mark stays" },
		{ "no entry\nPORT=1\n", "PORT", "2", "no entry\nPORT=2\n", "a malformed line stays" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(buf_wipe) struct buf text = BUF(TEXT_MAX);
		assert_int_equal(dotenv_edit_set(str_of(cases[i].before), str_of(cases[i].name), str_of(cases[i].value),
						 &text, &why),
				 ERR_OK);
		if (!str_equal(buf_str(&text), str_of(cases[i].after)))
			fail_msg("%s: \"%.*s\"", cases[i].why, STR_ARG(buf_str(&text)));
	}
}

static void
values_are_read_back_unchanged(void **state)
{
	static const char *const values[] = {
		"",   "a",       " a ",       "a # b", "#a",       "'",
		"\"", "it's",    "a\\b",      "\\",    "$HOME`x`", "'\"",
		"''", "'\\\"$`", "h\xc3\xa9", "a=b=c", "\ta\t",    "https://login.example.org:8443"
	};

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		CLEANUP(buf_wipe) struct buf text = BUF(TEXT_MAX), value = BUF(TEXT_MAX);
		struct dotenv_entry entry;
		struct dotenv dotenv;
		bool found = false, more = false;

		assert_int_equal(dotenv_edit_set(STR("NAME=old # c\n"), STR("NAME"), str_of(values[i]), &text, &why),
				 ERR_OK);
		assert_int_equal(dotenv_edit_get(buf_str(&text), STR("NAME"), &value, &found), ERR_OK);
		assert_true(found);
		dotenv = dotenv_of(text.p, text.n);
		assert_int_equal(dotenv_next(&dotenv, &entry, &more, &why), ERR_OK);
		if (!more || !str_equal(entry.value, str_of(values[i])) ||
		    !str_equal(buf_str(&value), str_of(values[i])))
			fail_msg("%s: \"%.*s\"", values[i], STR_ARG(entry.value));
	}
}

static void
values_that_no_line_can_hold_are_refused(void **state)
{
	static const str values[] = { STR_INIT("a\nb"), STR_INIT("a\rb"), STR_INIT("a\0b"), STR_INIT("\xff") };

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		CLEANUP(buf_wipe) struct buf text = BUF(TEXT_MAX);
		assert_int_equal(dotenv_edit_set(STR("A=1\n"), STR("NAME"), values[i], &text, &why), ERR_INVALID);
		assert_int_equal(text.n, 0);
	}
}

static void
get_finds_only_entries_of_the_name(void **state)
{
	CLEANUP(buf_wipe) struct buf value = BUF(TEXT_MAX);
	bool found = true;

	(void)state;
	assert_int_equal(dotenv_edit_get(STR("#PORT=1\nPORTS=2\n"), STR("PORT"), &value, &found), ERR_OK);
	assert_false(found);
	assert_int_equal(dotenv_edit_get(STR("PORT=3\nPORT=4\n"), STR("PORT"), &value, &found), ERR_OK);
	assert_true(found && str_equal(buf_str(&value), STR("3")));
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

static const struct dotenv_owner nobody_else = { .by_group = false };

static mode_t
mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status.st_mode;
}

static void
assert_file(const char *path, const char *expected)
{
	char text[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	(void)!fread(text, 1, sizeof(text) - 1, file);
	assert_int_equal(fclose(file), 0);
	assert_string_equal(text, expected);
}

static size_t
files_here(void)
{
	DIR *folder = opendir(".");
	size_t n = 0;

	assert_non_null(folder);
	for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
		n += entry->d_type == DT_REG;
	assert_int_equal(closedir(folder), 0);
	return n;
}

static void
write_makes_a_file_that_only_its_owner_can_read(void **state)
{
	const struct dotenv_owner group = { true, getegid() };

	(void)state;
	scene_set(NULL);
	assert_int_equal(dotenv_edit_write(".env", STR("A=1\n"), &nobody_else, &why), ERR_OK);
	assert_file(".env", "A=1\n");
	assert_int_equal(mode_of(".env") & 07777, 0600);
	assert_int_equal(unlink(".env"), 0);
	assert_int_equal(dotenv_edit_write(".env", STR("A=1\n"), &group, &why), ERR_OK);
	assert_int_equal(mode_of(".env") & 07777, 0640);
}

static void
write_keeps_the_mode_and_a_symbolic_link(void **state)
{
	(void)state;
	scene_set("A=1\n");
	assert_int_equal(chmod(".env", 0440), 0);
	assert_int_equal(symlink(".env", "link"), 0);
	assert_int_equal(dotenv_edit_write("link", STR("A=2\n"), &nobody_else, &why), ERR_OK);
	assert_true(S_ISLNK(mode_of("link")));
	assert_file(".env", "A=2\n");
	assert_int_equal(mode_of(".env") & 07777, 0440);
	assert_int_equal(unlink("link"), 0);
}

static void
write_that_fails_changes_nothing(void **state)
{
	(void)state;
	scene_set("A=1\n");
	assert_int_equal(symlink("absent", "link"), 0);
	assert_int_equal(dotenv_edit_write("link", STR("A=2\n"), &nobody_else, &why), ERR_IO);
	assert_int_equal(access("absent", F_OK), -1);
	assert_int_equal(unlink("link"), 0);
	assert_int_equal(dotenv_edit_write("absent/file", STR("A=2\n"), &nobody_else, &why), ERR_IO);
	assert_non_null(strstr(why.text, "absent/file cannot be written: No such file or directory."));
	fault_set(FAULT_SYNC, 1, false);
	assert_int_equal(dotenv_edit_write(".env", STR("A=2\n"), &nobody_else, &why), ERR_IO);
	assert_file(".env", "A=1\n");
	assert_int_equal(files_here(), 1);
}

enum { OTHER_USER = 65534 };

static void
write_as_root_refuses_folders_of_other_users(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	scene_set("A=1\n");
	assert_int_equal(mkdir("other", 0755), 0);
	assert_int_equal(symlink("../.env", "other/link"), 0);
	assert_int_equal(chown("other", OTHER_USER, OTHER_USER), 0);
	assert_int_equal(dotenv_edit_write("other/link", STR("A=2\n"), &nobody_else, &why), ERR_DENIED);
	assert_int_equal(dotenv_edit_write("other/new", STR("A=2\n"), &nobody_else, &why), ERR_DENIED);
	assert_int_equal(unlink("other/link"), 0);
	assert_int_equal(rmdir("other"), 0);
	assert_int_equal(symlink(".env", "link"), 0);
	assert_int_equal(lchown("link", OTHER_USER, OTHER_USER), 0);
	assert_int_equal(dotenv_edit_write("link", STR("A=2\n"), &nobody_else, &why), ERR_DENIED);
	assert_int_equal(unlink("link"), 0);
	assert_file(".env", "A=1\n");
	assert_int_equal(chown(".env", OTHER_USER, OTHER_USER), 0);
	assert_int_equal(dotenv_edit_write(".env", STR("A=2\n"), &nobody_else, &why), ERR_DENIED);
	assert_int_equal(chown(".env", 0, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_makes_the_expected_text),
		cmocka_unit_test(values_are_read_back_unchanged),
		cmocka_unit_test(values_that_no_line_can_hold_are_refused),
		cmocka_unit_test(get_finds_only_entries_of_the_name),
		cmocka_unit_test(write_makes_a_file_that_only_its_owner_can_read),
		cmocka_unit_test(write_keeps_the_mode_and_a_symbolic_link),
		cmocka_unit_test(write_that_fails_changes_nothing),
		cmocka_unit_test(write_as_root_refuses_folders_of_other_users),
	};

	return cmocka_run_group_tests(tests, scene_open, scene_close);
}
