#include "web/channel.h"

#include "base/secret.h"

#include <errno.h>
#include <sys/socket.h>

enum { ANSWER_BODY_MAX = 256 }; /* bytes of the largest answer struct */

static err
send_question(int fd, const struct question_head *head, const void *body)
{
	CLEANUP(buf_wipe) struct buf question = BUF(WIRE_MAX_BYTES);

	wire_put(&question, &wire_question_head, head);
	wire_put(&question, wire_questions[head->id].body, body);
	TRY(buf_check(&question));
	return send(fd, question.p, question.n, MSG_NOSIGNAL) == (ssize_t)question.n ? ERR_OK : ERR_AWAY;
}

static err
receive_answer(int fd, struct arena *arena, str *ret_bytes)
{
	char bytes[WIRE_MAX_BYTES];
	ssize_t n;
	err e;

	do
		n = recv(fd, bytes, sizeof(bytes), 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return ERR_AWAY;
	e = arena_copy(arena, str_bytes(bytes, (size_t)n), ret_bytes);
	secret_wipe(bytes, (size_t)n);
	return e;
}

err
channel_ask(struct channel *channel, struct arena *arena, const struct question_head *head, const void *body,
	    struct answer_head *ret_head, void *ret_answer)
{
	const struct wire_def *answer = wire_questions[head->id].answer;
	_Alignas(max_align_t) char unwanted[ANSWER_BODY_MAX];
	str rest = { 0 };

	if (answer->size > sizeof(unwanted))
		return ERR_INVALID;
	TRY(send_question(channel->fd, head, body));
	TRY(receive_answer(channel->fd, arena, &rest));
	TRY(wire_get(&rest, &wire_answer_head, ret_head));
	TRY(wire_get(&rest, answer, ret_answer == NULL ? unwanted : ret_answer));
	if (rest.n != 0)
		return ERR_PROTOCOL;
	return session_cache_wait(channel->cache, ret_head->pushed);
}
