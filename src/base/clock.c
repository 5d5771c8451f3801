#include "base/clock.h"

#include "base/fault.h"

#include <time.h>
#ifdef DOUBLETOUR_TEST_HOOKS
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

static err
clock_read_us(clockid_t id, int64_t *ret_us)
{
	struct timespec t;

	if (clock_gettime(id, &t) != 0)
		return ERR_IO;
	*ret_us = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
	return ERR_OK;
}

#ifdef DOUBLETOUR_TEST_HOOKS
static const volatile int64_t *offset_us;
static _Atomic int64_t stopped_us; /* what the stopped monotonic clock shows; 0: it runs */
static _Atomic int64_t skipped_us; /* what it is ahead of the system's */

void
clock_hook_open(void)
{
	const char *path = getenv("DOUBLETOUR_TEST_CLOCK");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		offset_us = map;
}

static int64_t
clock_hook_us(void)
{
	return offset_us == NULL ? 0 : *offset_us;
}

static int64_t
clock_hook_monotonic_us(int64_t system_us)
{
	int64_t us = atomic_load(&stopped_us);

	return us != 0 ? us : system_us + atomic_load(&skipped_us);
}

void
clock_hook_stop(void)
{
	atomic_store(&stopped_us, clock_monotonic_us());
}

void
clock_hook_step(int64_t us)
{
	atomic_fetch_add(&stopped_us, us);
}

void
clock_hook_run(void)
{
	int64_t system_us = 0;

	(void)!clock_read_us(CLOCK_MONOTONIC, &system_us);
	atomic_store(&skipped_us, clock_monotonic_us() - system_us);
	atomic_store(&stopped_us, 0);
}
#else
static int64_t
clock_hook_us(void)
{
	return 0;
}

static int64_t
clock_hook_monotonic_us(int64_t system_us)
{
	return system_us;
}
#endif

err
clock_now_us(int64_t *ret_now_us)
{
	int64_t now_us = 0;

	if (fault_due(FAULT_CLOCK))
		return ERR_IO;
	TRY(clock_read_us(CLOCK_REALTIME, &now_us));
	now_us += clock_hook_us();
	if (now_us < 0)
		return ERR_IO;
	*ret_now_us = now_us;
	return ERR_OK;
}

int64_t
clock_monotonic_us(void)
{
	int64_t us = 0;

	/* CLOCK_MONOTONIC exists on every Linux. On failure the result is 0, which only makes deadlines pass early. */
	(void)!clock_read_us(CLOCK_MONOTONIC, &us);
	return clock_hook_monotonic_us(us);
}
