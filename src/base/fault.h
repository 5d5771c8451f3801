/*
 * What a test can make fail: the nth call of a kind from now on, or that one and all after it.  A release build has none
 * of it: fault_due is the constant false there.
 *
 *	if (fault_due(FAULT_SYNC))
 *		return ERR_IO;
 *
 * Where the environment names a file in DOUBLETOUR_TEST_FAULTS, the counts are there (struct fault_state for each kind, native
 * order), shared by all processes that opened it, and a test writes them; else they are this process's own.
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
	FAULT_QUERY,  /* a query, or the begin or commit of a transaction, as when a database goes away */
	FAULT_CRYPTO, /* a call of libcrypto; the programs themselves do not ask for it, tests stand in front */
	FAULT_COUNT
};

#ifdef DOUBLETOUR_TEST_HOOKS

struct fault_state {
	int64_t countdown; /* 0: nothing fails; 1: the next call does */
	int64_t lasting;   /* 1: and all after it, until this is 0 again */
	int64_t failed;    /* how many did since this was set to 0 */
};

bool fault_due(enum fault fault);

/* nth 0 switches it off. */
void fault_set(enum fault fault, long nth, bool lasting);
long fault_failed(enum fault fault); /* since it was set */

/* Call once at start, before any sandbox. */
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
