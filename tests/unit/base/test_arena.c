/* Arenas: memory of a request, its maximum, and failed allocations. */
#include "unit.h"

#include "base/fault.h"
#include "base/arena.h"
#include "base/mem.h"

#include <stdalign.h>

static void
arena_gives_zeroed_aligned_memory_that_does_not_overlap(void **state)
{
	CLEANUP(arena_wipe) struct arena a = ARENA(100 * 1024);
	char *before = NULL;

	for (size_t n = 1; n < 300; n++) {
		char *p = arena_alloc(&a, n);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, (int)n, n);
		if (before != NULL)
			assert_int_equal((unsigned char)before[n - 2], (n - 1) & 0xff);
		before = p;
	}
}

static void
arena_stops_at_its_maximum(void **state)
{
	CLEANUP(arena_wipe) struct arena a = ARENA(1024);

	assert_null(arena_alloc(&a, 1025));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_non_null(arena_alloc(&a, 1000));
	assert_null(arena_alloc(&a, 100));
	arena_wipe(&a);
	assert_non_null(arena_alloc(&a, 1024));
}

static void
arena_serves_requests_larger_than_a_block(void **state)
{
	CLEANUP(arena_wipe) struct arena a = ARENA(1 << 20);
	char *big = arena_alloc(&a, 100 * 1000);

	assert_non_null(big);
	memset(big, 1, 100 * 1000);
	assert_non_null(arena_alloc(&a, 10));
}

static void
arena_copies_end_with_a_nul(void **state)
{
	CLEANUP(arena_wipe) struct arena a = ARENA(1024);
	str copy = { 0 };

	assert_int_equal(arena_copy(&a, STR("a\0b"), &copy), ERR_OK);
	assert_int_equal(copy.n, 3);
	assert_memory_equal(copy.p, "a\0b\0", 4);
	assert_int_equal(arena_copy(&a, (str){ 0 }, &copy), ERR_OK);
	assert_int_equal(copy.n, 0);
	assert_string_equal(copy.p, "");
}

#ifdef DOUBLETOUR_TEST_HOOKS
static void
arena_reports_a_failed_allocation(void **state)
{
	CLEANUP(arena_wipe) struct arena a = ARENA(1024);
	str copy = STR("untouched");

	fault_set(FAULT_MEMORY, 1, false);
	assert_int_equal(arena_copy(&a, STR("x"), &copy), ERR_MEMORY);
	fault_set(FAULT_MEMORY, 0, false);
	assert_true(str_equal(copy, STR("untouched")));
	assert_non_null(arena_alloc(&a, 1));
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_gives_zeroed_aligned_memory_that_does_not_overlap),
		cmocka_unit_test(arena_stops_at_its_maximum),
		cmocka_unit_test(arena_serves_requests_larger_than_a_block),
		cmocka_unit_test(arena_copies_end_with_a_nul),
#ifdef DOUBLETOUR_TEST_HOOKS
		cmocka_unit_test(arena_reports_a_failed_allocation),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
