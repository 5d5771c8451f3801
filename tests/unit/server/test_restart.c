/* The rule for restarting a child, with simulated times. */
#include "unit.h"

#include "server/children.h"

static const struct restart_rule rule = { .soon_ms = 1000, .soon_max = 3, .pause_ms = 200 };

/* The child ends this long after its start. */
static enum restart
end_after(struct restart_state *state, int64_t lived_us, bool asked)
{
	state->started_us = INT64_C(5000000000);
	return restart_decide(&rule, state, state->started_us + lived_us, asked);
}

static void
restart_gives_up_a_child_that_never_worked(void **state)
{
	struct restart_state s = { 0 };

	assert_int_equal(end_after(&s, 0, false), RESTART_NOW);
	assert_int_equal(end_after(&s, 999999, false), RESTART_AFTER_PAUSE);
	assert_int_equal(end_after(&s, 0, false), RESTART_AFTER_PAUSE);
	assert_int_equal(end_after(&s, 0, false), RESTART_GIVE_UP);
}

static void
restart_never_gives_up_a_child_that_lived(void **state)
{
	struct restart_state s = { 0 };

	assert_int_equal(end_after(&s, 1000000, false), RESTART_NOW);
	assert_int_equal(end_after(&s, 0, false), RESTART_NOW);
	for (int i = 0; i < 100; i++)
		assert_int_equal(end_after(&s, 0, false), RESTART_AFTER_PAUSE);
}

static void
restart_never_gives_up_a_child_that_asked(void **state)
{
	struct restart_state s = { 0 };

	assert_int_equal(end_after(&s, 0, true), RESTART_NOW);
	for (int i = 0; i < 100; i++)
		assert_int_equal(end_after(&s, 0, false), RESTART_AFTER_PAUSE);
}

static void
restart_resets_its_count_after_a_longer_life(void **state)
{
	struct restart_state s = { 0 };

	assert_int_equal(end_after(&s, 0, true), RESTART_NOW);
	assert_int_equal(end_after(&s, 0, true), RESTART_AFTER_PAUSE);
	assert_int_equal(end_after(&s, 1000000, true), RESTART_NOW);
	assert_int_equal(end_after(&s, 0, true), RESTART_NOW);
}

/* Each row must have every required member. */
static void
child_table_rows_are_complete(void **state)
{
	for (size_t i = 0; i < child_table_count; i++) {
		const struct child *child = &child_table[i];
		assert_ptr_equal(child_find(child->name), child);
		assert_non_null(child->sandbox);
		assert_true(child->sandbox->call_count > 0);
		assert_int_equal(child->sandbox->landlock, SANDBOX_NO_FILES | SANDBOX_NO_TCP | SANDBOX_NO_NEIGHBOURS);
		assert_non_null(child->environment);
		assert_true(child->restart.soon_ms > 0 && child->restart.soon_max > 0 && child->restart.pause_ms > 0);
		assert_true(child->stop_seconds > 0);
		assert_true(child->quick < CHANNELS_MAX);
		assert_true(child->events.forbidden != NULL && child->events.died != NULL &&
			    child->events.ended != NULL);
	}
	assert_true(child_table_count <= CHILDREN_MAX);
	assert_null(child_find("keeper"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(restart_gives_up_a_child_that_never_worked),
		cmocka_unit_test(restart_never_gives_up_a_child_that_lived),
		cmocka_unit_test(restart_never_gives_up_a_child_that_asked),
		cmocka_unit_test(restart_resets_its_count_after_a_longer_life),
		cmocka_unit_test(child_table_rows_are_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
