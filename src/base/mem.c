#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>

#ifdef DOUBLETOUR_TEST_HOOKS
#include <stdatomic.h>

static atomic_long countdown;

void
mem_fail_at(long nth)
{
	atomic_store(&countdown, nth);
}

static int
must_fail(void)
{
	return atomic_load(&countdown) > 0 && atomic_fetch_sub(&countdown, 1) == 1;
}
#else
static int
must_fail(void)
{
	return 0;
}
#endif

void *
mem_new(size_t n)
{
	return must_fail() ? NULL : calloc(1, n == 0 ? 1 : n);
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
