/* Random bytes and ids, and a failing source of randomness. */
#include "unit.h"

#include "base/fault.h"
#include "base/random.h"

#include <string.h>

enum { DRAWS = 2000 };

static void
random_fill_fills_every_byte_and_nothing_beyond(void **state)
{
	/* getrandom() guarantees only 256 bytes in one call. */
	unsigned char bytes[1002], ored[1000] = { 0 };

	bytes[0] = bytes[1001] = 0xa5;
	for (int i = 0; i < 40; i++) { /* a byte that is not written stays 0 */
		memset(bytes + 1, 0, 1000);
		assert_int_equal(random_fill(bytes + 1, 1000), ERR_OK);
		for (int j = 0; j < 1000; j++)
			ored[j] |= bytes[1 + j];
	}
	for (int j = 0; j < 1000; j++)
		assert_int_not_equal(ored[j], 0);
	assert_int_equal(bytes[0], 0xa5);
	assert_int_equal(bytes[1001], 0xa5);
	assert_int_equal(random_fill(bytes, 0), ERR_OK);
}

static void
random_id_is_positive_and_does_not_repeat(void **state)
{
	static int64_t ids[DRAWS];
	int64_t all = 0;

	for (int i = 0; i < DRAWS; i++) {
		assert_int_equal(random_id(&ids[i]), ERR_OK);
		assert_true(ids[i] >= 1 && ids[i] < (INT64_C(1) << 62));
		all |= ids[i];
		for (int j = 0; j < i; j++)
			assert_true(ids[i] != ids[j]);
	}
	assert_true(all == (INT64_C(1) << 62) - 1); /* each bit was set at least once */
}

#ifdef DOUBLETOUR_TEST_HOOKS
static void
random_failure_gives_an_error_and_no_id(void **state)
{
	int64_t id = 0;
	unsigned char bytes[8];

	fault_set(FAULT_RANDOM, 1, false);
	assert_int_equal(random_id(&id), ERR_CRYPTO);
	assert_int_equal(id, 0);
	fault_set(FAULT_RANDOM, 2, false);
	assert_int_equal(random_fill(bytes, 8), ERR_OK);
	assert_int_equal(random_fill(bytes, 8), ERR_CRYPTO);
	fault_set(FAULT_RANDOM, 0, false);
	assert_int_equal(random_fill(bytes, 8), ERR_OK);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_fill_fills_every_byte_and_nothing_beyond),
		cmocka_unit_test(random_id_is_positive_and_does_not_repeat),
#ifdef DOUBLETOUR_TEST_HOOKS
		cmocka_unit_test(random_failure_gives_an_error_and_no_id),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
