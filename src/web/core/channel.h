/*
 * Web's end of a channel to the keeper: send a question, wait for its answer.  Each worker thread has one channel.
 */
#ifndef WEB_CHANNEL_H
#define WEB_CHANNEL_H

#include "base/arena.h"
#include "web/core/session_cache.h"
#include "ipc/questions.h"

struct channel {
	int fd;
	enum pool pool;              /* the pool of its worker */
	int64_t asked;               /* number of the last question */
	struct session_cache *cache; /* pushes sent before an answer are applied before the answer is returned */
};

/*
 * Ask and wait.  body and ret_answer are the structs that wire_questions[] names for head->id; ret_answer may be
 * NULL.  channel_ask sets head->number.  Texts of the answer live in the arena.
 *
 *	ERR_AWAY      the keeper does not answer
 *	ERR_PROTOCOL  the answer is malformed
 *	ERR_TOO_LONG  the question is too large
 *	ERR_INVALID   a question of the slow pool on a channel of the quick pool (the keeper would refuse it too)
 */
MUST_USE err channel_ask(struct channel *channel, struct arena *arena, struct question_head *head, const void *body,
			 struct answer_head *ret_head, void *ret_answer);

#endif
