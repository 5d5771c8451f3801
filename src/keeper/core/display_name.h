/*
 * Names that a person gives freely, to themselves or to an authenticator: up to 40 code points of any script, in NFC.  What would
 * change the text around it is refused: control characters, line ends, and Unicode's marks of direction.
 */
#ifndef KEEPER_DISPLAY_NAME_H
#define KEEPER_DISPLAY_NAME_H

#include "base/str.h"
#include "ipc/questions.h"

struct display_name {
	char b[DISPLAY_NAME_MAX_BYTES + 1];
	size_t n; /* 0: none was given */
};

/* Spaces around go.  PROBLEM_NONE, PROBLEM_TOO_LONG, PROBLEM_CHARACTERS; ret_name is written only with the first. */
enum problem display_name_check(str typed, struct display_name *ret_name);

/*
 * A stored name, for showing.  One that display_name_check takes is as it is.  Of any other, what may not stand in a name is left
 * out and the rest is cut; empty when nothing remains.  A name nobody checked must not keep its owner from signing in;
 * `doubletour check` reports it.
 */
void display_name_clean(str stored, struct display_name *ret_name);

#endif
