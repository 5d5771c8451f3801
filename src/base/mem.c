#include "base/mem.h"

#include "base/fault.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

/* Blocks of at least this size get their own mapping. Free memory of this size at the top of a heap is returned too. */
enum { LARGE_BYTES = 128 * 1024 };

/*
 * These are glibc's initial values, but glibc raises both when the first large block is freed. The next large block
 * would then come from a heap, where a small block behind it keeps its memory from being returned. Setting the values
 * disables this adjustment: mallopt(3).
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
