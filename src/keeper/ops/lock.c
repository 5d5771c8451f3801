#include "keeper/ops/lock.h"

#include "base/clock.h"
#include "base/sys.h"
#include "keeper/core/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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
			       "The folder %s cannot be created: %s.  Create it, or set DATA_DIR to another folder.",
			       config->data_dir, strerror(errno));
	*ret_fd = sys_open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*ret_fd < 0)
		return why_set(why, ERR_DENIED,
			       "The file %s cannot be opened: %s.  The user that runs doubletour must be able to write "
			       "DATA_DIR.",
			       path, strerror(errno));
	return ERR_OK;
}

static err
lock_busy(const char *name, bool by_server, struct why *why)
{
	if (by_server)
		return why_set(why, ERR_BUSY,
			       "A server is running on %s, on this machine or another.  Stop it first: this command "
			       "needs exclusive "
			       "access to the database.",
			       name);
	return why_set(why, ERR_BUSY,
		       "Another command has exclusive access to the database %s.  Try again after it has finished.",
		       name);
}

err
lock_take(const struct config *config, enum lock_kind kind, struct why *why, struct lock *ret_lock)
{
	bool shared = false;
	int fd = -1;

	TRY(lock_open(config, why, &fd));
	if (flock(fd, (kind == LOCK_ALONE ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0) {
		ret_lock->fd = fd;
		return ERR_OK;
	}
	if (kind == LOCK_ALONE)
		shared = flock(fd, LOCK_SH | LOCK_NB) == 0; /* the holders share it: they are servers */
	close(fd);
	if (kind == LOCK_ALONE)
		return lock_busy(config->data_dir, shared, why);
	return why_set(
	    why, ERR_BUSY,
	    "Another command has exclusive access to the database in %s.  Start the server after it has finished.",
	    config->data_dir);
}

void
lock_release(struct lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}

/* --- a database --------------------------------------------------------------------------------------------------- */

err
lock_claim(const struct config *config, struct db *db, struct why *why)
{
	err e = db_claim(db, DB_CLAIM_ALONE);
	char begin[300];

	if (e == ERR_BUSY)
		return lock_busy(config->database_name, db_claim(db, DB_CLAIM_SHARED) == ERR_OK, why);
	snprintf(begin, sizeof(begin), "The database %.200s cannot be used.", config->database_name);
	return failure_explain(db, e, begin, why);
}

err
lock_database(const struct config *config, struct db *db, struct why *why, struct lock *ret_lock)
{
	TRY(lock_claim(config, db, why));
	return config->database == DATABASE_SQLITE ? lock_take(config, LOCK_ALONE, why, ret_lock) : ERR_OK;
}

/* --- the first start ---------------------------------------------------------------------------------------------- */

enum { FIRST_START_MS = 60 * 1000, FIRST_PAUSE_MS = 5 };

static err
lock_first_start_wait(const struct config *config, int fd, struct why *why)
{
	int64_t until_us = clock_monotonic_us() + FIRST_START_MS * INT64_C(1000);

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) /* the file system does not support locks */
			return ERR_OK;
		if (clock_monotonic_us() >= until_us)
			return why_set(
			    why, ERR_BUSY,
			    "Another command is creating the key and the database in %s.  Try again after it has "
			    "finished.",
			    config->data_dir);
		poll(NULL, 0, FIRST_PAUSE_MS);
	}
	return ERR_OK;
}

err
first_start_begin(const struct config *config, bool make_folder, struct why *why, struct first_start *ret_start)
{
	*ret_start = (struct first_start){ .lock = { .fd = -1 } };
	if (make_folder && mkdir(config->data_dir, 0700) == 0)
		ret_start->made = config->data_dir;
	ret_start->lock.fd = sys_open(config->data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (ret_start->lock.fd < 0) /* not an error here: creating a file in it will report the cause */
		return ERR_OK;
	return lock_first_start_wait(config, ret_start->lock.fd, why);
}

void
first_start_end(struct first_start *start)
{
	if (start->made != NULL)
		rmdir(start->made); /* fails unless the directory is empty */
	lock_release(&start->lock);
}
