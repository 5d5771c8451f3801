/*
 * Identity data for applications besides the name: groups and e-mail address. Set by the administrator.
 */
#ifndef KEEPER_IDENTITY_H
#define KEEPER_IDENTITY_H

#include "base/arena.h"
#include "base/err.h"
#include "ipc/questions.h"

enum { GROUPS_COUNT_MAX = 50 };

/*
 * Parse groups separated by commas or spaces. The result is sorted, without duplicates, separated by commas.
 *
 * ERR_INVALID   an invalid group name (valid: 1 to 40 of a-z 0-9 . _ -)
 * ERR_TOO_LONG  more than GROUPS_COUNT_MAX groups or GROUPS_MAX_BYTES bytes
 */
MUST_USE err groups_read(str typed, struct arena *arena, str *ret_groups);

/* Does the value have the form that groups_read returns? */
bool groups_good(str stored, struct arena *arena);

/* "" or something@something: at most EMAIL_MAX printable ASCII bytes without spaces, commas, quotes or brackets. */
bool email_good(str email);

#endif
