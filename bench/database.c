/*
 * Measures questions to the keeper: the work of a node for a request that its session cache cannot answer.
 *
 *	bench_database DATABASE_URL FOLDER
 *
 * Creates accounts in the database.  Then it reads lines "WHAT THREADS COUNT", asks COUNT questions in each of THREADS
 * threads, and answers with the nanoseconds that they took:
 *
 *	session    read one session by its token
 *	register   create an account and its session, hashed at the lowest cost and written to the disk
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "keeper/core/keeper.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ACCOUNTS = 1000, THREADS_MAX = 16 };

struct work {
	struct keeper *keeper;
	struct keeper_thread *thread;
	const struct token *tokens;
	bool registers;
	unsigned number, count;
	bool failed;
};

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* *ret_token: the token in the answer. */
static bool
ask(struct keeper_thread *t, struct question_head *head, const void *body, struct token *ret_token)
{
	CLEANUP(buf_wipe) struct buf question = BUF(WIRE_MAX_BYTES);
	CLEANUP(buf_wipe) struct buf answer = BUF(WIRE_MAX_BYTES);
	struct answer_head answered = { 0 };

	head->number = 1;
	head->agent = STR("bench");
	head->request_id = STR("bench");
	wire_put(&question, &wire_question_head, head);
	wire_put(&question, wire_questions[head->id].body, body);
	if (buf_check(&question) != ERR_OK)
		return false;
	keeper_answer(t, buf_str(&question), NULL, NULL, &answer);
	str rest = buf_str(&answer);
	if (wire_get(&rest, &wire_answer_head, &answered) != ERR_OK || answered.verdict != VERDICT_PASSED)
		return false;
	if (ret_token != NULL)
		*ret_token = answered.token;
	return true;
}

/* Each registration comes from another address, because the number of registrations from one address is limited. */
static bool
register_one(struct keeper_thread *t, struct token *ret_token)
{
	char name[40], address[40];
	int64_t id = 0;

	if (random_id(&id) != ERR_OK)
		return false;
	snprintf(name, sizeof(name), "p%lld", (long long)id);
	snprintf(address, sizeof(address), "10.%d.%d.%d", (int)(id & 255), (int)(id >> 8 & 255), (int)(id >> 16 & 255));
	struct question_head head = { .id = QUESTION_REGISTER, .address = str_of(address) };
	const struct register_body body = { .username = str_of(name),
					    STR("a long password 4711"),
					    STR("a long password 4711") };
	return ask(t, &head, &body, ret_token);
}

static bool
session_one(struct keeper_thread *t, const struct token *token)
{
	struct question_head head = { .id = QUESTION_SESSION, .token = *token, .address = STR("192.0.2.1") };
	const struct nothing_body nothing = { 0 };

	return ask(t, &head, &nothing, NULL);
}

static void *
work_main(void *context)
{
	struct work *w = context;

	for (unsigned i = 0; i < w->count && !w->failed; i++)
		w->failed = w->registers ? !register_one(w->thread, NULL)
					 : !session_one(w->thread, &w->tokens[(w->number * 61 + i) % ACCOUNTS]);
	return NULL;
}

static bool
timed(struct work *works, unsigned threads, int64_t *ret_ns)
{
	pthread_t ids[THREADS_MAX];
	int64_t began = now_ns();
	bool ok = true;

	for (unsigned i = 0; i < threads; i++)
		ok &= pthread_create(&ids[i], NULL, work_main, &works[i]) == 0;
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		ok &= !works[i].failed;
	}
	*ret_ns = now_ns() - began;
	return ok;
}

static int
answer_lines(struct work *works)
{
	unsigned threads, count;
	char what[16];

	while (scanf("%15s %u %u", what, &threads, &count) == 3 && threads > 0 && threads <= THREADS_MAX) {
		int64_t ns = 0;
		for (unsigned i = 0; i < threads; i++) {
			works[i].registers = strcmp(what, "register") == 0;
			works[i].count = count / threads;
		}
		if (!timed(works, threads, &ns))
			return 1;
		printf("%lld\n", (long long)ns);
		fflush(stdout);
	}
	return 0;
}

static void
settings(struct config *config, const char *folder)
{
	static const char key[] = "0123456789-a-key-that-is-only-for-measuring";

	config->profile = PROFILE_TESTING;
	snprintf(config->data_dir, sizeof(config->data_dir), "%s", folder);
	memcpy(config->secret_key, key, sizeof(key) - 1);
	config->secret_key_bytes = sizeof(key) - 1;
	config->registration = REGISTRATION_OPEN;
	config->argon2_memory_kib = 8;
	config->argon2_passes = 1;
	config->session_idle_us = MINUTES_US(24 * 60);
	config->session_lifetime_us = MINUTES_US(24 * 60);
}

int
main(int argc, char **argv)
{
	static struct token tokens[ACCOUNTS];
	static struct work works[THREADS_MAX];
	static struct config config;
	struct keeper *keeper = NULL;
	struct why why = { "" };

	if (argc != 3 || config_database(str_of(argv[1]), &config) != ERR_OK)
		return 2;
	settings(&config, argv[2]);
	log_setup(LOG_FORMAT_TEXT, LOG_ERROR);
	if (keeper_open(&config, KEEPER_CREATE, &why, &keeper) != ERR_OK) {
		fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		works[i] = (struct work){ .keeper = keeper, .tokens = tokens, .number = i };
		if (keeper_thread_open(keeper, &works[i].thread) != ERR_OK)
			return 1;
	}
	for (unsigned i = 0; i < ACCOUNTS; i++)
		if (!register_one(works[0].thread, &tokens[i]))
			return 1;
	return answer_lines(works);
}
