/*
 * A session ends during a question: between the look-up of the session and the transaction that changes data, and in a
 * race.  Covers every question that changes data on the authority of its session (ipc/questions.def).
 */
#include "keeper/application.h"
#include "keeper/authenticator.h"

#include "base/mem.h"
#include "keeper/account/admin.h"
#include "keeper/core/dispatch.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define OTHER_PASSWORD "trombone sobre 1742"
#define PROTECTED "https://wiki.example.net/"

enum { RACERS = 4, ROUNDS = 2, TRANSACTIONS_MAX = 8 };

/* A user with two authenticators and two browsers: `asker` sends the question, `owner` can end the asker's session. */
struct scene {
	struct world w;
	struct keeper_thread *ender; /* another connection */
	char name[USERNAME_MAX + 1];
	struct browser owner, asker;
	int64_t asker_id; /* the id of its session */
	int64_t factor;   /* the factor that asker has not used to sign in */
};

/* --- the questions ------------------------------------------------------------------------------------------------ */

union body {
	struct verify_body verify;
	struct profile_body profile;
	struct password_body password;
	struct recovery_body recovery;
	struct factor_begin_body factor_begin;
	struct factor_body factor;
	struct session_end_body session_end;
	struct alarm_body alarm;
	struct close_body close;
	struct gate_enter_body gate_enter;
	struct passkey_begin_body passkey_begin;
	struct passkey_new_body passkey_new;
	struct passkey_proof_body passkey_proof;
	struct codes_off_body codes_off;
	struct oidc_decision_body oidc_decision;
	struct oidc_confirm_body oidc_confirm;
	struct oidc_withdraw_body oidc_withdraw;
};

static struct code code; /* bodies borrow from it */

static void
body_no_secret(struct scene *s, union body *body)
{
	sql_run(&s->w, "DELETE FROM factors");
}

static void
body_code(struct scene *s, union body *body)
{
	code = code_of(s->asker.secret, 0);
	body->verify = (struct verify_body){ str_of(code.z) };
}

static void
body_confirm(struct scene *s, union body *body)
{
	const struct factor_begin_body begin = { .current = STR(PASSWORD) };

	assert_verdict(ask(&s->w, &s->asker, QUESTION_FACTOR_BEGIN, &begin), VERDICT_PASSED);
	assert_verdict(ask(&s->w, &s->asker, QUESTION_ENROL, NULL), VERDICT_PASSED);
	body_code(s, body);
}

static void
body_recovery_code(struct scene *s, union body *body)
{
	const struct recovery_body make = { .renew = 1 };

	assert_verdict(ask(&s->w, &s->owner, QUESTION_RECOVERY, &make), VERDICT_PASSED);
	body->verify = (struct verify_body){ str_of(s->owner.recovery[0]) };
}

static void
body_profile(struct scene *s, union body *body)
{
	body->profile = (struct profile_body){ .display_name = STR("Anna"), .language = PREFERRED_FR };
}

static void
body_password(struct scene *s, union body *body)
{
	body->password = (struct password_body){ STR(PASSWORD), STR(OTHER_PASSWORD), STR(OTHER_PASSWORD) };
}

static void
body_first_codes(struct scene *s, union body *body)
{
	body->recovery = (struct recovery_body){ 0 };
}

static void
body_more_codes(struct scene *s, union body *body)
{
	const struct recovery_body make = { 0 };

	assert_verdict(ask(&s->w, &s->owner, QUESTION_RECOVERY, &make), VERDICT_PASSED);
	body->recovery = (struct recovery_body){ .renew = 1 };
}

static void
body_begin(struct scene *s, union body *body)
{
	body->factor_begin = (struct factor_begin_body){ .current = STR(PASSWORD), .name = STR("Telephone") };
}

static void
body_replace(struct scene *s, union body *body)
{
	body->factor_begin = (struct factor_begin_body){ .current = STR(PASSWORD), .replaces = s->factor };
}

static void
body_factor(struct scene *s, union body *body)
{
	body->factor = (struct factor_body){ .id = s->factor, .name = STR("Tablet") };
}

static void
body_end_others(struct scene *s, union body *body)
{
	body->session_end = (struct session_end_body){ 0 };
}

static void
body_end_one(struct scene *s, union body *body)
{
	char sql[120];

	snprintf(sql, sizeof(sql), "SELECT id FROM sessions WHERE id <> %" PRId64 " ORDER BY created_at_us LIMIT 1",
		 s->asker_id);
	body->session_end = (struct session_end_body){ .id = sql_number(&s->w, sql) };
}

/* A guess from another address, which the asker's next answer announces. */
static void
body_alarm(struct scene *s, union body *body)
{
	struct browser guesser = { .address = "198.51.100.9" };

	assert_verdict(do_sign_in(&s->w, &guesser, s->name, "a wrong password"), VERDICT_REFUSED);
	body->alarm = (struct alarm_body){ .until_us = clock_us() };
}

static void
body_close(struct scene *s, union body *body)
{
	body->close = (struct close_body){ str_of(s->name), STR(PASSWORD) };
}

/* The passkey of the account; bodies borrow from `created` and `asserted`. */
static struct authenticator passkey;
static struct created created;
static struct asserted asserted;

static void
passkey_make(void)
{
	passkey.id++;
	passkey.challenge = NULL;
	if (passkey.key == NULL)
		passkey.key = authenticator_key();
}

static void
body_offer(struct scene *s, union body *body)
{
}

static void
body_first(struct scene *s, union body *body)
{
	passkey_make();
	assert_verdict(ask(&s->w, &s->asker, QUESTION_PASSKEY_OFFER, NULL), VERDICT_PASSED);
	passkey.challenge = s->asker.options.challenge;
	authenticator_create(&passkey, &created);
	body->passkey_new = created_body(&created);
}

static void
body_passkey_begin(struct scene *s, union body *body)
{
	body->passkey_begin = (struct passkey_begin_body){ .current = STR(PASSWORD) };
}

static void
body_add(struct scene *s, union body *body)
{
	passkey_make();
	body_passkey_begin(s, body);
	assert_verdict(ask(&s->w, &s->asker, QUESTION_PASSKEY_BEGIN, body), VERDICT_PASSED);
	passkey.challenge = s->asker.options.challenge;
	authenticator_create(&passkey, &created);
	body->passkey_new = created_body(&created);
}

static void body_assertion(struct scene *s, bool step_up, union body *body);

static void
body_prove(struct scene *s, union body *body)
{
	body_assertion(s, false, body);
}

static void
body_step_up(struct scene *s, union body *body)
{
	body_assertion(s, true, body);
}

static void body_codes_off(struct scene *s, union body *body);

static void
body_protected(struct scene *s, union body *body)
{
	body->gate_enter = (struct gate_enter_body){ .url = STR(PROTECTED), .method = STR("GET") };
}

static const struct application wiki = { .row = 7, .client_id = "wiki" };

/* The consent page of the asker, approved.  The body borrows from `page`. */
static struct step page = STEP;

static void
body_approve(struct scene *s, union body *body)
{
	const struct oidc_request_body request = { .parameters = STR(AUTHORIZATION("wiki")) };

	assert_verdict(ask_step(s->w.thread, &s->asker, QUESTION_OIDC_CHECK, &request, &page), VERDICT_PASSED);
	assert_int_equal(page.body.outcome, OIDC_CONSENT);
	body->oidc_decision =
	    (struct oidc_decision_body){ request.parameters, str_of(page.seal), OIDC_DECISION_APPROVE };
}

static void
body_confirm_password(struct scene *s, union body *body)
{
	body->oidc_confirm = (struct oidc_confirm_body){ .parameters = STR(AUTHORIZATION("wiki") "&prompt=login"),
							 .current = STR(PASSWORD) };
}

static void
body_withdraw(struct scene *s, union body *body)
{
	body_approve(s, body);
	assert_verdict(ask(&s->w, &s->asker, QUESTION_OIDC_GRANT, body), VERDICT_PASSED);
	body->oidc_withdraw = (struct oidc_withdraw_body){ wiki.row };
}

static const struct asked {
	enum question_id question;
	enum session_state state;
	void (*body)(struct scene *s, union body *body); /* prepares the account, and fills the body */
	const char *why;
} asked[] = {
	{ QUESTION_ENROL, STATE_ENROLLING, body_no_secret, "a secret is created" },
	{ QUESTION_VERIFY, STATE_ENROLLING, body_code, "the first authenticator is confirmed" },
	{ QUESTION_VERIFY, STATE_PENDING, body_code, "a code is spent and the session opened" },
	{ QUESTION_VERIFY, STATE_PENDING, body_recovery_code, "a recovery code is spent" },
	{ QUESTION_STEP_UP, STATE_FULL, body_code, "a code is spent" },
	{ QUESTION_STEP_UP, STATE_FULL, body_recovery_code, "a recovery code is spent" },
	{ QUESTION_PROFILE, STATE_FULL, body_profile, "the display name and language change" },
	{ QUESTION_PASSWORD, STATE_FULL, body_password, "the password changes" },
	{ QUESTION_RECOVERY, STATE_FULL, body_first_codes, "recovery codes are created" },
	{ QUESTION_RECOVERY, STATE_FULL, body_more_codes, "recovery codes are replaced" },
	{ QUESTION_FACTOR_BEGIN, STATE_FULL, body_begin, "a new authenticator is begun" },
	{ QUESTION_FACTOR_BEGIN, STATE_FULL, body_replace, "the replacement of an authenticator is begun" },
	{ QUESTION_FACTOR_CONFIRM, STATE_FULL, body_confirm, "a new authenticator is confirmed" },
	{ QUESTION_FACTOR_RENAME, STATE_FULL, body_factor, "an authenticator is renamed" },
	{ QUESTION_FACTOR_REMOVE, STATE_FULL, body_factor, "an authenticator is removed" },
	{ QUESTION_SESSION_END, STATE_FULL, body_end_others, "the other sessions end" },
	{ QUESTION_SESSION_END, STATE_FULL, body_end_one, "another session ends" },
	{ QUESTION_ALARM_DISMISS, STATE_FULL, body_alarm, "the notice about failed attempts is dismissed" },
	{ QUESTION_CLOSE, STATE_FULL, body_close, "the account is deleted" },
	{ QUESTION_GATE_ENTER, STATE_FULL, body_protected, "a ticket is created" },
	{ QUESTION_GATE_ENTER, STATE_PENDING, body_protected, "a ticket is created, and the session is marked" },
	{ QUESTION_PASSKEY_VERIFY, STATE_PENDING, body_prove, "a challenge is spent and the session opened" },
	{ QUESTION_PASSKEY_STEP_UP, STATE_FULL, body_step_up, "a challenge is spent" },
	{ QUESTION_PASSKEY_OFFER, STATE_ENROLLING, body_offer, "the account gets its user handle" },
	{ QUESTION_PASSKEY_FIRST, STATE_ENROLLING, body_first, "the first passkey is enrolled" },
	{ QUESTION_PASSKEY_BEGIN, STATE_FULL, body_passkey_begin, "the account gets its user handle" },
	{ QUESTION_PASSKEY_ADD, STATE_FULL, body_add, "another passkey is enrolled" },
	{ QUESTION_CODES_OFF, STATE_FULL, body_codes_off, "codes are switched off" },
	{ QUESTION_OIDC_GRANT, STATE_FULL, body_approve, "a consent is kept, and a code created" },
	{ QUESTION_OIDC_GRANT, STATE_PENDING, body_approve, "the same, and the session is marked" },
	{ QUESTION_OIDC_CONFIRM, STATE_FULL, body_confirm_password, "the password is verified again" },
	{ QUESTION_OIDC_WITHDRAW, STATE_FULL, body_withdraw, "a consent is withdrawn" },
};

/* --- ends of the session ------------------------------------------------------------------------------------------ */

/* Each returns true when the end is acknowledged.  In a race, the question may end the owner's session first. */

static bool
end_all_others(struct scene *s)
{
	const struct session_end_body others = { 0 };

	return ask_on(s->ender, &s->owner, QUESTION_SESSION_END, &others) == VERDICT_PASSED;
}

static bool
end_this_one(struct scene *s)
{
	const struct session_end_body one = { .id = s->asker_id };

	return ask_on(s->ender, &s->owner, QUESTION_SESSION_END, &one) == VERDICT_PASSED;
}

static bool
end_by_password(struct scene *s)
{
	const struct password_body change = { STR(PASSWORD), STR(OTHER_PASSWORD), STR(OTHER_PASSWORD) };

	return ask_on(s->ender, &s->owner, QUESTION_PASSWORD, &change) == VERDICT_PASSED;
}

static bool
end_by_closing(struct scene *s)
{
	const struct close_body close_it = { str_of(s->name), STR(PASSWORD) };

	return ask_on(s->ender, &s->owner, QUESTION_CLOSE, &close_it) == VERDICT_PASSED;
}

static bool
end_by_sign_out(struct scene *s)
{
	struct browser same = s->asker;

	return ask_on(s->ender, &same, QUESTION_SIGN_OUT, NULL) == VERDICT_PASSED;
}

static bool
end_by_disabling(struct scene *s)
{
	struct why why = { "" };
	bool changed = false;

	return admin_disable(s->ender, str_of(s->name), &why, &changed) == ERR_OK;
}

static bool
end_by_deleting(struct scene *s)
{
	struct why why = { "" };

	return admin_delete(s->ender, str_of(s->name), &why) == ERR_OK;
}

static bool
end_by_administrator(struct scene *s)
{
	struct why why = { "" };
	int64_t ended = 0;

	return admin_sign_out(s->ender, str_of(s->name), &why, &ended) == ERR_OK;
}

static bool
end_by_reset(struct scene *s)
{
	struct why why = { "" };
	struct link_text link;

	return admin_reset_password(s->ender, str_of(s->name), &why, &link) == ERR_OK;
}

static const struct ending {
	bool (*end)(struct scene *s);
	bool by_owner; /* needs another full session, which an enrolling account does not have */
	const char *why;
} endings[] = {
	{ end_all_others, true, "all other sessions are ended" },
	{ end_this_one, true, "this session is ended elsewhere" },
	{ end_by_password, true, "the password is changed elsewhere" },
	{ end_by_closing, true, "the account is closed elsewhere" },
	{ end_by_sign_out, false, "another tab signs out" },
	{ end_by_disabling, false, "the administrator disables the account" },
	{ end_by_deleting, false, "the administrator deletes the account" },
	{ end_by_administrator, false, "the administrator ends the account's sessions" },
	{ end_by_reset, false, "the administrator resets the password" },
};

/* --- the scene ---------------------------------------------------------------------------------------------------- */

static void
second_factor(struct scene *s)
{
	const struct factor_begin_body begin = { .current = STR(PASSWORD) };
	struct browser with_it;

	assert_verdict(ask(&s->w, &s->owner, QUESTION_FACTOR_BEGIN, &begin), VERDICT_PASSED);
	with_it = s->owner;
	assert_verdict(ask(&s->w, &with_it, QUESTION_ENROL, NULL), VERDICT_PASSED);
	const struct code first = code_of(with_it.secret, 0);
	const struct verify_body confirm = { str_of(first.z) };
	assert_verdict(ask(&s->w, &s->owner, QUESTION_FACTOR_CONFIRM, &confirm), VERDICT_PASSED);
	assert_verdict(ask(&s->w, &s->owner, QUESTION_ACCOUNT, NULL), VERDICT_PASSED);
	assert_int_equal(s->owner.factors_count, 2);
	s->factor = s->owner.factors[1];
}

static void
asker_signs_in(struct scene *s, enum session_state state)
{
	assert_verdict(do_sign_in(&s->w, &s->asker, s->name, PASSWORD), VERDICT_PASSED);
	memcpy(s->asker.secret, s->owner.secret, sizeof(s->asker.secret));
	if (state != STATE_FULL)
		return;
	assert_verdict(do_verify(&s->w, &s->asker, code_of(s->owner.secret, 0).z), VERDICT_PASSED);
	clock_forward(MINUTES_US(1)); /* so that the next code is not spent */
}

static void
asker_id_find(struct scene *s)
{
	s->asker_id = sql_number(&s->w, "SELECT id FROM sessions ORDER BY created_at_us DESC LIMIT 1");
}

/* Enrol a passkey in the owner's browser. That ends the asker's session, so the asker signs in again. */
static void
passkey_of_owner(struct scene *s, enum session_state state)
{
	passkey_make();
	assert_verdict(do_passkey(&s->w, &s->owner, passkey), VERDICT_PASSED);
	memset(&s->asker, 0, sizeof(s->asker));
	asker_signs_in(s, state);
	asker_id_find(s);
}

static void
body_assertion(struct scene *s, bool step_up, union body *body)
{
	const struct passkeys_ask_body passkeys = { .step_up = step_up };

	passkey_of_owner(s, step_up ? STATE_FULL : STATE_PENDING);
	assert_verdict(ask(&s->w, &s->asker, QUESTION_PASSKEYS, &passkeys), VERDICT_PASSED);
	passkey.challenge = s->asker.passkeys.challenge;
	authenticator_get(&passkey, &asserted);
	body->passkey_proof = asserted_body(&asserted);
}

static void
body_codes_off(struct scene *s, union body *body)
{
	const struct recovery_body make = { 0 };

	passkey_of_owner(s, STATE_FULL);
	assert_verdict(ask(&s->w, &s->owner, QUESTION_RECOVERY, &make), VERDICT_PASSED);
	body->codes_off = (struct codes_off_body){ .off = 1 };
}

static void
scene_set(struct scene *s, enum session_state state)
{
	static unsigned accounts;

	snprintf(s->name, sizeof(s->name), "anna%u", accounts++);
	memset(&s->owner, 0, sizeof(s->owner));
	memset(&s->asker, 0, sizeof(s->asker));
	if (state == STATE_ENROLLING) {
		bring_to(&s->w, &s->asker, s->name, state);
	} else {
		bring_to(&s->w, &s->owner, s->name, STATE_FULL);
		second_factor(s);
		asker_signs_in(s, state);
	}
	asker_id_find(s);
}

/* Delete all accounts, so that the next scene has only its own. */
static void
scene_clear(struct scene *s)
{
	sql_run(&s->w,
		"DELETE FROM passkeys; DELETE FROM gate_tickets; DELETE FROM devices; DELETE FROM throttle; "
		"DELETE FROM links; DELETE FROM oidc_access_tokens; DELETE FROM oidc_codes; DELETE FROM oidc_grants; "
		"DELETE FROM oidc_sids; DELETE FROM oidc_consents; "
		"DELETE FROM factors; DELETE FROM recovery_codes; DELETE FROM sessions; DELETE FROM accounts");
}

static void
scene_begin(struct scene *s)
{
	char path[200];
	FILE *rules;

	memset(s, 0, sizeof(*s));
	world_make(&s->w);
	struct config *c = &s->w.config;
	snprintf(c->public_url, sizeof(c->public_url), "https://login.example.org");
	snprintf(c->public_host, sizeof(c->public_host), "login.example.org");
	snprintf(c->gate_domains[c->gate_domains_count++].z, sizeof(c->gate_domains[0].z), "example.net");
	snprintf(path, sizeof(path), "%s/rules", s->w.dir);
	rules = fopen(path, "we");
	assert_non_null(rules);
	fputs("rules:\n  - domain: wiki.example.net\n    policy: one_factor\n"
	      "  - client: wiki\n    policy: one_factor\n",
	      rules);
	fclose(rules);
	snprintf(c->access_rules, sizeof(c->access_rules), "%s", path);
	world_open(&s->w);
	struct why why = { "" };
	if (keeper_rules_read(s->w.keeper, &why) != ERR_OK)
		fail_msg("%s", why.text);
	s->ender = world_thread_open(&s->w);
	application_add(&s->w, &wiki, "consent = 'once'");
}

static void
scene_end(struct scene *s)
{
	keeper_thread_close(&s->ender);
	world_close(&s->w);
	unlink(s->w.config.access_rules);
	world_remove(&s->w);
}

#define FOLD(a, b, c, d, e, f, g, h)                                                                                   \
	"((" a ") + 37 * (" b ") + 1369 * (" c ") + 50653 * (" d ") + 1874161 * (" e ") + 69343957 * (" f              \
	") + 2565726409 * (" g ") + 94931877133 * (" h ")) % 1073741789"
#define ROWS(from) "SELECT count(*) FROM " from
#define SUM(what, from) "SELECT coalesce(sum((" what ") % 1000003), 0) % 1000003 FROM " from

#define TICKETS_AND_CODES                                                                                              \
	"(SELECT count(*) AS n FROM gate_tickets UNION ALL SELECT 7 * count(*) FROM oidc_codes "                       \
	"UNION ALL SELECT 49 * count(*) FROM oidc_consents) AS made"

/* A hash of all data that a question may change. */
static int64_t
print_take(struct scene *s)
{
	return sql_number(
	    &s->w,
	    "SELECT 4294967296 * (" FOLD(
		ROWS("accounts"),
		SUM("length(display_name) + length(language) + coalesce(length(user_handle), 0) + 1000 * codes_off",
		    "accounts"),
		SUM("password_changed_at_us", "accounts"), SUM("last_sign_in_at_us", "accounts"), ROWS("factors"),
		ROWS("factors WHERE confirmed_at_us IS NOT NULL"), SUM("last_step", "factors"),
		SUM("length(name)",
		    "factors")) ") + " FOLD(SUM("id", "recovery_codes"),
					    ROWS("recovery_codes WHERE spent_at_us IS NOT NULL"), SUM("id", "sessions"),
					    SUM("factor_at_us + password_at_us", "sessions"),
					    SUM("gated_at_us", "sessions"), ROWS("devices"),
					    SUM("n", TICKETS_AND_CODES),
					    ROWS("audit WHERE event NOT IN ('prove.refused', "
						 "'wait.begun', 'password.refused', 'passkey.refused')")));
}

/* --- between look-up and transaction ------------------------------------------------------------------------------ */

static struct {
	struct scene *scene;
	const struct ending *ending;
	unsigned at, nth; /* the session ends before the nth transaction of the question; 0: never */
	int64_t print;    /* print_take() after the end */
} between;

static void
end_before_transaction(void)
{
	if (++between.at != between.nth)
		return;
	call_before_transaction = NULL; /* ending the session runs transactions too */
	assert_true(between.ending->end(between.scene));
	between.print = print_take(between.scene);
	call_before_transaction = end_before_transaction;
}

/* False when the question has no nth transaction. */
static bool
ended_before(struct scene *s, const struct asked *a, const struct ending *ending, unsigned nth)
{
	union body body = { 0 };

	scene_set(s, a->state);
	a->body(s, &body);
	between.scene = s;
	between.ending = ending;
	between.at = 0;
	between.nth = nth;
	call_before_transaction = end_before_transaction;
	enum verdict v = ask(&s->w, &s->asker, a->question, &body);
	call_before_transaction = NULL;
	if (between.at < nth)
		return false;
	int64_t after = print_take(s);
	if (v != VERDICT_STATE || s->asker.head.state != STATE_NONE || between.print != after)
		fail_msg("%s (%s) while %s, before transaction %u: verdict %d, state %d, %s",
			 wire_questions[a->question].name, a->why, ending->why, nth, v, (int)s->asker.head.state,
			 between.print == after ? "nothing changed" : "something changed");
	return true;
}

/*
 * A sample (harness.h) has every second pair, so that each question and each ending occurs.  On PostgreSQL, where each
 * connection is a process, it has every fourth one.
 */
static bool
is_tried(size_t a, size_t e)
{
	if (asked[a].state == STATE_ENROLLING && endings[e].by_owner)
		return false;
	return harness_each() || (harness_whole() && !on_postgres()) || (a + e) % (on_postgres() ? 4 : 2) == 0;
}

static void
a_session_that_ends_meanwhile_changes_nothing(void **state)
{
	static struct scene s;

	scene_begin(&s);
	for (size_t i = 0; i < COUNT(asked); i++)
		for (size_t e = 0; e < COUNT(endings); e++)
			for (unsigned nth = 1; is_tried(i, e) && nth <= TRANSACTIONS_MAX; nth++) {
				bool was = ended_before(&s, &asked[i], &endings[e], nth);
				scene_clear(&s);
				assert_true(was || nth > 1);
				if (!was)
					break;
			}
	scene_end(&s);
}

static void
an_undisturbed_session_changes_something(void **state)
{
	static struct scene s;

	scene_begin(&s);
	for (size_t i = 0; i < COUNT(asked); i++) {
		union body body = { 0 };
		scene_set(&s, asked[i].state);
		asked[i].body(&s, &body);
		int64_t before = print_take(&s);
		enum verdict v = ask(&s.w, &s.asker, asked[i].question, &body);
		int64_t after = print_take(&s);
		if (v != VERDICT_PASSED || before == after)
			fail_msg("%s (%s): verdict %d", wire_questions[asked[i].question].name, asked[i].why, v);
		scene_clear(&s);
	}
	scene_end(&s);
}

/* --- in a race ---------------------------------------------------------------------------------------------------- */

struct racer {
	struct keeper_thread *thread;
	pthread_barrier_t *start;
	struct browser browser;
	enum question_id question;
	const void *body;
};

static void *
racer_run(void *context)
{
	struct racer *r = context;

	pthread_barrier_wait(r->start);
	ask_again_on(r->thread, &r->browser, r->question, r->body);
	return NULL;
}

static void
race(struct scene *s, struct racer *racers, const struct asked *a, const struct ending *ending)
{
	pthread_barrier_t start;
	pthread_t threads[RACERS];
	union body body = { 0 };

	scene_set(s, a->state);
	a->body(s, &body);
	pthread_barrier_init(&start, NULL, RACERS + 1);
	for (size_t i = 0; i < RACERS; i++) {
		racers[i].start = &start;
		racers[i].browser = s->asker;
		racers[i].question = a->question;
		racers[i].body = &body;
		assert_int_equal(pthread_create(&threads[i], NULL, racer_run, &racers[i]), 0);
	}
	pthread_barrier_wait(&start);
	bool ended = ending->end(s);
	int64_t acknowledged = print_take(s);
	for (size_t i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&start);
	int64_t after = print_take(s);
	if (ended && acknowledged != after)
		fail_msg("%s (%s) after %s: something changed", wire_questions[a->question].name, a->why, ending->why);
	for (size_t i = 0; i < RACERS; i++)
		if (racers[i].browser.verdict == VERDICT_UNAVAILABLE)
			fail_msg("%s (%s) while %s: unavailable", wire_questions[a->question].name, a->why,
				 ending->why);
}

static void
data_does_not_change_after_an_acknowledged_end(void **state)
{
	static struct scene s;
	static struct racer racers[RACERS];
	int rounds = getenv("TORTURE") != NULL ? 100 * ROUNDS : ROUNDS;

	scene_begin(&s);
	for (size_t i = 0; i < RACERS; i++)
		racers[i].thread = world_thread_open(&s.w);
	for (size_t i = 0; i < COUNT(asked); i++)
		for (size_t e = 0; e < COUNT(endings); e++)
			for (int round = 0; is_tried(i, e) && round < rounds; round++) {
				race(&s, racers, &asked[i], &endings[e]);
				scene_clear(&s);
			}
	for (size_t i = 0; i < RACERS; i++)
		keeper_thread_close(&racers[i].thread);
	scene_end(&s);
}

/*
 * PostgreSQL: the question waits for the account's lock with a snapshot from before the end, and then the end commits.
 * The old session is visible in that snapshot, so only a lock on its row shows that it is gone.
 */
static void
a_session_end_committed_during_the_lock_wait_counts(void **state)
{
	static struct scene s;
	struct racer racer = { .question = QUESTION_RECOVERY };
	const struct recovery_body make = { 0 };
	pthread_barrier_t start;
	pthread_t thread;

	if (!on_postgres())
		return; /* SQLite has one writer: its transactions never wait with a snapshot */
	scene_begin(&s);
	scene_set(&s, STATE_FULL);
	racer.thread = world_thread_open(&s.w);
	PGconn *connection = PQconnectdb(s.w.config.database_path);
	PQclear(PQexec(connection, "BEGIN; SELECT id FROM accounts FOR NO KEY UPDATE"));
	pthread_barrier_init(&start, NULL, 1);
	racer.start = &start;
	racer.browser = s.asker;
	racer.body = &make;
	assert_int_equal(pthread_create(&thread, NULL, racer_run, &racer), 0);
	while (sql_number(&s.w, "SELECT count(*) FROM pg_locks WHERE NOT granted") == 0)
		continue;
	PQclear(PQexec(connection, "DELETE FROM sessions"));
	PQclear(PQexec(connection, "COMMIT"));
	PQfinish(connection);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&start);
	assert_verdict(racer.browser.verdict, VERDICT_STATE);
	assert_int_equal(sql_number(&s.w, "SELECT count(*) FROM recovery_codes"), 0);
	keeper_thread_close(&racer.thread);
	scene_end(&s);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

/* A second copy of the table, so that a new question must be decided twice. */
static enum authority
authority_expected(enum question_id id)
{
	switch (id) {
	case QUESTION_REGISTER:        /* no account yet */
	case QUESTION_SIGN_IN:         /* by the password */
	case QUESTION_SIGN_OUT:        /* by the token that it revokes */
	case QUESTION_LINK_USE:        /* by the link */
	case QUESTION_PASSKEY_SIGN_IN: /* by the passkey */
	case QUESTION_GATE_TICKET:
	case QUESTION_OIDC_END:        /* by the token that it revokes */
	case QUESTION_OIDC_TOKEN:      /* by the code, or the refresh token */
	case QUESTION_OIDC_INTROSPECT: /* by the client's secret */
	case QUESTION_OIDC_REVOKE:
		return AUTHORITY_QUESTION;
	case QUESTION_SESSION:
	case QUESTION_ACCOUNT:
	case QUESTION_RECOVERY_LEFT:
	case QUESTION_SESSIONS:
	case QUESTION_ACTIVITY:
	case QUESTION_LINK:
	case QUESTION_GATE:
	case QUESTION_PASSKEYS:
	case QUESTION_OIDC_CHECK:
	case QUESTION_OIDC_APPS:
	case QUESTION_OIDC_KEYS:
	case QUESTION_OIDC_USERINFO:
		return AUTHORITY_NONE;
	default:
		return AUTHORITY_SESSION;
	}
}

static void
every_question_that_writes_by_its_session_is_tested(void **state)
{
	for (unsigned id = QUESTION_NONE + 1; id < QUESTION_COUNT; id++) {
		bool walked = false;
		for (size_t i = 0; i < COUNT(asked); i++)
			walked = walked || asked[i].question == id;
		if (question_authority(id) != authority_expected(id))
			fail_msg("%s: authority %d", wire_questions[id].name, question_authority(id));
		if (walked != (question_authority(id) == AUTHORITY_SESSION))
			fail_msg("%s: not in the table of this test", wire_questions[id].name);
	}
}

/* --- the guard ---------------------------------------------------------------------------------------------------- */

static void
a_guarded_connection_changes_nothing(void **state)
{
	static struct scene s;
	int64_t changed = 0;
	const struct db_value args[] = { DB_INT(1), DB_INT(2) };

	scene_begin(&s);
	db_guard(s.w.thread->db, true);
	assert_int_equal(db_run(s.w.thread->db, SQL_ADMIN_DISABLE, args, COUNT(args), &changed), ERR_INVALID);
	db_guard(s.w.thread->db, false);
	assert_int_equal(db_run(s.w.thread->db, SQL_ADMIN_DISABLE, args, COUNT(args), &changed), ERR_OK);
	scene_end(&s);
}

static const struct unguarded {
	enum sql query;
	const char *why;
} unguarded[] = {
	{ SQL_ACCOUNT_LOCK, "a lock changes nothing" },
	{ SQL_ACCOUNT_LOCK_AT_ONCE, "a lock changes nothing" },
	{ SQL_SESSION_LOCK, "a lock changes nothing" },
	{ SQL_AUDIT_INSERT, "a refused attempt is recorded in any case" },
	{ SQL_ALARM_RAISE, "the same" },
	{ SQL_SESSION_CLOCK, "changes nothing without the session's row" },
	{ SQL_SESSION_TOUCH, "changes nothing without the session's row" },
	{ SQL_SESSION_DELETE, "ends the session of the token" },
	{ SQL_THROTTLE_BOUND, "shortens a backoff" },
	{ SQL_GATE_TICKET_SPEND, "spends the ticket" },
	{ SQL_OIDC_SESSION_LOCK, "a lock changes nothing" },
	{ SQL_OIDC_GRANT_LOCK, "a lock changes nothing" },
	{ SQL_SCHEMA_OBJECTS, "only reads, though its text for PostgreSQL begins with WITH" },
};

static void
every_unguarded_statement_is_listed(void **state)
{
	for (unsigned query = 0; query < SQL_COUNT; query++) {
		bool known = sql_queries[query].reads;
		for (size_t i = 0; i < COUNT(unguarded); i++)
			known = known || unguarded[i].query == query;
		if (sql_queries[query].unguarded != known)
			fail_msg("%s", sql_queries[query].name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_question_that_writes_by_its_session_is_tested),
		cmocka_unit_test(an_undisturbed_session_changes_something),
		cmocka_unit_test(a_session_that_ends_meanwhile_changes_nothing),
		cmocka_unit_test(data_does_not_change_after_an_acknowledged_end),
		cmocka_unit_test(a_session_end_committed_during_the_lock_wait_counts),
		cmocka_unit_test(a_guarded_connection_changes_nothing),
		cmocka_unit_test(every_unguarded_statement_is_listed),
	};

	int failed = cmocka_run_group_tests_name("keeper ended", tests, harness_setup, harness_teardown);
	EVP_PKEY_free(passkey.key);
	step_wipe(&page);
	return failed;
}
