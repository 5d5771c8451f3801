#include "base/mem.h"

#include "base/fault.h"

#include <stdint.h>
#include <stdlib.h>

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
