/*
 * What web may ask, and what the keeper answers.  A question is a head, then the body its id calls for; an answer
 * is a head, then the body of that question.  The questions and all messages are defined in ipc/questions.def, of which the
 * build makes ipc/messages.h.  The state that a question needs is in neither: that is the keeper's own table
 * (keeper/core/dispatch.h), because web is not to be trusted with it.
 */
#ifndef IPC_QUESTIONS_H
#define IPC_QUESTIONS_H

#include "ipc/messages.h" /* made of ipc/questions.def: enum question_id, the structs, their wire_def */
#include "ipc/terms.h"
#include "ipc/wire.h"

enum { WIRE_BODY_MAX_BYTES = 256 }; /* of a body's or an answer's struct: the tests hold them to it */

/* Which of web's workers asks it, over a channel of its own. */
enum pool { POOL_QUICK = 0, POOL_SLOW };

struct wire_question {
	const char *name; /* "session", "register", ...: for logs */
	const struct wire_def *body, *answer;
	enum pool pool; /* SLOW: it may hash a password */
};
extern const struct wire_question wire_questions[QUESTION_COUNT]; /* [0] has NULLs */

#endif
