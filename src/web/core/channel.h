/*
 * Web's end of one channel to the keeper: ask a question, wait for its answer.  One per worker thread.
 */
#ifndef WEB_CHANNEL_H
#define WEB_CHANNEL_H

#include "base/arena.h"
#include "web/core/session_cache.h"
#include "ipc/questions.h"

struct channel {
	int fd;
	enum pool pool;              /* whose worker it belongs to */
	int64_t asked;               /* number of the last question */
	struct session_cache *cache; /* pushes that came before an answer are applied before it is returned */
};

/*
 * Ask and wait.  body and ret_answer are the structs that wire_questions[] names for head->id; ret_answer may be NULL
 * when the answer's body is of no interest.  head->number is set here.  Texts in the answer live in the arena.
 * ERR_AWAY: the keeper does not answer; ERR_PROTOCOL: it answered nonsense; ERR_TOO_LONG: the question is too large;
 * ERR_INVALID: it is a question of the slow pool, and this channel is not (the keeper would refuse it too).
 */
MUST_USE err channel_ask(struct channel *channel, struct arena *arena, struct question_head *head, const void *body,
			 struct answer_head *ret_head, void *ret_answer);

#endif
