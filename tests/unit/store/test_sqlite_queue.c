/* The queue of the connections that write to one SQLite file.  test_store.c tests the connections in it. */
#include "unit.h"

#include "store/sqlite_queue.h"

#include <pthread.h>
#include <sched.h>

static const struct store_identity one = { .device = 1, .file = 1 }, another = { .device = 1, .file = 2 };

static struct sqlite_queue *
join(const struct store_identity *file)
{
	struct sqlite_queue *queue = NULL;

	assert_int_equal(sqlite_queue_join(file, &queue), ERR_OK);
	return queue;
}

static void
a_file_has_one_writer_at_a_time(void **state)
{
	struct sqlite_queue *queue = join(&one), *same = join(&one);

	assert_ptr_equal(queue, same);
	assert_int_equal(sqlite_queue_enter(queue, 0), ERR_OK);
	assert_int_equal(sqlite_queue_enter(same, 0), ERR_BUSY);
	sqlite_queue_exit(queue);
	assert_int_equal(sqlite_queue_enter(same, 0), ERR_OK);
	sqlite_queue_exit(same);
	sqlite_queue_leave(&queue);
	sqlite_queue_leave(&same);
	assert_null(queue);
}

static void
two_files_have_two_writers(void **state)
{
	struct sqlite_queue *queue = join(&one), *other = join(&another);

	assert_int_equal(sqlite_queue_enter(queue, 0), ERR_OK);
	assert_int_equal(sqlite_queue_enter(other, 0), ERR_OK);
	sqlite_queue_exit(queue);
	sqlite_queue_exit(other);
	sqlite_queue_leave(&queue);
	sqlite_queue_leave(&other);
}

enum { TURNS = 500, LONG_MS = 3600 * 1000 };

static void *
take_turns(void *context)
{
	struct sqlite_queue *queue = context;
	size_t taken = 0;

	while (taken < TURNS && sqlite_queue_enter(queue, LONG_MS) == ERR_OK) {
		sched_yield(); /* so that the others have to wait */
		sqlite_queue_exit(queue);
		taken++;
	}
	return taken == TURNS ? queue : NULL;
}

/* After a lost wake-up this test waits until its time limit. */
static void
each_end_of_a_turn_wakes_the_next_writer(void **state)
{
	struct sqlite_queue *queue = join(&one);
	pthread_t threads[4];

	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_turns, queue), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		void *done = NULL;
		assert_int_equal(pthread_join(threads[i], &done), 0);
		assert_ptr_equal(done, queue);
	}
	sqlite_queue_leave(&queue);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_has_one_writer_at_a_time),
		cmocka_unit_test(two_files_have_two_writers),
		cmocka_unit_test(each_end_of_a_turn_wakes_the_next_writer),
	};

	return cmocka_run_group_tests_name("sqlite_queue", tests, NULL, NULL);
}
