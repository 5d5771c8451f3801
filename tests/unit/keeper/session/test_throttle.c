/* Guessing is slowed down, and nobody is locked out: docs/explain/throttling.md. */
#include "keeper/harness.h"

#include "keeper/session/throttle.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define SECOND SECONDS_US(1)
#define HOUR MINUTES_US(60)

/* --- tries -------------------------------------------------------------------------------------------------------- */

/* Somebody who guesses, each time in a browser that holds nothing. */
static enum verdict
guess_from(struct world *w, const char *name, const char *address, int64_t *ret_retry_s)
{
	struct browser b = { .address = address };

	do_sign_in(w, &b, name, "a wrong password");
	if (ret_retry_s != NULL)
		*ret_retry_s = b.head.retry_s;
	return b.verdict;
}

static enum verdict
guess(struct world *w, const char *name)
{
	return guess_from(w, name, "192.0.2.66", NULL);
}

static void
guess_times(struct world *w, const char *name, int times)
{
	for (int i = 0; i < times; i++)
		assert_verdict(guess(w, name), VERDICT_REFUSED);
}

static void
wrong_code(struct world *w, struct browser *b, enum verdict wanted)
{
	assert_verdict(do_verify(w, b, "000000"), wanted);
}

/* A browser that nobody has seen, with the right password: PENDING. */
static void
stranger(struct world *w, struct browser *b, const char *name, const char *secret)
{
	*b = (struct browser){ .address = "192.0.2.66" };
	assert_verdict(do_sign_in(w, b, name, PASSWORD), VERDICT_PASSED);
	assert_int_equal(b->head.state, STATE_PENDING);
	snprintf(b->secret, sizeof(b->secret), "%s", secret);
}

static void
right_code(struct world *w, struct browser *b)
{
	clock_forward(SECONDS_US(60));
	struct code code = code_of(b->secret, 0);
	assert_verdict(do_verify(w, b, code.z), VERDICT_PASSED);
	assert_int_equal(b->head.state, STATE_FULL);
}

/* --- waits -------------------------------------------------------------------------------------------------------- */

/* docs/explain/throttling.md: half a minute, doubled to an hour. */
static const int64_t lockouts_s[] = { 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600 };

static void
after_five_passwords_lockouts_double_to_an_hour(void **state)
{
	static const char *const names[] = { "alice", "nobody", "-not-a-name-" };
	struct world w;
	struct browser b = { 0 };

	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	for (size_t n = 0; n < COUNT(names); n++) {
		sql_run(&w, "DELETE FROM throttle WHERE counter = 'address'");
		guess_times(&w, names[n], 5);
		for (size_t i = 0; i < COUNT(lockouts_s); i++) {
			int64_t retry_s = 0;
			assert_verdict(guess_from(&w, names[n], "192.0.2.66", &retry_s), VERDICT_LOCKOUT);
			assert_int_equal(retry_s, lockouts_s[i]);
			clock_forward((lockouts_s[i] - 1) * SECOND);
			assert_verdict(guess_from(&w, names[n], "192.0.2.66", &retry_s), VERDICT_LOCKOUT);
			assert_int_equal(retry_s, 1);
			clock_forward(SECOND);
			assert_verdict(guess(&w, names[n]), VERDICT_REFUSED);
		}
	}
	world_end(&w);
}

static void
after_five_codes_lockouts_double_to_an_hour(void **state)
{
	struct world w;
	struct browser b;
	char secret[65];

	world_new(&w);
	w.config.session_idle_us = w.config.session_lifetime_us = 1000 * HOUR;
	bring_to(&w, &b, "alice", STATE_PENDING);
	memcpy(secret, b.secret, sizeof(secret));
	stranger(&w, &b, "alice", secret);
	for (int i = 0; i < 5; i++)
		wrong_code(&w, &b, VERDICT_REFUSED);
	for (size_t i = 0; i < COUNT(lockouts_s); i++) {
		wrong_code(&w, &b, VERDICT_LOCKOUT);
		assert_int_equal(b.head.retry_s, lockouts_s[i]);
		clock_forward(lockouts_s[i] * SECOND);
		stranger(&w, &b, "alice", secret); /* ten minutes end a session that waits for its code */
		wrong_code(&w, &b, VERDICT_REFUSED);
	}
	world_end(&w);
}

static void
a_lockout_evaluates_and_spends_no_code(void **state)
{
	struct world w;
	struct browser b;
	char secret[65];

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_PENDING);
	memcpy(secret, b.secret, sizeof(secret));
	stranger(&w, &b, "alice", secret);
	clock_forward(MINUTES_US(1));
	for (int i = 0; i < 5; i++)
		wrong_code(&w, &b, VERDICT_REFUSED);
	struct code code = code_of(b.secret, 1); /* good for as long as the wait, and longer */
	int64_t spent = sql_number(&w, "SELECT last_step FROM factors");
	int64_t rows = sql_number(&w, "SELECT count(*) FROM audit");
	for (int i = 0; i < 20; i++)
		assert_verdict(do_verify(&w, &b, code.z), VERDICT_LOCKOUT);
	assert_int_equal(sql_number(&w, "SELECT last_step FROM factors"), spent);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit"), rows);
	assert_int_equal(sql_number(&w, "SELECT failures FROM throttle WHERE counter = 'code'"), 5);
	clock_forward(SECONDS_US(30));
	assert_verdict(do_verify(&w, &b, code.z), VERDICT_PASSED);
	assert_int_equal(b.head.state, STATE_FULL);
	world_end(&w);
}

/* --- what moves the counters -------------------------------------------------------------------------------------- */

static void
a_right_password_moves_no_counter(void **state)
{
	struct world w;
	struct browser b;
	char secret[65];

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	memcpy(secret, b.secret, sizeof(secret));
	guess_times(&w, "alice", 4);
	for (int i = 0; i < 20; i++) /* neither to a wait ... */
		stranger(&w, &b, "alice", secret);
	assert_verdict(guess(&w, "alice"), VERDICT_REFUSED); /* ... nor away from it: this is the fifth */
	assert_verdict(guess(&w, "alice"), VERDICT_LOCKOUT);
	assert_verdict(do_sign_in(&w, &(struct browser){ .address = "192.0.2.66" }, "alice", PASSWORD),
		       VERDICT_LOCKOUT);
	clock_forward(SECONDS_US(30));
	stranger(&w, &b, "alice", secret); /* the wait that it would have begun is taken back with it */
	assert_verdict(guess(&w, "alice"), VERDICT_REFUSED);
	assert_verdict(guess(&w, "alice"), VERDICT_LOCKOUT);
	world_end(&w);
}

static void
a_known_password_gives_no_more_code_attempts(void **state)
{
	struct world w;
	struct browser b;
	char secret[65];

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	memcpy(secret, b.secret, sizeof(secret));
	for (int i = 0; i < 5; i++) { /* each in a new session */
		stranger(&w, &b, "alice", secret);
		wrong_code(&w, &b, VERDICT_REFUSED);
	}
	stranger(&w, &b, "alice", secret);
	wrong_code(&w, &b, VERDICT_LOCKOUT);
	world_end(&w);
}

static void
only_a_full_sign_in_resets_counters(void **state)
{
	struct world w;
	struct browser b;
	char secret[65];

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	memcpy(secret, b.secret, sizeof(secret));
	guess_times(&w, "alice", 4);
	stranger(&w, &b, "alice", secret);
	for (int i = 0; i < 4; i++)
		wrong_code(&w, &b, VERDICT_REFUSED);
	right_code(&w, &b);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM throttle WHERE counter NOT IN ('address', 'register')"),
			 0);
	guess_times(&w, "alice", 5);
	assert_int_equal(sql_number(&w, "SELECT failures FROM throttle WHERE counter = 'address'"), 9);
	world_end(&w);
}

static void
counters_survive_a_restart(void **state)
{
	struct world w;
	struct browser b = { 0 };

	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	guess_times(&w, "alice", 5);
	guess_times(&w, "nobody", 5);
	world_close(&w);
	world_open(&w);
	assert_verdict(guess(&w, "alice"), VERDICT_LOCKOUT);
	assert_verdict(guess(&w, "nobody"), VERDICT_LOCKOUT);
	world_end(&w);
}

/* --- nobody locks the owner out ----------------------------------------------------------------------------------- */

static void
attempts_of_others_do_not_lock_a_known_browser(void **state)
{
	struct world w;
	struct browser owner, other;
	char secret[65], address[32];

	world_new(&w);
	bring_to(&w, &owner, "alice", STATE_FULL);
	memcpy(secret, owner.secret, sizeof(secret));
	for (int i = 0; i < 1000; i++) { /* from everywhere, until the name itself waits */
		snprintf(address, sizeof(address), "198.51.%d.%d", i / 250, i % 250);
		guess_from(&w, "alice", address, NULL);
	}
	assert_verdict(guess_from(&w, "alice", "203.0.113.1", NULL), VERDICT_LOCKOUT);
	assert_int_equal(sql_number(&w, "SELECT failures FROM throttle WHERE counter = 'name'"), 50);

	/* somebody who has the password uses the tries at the code up as well */
	clock_forward(HOUR);
	stranger(&w, &other, "alice", secret);
	for (int i = 0; i < 5; i++)
		wrong_code(&w, &other, VERDICT_REFUSED);
	wrong_code(&w, &other, VERDICT_LOCKOUT);
	assert_verdict(guess_from(&w, "alice", "203.0.113.1", NULL), VERDICT_REFUSED);
	assert_verdict(guess_from(&w, "alice", "203.0.113.1", NULL), VERDICT_LOCKOUT);

	memset(&owner.token, 0, sizeof(owner.token)); /* the device stays */
	assert_verdict(do_sign_in(&w, &owner, "alice", PASSWORD), VERDICT_PASSED);
	right_code(&w, &owner);
	/* and the strangers wait on */
	assert_verdict(guess_from(&w, "alice", "203.0.113.1", NULL), VERDICT_REFUSED);
	assert_verdict(guess_from(&w, "alice", "203.0.113.1", NULL), VERDICT_LOCKOUT);
	world_end(&w);
}

static void
a_known_browser_has_five_separate_attempts(void **state)
{
	struct world w;
	struct browser owner;

	world_new(&w);
	bring_to(&w, &owner, "alice", STATE_FULL);
	memset(&owner.token, 0, sizeof(owner.token));
	for (int i = 0; i < 5; i++)
		assert_verdict(do_sign_in(&w, &owner, "alice", "a wrong password"), VERDICT_REFUSED);
	assert_verdict(do_sign_in(&w, &owner, "alice", PASSWORD), VERDICT_LOCKOUT);
	assert_int_equal(owner.head.retry_s, 30);
	/* others do not wait for it, nor does it know other accounts */
	assert_verdict(guess(&w, "alice"), VERDICT_REFUSED);
	assert_verdict(do_sign_in(&w, &owner, "bob", "a wrong password"), VERDICT_REFUSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM throttle WHERE counter = 'device'"), 1);
	world_end(&w);
}

static void
a_device_is_known_by_its_issued_token_only(void **state)
{
	struct world w;
	struct browser owner, planted = { 0 };
	struct token token;

	world_new(&w);
	bring_to(&w, &owner, "alice", STATE_FULL);
	token = owner.device;
	memset(&planted.device, 0x42, sizeof(planted.device)); /* by somebody who hopes to know it afterwards */
	assert_verdict(do_register(&w, &planted, "bob", PASSWORD), VERDICT_PASSED);
	assert_verdict(ask(&w, &planted, QUESTION_ENROL, NULL), VERDICT_PASSED);
	right_code(&w, &planted);
	assert_int_not_equal(planted.device.b[0] == 0x42 && planted.device.b[31] == 0x42, true);

	/* one browser, two people: one token, two devices */
	struct browser both = { .device = token };
	memcpy(both.secret, planted.secret, sizeof(both.secret));
	assert_verdict(do_sign_in(&w, &both, "bob", PASSWORD), VERDICT_PASSED);
	right_code(&w, &both);
	assert_memory_equal(&both.device, &token, sizeof(token));
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM devices"), 3);
	assert_int_equal(sql_number(&w, "SELECT count(DISTINCT token_hash) FROM devices"), 2);
	world_end(&w);
}

static void
an_account_remembers_twenty_browsers(void **state)
{
	struct world w;
	struct browser b;
	char secret[65];

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	memcpy(secret, b.secret, sizeof(secret));
	for (int i = 0; i < 25; i++) {
		stranger(&w, &b, "alice", secret);
		right_code(&w, &b);
	}
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM devices"), 20);
	const struct password_body change = { STR(PASSWORD), STR("trombone sobre 1742"), STR("trombone sobre 1742") };
	assert_verdict(ask(&w, &b, QUESTION_PASSWORD, &change), VERDICT_PASSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM devices"), 1);
	world_end(&w);
}

/* --- addresses ---------------------------------------------------------------------------------------------------- */

/* How many names that nobody has can be tried from there in a row? */
static int
attempts_from(struct world *w, const char *address, const char *other, int most)
{
	char name[32];

	for (int i = 0; i < most; i++) {
		snprintf(name, sizeof(name), "invented%d", i);
		if (guess_from(w, name, i % 2 == 0 ? address : other, NULL) != VERDICT_REFUSED)
			return i;
	}
	return most;
}

static void
an_address_has_its_own_limit_whatever_the_names(void **state)
{
	static const struct {
		const char *one, *other;
		int attempts;
		const char *why;
	} addresses[] = {
		{ "192.0.2.1", "192.0.2.1", 30, "IPv4" },
		{ "::ffff:192.0.2.2", "192.0.2.2", 30, "IPv4 written as IPv6 is the same" },
		{ "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", 30, "IPv6 by its first 64 bits" },
		{ "2001:db8:0:1::1", "2001:db8:0:2::1", 60, "another network is another address" },
		{ "192.0.2.3", "192.0.2.4", 60, "two addresses" },
		{ "127.0.0.1", "127.0.0.1", 1000, "loopback: a proxy that is not named may stand there" },
		{ "::1", "::1", 1000, "the same in IPv6" },
		{ "::ffff:127.0.0.1", "::ffff:127.0.0.1", 1000, "and IPv4's in IPv6" },
		{ "::2", "::2", 30, "the next one is not loopback" },
		{ "::1:0:0:0:1", "::1:0:0:0:1", 30, "nor one whose beginning is not zero" },
		{ "", "no address", 1000, "nothing that can be read" },
	};
	struct world w;

	world_new(&w);
	for (size_t i = 0; i < COUNT(addresses); i++) {
		forgive(&w);
		int attempts = attempts_from(&w, addresses[i].one, addresses[i].other, 1100);
		if (attempts != addresses[i].attempts)
			fail_msg("%s: %d tries", addresses[i].why, attempts);
	}
	world_end(&w);
}

/* Over a Unix socket without X-Forwarded-For everybody would share what is counted for a name at an address. */
static void
requests_without_an_address_share_no_lockout_of_a_name(void **state)
{
	struct world w;
	struct browser b = { 0 };

	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	for (int i = 0; i < 49; i++)
		assert_verdict(guess_from(&w, "alice", "unix:", NULL), VERDICT_REFUSED);
	b = (struct browser){ .address = "unix:" };
	assert_verdict(do_sign_in(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	assert_verdict(guess_from(&w, "alice", "unix:", NULL), VERDICT_REFUSED);
	assert_verdict(guess_from(&w, "alice", "unix:", NULL), VERDICT_LOCKOUT); /* the name's own limit holds */
	world_end(&w);
}

static void
an_address_is_forgiven_slowly_and_by_no_sign_in(void **state)
{
	struct world w;
	struct browser b;
	char secret[65];

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	memcpy(secret, b.secret, sizeof(secret));
	assert_int_equal(attempts_from(&w, "192.0.2.66", "192.0.2.66", 29), 29);
	stranger(&w, &b, "alice", secret); /* an account of one's own, at the same address */
	right_code(&w, &b);
	assert_verdict(guess(&w, "somebody"), VERDICT_REFUSED);
	assert_verdict(guess(&w, "somebody-else"), VERDICT_LOCKOUT);
	clock_forward(MINUTES_US(5)); /* one is forgotten: one more is free */
	assert_verdict(guess(&w, "somebody-else"), VERDICT_REFUSED);
	assert_verdict(guess(&w, "yet-another"), VERDICT_LOCKOUT);
	clock_forward(30 * MINUTES_US(5));
	assert_int_equal(attempts_from(&w, "192.0.2.66", "192.0.2.66", 40), 30);
	world_end(&w);
}

static void
registering_is_limited_by_address(void **state)
{
	struct world w;
	struct browser b = { .address = "192.0.2.9" };
	char name[32];

	world_new(&w);
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "person%d", i / 2); /* every other one is taken */
		memset(&b.token, 0, sizeof(b.token));
		do_register(&w, &b, name, PASSWORD);
		assert_int_equal(b.verdict, i % 2 == 0 ? VERDICT_PASSED : VERDICT_PROBLEMS);
	}
	memset(&b.token, 0, sizeof(b.token));
	assert_verdict(do_register(&w, &b, "person99", PASSWORD), VERDICT_LOCKOUT);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM accounts"), 15);
	world_end(&w);
}

static void
failed_links_are_audited_up_to_a_limit(void **state)
{
	struct world w;
	struct browser b = { .address = "192.0.2.9" };
	const struct link_use_body body = { STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
					    STR("trombone sobre 1742"), STR("trombone sobre 1742") };

	world_new(&w);
	for (int i = 0; i < 30; i++)
		assert_verdict(ask(&w, &b, QUESTION_LINK_USE, &body), VERDICT_REFUSED);
	assert_verdict(ask(&w, &b, QUESTION_LINK_USE, &body), VERDICT_LOCKOUT);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'link.refused'"), 30);
	world_end(&w);
}

static void
codes_without_a_pending_secret_are_counted(void **state)
{
	struct world w;
	struct browser b = { 0 };

	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	for (int i = 0; i < 5; i++)
		assert_verdict(do_verify(&w, &b, "000000"), VERDICT_STATE);
	assert_verdict(do_verify(&w, &b, "000000"), VERDICT_LOCKOUT);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'prove.refused'"), 5);
	world_end(&w);
}

static void
invented_names_fill_a_bounded_table_and_lock_no_account(void **state)
{
	struct world w;
	struct browser b = { 0 };
	char name[32], address[32];

	sqlite_only();
	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	/* every place is somebody else's, and they all wait */
	sql_run(&w,
		"DELETE FROM throttle; "
		"WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 65535) "
		"INSERT INTO throttle (counter, place, key, failures, since_us, blocked_until_us) "
		"SELECT c.column1, i, x'00', 99, 0, 9000000000000000000 FROM n, (VALUES ('name'), ('name-address'), "
		"('address')) c");
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "invented%d", i);
		snprintf(address, sizeof(address), "198.51.100.%d", i % 250);
		assert_verdict(guess_from(&w, name, address, NULL), VERDICT_REFUSED);
	}
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM throttle WHERE account_id IS NULL"), 3 * 65536);
	assert_verdict(do_sign_in(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	world_end(&w);
}

/* --- a hundred codes ---------------------------------------------------------------------------------------------- */

/* Whoever knows the password, patiently: as many wrong codes. */
static void
wrong_codes(struct world *w, const char *secret, int times)
{
	for (int i = 0; i < times; i++) {
		struct browser b;
		clock_forward(HOUR);
		stranger(w, &b, "alice", secret);
		wrong_code(w, &b, VERDICT_REFUSED);
	}
}

static void
a_hundred_wrong_codes_disable_the_authenticators(void **state)
{
	struct world w;
	struct browser owner, b;
	char secret[65];

	world_new(&w);
	w.config.session_idle_us = w.config.session_lifetime_us = 1000 * HOUR;
	bring_to(&w, &owner, "alice", STATE_FULL);
	const struct recovery_body first = { 0 };
	assert_verdict(ask(&w, &owner, QUESTION_RECOVERY, &first), VERDICT_PASSED);
	memcpy(secret, owner.secret, sizeof(secret));
	wrong_codes(&w, secret, 99);
	assert_verdict(ask(&w, &owner, QUESTION_SESSION, NULL), VERDICT_PASSED);
	assert_int_equal(owner.head.state, STATE_FULL);
	w.ended_count = 0;
	wrong_codes(&w, secret, 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'factor.disabled'"), 1);
	assert_true(w.ended_count > 0); /* whoever caches the owner's session was told */
	assert_verdict(ask(&w, &owner, QUESTION_SESSION, NULL), VERDICT_REFUSED);

	clock_forward(2 * HOUR); /* from now on no code is right, but a recovery code is */
	stranger(&w, &b, "alice", secret);
	assert_int_equal(b.head.codes_disabled, 1);
	assert_verdict(do_verify(&w, &b, code_of(secret, 0).z), VERDICT_REFUSED);
	assert_verdict(do_verify(&w, &b, owner.recovery[0]), VERDICT_PASSED);
	assert_int_equal(b.head.state, STATE_FULL);
	world_end(&w);
}

static void
a_right_code_in_between_begins_the_hundred_anew(void **state)
{
	struct world w;
	struct browser b;
	char secret[65];

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	memcpy(secret, b.secret, sizeof(secret));
	wrong_codes(&w, secret, 99);
	clock_forward(HOUR);
	stranger(&w, &b, "alice", secret);
	right_code(&w, &b);
	wrong_codes(&w, secret, 99);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors WHERE disabled_at_us IS NULL"), 1);
	world_end(&w);
}

static void
code_101_is_never_checked_even_after_a_crash(void **state)
{
	struct world w;
	struct browser b;
	char secret[65];

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	memcpy(secret, b.secret, sizeof(secret));
	wrong_codes(&w, secret, 1);
	sql_run(&w,
		"UPDATE throttle SET failures = 100 WHERE counter = 'codes'"); /* counted, and then the power failed */
	clock_forward(HOUR);
	stranger(&w, &b, "alice", secret);
	assert_verdict(do_verify(&w, &b, code_of(secret, 0).z), VERDICT_REFUSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors WHERE disabled_at_us IS NULL"), 0);
	world_end(&w);
}

/* --- other entrances ---------------------------------------------------------------------------------------------- */

static void
recovery_codes_are_counted_apart(void **state)
{
	struct world w;
	struct browser b;
	char secret[65];

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	memcpy(secret, b.secret, sizeof(secret));
	stranger(&w, &b, "alice", secret);
	for (int i = 0; i < 5; i++)
		assert_verdict(do_verify(&w, &b, "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA"), VERDICT_REFUSED);
	assert_verdict(do_verify(&w, &b, "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA"), VERDICT_LOCKOUT);
	wrong_code(&w, &b, VERDICT_REFUSED);
	right_code(&w, &b);
	world_end(&w);
}

static void
password_guesses_within_a_session_are_limited(void **state)
{
	static const struct token none;
	const struct close_body wrong = { STR_INIT("a wrong password") }, right = { STR_INIT(PASSWORD) };
	struct world w;
	struct browser b;

	world_new(&w);
	for (int known = 0; known < 2; known++) {
		bring_to(&w, &b, known ? "alice" : "bob", STATE_FULL);
		if (!known)
			b.device = none;
		for (int i = 0; i < 5; i++)
			assert_verdict(ask(&w, &b, QUESTION_CLOSE, &wrong), VERDICT_PROBLEMS);
		assert_verdict(ask(&w, &b, QUESTION_CLOSE, &right), VERDICT_LOCKOUT);
		assert_int_equal(b.head.state, STATE_FULL);
		clock_forward(SECONDS_US(30));
		assert_verdict(ask(&w, &b, QUESTION_CLOSE, &right), VERDICT_PASSED);
	}
	world_end(&w);
}

static void
codes_that_make_a_proof_fresh_or_confirm_are_counted_too(void **state)
{
	struct world w;
	struct browser b;
	const struct verify_body wrong = { STR_INIT("000000") };

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (int i = 0; i < 5; i++)
		assert_verdict(ask(&w, &b, QUESTION_STEP_UP, &wrong), VERDICT_REFUSED);
	assert_verdict(ask(&w, &b, QUESTION_STEP_UP, &wrong), VERDICT_LOCKOUT);
	assert_int_equal(sql_number(&w, "SELECT failures FROM throttle WHERE counter = 'codes'"), 5);

	bring_to(&w, &b, "bob", STATE_ENROLLING);
	for (int i = 0; i < 5; i++)
		wrong_code(&w, &b, VERDICT_REFUSED);
	wrong_code(&w, &b, VERDICT_LOCKOUT);
	clock_forward(SECONDS_US(30));
	assert_verdict(do_verify(&w, &b, code_of(b.secret, 0).z), VERDICT_PASSED);
	world_end(&w);
}

/* --- what is told ------------------------------------------------------------------------------------------------- */

static void
the_next_sign_in_reports_refused_attempts(void **state)
{
	struct world w;
	struct browser b;
	char secret[65];

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	memcpy(secret, b.secret, sizeof(secret));
	assert_int_equal(b.head.refused, 0);
	guess_times(&w, "alice", 3);
	stranger(&w, &b, "alice", secret);
	wrong_code(&w, &b, VERDICT_REFUSED);
	right_code(&w, &b);
	assert_int_equal(b.head.refused, 4);
	assert_verdict(ask(&w, &b, QUESTION_SESSION, NULL), VERDICT_PASSED);
	assert_int_equal(b.head.refused, 4);
	stranger(&w, &b, "alice", secret);
	right_code(&w, &b);
	assert_int_equal(b.head.refused, 0);
	world_end(&w);
}

static void
a_lockout_is_audited_once(void **state)
{
	struct world w;

	world_new(&w);
	guess_times(&w, "nobody", 5);
	for (int i = 0; i < 10; i++)
		assert_verdict(guess(&w, "nobody"), VERDICT_LOCKOUT);
	assert_int_equal(
	    sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'wait.begun' AND reason = 'name-address'"), 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit"), 6);
	world_end(&w);
}

static void
an_attempt_in_a_lockout_takes_no_write_lock(void **state)
{
	struct world w;
	sqlite3 *writer = NULL;

	sqlite_only();
	world_new(&w);
	guess_times(&w, "nobody", 5);
	assert_int_equal(sqlite3_open(w.config.database_path, &writer), SQLITE_OK);
	assert_int_equal(sqlite3_exec(writer, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_verdict(guess(&w, "nobody"), VERDICT_LOCKOUT);
	assert_int_equal(sqlite3_exec(writer, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(writer);
	world_end(&w);
}

/* --- at the same moment, and when time jumps ---------------------------------------------------------------------- */

enum { THREADS = 8, ATTEMPTS_EACH = 25 };

struct guesser {
	struct world *w;
	struct keeper_thread *thread;
	int evaluated;
	int hasty; /* told to come back at once, in a wait of half a minute */
};

static void *
guess_on(void *context)
{
	struct guesser *g = context;
	const struct sign_in_body body = { STR("alice"), STR("a wrong password") };

	for (int i = 0; i < ATTEMPTS_EACH; i++) {
		struct browser b = { .address = "192.0.2.66" };
		if (ask_on(g->thread, &b, QUESTION_SIGN_IN, &body) == VERDICT_REFUSED)
			g->evaluated++;
	}
	return NULL;
}

static void
two_hundred_at_once_get_five_checks(void **state)
{
	struct world w;
	struct browser b = { 0 };
	struct guesser guessers[THREADS];
	pthread_t threads[THREADS];
	int evaluated = 0;

	world_new(&w);
	assert_verdict(do_register(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	for (int i = 0; i < THREADS; i++) {
		guessers[i] = (struct guesser){ .w = &w };
		assert_int_equal(keeper_thread_open(w.keeper, &guessers[i].thread), ERR_OK);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, guess_on, &guessers[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		evaluated += guessers[i].evaluated;
		keeper_thread_close(&guessers[i].thread);
	}
	assert_int_equal(evaluated, 5);
	world_end(&w);
}

static void *
guess_names_on(void *context)
{
	struct guesser *g = context;
	char name[32];

	for (int i = 0; i < ATTEMPTS_EACH; i++) {
		struct browser b = { .address = "192.0.2.66" };
		snprintf(name, sizeof(name), "somebody%p.%d", (void *)g, i);
		const struct sign_in_body body = { str_of(name), STR("a wrong password") };
		if (ask_on(g->thread, &b, QUESTION_SIGN_IN, &body) == VERDICT_REFUSED)
			g->evaluated++;
		else if (b.head.retry_s < 29)
			g->hasty++;
	}
	return NULL;
}

/* Some of them find the wait only when they count: it is the address's, the second of three that count. */
static void
a_lockout_reports_the_time_of_its_own_counter(void **state)
{
	struct world w;
	struct guesser guessers[THREADS];
	pthread_t threads[THREADS];
	int evaluated = 0;

	world_new(&w);
	for (int i = 0; i < THREADS; i++) {
		guessers[i] = (struct guesser){ .w = &w };
		assert_int_equal(keeper_thread_open(w.keeper, &guessers[i].thread), ERR_OK);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, guess_names_on, &guessers[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		evaluated += guessers[i].evaluated;
		assert_int_equal(guessers[i].hasty, 0);
		keeper_thread_close(&guessers[i].thread);
	}
	assert_int_equal(evaluated, 30);
	world_end(&w);
}

static int64_t
rows_of(struct world *w, const char *counter)
{
	char sql[120];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM throttle WHERE counter = '%s'", counter);
	return sql_number(w, sql);
}

static void
only_expired_counters_are_deleted(void **state)
{
	struct world w;
	struct browser owner, stranger = { .address = "192.0.2.66" };

	world_new(&w);
	bring_to(&w, &owner, "alice", STATE_FULL);
	forgive(&w);
	guess_times(&w, "alice", 3);
	purge_all(&w);
	assert_int_equal(rows_of(&w, "address") + rows_of(&w, "name") + rows_of(&w, "name-address"), 3);
	clock_forward(MINUTES_US(14)); /* of three failures two are forgotten, */
	purge_all(&w);
	assert_int_equal(rows_of(&w, "address"), 1);
	clock_forward(MINUTES_US(2)); /* and now all of them */
	purge_all(&w);
	assert_int_equal(rows_of(&w, "address"), 0);
	assert_int_equal(rows_of(&w, "name") + rows_of(&w, "name-address"), 2);
	assert_verdict(guess(&w, "alice"), VERDICT_REFUSED); /* the fourth */
	assert_verdict(guess(&w, "alice"), VERDICT_REFUSED);
	assert_verdict(guess(&w, "alice"), VERDICT_LOCKOUT);
	purge_all(&w);
	assert_verdict(guess(&w, "alice"), VERDICT_LOCKOUT);
	clock_forward(HOUR);

	assert_verdict(do_sign_in(&w, &stranger, "bob", "a wrong password"), VERDICT_REFUSED);
	sql_run(&w, "UPDATE throttle SET failures = 0 WHERE counter = 'name'"); /* as a right one gives back */
	purge_all(&w);
	assert_int_equal(rows_of(&w, "name"), 0);

	memset(&owner.token, 0, sizeof(owner.token));
	assert_verdict(do_sign_in(&w, &owner, "alice", "a wrong password"), VERDICT_REFUSED);
	purge_all(&w);
	assert_int_equal(rows_of(&w, "device"), 1);
	sql_run(&w, "DELETE FROM devices");
	purge_all(&w);
	assert_int_equal(rows_of(&w, "device"), 0);
	world_end(&w);
}

static void
the_audit_is_kept_for_good_or_for_as_long_as_is_set(void **state)
{
	struct world w;

	world_new(&w);
	assert_verdict(guess(&w, "nobody"), VERDICT_REFUSED);
	clock_forward(1000 * 24 * HOUR);
	purge_all(&w);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit"), 1);
	w.config.audit_days = 1001;
	purge_all(&w);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit"), 1);
	assert_verdict(guess(&w, "nobody"), VERDICT_REFUSED);
	w.config.audit_days = 999;
	purge_all(&w);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit"), 1);
	world_end(&w);
}

static void
a_code_from_a_known_browser_is_counted_apart(void **state)
{
	struct world w;
	struct browser owner;

	world_new(&w);
	bring_to(&w, &owner, "alice", STATE_FULL);
	memset(&owner.token, 0, sizeof(owner.token)); /* the device stays */
	assert_verdict(do_sign_in(&w, &owner, "alice", PASSWORD), VERDICT_PASSED);
	wrong_code(&w, &owner, VERDICT_REFUSED);
	assert_int_equal(sql_number(&w, "SELECT failures FROM throttle WHERE counter = 'code-device'"), 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM throttle WHERE counter = 'code'"), 0);
	world_end(&w);
}

static void
no_jump_of_the_clock_reopens_or_locks_for_good(void **state)
{
	static const struct {
		int64_t seconds;
		const char *why;
	} jumps[] = {
		{ 5, "seconds" },
		{ 3600, "an hour" },
		{ 24 * 3600, "a day" },
		{ INT64_C(10) * 365 * 24 * 3600, "ten years" },
	};
	struct world w;

	world_new(&w);
	for (size_t i = 0; i < COUNT(jumps); i++) {
		int64_t retry_s = 0;
		forgive(&w);
		guess_times(&w, "alice", 5);
		clock_forward(-jumps[i].seconds *
			      SECOND); /* back: the wait is still on, and not for longer than any is */
		if (guess_from(&w, "alice", "192.0.2.66", &retry_s) != VERDICT_LOCKOUT || retry_s > 3600)
			fail_msg("back by %s: to wait %lld s", jumps[i].why, (long long)retry_s);
		clock_forward(HOUR);
		assert_verdict(guess(&w, "alice"), VERDICT_REFUSED);
		clock_forward(jumps[i].seconds * SECOND); /* ahead: the failures are not forgotten */
		guess(&w, "alice");
		assert_verdict(guess_from(&w, "alice", "192.0.2.66", &retry_s), VERDICT_LOCKOUT);
		assert_true(retry_s >= 55);
		clock_forward(HOUR);
	}
	world_end(&w);
}

static void
a_session_from_the_future_is_over(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	clock_forward(INT64_C(10) * 365 * 24 * HOUR);
	bring_to(&w, &b, "alice", STATE_FULL);
	clock_forward(-MINUTES_US(3)); /* a clock that is set right by a little ends nothing */
	assert_verdict(ask(&w, &b, QUESTION_SESSION, NULL), VERDICT_PASSED);
	clock_forward(INT64_C(-10) * 365 * 24 * HOUR);
	assert_verdict(ask(&w, &b, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	world_end(&w);
}

static void
the_last_disabled_authenticator_cannot_be_removed(void **state)
{
	struct world w;
	struct browser b;
	char secret[65];
	const struct recovery_body first = { 0 };

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	memcpy(secret, b.secret, sizeof(secret));
	assert_verdict(ask(&w, &b, QUESTION_RECOVERY, &first), VERDICT_PASSED);
	sql_run(&w, "UPDATE factors SET disabled_at_us = 1");
	struct browser back = { 0 };
	assert_verdict(do_sign_in(&w, &back, "alice", PASSWORD), VERDICT_PASSED);
	assert_verdict(do_verify(&w, &back, b.recovery[0]), VERDICT_PASSED);
	const struct factor_body body = { .id = sql_number(&w, "SELECT id FROM factors") };
	assert_verdict(ask(&w, &back, QUESTION_FACTOR_REMOVE, &body), VERDICT_REFUSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors"), 1);
	struct browser thief = { 0 };
	assert_verdict(do_sign_in(&w, &thief, "alice", PASSWORD), VERDICT_PASSED);
	assert_int_equal(thief.head.state, STATE_PENDING);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(after_five_passwords_lockouts_double_to_an_hour),
		cmocka_unit_test(after_five_codes_lockouts_double_to_an_hour),
		cmocka_unit_test(a_lockout_evaluates_and_spends_no_code),
		cmocka_unit_test(a_right_password_moves_no_counter),
		cmocka_unit_test(a_known_password_gives_no_more_code_attempts),
		cmocka_unit_test(only_a_full_sign_in_resets_counters),
		cmocka_unit_test(counters_survive_a_restart),
		cmocka_unit_test(attempts_of_others_do_not_lock_a_known_browser),
		cmocka_unit_test(a_known_browser_has_five_separate_attempts),
		cmocka_unit_test(a_device_is_known_by_its_issued_token_only),
		cmocka_unit_test(an_account_remembers_twenty_browsers),
		cmocka_unit_test(an_address_has_its_own_limit_whatever_the_names),
		cmocka_unit_test(requests_without_an_address_share_no_lockout_of_a_name),
		cmocka_unit_test(an_address_is_forgiven_slowly_and_by_no_sign_in),
		cmocka_unit_test(registering_is_limited_by_address),
		cmocka_unit_test(failed_links_are_audited_up_to_a_limit),
		cmocka_unit_test(codes_without_a_pending_secret_are_counted),
		cmocka_unit_test(invented_names_fill_a_bounded_table_and_lock_no_account),
		cmocka_unit_test(a_hundred_wrong_codes_disable_the_authenticators),
		cmocka_unit_test(a_right_code_in_between_begins_the_hundred_anew),
		cmocka_unit_test(code_101_is_never_checked_even_after_a_crash),
		cmocka_unit_test(recovery_codes_are_counted_apart),
		cmocka_unit_test(password_guesses_within_a_session_are_limited),
		cmocka_unit_test(codes_that_make_a_proof_fresh_or_confirm_are_counted_too),
		cmocka_unit_test(the_next_sign_in_reports_refused_attempts),
		cmocka_unit_test(a_lockout_is_audited_once),
		cmocka_unit_test(an_attempt_in_a_lockout_takes_no_write_lock),
		cmocka_unit_test(two_hundred_at_once_get_five_checks),
		cmocka_unit_test(a_lockout_reports_the_time_of_its_own_counter),
		cmocka_unit_test(a_code_from_a_known_browser_is_counted_apart),
		cmocka_unit_test(only_expired_counters_are_deleted),
		cmocka_unit_test(the_audit_is_kept_for_good_or_for_as_long_as_is_set),
		cmocka_unit_test(no_jump_of_the_clock_reopens_or_locks_for_good),
		cmocka_unit_test(a_session_from_the_future_is_over),
		cmocka_unit_test(the_last_disabled_authenticator_cannot_be_removed),
	};

	return cmocka_run_group_tests_name("keeper throttle", tests, harness_setup, harness_teardown);
}
