/*
 * Callbacks that free a thread's cached objects when the thread ends. The main thread never frees them.
 */
#ifndef BASE_THREAD_END_H
#define BASE_THREAD_END_H

#include <stdbool.h>

/* One per cached object: _Thread_local and zero-initialised. */
struct thread_end {
	void (*act)(void *context);
	void *context;
	struct thread_end *older;
};

/*
 * Call act(context) when the calling thread ends. A second call with the same `end` does nothing. Returns false if it
 * cannot be registered: then the thread must not cache the object.
 */
bool thread_end_do(struct thread_end *end, void (*act)(void *context), void *context);

#endif
