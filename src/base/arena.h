/*
 * Arena allocator: everything allocated for a request is wiped and freed together.
 *
 *	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
 *	char *p = arena_alloc(&arena, 100);        NULL: out of memory, or over the arena's maximum
 *
 * Not thread-safe.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/err.h"
#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *newest;
	size_t used; /* bytes allocated */
	size_t max;  /* most bytes it may allocate in total */
};

#define ARENA(max_bytes)                                                                                               \
	{                                                                                                              \
		.max = (max_bytes)                                                                                     \
	}

/* n zeroed bytes, aligned for any type. Returns NULL when memory or the arena's maximum is exhausted. */
void *arena_alloc(struct arena *a, size_t n);

/* Copy s and append a NUL that ret_copy->n does not count. */
MUST_USE err arena_copy(struct arena *a, str s, str *ret_copy);

/* Wipe and free everything allocated. The arena can be used again. */
void arena_wipe(struct arena *a);

#endif
