#include "store/sqlite_queue.h"

#include "base/clock.h"
#include "base/mem.h"

#include <pthread.h>
#include <time.h>

struct sqlite_queue {
	struct sqlite_queue *next;
	struct store_identity file;
	unsigned connections;
	bool writing; /* a connection has the turn */
	pthread_cond_t finished;
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
	pthread_cond_init(&queue->finished, NULL);
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
	pthread_cond_destroy(&queue->finished);
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

static struct timespec
sqlite_queue_deadline(int wait_ms)
{
	int64_t us = clock_monotonic_us() + wait_ms * INT64_C(1000);

	return (struct timespec){ .tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000 * 1000) };
}

err
sqlite_queue_enter(struct sqlite_queue *queue, int wait_ms)
{
	struct timespec deadline;
	int waited = 0;
	bool entered;

	pthread_mutex_lock(&lock);
	if (queue->writing)
		deadline = sqlite_queue_deadline(wait_ms);
	while (queue->writing && waited == 0)
		waited = pthread_cond_clockwait(&queue->finished, &lock, CLOCK_MONOTONIC, &deadline);
	entered = !queue->writing;
	queue->writing = true;
	pthread_mutex_unlock(&lock);
	return entered ? ERR_OK : ERR_BUSY;
}

void
sqlite_queue_exit(struct sqlite_queue *queue)
{
	pthread_mutex_lock(&lock);
	queue->writing = false;
	pthread_cond_signal(&queue->finished);
	pthread_mutex_unlock(&lock);
}
