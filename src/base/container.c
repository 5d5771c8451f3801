#include "base/container.h"

#include "base/err.h"
#include "base/file.h"
#include "base/str.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORD_MAX_BYTES = 64, ENVIRONMENT_MAX_BYTES = 64 * 1024 };

/* The path with the prefix, always absolute. */
struct container_path {
	char z[PATH_MAX];
};

static struct container_path
container_path_of(const char *root, const char *path)
{
	struct container_path full;

	snprintf(full.z, sizeof(full.z), "%s%s", root, path);
	return full;
}

/* --- signs -------------------------------------------------------------------------------------------------------- */

static bool
container_exists(const char *root, const char *path)
{
	struct container_path full = container_path_of(root, path);

	return access(full.z, F_OK) == 0;
}

/* Does the word name a manager that deletes the root file system with the container? */
static bool
container_word_counts(str word)
{
	static const char *const keeping[] = { "lxc", "lxc-libvirt", "systemd-nspawn", "openvz", "wsl" };

	for (size_t i = 0; i < COUNT(keeping); i++)
		if (str_equal(word, str_of(keeping[i])))
			return false;
	return word.n > 0;
}

static bool
container_root_on_block_device(const char *root)
{
	struct container_path full = container_path_of(root, "/");
	struct statx facts;

	return statx(AT_FDCWD, full.z, 0, STATX_TYPE, &facts) == 0 && facts.stx_dev_major != 0;
}

/* Files of /proc have no size, so the end is where read() returns 0. */
static str
container_read(const char *root, const char *path, char *bytes, size_t max)
{
	struct container_path full = container_path_of(root, path);
	CLEANUP(file_close) int fd = open(full.z, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t n = 0;
	ssize_t more = fd < 0 ? 0 : 1;

	while (more > 0 && n < max) {
		more = read(fd, bytes + n, max - n);
		n += more > 0 ? (size_t)more : 0;
	}
	return str_bytes(bytes, n);
}

static bool
container_systemd_says(const char *root)
{
	char word[WORD_MAX_BYTES];

	return container_word_counts(str_trim(container_read(root, "/run/systemd/container", word, sizeof(word))));
}

static bool
container_first_process_says(const char *root)
{
	static char environment[ENVIRONMENT_MAX_BYTES];
	str rest = container_read(root, "/proc/1/environ", environment, sizeof(environment));

	while (rest.n > 0) {
		str value = str_cut(&rest, '\0'), name = str_cut(&value, '=');
		if (str_equal(name, STR("container")))
			return container_word_counts(value);
	}
	return false;
}

bool
container_is_temporary(const char *root)
{
	const char *variable = getenv("container");

	return (variable != NULL && container_word_counts(str_of(variable))) ||
	       container_exists(root, "/run/.containerenv") ||
	       (container_exists(root, "/.dockerenv") && !container_root_on_block_device(root)) ||
	       container_systemd_says(root) || container_first_process_says(root);
}

/* --- mounts ------------------------------------------------------------------------------------------------------- */

/* Cut the last name. false: nothing is left to cut. */
static bool
container_cut_name(char *path)
{
	str folder = file_folder(path);

	if (str_equal(folder, str_of(path)))
		return false;
	path[0] = folder.p[0]; /* it differs for "." only */
	path[folder.n] = '\0';
	return true;
}

/* The path, or its first parent folder that exists. */
static bool
container_statx_nearest(const char *path, struct statx *ret_facts)
{
	char at[PATH_MAX];

	if (str_copy_z(str_of(path), at, sizeof(at)) != ERR_OK)
		return false;
	while (statx(AT_FDCWD, at, 0, STATX_TYPE | STATX_MNT_ID, ret_facts) != 0)
		if (!container_cut_name(at))
			return false;
	return true;
}

/* Without STATX_MNT_ID (Linux before 5.8) both numbers are 0. */
bool
container_loses(const char *root, const char *path)
{
	struct container_path top = container_path_of(root, "/");
	struct statx of_root, of_path;

	return container_statx_nearest(top.z, &of_root) && container_statx_nearest(path, &of_path) &&
	       of_root.stx_dev_major == of_path.stx_dev_major && of_root.stx_dev_minor == of_path.stx_dev_minor &&
	       of_root.stx_mnt_id == of_path.stx_mnt_id;
}
