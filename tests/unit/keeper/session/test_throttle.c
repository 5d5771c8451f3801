/* Throttling of guesses, which never locks the owner out: docs/explain/throttling.md. */
#include "keeper/harness.h"

#include "keeper/session/throttle.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define SECOND SECONDS_US(1)
#define HOUR MINUTES_US(60)

/* --- attempts ----------------------------------------------------------------------------------------------------- */

/* A guess from a new browser. */
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
	assert_verdict(do_verify(w, b, WRONG_CODE), wanted);
}

/* A sign-in with the right password from an unknown browser: PENDING. */
static void
sign_in_elsewhere(struct world *w, struct browser *b, const char *name, const char *secret)
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

/* --- lockouts ----------------------------------------------------------------------------------------------------- */

/* docs/explain/throttling.md: half a minute, doubled each time up to an hour. */
static const int64_t lockouts_s[] = { 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600 };

static void
lockouts_after_five_passwords_double_to_an_hour(void **state)
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
lockouts_after_five_codes_double_to_an_hour(void **state)
{
	struct world w;
	struct browser b;
	char secret[65];

	world_new(&w);
	w.config.session_idle_us = w.config.session_lifetime_us = 1000 * HOUR;
	bring_to(&w, &b, "alice", STATE_PENDING);
	memcpy(secret, b.secret, sizeof(secret));
	sign_in_elsewhere(&w, &b, "alice", secret);
	for (int i = 0; i < 5; i++)
		wrong_code(&w, &b, VERDICT_REFUSED);
	for (size_t i = 0; i < COUNT(lockouts_s); i++) {
		wrong_code(&w, &b, VERDICT_LOCKOUT);
		assert_int_equal(b.head.retry_s, lockouts_s[i]);
		clock_forward(lockouts_s[i] * SECOND);
		sign_in_elsewhere(&w, &b, "alice",
				  secret); /* a new session, because a pending one expires after ten minutes */
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
	sign_in_elsewhere(&w, &b, "alice", secret);
	clock_forward(MINUTES_US(1));
	for (int i = 0; i < 5; i++)
		wrong_code(&w, &b, VERDICT_REFUSED);
	struct code code = code_of(b.secret, 1); /* valid for longer than the lockout */
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

/* --- changes of the counters -------------------------------------------------------------------------------------- */

static void
a_right_password_changes_no_counter(void **state)
{
	struct world w;
	struct browser b;
	char secret[65];

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	memcpy(secret, b.secret, sizeof(secret));
	guess_times(&w, "alice", 4);
	for (int i = 0; i < 20; i++) /* right passwords begin no lockout */
		sign_in_elsewhere(&w, &b, "alice", secret);
	assert_verdict(guess(&w, "alice"), VERDICT_REFUSED); /* the counter was not reset: this is failure 5 */
	assert_verdict(guess(&w, "alice"), VERDICT_LOCKOUT);
	assert_verdict(do_sign_in(&w, &(struct browser){ .address = "192.0.2.66" }, "alice", PASSWORD),
		       VERDICT_LOCKOUT);
	clock_forward(SECONDS_US(30));
	sign_in_elsewhere(&w, &b, "alice",
			  secret); /* a right password also takes back the lockout that its attempt began */
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
		sign_in_elsewhere(&w, &b, "alice", secret);
		wrong_code(&w, &b, VERDICT_REFUSED);
	}
	sign_in_elsewhere(&w, &b, "alice", secret);
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
	sign_in_elsewhere(&w, &b, "alice", secret);
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

/* --- known browsers ----------------------------------------------------------------------------------------------- */

static void
attempts_of_others_do_not_lock_a_known_browser(void **state)
{
	struct world w;
	struct browser owner, other;
	char secret[65], address[32];

	world_new(&w);
	bring_to(&w, &owner, "alice", STATE_FULL);
	memcpy(secret, owner.secret, sizeof(secret));
	for (int i = 0; i < 1000; i++) { /* from many addresses, until the name is locked */
		snprintf(address, sizeof(address), "198.51.%d.%d", i / 250, i % 250);
		guess_from(&w, "alice", address, NULL);
	}
	assert_verdict(guess_from(&w, "alice", "203.0.113.1", NULL), VERDICT_LOCKOUT);
	assert_int_equal(sql_number(&w, "SELECT failures FROM throttle WHERE counter = 'name'"), 50);

	/* an attacker with the password uses up the attempts at the code too */
	clock_forward(HOUR);
	sign_in_elsewhere(&w, &other, "alice", secret);
	for (int i = 0; i < 5; i++)
		wrong_code(&w, &other, VERDICT_REFUSED);
	wrong_code(&w, &other, VERDICT_LOCKOUT);
	assert_verdict(guess_from(&w, "alice", "203.0.113.1", NULL), VERDICT_REFUSED);
	assert_verdict(guess_from(&w, "alice", "203.0.113.1", NULL), VERDICT_LOCKOUT);

	memset(&owner.token, 0, sizeof(owner.token)); /* the device stays */
	assert_verdict(do_sign_in(&w, &owner, "alice", PASSWORD), VERDICT_PASSED);
	right_code(&w, &owner);
	/* unknown browsers are still locked out */
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
	/* the lockout is of this browser and this account only */
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
	memset(&planted.device, 0x42, sizeof(planted.device)); /* a device token that an attacker planted */
	assert_verdict(do_register(&w, &planted, "bob", PASSWORD), VERDICT_PASSED);
	assert_verdict(ask(&w, &planted, QUESTION_ENROL, NULL), VERDICT_PASSED);
	right_code(&w, &planted);
	assert_int_not_equal(planted.device.b[0] == 0x42 && planted.device.b[31] == 0x42, true);

	/* one browser, two accounts: one token, two devices */
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
		sign_in_elsewhere(&w, &b, "alice", secret);
		right_code(&w, &b);
	}
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM devices"), 20);
	const struct password_body change = { STR(PASSWORD), STR("trombone sobre 1742"), STR("trombone sobre 1742") };
	assert_verdict(ask(&w, &b, QUESTION_PASSWORD, &change), VERDICT_PASSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM devices"), 1);
	world_end(&w);
}

/* --- addresses ---------------------------------------------------------------------------------------------------- */

/* The number of attempts with invented names from these addresses until a lockout. */
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
		{ "2001:db8:0:1::1", "2001:db8:0:2::1", 60, "two networks of IPv6" },
		{ "192.0.2.3", "192.0.2.4", 60, "two addresses" },
		{ "127.0.0.1", "127.0.0.1", 1000, "loopback: may be a proxy that is not configured" },
		{ "::1", "::1", 1000, "loopback of IPv6" },
		{ "::ffff:127.0.0.1", "::ffff:127.0.0.1", 1000, "loopback of IPv4 written as IPv6" },
		{ "::2", "::2", 30, "the address after loopback" },
		{ "::1:0:0:0:1", "::1:0:0:0:1", 30, "an address that ends like loopback" },
		{ "", "no address", 1000, "invalid addresses" },
	};
	struct world w;

	world_new(&w);
	for (size_t i = 0; i < COUNT(addresses); i++) {
		forgive(&w);
		int attempts = attempts_from(&w, addresses[i].one, addresses[i].other, 1100);
		if (attempts != addresses[i].attempts)
			fail_msg("%s: %d attempts", addresses[i].why, attempts);
	}
	world_end(&w);
}

/* Without X-Forwarded-For, all requests over a Unix socket would share the counter of a name at an address. */
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
	assert_verdict(guess_from(&w, "alice", "unix:", NULL), VERDICT_LOCKOUT); /* the limit of the name applies */
	world_end(&w);
}

static void
failures_of_an_address_expire_slowly_and_not_by_a_sign_in(void **state)
{
	struct world w;
	struct browser b;
	char secret[65];

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	memcpy(secret, b.secret, sizeof(secret));
	assert_int_equal(attempts_from(&w, "192.0.2.66", "192.0.2.66", 29), 29);
	sign_in_elsewhere(&w, &b, "alice", secret); /* a sign-in to another account from the same address */
	right_code(&w, &b);
	assert_verdict(guess(&w, "somebody"), VERDICT_REFUSED);
	assert_verdict(guess(&w, "somebody-else"), VERDICT_LOCKOUT);
	clock_forward(MINUTES_US(5)); /* one failure expires: one more attempt */
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
		snprintf(name, sizeof(name), "person%d", i / 2); /* every second name is taken */
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
		assert_verdict(do_verify(&w, &b, WRONG_CODE), VERDICT_STATE);
	assert_verdict(do_verify(&w, &b, WRONG_CODE), VERDICT_LOCKOUT);
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
	/* every slot belongs to another key, and all are locked */
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

/* An attacker with the password sends wrong codes, one per hour. */
static void
wrong_codes(struct world *w, const char *secret, int times)
{
	for (int i = 0; i < times; i++) {
		struct browser b;
		clock_forward(HOUR);
		sign_in_elsewhere(w, &b, "alice", secret);
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
	assert_true(w.ended_count > 0); /* web was notified of the end of the owner's session */
	assert_verdict(ask(&w, &owner, QUESTION_SESSION, NULL), VERDICT_REFUSED);

	clock_forward(2 * HOUR); /* from now on only recovery codes are accepted */
	sign_in_elsewhere(&w, &b, "alice", secret);
	assert_int_equal(b.head.codes_disabled, 1);
	assert_verdict(do_verify(&w, &b, code_of(secret, 0).z), VERDICT_REFUSED);
	assert_verdict(do_verify(&w, &b, owner.recovery[0]), VERDICT_PASSED);
	assert_int_equal(b.head.state, STATE_FULL);
	world_end(&w);
}

static void
a_right_code_resets_the_count_of_a_hundred(void **state)
{
	struct world w;
	struct browser b;
	char secret[65];

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	memcpy(secret, b.secret, sizeof(secret));
	wrong_codes(&w, secret, 99);
	clock_forward(HOUR);
	sign_in_elsewhere(&w, &b, "alice", secret);
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
		"UPDATE throttle SET failures = 100 WHERE counter = 'codes'"); /* as after a crash before disabling */
	clock_forward(HOUR);
	sign_in_elsewhere(&w, &b, "alice", secret);
	assert_verdict(do_verify(&w, &b, code_of(secret, 0).z), VERDICT_REFUSED);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM factors WHERE disabled_at_us IS NULL"), 0);
	world_end(&w);
}

/* --- other counters ----------------------------------------------------------------------------------------------- */

static void
recovery_codes_are_counted_apart(void **state)
{
	struct world w;
	struct browser b;
	char secret[65];

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	memcpy(secret, b.secret, sizeof(secret));
	sign_in_elsewhere(&w, &b, "alice", secret);
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
	struct world w;
	struct browser b;

	world_new(&w);
	for (int known = 0; known < 2; known++) {
		const str name = known ? STR("alice") : STR("bob");
		const struct close_body wrong = { name, STR_INIT("a wrong password") };
		const struct close_body right = { name, STR_INIT(PASSWORD) };
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
codes_to_step_up_or_to_confirm_are_counted_too(void **state)
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

/* --- reports ------------------------------------------------------------------------------------------------------ */

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

/* --- parallel attempts, and jumps of the clock -------------------------------------------------------------------- */

enum { THREADS = 8, ATTEMPTS_EACH = 25 };

struct guesser {
	struct world *w;
	struct keeper_thread *thread;
	int evaluated;
	int hasty; /* answers whose lockout is shorter than the first one, 30 s */
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
two_hundred_parallel_attempts_get_five_checks(void **state)
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
		guessers[i].thread = world_thread_open(&w);
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

/* Some attempts find the lockout only when they are counted.  It is the address's, the second of three counters. */
static void
a_lockout_reports_the_time_of_its_counter(void **state)
{
	struct world w;
	struct guesser guessers[THREADS];
	pthread_t threads[THREADS];
	int evaluated = 0;

	world_new(&w);
	for (int i = 0; i < THREADS; i++) {
		guessers[i] = (struct guesser){ .w = &w };
		guessers[i].thread = world_thread_open(&w);
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
	struct browser owner, sign_in_elsewhere = { .address = "192.0.2.66" };

	world_new(&w);
	bring_to(&w, &owner, "alice", STATE_FULL);
	forgive(&w);
	guess_times(&w, "alice", 3);
	purge_all(&w);
	assert_int_equal(rows_of(&w, "address") + rows_of(&w, "name") + rows_of(&w, "name-address"), 3);
	clock_forward(MINUTES_US(14)); /* two of three failures have expired */
	purge_all(&w);
	assert_int_equal(rows_of(&w, "address"), 1);
	clock_forward(MINUTES_US(2)); /* all failures have expired */
	purge_all(&w);
	assert_int_equal(rows_of(&w, "address"), 0);
	assert_int_equal(rows_of(&w, "name") + rows_of(&w, "name-address"), 2);
	assert_verdict(guess(&w, "alice"), VERDICT_REFUSED); /* failure 4 */
	assert_verdict(guess(&w, "alice"), VERDICT_REFUSED);
	assert_verdict(guess(&w, "alice"), VERDICT_LOCKOUT);
	purge_all(&w);
	assert_verdict(guess(&w, "alice"), VERDICT_LOCKOUT);
	clock_forward(HOUR);

	assert_verdict(do_sign_in(&w, &sign_in_elsewhere, "bob", "a wrong password"), VERDICT_REFUSED);
	sql_run(&w, "UPDATE throttle SET failures = 0 WHERE counter = 'name'"); /* as after a right password */
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
the_audit_is_kept_for_ever_or_for_the_configured_time(void **state)
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
jumps_of_the_clock_neither_end_nor_extend_a_lockout(void **state)
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
		clock_forward(-jumps[i].seconds * SECOND); /* back: the lockout holds, for at most an hour */
		if (guess_from(&w, "alice", "192.0.2.66", &retry_s) != VERDICT_LOCKOUT || retry_s > 3600)
			fail_msg("back by %s: retry after %lld s", jumps[i].why, (long long)retry_s);
		clock_forward(HOUR);
		assert_verdict(guess(&w, "alice"), VERDICT_REFUSED);
		clock_forward(jumps[i].seconds * SECOND); /* forward: the failures still count */
		guess(&w, "alice");
		assert_verdict(guess_from(&w, "alice", "192.0.2.66", &retry_s), VERDICT_LOCKOUT);
		assert_true(retry_s >= 55);
		clock_forward(HOUR);
	}
	world_end(&w);
}

static void
a_session_from_the_future_is_expired(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	clock_forward(INT64_C(10) * 365 * 24 * HOUR);
	bring_to(&w, &b, "alice", STATE_FULL);
	clock_forward(-MINUTES_US(3)); /* a small correction of the clock ends no session */
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
		cmocka_unit_test(lockouts_after_five_passwords_double_to_an_hour),
		cmocka_unit_test(lockouts_after_five_codes_double_to_an_hour),
		cmocka_unit_test(a_lockout_evaluates_and_spends_no_code),
		cmocka_unit_test(a_right_password_changes_no_counter),
		cmocka_unit_test(a_known_password_gives_no_more_code_attempts),
		cmocka_unit_test(only_a_full_sign_in_resets_counters),
		cmocka_unit_test(counters_survive_a_restart),
		cmocka_unit_test(attempts_of_others_do_not_lock_a_known_browser),
		cmocka_unit_test(a_known_browser_has_five_separate_attempts),
		cmocka_unit_test(a_device_is_known_by_its_issued_token_only),
		cmocka_unit_test(an_account_remembers_twenty_browsers),
		cmocka_unit_test(an_address_has_its_own_limit_whatever_the_names),
		cmocka_unit_test(requests_without_an_address_share_no_lockout_of_a_name),
		cmocka_unit_test(failures_of_an_address_expire_slowly_and_not_by_a_sign_in),
		cmocka_unit_test(registering_is_limited_by_address),
		cmocka_unit_test(failed_links_are_audited_up_to_a_limit),
		cmocka_unit_test(codes_without_a_pending_secret_are_counted),
		cmocka_unit_test(invented_names_fill_a_bounded_table_and_lock_no_account),
		cmocka_unit_test(a_hundred_wrong_codes_disable_the_authenticators),
		cmocka_unit_test(a_right_code_resets_the_count_of_a_hundred),
		cmocka_unit_test(code_101_is_never_checked_even_after_a_crash),
		cmocka_unit_test(recovery_codes_are_counted_apart),
		cmocka_unit_test(password_guesses_within_a_session_are_limited),
		cmocka_unit_test(codes_to_step_up_or_to_confirm_are_counted_too),
		cmocka_unit_test(a_lockout_is_audited_once),
		cmocka_unit_test(an_attempt_in_a_lockout_takes_no_write_lock),
		cmocka_unit_test(two_hundred_parallel_attempts_get_five_checks),
		cmocka_unit_test(a_lockout_reports_the_time_of_its_counter),
		cmocka_unit_test(a_code_from_a_known_browser_is_counted_apart),
		cmocka_unit_test(only_expired_counters_are_deleted),
		cmocka_unit_test(the_audit_is_kept_for_ever_or_for_the_configured_time),
		cmocka_unit_test(jumps_of_the_clock_neither_end_nor_extend_a_lockout),
		cmocka_unit_test(a_session_from_the_future_is_expired),
		cmocka_unit_test(the_last_disabled_authenticator_cannot_be_removed),
	};

	return cmocka_run_group_tests_name("keeper throttle", tests, harness_setup, harness_teardown);
}
