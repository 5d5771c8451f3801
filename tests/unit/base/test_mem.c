/* Allocations: zeroed memory, refused sizes, and failures that a test requests. */
#include "unit.h"

#include "base/fault.h"
#include "base/err.h"
#include "base/mem.h"

static void
mem_new_gives_zeroed_memory_even_for_size_0(void **state)
{
	char *p = mem_new(1000);
	void *nothing = mem_new(0);

	assert_non_null(p);
	assert_non_null(nothing);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(p[i], 0);
	mem_free(&p);
	assert_null(p);
	mem_free(&p); /* a pointer to NULL is accepted */
	mem_free(&nothing);
}

static void
mem_new_array_refuses_a_product_that_wraps_round(void **state)
{
	static const struct {
		size_t count, size;
		const char *why;
	} cases[] = {
		{ SIZE_MAX / 2 + 1, 2, "wraps to 0" },
		{ SIZE_MAX, SIZE_MAX, "wraps to 1" },
		{ SIZE_MAX / 16, 17, "a little over" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		void *p = mem_new_array(cases[i].count, cases[i].size);
		unit_note("%s", cases[i].why);
		assert_null(p);
	}
}

#ifdef DOUBLETOUR_TEST_HOOKS
static void
fault_set_fails_that_allocation_and_no_other(void **state)
{
	fault_set(FAULT_MEMORY, 3, false);
	for (int i = 1; i <= 5; i++) {
		void *p = mem_new(1);
		assert_int_equal(p == NULL, i == 3);
		mem_free(&p);
	}
	fault_set(FAULT_MEMORY, 0, false);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mem_new_gives_zeroed_memory_even_for_size_0),
		cmocka_unit_test(mem_new_array_refuses_a_product_that_wraps_round),
#ifdef DOUBLETOUR_TEST_HOOKS
		cmocka_unit_test(fault_set_fails_that_allocation_and_no_other),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
