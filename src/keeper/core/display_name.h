/*
 * Names that users choose for themselves or for an authenticator: up to 40 code points of any script, in NFC. Refuses
 * characters that change the text around them: control characters, line ends, and directional formatting.
 */
#ifndef KEEPER_DISPLAY_NAME_H
#define KEEPER_DISPLAY_NAME_H

#include "base/str.h"
#include "ipc/questions.h"

struct display_name {
	char b[DISPLAY_NAME_MAX_BYTES + 1];
	size_t n; /* 0: no name */
};

/* Trims spaces. PROBLEM_NONE, PROBLEM_TOO_LONG or PROBLEM_CHARACTERS; ret_name is written only with PROBLEM_NONE. */
enum problem display_name_check(str typed, struct display_name *ret_name);

/*
 * Prepare a stored name for display. A valid name stays unchanged. In an invalid one, characters that are not allowed
 * are removed and the rest is cut; the result may be empty. An invalid stored name must not prevent sign-in;
 * `doubletour check` reports it.
 */
void display_name_clean(str stored, struct display_name *ret_name);

#endif
