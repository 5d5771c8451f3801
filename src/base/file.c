#include "base/file.h"

#include "base/secret.h"
#include "base/sys.h"

#include <sys/stat.h>

str
file_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return STR(".");
	return slash == path ? STR("/") : str_bytes(path, (size_t)(slash - path));
}

bool
file_sync_folder(const char *folder)
{
	CLEANUP(file_close) int fd = sys_open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	return fd >= 0 && sys_fsync(fd) == 0;
}

void
file_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

bool
file_is_world_readable(int fd)
{
	struct stat status;

	return fstat(fd, &status) != 0 || (status.st_mode & S_IROTH) != 0;
}

/* "a FIFO"; NULL for a regular file. */
static const char *
file_kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return NULL;
	case S_IFDIR:
		return "a directory";
	case S_IFIFO:
		return "a FIFO or a pipe";
	case S_IFSOCK:
		return "a socket";
	default:
		return "a device";
	}
}

static err
file_check_kind(const char *path, mode_t mode, struct why *why)
{
	const char *kind = file_kind(mode);

	if (kind == NULL)
		return ERR_OK;
	return why_set(why, ERR_INVALID, "%.300s is %s.  Name a regular file.", path, kind);
}

static err
file_check_owned(const char *path, const struct stat *status, struct why *why)
{
	if (status->st_uid == 0 || status->st_uid == geteuid())
		return ERR_OK;
	return why_set(why, ERR_DENIED,
		       "%.200s belongs to another user (uid %u).  It must belong to root or to the user that runs "
		       "doubletour: `chown %u %.200s`.",
		       path, (unsigned)status->st_uid, (unsigned)geteuid(), path);
}

/* Refuse a file that another user than its owner can change. */
static err
file_check_writers(const char *path, const struct stat *status, struct why *why)
{
	bool by_group = (status->st_mode & S_IWGRP) != 0 && status->st_gid != 0 && status->st_gid != getegid();

	if (!by_group && (status->st_mode & S_IWOTH) == 0)
		return ERR_OK;
	return why_set(why, ERR_DENIED, "%.200s can be written by other users: `chmod go-w %.200s`.", path, path);
}

err
file_check_owner(int fd, const char *path, struct why *why)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return why_set(why, ERR_IO, "The file %.300s cannot be read: %s.", path, strerror(errno));
	return file_check_owned(path, &status, why);
}

err
file_owner(const char *path, uid_t *ret_uid, gid_t *ret_gid)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return ERR_NOT_FOUND;
	*ret_uid = status.st_uid;
	*ret_gid = status.st_gid;
	return ERR_OK;
}

static err
file_check_open(int fd, const char *path, enum file_trust trust, struct why *why)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return why_set(why, ERR_IO, "The file %.300s cannot be read: %s.", path, strerror(errno));
	TRY(file_check_kind(path, status.st_mode, why));
	if (trust == FILE_TRUSTED)
		TRY(file_check_owned(path, &status, why));
	return trust == FILE_ANY ? ERR_OK : file_check_writers(path, &status, why);
}

/* A relative path begins in the folder of the shell, which another user may not enter. */
static err
file_not_permitted(const char *path, struct why *why)
{
	if (path[0] != '/' && access(".", X_OK) != 0)
		return why_set(why, ERR_DENIED,
			       "The file %.300s cannot be opened: %s.  This user (uid %u) may not enter the current "
			       "directory: run the command in another one, for example after `cd /`.",
			       path, strerror(EACCES), (unsigned)geteuid());
	return why_set(
	    why, ERR_DENIED,
	    "The file %.300s cannot be opened: %s.  Let this user (uid %u) read the file and enter its folder.", path,
	    strerror(EACCES), (unsigned)geteuid());
}

static err
file_not_opened(const char *path, int error, struct why *why)
{
	struct stat status;

	if (error == EACCES)
		return file_not_permitted(path, why);

	/* open() fails for every socket */
	if (error == ENXIO && stat(path, &status) == 0)
		TRY(file_check_kind(path, status.st_mode, why));
	return why_set(why, error == ENOENT ? ERR_NOT_FOUND : ERR_DENIED, "The file %.300s cannot be opened: %s.", path,
		       strerror(error));
}

err
file_open(const char *path, enum file_trust trust, struct why *why, int *ret_fd)
{
	int fd = sys_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	err e;

	if (fd < 0)
		return file_not_opened(path, errno, why);
	e = file_check_open(fd, path, trust, why);
	if (e != ERR_OK)
		close(fd);
	else
		*ret_fd = fd;
	return e;
}

err
file_check(const char *path, struct why *why)
{
	CLEANUP(file_close) int fd = -1;

	return file_open(path, FILE_ANY, why, &fd);
}

/* If the file grows while it is read, reading stops at the maximum. */
static err
file_read_all(int fd, struct buf *ret_text)
{
	char part[16 * 1024];
	ssize_t n = 1;

	while (n != 0 && buf_check(ret_text) == ERR_OK) {
		n = sys_read(fd, part, sizeof(part));
		if (n < 0 && errno != EINTR)
			break;
		buf_put(ret_text, str_bytes(part, n > 0 ? (size_t)n : 0));
	}
	secret_wipe(part, sizeof(part));
	return n < 0 ? ERR_IO : buf_check(ret_text);
}

err
file_read_open(int fd, const char *path, struct buf *ret_text, struct why *why)
{
	err e = file_read_all(fd, ret_text);

	if (e == ERR_TOO_LONG)
		return why_set(why, e, "The file %.300s is longer than %zu bytes.", path, ret_text->max);
	if (e == ERR_IO)
		return why_set(why, e, "The file %.300s cannot be read: %s.", path, strerror(errno));
	return e == ERR_OK ? e : why_set(why, e, "There is not enough memory to read %.300s.", path);
}

err
file_read(const char *path, enum file_trust trust, struct buf *ret_text, struct why *why)
{
	CLEANUP(file_close) int fd = -1;

	TRY(file_open(path, trust, why, &fd));
	return file_read_open(fd, path, ret_text, why);
}
