/*
 * Fault injection for tests: the nth call of a kind fails, or that call and all later ones. In a release build,
 * fault_due is the constant false.
 *
 *	if (fault_due(FAULT_SYNC))
 *		return ERR_IO;
 *
 * If the environment variable DOUBLETOUR_TEST_FAULTS names a file, all processes that open it share its counters, and a
 * test writes them. The file holds one struct fault_state per kind, in native byte order. Without the file, each
 * process has its own counters.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum fault {
	FAULT_MEMORY,
	FAULT_RANDOM,
	FAULT_CLOCK,
	FAULT_OPEN,
	FAULT_READ,
	FAULT_WRITE,
	FAULT_SYNC,
	FAULT_SEND,
	FAULT_RECEIVE,
	FAULT_QUERY,  /* a query, or the begin or commit of a transaction, as when the database disappears */
	FAULT_CRYPTO, /* a libcrypto call; only wrappers in the tests check it */
	FAULT_COUNT
};

#ifdef DOUBLETOUR_TEST_HOOKS

struct fault_state {
	int64_t countdown; /* 0: off; 1: the next call fails */
	int64_t lasting;   /* 1: all later calls fail too, until a test sets it to 0 */
	int64_t failed;    /* failures since a test set it to 0 */
};

bool fault_due(enum fault fault);

/* nth 0 disables the fault. */
void fault_set(enum fault fault, long nth, bool lasting);
long fault_failed(enum fault fault); /* since fault_set */

/* Call once at start, before entering a sandbox. */
void fault_hook_open(void);

#else

static inline bool
fault_due(enum fault fault)
{
	(void)fault;
	return false;
}

#endif

#endif
