#include "base/process.h"

#include "base/err.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
process_stays_readable(void)
{
#ifdef DOUBLETOUR_TEST_HOOKS
	return getenv("DOUBLETOUR_TEST_DUMPABLE") != NULL;
#else
	return false;
#endif
}

/* open() takes the lowest number that is free, so each closed one is filled in turn. */
static void
process_descriptors_fill(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			abort(); /* without /dev/null, log lines would go into whatever is opened next */
}

void
process_harden(void)
{
	const struct rlimit none = { 0, 0 };

	(void)!setrlimit(RLIMIT_CORE, &none); /* lowering a limit is always permitted */
	signal(SIGXFSZ, SIG_IGN);             /* a file at its limit fails with EFBIG, which is no reason to end */
	if (!process_stays_readable())
		(void)!prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	process_descriptors_fill();
}

/* The flag belongs to the open file: whoever shares it appends too, which overwrites nothing. */
static void
process_descriptor_append(int fd)
{
	struct stat file;
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode))
		(void)!fcntl(fd, F_SETFL, flags | O_APPEND);
}

void
process_descriptors_keep(int first)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null >= 0) {
		(void)!dup2(null, STDIN_FILENO);
		close(null);
	}
	process_descriptor_append(STDOUT_FILENO);
	process_descriptor_append(STDERR_FILENO);
	(void)!close_range((unsigned)first, ~0U, 0);
}
