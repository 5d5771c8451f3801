/*
 * A progress bar on standard error for long work, only if standard error is a terminal.  It is written at most ten
 * times a second, and removed at the end.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* "sealing anew" */
	int64_t shown_us; /* monotonic; 0: not shown yet */
	bool on;
};

struct progress progress_begin(const char *what);
void progress_show(struct progress *progress, int64_t done, int64_t all);
void progress_end(struct progress *progress);

#endif
