/* SIGN_IN: the same answer and work for every refusal, and hashes that follow the settings. */
#include "keeper/harness.h"

#include "keeper/password/passwords.h"

#include <argon2.h>
#include <stdio.h>

static const struct refusal {
	str name, password;
	const char *reason, *why;
} refusals[] = {
	{ STR_INIT("alice"), STR_INIT("wrong password"), "password", "wrong password" },
	{ STR_INIT("ALICE"), STR_INIT("wrong password"), "password", "wrong password, letters in other case" },
	{ STR_INIT("alice"), STR_INIT(""), "password", "no password" },
	{ STR_INIT("alice"), STR_INIT(PASSWORD "\0"), "password", "a NUL after the right password" },
	{ STR_INIT("alice"), STR_INIT(PASSWORD "\xff"), "password", "not UTF-8" },
	{ STR_INIT("alice"), STR_INIT("Trombone ivre 1741"), "password", "the case of letters counts" },
	{ STR_INIT("alice"), STR_INIT(" " PASSWORD), "password", "spaces count" },
	{ STR_INIT("nobody"), STR_INIT(PASSWORD), "unknown", "unknown name" },
	{ STR_INIT(""), STR_INIT(PASSWORD), "unknown", "no name" },
	{ STR_INIT("-not-a-name-"), STR_INIT(PASSWORD), "unknown", "an impossible name" },
	{ STR_INIT("alice\0"), STR_INIT(PASSWORD), "unknown", "a NUL after a name" },
	{ STR_INIT("disabled"), STR_INIT(PASSWORD), "disabled", "disabled, with the right password" },
	{ STR_INIT("disabled"), STR_INIT("wrong password"), "password", "disabled, with a wrong password" },
};

static int64_t
audit_rows(struct world *w, const char *reason)
{
	char sql[200];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM audit WHERE event = 'signin.refused' AND reason = '%s'",
		 reason);
	return sql_number(w, sql);
}

static void
make_accounts(struct world *w)
{
	struct browser b = { 0 }, disabled = { 0 };

	assert_verdict(do_register(w, &b, "alice", PASSWORD), VERDICT_PASSED);
	assert_verdict(do_register(w, &disabled, "disabled", PASSWORD), VERDICT_PASSED);
	sql_run(w, "UPDATE accounts SET disabled_at_us = 1 WHERE name = 'disabled'");
}

static void
refuse_one(struct world *w, const struct refusal *r)
{
	static const struct answer_head nothing;
	struct browser b = { .address = "127.0.0.1" };
	const struct sign_in_body body = { r->name, r->password };
	forgive(w);
	int64_t rows = audit_rows(w, r->reason);
	long work = password_work_done();
	int64_t all = sql_number(w, "SELECT count(*) FROM audit");

	if (ask(w, &b, QUESTION_SIGN_IN, &body) != VERDICT_REFUSED)
		fail_msg("%s: verdict %d", r->why, b.verdict);
	str *texts[] = { &b.head.name, &b.head.display_name, &b.head.alarm_address, &b.head.groups };
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(texts[i]->n, 0);
		*texts[i] = (str){ 0 }; /* the address of an empty text differs */
	}
	b.head.number = 0; /* it differs for each question */
	assert_memory_equal(&b.head, &nothing, sizeof(nothing));
	if (password_work_done() != work + 1)
		fail_msg("%s: %ld hashes", r->why, password_work_done() - work);
	if (audit_rows(w, r->reason) != rows + 1 || sql_number(w, "SELECT count(*) FROM audit") != all + 1)
		fail_msg("%s: no audit row with reason %s", r->why, r->reason);
}

static void
every_refusal_has_one_answer_one_hash_and_one_audit_row(void **state)
{
	static const enum config_scheme schemes[] = { SCHEME_ARGON2ID, SCHEME_BCRYPT };

	for (size_t s = 0; s < COUNT(schemes); s++) {
		struct world w;
		world_make(&w);
		w.config.password_scheme = schemes[s];
		world_open(&w);
		make_accounts(&w);
		for (size_t i = 0; i < COUNT(refusals); i++)
			refuse_one(&w, &refusals[i]);
		static char huge[FIELD_MAX_BYTES];
		memset(huge, 'x', sizeof(huge));
		const struct refusal longest[] = {
			{ STR_INIT("alice"), { huge, sizeof(huge) }, "password", "known name, 4,096 bytes" },
			{ STR_INIT("nobody"), { huge, sizeof(huge) }, "unknown", "unknown name, 4,096 bytes" },
			{ { huge, sizeof(huge) }, STR_INIT("x"), "unknown", "a name of 4,096 bytes" },
		};
		for (size_t i = 0; i < COUNT(longest); i++)
			refuse_one(&w, &longest[i]);
		world_end(&w);
	}
}

static void
an_unknown_name_is_stored_as_a_keyed_hash_only(void **state)
{
	struct world w;
	struct browser b = { 0 };

	world_new(&w);
	assert_verdict(do_sign_in(&w, &b, "hunter22", "x"), VERDICT_REFUSED);
	assert_verdict(do_sign_in(&w, &b, " HUNTER22 ", "x"), VERDICT_REFUSED);
	assert_verdict(do_sign_in(&w, &b, "hunter23", "x"), VERDICT_REFUSED);
	assert_int_equal(sql_number(&w, "SELECT count(DISTINCT subject_hash) FROM audit"), 2);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE length(subject_hash) = 32"), 3);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE account_id IS NOT NULL"), 0);
	world_end(&w);
}

static void
every_byte_of_a_long_password_counts(void **state)
{
	char right[1001], wrong[1001];
	struct world w;
	struct browser b = { 0 }, other = { 0 };

	world_new(&w);
	for (size_t i = 0; i < 1000; i++)
		right[i] = (char)('!' + (i * i * 7 + i * 31 + i / 90 * 13) % 90);
	right[1000] = '\0';
	assert_verdict(do_register(&w, &b, "alice", right), VERDICT_PASSED);
	memcpy(wrong, right, sizeof(wrong));
	wrong[999] = wrong[999] == 'a' ? 'b' : 'a';
	assert_verdict(do_sign_in(&w, &other, "alice", wrong), VERDICT_REFUSED);
	assert_verdict(do_sign_in(&w, &other, "alice", right), VERDICT_PASSED);
	world_end(&w);
}

static void
an_impossible_password_never_matches_its_substitute(void **state)
{
	struct world w;
	struct browser b = { 0 }, other = { 0 };
	const struct sign_in_body body = { STR("alice"), STR("a\0b") };

	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", "not a password"),
		       VERDICT_PASSED); /* the text that passwords.c hashes for a password that cannot exist */
	assert_verdict(ask(&w, &other, QUESTION_SIGN_IN, &body), VERDICT_REFUSED);
	assert_verdict(do_sign_in(&w, &other, "alice", "not a password"), VERDICT_PASSED);
	world_end(&w);
}

static void
two_unicode_forms_of_an_accent_are_one_password(void **state)
{
	struct world w;
	struct browser b = { 0 }, other = { 0 };

	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", "tr\xc3\xa8s vieux cagibi"), VERDICT_PASSED);
	assert_verdict(do_sign_in(&w, &other, "alice", "tre\xcc\x80s vieux cagibi"), VERDICT_PASSED);
	world_end(&w);
}

/* --- the return URL ----------------------------------------------------------------------------------------------- */

/* The keeper checks the return URL itself and does not trust web. */
static void
only_a_path_is_stored_until_the_factor_is_verified(void **state)
{
	static const struct {
		str next;
		int64_t kept; /* bytes */
		const char *why;
	} cases[] = {
		{ STR_INIT("/gate?rd=https%3A%2F%2Fwiki.example.org%2F"), 42, "a path" },
		{ STR_INIT(""), 0, "none" },
		{ STR_INIT("https://example.org/"), 0, "not a path" },
		{ STR_INIT("/a\0b"), 0, "bytes that PostgreSQL refuses" },
		{ STR_INIT("/\xff\xfe"), 0, "invalid UTF-8" },
	};
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct browser other = { 0 };
		const struct sign_in_body body = { STR("alice"), STR(PASSWORD), cases[i].next };
		unit_note("%s", cases[i].why);
		assert_verdict(ask(&w, &other, QUESTION_SIGN_IN, &body), VERDICT_PASSED);
		assert_int_equal(sql_number(&w, "SELECT sum(length(way_back)) FROM sessions"), cases[i].kept);
		clock_forward(SECONDS_US(60));
		assert_verdict(do_verify(&w, &other, code_of(b.secret, 0).z), VERDICT_PASSED);
		assert_int_equal(other.verified.next.n, cases[i].kept);
		assert_int_equal(sql_number(&w, "SELECT sum(length(way_back)) FROM sessions"), 0);
	}
	world_end(&w);
}

/* --- hashes follow the settings ----------------------------------------------------------------------------------- */

static const struct change {
	void (*to)(struct config *c);
	const char *hash_like, *why;
} changes[3];

static void
to_bcrypt(struct config *c)
{
	c->password_scheme = SCHEME_BCRYPT;
}

static void
to_bcrypt_5(struct config *c)
{
	c->password_scheme = SCHEME_BCRYPT;
	c->bcrypt_log_rounds = 5;
}

static void
to_argon2_16(struct config *c)
{
	c->password_scheme = SCHEME_ARGON2ID;
	c->argon2_memory_kib = 16;
}

static const struct change changes[3] = {
	{ to_bcrypt, "$2b$04$%", "another scheme" },
	{ to_bcrypt_5, "$2b$05$%", "another cost of bcrypt" },
	{ to_argon2_16, "$argon2id$v=19$m=16,t=1,p=1$%", "the first scheme again, at another cost" },
};

static void
sign_in_rehashes_after_a_scheme_or_cost_change(void **state)
{
	struct world w;
	struct browser b = { 0 };
	char sql[200];

	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct browser wrong = { 0 }, right = { 0 }, again = { 0 };
		world_close(&w);
		changes[i].to(&w.config);
		world_open(&w);
		snprintf(sql, sizeof(sql), "SELECT count(*) FROM accounts WHERE password_hash LIKE '%s'",
			 changes[i].hash_like);
		assert_verdict(do_sign_in(&w, &wrong, "alice", "wrong password"), VERDICT_REFUSED);
		assert_int_equal(sql_number(&w, sql), 0);
		assert_verdict(do_sign_in(&w, &right, "alice", PASSWORD), VERDICT_PASSED);
		if (sql_number(&w, sql) != 1)
			fail_msg("%s: not rehashed", changes[i].why);
		long work = password_work_done();
		assert_verdict(do_sign_in(&w, &again, "alice", PASSWORD), VERDICT_PASSED);
		assert_int_equal(password_work_done(), work + 1);
	}
	world_end(&w);
}

static void
a_password_that_bcrypt_would_cut_keeps_its_hash(void **state)
{
	static const char too_long[] = "seventy-two bytes are what bcrypt reads of it; herons wade in rain at nine";
	char just_fits[73] = "", one_more[74] = "";
	struct world w;
	struct browser b = { 0 }, b2 = { 0 }, again = { 0 };

	assert_true(sizeof(too_long) > sizeof(one_more));
	memcpy(just_fits, too_long, sizeof(just_fits) - 1);
	memcpy(one_more, too_long, sizeof(one_more) - 1);
	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", one_more), VERDICT_PASSED);
	assert_verdict(do_register(&w, &b2, "bobby", just_fits), VERDICT_PASSED);
	world_close(&w);
	w.config.password_scheme = SCHEME_BCRYPT;
	world_open(&w);
	assert_verdict(do_sign_in(&w, &again, "alice", one_more), VERDICT_PASSED);
	assert_verdict(do_sign_in(&w, &again, "bobby", just_fits), VERDICT_PASSED);
	assert_int_equal(
	    sql_number(&w, "SELECT count(*) FROM accounts WHERE name = 'alice' AND password_hash LIKE '$argon2id$%'"),
	    1);
	assert_int_equal(
	    sql_number(&w, "SELECT count(*) FROM accounts WHERE name = 'bobby' AND password_hash LIKE '$2b$%'"), 1);
	world_end(&w);
}

static void
an_unusable_hash_is_refused_like_a_wrong_password(void **state)
{
	static const char *const hashes[] = {
		"",
		"plain text",
		"$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA",
		"$argon2id$v=19$m=99999999,t=1,p=1$TZMmp1hz5J4BlDAGXMUZmg$qC+PCvKMN3FqdSwS+BWbxEyIKNJZPu1PR9mV9Bc3Kco",
		"$2b$31$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzabcde",
		"$2x$04$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzabcde",
		"$1$salt$hash",
	};
	struct world w;
	struct browser b = { 0 }, again = { 0 };
	char sql[300];

	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	for (size_t i = 0; i < COUNT(hashes); i++) {
		snprintf(sql, sizeof(sql), "UPDATE accounts SET password_hash = '%s'", hashes[i]);
		sql_run(&w, sql);
		forgive(&w);
		assert_verdict(do_sign_in(&w, &again, "alice", PASSWORD), VERDICT_REFUSED);
	}
	world_end(&w);
}

static void
hashes_of_other_programs_are_accepted(void **state)
{
	/* bcrypt: the test vectors of crypt_blowfish 1.3 (wrapper.c). */
	static const struct {
		const char *hash, *password;
	} vectors[] = {
		{ "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U" },
		{ "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U" },
		{ "$2b$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U" },
	};
	struct world w;
	struct browser b = { 0 };
	char sql[300];

	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct browser again = { 0 };
		snprintf(sql, sizeof(sql), "UPDATE accounts SET password_hash = '%s'", vectors[i].hash);
		sql_run(&w, sql);
		if (do_sign_in(&w, &again, "alice", vectors[i].password) != VERDICT_PASSED)
			fail_msg("%s", vectors[i].hash);
	}
	world_end(&w);
}

static void
a_hash_of_the_reference_library_is_accepted(void **state)
{
	struct world w;
	struct browser b = { 0 }, again = { 0 };
	char hash[160], sql[300];

	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	assert_int_equal(argon2id_hash_encoded(3, 64, 4, "another", 7, "0123456789abcdef", 16, 32, hash, sizeof(hash)),
			 ARGON2_OK);
	snprintf(sql, sizeof(sql), "UPDATE accounts SET password_hash = '%s'", hash);
	sql_run(&w, sql);
	assert_verdict(do_sign_in(&w, &again, "alice", PASSWORD), VERDICT_REFUSED);
	assert_verdict(do_sign_in(&w, &again, "alice", "another"), VERDICT_PASSED);
	world_end(&w);
}

/* The password changes between the look-up and the end of the hash: a trigger does it when the attempt is counted. */
static void
a_password_changed_during_verification_is_refused(void **state)
{
	struct world w;
	struct browser b = { 0 }, late = { 0 };

	sqlite_only();
	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	sql_run(&w, "CREATE TRIGGER meanwhile AFTER INSERT ON throttle WHEN NEW.counter = 'name' "
		    "BEGIN UPDATE accounts SET password_hash = '!'; END");
	assert_verdict(do_sign_in(&w, &late, "alice", PASSWORD), VERDICT_REFUSED);
	assert_int_equal(late.head.state, STATE_NONE);
	assert_int_equal(audit_rows(&w, "password"), 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions"), 1); /* the session of the registration */
	world_end(&w);
}

static const struct late_attempt {
	const char *password; /* NULL: a wrong code */
	const char *event;
} late_attempts[] = {
	{ PASSWORD, "signin.refused" },
	{ "wrong password", "signin.refused" },
	{ NULL, "prove.refused" },
};

/* The account is closed after the request has found it: a trigger does it when the attempt is counted. */
static void
an_attempt_at_a_closed_account_leaves_no_personal_data(void **state)
{
	sqlite_only();
	for (size_t i = 0; i < COUNT(late_attempts); i++) {
		const struct late_attempt *a = &late_attempts[i];
		struct world w;
		struct browser b = { 0 }, late = { .form = "form cookie", .address = "192.0.2.9" };
		char text[200];
		world_new(&w);
		bring_to(&w, &b, "alice", a->password == NULL ? STATE_PENDING : STATE_FULL);
		sql_run(&w, "DELETE FROM audit");
		sql_run(&w, "CREATE TRIGGER meanwhile AFTER UPDATE ON accounts BEGIN DELETE FROM accounts; END");
		if (a->password == NULL)
			do_verify(&w, &b, "123456");
		else
			do_sign_in(&w, &late, "alice", a->password);
		snprintf(text, sizeof(text), "SELECT count(*) FROM audit WHERE event = '%s' AND account_id IS NOT NULL",
			 a->event);
		assert_int_equal(sql_number(&w, text), 1);
		assert_int_equal(sql_number(&w, "SELECT count(*) FROM accounts"), 0);
		if (sql_number(&w, "SELECT count(*) FROM audit WHERE browser IS NOT NULL OR address <> '' OR "
				   "agent <> '' OR request_id <> ''") != 0)
			fail_msg("row %zu: personal data stays", i);
		world_end(&w);
	}
}

static void
impossible_names_are_distinguished_in_the_audit(void **state)
{
	struct world w;
	struct browser b = { 0 };

	world_new(&w);
	assert_verdict(do_sign_in(&w, &b, "-not-a-name-", PASSWORD), VERDICT_REFUSED);
	assert_verdict(do_sign_in(&w, &b, "another one!", PASSWORD), VERDICT_REFUSED);
	assert_verdict(do_sign_in(&w, &b, "nobody", PASSWORD), VERDICT_REFUSED);
	assert_verdict(do_sign_in(&w, &b, " NOBODY ", PASSWORD), VERDICT_REFUSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit"), 4);
	assert_int_equal(sql_number(&w, "SELECT count(DISTINCT subject_hash) FROM audit"), 3);
	world_end(&w);
}

static void
the_audit_records_each_sign_in(void **state)
{
	struct world w;
	struct browser b = { 0 };

	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	assert_verdict(do_sign_in(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	assert_int_equal(sql_number(&w,
				    "SELECT count(*) FROM audit u JOIN accounts a ON a.id = u.account_id "
				    "WHERE u.event = 'signin.passed' AND u.reason = 'password' AND a.name = 'alice'"),
			 1);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_audit_records_each_sign_in),
		cmocka_unit_test(impossible_names_are_distinguished_in_the_audit),
		cmocka_unit_test(every_refusal_has_one_answer_one_hash_and_one_audit_row),
		cmocka_unit_test(an_unknown_name_is_stored_as_a_keyed_hash_only),
		cmocka_unit_test(every_byte_of_a_long_password_counts),
		cmocka_unit_test(an_impossible_password_never_matches_its_substitute),
		cmocka_unit_test(two_unicode_forms_of_an_accent_are_one_password),
		cmocka_unit_test(only_a_path_is_stored_until_the_factor_is_verified),
		cmocka_unit_test(sign_in_rehashes_after_a_scheme_or_cost_change),
		cmocka_unit_test(a_password_that_bcrypt_would_cut_keeps_its_hash),
		cmocka_unit_test(an_unusable_hash_is_refused_like_a_wrong_password),
		cmocka_unit_test(a_password_changed_during_verification_is_refused),
		cmocka_unit_test(an_attempt_at_a_closed_account_leaves_no_personal_data),
		cmocka_unit_test(hashes_of_other_programs_are_accepted),
		cmocka_unit_test(a_hash_of_the_reference_library_is_accepted),
	};

	return cmocka_run_group_tests_name("keeper sign-in", tests, harness_setup, harness_teardown);
}
