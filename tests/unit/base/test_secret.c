/* The comparison and the wiping of secrets. */
#include "unit.h"

#include "base/secret.h"

#include <string.h>

static void
secret_equal_sees_a_difference_in_every_bit(void **state)
{
	unsigned char a[32], b[32];

	memset(a, 0x5a, sizeof(a));
	memcpy(b, a, sizeof(b));
	assert_true(secret_equal(a, b, sizeof(a)));
	for (size_t bit = 0; bit < sizeof(a) * 8; bit++) {
		b[bit / 8] ^= (unsigned char)(1u << bit % 8);
		assert_false(secret_equal(a, b, sizeof(a)));
		b[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	assert_true(secret_equal("x", "y", 0));
}

static void
secret_wipe_leaves_zeros_and_nothing_beyond(void **state)
{
	unsigned char bytes[10];

	memset(bytes, 7, sizeof(bytes));
	secret_wipe(bytes + 1, 8);
	assert_int_equal(bytes[0], 7);
	assert_int_equal(bytes[9], 7);
	for (int i = 1; i < 9; i++)
		assert_int_equal(bytes[i], 0);
	secret_wipe(bytes, 0);
	assert_int_equal(bytes[0], 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secret_equal_sees_a_difference_in_every_bit),
		cmocka_unit_test(secret_wipe_leaves_zeros_and_nothing_beyond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
