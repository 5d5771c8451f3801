/* Errors of the keeper's channels: no memory or descriptors, a lost database, a web process that does not read. */
#include "keeper/harness.h"

#include "keeper/core/dispatch.h"
#include "keeper/ops/serve.h"
#include "webauthn/challenge.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TIMEOUT_MS = 300 * 1000, TOO_MANY = 70 };

/* A web process: its ends of one quick channel, one slow channel and the pushes. */
struct web {
	int quick, slow, push;
	int ends[3]; /* the keeper's ends, until the keeper has them */
};

static void
pair(int *ret_web, int *ret_keeper)
{
	int both[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, both), 0);
	*ret_web = both[0];
	*ret_keeper = both[1];
}

static void
web_begin(struct web *web, struct keeper_server *server)
{
	pair(&web->quick, &web->ends[0]);
	pair(&web->slow, &web->ends[1]);
	pair(&web->push, &web->ends[2]);
	assert_int_equal(keeper_server_start(server, web->ends, 2, 1, web->ends[2]), ERR_OK);
}

static void
web_end(struct web *web)
{
	close(web->quick);
	close(web->slow);
	close(web->push);
}

/* The length of the next message; 0 when the other end has closed. */
static size_t
take(int fd, void *ret_bytes, size_t n)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&ready, 1, TIMEOUT_MS), 1);
	ssize_t got = recv(fd, ret_bytes, n, 0);
	return got < 0 ? 0 : (size_t)got;
}

/* The next push; 0 when the keeper has closed. */
static enum push_kind
take_push(const struct web *web, struct push *ret_push)
{
	char bytes[1024];
	size_t n = take(web->push, bytes, sizeof(bytes));
	str text = str_bytes(bytes, n);

	if (n == 0)
		return PUSH_COUNT;
	assert_int_equal(wire_get(&text, &wire_push, ret_push), ERR_OK);
	return (enum push_kind)ret_push->kind;
}

static void
wait_health(const struct web *web, uint32_t healthy)
{
	struct push push = { .kind = 0 };

	do
		assert_int_not_equal(take_push(web, &push), PUSH_COUNT);
	while (push.kind != PUSH_HEALTH || push.value != healthy);
}

static void
put_question(int fd, enum question_id id, int64_t number)
{
	static const char no_body[WIRE_BODY_MAX_BYTES];
	CLEANUP(buf_wipe) struct buf question = BUF(WIRE_MAX_BYTES);
	struct question_head head = {
		.id = id, .number = number, .address = STR("192.0.2.7"), .agent = STR("a"), .request_id = STR("b")
	};

	wire_put(&question, &wire_question_head, &head);
	if (id != QUESTION_NONE)
		wire_put(&question, wire_questions[id].body, no_body);
	assert_int_equal(buf_check(&question), ERR_OK);
	assert_int_equal(send(fd, question.p, question.n, MSG_NOSIGNAL), question.n);
}

/* The verdict on an empty question; VERDICT_COUNT when the channel is closed. */
static enum verdict
ask_empty_over(int fd, enum question_id id)
{
	static int64_t number = 0;
	char bytes[WIRE_MAX_BYTES];
	struct answer_head head = { .verdict = 0 };

	put_question(fd, id, ++number);
	size_t n = take(fd, bytes, sizeof(bytes));
	str text = str_bytes(bytes, n);
	if (n == 0)
		return VERDICT_COUNT;
	assert_int_equal(wire_get(&text, &wire_answer_head, &head), ERR_OK);
	assert_int_equal(head.number, number);
	return (enum verdict)head.verdict;
}

static enum verdict
ask_over(int fd)
{
	return ask_empty_over(fd, QUESTION_SESSION);
}

static void
a_server_that_cannot_start_reports_an_error(void **state)
{
	struct world w;
	struct keeper_server *server = NULL;
	struct rlimit before, none;

	world_new(&w);
	fault_set(FAULT_MEMORY, 1, false);
	assert_int_equal(keeper_server_new(w.keeper, &server), ERR_MEMORY);
	fault_set(FAULT_MEMORY, 0, false);
	assert_null(server);
	keeper_server_free(&server); /* NULL is accepted */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ 0, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	err e = keeper_server_new(w.keeper, &server);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(e, ERR_MEMORY);
	assert_null(server);
	world_end(&w);
}

static void
excess_channels_are_closed(void **state)
{
	struct world w;
	struct keeper_server *server = NULL;
	int web[TOO_MANY], ends[TOO_MANY], push, push_end;
	char byte;

	world_new(&w);
	assert_int_equal(keeper_server_new(w.keeper, &server), ERR_OK);
	for (int i = 0; i < TOO_MANY; i++)
		pair(&web[i], &ends[i]);
	pair(&push, &push_end);
	assert_int_equal(keeper_server_start(server, ends, TOO_MANY, TOO_MANY, push_end), ERR_MEMORY);
	assert_int_equal(ask_over(web[0]), VERDICT_REFUSED);
	assert_int_equal(take(web[TOO_MANY - 1], &byte, 1), 0);
	keeper_server_free(&server);
	for (int i = 0; i < TOO_MANY; i++)
		close(web[i]);
	close(push);
	world_end(&w);
}

static void
transient_send_errors_are_retried_and_others_close(void **state)
{
	static const enum fault faults[] = { FAULT_RECEIVE, FAULT_SEND };
	struct world w;
	struct keeper_server *server = NULL;

	world_new(&w);
	assert_int_equal(keeper_server_new(w.keeper, &server), ERR_OK);
	for (size_t i = 0; i < COUNT(faults); i++) {
		struct web web;
		web_begin(&web, server);
		wait_health(&web, 1);
		assert_int_equal(ask_over(web.quick), VERDICT_REFUSED);
		fault_set(faults[i], 1, false);
		assert_int_equal(ask_over(web.quick), VERDICT_REFUSED);
		assert_int_equal(ask_over(web.slow), VERDICT_REFUSED);
		fault_set(faults[i], 0, false);
		if (faults[i] == FAULT_SEND) { /* the keeper cannot answer any more and closes, so that web restarts */
			struct push push;
			fault_set(FAULT_SEND, 1, true);
			assert_int_equal(ask_over(web.quick), VERDICT_COUNT);
			fault_set(FAULT_SEND, 0, false);
			while (take_push(&web, &push) != PUSH_COUNT)
				continue;
		}
		keeper_server_stop(server);
		web_end(&web);
	}
	assert_true(keeper_server_was_asked(server));
	keeper_server_free(&server);
	world_end(&w);
}

static void
a_malformed_question_is_answered_malformed(void **state)
{
	static char junk[WIRE_MAX_BYTES + 1];
	const size_t lengths[] = { 1, 7, 200, WIRE_MAX_BYTES, WIRE_MAX_BYTES + 1 };
	struct world w;
	struct keeper_server *server = NULL;
	struct web web;

	world_new(&w);
	assert_int_equal(keeper_server_new(w.keeper, &server), ERR_OK);
	web_begin(&web, server);
	memset(junk, 0x5a, sizeof(junk));
	for (size_t i = 0; i < COUNT(lengths); i++) {
		char bytes[WIRE_MAX_BYTES];
		struct answer_head head = { .verdict = 0 };
		assert_int_equal(send(web.quick, junk, lengths[i], MSG_NOSIGNAL), lengths[i]);
		str text = str_bytes(bytes, take(web.quick, bytes, sizeof(bytes)));
		assert_int_equal(wire_get(&text, &wire_answer_head, &head), ERR_OK);
		assert_int_equal(head.verdict, VERDICT_MALFORMED);
	}
	put_question(web.quick, QUESTION_NONE, 7);
	char bytes[WIRE_MAX_BYTES];
	struct answer_head head = { .verdict = 0 };
	str text = str_bytes(bytes, take(web.quick, bytes, sizeof(bytes)));
	assert_int_equal(wire_get(&text, &wire_answer_head, &head), ERR_OK);
	assert_int_equal(head.verdict, VERDICT_MALFORMED);
	assert_int_equal(ask_over(web.quick), VERDICT_REFUSED);
	keeper_server_free(&server);
	web_end(&web);
	world_end(&w);
}

static void
a_channel_answers_unavailable_while_there_is_no_database(void **state)
{
	static char junk[8];
	struct world w;
	struct keeper_server *server = NULL;
	struct web web;
	char bytes[WIRE_MAX_BYTES];
	struct answer_head head = { .verdict = 0 };

	sqlite_only();
	world_new(&w);
	assert_int_equal(keeper_server_new(w.keeper, &server), ERR_OK);
	fault_set(FAULT_OPEN, 1, true);
	web_begin(&web, server);
	assert_int_equal(ask_over(web.quick), VERDICT_UNAVAILABLE);
	assert_int_equal(send(web.quick, junk, sizeof(junk), MSG_NOSIGNAL), sizeof(junk));
	str text = str_bytes(bytes, take(web.quick, bytes, sizeof(bytes)));
	assert_int_equal(wire_get(&text, &wire_answer_head, &head), ERR_OK);
	assert_int_equal(head.verdict, VERDICT_MALFORMED);
	fault_set(FAULT_OPEN, 0, false);
	assert_int_equal(ask_over(web.quick), VERDICT_REFUSED);
	keeper_server_free(&server);
	web_end(&web);
	world_end(&w);
}

static void
web_is_notified_of_database_loss_and_return(void **state)
{
	struct world w;
	struct keeper_server *server = NULL;
	struct web web;
	int64_t turned_us;

	world_new(&w);
	assert_int_equal(keeper_server_new(w.keeper, &server), ERR_OK);
	web_begin(&web, server);
	wait_health(&web, 1);
	turned_us = keeper_server_turned_us(server);
	fault_set(FAULT_QUERY, 1, true);
	wait_health(&web, 0);
	assert_true(keeper_server_turned_us(server) > turned_us); /* the watcher turns without a database too */
	fault_set(FAULT_QUERY, 0, false);
	wait_health(&web, 1);
	keeper_server_stop(server);
	web_end(&web);
	/* a web process that starts meanwhile is notified after the hello */
	fault_set(FAULT_QUERY, 1, true);
	(void)poll(NULL, 0, 1500);
	web_begin(&web, server);
	wait_health(&web, 0);
	fault_set(FAULT_QUERY, 0, false);
	wait_health(&web, 1);
	keeper_server_free(&server);
	web_end(&web);
	world_end(&w);
}

/* The query that counts all sessions never ends: a view replaces the table of factors and has endless rows. */
static void
make_the_count_of_sessions_endless(struct world *w)
{
	struct browser b = { 0 };

	bring_to(w, &b, "alice", STATE_ENROLLING);
	sql_run(w, "ALTER TABLE factors RENAME TO kept_factors");
	sql_run(w, "CREATE VIEW factors AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
		   "SELECT i AS id, -i AS account_id, 1 AS confirmed_at_us FROM n");
}

static void
a_count_that_takes_long_does_not_delay_the_health_check(void **state)
{
	struct world w;
	struct keeper_server *server = NULL;
	struct web web;

	sqlite_only();
	world_new(&w);
	make_the_count_of_sessions_endless(&w);
	w.config.metrics.port = 1;
	assert_int_equal(keeper_server_new(w.keeper, &server), ERR_OK);
	web_begin(&web, server);
	wait_health(&web, 1);       /* at the start of web */
	for (int i = 0; i < 3; i++) /* the first check asks for the count */
		wait_health(&web, 1);
	keeper_server_free(&server); /* ends the count */
	web_end(&web);
	world_end(&w);
}

/* Read pushes up to one of this kind.  No push before it may be of the kind `never`. */
static void
wait_push(const struct web *web, enum push_kind kind, enum push_kind never, char bytes[WIRE_MAX_BYTES],
	  struct push *ret_push)
{
	do {
		size_t n = take(web->push, bytes, WIRE_MAX_BYTES);
		str text = str_bytes(bytes, n);
		assert_true(n > 0);
		assert_int_equal(wire_get(&text, &wire_push, ret_push), ERR_OK);
		assert_int_not_equal(ret_push->kind, never);
	} while (ret_push->kind != (uint32_t)kind);
}

static bool
has_text(const struct push *push, const char *text)
{
	return memmem(push->text.p, push->text.n, text, strlen(text)) != NULL;
}

static void
live_settings_are_pushed_before_the_rules(void **state)
{
	static char bytes[WIRE_MAX_BYTES];
	struct world w;
	struct keeper_server *server = NULL;
	struct web web;
	struct push push;
	struct why why = { 0 };

	world_new(&w);
	struct config version = w.config;
	assert_int_equal(keeper_server_new(w.keeper, &server), ERR_OK);
	web_begin(&web, server);
	wait_push(&web, PUSH_SETTINGS, PUSH_RULES, bytes, &push);
	assert_false(has_text(&push, "APP_NAME=Other\n"));
	wait_push(&web, PUSH_RULES, PUSH_SETTINGS, bytes, &push);
	assert_int_equal(str_copy_z(STR("Other"), version.app_name, sizeof(version.app_name)), ERR_OK);
	assert_int_equal(keeper_reload(w.keeper, &version, &why), ERR_OK);
	assert_ptr_equal(keeper_config(w.keeper), &version);
	assert_int_equal(keeper_server_reload(server), ERR_OK);
	wait_push(&web, PUSH_SETTINGS, PUSH_RULES, bytes, &push);
	assert_true(has_text(&push, "APP_NAME=Other\n"));
	assert_false(has_text(&push, "SECRET_KEY"));
	wait_push(&web, PUSH_RULES, PUSH_SETTINGS, bytes, &push);
	assert_int_equal(str_copy_z(STR("/no/such/rules"), version.access_rules, sizeof(version.access_rules)), ERR_OK);
	struct config broken = version;
	assert_int_equal(keeper_reload(w.keeper, &broken, &why), ERR_CONFIG);
	assert_ptr_equal(keeper_config(w.keeper), &version);
	keeper_server_free(&server);
	web_end(&web);
	world_end(&w);
}

/* Web begins to answer after the last part of the rules.  After a long upgrade, its own time of a check is too old. */
static void
health_is_pushed_before_web_answers_requests(void **state)
{
	struct world w;
	struct keeper_server *server = NULL;
	struct web web;
	struct push push = { .kind = 0 };
	bool seen = false;

	world_new(&w);
	assert_int_equal(keeper_server_new(w.keeper, &server), ERR_OK);
	web_begin(&web, server);
	do {
		assert_int_not_equal(take_push(&web, &push), PUSH_COUNT);
		seen = seen || push.kind == PUSH_HEALTH;
	} while (push.kind != PUSH_RULES || push.value != 1);
	assert_true(seen);
	keeper_server_free(&server);
	web_end(&web);
	world_end(&w);
}

static void
a_web_process_that_reads_no_pushes_is_disconnected(void **state)
{
	struct world w;
	struct keeper_server *server = NULL;
	struct web web;
	struct browser b = { 0 };
	struct pollfd end = { .events = 0 };

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_int_equal(keeper_server_new(w.keeper, &server), ERR_OK);
	web_begin(&web, server);
	end.fd = web.push;
	/* Each round ends a session, and web does not read the push. */
	for (int i = 0; i < 5000 && poll(&end, 1, 0) == 0; i++) {
		memset(&b.token, 0, sizeof(b.token));
		sql_run(&w, "DELETE FROM audit");
		assert_verdict(do_sign_in(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
		assert_verdict(ask(&w, &b, QUESTION_SIGN_OUT, NULL), VERDICT_PASSED);
	}
	assert_true((end.revents & POLLHUP) != 0);
	keeper_server_free(&server);
	web_end(&web);
	/* without a web process the keeper sends no push */
	assert_verdict(do_sign_in(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	world_end(&w);
}

/* The minute of the next key for challenges. */
static int64_t
take_challenge_key(const struct web *web, const struct keeper *keeper)
{
	struct push push = { .kind = 0 };
	struct token key;

	do
		assert_int_not_equal(take_push(web, &push), PUSH_COUNT);
	while (push.kind != PUSH_CHALLENGE);
	assert_int_equal(keeper_challenge_key(keeper, push.value, &key), ERR_OK);
	assert_memory_equal(&key, &push.token, sizeof(key));
	return push.value;
}

static void
web_gets_the_key_for_challenges_of_each_minute(void **state)
{
	struct world w;
	struct web web, next;
	struct keeper_server *server = NULL;
	struct push push = { .kind = 0 };
	int64_t earliest;

	world_new(&w);
	earliest = challenge_minute(clock_us());
	assert_int_equal(keeper_server_new(w.keeper, &server), ERR_OK);
	web_begin(&web, server);
	assert_int_equal(take_push(&web, &push), PUSH_HELLO);
	assert_int_equal(take_push(&web, &push), PUSH_CHALLENGE); /* before the rules, after which web answers */
	int64_t minute = push.value;
	assert_true(earliest <= minute && minute <= challenge_minute(clock_us()));
	clock_forward(MINUTES_US(1));
	assert_true(take_challenge_key(&web, w.keeper) > minute);
	keeper_server_stop(server);
	web_begin(&next, server); /* another web process gets the key of the same minute again */
	assert_true(take_challenge_key(&next, w.keeper) > minute);
	keeper_server_free(&server);
	web_end(&web);
	web_end(&next);
	world_end(&w);
}

static void
quick_channel_answers_no_question_that_hashes(void **state)
{
	struct world w;
	struct web web;
	struct keeper_server *server = NULL;

	world_new(&w);
	assert_int_equal(keeper_server_new(w.keeper, &server), ERR_OK);
	web_begin(&web, server);
	for (unsigned id = QUESTION_NONE + 1; id < QUESTION_COUNT; id++) {
		bool hashes = (question_rows[id].flags & ROW_HASHES) != 0;
		unit_note("%s", wire_questions[id].name);
		assert_int_equal(hashes, wire_questions[id].pool == POOL_SLOW);
		assert_int_equal(ask_empty_over(web.quick, id) == VERDICT_UNAVAILABLE, hashes);
		assert_int_not_equal(ask_empty_over(web.slow, id), VERDICT_UNAVAILABLE);
	}
	keeper_server_free(&server);
	web_end(&web);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_cannot_start_reports_an_error),
		cmocka_unit_test(excess_channels_are_closed),
		cmocka_unit_test(transient_send_errors_are_retried_and_others_close),
		cmocka_unit_test(a_malformed_question_is_answered_malformed),
		cmocka_unit_test(a_channel_answers_unavailable_while_there_is_no_database),
		cmocka_unit_test(web_is_notified_of_database_loss_and_return),
		cmocka_unit_test(a_count_that_takes_long_does_not_delay_the_health_check),
		cmocka_unit_test(live_settings_are_pushed_before_the_rules),
		cmocka_unit_test(health_is_pushed_before_web_answers_requests),
		cmocka_unit_test(a_web_process_that_reads_no_pushes_is_disconnected),
		cmocka_unit_test(web_gets_the_key_for_challenges_of_each_minute),
		cmocka_unit_test(quick_channel_answers_no_question_that_hashes),
	};

	return cmocka_run_group_tests_name("keeper serve", tests, harness_setup, harness_teardown);
}
