/*
 * Which system calls the web process may make, as data: the seccomp filters are made from this table, the test
 * tests/e2e/test_wall.py holds it against what a run was seen to make, and docs/explain/threat-model.md names the same calls.
 */
#ifndef WEB_SANDBOX_CALLS_H
#define WEB_SANDBOX_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sandbox_phase {
	SANDBOX_ALWAYS,
	SANDBOX_START, /* until sandbox_seal: threads and their descriptors are made then, before the first request */
};

enum sandbox_need {
	SANDBOX_SEEN, /* a test fails when no run makes this call */
	SANDBOX_RARE, /* few runs make it, for the reason in `why` */
};

/* argument[index] & mask == value; mask 0: no condition.  own_process: value is the number of this process. */
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
	struct sandbox_argument
	    arguments[SANDBOX_ARGUMENTS_MAX]; /* all must hold; several rows of a call: any of them */
	const char *why;
};

extern const struct sandbox_call sandbox_calls[];
extern const size_t sandbox_call_count;

/* Calls that libraries make and whose failure they bear: they fail with EPERM.  All others end the process. */
extern const int sandbox_refused[];
extern const size_t sandbox_refused_count;

/*
 * Standard input, output and error are open files that the keeper and the shell have too: web may write to them, wait for them and
 * close them.  With these calls it could end the keeper's log (shutdown), read a terminal, or keep them under another number, so they
 * fail with EPERM for these descriptors.
 */
enum { SANDBOX_SHARED_COUNT = 3 }; /* descriptors 0 to 2 */
extern const int sandbox_not_shared[];
extern const size_t sandbox_not_shared_count;

/* What Landlock takes away. */
enum sandbox_landlock {
	SANDBOX_NO_FILES = 1,      /* no path may be opened, made, changed or executed */
	SANDBOX_NO_TCP = 2,        /* no port bound or connected to; Landlock 4 */
	SANDBOX_NO_NEIGHBOURS = 4, /* no abstract socket and no process outside; Landlock 6 */
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

/* In a program built with a sanitizer: what its runtime needs besides, with any arguments; else none. */
extern const int sandbox_sanitizer[];
extern const size_t sandbox_sanitizer_count;

#endif
