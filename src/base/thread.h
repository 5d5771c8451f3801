/*
 * Threads of a process that will be sealed (web/core/sandbox.h).
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include "base/err.h"

#include <pthread.h>

/*
 * Start a thread and wait until run(context) is about to be called: the system calls by which the C library prepares a
 * thread are over then, so that the seal may forbid them.  ERR_MEMORY: no thread was made.
 */
MUST_USE err thread_start(void *(*run)(void *), void *context, pthread_t *ret_thread);

#endif
