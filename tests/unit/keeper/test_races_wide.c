/*
 * Sixty-four simultaneous questions on separate connections for a value that can be used once: exactly one succeeds.
 * A few rounds each; TORTURE_ROUNDS rounds in the long campaign (make torture).
 */
#include "keeper/application.h"
#include "keeper/authenticator.h"

#include "keeper/account/admin.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RACERS = 64, ROUNDS = 4 };

struct racer {
	struct keeper_thread *thread;
	pthread_barrier_t *start;
	struct browser browser;
	enum question_id question;
	const void *body;
};

static struct racer racers[RACERS];

static long
rounds(void)
{
	const char *many = getenv("TORTURE_ROUNDS");

	return many == NULL ? ROUNDS : atol(many);
}

static void *
race(void *context)
{
	struct racer *r = context;

	pthread_barrier_wait(r->start);
	ask_again_on(r->thread, &r->browser, r->question, r->body);
	return NULL;
}

/* All ask; returns the number that passed. */
static int
run_race_of(enum question_id question)
{
	pthread_barrier_t start;
	pthread_t threads[RACERS];
	int passed = 0;

	pthread_barrier_init(&start, NULL, RACERS);
	for (size_t i = 0; i < RACERS; i++) {
		racers[i].start = &start;
		racers[i].question = question;
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (size_t i = 0; i < RACERS; i++) {
		pthread_join(threads[i], NULL);
		passed += racers[i].browser.verdict == VERDICT_PASSED;
	}
	pthread_barrier_destroy(&start);
	return passed;
}

static int
run_race(enum question_id question, const void *body)
{
	for (size_t i = 0; i < RACERS; i++)
		racers[i].body = body;
	return run_race_of(question);
}

static void
racers_make(struct world *w)
{
	world_new(w);
	memset(racers, 0, sizeof(racers));
	for (size_t i = 0; i < RACERS; i++)
		racers[i].thread = world_thread_open(w);
}

static void
racers_end(struct world *w, const char *why)
{
	for (size_t i = 0; i < RACERS; i++)
		keeper_thread_close(&racers[i].thread);
	world_end(w);
	unit_note("%s: %ld rounds, %d at once, one winner in each", why, rounds(), RACERS);
}

/* Bring each racer into its own pending session. */
static void
all_pending(struct world *w, const char *name)
{
	for (size_t i = 0; i < RACERS; i++) {
		memset(&racers[i].browser, 0, sizeof(racers[i].browser));
		assert_verdict(do_sign_in(w, &racers[i].browser, name, PASSWORD), VERDICT_PASSED);
	}
}

static void
one_code_signs_in_once(void **state)
{
	struct world w;
	struct browser b;

	racers_make(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (long round = 0; round < rounds(); round++) {
		clock_forward(MINUTES_US(1));
		forgive(&w);
		all_pending(&w, "alice");
		struct code code = code_of(b.secret, 0);
		const struct verify_body body = { str_of(code.z) };
		assert_int_equal(run_race(QUESTION_VERIFY, &body), 1);
	}
	racers_end(&w, "the same code");
}

static void
one_recovery_code_signs_in_once(void **state)
{
	struct world w;
	struct browser b;
	const struct recovery_body renew = { .renew = 1 };

	racers_make(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (long round = 0; round < rounds(); round++) {
		forgive(&w);
		clock_forward(MINUTES_US(1));
		const struct verify_body fresh = { str_of(code_of(b.secret, 0).z) };
		if (ask(&w, &b, QUESTION_STEP_UP, &fresh) != VERDICT_PASSED)
			fail_msg("round %ld: the step-up failed", round);
		assert_verdict(ask(&w, &b, QUESTION_RECOVERY, &renew), VERDICT_PASSED);
		all_pending(&w, "alice");
		const struct verify_body body = { str_of(b.recovery[round % 10]) };
		assert_int_equal(run_race(QUESTION_VERIFY, &body), 1);
		assert_int_equal(sql_number(&w, "SELECT count(*) FROM recovery_codes WHERE spent_at_us IS NULL"), 9);
		sql_run(&w, "DELETE FROM sessions WHERE recovered_at_us <> 0 OR factor_at_us = 0");
		w.config.session_lifetime_us = w.config.session_idle_us = MINUTES_US(100000);
	}
	racers_end(&w, "the same recovery code");
}

static void
one_name_makes_one_account(void **state)
{
	struct world w;
	char name[32];

	racers_make(&w);
	for (long round = 0; round < rounds(); round++) {
		snprintf(name, sizeof(name), "alice%ld", round);
		const struct register_body body = { str_of(name), STR(PASSWORD), STR(PASSWORD) };
		for (size_t i = 0; i < RACERS; i++)
			memset(&racers[i].browser, 0, sizeof(racers[i].browser));
		assert_int_equal(run_race(QUESTION_REGISTER, &body), 1);
		assert_int_equal(sql_number(&w, "SELECT count(*) FROM accounts"), round + 1);
	}
	racers_end(&w, "the same user name");
}

static void
one_link_sets_one_password(void **state)
{
	struct world w;
	struct browser b;
	struct link_text link;
	struct why why;

	racers_make(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (long round = 0; round < rounds(); round++) {
		assert_int_equal(admin_reset_password(w.thread, STR("alice"), &why, &link), ERR_OK);
		const struct link_use_body body = { str_of(link.z), STR(PASSWORD), STR(PASSWORD) };
		for (size_t i = 0; i < RACERS; i++)
			memset(&racers[i].browser, 0, sizeof(racers[i].browser));
		assert_int_equal(run_race(QUESTION_LINK_USE, &body), 1);
		assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions"), 1);
	}
	racers_end(&w, "the same one-time link");
}

static void
one_invitation_makes_one_account(void **state)
{
	struct world w;
	struct link_text link;
	struct why why;
	char names[RACERS][32];
	static struct register_body bodies[RACERS];

	racers_make(&w);
	w.config.registration = REGISTRATION_INVITE;
	for (long round = 0; round < rounds(); round++) {
		assert_int_equal(admin_invite(w.thread, &why, &link), ERR_OK);
		for (size_t i = 0; i < RACERS; i++) {
			snprintf(names[i], sizeof(names[i]), "guest%ld.%zu", round, i);
			bodies[i] =
			    (struct register_body){ str_of(names[i]), STR(PASSWORD), STR(PASSWORD), str_of(link.z) };
			memset(&racers[i].browser, 0, sizeof(racers[i].browser));
			racers[i].body = &bodies[i];
		}
		assert_int_equal(run_race_of(QUESTION_REGISTER), 1);
		assert_int_equal(sql_number(&w, "SELECT count(*) FROM accounts"), round + 1);
	}
	racers_end(&w, "the same invitation");
}

/* Each racer has a separate account. */
static void
one_credential_belongs_to_one_account(void **state)
{
	struct world w;
	static struct created created[RACERS];
	static struct passkey_new_body bodies[RACERS];
	char name[32];

	racers_make(&w);
	for (long round = 0; round < rounds(); round++) {
		forgive(&w);
		for (size_t i = 0; i < RACERS; i++) {
			struct browser *b = &racers[i].browser;
			snprintf(name, sizeof(name), "racer%ld.%zu", round, i);
			memset(b, 0, sizeof(*b));
			assert_verdict(do_register(&w, b, name, PASSWORD), VERDICT_PASSED);
			assert_verdict(ask(&w, b, QUESTION_PASSKEY_OFFER, NULL), VERDICT_PASSED);
			authenticator_create(
			    &(struct authenticator){ .challenge = b->options.challenge, .id = (unsigned)round },
			    &created[i]);
			bodies[i] = created_body(&created[i]);
			racers[i].body = &bodies[i];
		}
		assert_int_equal(run_race_of(QUESTION_PASSKEY_FIRST), 1);
		assert_int_equal(sql_number(&w, "SELECT count(*) FROM passkeys"), round + 1);
		assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors"), round + 1);
	}
	racers_end(&w, "the same credential");
}

/* Half of the racers signed in by code and remove the passkey; the others signed in by passkey and remove the code. */
static void
one_of_the_last_two_factors_is_kept(void **state)
{
	struct world w;
	struct browser by_code, by_passkey;
	char name[32], sql[160];

	racers_make(&w);
	for (long round = 0; round < rounds(); round++) {
		snprintf(name, sizeof(name), "alice%ld", round);
		bring_to(&w, &by_code, name, STATE_FULL);
		assert_verdict(do_passkey(&w, &by_code, (struct authenticator){ .id = (unsigned)round }),
			       VERDICT_PASSED);
		assert_verdict(ask(&w, &by_code, QUESTION_ACCOUNT, NULL), VERDICT_PASSED);
		by_passkey = by_code;
		memset(&by_passkey.token, 0, sizeof(by_passkey.token));
		assert_verdict(do_sign_in(&w, &by_passkey, name, PASSWORD), VERDICT_PASSED);
		assert_verdict(do_verify(&w, &by_passkey, code_of(by_code.secret, 0).z), VERDICT_PASSED);
		snprintf(sql, sizeof(sql),
			 "UPDATE sessions SET factor_id = %" PRId64 " WHERE id = "
			 "(SELECT id FROM sessions ORDER BY created_at_us DESC LIMIT 1)",
			 by_code.factors[1]);
		sql_run(&w, sql);
		const struct factor_body passkey = { .id = by_code.factors[1] }, code = { .id = by_code.factors[0] };
		for (size_t i = 0; i < RACERS; i++) {
			racers[i].browser = i % 2 == 0 ? by_code : by_passkey;
			racers[i].body = i % 2 == 0 ? &passkey : &code;
		}
		assert_int_equal(run_race_of(QUESTION_FACTOR_REMOVE), 1);
		assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors"), round + 1);
		assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions"), round + 1);
	}
	racers_end(&w, "each of the last two factors");
}

/* --- tokens of applications --------------------------------------------------------------------------------------- */

static const struct application app = { 1, "app", "secret-of-app" };
static const struct approved offline = { .scopes = "openid offline_access", .offline = true };

static void
app_begin(struct world *w, struct browser *b)
{
	racers_make(w);
	application_add(w, &app, NULL);
	bring_to(w, b, "alice", STATE_FULL);
}

/* All ask for tokens; returns the number that got some. */
static int
run_race_for_tokens(const struct oidc_token_body *body)
{
	int given = 0;

	for (size_t i = 0; i < RACERS; i++)
		memset(&racers[i].browser, 0, sizeof(racers[i].browser));
	(void)run_race(QUESTION_OIDC_TOKEN, body);
	for (size_t i = 0; i < RACERS; i++)
		given += racers[i].browser.oidc.error == OIDC_OK;
	return given;
}

/* One answer has tokens, but they are revoked: the other requests make it look as if the code was stolen. */
static void
one_application_code_is_redeemed_once(void **state)
{
	struct world w;
	struct browser b;

	app_begin(&w, &b);
	for (long round = 0; round < rounds(); round++) {
		struct approved_code code = application_code(&w, &app, "alice", &offline);
		struct oidc_token_body body = redeem_body(&app, code.z);
		assert_int_equal(run_race_for_tokens(&body), 1);
		assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_grants"), 0);
		assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_access_tokens"), 0);
		for (size_t i = 0; i < RACERS; i++)
			assert_int_not_equal(ask_userinfo(w.thread, &b, racers[i].browser.oidc.access_token), OIDC_OK);
	}
	racers_end(&w, "the same code of an application");
}

/* Tabs and replicas of an application refresh at the same time: all stay signed in. */
static void
one_refresh_token_has_one_successor(void **state)
{
	struct world w;
	struct browser b;
	char token[OIDC_TOKEN_MAX + 1];

	app_begin(&w, &b);
	struct approved_code code = application_code(&w, &app, "alice", &offline);
	struct oidc_token_body body = redeem_body(&app, code.z);
	assert_int_equal(ask_token(w.thread, &b, &body), OIDC_OK);
	snprintf(token, sizeof(token), "%s", b.oidc.refresh_token);
	for (long round = 0; round < rounds(); round++) {
		body = refresh_body(&app, token);
		assert_int_equal(run_race_for_tokens(&body), RACERS);
		for (size_t i = 0; i < RACERS; i++) {
			assert_string_equal(racers[i].browser.oidc.refresh_token, racers[0].browser.oidc.refresh_token);
			assert_int_equal(ask_userinfo(w.thread, &b, racers[i].browser.oidc.access_token), OIDC_OK);
		}
		assert_string_not_equal(racers[0].browser.oidc.refresh_token, token);
		snprintf(token, sizeof(token), "%s", racers[0].browser.oidc.refresh_token);
		assert_int_equal(sql_number(&w, "SELECT refresh_counter FROM oidc_grants"), round + 2);
		sql_run(&w, "DELETE FROM oidc_access_tokens");
	}
	racers_end(&w, "the same refresh token");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_code_signs_in_once),
		cmocka_unit_test(one_recovery_code_signs_in_once),
		cmocka_unit_test(one_name_makes_one_account),
		cmocka_unit_test(one_link_sets_one_password),
		cmocka_unit_test(one_invitation_makes_one_account),
		cmocka_unit_test(one_credential_belongs_to_one_account),
		cmocka_unit_test(one_of_the_last_two_factors_is_kept),
		cmocka_unit_test(one_application_code_is_redeemed_once),
		cmocka_unit_test(one_refresh_token_has_one_successor),
	};

	return cmocka_run_group_tests_name("keeper races, wide", tests, harness_setup, harness_teardown);
}
