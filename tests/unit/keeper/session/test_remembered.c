/* Sessions that stay signed in: docs/explain/sessions.md. */
#include "keeper/harness.h"

#include "keeper/core/session_state.h"

#include <stdio.h>
#include <string.h>

#define DAY MINUTES_US(24 * 60)

struct scene {
	struct world w;
	struct browser b; /* a new browser that chose to stay signed in */
	char secret[65];
};

static void
scene_sign_in(struct scene *s, bool remember)
{
	s->b = (struct browser){ .remember = remember };
	assert_verdict(do_sign_in(&s->w, &s->b, "alice", PASSWORD), VERDICT_PASSED);
	assert_int_equal(s->b.head.state, STATE_PENDING);
}

static void
scene_code(struct scene *s)
{
	clock_forward(MINUTES_US(2));
	assert_verdict(do_verify(&s->w, &s->b, code_of(s->secret, 0).z), VERDICT_PASSED);
}

static void
scene_begin(struct scene *s)
{
	world_new(&s->w);
	bring_to(&s->w, &s->b, "alice", STATE_FULL);
	memcpy(s->secret, s->b.secret, sizeof(s->secret));
	scene_sign_in(s, true);
	scene_code(s);
}

static void
scene_end(struct scene *s)
{
	world_end(&s->w);
}

static enum session_state
state_of(struct scene *s)
{
	ask(&s->w, &s->b, QUESTION_SESSION, NULL);
	return (enum session_state)s->b.head.state;
}

static void
the_choice_to_stay_signed_in_survives_the_code(void **state)
{
	struct scene s;
	int64_t until_us;

	scene_begin(&s);
	until_us = s.b.head.remembered_until_us;
	assert_true(until_us > clock_us() + 30 * DAY - MINUTES_US(5) && until_us <= clock_us() + 30 * DAY);
	clock_forward(29 * DAY);
	assert_int_equal(state_of(&s), STATE_FULL);
	assert_int_equal(s.b.head.remembered_until_us, until_us);
	clock_forward(DAY);
	assert_int_equal(state_of(&s), STATE_NONE);
	scene_end(&s);
}

static void
a_session_without_the_choice_keeps_the_usual_limits(void **state)
{
	struct scene s;

	scene_begin(&s);
	scene_sign_in(&s, false);
	scene_code(&s);
	assert_int_equal(s.b.head.remembered_until_us, 0);
	clock_forward(MINUTES_US(61));
	assert_int_equal(state_of(&s), STATE_NONE);
	scene_end(&s);
}

/* Before the code, the choice gives no more time. */
static void
a_pending_session_is_not_remembered(void **state)
{
	struct scene s;

	scene_begin(&s);
	scene_sign_in(&s, true);
	assert_int_equal(s.b.head.remembered_until_us, 0);
	assert_true(s.b.head.expires_us <= clock_us() + PENDING_US);
	clock_forward(PENDING_US);
	assert_int_equal(state_of(&s), STATE_NONE);
	scene_end(&s);
}

static void
a_remembered_session_needs_a_fresh_code_as_well(void **state)
{
	const struct password_body change = { STR(PASSWORD), STR("trombone sobre 1742"), STR("trombone sobre 1742") };
	struct scene s;

	scene_begin(&s);
	clock_forward(STEP_UP_US + SECONDS_US(1));
	assert_verdict(ask(&s.w, &s.b, QUESTION_PASSWORD, &change), VERDICT_STEP_UP);
	scene_end(&s);
}

/* A new token of the same session keeps the choice and its end. */
static void
a_change_of_the_password_keeps_the_choice(void **state)
{
	const struct password_body change = { STR(PASSWORD), STR("trombone sobre 1742"), STR("trombone sobre 1742") };
	struct scene s;
	int64_t until_us;

	scene_begin(&s);
	until_us = s.b.head.remembered_until_us;
	assert_verdict(ask(&s.w, &s.b, QUESTION_PASSWORD, &change), VERDICT_PASSED);
	assert_int_equal(s.b.head.remembered_until_us, until_us);
	scene_end(&s);
}

/* --- the setting -------------------------------------------------------------------------------------------------- */

static const struct {
	int64_t remember_us, idle_us; /* SESSION_REMEMBER from now on; time without a question */
	enum session_state state;
	const char *why;
} settings[] = {
	{ 30 * DAY, 29 * DAY, STATE_FULL, "unchanged" },
	{ 7 * DAY, 6 * DAY, STATE_FULL, "lowered, within the new time" },
	{ 7 * DAY, 7 * DAY, STATE_NONE, "lowered, after the new time" },
	{ 0, MINUTES_US(50), STATE_FULL, "switched off: the usual limits, not at once" },
	{ 0, MINUTES_US(61), STATE_NONE, "switched off: the usual idle timeout" },
	{ MINUTES_US(30), MINUTES_US(50), STATE_FULL, "shorter than the usual limits: they apply" },
	{ MINUTES_US(30), MINUTES_US(61), STATE_NONE, "shorter than the usual limits, and idle" },
};

static void
live_sessions_follow_a_changed_setting(void **state)
{
	for (size_t i = 0; i < COUNT(settings); i++) {
		struct scene s;
		scene_begin(&s);
		s.w.config.session_remember_us = settings[i].remember_us;
		clock_forward(settings[i].idle_us);
		if (state_of(&s) != settings[i].state)
			fail_msg("%s: %s", settings[i].why, session_state_name((enum session_state)s.b.head.state));
		scene_end(&s);
	}
}

/* The form has no box then: the field is forged. */
static void
a_forged_choice_is_not_stored_while_switched_off(void **state)
{
	struct scene s;

	scene_begin(&s);
	s.w.config.session_remember_us = 0;
	scene_sign_in(&s, true);
	scene_code(&s);
	s.w.config.session_remember_us = 30 * DAY;
	assert_int_equal(state_of(&s), STATE_FULL);
	assert_int_equal(s.b.head.remembered_until_us, 0);
	scene_end(&s);
}

/* --- ends --------------------------------------------------------------------------------------------------------- */

static void
a_clock_that_is_set_back_ends_a_remembered_session(void **state)
{
	struct scene s;

	scene_begin(&s);
	clock_forward(-MINUTES_US(60));
	assert_int_equal(state_of(&s), STATE_NONE);
	clock_forward(MINUTES_US(60));
	assert_int_equal(state_of(&s), STATE_NONE);
	scene_end(&s);
}

static void
the_purge_keeps_remembered_sessions(void **state)
{
	struct scene s;

	scene_begin(&s);
	clock_forward(2 * DAY);
	purge_all(&s.w);
	assert_int_equal(sql_number(&s.w, "SELECT count(*) FROM sessions"), 1);
	assert_int_equal(state_of(&s), STATE_FULL);
	clock_forward(28 * DAY);
	purge_all(&s.w);
	assert_int_equal(sql_number(&s.w, "SELECT count(*) FROM sessions"), 0);
	scene_end(&s);
}

static void
a_session_whose_factor_was_reset_is_not_remembered(void **state)
{
	struct scene s;

	scene_begin(&s);
	sql_run(&s.w, "DELETE FROM factors");
	assert_int_equal(state_of(&s), STATE_NONE);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_choice_to_stay_signed_in_survives_the_code),
		cmocka_unit_test(a_session_without_the_choice_keeps_the_usual_limits),
		cmocka_unit_test(a_pending_session_is_not_remembered),
		cmocka_unit_test(a_remembered_session_needs_a_fresh_code_as_well),
		cmocka_unit_test(a_change_of_the_password_keeps_the_choice),
		cmocka_unit_test(live_sessions_follow_a_changed_setting),
		cmocka_unit_test(a_forged_choice_is_not_stored_while_switched_off),
		cmocka_unit_test(a_clock_that_is_set_back_ends_a_remembered_session),
		cmocka_unit_test(the_purge_keeps_remembered_sessions),
		cmocka_unit_test(a_session_whose_factor_was_reset_is_not_remembered),
	};

	return cmocka_run_group_tests_name("keeper remembered", tests, harness_setup, harness_teardown);
}
