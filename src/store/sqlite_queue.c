#include "store/sqlite_queue.h"

#include "base/mem.h"

#include <pthread.h>
#include <time.h>

/* A thread in sqlite_queue_enter, on its stack. */
struct waiter {
	struct waiter *next;
	bool entered; /* sqlite_queue_exit gave it the turn */
	pthread_cond_t wake;
};

struct sqlite_queue {
	struct sqlite_queue *next;
	struct store_identity file;
	unsigned connections;
	bool writing;          /* a connection has the turn */
	struct waiter *oldest; /* the first to get the turn */
};

/* Protects the list and all queues: it is held for a few instructions. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sqlite_queue *queues;

static struct sqlite_queue *
sqlite_queue_find(const struct store_identity *file)
{
	for (struct sqlite_queue *queue = queues; queue != NULL; queue = queue->next)
		if (store_identity_equal(&queue->file, file))
			return queue;
	return NULL;
}

static struct sqlite_queue *
sqlite_queue_new(const struct store_identity *file)
{
	struct sqlite_queue *queue = mem_new(sizeof(*queue));

	if (queue == NULL)
		return NULL;
	queue->file = *file;
	queue->next = queues;
	queues = queue;
	return queue;
}

err
sqlite_queue_join(const struct store_identity *file, struct sqlite_queue **ret_queue)
{
	pthread_mutex_lock(&lock);
	*ret_queue = sqlite_queue_find(file);
	if (*ret_queue == NULL)
		*ret_queue = sqlite_queue_new(file);
	if (*ret_queue != NULL)
		(*ret_queue)->connections++;
	pthread_mutex_unlock(&lock);
	return *ret_queue != NULL ? ERR_OK : ERR_MEMORY;
}

static void
sqlite_queue_remove(struct sqlite_queue *queue)
{
	struct sqlite_queue **at = &queues;

	while (*at != queue)
		at = &(*at)->next;
	*at = queue->next;
	mem_drop(queue);
}

void
sqlite_queue_leave(struct sqlite_queue **queue)
{
	if (*queue == NULL)
		return;
	pthread_mutex_lock(&lock);
	if (--(*queue)->connections == 0)
		sqlite_queue_remove(*queue);
	pthread_mutex_unlock(&lock);
	*queue = NULL;
}

/* --- the waiters -------------------------------------------------------------------------------------------------- */

static void
sqlite_queue_append(struct sqlite_queue *queue, struct waiter *waiter)
{
	struct waiter **at = &queue->oldest;

	while (*at != NULL)
		at = &(*at)->next;
	*at = waiter;
}

static void
sqlite_queue_give_up(struct sqlite_queue *queue, const struct waiter *waiter)
{
	struct waiter **at = &queue->oldest;

	while (*at != waiter)
		at = &(*at)->next;
	*at = waiter->next;
}

static bool
sqlite_queue_wait(struct sqlite_queue *queue, int64_t until_us)
{
	const struct timespec until = { .tv_sec = (time_t)(until_us / 1000000),
					.tv_nsec = (long)(until_us % 1000000 * 1000) };
	struct waiter waiter = { .wake = PTHREAD_COND_INITIALIZER };
	int waited = 0;

	sqlite_queue_append(queue, &waiter);
	while (!waiter.entered && waited == 0)
		waited = pthread_cond_clockwait(&waiter.wake, &lock, CLOCK_MONOTONIC, &until);
	if (!waiter.entered)
		sqlite_queue_give_up(queue, &waiter);
	pthread_cond_destroy(&waiter.wake);
	return waiter.entered;
}

err
sqlite_queue_enter(struct sqlite_queue *queue, int64_t until_us)
{
	bool entered = true;

	pthread_mutex_lock(&lock);
	if (queue->writing)
		entered = sqlite_queue_wait(queue, until_us);
	else
		queue->writing = true;
	pthread_mutex_unlock(&lock);
	return entered ? ERR_OK : ERR_BUSY;
}

/* The oldest waiter gets the turn before it runs: otherwise a thread that writes again and again would overtake it. */
void
sqlite_queue_exit(struct sqlite_queue *queue)
{
	struct waiter *waiter;

	pthread_mutex_lock(&lock);
	waiter = queue->oldest;
	queue->writing = waiter != NULL;
	if (waiter != NULL) {
		queue->oldest = waiter->next;
		waiter->entered = true;
		pthread_cond_signal(&waiter->wake);
	}
	pthread_mutex_unlock(&lock);
}
