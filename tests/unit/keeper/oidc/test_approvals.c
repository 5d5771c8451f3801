/* Decided requests under load and with failures: sixty-four at once, and the nth call of each kind fails. */
#include "keeper/application.h"
#include "keeper/authenticator.h"
#include "keeper/core/call.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define REQUEST AUTHORIZATION("wiki")

static const struct application wiki = { .row = 7, .client_id = "wiki" };

/* The consent page of this browser, approved; the body borrows from `page`. */
static struct oidc_decision_body
approval_of(struct world *w, struct browser *b, struct step *page)
{
	const struct oidc_request_body request = { .parameters = STR(REQUEST) };

	assert_verdict(ask_step(w->thread, b, QUESTION_OIDC_CHECK, &request, page), VERDICT_PASSED);
	return (struct oidc_decision_body){ STR(REQUEST), str_of(page->seal), OIDC_DECISION_APPROVE };
}

/* --- races -------------------------------------------------------------------------------------------------------- */

enum { RACERS = 64 };

struct racer {
	struct keeper_thread *thread;
	pthread_barrier_t *start;
	struct browser browser;
	const struct oidc_decision_body *body;
	struct step step;
	char code[64];
	long answers; /* more than one: the first ones asked the user to try later */
};

static bool
racer_is_unanswered(const struct racer *r)
{
	str response = r->step.body.response;

	return response.n == 0 || str_starts(response, STR("error=temporarily_unavailable&"));
}

/*
 * While the database is busy for too long, the answer is an error, and the user tries again.  On PostgreSQL the
 * connection counts as lost then, until a ping succeeds.
 */
static void *
racer_run(void *context)
{
	struct racer *r = context;
	int64_t until_us = clock_monotonic_us() + SECONDS_US(300);
	enum verdict verdict = VERDICT_UNAVAILABLE;

	pthread_barrier_wait(r->start);
	for (; racer_is_unanswered(r) && clock_monotonic_us() < until_us; r->answers++) {
		verdict = ask_step(r->thread, &r->browser, QUESTION_OIDC_GRANT, r->body, &r->step);
		if (verdict != VERDICT_PASSED && verdict != VERDICT_UNAVAILABLE)
			return NULL;
		if (verdict == VERDICT_UNAVAILABLE && db_ping(r->thread->db) != ERR_OK)
			return NULL;
	}
	if (str_copy_z(step_code(&r->step), r->code, sizeof(r->code)) != ERR_OK)
		r->code[0] = '\0';
	return NULL;
}

static void
racers_run(struct racer *racers, const struct oidc_decision_body *body, const struct browser *b)
{
	pthread_barrier_t start;
	pthread_t threads[RACERS];

	pthread_barrier_init(&start, NULL, RACERS);
	for (size_t i = 0; i < RACERS; i++) {
		racers[i].start = &start;
		racers[i].browser = *b;
		racers[i].body = body;
		assert_int_equal(pthread_create(&threads[i], NULL, racer_run, &racers[i]), 0);
	}
	for (size_t i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&start);
}

static void
racers_have_different_codes(const struct racer *racers)
{
	for (size_t i = 0; i < RACERS; i++) {
		if (strlen(racers[i].code) != 47)
			fail_msg("racer %zu: verdict %d, %.*s", i, (int)racers[i].browser.verdict,
				 STR_ARG(racers[i].step.body.response));
		for (size_t other = 0; other < i; other++)
			assert_string_not_equal(racers[i].code, racers[other].code);
	}
}

/*
 * On PostgreSQL, a request that conflicted waits in the queue of the account.  Without the queue, one request commits
 * in each round: about RACERS * RACERS / 2 retries, and requests that give up.  Statements of these threads may take
 * minutes.
 */
static void
racers_took_turns(const struct racer *racers, int64_t retries)
{
	for (size_t i = 0; i < RACERS; i++)
		assert_int_equal(racers[i].answers, 1);
	unit_note("%" PRId64 " retries", retries);
	assert_true(retries < INT64_C(4) * RACERS);
}

static void
racers_begin(struct world *w, struct browser *b, struct racer *racers)
{
	world_new(w);
	application_add(w, &wiki, "consent = 'once'");
	bring_to(w, b, "alice", STATE_FULL);
	for (size_t i = 0; i < RACERS; i++) {
		racers[i] = (struct racer){ .step = STEP };
		racers[i].thread = world_thread_open(w);
	}
}

static void
racers_end(struct world *w, struct racer *racers)
{
	for (size_t i = 0; i < RACERS; i++) {
		keeper_thread_close(&racers[i].thread);
		step_wipe(&racers[i].step);
	}
	world_end(w);
}

static void
simultaneous_approvals_make_different_codes(void **state)
{
	static struct racer racers[RACERS];
	int64_t retries = db_retries();
	struct world w;
	struct browser b;
	CLEANUP(step_wipe) struct step page = STEP;

	racers_begin(&w, &b, racers);
	const struct oidc_decision_body body = approval_of(&w, &b, &page);
	racers_run(racers, &body, &b);
	racers_have_different_codes(racers);
	racers_took_turns(racers, db_retries() - retries);
	assert_true(sql_number(&w, "SELECT count(*) FROM oidc_codes") >= RACERS); /* an answer may have been lost */
	assert_int_equal(sql_number(&w, "SELECT count(DISTINCT sid) FROM oidc_grants"), 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_sids"), 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_consents"), 1);
	racers_end(&w, racers);
}

static void
simultaneous_cancellations_are_audited_once(void **state)
{
	static const struct oidc_decision_body body = { STR_INIT(REQUEST), STR_INIT(""), OIDC_DECISION_CANCEL };
	static struct racer racers[RACERS];
	struct world w;
	struct browser b;

	racers_begin(&w, &b, racers);
	racers_run(racers, &body, &b);
	for (size_t i = 0; i < RACERS; i++)
		assert_true(str_starts(racers[i].step.body.response, STR("error=access_denied&")));
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'app.refused'"), 1);
	racers_end(&w, racers);
}

/* --- failures ----------------------------------------------------------------------------------------------------- */

enum { CALLS_MAX = 4000, UNTOUCHED = 3 };

static const struct {
	enum fault fault;
	const char *why;
} faults[] = {
	{ FAULT_MEMORY, "allocation" }, { FAULT_RANDOM, "randomness" }, { FAULT_CLOCK, "clock" },
	{ FAULT_READ, "read" },         { FAULT_WRITE, "write" },       { FAULT_SYNC, "sync" },
	{ FAULT_OPEN, "open" },         { FAULT_QUERY, "query" },       { FAULT_CRYPTO, "cryptography" },
};

struct walk {
	struct world w;
	struct browser full, pending;
	struct step page, answer;
	long given, failed, unavailable; /* codes, failed calls, answers that ask the user to try later */
};

static enum verdict
walk_ask(struct walk *walk, struct browser *b, const struct oidc_decision_body *body,
	 const struct harness_fault *failing)
{
	harness_fault = *failing;
	enum verdict verdict = ask_step(walk->w.thread, b, QUESTION_OIDC_GRANT, body, &walk->answer);
	walk->failed += harness_fault.failed;
	long failed = harness_fault.failed;
	harness_fault = (struct harness_fault){ .failed = failed };
	return verdict;
}

/* A code in the answer has its row and its consent.  An error in the answer has neither. */
static void
walk_approve(struct walk *walk, const struct harness_fault *failing, const char *why)
{
	struct oidc_decision_body body;

	sql_run(&walk->w, "DELETE FROM oidc_codes; DELETE FROM oidc_grants; DELETE FROM oidc_consents");
	body = approval_of(&walk->w, &walk->full, &walk->page);
	enum verdict verdict = walk_ask(walk, &walk->full, &body, failing);
	int64_t codes = sql_number(&walk->w, "SELECT count(*) FROM oidc_codes JOIN oidc_grants g ON g.id = grant_id");
	int64_t consents = sql_number(&walk->w, "SELECT count(*) FROM oidc_consents");
	bool given = step_code(&walk->answer).n > 0;
	walk->given += given;
	walk->unavailable += verdict == VERDICT_PASSED && !given;
	if (codes != consents)
		fail_msg("%s %ld: %" PRId64 " codes, %" PRId64 " consents", why, failing->nth, codes, consents);
	if (verdict == VERDICT_PASSED && codes != given)
		fail_msg("%s %ld: the answer and the database differ about the code", why, failing->nth);
	if (verdict == VERDICT_PASSED && !given &&
	    !str_starts(walk->answer.body.response, STR("error=temporarily_unavailable&")))
		fail_msg("%s %ld: %.*s", why, failing->nth, STR_ARG(walk->answer.body.response));
	if (verdict != VERDICT_PASSED && verdict != VERDICT_UNAVAILABLE)
		fail_msg("%s %ld: verdict %d", why, failing->nth, (int)verdict);
}

/* Neither an unsealed approval nor a session with the password alone gets a code, whatever fails. */
static void
walk_refuse(struct walk *walk, const struct harness_fault *failing, const char *why)
{
	const struct oidc_decision_body unsealed = { STR(REQUEST), STR(""), OIDC_DECISION_APPROVE };

	sql_run(&walk->w, "DELETE FROM oidc_codes; DELETE FROM oidc_grants; DELETE FROM oidc_consents");
	walk_ask(walk, &walk->full, &unsealed, failing);
	walk_ask(walk, &walk->pending, &unsealed, failing);
	if (sql_number(&walk->w, "SELECT count(*) FROM oidc_codes") != 0)
		fail_msg("%s %ld: a code without consent, or without the second factor", why, failing->nth);
}

static long
walk_step(enum fault fault, long nth)
{
	return harness_step(nth, fault == FAULT_MEMORY && nth > 20 && !harness_each() ? 15 : 1);
}

static void
walk_fault(enum fault fault, bool lasting, const char *why)
{
	static struct walk walk;
	int untouched = 0;

	walk = (struct walk){ .page = STEP, .answer = STEP };
	world_new(&walk.w);
	application_add(&walk.w, &wiki, "consent = 'once'");
	bring_to(&walk.w, &walk.pending, "bob", STATE_PENDING);
	bring_to(&walk.w, &walk.full, "alice", STATE_FULL);
	for (long nth = 1; untouched < harness_last_attempts(UNTOUCHED); nth += walk_step(fault, nth)) {
		const struct harness_fault failing = { .fault = fault, .nth = nth, .lasting = lasting };
		long before = walk.failed;
		assert_true(nth < CALLS_MAX);
		walk_approve(&walk, &failing, why);
		untouched = walk.failed == before ? untouched + 1 : 0;
		walk_refuse(&walk, &failing, why);
	}
	assert_true(walk.given > 0);
	unit_note("%s: %ld failed, %ld codes, %ld asked to try later", why, walk.failed, walk.given, walk.unavailable);
	step_wipe(&walk.page);
	step_wipe(&walk.answer);
	world_end(&walk.w);
}

static void
failures_never_grant_a_code(void **state)
{
	sqlite_only();
	for (size_t i = 0; i < COUNT(faults); i++)
		for (int lasting = 0; lasting < 2; lasting++)
			if (harness_walks(i, faults[i].fault, lasting == 1))
				walk_fault(faults[i].fault, lasting == 1, faults[i].why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(simultaneous_approvals_make_different_codes),
		cmocka_unit_test(simultaneous_cancellations_are_audited_once),
		cmocka_unit_test(failures_never_grant_a_code),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
