/*
 * Programs of the suite `one-thread` are linked with this file and -Wl,--wrap=pthread_create: a program that starts a
 * thread ends with a message.  .ci/run leaves the suite out under ThreadSanitizer, which would miss that thread.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
{
	fputs("A program of the suite one-thread starts a thread: "
	      "take it out of `walks` or `one_thread` in tests/unit/meson.build.\n",
	      stderr);
	abort();
}
