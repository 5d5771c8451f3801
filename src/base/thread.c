#include "base/thread.h"

#include <errno.h>
#include <semaphore.h>

/* Lives on the starter's stack until the thread has copied its members. */
struct thread_first {
	void *(*run)(void *);
	void *context;
	sem_t taken;
};

static void *
thread_main(void *context)
{
	struct thread_first *shared = context;
	void *(*run)(void *) = shared->run;
	void *own = shared->context;

	sem_post(&shared->taken);
	return run(own);
}

err
thread_start(void *(*run)(void *), void *context, pthread_t *ret_thread)
{
	struct thread_first first = { .run = run, .context = context };
	int error;

	if (sem_init(&first.taken, 0, 0) != 0)
		return ERR_MEMORY;
	error = pthread_create(ret_thread, NULL, thread_main, &first);
	while (error == 0 && sem_wait(&first.taken) != 0 && errno == EINTR)
		continue;
	sem_destroy(&first.taken);
	return error == 0 ? ERR_OK : ERR_MEMORY;
}
