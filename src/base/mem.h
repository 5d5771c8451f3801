/*
 * Memory from the heap, through one door, so that a test can make the nth request fail (base/fault.h).
 * What may hold a secret lives in an arena (wiped) or in a type with a _wipe of its own.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/*
 * Call once at start.  Large pieces are mapped each by itself, and the system has them back when they are dropped: every time,
 * not only the first.
 */
void mem_set_up(void);

/* n bytes, zeroed; NULL when there are none.  n = 0 gives a pointer that may be freed. */
void *mem_new(size_t n) __attribute__((malloc));

/* n bytes that hold anything, for who writes all of them before reading; else as mem_new. */
void *mem_raw(size_t n) __attribute__((malloc));

/* count × size bytes, zeroed; NULL on overflow or when there are none. */
void *mem_new_array(size_t count, size_t size) __attribute__((malloc));

/* Free and set NULL: mem_free(&p).  Accepts a pointer to NULL.  Does not wipe. */
#define mem_free(pp)                                                                                                   \
	do {                                                                                                           \
		mem_drop(*(pp));                                                                                       \
		*(pp) = NULL;                                                                                          \
	} while (0)
void mem_drop(void *p);

#endif
