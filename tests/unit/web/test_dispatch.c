/* The dispatcher's answers after lost pushes, and when a session ends between two questions of one request. */
#include "unit.h"

#include "../http/by_hand.h"
#include "base/digest.h"
#include "base/log.h"
#include "web/core/dispatch.h"
#include "web/core/form_token.h"
#include "web/web.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

static const struct config config = { .app_name = "Doubletour" };

static struct job *
request_of(const char *path)
{
	struct job *job = by_hand();

	job->rq.method = HTTP_GET;
	job->rq.path = str_of(path);
	job->rq.path_kind = uri_path_kind(job->rq.path);
	job->rq.peer = STR(HTTP_PEER_UNIX); /* a trusted proxy */
	job->rq.now_us = INT64_C(1795421640000000);
	job->rp.body = (struct buf)BUF(HTTP_REPLY_BODY_MAX_BYTES);
	by_hand_field(job, STR("Host"), STR("localhost:5000"));
	return job;
}

static struct web *
web_new(void)
{
	struct web *web = mmap(NULL, sizeof(*web), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(web, MAP_FAILED);
	web->config = &config;
	web->cache = session_cache_new(1);
	assert_non_null(web->cache);
	return web;
}

static void
web_free(struct web **web)
{
	session_cache_free(&(*web)->cache);
	munmap(*web, sizeof(**web));
}

static void
lost_pushes_refuse_each_request(void **state)
{
	static const struct {
		const char *path;
		int status, refused;
	} cases[] = {
		{ "/livez", 200, 503 },
		{ "/static/unknown", 404, 503 },
		{ "/login", 200, 503 },
		{ "/api/authz/auth-request", 400, 403 }, /* not 503, because a proxy would show a blank page */
	};
	CLEANUP(web_free) struct web *web = web_new();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(by_hand_free) struct job *before = request_of(cases[i].path);
		CLEANUP(by_hand_free) struct job *after = request_of(cases[i].path);
		unit_note("%s", cases[i].path);
		atomic_store(&web->pushes_lost, false);
		assert_int_equal(web_app.admit(web, &before->rq, &before->rp), HTTP_INLINE);
		assert_int_equal(before->rp.status, cases[i].status);
		atomic_store(&web->pushes_lost, true);
		assert_int_equal(web_app.admit(web, &after->rq, &after->rp), HTTP_INLINE);
		assert_int_equal(after->rp.status, cases[i].refused);
	}
}

static void
lost_pushes_refuse_a_request_that_waits_for_a_worker(void **state)
{
	CLEANUP(web_free) struct web *web = web_new();
	CLEANUP(by_hand_free) struct job *job = request_of("/account");

	(void)state;
	by_hand_field(job, STR("Cookie"), STR("doubletour=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"));
	assert_int_equal(web_app.admit(web, &job->rq, &job->rp), HTTP_QUICK);
	atomic_store(&web->pushes_lost, true);
	web_app.work(web, NULL, &job->rq, &job->rp);
	assert_int_equal(job->rp.status, 503);
}

/* The test uses a child process, because the end of the pushes ends the process. */
static void
a_closed_push_channel_is_marked_before_the_process_ends(void **state)
{
	CLEANUP(web_free) struct web *web = web_new();
	int fds[2], status = 0;
	pid_t child;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(fds[0]);
		web->push_fd = fds[1];
		if (web_listen(web) != ERR_OK)
			_exit(2);
		for (;;)
			pause();
	}
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_true(atomic_load(&web->pushes_lost));
}

/* --- a session that ends between two questions -------------------------------------------------------------------- */

/* Send the keeper's answer to the question with this number in advance. */
static void
answer_put(int fd, enum question_id id, int64_t number, enum verdict verdict, enum session_state state)
{
	static const char nothing[WIRE_BODY_MAX_BYTES];
	const struct answer_head head = { .verdict = verdict, .number = number, .state = state };
	CLEANUP(buf_wipe) struct buf answer = BUF(WIRE_MAX_BYTES);

	wire_put(&answer, &wire_answer_head, &head);
	wire_put(&answer, wire_questions[id].answer, nothing);
	assert_int_equal(buf_check(&answer), ERR_OK);
	assert_int_equal(send(fd, answer.p, answer.n, 0), answer.n);
}

/* An admitted POST of a signed-in user with a valid form token. */
static struct job *
post_of(struct web *web, const char *path, str body)
{
	struct job *job = request_of(path);
	struct exchange *x;

	job->rq.method = HTTP_POST;
	job->rq.body = body;
	assert_int_equal(web_app.admit(web, &job->rq, &job->rp), HTTP_QUICK);
	x = job->rq.app;
	x->session_known = true;
	x->session.state = STATE_FULL;
	x->session.verified_us = job->rq.now_us;
	assert_int_equal(form_token_make(x), ERR_OK);
	x->csrf_token = x->form_token;
	return job;
}

/* The keeper requires a step-up, and the session ends before the next question, which lists the authenticators. */
static void
a_session_that_ends_before_its_redisplay_signs_out(void **state)
{
	CLEANUP(web_free) struct web *web = web_new();
	CLEANUP(by_hand_free) struct job *job = post_of(web, "/account/authenticators/remove", STR("id=1&otp="));
	struct channel channel = { .pool = POOL_QUICK, .cache = web->cache };
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	channel.fd = fds[0];
	answer_put(fds[1], QUESTION_FACTOR_REMOVE, 1, VERDICT_STEP_UP, STATE_FULL);
	answer_put(fds[1], QUESTION_ACCOUNT, 2, VERDICT_STATE, STATE_NONE);
	web_app.work(web, &channel, &job->rq, &job->rp);
	assert_int_equal(channel.asked, 2);
	assert_int_equal(job->rp.status, 303);
	close(fds[0]);
	close(fds[1]);
}

static int
setup(void **state)
{
	(void)state;
	log_setup(LOG_FORMAT_TEXT, LOG_ERROR);
	return digest_setup() == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_pushes_refuse_each_request),
		cmocka_unit_test(lost_pushes_refuse_a_request_that_waits_for_a_worker),
		cmocka_unit_test(a_closed_push_channel_is_marked_before_the_process_ends),
		cmocka_unit_test(a_session_that_ends_before_its_redisplay_signs_out),
	};

	return cmocka_run_group_tests_name("dispatch", tests, setup, NULL);
}
