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

/* open() returns the lowest free number, so it fills each closed one. */
static void
process_descriptors_fill(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			abort(); /* without /dev/null, the next opened file would receive log lines */
}

void
process_harden(void)
{
	const struct rlimit none = { 0, 0 };

	(void)!setrlimit(RLIMIT_CORE, &none); /* a process may always lower a limit */
	signal(SIGXFSZ, SIG_IGN);             /* a write beyond the file size limit fails with EFBIG */
	if (!process_stays_readable())
		(void)!prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	process_descriptors_fill();
}

/* The open file description holds the flag: other processes that share it append too. */
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
