/*
 * The proofs of a session and the kinds of factors: keeper/core/proof.h, keeper/core/factor_kind.h.
 *
 * A letter stands for a proof: p password, r recovery code, t TOTP, g a removed factor.  k and K are passkeys.  v and V
 * are passkeys that verified their user.  Those with capitals may be synced.
 */
#include "keeper/harness.h"

#include "keeper/factor/attempt.h"
#include "keeper/keys/sealing.h"
#include "keeper/session/session.h"
#include "keeper/core/call.h"

static struct proof
proof_of(char letter)
{
	switch (letter) {
	case 'p':
		return (struct proof){ .kind = &factor_kind_password, .at_us = 1 };
	case 'r':
		return (struct proof){ .kind = &factor_kind_recovery, .at_us = 2 };
	case 't':
		return (struct proof){ .kind = &factor_kind_totp, .at_us = 3, .factor_id = 7 };
	case 'k':
		return (struct proof){ .kind = &factor_kind_passkey, .at_us = 4, .factor_id = 8 };
	case 'v':
		return (
		    struct proof){ .kind = &factor_kind_passkey, .at_us = 5, .factor_id = 8, .user_verified_us = 4 };
	case 'K':
		return (struct proof){ .kind = &factor_kind_passkey, .at_us = 4, .factor_id = 8, .synced = true };
	case 'V':
		return (struct proof){
			.kind = &factor_kind_passkey, .at_us = 5, .factor_id = 8, .user_verified_us = 5, .synced = true
		};
	default:
		return (struct proof){ .kind = NULL, .at_us = 6, .factor_id = 9 };
	}
}

static struct proofs
proofs_of(const char *letters)
{
	struct proofs proofs = { .n = 0 };

	for (; *letters != '\0'; letters++)
		proofs_add(&proofs, proof_of(*letters));
	return proofs;
}

/* clang-format off */
static const struct {
	const char *proofs;
	enum session_state unenrolled, enrolled;
} states[] = {
	{ "",     STATE_NONE,      STATE_NONE },
	{ "p",    STATE_ENROLLING, STATE_PENDING },
	{ "r",    STATE_NONE,      STATE_NONE },
	{ "pr",   STATE_NONE,      STATE_FULL },
	{ "t",    STATE_NONE,      STATE_NONE },
	{ "pt",   STATE_NONE,      STATE_FULL },
	{ "rt",   STATE_NONE,      STATE_NONE },
	{ "prt",  STATE_NONE,      STATE_FULL },
	{ "g",    STATE_NONE,      STATE_NONE },
	{ "pg",   STATE_NONE,      STATE_NONE }, /* not PENDING, because its factor was removed */
	{ "rg",   STATE_NONE,      STATE_NONE },
	{ "prg",  STATE_NONE,      STATE_FULL },
	{ "k",    STATE_NONE,      STATE_NONE }, /* possession alone is not enough */
	{ "pk",   STATE_NONE,      STATE_FULL },
	{ "rk",   STATE_NONE,      STATE_NONE }, /* both show possession */
	{ "prk",  STATE_NONE,      STATE_FULL },
	{ "tk",   STATE_NONE,      STATE_NONE },
	{ "ptk",  STATE_NONE,      STATE_FULL },
	{ "rtk",  STATE_NONE,      STATE_NONE },
	{ "prtk", STATE_NONE,      STATE_FULL },
	{ "gk",   STATE_NONE,      STATE_NONE },
	{ "pgk",  STATE_NONE,      STATE_FULL },
	{ "rgk",  STATE_NONE,      STATE_NONE },
	{ "prgk", STATE_NONE,      STATE_FULL },
	{ "v",    STATE_NONE,      STATE_FULL }, /* shows both */
	{ "pv",   STATE_NONE,      STATE_FULL },
	{ "rv",   STATE_NONE,      STATE_FULL },
	{ "prv",  STATE_NONE,      STATE_FULL },
	{ "tv",   STATE_NONE,      STATE_FULL },
	{ "ptv",  STATE_NONE,      STATE_FULL },
	{ "rtv",  STATE_NONE,      STATE_FULL },
	{ "prtv", STATE_NONE,      STATE_FULL },
	{ "gv",   STATE_NONE,      STATE_FULL },
	{ "pgv",  STATE_NONE,      STATE_FULL },
	{ "rgv",  STATE_NONE,      STATE_FULL },
	{ "prgv", STATE_NONE,      STATE_FULL },
};
/* clang-format on */

static void
check_state(const char *letters, bool enrolled, enum session_state expected)
{
	struct proofs proofs = proofs_of(letters);
	enum session_state found = proofs_state(&proofs, enrolled);

	if (found != expected)
		fail_msg("\"%s\", %s: %s", letters, enrolled ? "enrolled" : "not enrolled", session_state_name(found));
}

static void
each_combination_of_proofs_has_its_state(void **state)
{
	for (size_t i = 0; i < COUNT(states); i++) {
		check_state(states[i].proofs, false, states[i].unenrolled);
		check_state(states[i].proofs, true, states[i].enrolled);
	}
}

static bool
is_in_table(const char *letters)
{
	for (size_t i = 0; i < COUNT(states); i++)
		if (strcmp(states[i].proofs, letters) == 0)
			return true;
	return false;
}

/* The combinations: with or without p, with or without r, at most one of t and g, at most one of k and v. */
static void
the_table_of_states_has_each_combination(void **state)
{
	static const char *const passwords[] = { "", "p" }, *const recoveries[] = { "", "r" };
	static const char *const factors[] = { "", "t", "g" }, *const keys[] = { "", "k", "v" };
	char letters[5];

	assert_int_equal(COUNT(states), 2 * 2 * 3 * 3);
	for (unsigned n = 0; n < COUNT(states); n++) {
		snprintf(letters, sizeof(letters), "%s%s%s%s", passwords[n % 2], recoveries[n / 2 % 2],
			 factors[n / 4 % 3], keys[n / 12]);
		if (!is_in_table(letters))
			fail_msg("\"%s\" is not in the table", letters);
	}
}

static void
the_order_of_proofs_changes_nothing(void **state)
{
	for (size_t i = 0; i < COUNT(states); i++) {
		char letters[5] = "";
		size_t n = strlen(states[i].proofs);
		for (size_t j = 0; j < n; j++)
			letters[j] = states[i].proofs[n - 1 - j];
		check_state(letters, true, states[i].enrolled);
	}
}

#define REFEDS_MFA "https://refeds.org/profile/mfa"

static void
references_and_class_follow_the_valid_proofs(void **state)
{
	static const struct {
		const char *proofs;
		bool enrolled;
		const char *amr, *acr, *why;
	} cases[] = {
		{ "v", true, "pop user mfa ", "phr", "a passkey alone" },
		{ "V", true, "pop user swk mfa ", "phr", "a synced passkey alone" },
		{ "pk", true, "pwd pop mfa ", "phr", "password and passkey, user not verified" },
		{ "pv", true, "pwd pop user mfa ", "phr", "password and passkey, user verified" },
		{ "pK", true, "pwd pop swk mfa ", "phr", "password and a synced passkey" },
		{ "pt", true, "pwd otp mfa ", REFEDS_MFA, "password and code" },
		{ "pr", true, "pwd otp mfa ", REFEDS_MFA, "password and recovery code" },
		{ "prt", true, "pwd otp mfa ", REFEDS_MFA, "both codes" },
		{ "ptv", true, "pwd otp pop user mfa ", "phr", "a code, then a passkey" },
		{ "p", true, "pwd ", "", "a password" },
		{ "p", false, "pwd ", "", "a password, before the set-up" },
		{ "k", true, "pop ", "", "a passkey that did not verify its user" },
		{ "pg", true, "pwd ", "", "the factor was removed" },
		{ "prg", true, "pwd otp mfa ", REFEDS_MFA, "the factor was removed after a recovery" },
		{ "pt", false, "pwd ", "", "all factors were removed" },
		{ "v", false, "", "", "all passkeys were removed" },
		{ "", true, "", "", "nothing" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct proofs proofs = proofs_of(cases[i].proofs);
		struct amr amr = proofs_amr(&proofs, cases[i].enrolled);
		const char *acr = proofs_acr(&proofs, cases[i].enrolled);
		char text[64] = "";
		for (size_t j = 0; j < amr.n; j++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ", amr.values[j]);
		if (strcmp(text, cases[i].amr) != 0 || strcmp(acr, cases[i].acr) != 0)
			fail_msg("%s: %s%s", cases[i].why, text, acr);
	}
}

static void
a_proof_is_found_by_kind_of_evidence_and_by_factor(void **state)
{
	struct proofs full = proofs_of("pt"), key = proofs_of("v"), gone = proofs_of("pg"), recovered = proofs_of("pr");

	assert_int_equal(proofs_newest_us(&full, SHOWS_KNOWLEDGE), 1);
	assert_int_equal(proofs_newest_us(&full, SHOWS_POSSESSION), 3);
	assert_int_equal(proofs_newest_us(&key, SHOWS_KNOWLEDGE), 4); /* a code renewed possession only */
	assert_int_equal(proofs_newest_us(&key, SHOWS_POSSESSION), 5);
	assert_int_equal(proofs_newest_us(&gone, SHOWS_POSSESSION), 0);
	assert_true(proofs_have_factor(&full, 7));
	assert_true(proofs_have_factor(&gone, 9));
	assert_false(proofs_have_factor(&full, 8));
	assert_false(proofs_have_factor(&full, 0)); /* a proof of the password has factor id 0 */
	assert_true(proofs_have_password(&full));
	assert_false(proofs_have_password(&key));
	assert_true(proofs_recovered(&recovered));
	assert_false(proofs_recovered(&full));
	assert_false(proofs_recovered(&gone));
}

static void
proofs_beyond_the_maximum_are_dropped(void **state)
{
	struct proofs proofs = proofs_of("prtkv");

	assert_int_equal(proofs.n, PROOFS_MAX);
}

/* --- the kinds ---------------------------------------------------------------------------------------------------- */

/* A kind that is enrolled by a code has all functions for it; other kinds have none. Passkeys have other questions. */
static void
check_enrolled(const struct factor_kind *kind)
{
	bool enrolled = kind->begin != NULL;

	assert_int_equal(kind->challenge != NULL, enrolled);
	assert_int_equal(kind->confirm != NULL, enrolled);
	assert_int_equal(kind->sealing_purpose != NULL, enrolled || kind == &factor_kind_passkey);
	assert_int_equal(kind->row_wrong != NULL, kind->sealing_purpose != NULL);
	assert_true(kind->verify != NULL || !enrolled);
	assert_true(enrolled || !kind->guessable);
	assert_ptr_equal(factor_kind_named(str_of(kind->name)), kind->sealing_purpose != NULL ? kind : NULL);
}

static void
check_verified(const struct factor_kind *kind)
{
	bool verified = kind->verify != NULL;

	assert_int_equal(kind->read != NULL, verified);
	assert_int_equal(kind->count != NULL, verified);
	assert_int_equal(kind->spend != NULL, verified);
	assert_int_equal(kind->why_wrong != REASON_UNKNOWN, verified || kind == &factor_kind_passkey);
	assert_int_equal(kind->why_spent != REASON_UNKNOWN, verified || kind == &factor_kind_passkey);
	assert_true(!verified || (kind->passed != 0 && kind->stepped_up != 0));
	assert_true(!verified || kind->begin != NULL || kind->recovers); /* else no column could store its proof */
}

/* The column recovered_at_us does not store a kind, so only one kind may recover. */
static void
only_recovery_codes_recover(void **state)
{
	for (size_t i = 0; i < FACTOR_KINDS_COUNT; i++)
		assert_int_equal(factor_kinds[i]->recovers, factor_kinds[i] == &factor_kind_recovery);
}

static void
each_kind_has_all_functions_of_its_abilities(void **state)
{
	for (size_t i = 0; i < FACTOR_KINDS_COUNT; i++) {
		const struct factor_kind *kind = factor_kinds[i];
		assert_true(kind->name[0] != '\0' && kind->amr[0] != '\0');
		assert_true(kind->shows == SHOWS_KNOWLEDGE || kind->shows == SHOWS_POSSESSION);
		check_enrolled(kind);
		check_verified(kind);
	}
	assert_non_null(factor_kind_default()->begin);
}

static void
no_two_kinds_share_a_name_or_a_purpose(void **state)
{
	for (size_t i = 0; i < FACTOR_KINDS_COUNT; i++)
		for (size_t j = 0; j < i; j++) {
			const struct factor_kind *a = factor_kinds[i], *b = factor_kinds[j];
			assert_string_not_equal(a->name, b->name);
			if (a->sealing_purpose != NULL && b->sealing_purpose != NULL)
				assert_string_not_equal(a->sealing_purpose, b->sealing_purpose);
		}
}

/* A purpose too long for sealing would otherwise fail at the first enrolment only. */
static void
each_purpose_is_short_enough_for_sealing(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(4096);
	struct sealing sealing = { 0 };
	str sealed = { 0 }, opened = { 0 };

	assert_int_equal(sealing_setup(&sealing), ERR_OK);
	for (size_t i = 0; i < FACTOR_KINDS_COUNT; i++) {
		const struct sealed_for owner = { factor_kinds[i]->sealing_purpose, 1, 2 };
		if (owner.purpose == NULL)
			continue;
		assert_int_equal(sealing_seal(&sealing, &owner, STR("secret"), &arena, &sealed), ERR_OK);
		assert_int_equal(sealing_open(&sealing, &owner, sealed, &arena, &opened), ERR_OK);
	}
	sealing_wipe(&sealing);
}

static void
names_of_kinds_that_cannot_be_enrolled_are_refused(void **state)
{
	static const str names[] = { STR_INIT(""),       STR_INIT("TOTP"),     STR_INIT("tot"),     STR_INIT("totp "),
				     STR_INIT("passke"), STR_INIT("password"), STR_INIT("recovery") };

	for (size_t i = 0; i < COUNT(names); i++)
		if (factor_kind_named(names[i]) != NULL)
			fail_msg("%.*s", STR_ARG(names[i]));
}

/* --- with a database ---------------------------------------------------------------------------------------------- */

/* A newer version on the same database may store a kind that this version does not know, and must not use. */
static void
factors_of_an_unknown_kind_grant_no_access(void **state)
{
	struct world w;
	struct browser alice = { 0 };

	sqlite_only();
	world_new(&w);
	bring_to(&w, &alice, "alice", STATE_FULL);
	sql_run(&w, "PRAGMA ignore_check_constraints = 1; "
		    "UPDATE factors SET kind = 'later', digits = 8, secret_sealed = x'00'");
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors WHERE kind = 'later'"), 1);
	assert_verdict(ask(&w, &alice, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	assert_verdict(do_sign_in(&w, &alice, "alice", PASSWORD), VERDICT_PASSED);
	assert_int_equal(alice.head.state, STATE_PENDING); /* not ENROLLING, because the account has a factor */
	assert_verdict(do_verify(&w, &alice, code_of(alice.secret, 0).z), VERDICT_REFUSED);
	world_end(&w);
}

/*
 * Queries about many sessions decide by columns: factor_at_us = 0 (session_trim), with a factor of the account
 * (session_purge_pending).  This test writes each combination for each sort of account and compares with the decision.
 */
enum { ACCOUNT_OF_NOTHING = 1, ACCOUNT_WITH_FACTOR = 2, ACCOUNT_DISABLED_FACTOR = 3, ACCOUNTS_END };

static const struct {
	const char *why, *columns; /* factor_at_us, factor_id, recovered_at_us, user_verified_at_us */
	bool alone;                /* no password */
} facts[] = {
	{ "nothing", "0, NULL, 0, 0", false },
	{ "the account's factor", "%lld, s.account_id, 0, 0", false },
	{ "a removed factor", "%lld, 99, 0, 0", false },
	{ "a recovery code", "%lld, NULL, %lld, 0", false },
	{ "a passkey alone that verified its user", "%lld, s.account_id, 0, %lld", true },
	{ "a removed passkey alone", "%lld, 99, 0, %lld", true },
};

static void
accounts_write(struct world *w)
{
	for (int id = ACCOUNT_OF_NOTHING; id < ACCOUNTS_END; id++) {
		char sql[400];
		snprintf(
		    sql, sizeof(sql),
		    "INSERT INTO accounts (id, name, password_hash, created_at_us) VALUES (%d, 'account%d', '!', 1)",
		    id, id);
		sql_run(w, sql);
		snprintf(sql, sizeof(sql),
			 "INSERT INTO factors (id, account_id, kind, secret_sealed, created_at_us, confirmed_at_us, "
			 "disabled_at_us) SELECT %d, %d, 'totp', x'00', 1, 1, %s WHERE %d <> %d",
			 id, id, id == ACCOUNT_DISABLED_FACTOR ? "1" : "NULL", id, ACCOUNT_OF_NOTHING);
		sql_run(w, sql);
	}
}

/* The id is 100 * account + 10 * fact, plus 1 when the ten minutes after the password are over. */
static int64_t
session_write(struct world *w, int account, unsigned fact, bool over)
{
	int64_t id = 100 * account + 10 * (int)fact + over;
	long long now_us = clock_us(), password_us = now_us - (over ? PENDING_US : MINUTES_US(1));
	char columns[80], sql[500];

	snprintf(columns, sizeof(columns), facts[fact].columns, password_us, password_us);
	snprintf(sql, sizeof(sql),
		 "INSERT INTO sessions (id, token_hash, account_id, created_at_us, seen_at_us, password_at_us, "
		 "factor_at_us, "
		 "factor_id, recovered_at_us, user_verified_at_us, address, agent) SELECT %d, randomblob(32), "
		 "s.account_id, %lld, %lld, "
		 "%lld, %s, "
		 "'', '' FROM (SELECT %d AS account_id) s",
		 (int)id, password_us, now_us, facts[fact].alone ? 0 : password_us, columns, account);
	sql_run(w, sql);
	return id;
}

static struct session
session_read(struct world *w, int64_t id)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	const struct db_value args[] = { DB_INT(id) };
	struct gate_session_row row;
	struct session session;
	bool found = false;

	assert_int_equal(db_row(w->thread->db, SQL_GATE_SESSION, args, COUNT(args), &arena, &row, &found), ERR_OK);
	assert_true(found);
	session = session_from_basis(&row.basis);
	session_decide(&session, &w->config, clock_us());
	return session;
}

static bool
session_is_there(struct world *w, int64_t id, const char *where)
{
	char sql[100];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM sessions WHERE id = %lld AND %s", (long long)id, where);
	return sql_number(w, sql) == 1;
}

/* Before the purge: factor_at_us = 0 must mean pending or enrolling.  True when the purge must delete the session. */
static bool
check_facts(struct world *w, int64_t id, const char *why)
{
	struct session session = session_read(w, id);
	enum session_state ever = proofs_state(&session.proofs, session_is_enrolled(&session));
	bool waits = ever == STATE_PENDING || ever == STATE_ENROLLING;

	if (session_is_there(w, id, "factor_at_us = 0") != waits)
		fail_msg("session %d, %s: %s", (int)id, why, session_state_name(ever));
	return ever == STATE_PENDING && session.state == STATE_NONE;
}

static void
sessions_hold_facts_that_agree_with_the_decision(void **state)
{
	bool deleted[100 * ACCOUNTS_END] = { false };
	struct world w;

	sqlite_only();
	world_new(&w);
	accounts_write(&w);
	for (unsigned i = 0; i < 2 * COUNT(facts) * (ACCOUNTS_END - 1); i++) {
		int account = 1 + (int)(i / (2 * COUNT(facts)));
		unsigned fact = i / 2 % COUNT(facts);
		int64_t id = session_write(&w, account, fact, i % 2 == 1);
		deleted[id] = check_facts(&w, id, facts[fact].why);
	}
	purge_all(&w);
	for (int64_t id = 0; id < (int64_t)COUNT(deleted); id++)
		if (deleted[id] && session_is_there(&w, id, "1 = 1"))
			fail_msg("session %d was pending for too long but still exists", (int)id);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions"), 2 * COUNT(facts) * (ACCOUNTS_END - 1) - 2);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_combination_of_proofs_has_its_state),
		cmocka_unit_test(the_table_of_states_has_each_combination),
		cmocka_unit_test(the_order_of_proofs_changes_nothing),
		cmocka_unit_test(references_and_class_follow_the_valid_proofs),
		cmocka_unit_test(a_proof_is_found_by_kind_of_evidence_and_by_factor),
		cmocka_unit_test(proofs_beyond_the_maximum_are_dropped),
		cmocka_unit_test(each_kind_has_all_functions_of_its_abilities),
		cmocka_unit_test(only_recovery_codes_recover),
		cmocka_unit_test(no_two_kinds_share_a_name_or_a_purpose),
		cmocka_unit_test(each_purpose_is_short_enough_for_sealing),
		cmocka_unit_test(names_of_kinds_that_cannot_be_enrolled_are_refused),
		cmocka_unit_test(factors_of_an_unknown_kind_grant_no_access),
		cmocka_unit_test(sessions_hold_facts_that_agree_with_the_decision),
	};

	return cmocka_run_group_tests_name("keeper proofs", tests, harness_setup, harness_teardown);
}
