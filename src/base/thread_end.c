#include "base/thread_end.h"

#include <pthread.h>
#include <stddef.h>

static pthread_key_t newest; /* per thread: its list of callbacks */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool have_key;

static void
thread_end_act_all(void *context)
{
	for (const struct thread_end *end = context; end != NULL; end = end->older)
		end->act(end->context);
}

static void
thread_end_key_make(void)
{
	have_key = pthread_key_create(&newest, thread_end_act_all) == 0;
}

bool
thread_end_do(struct thread_end *end, void (*act)(void *context), void *context)
{
	if (end->act != NULL)
		return true;
	pthread_once(&once, thread_end_key_make);
	if (!have_key)
		return false;
	end->older = pthread_getspecific(newest);
	if (pthread_setspecific(newest, end) != 0)
		return false;
	end->context = context;
	end->act = act;
	return true;
}
