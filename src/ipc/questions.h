/*
 * The questions of web and the keeper's answers.  A question is a head and the body for its id; an answer is a head
 * and the body for that question.  ipc/questions.def defines the questions and messages, and the build makes
 * ipc/messages.h from it.  The session states that a question needs are in the keeper's table
 * (keeper/core/dispatch.h), because the keeper must not trust web with them.
 */
#ifndef IPC_QUESTIONS_H
#define IPC_QUESTIONS_H

#include "ipc/messages.h" /* generated from ipc/questions.def: enum question_id, the structs, their wire_def */
#include "ipc/terms.h"
#include "ipc/wire.h"

enum { WIRE_BODY_MAX_BYTES = 256 }; /* limit of the structs of bodies and answers; tests check it */

/* The worker pool of web that asks the question.  Each worker has its own channel. */
enum pool { POOL_QUICK = 0, POOL_SLOW };

struct wire_question {
	const char *name; /* "session", "register", ...: for logs */
	const struct wire_def *body, *answer;
	enum pool pool; /* SLOW: it may hash a password */
};
extern const struct wire_question wire_questions[QUESTION_COUNT]; /* [0] has NULLs */

#endif
