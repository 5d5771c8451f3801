/*
 * What applications are told of a person beside the name: groups and an address.  Set by the administrator.
 */
#ifndef KEEPER_IDENTITY_H
#define KEEPER_IDENTITY_H

#include "base/arena.h"
#include "base/err.h"
#include "ipc/questions.h"

enum { GROUPS_COUNT_MAX = 50 };

/*
 * A list with commas or spaces between, as typed; in order and each once, with commas.  ERR_INVALID: a name that is none
 * (1 to 40 of a-z 0-9 . _ -), ERR_TOO_LONG: more than GROUPS_COUNT_MAX, or over GROUPS_MAX_BYTES.
 */
MUST_USE err groups_read(str typed, struct arena *arena, str *ret_groups);

/* Is this what groups_read makes: in order, each once, with commas? */
bool groups_good(str stored, struct arena *arena);

/* "": none.  Else something@something, at most EMAIL_MAX printable ASCII bytes without spaces, commas, quotes or brackets. */
bool email_good(str email);

#endif
