#include "keeper/lock.h"

#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static err
lock_open(const struct config *config, struct why *why, int *ret_fd)
{
	char path[CONFIG_TEXT_MAX + 64];

	snprintf(path, sizeof(path), "%s/doubletour.lock", config->data_dir);
	if (mkdir(config->data_dir, 0700) != 0 && errno != EEXIST)
		return why_set(why, ERR_DENIED,
			       "The folder %s cannot be made: %s.  Make it, or set DATA_DIR to another.",
			       config->data_dir, strerror(errno));
	*ret_fd = sys_open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*ret_fd < 0)
		return why_set(why, ERR_DENIED,
			       "The file %s cannot be opened: %s.  The user that runs doubletour must be able to write "
			       "DATA_DIR.",
			       path, strerror(errno));
	return ERR_OK;
}

err
lock_take(const struct config *config, enum lock_kind kind, struct why *why, struct lock *ret_lock)
{
	int fd = -1;

	TRY(lock_open(config, why, &fd));
	if (flock(fd, (kind == LOCK_ALONE ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0) {
		ret_lock->fd = fd;
		return ERR_OK;
	}
	close(fd);
	if (kind == LOCK_ALONE)
		return why_set(why, ERR_BUSY,
			       "A server is running on %s.  End it first: this must have the database alone.",
			       config->data_dir);
	return why_set(why, ERR_BUSY, "A command has the database in %s for itself.  Start when it has ended.",
		       config->data_dir);
}

void
lock_release(struct lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}
