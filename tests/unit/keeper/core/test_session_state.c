/* The state of a session (keeper/core/session_state.h) at each edge, to the microsecond. */
#include "keeper/harness.h"

#include "keeper/core/factor_kind.h"
#include "keeper/session/session.h"
#include "keeper/core/call.h"

#define NOW INT64_C(1800000000000000)
#define HOUR MINUTES_US(60)
#define IDLE HOUR
#define LIFETIME (24 * HOUR)

static const struct config config = { .session_idle_us = IDLE, .session_lifetime_us = LIFETIME };

#define AT(created, seen) .id = 1, .account_id = 2, .created_at_us = (created), .seen_at_us = (seen)
#define JUST AT(NOW, NOW), .password_at_us = NOW
#define MINUTE MINUTES_US(1)

static const struct {
	const char *why;
	struct session_basis_row row;
	enum session_state state;
	int64_t expires_us; /* 0: not checked */
} cases[] = {
	{ "no row",
	  { .account_id = 2, .created_at_us = NOW, .seen_at_us = NOW, .password_at_us = NOW },
	  STATE_NONE,
	  0 },
	{ "password, no factor", { JUST }, STATE_ENROLLING, NOW + IDLE },
	{ "password, the account has a factor", { JUST, .factor_since_us = 1 }, STATE_PENDING, NOW + PENDING_US },
	{ "password and factor",
	  { JUST, .factor_since_us = 1, .factor_id = 7, .factor_kind = STR_INIT("totp") },
	  STATE_FULL,
	  NOW + IDLE },
	{ "no proof", { AT(NOW, NOW) }, STATE_NONE, 0 },
	{ "no proof, the account has a factor", { AT(NOW, NOW), .factor_since_us = 1 }, STATE_NONE, 0 },
	{ "a factor without the password",
	  { AT(NOW, NOW), .factor_since_us = 1, .factor_id = 7, .factor_kind = STR_INIT("totp") },
	  STATE_NONE,
	  0 },
	{ "a factor of an unknown kind",
	  { JUST, .factor_since_us = 1, .factor_id = 7, .factor_kind = STR_INIT("fingerprint") },
	  STATE_NONE,
	  0 },
	{ "a passkey alone, user verified",
	  { AT(NOW, NOW), .factor_at_us = NOW, .factor_since_us = 1, .factor_id = 7, .factor_kind = STR_INIT("passkey"),
	    .user_verified_at_us = NOW },
	  STATE_FULL,
	  0 },
	{ "a passkey alone, user not verified",
	  { AT(NOW, NOW), .factor_at_us = NOW, .factor_since_us = 1, .factor_id = 7,
	    .factor_kind = STR_INIT("passkey") },
	  STATE_NONE,
	  0 },
	{ "a passkey alone, removed since",
	  { AT(NOW, NOW), .factor_at_us = NOW, .factor_since_us = 1, .factor_id = 7, .user_verified_at_us = NOW },
	  STATE_NONE,
	  0 },
	{ "a password and a passkey",
	  { JUST, .factor_at_us = NOW, .factor_since_us = 1, .factor_id = 7, .factor_kind = STR_INIT("passkey") },
	  STATE_FULL,
	  0 },
	{ "a removed factor", { JUST, .factor_since_us = 1, .factor_id = 7 }, STATE_NONE, 0 },
	{ "a removed factor, and no other", { JUST, .factor_id = 7 }, STATE_NONE, 0 },
	{ "recovered",
	  { JUST, .factor_since_us = 1, .factor_at_us = NOW, .recovered_at_us = NOW },
	  STATE_FULL,
	  NOW + IDLE },
	{ "recovered, the account has no factors",
	  { JUST, .factor_at_us = NOW, .recovered_at_us = NOW },
	  STATE_NONE,
	  0 },
	{ "recovered, and a removed factor",
	  { JUST, .factor_since_us = 1, .factor_at_us = NOW, .recovered_at_us = NOW, .factor_id = 7 },
	  STATE_FULL,
	  0 },
	{ "disabled, enrolling", { JUST, .account_disabled = true }, STATE_NONE, 0 },
	{ "disabled, pending", { JUST, .account_disabled = true, .factor_since_us = 1 }, STATE_NONE, 0 },
	{ "disabled, full",
	  { JUST, .account_disabled = true, .factor_since_us = 1, .factor_id = 7, .factor_kind = STR_INIT("totp") },
	  STATE_NONE,
	  0 },
	{ "disabled, recovered",
	  { JUST, .account_disabled = true, .factor_since_us = 1, .factor_at_us = NOW, .recovered_at_us = NOW },
	  STATE_NONE,
	  0 },

	{ "idle for a microsecond less than an hour",
	  { AT(NOW - 2 * HOUR, NOW - IDLE + 1), .password_at_us = NOW },
	  STATE_ENROLLING,
	  NOW + 1 },
	{ "idle for an hour", { AT(NOW - 2 * HOUR, NOW - IDLE), .password_at_us = NOW }, STATE_NONE, 0 },
	{ "a microsecond before the end of the lifetime",
	  { AT(NOW - LIFETIME + 1, NOW - MINUTE), .password_at_us = NOW },
	  STATE_ENROLLING,
	  NOW + 1 },
	{ "at the end of the lifetime", { AT(NOW - LIFETIME, NOW - MINUTE), .password_at_us = NOW }, STATE_NONE, 0 },
	{ "the idle timeout comes before the end of the lifetime",
	  { AT(NOW - 59 * MINUTE, NOW - MINUTE), .password_at_us = NOW },
	  STATE_ENROLLING,
	  NOW - MINUTES_US(1) + IDLE },
	{ "the end of the lifetime comes before the idle timeout",
	  { AT(NOW - LIFETIME + MINUTES_US(2), NOW - MINUTE), .password_at_us = NOW },
	  STATE_ENROLLING,
	  NOW + MINUTES_US(2) },
	{ "pending for a microsecond less than ten minutes",
	  { AT(NOW - 59 * MINUTE, NOW - MINUTE), .factor_since_us = 1, .password_at_us = NOW - PENDING_US + 1 },
	  STATE_PENDING,
	  NOW + 1 },
	{ "pending for ten minutes",
	  { AT(NOW - 59 * MINUTE, NOW - MINUTE), .factor_since_us = 1, .password_at_us = NOW - PENDING_US },
	  STATE_NONE,
	  0 },
	{ "pending, the idle timeout comes first",
	  { .id = 1,
	    .created_at_us = NOW - HOUR,
	    .seen_at_us = NOW - IDLE + 5,
	    .factor_since_us = 1,
	    .password_at_us = NOW },
	  STATE_PENDING,
	  NOW + 5 },
	{ "full, an old proof of the password",
	  { AT(NOW - 59 * MINUTE, NOW - MINUTE), .factor_since_us = 1, .factor_id = 7, .factor_kind = STR_INIT("totp"),
	    .password_at_us = NOW - 59 * MINUTES_US(1) },
	  STATE_FULL,
	  0 },

	{ "created in the future, within the allowed clock difference",
	  { AT(NOW + CLOCK_SLACK_US, NOW), .password_at_us = NOW },
	  STATE_ENROLLING,
	  0 },
	{ "created beyond the allowed clock difference",
	  { AT(NOW + CLOCK_SLACK_US + 1, NOW), .password_at_us = NOW },
	  STATE_NONE,
	  0 },
	{ "seen in the future, within the allowed clock difference",
	  { AT(NOW, NOW + CLOCK_SLACK_US), .password_at_us = NOW },
	  STATE_ENROLLING,
	  0 },
	{ "seen beyond the allowed clock difference",
	  { AT(NOW, NOW + CLOCK_SLACK_US + 1), .password_at_us = NOW },
	  STATE_NONE,
	  0 },
};

static void
session_state_follows_from_proofs_and_age(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct session s = session_from_basis(&cases[i].row);
		session_decide(&s, &config, NOW);
		if (s.state != cases[i].state)
			fail_msg("%s: %s", cases[i].why, session_state_name(s.state));
		if (cases[i].expires_us != 0 && s.expires_us != cases[i].expires_us)
			fail_msg("%s: ends %lld us from now", cases[i].why, (long long)(s.expires_us - NOW));
		if (s.state == STATE_NONE && s.expires_us != 0)
			fail_msg("%s: state NONE with an expiry", cases[i].why);
	}
}

static void
a_proof_is_fresh_for_five_minutes_and_in_full_only(void **state)
{
	static const struct {
		enum session_state state;
		int64_t age_us;
		bool fresh;
	} ages[] = {
		{ STATE_FULL, 0, true },     { STATE_FULL, STEP_UP_US, true }, { STATE_FULL, STEP_UP_US + 1, false },
		{ STATE_FULL, -1, false }, /* verified while the clock was ahead */
		{ STATE_PENDING, 0, false }, { STATE_ENROLLING, 0, false },    { STATE_NONE, 0, false },
	};

	for (size_t i = 0; i < COUNT(ages); i++) {
		struct call call = { .now_us = NOW };
		call.now.session.state = ages[i].state;
		proofs_add(&call.now.session.proofs,
			   (struct proof){ .kind = &factor_kind_totp, .at_us = NOW - ages[i].age_us, .factor_id = 7 });
		if (session_fresh(&call) != ages[i].fresh)
			fail_msg("%s, %lld us old", session_state_name(ages[i].state), (long long)ages[i].age_us);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(session_state_follows_from_proofs_and_age),
		cmocka_unit_test(a_proof_is_fresh_for_five_minutes_and_in_full_only),
	};

	return cmocka_run_group_tests_name("keeper decision", tests, NULL, NULL);
}
