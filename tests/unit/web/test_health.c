/* The answer to "can the database be written?", by the age of the keeper's last check. */
#include "unit.h"

#include "base/clock.h"
#include "web/core/health.h"

static struct web web;

static void
age(int64_t us)
{
	atomic_store(&web.checked_us, clock_monotonic_us() - us);
}

static void
the_last_check_decides_while_it_is_recent(void **state)
{
	health_checked(&web, true);
	assert_true(health_writable(&web));
	age(SECONDS_US(3)); /* two checks are missing */
	assert_true(health_writable(&web));
	health_checked(&web, false);
	assert_false(health_writable(&web));
}

static void
an_old_check_counts_as_not_writable(void **state)
{
	health_checked(&web, true);
	age(WEB_CHECKED_MS * INT64_C(1000) + 1);
	assert_false(health_writable(&web));
	assert_true(atomic_load(&web.late));
	health_checked(&web, true);
	assert_true(health_writable(&web));
	assert_false(atomic_load(&web.late));
}

int
main(void)
{
#ifdef DOUBLETOUR_TEST_HOOKS
	clock_hook_stop(); /* the ages below do not grow while a busy machine runs other programs */
#endif
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_check_decides_while_it_is_recent),
		cmocka_unit_test(an_old_check_counts_as_not_writable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
