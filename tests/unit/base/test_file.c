/* Opening files: only regular files are opened, and a trusted file must not be writable by other users. */
#include "unit.h"

#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[] = "/tmp/doubletour-file-XXXXXX";

static int
set_up(void **state)
{
	return mkdtemp(folder) == NULL ? -1 : chdir(folder);
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "file", "fifo", "socket", "link", "long", "trusted" };

	for (size_t i = 0; i < COUNT(names); i++)
		unlink(names[i]);
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

static void
put(const char *name, const char *text, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
put_socket(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static void
file_open_takes_files_only_and_does_not_block(void **state)
{
	static const struct {
		const char *path;
		err result;
		const char *word, *why;
	} cases[] = {
		{ "file", ERR_OK, "", "a file" },
		{ "link", ERR_OK, "", "a link to a file" },
		{ "fifo", ERR_INVALID, "is a FIFO", "no process writes into it" },
		{ "socket", ERR_INVALID, "is a socket", "open() fails on sockets" },
		{ ".", ERR_INVALID, "is a directory", "a folder" },
		{ "/dev/zero", ERR_INVALID, "is a device", "an endless file" },
		{ "/dev/null", ERR_INVALID, "is a device", "an empty file" },
		{ "missing", ERR_NOT_FOUND, "No such file", "nothing" },
		{ "file/x", ERR_DENIED, "Not a directory", "below a file" },
		{ "", ERR_NOT_FOUND, "", "no name" },
	};

	put("file", "text", 0600);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(symlink("file", "link"), 0);
	put_socket("socket");
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(file_close) int fd = -1;
		struct why why = { 0 };
		unit_note("%s", cases[i].why);
		assert_int_equal(file_open(cases[i].path, FILE_ANY, &why, &fd), cases[i].result);
		assert_int_equal(fd >= 0, cases[i].result == ERR_OK);
		assert_non_null(strstr(why.text, cases[i].word));
		assert_int_equal(file_check(cases[i].path, &why), cases[i].result);
	}
}

static void
file_read_ends_at_its_maximum(void **state)
{
	CLEANUP(buf_wipe) struct buf exact = BUF(4), small = BUF(3), endless = BUF(1 << 20);
	struct why why = { 0 };

	put("long", "text", 0600);
	assert_int_equal(file_read("long", FILE_ANY, &exact, &why), ERR_OK);
	assert_true(str_equal(buf_str(&exact), STR("text")));
	assert_int_equal(file_read("long", FILE_ANY, &small, &why), ERR_TOO_LONG);
	assert_non_null(strstr(why.text, "longer than 3 bytes"));
	assert_int_equal(truncate("long", INT64_C(1) << 40), 0);
	assert_int_equal(file_read("long", FILE_ANY, &endless, &why), ERR_TOO_LONG);
}

static void
file_open_refuses_files_that_others_may_write(void **state)
{
	static const struct {
		mode_t mode;
		uid_t owner;
		gid_t group;
		err result;
		const char *why;
	} cases[] = {
		{ 0600, 0, 0, ERR_OK, "only the owner may read it" },
		{ 0644, 0, 0, ERR_OK, "others may read it" },
		{ 0640, 0, 1000, ERR_OK, "a group may read it" },
		{ 0664, 0, 0, ERR_OK, "the group root may write it" },
		{ 0660, 0, 1000, ERR_DENIED, "another group may write it" },
		{ 0602, 0, 0, ERR_DENIED, "others may write it" },
		{ 0666, 0, 0, ERR_DENIED, "group and others may write it" },
		{ 0600, 1000, 0, ERR_DENIED, "another user owns it" },
		{ 0444, 1000, 0, ERR_DENIED, "its owner could make it writable again" },
	};

	/* Only root can change a file's owner.  Do not call skip(): meson counts its line of TAP as a failure. */
	if (geteuid() != 0)
		return;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(file_close) int fd = -1;
		struct why why = { 0 };
		unit_note("%s", cases[i].why);
		put("trusted", "text", 0600);
		assert_int_equal(chown("trusted", cases[i].owner, cases[i].group), 0);
		assert_int_equal(chmod("trusted", cases[i].mode), 0);
		assert_int_equal(file_open("trusted", FILE_TRUSTED, &why, &fd), cases[i].result);
		file_close(&fd);
		assert_int_equal(file_open("trusted", FILE_ANY, &why, &fd), ERR_OK);
		unlink("trusted");
	}
}

static void
folder_is_the_path_without_its_last_name(void **state)
{
	static const struct {
		const char *path, *folder;
	} rows[] = { { "/var/lib/key", "/var/lib" }, { "/key", "/" }, { "/", "/" }, { "a/b", "a" }, { "key", "." } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_true(str_equal(file_folder(rows[i].path), str_of(rows[i].folder)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folder_is_the_path_without_its_last_name),
		cmocka_unit_test(file_open_takes_files_only_and_does_not_block),
		cmocka_unit_test(file_read_ends_at_its_maximum),
		cmocka_unit_test(file_open_refuses_files_that_others_may_write),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
