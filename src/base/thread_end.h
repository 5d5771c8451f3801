/*
 * What a thread keeps for its next use is freed when the thread ends.  The main thread's stays until the process ends.
 */
#ifndef BASE_THREAD_END_H
#define BASE_THREAD_END_H

#include <stdbool.h>

/* Of one kept thing: _Thread_local and zero at first. */
struct thread_end {
	void (*act)(void *context);
	void *context;
	struct thread_end *older;
};

/*
 * act(context) is called when the calling thread ends.  Asked again for the same `end` it does nothing more.
 * false: it will not be called, and the thread must keep nothing.
 */
bool thread_end_do(struct thread_end *end, void (*act)(void *context), void *context);

#endif
