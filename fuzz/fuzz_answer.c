/*
 * channel_ask, session_cache_*, and web's handlers (web_app), with any bytes as the keeper's answer.
 * An accepted answer encodes to the same bytes and fits the bounds of web's tables.  For every answer the browser
 * gets a complete page, a redirect within this server, or an error.
 *
 * Input: the question and the request, the session's state before them, then the bytes of one answer.
 */
#include "html.h"

#include "base/digest.h"
#include "base/log.h"
#include "../tests/unit/http/by_hand.h"
#include "web/core/dispatch.h"
#include "web/core/form_token.h"

#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_BYTES = 2, ANSWERS = 4, BODY_BYTES = 256, MESSAGE_ROOM = 64 * 1024 };

/* --- the keeper's end of the channel: it sends the answers before the question is asked --------------------------- */

struct pair {
	int keepers, webs;
};

static void
pair_close(struct pair *pair)
{
	close(pair->keepers);
	close(pair->webs);
}

static struct pair
pair_new(void)
{
	int fds[2];

	PROMISE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
	return (struct pair){ fds[0], fds[1] };
}

static void
pair_put(const struct pair *pair, str answer)
{
	PROMISE(send(pair->keepers, answer.p, answer.n, MSG_NOSIGNAL) == (ssize_t)answer.n);
}

static struct session_cache *
cache_new(void)
{
	struct session_cache *cache = session_cache_new(1);

	PROMISE(cache != NULL);
	session_cache_pushed(cache, INT64_MAX, NULL); /* requests do not wait for the keeper's notifications */
	return cache;
}

/* --- one answer --------------------------------------------------------------------------------------------------- */

static void
check_head(const struct answer_head *head)
{
	PROMISE(head->verdict < VERDICT_COUNT && head->state < STATE_COUNT && head->language < PREFERRED_COUNT);
	PROMISE(head->time_format < TIME_FORMAT_COUNT && head->recovered <= 1 && head->recovery_left <= 100);
	PROMISE(head->name.n <= USERNAME_MAX && head->display_name.n <= DISPLAY_NAME_MAX_BYTES);
}

static void
check_problems(const struct problems_body *problems)
{
	PROMISE(problems->username < PROBLEM_COUNT && problems->password < PROBLEM_COUNT);
	PROMISE(problems->confirm < PROBLEM_COUNT && problems->current < PROBLEM_COUNT);
	PROMISE(problems->display_name < PROBLEM_COUNT);
}

/* Encode each well-formed item again and compare the bytes; stop at the first malformed item. */
static void
check_list(str list, const struct wire_def *def)
{
	while (list.n > 0) {
		CLEANUP(buf_wipe) struct buf again = BUF(MESSAGE_ROOM);
		_Alignas(max_align_t) char item[BODY_BYTES];
		str rest = list;
		if (wire_get(&rest, def, item) != ERR_OK)
			return;
		wire_put(&again, def, item);
		PROMISE(rest.n < list.n && str_equal(buf_str(&again), str_upto(list, list.n - rest.n)));
		list = rest;
	}
}

static void
check_body(enum question_id id, const void *body)
{
	if (wire_questions[id].answer == wire_questions[QUESTION_REGISTER].answer)
		check_problems(body);
	if (id == QUESTION_ACCOUNT)
		check_list(((const struct account_body *)body)->factors, &wire_factor_item);
	if (id == QUESTION_SESSIONS)
		check_list(((const struct sessions_body *)body)->sessions, &wire_session_item);
	if (id == QUESTION_ACTIVITY)
		check_list(((const struct events_body *)body)->events, &wire_event_item);
	if (id == QUESTION_LINK)
		PROMISE(((const struct link_purpose_body *)body)->kind < LINK_KIND_COUNT);
}

static void
try_question(enum question_id id, str bytes)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(256 * 1024);
	CLEANUP(session_cache_free) struct session_cache *cache = cache_new();
	CLEANUP(pair_close) struct pair pair = pair_new();
	CLEANUP(buf_wipe) struct buf again = BUF(MESSAGE_ROOM);
	struct channel channel = { .fd = pair.webs, .pool = POOL_SLOW, .cache = cache };
	struct question_head question = { .id = id };
	static const char no_body[BODY_BYTES];
	_Alignas(max_align_t) char body[BODY_BYTES] = { 0 };
	struct answer_head head = { 0 };

	pair_put(&pair, bytes);
	shutdown(pair.keepers, SHUT_WR); /* the answer ends here */
	if (channel_ask(&channel, &arena, &question, no_body, &head, body) != ERR_OK)
		return;
	check_head(&head);
	check_body(id, body);
	wire_put(&again, &wire_answer_head, &head);
	wire_put(&again, wire_questions[id].answer, body);
	PROMISE(buf_check(&again) == ERR_OK && str_equal(buf_str(&again), bytes));
}

/* --- one request whose questions get the fuzzer's answers --------------------------------------------------------- */

static const struct asked {
	enum http_method method;
	str path, rest; /* the query, or the body after the form's token */
} requests[] = {
	{ HTTP_GET, STR_INIT("/account"), STR_INIT("") },
	{ HTTP_GET, STR_INIT("/account/recovery-codes"), STR_INIT("next=%2Fhome") },
	{ HTTP_GET, STR_INIT("/account/authenticators"), STR_INIT("") },
	{ HTTP_GET, STR_INIT("/account/authenticators/confirm"), STR_INIT("") },
	{ HTTP_GET, STR_INIT("/account/sessions"), STR_INIT("") },
	{ HTTP_GET, STR_INIT("/account/activity"), STR_INIT("before=7") },
	{ HTTP_GET, STR_INIT("/setup-2fa"), STR_INIT("next=%2Fhome") },
	{ HTTP_GET, STR_INIT("/set-password"), STR_INIT("link=abc") },
	{ HTTP_GET, STR_INIT("/"), STR_INIT("") },
	{ HTTP_POST, STR_INIT("/login"), STR_INIT("&username=alice&password=x&next=%2Fhome") },
	{ HTTP_POST, STR_INIT("/register"), STR_INIT("&username=alice&password=x&confirm=x") },
	{ HTTP_POST, STR_INIT("/verify-2fa"), STR_INIT("&otp=123456") },
	{ HTTP_POST, STR_INIT("/account/recovery-codes"), STR_INIT("") },
	{ HTTP_POST, STR_INIT("/account/authenticators/new"), STR_INIT("&current=x&name=y&replaces=3") },
	{ HTTP_POST, STR_INIT("/account/authenticators/confirm"), STR_INIT("&otp=123456") },
	{ HTTP_POST, STR_INIT("/account/authenticators/rename"), STR_INIT("&id=3&name=y") },
	{ HTTP_POST, STR_INIT("/account/authenticators/remove"), STR_INIT("&id=3&otp=123456") },
	{ HTTP_POST, STR_INIT("/set-password"), STR_INIT("&link=abc&password=x&confirm=x") },
	{ HTTP_POST, STR_INIT("/account/profile"), STR_INIT("&display_name=x&language=1&time_format=2") },
	{ HTTP_POST, STR_INIT("/account/password"), STR_INIT("&current=x&password=y&confirm=y") },
	{ HTTP_POST, STR_INIT("/account/sessions/end"), STR_INIT("&id=3") },
	{ HTTP_POST, STR_INIT("/account/close"), STR_INIT("&current=x") },
	{ HTTP_POST, STR_INIT("/logout"), STR_INIT("") },
};

static const struct config config = { .app_name = "Doubletour" };

#define ANONYMOUS "0123456789abcdefghijklmn"
static const struct {
	str name, value;
} fields[] = {
	{ STR_INIT("Host"), STR_INIT("localhost:5000") },
	{ STR_INIT("Cookie"),
	  STR_INIT("doubletour=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE; doubletour-form=" ANONYMOUS) },
	{ STR_INIT("User-Agent"), STR_INIT("Firefox/128.0") },
};
static const struct token session_token = { { [TOKEN_BYTES - 1] = 1 } }; /* the token in the cookie */

/* The body that one of our pages sends: its form token, then the typed fields. */
static str
body_of(struct web *web, struct job *job, enum session_state state, str typed)
{
	struct exchange x = { .web = web,
			      .rq = &job->rq,
			      .rp = &job->rp,
			      .token = session_token,
			      .session_known = true,
			      .session = { .state = state },
			      .anonymous = STR(ANONYMOUS) };
	CLEANUP(buf_wipe) struct buf body = BUF(1024);
	str copy = { 0 };

	PROMISE(form_token_make(&x) == ERR_OK);
	buf_put(&body, STR("csrf_token="));
	buf_put(&body, x.form_token);
	buf_put(&body, typed);
	PROMISE(arena_copy(&job->arena, buf_str(&body), &copy) == ERR_OK);
	return copy;
}

/* Send a correct answer to the question about the session; the fuzzer's answer follows it. */
static void
put_session(const struct pair *pair, enum session_state state)
{
	static const struct nothing_body nothing;
	CLEANUP(buf_wipe) struct buf answer = BUF(MESSAGE_ROOM);
	struct answer_head head = { .verdict = VERDICT_PASSED, .state = state, .account_id = 12 };

	if (state != STATE_NONE)
		head.name = STR("alice");
	head.expires_us = head.verified_us = INT64_C(1795421647000000);
	wire_put(&answer, &wire_answer_head, &head);
	wire_put(&answer, wire_questions[QUESTION_SESSION].answer, &nothing);
	pair_put(pair, buf_str(&answer));
}

static void
check_reply(const struct reply *rp)
{
	PROMISE(rp->status >= 200 && rp->status <= 599 && buf_check(&rp->body) == ERR_OK);
	for (size_t i = 0; i < rp->header_count; i++)
		if (str_equal(rp->headers[i].name, STR("Location")))
			PROMISE(rp->headers[i].value.p[0] == '/' && !str_starts(rp->headers[i].value, STR("//")));
	html_check_balance(buf_str(&rp->body));
}

static void
try_request(const struct asked *asked, enum session_state state, str answer)
{
	CLEANUP(session_cache_free) struct session_cache *cache = cache_new();
	CLEANUP(pair_close) struct pair pair = pair_new();
	CLEANUP(by_hand_free) struct job *job = by_hand();
	struct web web = { .config = &config, .cache = cache };
	struct channel channel = { .fd = pair.webs, .pool = POOL_SLOW, .cache = cache };

	job->rq = (struct request){ .method = asked->method,
				    .path = asked->path,
				    .path_kind = uri_path_kind(asked->path),
				    .peer = STR("192.0.2.7"),
				    .id = "0123456789abcdef",
				    .now_us = INT64_C(1795421640000000),
				    .arena = &job->arena,
				    .internal = job };
	job->rp.body = (struct buf)BUF(HTTP_REPLY_BODY_MAX_BYTES);
	for (size_t i = 0; i < COUNT(fields); i++)
		by_hand_field(job, fields[i].name, fields[i].value);
	if (asked->method == HTTP_POST)
		job->rq.body = body_of(&web, job, state, asked->rest);
	else
		job->rq.query = asked->rest;
	put_session(&pair, state);
	for (int i = 0; i < ANSWERS; i++)
		pair_put(&pair, answer);
	shutdown(pair.keepers, SHUT_WR); /* the answer ends here */
	if (web_app.admit(&web, &job->rq, &job->rp) != HTTP_INLINE)
		web_app.work(&web, &channel, &job->rq, &job->rp);
	check_reply(&job->rp);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	str answer = str_from(str_bytes(bytes, n), HEAD_BYTES);

	if (n < HEAD_BYTES || answer.n == 0 || answer.n > WIRE_MAX_BYTES)
		return 0;
	log_setup(LOG_FORMAT_TEXT, (enum log_level)0);
	PROMISE(digest_setup() == ERR_OK);
	try_question((enum question_id)(1 + bytes[0] % (QUESTION_COUNT - 1)), answer);
	try_request(&requests[bytes[0] % COUNT(requests)], (enum session_state)(bytes[1] % STATE_COUNT), answer);
	return 0;
}
