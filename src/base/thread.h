/*
 * Starts threads in a process that will be sealed (web/core/sandbox.h).
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include "base/err.h"

#include <pthread.h>

/*
 * Start a thread and wait until it is about to call run(context). By then the C library has made the system calls that
 * prepare a thread, so the seal can forbid them. ERR_MEMORY: the thread could not be created.
 */
MUST_USE err thread_start(void *(*run)(void *), void *context, pthread_t *ret_thread);

#endif
