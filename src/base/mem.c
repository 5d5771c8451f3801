#include "base/mem.h"

#include "base/fault.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

/* From this size on a piece is mapped by itself.  Smaller ones that lie free at the end of a heap are given back from here on too. */
enum { LARGE_BYTES = 128 * 1024 };

/*
 * glibc begins with these values, and raises both when the first large piece is freed: the next one of that size comes from a heap,
 * where a small piece behind it keeps all of it from going back.  Setting them switches the raising off: mallopt(3).
 */
void
mem_set_up(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	(void)mallopt(M_TRIM_THRESHOLD, LARGE_BYTES);
}

void *
mem_new(size_t n)
{
	return fault_due(FAULT_MEMORY) ? NULL : calloc(1, n == 0 ? 1 : n);
}

void *
mem_raw(size_t n)
{
	return fault_due(FAULT_MEMORY) ? NULL : malloc(n == 0 ? 1 : n);
}

void *
mem_new_array(size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		return NULL;
	return mem_new(count * size);
}

void
mem_drop(void *p)
{
	free(p);
}
