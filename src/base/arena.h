/*
 * Memory with one end of life: everything allocated for a request is wiped and freed together.
 *
 *	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
 *	char *p = arena_alloc(&arena, 100);        NULL: no memory, or over the arena's maximum
 *
 * Not for several threads at once.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/err.h"
#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *newest;
	size_t used; /* bytes handed out */
	size_t max;  /* bytes it may hand out in all */
};

#define ARENA(max_bytes)                                                                                               \
	{                                                                                                              \
		.max = (max_bytes)                                                                                     \
	}

/* n zeroed bytes, aligned for any type; NULL when there is no memory or the maximum is reached. */
void *arena_alloc(struct arena *a, size_t n);

/* A copy, with a NUL behind it that does not count. */
MUST_USE err arena_copy(struct arena *a, str s, str *ret_copy);

/* Wipe all that was handed out and free it; the arena may be used again. */
void arena_wipe(struct arena *a);

#endif
