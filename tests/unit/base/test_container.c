/* The signs of a container, in a folder that stands for the root folder, and the mounts of paths. */
#include "unit.h"

#include "base/container.h"
#include "base/err.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

static void
write_file(const char *path, const char *text, size_t n)
{
	char full[128];
	int fd;

	snprintf(full, sizeof(full), "%s%s", root, path);
	fd = open(full, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), n);
	close(fd);
}

static void
remove_file(const char *path)
{
	char full[128];

	snprintf(full, sizeof(full), "%s%s", root, path);
	assert_int_equal(unlink(full), 0);
}

static void
container_word_decides_by_its_manager(void **state)
{
	static const struct {
		const char *word;
		bool temporary;
		const char *why;
	} rows[] = {
		{ "podman", true, "deletes the root with the container" },
		{ "docker", true, "the same" },
		{ "oci", true, "our image" },
		{ "unheard-of", true, "an unknown manager" },
		{ "lxc", false, "keeps the root" },
		{ "lxc-libvirt", false, "the same" },
		{ "systemd-nspawn", false, "the same" },
		{ "openvz", false, "the same" },
		{ "wsl", false, "the same" },
		{ "", false, "no word" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(setenv("container", rows[i].word, 1), 0);
		if (container_is_temporary(root) != rows[i].temporary)
			fail_msg("variable %s: %s", rows[i].word, rows[i].why);
		unsetenv("container");
		write_file("/run/systemd/container", rows[i].word, strlen(rows[i].word));
		if (container_is_temporary(root) != rows[i].temporary)
			fail_msg("systemd's file %s: %s", rows[i].word, rows[i].why);
		remove_file("/run/systemd/container");
	}
}

static void
container_file_of_podman_is_a_sign(void **state)
{
	(void)state;
	assert_false(container_is_temporary(root));
	write_file("/run/.containerenv", "", 0);
	assert_true(container_is_temporary(root));
	remove_file("/run/.containerenv");
}

static void
container_ignores_the_file_of_docker_on_a_disk(void **state)
{
	static const char *const parents[] = { "/dev/shm", "/tmp" }; /* memory, and often a disk */
	char folder[64], file[80];
	struct statx facts;

	(void)state;
	for (size_t i = 0; i < COUNT(parents); i++) {
		snprintf(folder, sizeof(folder), "%s/doubletour-root-XXXXXX", parents[i]);
		if (mkdtemp(folder) == NULL)
			continue;
		snprintf(file, sizeof(file), "%s/.dockerenv", folder);
		assert_false(container_is_temporary(folder));
		assert_int_equal(symlink("/", file), 0);
		assert_int_equal(statx(AT_FDCWD, folder, 0, STATX_TYPE, &facts), 0);
		assert_int_equal(container_is_temporary(folder), facts.stx_dev_major == 0);
		assert_int_equal(unlink(file), 0);
		assert_int_equal(rmdir(folder), 0);
	}
}

static void
container_variable_of_the_first_process_is_a_sign(void **state)
{
	static const char docker[] = "PATH=/bin\0xcontainer=lxc\0container=docker\0HOME=/",
			  lxc[] = "A=container=docker\0container=lxc", none[] = "container\0PATH=container";

	(void)state;
	write_file("/proc/1/environ", docker, sizeof(docker));
	assert_true(container_is_temporary(root));
	remove_file("/proc/1/environ");
	write_file("/proc/1/environ", lxc, sizeof(lxc));
	assert_false(container_is_temporary(root));
	remove_file("/proc/1/environ");
	write_file("/proc/1/environ", none, sizeof(none));
	assert_false(container_is_temporary(root));
	remove_file("/proc/1/environ");
}

static void
container_loses_paths_on_the_mount_of_the_root(void **state)
{
	char path[128];

	(void)state;
	assert_true(container_loses("", "/"));
	assert_true(container_loses("", "/no-such-folder/data"));
	assert_false(container_loses("", "/proc/self"));
	assert_false(container_loses("", "/proc/no-such-folder/data/doubletour.sqlite"));
	snprintf(path, sizeof(path), "%s/proc/data", root);
	assert_true(container_loses(root, path));
	assert_true(container_loses(root, root));
	assert_false(container_loses(root, "/proc"));
}

static void
container_takes_relative_paths_from_the_current_folder(void **state)
{
	(void)state;
	assert_int_equal(chdir(root), 0);
	assert_true(container_loses(root, "data"));
	assert_true(container_loses(root, "./data/doubletour.sqlite"));
	assert_true(container_loses(root, "data/"));
	assert_int_equal(chdir("/proc"), 0);
	assert_false(container_loses(root, "data"));
	assert_int_equal(chdir("/"), 0);
}

static void
container_loses_is_false_for_an_overlong_path(void **state)
{
	static char path[8192];

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	assert_false(container_loses("", path));
}

static int
set_up(void **state)
{
	char folder[128];

	(void)state;
	unsetenv("container");
	snprintf(root, sizeof(root), "%s/doubletour-root-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(root) == NULL)
		return -1;
	for (const char *const *name = (const char *const[]){ "/run", "/run/systemd", "/proc", "/proc/1", NULL };
	     *name != NULL; name++) {
		snprintf(folder, sizeof(folder), "%s%s", root, *name);
		if (mkdir(folder, 0700) != 0)
			return -1;
	}
	return 0;
}

static int
tear_down(void **state)
{
	char folder[128];

	(void)state;
	for (const char *const *name = (const char *const[]){ "/run/systemd", "/run", "/proc/1", "/proc", "", NULL };
	     *name != NULL; name++) {
		snprintf(folder, sizeof(folder), "%s%s", root, *name);
		if (rmdir(folder) != 0)
			return -1;
	}
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(container_word_decides_by_its_manager),
		cmocka_unit_test(container_file_of_podman_is_a_sign),
		cmocka_unit_test(container_ignores_the_file_of_docker_on_a_disk),
		cmocka_unit_test(container_variable_of_the_first_process_is_a_sign),
		cmocka_unit_test(container_loses_paths_on_the_mount_of_the_root),
		cmocka_unit_test(container_takes_relative_paths_from_the_current_folder),
		cmocka_unit_test(container_loses_is_false_for_an_overlong_path),
	};

	return cmocka_run_group_tests_name("container", tests, set_up, tear_down);
}
