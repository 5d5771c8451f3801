/* The resident memory of this process.  Sanitizers record all memory, so tests do not measure it in their builds. */
#ifndef TESTS_HTTP_RESIDENT_H
#define TESTS_HTTP_RESIDENT_H

#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZER_RECORDS = 1 };
#else
enum { SANITIZER_RECORDS = 0 };
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
