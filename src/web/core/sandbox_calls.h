/*
 * The system calls that the web process may make, as data.  The seccomp filters are made from this table.
 * tests/e2e/test_wall.py compares it with the calls of a run, and docs/explain/threat-model.md names the same
 * calls.
 */
#ifndef WEB_SANDBOX_CALLS_H
#define WEB_SANDBOX_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sandbox_phase {
	SANDBOX_ALWAYS,
	SANDBOX_START, /* until sandbox_seal: threads and their descriptors are created before the first request */
};

enum sandbox_need {
	SANDBOX_SEEN, /* a test fails if no run makes this call */
	SANDBOX_RARE, /* few runs make it; `why` gives the reason */
};

/* argument[index] & mask == value; mask 0: no condition.  own_process: value is the id of this process. */
struct sandbox_argument {
	unsigned index;
	uint64_t mask, value;
	bool own_process;
};

enum { SANDBOX_ARGUMENTS_MAX = 3 };

struct sandbox_call {
	int call;
	const char *name;
	enum sandbox_phase phase;
	enum sandbox_need need;
	/* all must match; several rows of a call: one row must match */
	struct sandbox_argument arguments[SANDBOX_ARGUMENTS_MAX];
	const char *why;
};

extern const struct sandbox_call sandbox_calls[];
extern const size_t sandbox_call_count;

/* Calls that libraries make and that may fail: they fail with EPERM.  All other calls end the process. */
extern const int sandbox_refused[];
extern const size_t sandbox_refused_count;

/*
 * Standard input, output and error are open files shared with the keeper and the shell.  Web may write to them,
 * wait for them and close them.  With the calls below it could end the keeper's log (shutdown), read a terminal, or
 * duplicate them.  These calls therefore fail with EPERM for these descriptors.
 */
enum { SANDBOX_SHARED_COUNT = 3 }; /* descriptors 0 to 2 */
extern const int sandbox_not_shared[];
extern const size_t sandbox_not_shared_count;

/* The rights that Landlock removes. */
enum sandbox_landlock {
	SANDBOX_NO_FILES = 1,      /* no path may be opened, created, changed or executed */
	SANDBOX_NO_TCP = 2,        /* no port may be bound or connected to; Landlock 4 */
	SANDBOX_NO_NEIGHBOURS = 4, /* no abstract socket of, and no signal to, processes outside; Landlock 6 */
};

/* The sandbox of one process, in the row of a child (server/children.h). */
struct sandbox_profile {
	const struct sandbox_call *calls;
	size_t call_count;
	const int *refused;
	size_t refused_count;
	const int *not_shared;
	size_t not_shared_count;
	unsigned landlock; /* enum sandbox_landlock */
};

extern const struct sandbox_profile sandbox_web;

/* Further calls of a sanitizer's runtime, with any arguments; the count is 0 in a program without one. */
extern const int sandbox_sanitizer[];
extern const size_t sandbox_sanitizer_count;

#endif
