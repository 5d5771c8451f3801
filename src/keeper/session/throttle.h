/*
 * Slows down guessing: which attempts are counted, where, and with which effect. The rules: docs/explain/throttling.md.
 *
 *	struct throttle throttle;
 *	TRY(throttle_code(call, true, &throttle));        choose the counters of this attempt
 *	TRY(throttle_take(call, &throttle));              count it durably, or ERR_LOCKOUT
 *	...                                               check the attempt only now
 *	throttle_right / throttle_full                    correct: inside the transaction that grants access
 *	throttle_wrong                                    wrong
 *
 * An attempt that ends with an error stays counted, so that making the server fail does not give extra attempts.
 */
#ifndef KEEPER_THROTTLE_H
#define KEEPER_THROTTLE_H

#include "base/err.h"
#include "base/str.h"

#include "ipc/audit_events.h"

#include <stdbool.h>
#include <stdint.h>

struct call;
struct session;

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
	COUNTER_PASSKEY,
	COUNTER_CLIENT,
	COUNTER_COUNT
};

enum {
	THROTTLE_SLOTS = 65536, /* per counter without an account */
	THROTTLE_KEY_BYTES = 16,
	THROTTLE_AT_ONCE = 3, /* most counters of one attempt */
	CODES_MAX = 100,      /* successive failed codes that disable the authenticators */
};

/* One counter of an attempt. */
struct count {
	enum counter counter;
	int64_t slot;
	uint8_t key[THROTTLE_KEY_BYTES];
	size_t key_n; /* 0: the slot belongs to an account or device */
	int64_t failures;
	int64_t until_us; /* end of the lockout that this attempt began; 0: none */
};

struct throttle {
	int64_t account_id; /* 0: no account has this name */
	struct count counts[THROTTLE_AT_ONCE];
	size_t n;
};

/* For a password and this name, which belongs to account_id (0: none). */
MUST_USE err throttle_password(struct call *call, str name, int64_t account_id, struct throttle *ret_throttle);

/* The next three are for the session's account. counts_for_all: 100 successive failures disable the authenticators. */
MUST_USE err throttle_code(struct call *call, bool counts_for_all, struct throttle *ret_throttle);
MUST_USE err throttle_recovery(struct call *call, struct throttle *ret_throttle);
MUST_USE err throttle_own_password(struct call *call, struct throttle *ret_throttle);

/* For a registration form from this address. */
MUST_USE err throttle_register(struct call *call, struct throttle *ret_throttle);

/* For an invalid one-time link from this address. Each is audited, and attackers can invent any number of them. */
MUST_USE err throttle_link(struct call *call, struct throttle *ret_throttle);

/*
 * For a passkey that belongs to account_id (0: none), or that this account enrols. Known browsers of the account have
 * their own counters: another client with the same address does not stop them. All other attempts count by address.
 */
MUST_USE err throttle_passkey(struct call *call, int64_t account_id, struct throttle *ret_throttle);

/* For a refused client of OpenID Connect, by its client_id ("": unknown) and address. */
MUST_USE err throttle_client(struct call *call, str client_id, struct throttle *ret_throttle);

/* Is a lockout active for this attempt?  Counts nothing.  ERR_LOCKOUT as for throttle_take. */
MUST_USE err throttle_check(struct call *call, const struct throttle *throttle);

/*
 * Count the attempt. ERR_OK: the caller may check it. Beyond the 100th failed code, this first disables the
 * authenticators, so that no code is accepted.
 *
 * ERR_LOCKOUT  do not check it; nothing was counted, and call->retry_us is the remaining time
 */
MUST_USE err throttle_take(struct call *call, struct throttle *throttle);

/*
 * Inside a transaction: the attempt was not a failure. throttle_full: the sign-in is complete, so reset the account's
 * counters. throttle_full_by_passkey: the sign-in of this session is complete, so reset those of passwords. A passkey
 * says nothing about codes.
 */
MUST_USE err throttle_right(struct call *call, const struct throttle *throttle);
MUST_USE err throttle_full(struct call *call);
MUST_USE err throttle_full_by_passkey(struct call *call, const struct session *session);

/* The attempt failed: audit a lockout that it began, and disable the authenticators after too many failed codes. */
MUST_USE err throttle_wrong(struct call *call, const struct throttle *throttle);

/* Rule of a counter. tools/print_docs.py prints the table in docs/explain/throttling.md from these rules. */
struct counter_rule {
	enum audit_reason reason; /* its text names the counter in the database, the audit and the log: "code" */
	const char *counts;       /* shown to people */
	int64_t free;             /* failures without a lockout; 0: never locks out */
	int64_t free_local;       /* the same for loopback addresses, which many clients may share; 0: as free */
	int64_t forget_us;        /* one failure expires after this time; 0: never */
	bool of_account;          /* a lockout affects one account, not all users of an address */
};
const struct counter_rule *counter_rule(enum counter counter);
const char *counter_name(enum counter counter);

#endif
