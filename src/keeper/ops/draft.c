#include "keeper/ops/draft.h"

#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
draft_unlink_beside(const char *path, const char *suffix)
{
	char name[DRAFT_PATH_BYTES + 8];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	unlink(name);
}

void
draft_drop(struct draft *draft)
{
	if (!draft->made)
		return;
	unlink(draft->path);
	draft_unlink_beside(draft->path, "-wal");
	draft_unlink_beside(draft->path, "-shm");
	draft_unlink_beside(draft->path, "-journal"); /* until the copy has its write-ahead log */
	draft->made = false;
}

static err
draft_create(const char *target, struct why *why, struct draft *draft)
{
	CLEANUP(file_close) int fd = -1;

	fd = sys_open(draft->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	draft->made = fd >= 0;
	if (fd < 0)
		return why_set(why, ERR_DENIED,
			       "The backup needs a temporary file next to %s, which cannot be created: %s.  Choose a "
			       "folder that this user may write to.",
			       target, strerror(errno));
	return ERR_OK;
}

static err
draft_path_set(const char *target, const char *suffix, struct why *why, struct draft *draft)
{
	int n = snprintf(draft->path, sizeof(draft->path), "%s.%s", target, suffix);

	if (n < 0 || (size_t)n >= sizeof(draft->path))
		return why_set(why, ERR_TOO_LONG, "The path is too long.  Choose a shorter one.");
	return ERR_OK;
}

err
draft_make(const char *target, struct why *why, struct draft *draft)
{
	char suffix[24];

	snprintf(suffix, sizeof(suffix), "%ld", (long)getpid());
	TRY(draft_path_set(target, suffix, why, draft));
	return draft_create(target, why, draft);
}

err
draft_make_locked(const char *target, struct why *why, struct draft *draft)
{
	TRY(draft_path_set(target, "unfinished", why, draft));
	draft->made = true; /* of a process that was killed */
	draft_drop(draft);
	return draft_create(target, why, draft);
}

static err
draft_sync_path(const char *path, int flags, struct why *why)
{
	CLEANUP(file_close) int fd = sys_open(path, flags | O_CLOEXEC, 0);

	if (fd >= 0 && sys_fsync(fd) == 0)
		return ERR_OK;
	return why_set(why, ERR_IO, "%s cannot be written to the disk: %s.", path, strerror(errno));
}

static err
draft_sync_folder_of(const char *path, struct why *why)
{
	char copy[DRAFT_PATH_BYTES];

	snprintf(copy, sizeof(copy), "%s", path);
	return draft_sync_path(dirname(copy), O_RDONLY | O_DIRECTORY, why);
}

/*
 * SQLite deletes the write-ahead log after writing all of it into the file. If the log is still there, the file alone
 * is incomplete or damaged.
 */
static err
draft_settled(const struct draft *draft, const char *target, struct why *why)
{
	char wal[DRAFT_PATH_BYTES + 8];
	struct stat status;

	snprintf(wal, sizeof(wal), "%s-wal", draft->path);
	if (stat(wal, &status) != 0 || status.st_size == 0)
		return ERR_OK;
	return why_set(why, ERR_IO, "The file %s cannot be written completely.", target);
}

/* link() fails if the name exists, even if it was created just now. */
err
draft_name(struct draft *draft, const char *target, struct why *why)
{
	err e;

	TRY(draft_settled(draft, target, why));
	TRY(draft_sync_path(draft->path, O_RDWR, why));
	if (link(draft->path, target) != 0)
		return why_set(why, errno == EEXIST ? ERR_EXISTS : ERR_IO, "The file %s cannot be created: %s.", target,
			       strerror(errno));
	draft_drop(draft);
	e = draft_sync_folder_of(target, why);
	if (e != ERR_OK) /* nothing remains on failure */
		unlink(target);
	return e;
}

/* Replace the temporary name in a message by the name that the person typed. */
void
draft_call(const struct draft *draft, const char *named, struct why *why)
{
	char path[sizeof(why->text)];
	struct why before = *why;
	const char *at;

	str_visible_z(str_of(draft->path), path, sizeof(path));
	at = strstr(before.text, path);
	if (at != NULL)
		(void)!why_set(why, ERR_OK, "%.*s%s%s", (int)(at - before.text), before.text, named, at + strlen(path));
}
