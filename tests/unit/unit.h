/* Every unit test includes this header: cmocka and the headers that it needs. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <cmocka.h>

/* A template for mkdtemp and mkstemp, in memory where there is room: every commit is synced, and disks may be slow. */
static inline void
scratch_name(const char *name, char *ret_path, size_t size)
{
	static const unsigned long long wanted = 256ULL << 20;
	struct statvfs memory;
	int roomy = access("/dev/shm", W_OK) == 0 && statvfs("/dev/shm", &memory) == 0 &&
		    (unsigned long long)memory.f_bavail * memory.f_frsize >= wanted;

	snprintf(ret_path, size, "%s/%s-XXXXXX", roomy ? "/dev/shm" : "/tmp", name);
}

/* A comment of TAP: a line that says which case runs.  Line ends of the text become spaces. */
__attribute__((format(printf, 1, 2))) static inline void
unit_note(const char *format, ...)
{
	char text[1024];
	va_list values;

	va_start(values, format);
	(void)vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	for (char *end = text; (end = strpbrk(end, "\r\n")) != NULL;)
		*end = ' ';
	printf("# %s\n", text);
	(void)fflush(stdout);
}

#endif
