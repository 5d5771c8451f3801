/*
 * Heap allocation through one interface, so that tests can make the nth allocation fail (base/fault.h). Keep secrets in
 * an arena, which is wiped, or in a type that has its own _wipe.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/*
 * Call once at start. Large blocks get their own mapping, and every free returns them to the system, not only the
 * first.
 */
void mem_set_up(void);

/* n zeroed bytes; NULL if out of memory. n = 0 returns a pointer that can be freed. */
void *mem_new(size_t n) __attribute__((malloc));

/* n uninitialised bytes, for callers that write all of them before reading. Otherwise like mem_new. */
void *mem_raw(size_t n) __attribute__((malloc));

/* count × size zeroed bytes; NULL on overflow or if out of memory. */
void *mem_new_array(size_t count, size_t size) __attribute__((malloc));

/* Free and set to NULL: mem_free(&p). *p may be NULL. Does not wipe. */
#define mem_free(pp)                                                                                                   \
	do {                                                                                                           \
		mem_drop(*(pp));                                                                                       \
		*(pp) = NULL;                                                                                          \
	} while (0)
void mem_drop(void *p);

#endif
