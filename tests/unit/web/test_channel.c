/* Asking over a channel: each question gets its own answer, also after an error. */
#include "unit.h"

#include "base/fault.h"
#include "web/core/channel.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct scene {
	int keeper; /* the keeper's end */
	struct channel channel;
	struct arena arena;
};

static void
scene_make(struct scene *s)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	*s = (struct scene){ .keeper = ends[0], .arena = ARENA(65536) };
	s->channel.fd = ends[1];
	s->channel.cache = session_cache_new(16);
	assert_non_null(s->channel.cache);
}

static void
scene_end(struct scene *s)
{
	close(s->keeper);
	close(s->channel.fd);
	session_cache_free(&s->channel.cache);
	arena_wipe(&s->arena);
}

/* Send the keeper's answer to question `number`; the account id identifies the answer. */
static void
answer(struct scene *s, int64_t number, int64_t account_id)
{
	CLEANUP(buf_wipe) struct buf bytes = BUF(WIRE_MAX_BYTES);
	const struct answer_head head = { .verdict = VERDICT_PASSED, .number = number, .account_id = account_id };
	static const struct nothing_body nothing;

	wire_put(&bytes, &wire_answer_head, &head);
	wire_put(&bytes, wire_questions[QUESTION_SESSION].answer, &nothing);
	assert_int_equal(buf_check(&bytes), ERR_OK);
	assert_int_equal(send(s->keeper, bytes.p, bytes.n, 0), (ssize_t)bytes.n);
}

static err
ask(struct scene *s, struct answer_head *ret_head)
{
	static const struct nothing_body nothing;
	struct question_head head = { .id = QUESTION_SESSION };

	return channel_ask(&s->channel, &s->arena, &head, &nothing, ret_head, NULL);
}

static void
an_unread_answer_is_never_delivered_to_another_question(void **state)
{
	struct scene s;
	struct answer_head head = { 0 };

	scene_make(&s);
	answer(&s, 1, 1111);
	fault_set(FAULT_RECEIVE, 1, false);
	assert_int_equal(ask(&s, &head), ERR_AWAY);
	fault_set(FAULT_RECEIVE, 0, false);
	answer(&s, 2, 2222);
	assert_int_equal(ask(&s, &head), ERR_OK);
	assert_int_equal(head.account_id, 2222);
	scene_end(&s);
}

static void
an_answer_ahead_of_its_question_is_a_protocol_error(void **state)
{
	struct scene s;
	struct answer_head head = { 0 };

	scene_make(&s);
	answer(&s, 7, 7777);
	assert_int_equal(ask(&s, &head), ERR_PROTOCOL);
	scene_end(&s);
}

static void
an_unsent_question_leaves_the_channel_unchanged(void **state)
{
	struct scene s;
	struct answer_head head = { 0 };

	scene_make(&s);
	fault_set(FAULT_SEND, 1, false);
	assert_int_equal(ask(&s, &head), ERR_AWAY);
	fault_set(FAULT_SEND, 0, false);
	answer(&s, 2, 2222);
	assert_int_equal(ask(&s, &head), ERR_OK);
	assert_int_equal(head.account_id, 2222);
	scene_end(&s);
}

static void
a_dead_keeper_is_an_away_error(void **state)
{
	struct scene s;
	struct answer_head head = { 0 };

	scene_make(&s);
	shutdown(s.keeper, SHUT_RDWR);
	assert_int_equal(ask(&s, &head), ERR_AWAY);
	assert_int_equal(ask(&s, &head), ERR_AWAY);
	scene_end(&s);
}

static void
quick_channel_sends_no_question_of_the_slow_pool(void **state)
{
	static const char no_body[WIRE_BODY_MAX_BYTES];
	struct scene s;

	scene_make(&s);
	for (unsigned id = QUESTION_NONE + 1; id < QUESTION_COUNT; id++) {
		struct question_head head = { .id = id };
		struct answer_head answered;
		char bytes[WIRE_MAX_BYTES];
		if (wire_questions[id].pool == POOL_QUICK)
			continue;
		fault_set(FAULT_RECEIVE, 1, false); /* the keeper does not answer the question */
		assert_int_equal(channel_ask(&s.channel, &s.arena, &head, no_body, &answered, NULL), ERR_INVALID);
		assert_true(recv(s.keeper, bytes, sizeof(bytes), MSG_DONTWAIT) < 0);
		s.channel.pool = POOL_SLOW;
		assert_int_equal(channel_ask(&s.channel, &s.arena, &head, no_body, &answered, NULL), ERR_AWAY);
		fault_set(FAULT_RECEIVE, 0, false);
		assert_true(recv(s.keeper, bytes, sizeof(bytes), MSG_DONTWAIT) > 0);
		s.channel.pool = POOL_QUICK;
	}
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unread_answer_is_never_delivered_to_another_question),
		cmocka_unit_test(an_answer_ahead_of_its_question_is_a_protocol_error),
		cmocka_unit_test(an_unsent_question_leaves_the_channel_unchanged),
		cmocka_unit_test(a_dead_keeper_is_an_away_error),
		cmocka_unit_test(quick_channel_sends_no_question_of_the_slow_pool),
	};

	return cmocka_run_group_tests_name("web channel", tests, NULL, NULL);
}
