/* The resident memory of this process.  Sanitizers keep records of all memory, so tests must not measure it there. */
#ifndef TESTS_HTTP_RESIDENT_H
#define TESTS_HTTP_RESIDENT_H

#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { BOOKS_ARE_KEPT = 1 };
#else
enum { BOOKS_ARE_KEPT = 0 };
#endif

static inline long
resident_kib(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*d %ld", &pages), 1);
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

#endif
