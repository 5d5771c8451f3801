/*
 * Files named on the command line or in the settings: opened without blocking, and only if they are regular files.
 *
 *	CLEANUP(file_close) int fd = -1;
 *	TRY(file_open("/backups/monday.sqlite", FILE_ANY, &why, &fd));
 *
 * A FIFO, device, socket or directory is refused, and the message says which it is. /dev/stdin is accepted when
 * standard input is a regular file. A command that documents `-` reads standard input itself.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"

#include <sys/types.h>

enum file_trust {
	FILE_ANY,     /* any owner: for input that is checked */
	FILE_TRUSTED, /* settings and rules: owned by root or this user, and writable by no other user */
	FILE_OF_ONE,  /* writable by no other user than its owner, who is checked later: file_check_owner */
};

/*
 * Open for reading. On failure `why` holds the message. ret_fd is written on ERR_OK only.
 *
 * ERR_NOT_FOUND  does not exist
 * ERR_DENIED     permission denied; FILE_TRUSTED: another user owns it or may write to it
 * ERR_INVALID    not a regular file
 */
MUST_USE err file_open(const char *path, enum file_trust trust, struct why *why, int *ret_fd);

/* Open and read to the end. The maximum is that of `ret_text`. Also ERR_TOO_LONG, ERR_IO, ERR_MEMORY. */
MUST_USE err file_read(const char *path, enum file_trust trust, struct buf *ret_text, struct why *why);

/* Read an open file to the end. path is used in messages. */
MUST_USE err file_read_open(int fd, const char *path, struct buf *ret_text, struct why *why);

/* Check that path is a readable regular file, before another program or a library opens it by name. */
MUST_USE err file_check(const char *path, struct why *why);

/* May every user of this machine read the open file? */
bool file_is_world_readable(int fd);

/* Refuse an open file that does not belong to root or this user: ERR_DENIED. path is used in the message. */
MUST_USE err file_check_owner(int fd, const char *path, struct why *why);

/* The owner of a file or folder. ERR_NOT_FOUND also if it cannot be reached. */
MUST_USE err file_owner(const char *path, uid_t *ret_uid, gid_t *ret_gid);

/* The folder of a path, without the slash: "." for a name alone, "/" for a name in the root. May point into path. */
str file_folder(const char *path);

/* Make the names in a folder durable. errno says why it failed. */
bool file_sync_folder(const char *folder);

/* For CLEANUP. -1 means closed. */
void file_close(int *fd);

#endif
