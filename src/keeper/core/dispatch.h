/*
 * The keeper's table of questions: the session states that may ask a question, the flags that the dispatcher enforces,
 * and the handler. Generated from ipc/questions.def, which explains the flags. Only this library contains it.
 */
#ifndef KEEPER_DISPATCH_H
#define KEEPER_DISPATCH_H

#include "keeper/core/call.h"

#define ROW_IN(state) (1u << (state))
#define ROW_IN_ANY (ROW_IN(STATE_NONE) | ROW_IN(STATE_ENROLLING) | ROW_IN(STATE_PENDING) | ROW_IN(STATE_FULL))

enum { ROW_FRESH = 1, ROW_MAY_RAISE = 2, ROW_HASHES = 4, ROW_WRITES = 8, ROW_SELF_AUTHORIZED = 16 };

struct question_row {
	unsigned states; /* states that may ask it, as ROW_IN(...) */
	unsigned flags;
	call_handler answer;
};
extern const struct question_row question_rows[QUESTION_COUNT]; /* [0] is empty: no state may ask it */

enum authority question_authority(enum question_id id);

#ifdef DOUBLETOUR_TEST_HOOKS
/* Test hook: replaces every handler, to test what the dispatcher permits. */
extern call_handler question_instead;
#endif

#endif
