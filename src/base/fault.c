#include "base/fault.h"

#ifdef DOUBLETOUR_TEST_HOOKS

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct fault_state own[FAULT_COUNT];
static struct fault_state *states = own;

bool
fault_due(enum fault fault)
{
	struct fault_state *state = &states[fault];

	if (__atomic_load_n(&state->countdown, __ATOMIC_SEQ_CST) <= 0)
		return false;
	if (__atomic_sub_fetch(&state->countdown, 1, __ATOMIC_SEQ_CST) != 0)
		return false;
	if (__atomic_load_n(&state->lasting, __ATOMIC_SEQ_CST) != 0)
		__atomic_store_n(&state->countdown, 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&state->failed, 1, __ATOMIC_SEQ_CST);
	return true;
}

void
fault_set(enum fault fault, long nth, bool lasting)
{
	struct fault_state *state = &states[fault];

	__atomic_store_n(&state->countdown, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&state->lasting, lasting, __ATOMIC_SEQ_CST);
	if (nth != 0)
		__atomic_store_n(&state->failed, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&state->countdown, nth, __ATOMIC_SEQ_CST);
}

long
fault_failed(enum fault fault)
{
	return __atomic_load_n(&states[fault].failed, __ATOMIC_SEQ_CST);
}

void
fault_hook_open(void)
{
	const char *path = getenv("DOUBLETOUR_TEST_FAULTS");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, sizeof(own), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		states = map;
}

#endif
