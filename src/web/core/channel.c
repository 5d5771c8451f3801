#include "web/core/channel.h"

#include "base/secret.h"
#include "base/sys.h"

#include <errno.h>
#include <sys/socket.h>

enum { ANSWER_BODY_MAX = 256 }; /* bytes of the largest answer struct */

static err
channel_send_question(struct channel *channel, struct question_head *head, const void *body)
{
	CLEANUP(buf_wipe) struct buf question = BUF(WIRE_MAX_BYTES);

	head->number = ++channel->asked;
	wire_put(&question, &wire_question_head, head);
	wire_put(&question, wire_questions[head->id].body, body);
	TRY(buf_check(&question));
	return sys_send(channel->fd, question.p, question.n, MSG_NOSIGNAL) == (ssize_t)question.n ? ERR_OK : ERR_AWAY;
}

static err
channel_receive_answer(int fd, struct arena *arena, str *ret_bytes)
{
	char bytes[WIRE_MAX_BYTES];
	ssize_t n;
	err e;

	do
		n = sys_recv(fd, bytes, sizeof(bytes), 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return ERR_AWAY;
	e = arena_copy(arena, str_bytes(bytes, (size_t)n), ret_bytes);
	secret_wipe(bytes, (size_t)n);
	return e;
}

/* Skip answers to earlier questions, whose wait was given up, until the answer to this question. */
static err
channel_receive_own(struct channel *channel, struct arena *arena, str *ret_rest, struct answer_head *ret_head)
{
	do {
		TRY(channel_receive_answer(channel->fd, arena, ret_rest));
		TRY(wire_get(ret_rest, &wire_answer_head, ret_head));
	} while (ret_head->number != 0 && ret_head->number < channel->asked);
	return ret_head->number == 0 || ret_head->number == channel->asked ? ERR_OK : ERR_PROTOCOL;
}

err
channel_ask(struct channel *channel, struct arena *arena, struct question_head *head, const void *body,
	    struct answer_head *ret_head, void *ret_answer)
{
	const struct wire_def *answer = wire_questions[head->id].answer;
	_Alignas(max_align_t) char unwanted[ANSWER_BODY_MAX];
	str rest = { 0 };

	if (answer->size > sizeof(unwanted) || wire_questions[head->id].pool > channel->pool)
		return ERR_INVALID;
	TRY(channel_send_question(channel, head, body));
	TRY(channel_receive_own(channel, arena, &rest, ret_head));
	TRY(wire_get(&rest, answer, ret_answer == NULL ? unwanted : ret_answer));
	if (rest.n != 0)
		return ERR_PROTOCOL;
	return session_cache_wait(channel->cache, ret_head->pushed);
}
