/* The lifetime of sessions, the ways in which they end, and revoked tokens. */
#include "keeper/harness.h"

#include "base/digest.h"
#include "keeper/core/audit.h"
#include "keeper/session/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static bool
was_notified(const struct world *w, const struct token *token)
{
	struct token hash;

	if (digest_sha256(str_bytes(token->b, TOKEN_BYTES), hash.b) != ERR_OK)
		abort();
	for (size_t i = 0; i < w->ended_count && i < ENDED_MAX; i++)
		if (memcmp(&w->ended[i], &hash, sizeof(hash)) == 0)
			return true;
	return false;
}

static void
assert_dead(struct world *w, const struct token *token)
{
	struct browser old = { .token = *token };

	assert_verdict(ask(w, &old, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	assert_int_equal(old.head.state, STATE_NONE);
	assert_int_equal(old.head.account_id, 0);
	assert_true(was_notified(w, token));
}

static void
every_change_of_state_replaces_the_token(void **state)
{
	struct world w;
	struct browser b = { 0 };

	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	assert_verdict(ask(&w, &b, QUESTION_ENROL, NULL), VERDICT_PASSED);
	struct token enrolling = b.token;
	assert_verdict(do_verify(&w, &b, code_of(b.secret, 0).z), VERDICT_PASSED);
	assert_dead(&w, &enrolling);
	struct token full = b.token;
	assert_true(b.head.account_id != 0 && b.head.account_id == sql_number(&w, "SELECT id FROM accounts"));
	assert_verdict(ask(&w, &b, QUESTION_SIGN_OUT, NULL), VERDICT_PASSED);
	assert_dead(&w, &full);
	b.token = full; /* a second time: no session, so no audit row */
	ask(&w, &b, QUESTION_SIGN_OUT, NULL);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'signout.done'"), 1);
	memset(&b.token, 0, sizeof(b.token));
	clock_forward(MINUTES_US(1));
	assert_verdict(do_sign_in(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	struct token pending = b.token;
	assert_verdict(do_verify(&w, &b, code_of(b.secret, 0).z), VERDICT_PASSED);
	assert_dead(&w, &pending);
	world_end(&w);
}

static void
ending_other_sessions_keeps_the_current_one(void **state)
{
	struct world w;
	struct browser b, other = { 0 };

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	const struct session_end_body own = { .id = sql_number(&w, "SELECT id FROM sessions") };
	assert_verdict(do_sign_in(&w, &other, "alice", PASSWORD), VERDICT_PASSED);
	const struct session_end_body others = { .id =
						     sql_number(&w, "SELECT id FROM sessions WHERE factor_at_us = 0") };
	/* SESSION_END refuses the session that asks; SIGN_OUT ends it. */
	assert_verdict(ask(&w, &b, QUESTION_SESSION_END, &own), VERDICT_REFUSED);
	assert_verdict(ask(&w, &b, QUESTION_SESSION, NULL), VERDICT_PASSED);
	assert_int_equal(b.head.state, STATE_FULL);
	assert_true(own.id != others.id);
	assert_verdict(ask(&w, &b, QUESTION_SESSION_END, &others), VERDICT_PASSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions"), 1);
	world_end(&w);
}

static void
signing_in_ends_the_session_whose_token_was_presented(void **state)
{
	struct world w;
	struct browser b, other;

	world_new(&w);
	bring_to(&w, &other, "robert", STATE_ENROLLING);
	bring_to(&w, &b, "alice", STATE_PENDING);
	struct token pending = b.token;
	assert_verdict(do_sign_in(&w, &b, "robert", "wrong password"), VERDICT_REFUSED);
	assert_int_equal(b.head.state, STATE_PENDING); /* a wrong attempt does not end the session */
	assert_verdict(do_sign_in(&w, &b, "robert", PASSWORD), VERDICT_PASSED);
	assert_string_equal(b.name, "robert");
	assert_dead(&w, &pending);
	world_end(&w);
}

/* state, time without questions, state after that */
static const struct {
	enum session_state state;
	int64_t after_us;
	enum session_state then;
	const char *why;
} ends[] = {
	{ STATE_PENDING, MINUTES_US(10) - SECONDS_US(5), STATE_PENDING, "pending for less than ten minutes" },
	{ STATE_PENDING, MINUTES_US(10), STATE_NONE, "pending for ten minutes" },
	{ STATE_ENROLLING, MINUTES_US(59), STATE_ENROLLING, "enrolling for longer than ten minutes" },
	{ STATE_ENROLLING, MINUTES_US(60), STATE_NONE, "enrolling, idle for an hour" },
	{ STATE_FULL, MINUTES_US(57), STATE_FULL, "within the idle time" },
	{ STATE_FULL, MINUTES_US(60), STATE_NONE, "idle for an hour" },
};

static void
a_session_expires_and_stays_expired(void **state)
{
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct world w;
		struct browser b;
		world_new(&w);
		bring_to(&w, &b, "alice", ends[i].state);
		clock_forward(ends[i].after_us);
		ask(&w, &b, QUESTION_SESSION, NULL);
		if (b.head.state != ends[i].then)
			fail_msg("%s: %s", ends[i].why, session_state_name(b.head.state));
		clock_forward(-ends[i].after_us);
		ask(&w, &b, QUESTION_SESSION, NULL);
		if (ends[i].then == STATE_NONE && b.head.state != STATE_NONE)
			fail_msg("%s: valid again after the clock was set back", ends[i].why);
		world_end(&w);
	}
}

static void
questions_extend_a_session_up_to_its_lifetime(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (int minutes = 2; minutes + 50 < 24 * 60; minutes += 50) {
		clock_forward(MINUTES_US(50));
		assert_verdict(ask(&w, &b, QUESTION_SESSION, NULL), VERDICT_PASSED);
		assert_true(b.head.expires_us <= clock_us() + MINUTES_US(60));
	}
	clock_forward(MINUTES_US(50));
	assert_verdict(ask(&w, &b, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	world_end(&w);
}

static void
a_session_is_touched_at_most_once_a_minute(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	ask(&w, &b, QUESTION_SESSION, NULL);
	int64_t seen = sql_number(&w, "SELECT seen_at_us FROM sessions");
	clock_forward(SECONDS_US(50));
	ask(&w, &b, QUESTION_SESSION, NULL);
	assert_int_equal(sql_number(&w, "SELECT seen_at_us FROM sessions"), seen);
	clock_forward(SECONDS_US(11));
	ask(&w, &b, QUESTION_SESSION, NULL);
	assert_true(sql_number(&w, "SELECT seen_at_us FROM sessions") >= seen + SECONDS_US(60));
	world_end(&w);
}

/* With any SESSION_IDLE, a session does not expire when its questions are less than 29/30 of it apart. */
static void
a_session_with_recent_questions_does_not_expire(void **state)
{
	static const struct {
		int64_t idle_s, every_s;
		const char *why;
	} cases[] = {
		{ 60, 15, "the shortest SESSION_IDLE, asked four times in it" },
		{ 60, 58, "the shortest SESSION_IDLE, asked just in time" },
		{ 90, 31, "a minute and a half, asked after 31 seconds" },
		{ 10 * 60, 9 * 60 + 40, "ten minutes" },
		{ 30 * 60, 29 * 60, "the default" },
		{ 24 * 3600, 23 * 3600, "a day" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct world w;
		struct browser b;
		world_make(&w);
		w.config.session_idle_us = MINUTES_US(60);
		w.config.session_lifetime_us = MINUTES_US(100 * 24 * 60);
		world_open(&w);
		bring_to(&w, &b, "alice", STATE_FULL);
		ask(&w, &b, QUESTION_SESSION, NULL);
		w.config.session_idle_us = SECONDS_US(cases[i].idle_s);
		for (int n = 0; n < 12; n++) {
			clock_forward(SECONDS_US(
			    n % 3 == 0 ? 1 : cases[i].every_s)); /* a question shortly before each long pause, too */
			if (ask(&w, &b, QUESTION_SESSION, NULL) != VERDICT_PASSED)
				fail_msg("%s: the session ended at question %d", cases[i].why, n);
		}
		clock_forward(SECONDS_US(cases[i].idle_s));
		assert_verdict(ask(&w, &b, QUESTION_SESSION, NULL), VERDICT_REFUSED);
		world_end(&w);
	}
}

static void
activity_is_not_written_at_every_question(void **state)
{
	static const struct {
		int64_t idle_s, since_s;
		bool due;
		const char *why;
	} cases[] = {
		{ 60, 1, false, "a second is less than a thirtieth of a minute" },
		{ 60, 2, true, "two seconds are a thirtieth of a minute" },
		{ 900, 29, false, "less than a thirtieth of a quarter of an hour" },
		{ 900, 30, true, "a thirtieth of a quarter of an hour" },
		{ 1800, 59, false, "less than a thirtieth of half an hour" },
		{ 1800, 60, true, "a thirtieth of half an hour" },
		{ 86400, 59, false, "less than a minute, for a day" },
		{ 86400, 60, true, "a minute, for a day" },
		{ 86400, -60, false, "the clock was set back" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct config config = { .session_idle_us = SECONDS_US(cases[i].idle_s) };
		const struct session s = { .id = 1, .seen_us = SECONDS_US(1000000) };
		if (session_touch_due(&s, &config, SECONDS_US(1000000 + cases[i].since_s)) != cases[i].due)
			fail_msg("%s", cases[i].why);
	}
}

static void
a_disabled_account_has_no_session(void **state)
{
	struct world w;
	struct browser b, pending;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	bring_to(&w, &pending, "robert", STATE_PENDING);
	sql_run(&w, "UPDATE accounts SET disabled_at_us = 1");
	assert_verdict(ask(&w, &b, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	assert_verdict(do_verify(&w, &pending, code_of(pending.secret, 0).z), VERDICT_STATE);
	sql_run(&w, "UPDATE accounts SET disabled_at_us = NULL");
	assert_verdict(ask(&w, &b, QUESTION_SESSION, NULL), VERDICT_REFUSED); /* the session stays ended */
	world_end(&w);
}

static void
ending_one_session_keeps_the_others(void **state)
{
	struct world w;
	struct browser one, two = { 0 };

	world_new(&w);
	bring_to(&w, &one, "alice", STATE_FULL);
	assert_verdict(do_sign_in(&w, &two, "alice", PASSWORD), VERDICT_PASSED);
	assert_verdict(do_verify(&w, &two, code_of(one.secret, 0).z), VERDICT_PASSED);
	assert_verdict(ask(&w, &one, QUESTION_SIGN_OUT, NULL), VERDICT_PASSED);
	assert_verdict(ask(&w, &two, QUESTION_SESSION, NULL), VERDICT_PASSED);
	assert_int_equal(two.head.state, STATE_FULL);
	world_end(&w);
}

static void
purging_deletes_expired_sessions_only(void **state)
{
	struct world w;
	struct browser full, pending, enrolling;

	sqlite_only();
	world_new(&w);
	bring_to(&w, &full, "full", STATE_FULL);
	bring_to(&w, &pending, "pending", STATE_PENDING);
	sql_run(&w,
		"DELETE FROM sessions WHERE factor_at_us <> 0 AND account_id = (SELECT id FROM accounts WHERE name = "
		"'pending')");
	bring_to(&w, &enrolling, "enrolling", STATE_ENROLLING);
	purge_all(&w);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions"), 3);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors"), 3);
	clock_forward(MINUTES_US(11));
	purge_all(&w);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions"), 2);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors"), 2);
	clock_forward(MINUTES_US(60));
	purge_all(&w);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions"), 0);
	sql_run(
	    &w,
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO sessions (id, "
	    "token_hash, account_id, created_at_us, seen_at_us, password_at_us, address, agent) SELECT i, "
	    "randomblob(32), (SELECT min(id) FROM accounts), 1, 1, 1, '', '' FROM n");
	purge_all(&w);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions"), 0);
	world_end(&w);
}

/* --- deletion of rows --------------------------------------------------------------------------------------------- */

static const struct {
	enum session_state state;
	int64_t gated, password, seen, created; /* minutes ago; gated 0: never */
	bool stays;
	const char *why;
	bool remembered;
} rows[] = {
	/* idle 60, lifetime 1440 */
	{ STATE_PENDING, 0, 9, 9, 9, true, "pending" },
	{ STATE_PENDING, 0, 11, 0, 11, false, "pending for too long" },
	{ STATE_PENDING, 11, 11, 0, 11, true, "pending for too long, but used by an application" },
	{ STATE_PENDING, 11, 11, 59, 11, true, "used by an application, idle for 59 minutes" },
	{ STATE_PENDING, 61, 61, 61, 61, false, "used by an application, idle" },
	{ STATE_PENDING, 1441, 1441, 0, 1441, false, "used by an application, older than the lifetime" },
	{ STATE_ENROLLING, 0, 11, 0, 11, true, "enrolling is not limited to ten minutes" },
	{ STATE_ENROLLING, 0, 61, 61, 61, false, "enrolling, idle" },
	{ STATE_FULL, 0, 61, 0, 61, true, "signed in" },
	{ STATE_FULL, 0, 61, 61, 61, false, "signed in, idle" },
	{ STATE_FULL, 0, 1441, 0, 1441, false, "signed in, older than the lifetime" },
	/* SESSION_REMEMBER 43200 */
	{ STATE_FULL, 0, 43199, 43199, 43199, true, "remembered, idle for nearly all its time", true },
	{ STATE_FULL, 0, 43201, 0, 43201, false, "remembered, older than SESSION_REMEMBER", true },
};

/* Whether the row of a session of a new account is kept. */
static bool
row_stays(struct world *w, size_t i, bool purge)
{
	struct browser b;
	char name[24], sql[400];
	int64_t now_us;

	snprintf(name, sizeof(name), "anna-%zu-%d", i, purge);
	bring_to(w, &b, name, rows[i].state);
	now_us = clock_us();
	if (rows[i].state == STATE_PENDING)
		sql_run(w, "DELETE FROM sessions WHERE factor_at_us <> 0");
	snprintf(sql, sizeof(sql),
		 "UPDATE sessions SET gated_at_us = %" PRId64 ", password_at_us = %" PRId64 ", seen_at_us = %" PRId64
		 ", created_at_us = %" PRId64 ", remembered = %d",
		 rows[i].gated == 0 ? 0 : now_us - MINUTES_US(rows[i].gated), now_us - MINUTES_US(rows[i].password),
		 now_us - MINUTES_US(rows[i].seen), now_us - MINUTES_US(rows[i].created), rows[i].remembered);
	sql_run(w, sql);
	if (purge)
		purge_all(w);
	else
		ask(w, &b, QUESTION_SESSION, NULL);
	bool stays = sql_number(w, "SELECT count(*) FROM sessions") == 1;
	sql_run(w, "DELETE FROM sessions");
	return stays;
}

static void
a_page_deletes_the_same_sessions_as_the_purge(void **state)
{
	struct world w;

	world_new(&w);
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int purge = 0; purge < 2; purge++)
			if (row_stays(&w, i, purge == 1) != rows[i].stays)
				fail_msg("%s, %s: %s", rows[i].why, purge == 1 ? "purged" : "asked",
					 rows[i].stays ? "deleted" : "still there");
	world_end(&w);
}

static void
the_form_key_follows_the_master_key(void **state)
{
	struct world w, other;
	struct token one, again, another;

	world_new(&w);
	assert_int_equal(keeper_form_key(w.keeper, &one), ERR_OK);
	world_close(&w);
	world_open(&w);
	assert_int_equal(keeper_form_key(w.keeper, &again), ERR_OK);
	assert_memory_equal(&one, &again, sizeof(one));
	world_make(&other);
	other.config.secret_key[0] ^= 1;
	world_open(&other);
	assert_int_equal(keeper_form_key(other.keeper, &another), ERR_OK);
	assert_memory_not_equal(&one, &another, sizeof(one));
	world_end(&other);
	world_end(&w);
}

/* --- the decision ------------------------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
	int64_t id, seen, created, password, verified, active;
	bool disabled;
	int64_t recovered;
	enum session_state state;
	int64_t expires;
	const char *why;
} decisions[] = { /* times in minutes, now is 2000; idle 60, lifetime 1440; ids of factors */
	{ 0, 2000, 2000, 2000, 0, 0, false, 0, STATE_NONE, 0, "no row" },
	{ 1, 2000, 2000, 2000, 0, 0, false, 0, STATE_ENROLLING, 2060, "no factor yet" },
	{ 1, 2000, 1900, 1900, 0, 0, false, 0, STATE_ENROLLING, 2060, "enrolling is not limited to ten minutes" },
	{ 1, 2000, 2000, 2000, 0, 7, false, 0, STATE_PENDING, 2010, "a factor without proof" },
	{ 1, 2000, 1991, 1991, 0, 7, false, 0, STATE_PENDING, 2001, "a minute of the ten is left" },
	{ 1, 2000, 1990, 1990, 0, 7, false, 0, STATE_NONE, 0, "ten minutes are over" },
	{ 1, 2000, 1990, 1990, 7, 7, false, 0, STATE_FULL, 2060, "proved" },
	{ 1, 2000, 1000, 1000, 7, 7, false, 0, STATE_FULL, 2060, "verified long ago, not idle" },
	{ 1, 2000,  570,  570, 7, 7, false, 0, STATE_FULL, 2010, "the end of the lifetime comes before the idle timeout" },
	{ 1, 2000,  560,  560, 7, 7, false, 0, STATE_NONE, 0, "the lifetime is over" },
	{ 1, 1941, 1900, 1900, 7, 7, false, 0, STATE_FULL, 2001, "idle for 59 minutes" },
	{ 1, 1940, 1900, 1900, 7, 7, false, 0, STATE_NONE, 0, "idle for 60 minutes" },
	{ 1, 2000, 2000, 2000, 6, 7, false, 0, STATE_NONE, 0, "the verified factor is disabled or removed, another exists" },
	{ 1, 2000, 2000, 2000, 7, 0, false, 0, STATE_NONE, 0, "the verified factor is removed" },
	{ 1, 2000, 2000, 2000, 7, 7, true, 0, STATE_NONE, 0, "disabled" },
	{ 1, 2000, 2000, 2000, 0, 0, true, 0, STATE_NONE, 0, "disabled before enrolling" },
	{ 1, 2000, 2000, 2000, 0, 7, false, 2000, STATE_FULL, 2060, "a recovery code" },
	{ 1, 2000, 2000, 2000, 0, 0, false, 2000, STATE_NONE, 0, "a recovery code, and no factor" },
	{ 1, 2000, 2000, 2000, 0, 7, true, 2000, STATE_NONE, 0, "a recovery code, and disabled" },
};
/* clang-format on */

/* Pending sessions of the only account, each older than the one before. */
static void
make_waiting(struct world *w, int count)
{
	char sql[700];

	snprintf(sql, sizeof(sql),
		 "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
		 "INSERT INTO sessions (id, token_hash, account_id, created_at_us, seen_at_us, password_at_us, "
		 "address, agent) "
		 "SELECT i, randomblob(32), s.account_id, s.created_at_us - i * 1000, s.seen_at_us, s.password_at_us, "
		 "'', '' "
		 "FROM n, (SELECT * FROM sessions LIMIT 1) s",
		 count);
	sql_run(w, sql);
}

static void
an_accounts_pending_sessions_are_bounded_oldest_first(void **state)
{
	const struct password_body change = { STR(PASSWORD), STR("trombone sobre 1742"), STR("trombone sobre 1742") };
	struct world w;
	struct browser owner = { 0 }, thief = { 0 };

	sqlite_only();
	world_new(&w);
	bring_to(&w, &owner, "alice", STATE_FULL);
	make_waiting(&w, SESSION_WAITING_MAX + 150);
	assert_verdict(do_sign_in(&w, &thief, "alice", PASSWORD), VERDICT_PASSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions WHERE factor_at_us = 0"),
			 SESSION_WAITING_MAX + 51);
	assert_verdict(do_sign_in(&w, &thief, "alice", PASSWORD), VERDICT_PASSED);
	assert_verdict(do_sign_in(&w, &(struct browser){ 0 }, "alice", PASSWORD), VERDICT_PASSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions WHERE factor_at_us = 0"), SESSION_WAITING_MAX);
	assert_int_equal(sql_number(&w, "SELECT max(id) FROM sessions WHERE id < 10000"), SESSION_WAITING_MAX - 2);
	assert_verdict(ask(&w, &thief, QUESTION_SESSION, NULL), VERDICT_PASSED);
	/* A new password ends all other sessions. */
	assert_verdict(ask(&w, &owner, QUESTION_PASSWORD, &change), VERDICT_PASSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions"), 1);
	world_end(&w);
}

/* An attacker with the password cannot evict the owner's pending session, which is at another address. */
static void
pending_sessions_are_evicted_at_the_busiest_address(void **state)
{
	struct world w;
	struct browser owner = { .address = "198.51.100.1" }, thief = { .address = "192.0.2.66" };

	sqlite_only();
	world_new(&w);
	bring_to(&w, &owner, "alice", STATE_PENDING);
	sql_run(&w, "UPDATE sessions SET created_at_us = created_at_us - 1000000000"); /* older than all the others */
	make_waiting(&w, SESSION_WAITING_MAX);
	for (int i = 0; i < 3; i++)
		assert_verdict(do_sign_in(&w, &thief, "alice", PASSWORD), VERDICT_PASSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions WHERE factor_at_us = 0"), SESSION_WAITING_MAX);
	assert_verdict(ask(&w, &owner, QUESTION_SESSION, NULL), VERDICT_PASSED);
	world_end(&w);
}

static void
a_user_agent_is_stored_as_harmless_text(void **state)
{
	static const struct {
		str text, expected;
	} cases[] = {
		{ STR_INIT("Mozilla/5.0 (é)"), STR_INIT("Mozilla/5.0 (é)") },
		{ STR_INIT("a\x1b[2J\x7f\nb"), STR_INIT("a?[2J??b") },
		{ STR_INIT("a\xc2\x9b"
			   "2Jb"),
		  STR_INIT("a?2Jb") },
		{ STR_INIT("a\xe2\x80\xae"
			   "b"),
		  STR_INIT("a?b") },
		{ STR_INIT("\xc3\xa9\xff"), STR_INIT("\xc3\xa9?") },
		{ STR_INIT(""), STR_INIT("") },
	};
	CLEANUP(arena_wipe) struct arena arena = ARENA(4096);

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_true(str_equal(audit_text(&arena, cases[i].text), cases[i].expected));
}

static void
session_state_follows_from_the_proofs_and_their_age(void **state)
{
	const struct config config = { .session_idle_us = MINUTES_US(60), .session_lifetime_us = MINUTES_US(1440) };

	for (size_t i = 0; i < COUNT(decisions); i++) {
		bool stands = decisions[i].verified != 0 && decisions[i].verified == decisions[i].active;
		const struct session_basis_row row = { .id = decisions[i].id,
						       .seen_at_us = MINUTES_US(decisions[i].seen),
						       .created_at_us = MINUTES_US(decisions[i].created),
						       .password_at_us = MINUTES_US(decisions[i].password),
						       .factor_id = decisions[i].verified,
						       .factor_kind = stands ? STR("totp") : STR(""),
						       .factor_since_us = decisions[i].active != 0,
						       .recovered_at_us = decisions[i].recovered,
						       .account_disabled = decisions[i].disabled };
		struct session s = session_from_basis(&row);
		session_decide(&s, &config, MINUTES_US(2000));
		if (s.state != decisions[i].state || s.expires_us != MINUTES_US(decisions[i].expires))
			fail_msg("%s: %s until minute %d", decisions[i].why, session_state_name(s.state),
				 (int)(s.expires_us / MINUTES_US(1)));
	}
}

static void
closing_an_account_requires_its_user_name(void **state)
{
	static const struct {
		str typed;
		uint32_t problem;
	} refused[] = {
		{ STR_INIT(""), PROBLEM_MISSING },      { STR_INIT(" "), PROBLEM_MISSING },
		{ STR_INIT("bob"), PROBLEM_WRONG },     { STR_INIT("alic"), PROBLEM_WRONG },
		{ STR_INIT("alice2"), PROBLEM_WRONG },  { STR_INIT("alice bob"), PROBLEM_WRONG },
		{ STR_INIT("alice\0"), PROBLEM_WRONG }, { STR_INIT("\xff"), PROBLEM_WRONG },
	};
	const struct close_body spelled = { STR_INIT(" ALICE "), STR_INIT(PASSWORD) };
	struct world w;
	struct browser b, bob;

	world_new(&w);
	bring_to(&w, &bob, "bob", STATE_FULL);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (size_t i = 0; i < COUNT(refused); i++) {
		const struct close_body close_it = { refused[i].typed, STR("a wrong password") };
		assert_verdict(ask(&w, &b, QUESTION_CLOSE, &close_it), VERDICT_PROBLEMS);
		assert_int_equal(b.problems.username, refused[i].problem);
		assert_int_equal(b.problems.current, PROBLEM_NONE); /* the password was not checked: no lockout */
	}
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM accounts"), 2);
	assert_verdict(ask(&w, &b, QUESTION_CLOSE, &spelled), VERDICT_PASSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM accounts"), 1);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(session_state_follows_from_the_proofs_and_their_age),
		cmocka_unit_test(every_change_of_state_replaces_the_token),
		cmocka_unit_test(ending_other_sessions_keeps_the_current_one),
		cmocka_unit_test(signing_in_ends_the_session_whose_token_was_presented),
		cmocka_unit_test(a_session_expires_and_stays_expired),
		cmocka_unit_test(questions_extend_a_session_up_to_its_lifetime),
		cmocka_unit_test(a_session_is_touched_at_most_once_a_minute),
		cmocka_unit_test(a_session_with_recent_questions_does_not_expire),
		cmocka_unit_test(activity_is_not_written_at_every_question),
		cmocka_unit_test(a_page_deletes_the_same_sessions_as_the_purge),
		cmocka_unit_test(a_disabled_account_has_no_session),
		cmocka_unit_test(ending_one_session_keeps_the_others),
		cmocka_unit_test(purging_deletes_expired_sessions_only),
		cmocka_unit_test(the_form_key_follows_the_master_key),
		cmocka_unit_test(an_accounts_pending_sessions_are_bounded_oldest_first),
		cmocka_unit_test(pending_sessions_are_evicted_at_the_busiest_address),
		cmocka_unit_test(a_user_agent_is_stored_as_harmless_text),
		cmocka_unit_test(closing_an_account_requires_its_user_name),
	};

	return cmocka_run_group_tests_name("keeper sessions", tests, harness_setup, harness_teardown);
}
