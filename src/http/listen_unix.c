#include "http/listen.h"

#include "base/file.h"
#include "base/sys.h"

#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { SOCKET_UMASK = 0117 }; /* a socket file is made with mode 0777 minus this: 0660 */

/* --- the folder --------------------------------------------------------------------------------------------------- */

static err
listen_explain(struct why *why, int error, const char *path)
{
	str folder = file_folder(path);

	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return why_set(why, ERR_NOT_FOUND,
			       "There is no folder %.*s for the socket of LISTEN.  Create it, and make the user that "
			       "runs doubletour "
			       "its owner.",
			       STR_ARG(folder));
	case EACCES:
	case EPERM:
	case EROFS:
		return why_set(
		    why, ERR_DENIED,
		    "This user may not create the socket %s: %s.  Give the folder %.*s to the user that runs "
		    "doubletour, or set LISTEN to another path.",
		    path, strerror(error), STR_ARG(folder));
	default:
		return why_set(why, ERR_IO, "Listening on the Unix socket %s failed: %s.", path, strerror(error));
	}
}

/* If all users may rename files in the folder, another program could replace the socket. */
static err
listen_folder_check(const char *path, struct why *why)
{
	char folder[LISTEN_PATH_MAX_BYTES + 1];
	struct stat status;

	TRY(str_copy_z(file_folder(path), folder, sizeof(folder)));
	if (stat(folder, &status) != 0)
		return listen_explain(why, errno, path);
	if ((status.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH)
		return why_set(why, ERR_DENIED,
			       "Every user may write to the folder %s, so another program could replace the socket of "
			       "LISTEN.  Run "
			       "`chmod o-w %s`.",
			       folder, folder);
	return ERR_OK;
}

/* --- one server at a time ----------------------------------------------------------------------------------------- */

/*
 * Held while a server looks for another one and makes its socket.  Without it, two servers that start at once could
 * replace each other's socket.
 */
struct listen_lock {
	char path[LISTEN_PATH_MAX_BYTES + sizeof(".lock")];
	int fd;
};

/*
 * The file is removed before it is unlocked.  A process that waited for the lock then holds a deleted file, and
 * opens a new one.
 */
static void
listen_lock_release(struct listen_lock *lock)
{
	if (lock->fd >= 0)
		(void)!unlink(lock->path);
	file_close(&lock->fd);
}

/* *ret_held false: the file was removed in the meantime. */
static err
listen_lock_try(struct listen_lock *lock, bool *ret_held)
{
	struct stat status;

	lock->fd = sys_open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (lock->fd < 0)
		return ERR_IO;
	while (flock(lock->fd, LOCK_EX) != 0)
		if (errno != EINTR)
			return ERR_IO;
	if (fstat(lock->fd, &status) != 0)
		return ERR_IO;
	*ret_held = status.st_nlink > 0;
	if (!*ret_held)
		file_close(&lock->fd);
	return ERR_OK;
}

static err
listen_lock_take(const char *path, struct why *why, struct listen_lock *ret_lock)
{
	bool held = false;

	snprintf(ret_lock->path, sizeof(ret_lock->path), "%s.lock", path);
	while (!held)
		if (listen_lock_try(ret_lock, &held) != ERR_OK)
			return listen_explain(why, errno, path);
	return ERR_OK;
}

/* --- existing files ----------------------------------------------------------------------------------------------- */

/* The errno of a connection attempt; 0: another server is listening. */
static int
listen_probe(const struct sockaddr_un *address)
{
	CLEANUP(file_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return errno;
	return connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : errno;
}

static err
listen_check_unused(const struct sockaddr_un *address, struct why *why)
{
	int error = listen_probe(address);

	if (error == ECONNREFUSED || error == ENOENT)
		return ERR_OK;
	if (error == EACCES || error == EPERM)
		return listen_explain(why, error, address->sun_path);
	return why_set(why, ERR_BUSY,
		       "Another server listens on the Unix socket %s.  Stop it, or set LISTEN to another path.",
		       address->sun_path);
}

/* A killed server leaves a socket file without a listener. */
static err
listen_stale_remove(const struct sockaddr_un *address, struct why *why)
{
	const char *path = address->sun_path;
	struct stat status;

	if (lstat(path, &status) != 0)
		return errno == ENOENT ? ERR_OK : listen_explain(why, errno, path);
	if (!S_ISSOCK(status.st_mode))
		return why_set(why, ERR_DENIED,
			       "%s is not a socket and was not changed.  Move it away, or set LISTEN to another path.",
			       path);
	TRY(listen_check_unused(address, why));
	return unlink(path) == 0 || errno == ENOENT ? ERR_OK : listen_explain(why, errno, path);
}

/* --- listening ---------------------------------------------------------------------------------------------------- */

/* The umask gives the file its mode in bind: other users can never connect. */
static int
listen_bind(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(SOCKET_UMASK);
	int done = bind(fd, (const struct sockaddr *)address, sizeof(*address)), error = errno;

	umask(before);
	errno = error;
	return done;
}

static err
listen_file_note(const char *path, struct listen_file *ret_file)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return ERR_IO;
	ret_file->device = status.st_dev;
	ret_file->inode = status.st_ino;
	return str_copy_z(str_of(path), ret_file->path, sizeof(ret_file->path));
}

static err
listen_at(int fd, const struct sockaddr_un *address, struct why *why, struct listen_file *ret_file)
{
	const char *path = address->sun_path;
	err e;

	if (listen_bind(fd, address) != 0)
		return listen_explain(why, errno, path);
	if (listen(fd, SOMAXCONN) == 0 && listen_file_note(path, ret_file) == ERR_OK)
		return ERR_OK;
	e = listen_explain(why, errno, path);
	(void)!unlink(path);
	return e;
}

static err
listen_open(const struct sockaddr_un *address, struct why *why, struct listen_file *ret_file, int *ret_fd)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	err e = fd < 0 ? listen_explain(why, errno, address->sun_path) : listen_at(fd, address, why, ret_file);

	if (e == ERR_OK)
		*ret_fd = fd;
	else if (fd >= 0)
		close(fd);
	return e;
}

err
listen_unix(const char *path, struct why *why, struct listen_file *ret_file, int *ret_fd)
{
	CLEANUP(listen_lock_release) struct listen_lock lock = { .fd = -1 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (path[0] != '/' || str_copy_z(str_of(path), address.sun_path, sizeof(address.sun_path)) != ERR_OK)
		return why_set(why, ERR_INVALID,
			       "The path of a Unix socket begins with / and has at most %d bytes: see LISTEN.",
			       (int)LISTEN_PATH_MAX_BYTES);
	TRY(listen_folder_check(path, why));
	TRY(listen_lock_take(path, why, &lock));
	TRY(listen_stale_remove(&address, why));
	return listen_open(&address, why, ret_file, ret_fd);
}

void
listen_unix_remove(struct listen_file *file)
{
	struct stat status;

	if (file->path[0] != '\0' && lstat(file->path, &status) == 0 && status.st_dev == file->device &&
	    status.st_ino == file->inode)
		(void)!unlink(file->path);
	file->path[0] = '\0';
}
