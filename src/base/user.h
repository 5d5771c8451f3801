/*
 * The user of the process. A command that root runs becomes the user that owns the server's data, before it opens a
 * file there: files that it creates then belong to the server.
 */
#ifndef BASE_USER_H
#define BASE_USER_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

bool user_is_root(void);

/*
 * Give up root for good: groups, group, user, and HOME (libpq reads files there). Call before a second thread starts.
 * gid: used if the system knows no such user.
 *
 * ERR_DENIED  with a message
 */
MUST_USE err user_become(uid_t uid, gid_t gid, struct why *why);

/* The name, or the number, of the user that user_become has chosen; NULL: it has not changed. */
const char *user_became(void);

#endif
