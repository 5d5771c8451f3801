/*
 * Guessing is slowed down: what is counted, where, and what follows.  docs/explain/throttling.md has the rules for people.
 *
 *	struct throttle throttle;
 *	TRY(throttle_code(turn, true, &throttle));        which counters this try falls under
 *	TRY(throttle_take(turn, &throttle));              counted and durable, or ERR_LOCKOUT
 *	...                                               only now is it looked at
 *	throttle_right / throttle_full                    it was right: within the transaction that lets the person in
 *	throttle_wrong                                    or not
 *
 * A try whose answer is "could not be done" stays counted: nobody gains tries by making the server fail.
 */
#ifndef KEEPER_THROTTLE_H
#define KEEPER_THROTTLE_H

#include "base/err.h"
#include "base/str.h"

#include "ipc/audit_events.h"

#include <stdbool.h>
#include <stdint.h>

struct call;

enum counter {
	COUNTER_NAME_ADDRESS,
	COUNTER_ADDRESS,
	COUNTER_NAME,
	COUNTER_DEVICE,
	COUNTER_CODE,
	COUNTER_CODE_DEVICE,
	COUNTER_CODES,
	COUNTER_RECOVERY,
	COUNTER_RECOVERY_DEVICE,
	COUNTER_OWN,
	COUNTER_REGISTER,
	COUNTER_LINK,
	COUNTER_COUNT
};

enum {
	THROTTLE_SLOTS = 65536, /* for each counter of what has no account */
	THROTTLE_KEY_BYTES = 16,
	THROTTLE_AT_ONCE = 3, /* counters that one try falls under, at most */
	CODES_MAX = 100,      /* wrong codes in a row that disable the authenticators */
};

/* One counter that a try falls under. */
struct count {
	enum counter counter;
	int64_t slot;
	uint8_t key[THROTTLE_KEY_BYTES];
	size_t key_n; /* 0: the place belongs to an account or a device */
	int64_t failures;
	int64_t until_us; /* the wait that began with this try; 0: none */
};

struct throttle {
	int64_t account_id; /* 0: no account has this name */
	struct count counts[THROTTLE_AT_ONCE];
	size_t n;
};

/* A password for this name, which is that of account_id (0: of none). */
MUST_USE err throttle_password(struct call *call, str name, int64_t account_id, struct throttle *ret_throttle);

/* The rest are of the account whose session asks.  counts_for_all: 100 of them in a row disable the authenticators. */
MUST_USE err throttle_code(struct call *call, bool counts_for_all, struct throttle *ret_throttle);
MUST_USE err throttle_recovery(struct call *call, struct throttle *ret_throttle);
MUST_USE err throttle_own_password(struct call *call, struct throttle *ret_throttle);

/* A form to register, from this address. */
MUST_USE err throttle_register(struct call *call, struct throttle *ret_throttle);

/* A one-time link that is dead, from this address: each is written down, and strangers can invent any number of them. */
MUST_USE err throttle_link(struct call *call, struct throttle *ret_throttle);

/*
 * Count the try.  ERR_OK: it may be looked at.  ERR_LOCKOUT: it may not, nothing was counted, and call->retry_us says for how long.
 * ERR_LOCKOUT as well when this is past the 100th wrong code: the authenticators are disabled now.
 */
MUST_USE err throttle_take(struct call *call, struct throttle *throttle);

/* Within a transaction: it was no failure.  full: the account is through, and its counters begin anew. */
MUST_USE err throttle_right(struct call *call, const struct throttle *throttle);
MUST_USE err throttle_full(struct call *call, const struct throttle *throttle);

/* It was wrong: say so where a wait began, disable what has been tried too often. */
MUST_USE err throttle_wrong(struct call *call, const struct throttle *throttle);

/* The rule of one counter.  tools/print_docs.py prints the table of docs/explain/throttling.md from them. */
struct counter_rule {
	enum audit_reason reason; /* its text names the counter in the database, the audit and the log: "code" */
	const char *counts;       /* for people */
	int64_t free;             /* failures without a wait; 0: it never waits */
	int64_t free_local;       /* the same for loopback addresses, which many clients may share; 0: as free */
	int64_t forget_us;        /* one failure is forgotten in this time; 0: never */
	bool of_account;          /* a wait concerns one account, not everybody at an address */
};
const struct counter_rule *counter_rule(enum counter counter);
const char *counter_name(enum counter counter);

#endif
