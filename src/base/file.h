/*
 * Files that are named on the command line or in the settings: opened without waiting, and only where they are files.
 *
 *	CLEANUP(file_close) int fd = -1;
 *	TRY(file_open("/backups/monday.sqlite", FILE_ANY, &why, &fd));
 *
 * A FIFO, a device, a socket or a folder is refused with a sentence that says which it is; /dev/stdin is taken where standard
 * input is a file.  A command that documents `-` reads standard input itself.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"

enum file_trust {
	FILE_ANY,     /* whoever owns it: input that is checked */
	FILE_TRUSTED, /* settings, rules: of root or of this user, and writable by nobody else */
};

/*
 * For reading.  ERR_NOT_FOUND, ERR_DENIED (no right; FILE_TRUSTED: another's), ERR_INVALID (not a file), each with the
 * sentence; ret_fd is written on ERR_OK.
 */
MUST_USE err file_open(const char *path, enum file_trust trust, struct why *why, int *ret_fd);

/* The same, read to its end into `ret_text`, which is told its maximum at birth.  ERR_TOO_LONG, ERR_IO, ERR_MEMORY. */
MUST_USE err file_read(const char *path, enum file_trust trust, struct buf *ret_text, struct why *why);

/* The same for what is open already. */
MUST_USE err file_read_open(int fd, const char *path, struct buf *ret_text, struct why *why);

/* For a file that another program or library opens by its name: is it a file that can be read? */
MUST_USE err file_check(const char *path, struct why *why);

/* May every user of this machine read what is open here? */
bool file_is_world_readable(int fd);

/* For CLEANUP; -1: nothing to close. */
void file_close(int *fd);

#endif
