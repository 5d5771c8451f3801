/* Functions that run when a thread ends. */
#include "unit.h"

#include "base/thread_end.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_int ended[2];

static void
count(void *context)
{
	atomic_fetch_add((atomic_int *)context, 1);
}

static void *
keep_two(void *times)
{
	static _Thread_local struct thread_end first, second;

	for (int i = 0; i < *(int *)times; i++)
		if (!thread_end_do(&first, count, &ended[0]) || !thread_end_do(&second, count, &ended[1]))
			abort();
	return NULL;
}

static void
thread_end_frees_each_value_once(void **state)
{
	enum { THREADS = 8 };
	static int times = 3;
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, keep_two, &times), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&ended[0]), THREADS);
	assert_int_equal(atomic_load(&ended[1]), THREADS);
}

static void *
look_while_it_runs(void *ret_early)
{
	static _Thread_local struct thread_end end;

	if (!thread_end_do(&end, count, &ended[0]))
		abort();
	*(int *)ret_early = atomic_load(&ended[0]);
	return NULL;
}

static void
thread_end_frees_no_value_before_the_end(void **state)
{
	pthread_t thread;
	int early = -1;

	atomic_store(&ended[0], 0);
	assert_int_equal(pthread_create(&thread, NULL, look_while_it_runs, &early), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(early, 0);
	assert_int_equal(atomic_load(&ended[0]), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thread_end_frees_each_value_once),
		cmocka_unit_test(thread_end_frees_no_value_before_the_end),
	};

	return cmocka_run_group_tests_name("base thread_end", tests, NULL, NULL);
}
