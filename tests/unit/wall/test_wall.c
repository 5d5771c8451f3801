/*
 * Attacks on the keeper from inside the wall.  A real keeper serves the channels.  The attacker is a process in web's
 * sandbox and has everything that web has: channels, pushes, the key for form tokens, a user's session token.
 *
 * The attacker is forked before the keeper has threads.  Its exit status is the number of the attempt that succeeded.
 */
#include "unit.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/random.h"
#include "config/config.h"
#include "doubletour/otp.h"
#include "keeper/core/keeper.h"
#include "keeper/ops/serve.h"
#include "web/core/sandbox.h"
#include "ipc/questions.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BIG = 200 * 1024 };

static char folder[] = "/tmp/doubletour-wall-XXXXXX";
static char database[256], key_file[256];
static int channel = -1, pushes = -1; /* the attacker's ends */

/* --- messages ----------------------------------------------------------------------------------------------------- */

struct reply {
	struct answer_head head;
	union {
		struct problems_body problems;
		struct enrolment_body enrolment;
		struct nothing_body nothing;
	} body;
	char bytes[WIRE_MAX_BYTES];
	size_t n;
};

/* Send any bytes and read the answer.  The attacker exits unless it is one well-formed answer to `id`. */
static void
say(str bytes, enum question_id id, struct reply *ret_reply)
{
	ssize_t n = send(channel, bytes.p, bytes.n, MSG_NOSIGNAL);
	str rest;

	if (n != (ssize_t)bytes.n)
		_exit(200);
	n = recv(channel, ret_reply->bytes, sizeof(ret_reply->bytes), 0);
	if (n <= 0)
		_exit(201); /* the keeper died */
	ret_reply->n = (size_t)n;
	rest = str_bytes(ret_reply->bytes, (size_t)n);
	if (wire_get(&rest, &wire_answer_head, &ret_reply->head) != ERR_OK ||
	    wire_get(&rest, wire_questions[id].answer, &ret_reply->body) != ERR_OK || rest.n != 0)
		_exit(202);
}

static void
put_question(struct buf *out, enum question_id id, const struct token *token, const void *body)
{
	static const struct nothing_body nothing;
	struct question_head head = {
		.id = id, .address = STR("203.0.113.7"), .agent = STR("wall"), .request_id = STR("0123456789abcdef")
	};

	if (token != NULL)
		head.token = *token;
	wire_put(out, &wire_question_head, &head);
	wire_put(out, wire_questions[id].body, body == NULL ? &nothing : body);
}

static enum verdict
ask(enum question_id id, const struct token *token, const void *body, struct reply *ret_reply)
{
	CLEANUP(buf_wipe) struct buf out = BUF(WIRE_MAX_BYTES);

	put_question(&out, id, token, body);
	if (buf_check(&out) != ERR_OK)
		_exit(203);
	say(buf_str(&out), id, ret_reply);
	return (enum verdict)ret_reply->head.verdict;
}

/* --- users -------------------------------------------------------------------------------------------------------- */

static const struct register_body alice = { STR_INIT("alice"), STR_INIT("trombone ivre 1741"),
					    STR_INIT("trombone ivre 1741") };
static const struct register_body bob = { STR_INIT("bob.b"), STR_INIT("parapluie lent 88"),
					  STR_INIT("parapluie lent 88") };

static void
code_now(str secret, int64_t offset, char ret_code[OTP_CODE_SIZE])
{
	uint8_t bytes[64];
	struct otp_key key;
	size_t n = 0;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (otp_base32_decode(secret.p, secret.n, bytes, sizeof(bytes), &n, NULL) != OTP_OK ||
	    otp_key_init(&key, OTP_SHA1, bytes, n, 0) != OTP_OK ||
	    otp_totp_code(&key, &OTP_TOTP_DEFAULT, (int64_t)now.tv_sec * 1000000, offset, ret_code) != OTP_OK)
		_exit(204);
}

static struct token
registered(const struct register_body *who)
{
	struct reply reply;

	if (ask(QUESTION_REGISTER, NULL, who, &reply) != VERDICT_PASSED || reply.head.state != STATE_ENROLLING)
		_exit(205);
	return reply.head.token;
}

static struct token
signed_in(const struct register_body *who, enum session_state expected)
{
	const struct sign_in_body body = { who->username, who->password };
	struct reply reply;

	if (ask(QUESTION_SIGN_IN, NULL, &body, &reply) != VERDICT_PASSED || reply.head.state != expected)
		_exit(206);
	return reply.head.token;
}

/* Alice enrols.  Web sees her secret this once.  The new token is of a FULL session. */
static struct token
enrolled(struct token token, char ret_secret[65], char ret_code[OTP_CODE_SIZE])
{
	struct verify_body proof;
	struct reply reply;

	if (ask(QUESTION_ENROL, &token, NULL, &reply) != VERDICT_PASSED ||
	    str_copy_z(reply.body.enrolment.secret, ret_secret, 65) != ERR_OK)
		_exit(207);
	code_now(reply.body.enrolment.secret, 0, ret_code);
	proof.code = str_of(ret_code);
	if (ask(QUESTION_VERIFY, &token, &proof, &reply) != VERDICT_PASSED || reply.head.state != STATE_FULL)
		_exit(208);
	return reply.head.token;
}

/* --- the attempts: each returns true when the attack succeeded ---------------------------------------------------- */

static bool
opened(const char *path)
{
	return open(path, O_RDONLY) >= 0 || open(path, O_WRONLY) >= 0;
}

static bool
opens_the_database(void)
{
	return opened(database);
}

static bool
opens_the_key_file(void)
{
	return opened(key_file);
}

static bool
opens_passwd(void)
{
	return opened("/etc/passwd");
}

static bool
makes_a_connection(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 || socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool
writes_a_push(void)
{
	/* the keeper does not read pushes: the later questions show that sending changed nothing */
	struct push push = { .kind = PUSH_HEALTH, .number = 1 };
	CLEANUP(buf_wipe) struct buf out = BUF(WIRE_MAX_BYTES);

	wire_put(&out, &wire_push, &push);
	(void)!send(pushes, out.p, out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	return false;
}

/* Every question without a session, with invented tokens, and with the hash of a real token. */
static bool
asks_outside_of_a_request(void)
{
	struct token owner = signed_in(&alice, STATE_PENDING), invented, hash;
	static const enum question_id closed[] = { QUESTION_ENROL, QUESTION_VERIFY, QUESTION_SIGN_OUT };
	static const struct verify_body proof = { STR_INIT("000000") };
	struct reply reply;

	if (digest_sha256(str_bytes(owner.b, TOKEN_BYTES), hash.b) != ERR_OK)
		_exit(209);
	for (int round = 0; round < 200; round++) {
		if (random_fill(&invented, sizeof(invented)) != ERR_OK)
			_exit(210);
		const struct token *tokens[] = { NULL, &invented, &hash };
		for (size_t t = 0; t < COUNT(tokens); t++) {
			if (ask(QUESTION_SESSION, tokens[t], NULL, &reply) != VERDICT_REFUSED ||
			    reply.head.state != STATE_NONE || reply.head.name.n != 0)
				return true;
			for (size_t q = 0; q < COUNT(closed); q++)
				if (ask(closed[q], tokens[t], closed[q] == QUESTION_VERIFY ? &proof : NULL, &reply) !=
				    VERDICT_STATE)
					return true;
		}
	}
	return ask(QUESTION_SESSION, &owner, NULL, &reply) != VERDICT_PASSED; /* her session must be unchanged */
}

/* A password alone gives neither the enrolled secret nor a FULL session. */
static bool
gets_further_with_a_password(void)
{
	struct token token = signed_in(&alice, STATE_PENDING);
	struct reply reply;

	if (ask(QUESTION_ENROL, &token, NULL, &reply) != VERDICT_STATE || reply.body.enrolment.secret.n != 0 ||
	    reply.body.enrolment.uri.n != 0)
		return true;
	if (ask(QUESTION_SIGN_IN, &token, &(struct sign_in_body){ alice.username, alice.password }, &reply) ==
		VERDICT_PASSED &&
	    reply.head.state != STATE_PENDING)
		return true;
	return false;
}

/* Bob's code in Alice's session. */
static bool
uses_the_factor_of_another(const char *bobs_secret)
{
	struct token token = signed_in(&alice, STATE_PENDING);
	struct reply reply;
	char code[OTP_CODE_SIZE];

	for (int64_t offset = -1; offset <= 1; offset++) {
		code_now(str_of(bobs_secret), offset, code);
		struct verify_body proof = { str_of(code) };
		if (ask(QUESTION_VERIFY, &token, &proof, &reply) != VERDICT_REFUSED ||
		    reply.head.state != STATE_PENDING)
			return true;
	}
	return false;
}

/* The code with which Alice enrolled, a second time. */
static bool
uses_a_code_twice(const char *alices_code)
{
	struct token token = signed_in(&alice, STATE_PENDING);
	struct verify_body proof = { str_of(alices_code) };
	struct reply reply;

	return ask(QUESTION_VERIFY, &token, &proof, &reply) == VERDICT_PASSED;
}

/* Truncated, extended and changed questions must not succeed. */
static bool
breaks_the_form(void)
{
	CLEANUP(buf_wipe) struct buf good = BUF(WIRE_MAX_BYTES);
	struct sign_in_body body = { alice.username, STR("a long wrong password") };
	struct reply reply;

	put_question(&good, QUESTION_SIGN_IN, NULL, &body);
	buf_put_byte(&good, 'x');
	for (size_t n = 1; n <= good.n; n++) {
		if (n == good.n - 1)
			continue; /* this question is complete */
		say(str_bytes(good.p, n), QUESTION_SIGN_OUT, &reply);
		if (reply.head.verdict != VERDICT_MALFORMED)
			return true;
	}
	return false;
}

static bool
says_nonsense(void)
{
	static char bytes[BIG];
	struct reply reply;

	for (int round = 0; round < 500; round++) {
		size_t n = 1 + (size_t)rand_r(&(unsigned){ (unsigned)round * 7919u }) % (WIRE_MAX_BYTES + 4096);
		if (random_fill(bytes, n) != ERR_OK)
			_exit(211);
		say(str_bytes(bytes, n), QUESTION_SIGN_OUT, &reply);
		if (reply.head.verdict != VERDICT_MALFORMED || reply.head.state != STATE_NONE)
			return true;
	}
	memset(bytes, 0xff, sizeof(bytes));
	say(str_bytes(bytes, WIRE_MAX_BYTES + 1), QUESTION_SIGN_OUT, &reply);
	if (reply.head.verdict != VERDICT_MALFORMED)
		return true;
	/* larger than the socket's buffer: the kernel or the keeper refuses it, and the keeper goes on */
	if (send(channel, bytes, sizeof(bytes), MSG_NOSIGNAL) == (ssize_t)sizeof(bytes) &&
	    recv(channel, reply.bytes, sizeof(reply.bytes), 0) <= 0)
		return true;
	return false;
}

/* Asynchronous I/O would send these signals to the keeper at its next answer. */
static bool
has_the_keeper_signalled(void)
{
	const int signals[] = { SIGKILL, SIGTERM, SIGSTOP };

	for (size_t i = 0; i < COUNT(signals); i++)
		if (fcntl(channel, F_SETOWN, getppid()) == 0 || fcntl(channel, F_SETSIG, signals[i]) == 0 ||
		    fcntl(channel, F_SETFL, O_RDWR | O_ASYNC) == 0 || kill(getppid(), signals[i]) == 0)
			return true;
	return false;
}

/* True when the keeper no longer answers, or the user's session has changed. */
static bool
keeper_is_broken(const struct token *owner)
{
	struct reply reply;

	return ask(QUESTION_SESSION, owner, NULL, &reply) != VERDICT_PASSED || reply.head.state != STATE_FULL ||
	       !str_equal(reply.head.name, alice.username);
}

/* The number of the attempt that succeeded, or 0. */
static int
attack(void)
{
	char alices_secret[65], bobs_secret[65], alices_code[OTP_CODE_SIZE], bobs_code[OTP_CODE_SIZE];
	struct token owner = enrolled(registered(&alice), alices_secret, alices_code);

	enrolled(registered(&bob), bobs_secret, bobs_code);
	if (opens_the_database())
		return 1;
	if (opens_the_key_file())
		return 2;
	if (opens_passwd())
		return 3;
	if (makes_a_connection())
		return 4;
	if (writes_a_push())
		return 5;
	if (asks_outside_of_a_request())
		return 6;
	if (gets_further_with_a_password())
		return 7;
	if (uses_the_factor_of_another(bobs_secret))
		return 8;
	if (uses_a_code_twice(alices_code))
		return 9;
	if (breaks_the_form())
		return 10;
	if (says_nonsense())
		return 11;
	if (has_the_keeper_signalled())
		return 12;
	return keeper_is_broken(&owner) ? 13 : 0;
}

static void
attacker_main(void)
{
	struct why why = { 0 };
	char hello[WIRE_MAX_BYTES];

	/* The keeper's first push says that it is ready, and contains the key for form tokens. */
	if (recv(pushes, hello, sizeof(hello), 0) <= 0)
		_exit(212);
	/* The weakest wall is WALL=seccomp: Landlock can only refuse more. */
	if (digest_setup() != ERR_OK || sandbox_enter_upto(&sandbox_web, 0, &why) != ERR_OK ||
	    sandbox_seal(&sandbox_web, &why) != ERR_OK)
		_exit(213);
	_exit(attack());
}

/* --- the keeper's side -------------------------------------------------------------------------------------------- */

static struct config config;
static struct keeper *keeper;
static struct keeper_server *server;

static void
prepare(void)
{
	struct why why = { 0 };

	assert_non_null(mkdtemp(folder));
	snprintf(database, sizeof(database), "%s/data/doubletour.sqlite", folder);
	snprintf(key_file, sizeof(key_file), "%s/data/doubletour.key", folder);
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(setenv("APP_SETTINGS", "testing", 1), 0);
	unsetenv("DATABASE_URL");
	unsetenv("DATA_DIR");
	if (config_load(&config, &why) != ERR_OK)
		fail_msg("%s", why.text);
	log_setup(LOG_FORMAT_TEXT, LOG_ERROR);
}

static void
serve(int keeper_channel, int keeper_pushes)
{
	struct why why = { 0 };

	if (keeper_open(&config, KEEPER_CREATE, &why, &keeper) != ERR_OK)
		fail_msg("%s", why.text);
	assert_int_equal(keeper_server_new(keeper, &server), ERR_OK);
	assert_int_equal(keeper_server_start(server, &keeper_channel, 1, 0, keeper_pushes), ERR_OK);
}

static void
clean(void)
{
	static const char *const files[] = { "data/doubletour.sqlite", "data/doubletour.sqlite-wal",
					     "data/doubletour.sqlite-shm", "data/doubletour.key" };

	keeper_server_free(&server);
	keeper_close(&keeper);
	for (size_t i = 0; i < COUNT(files); i++)
		unlink(files[i]);
	rmdir("data");
	assert_int_equal(chdir("/"), 0);
	rmdir(folder);
}

static void
a_compromised_web_process_gains_nothing(void **state)
{
	int questions[2], push_pair[2], status = 0;
	struct stat file;
	pid_t attacker;

	prepare();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, questions), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, push_pair), 0);
	channel = questions[1];
	pushes = push_pair[1];
	attacker = fork();
	if (attacker == 0) {
		close(questions[0]);
		close(push_pair[0]);
		attacker_main();
	}
	close(questions[1]);
	close(push_pair[1]);
	serve(questions[0], push_pair[0]);
	assert_int_equal(stat(database, &file), 0); /* the files that the attacker must not open exist */
	assert_int_equal(stat(key_file, &file), 0);
	assert_int_equal(waitpid(attacker, &status, 0), attacker);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("attempt %d succeeded (200 and more: the attacker failed); signal %d",
			 WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	clean();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_compromised_web_process_gains_nothing),
	};

	return cmocka_run_group_tests_name("wall", tests, NULL, NULL);
}
