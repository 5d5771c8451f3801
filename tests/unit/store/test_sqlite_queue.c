/* The queue of the connections that write to one SQLite file.  test_store.c tests the connections in it. */
#include "unit.h"

#include "store/sqlite_queue.h"
#include "store/store.h"

#include "base/clock.h"

#include <pthread.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

enum { TURNS = 500 };

static void *
take_turns(void *context)
{
	struct sqlite_queue *queue = context;
	size_t taken = 0;

	while (taken < TURNS && sqlite_queue_enter(queue, INT64_MAX) == ERR_OK) {
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

/* A thread that waits for its turn. */
struct queuing {
	struct sqlite_queue *queue;
	pthread_t thread;
	int64_t until_us;
	_Atomic pid_t id;
	err e;
};

static void *
enter_once(void *context)
{
	struct queuing *q = context;

	atomic_store(&q->id, gettid());
	q->e = sqlite_queue_enter(q->queue, q->until_us);
	return NULL;
}

static char
thread_state(pid_t id)
{
	char path[64], state = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", id);
	file = fopen(path, "re");
	if (file == NULL)
		return 'X'; /* it has ended */
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = '?';
	fclose(file);
	return state;
}

/* Return when the thread sleeps in the queue, or has left it. */
static void
begin_to_queue(struct queuing *q, struct sqlite_queue *queue, int64_t until_us)
{
	*q = (struct queuing){ .queue = queue, .until_us = until_us, .e = ERR_INVALID };
	assert_int_equal(pthread_create(&q->thread, NULL, enter_once, q), 0);
	while (atomic_load(&q->id) == 0 || (thread_state(q->id) != 'S' && thread_state(q->id) != 'X'))
		sched_yield();
}

static void
assert_queued(struct queuing *q, err expected)
{
	assert_int_equal(pthread_join(q->thread, NULL), 0);
	assert_int_equal(q->e, expected);
}

static void
a_writer_that_returns_waits_behind_the_others(void **state)
{
	struct sqlite_queue *queue = join(&one);
	struct queuing first, hasty, last;

	assert_int_equal(sqlite_queue_enter(queue, 0), ERR_OK);
	begin_to_queue(&first, queue, INT64_MAX);
	begin_to_queue(&hasty, queue, clock_monotonic_us() + 1000);
	assert_queued(&hasty, ERR_BUSY);
	begin_to_queue(&last, queue, INT64_MAX);
	sqlite_queue_exit(queue);
	assert_int_equal(sqlite_queue_enter(queue, 0), ERR_BUSY);
	assert_queued(&first, ERR_OK);
	assert_int_equal(thread_state(last.id), 'S');
	sqlite_queue_exit(queue);
	assert_int_equal(sqlite_queue_enter(queue, 0), ERR_BUSY);
	assert_queued(&last, ERR_OK);
	sqlite_queue_exit(queue);
	assert_int_equal(sqlite_queue_enter(queue, 0), ERR_OK);
	sqlite_queue_exit(queue);
	sqlite_queue_leave(&queue);
}

/* --- with a database ---------------------------------------------------------------------------------------------- */

static struct db *
open_database(const char *folder, struct sqlite_queue **ret_queue, sqlite3 **ret_program)
{
	char path[128];
	struct why why = { 0 };
	struct db *db = NULL;
	struct store_identity file;

	snprintf(path, sizeof(path), "%s/x.sqlite", folder);
	assert_int_equal(store_open(path, STORE_CREATE, &why, &db), ERR_OK);
	file = store_identity(path);
	assert_int_equal(sqlite_queue_join(&file, ret_queue), ERR_OK);
	assert_int_equal(sqlite3_open(path, ret_program), SQLITE_OK);
	return db;
}

static void *
end_the_turn_late(void *queue)
{
	usleep(1900 * 1000);
	sqlite_queue_exit(queue);
	return NULL;
}

/* A connection of this program has the turn, and another program the file. */
static void
the_wait_for_a_turn_counts_as_waiting_for_the_file(void **state)
{
	struct db_transaction t = { 0 };
	struct sqlite_queue *queue = NULL;
	sqlite3 *program = NULL;
	char folder[64], command[80];
	pthread_t thread;
	int64_t since_us;
	struct db *db;

	scratch_name("doubletour-queue", folder, sizeof(folder));
	assert_non_null(mkdtemp(folder));
	db = open_database(folder, &queue, &program);
	assert_int_equal(sqlite3_exec(program, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite_queue_enter(queue, 0), ERR_OK);
	since_us = clock_monotonic_us();
	assert_int_equal(pthread_create(&thread, NULL, end_the_turn_late, queue), 0);
	assert_int_equal(db_begin(db, &t), ERR_BUSY);
	assert_true(clock_monotonic_us() - since_us < SECONDS_US(3)); /* not 1.9 s and another 2 s */
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(sqlite_queue_enter(queue, 0), ERR_OK);
	sqlite_queue_exit(queue);
	sqlite_queue_leave(&queue);
	sqlite3_close(program);
	db_close(&db);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_has_one_writer_at_a_time),
		cmocka_unit_test(two_files_have_two_writers),
		cmocka_unit_test(each_end_of_a_turn_wakes_the_next_writer),
		cmocka_unit_test(a_writer_that_returns_waits_behind_the_others),
		cmocka_unit_test(the_wait_for_a_turn_counts_as_waiting_for_the_file),
	};

	return cmocka_run_group_tests_name("sqlite_queue", tests, NULL, NULL);
}
