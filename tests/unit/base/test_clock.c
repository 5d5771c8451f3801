/* The clock: it agrees with the system, and tests can move it and stop it. */
#include "unit.h"

#include "base/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Not time(2), which reads a coarse clock that may be a tick or more behind. */
static int64_t
test_clock_system_us(void)
{
	struct timespec now = { 0 };

	assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
clock_now_us_agrees_with_the_system(void **state)
{
	int64_t now_us = 0;
	int64_t before = test_clock_system_us();

	assert_int_equal(clock_now_us(&now_us), ERR_OK);
	assert_true(before <= now_us && now_us <= test_clock_system_us());
}

static void
clock_monotonic_us_never_goes_back(void **state)
{
	int64_t last = clock_monotonic_us();

	assert_true(last > 0);
	for (int i = 0; i < 100000; i++) {
		int64_t now = clock_monotonic_us();
		assert_true(now >= last);
		last = now;
	}
}

static void
clock_units_do_not_overflow_32_bits(void **state)
{
	assert_true(SECONDS_US(4000000000) == INT64_C(4000000000000000));
	assert_true(MINUTES_US(60 * 24 * 365) == INT64_C(31536000000000));
}

#ifdef DOUBLETOUR_TEST_HOOKS
static int64_t
now_with_offset(int fd, int64_t offset_us, err expected)
{
	int64_t now_us = -1;

	assert_int_equal(pwrite(fd, &offset_us, sizeof(offset_us), 0), sizeof(offset_us));
	assert_int_equal(clock_now_us(&now_us), expected);
	return now_us;
}

static void
clock_hook_moves_a_running_clock(void **state)
{
	char path[] = "/tmp/doubletour-clock-XXXXXX";
	int fd = mkstemp(path);
	int64_t now_us;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, sizeof(int64_t)), 0);
	setenv("DOUBLETOUR_TEST_CLOCK", path, 1);
	clock_hook_open();
	now_us = now_with_offset(fd, 0, ERR_OK);
	assert_true(now_with_offset(fd, MINUTES_US(10), ERR_OK) - now_us >= MINUTES_US(10));
	assert_true(now_with_offset(fd, -MINUTES_US(10), ERR_OK) < now_us);
	assert_int_equal(now_with_offset(fd, -now_us * 2, ERR_IO), -1); /* before 1970 */
	(void)now_with_offset(fd, 0, ERR_OK);
	close(fd);
	unlink(path);
}

static void
clock_hook_stops_and_steps_the_monotonic_clock(void **state)
{
	int64_t us;

	(void)state;
	clock_hook_stop();
	us = clock_monotonic_us();
	(void)poll(NULL, 0, 2);
	assert_int_equal(clock_monotonic_us(), us);
	clock_hook_step(MINUTES_US(10));
	assert_int_equal(clock_monotonic_us(), us + MINUTES_US(10));
	clock_hook_run();
	(void)poll(NULL, 0, 2);
	assert_true(clock_monotonic_us() > us + MINUTES_US(10));
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clock_now_us_agrees_with_the_system),
		cmocka_unit_test(clock_monotonic_us_never_goes_back),
		cmocka_unit_test(clock_units_do_not_overflow_32_bits),
#ifdef DOUBLETOUR_TEST_HOOKS
		cmocka_unit_test(clock_hook_moves_a_running_clock),
		cmocka_unit_test(clock_hook_stops_and_steps_the_monotonic_clock),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
