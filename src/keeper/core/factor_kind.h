/*
 * Table of factor kinds: name, properties, and the functions that enrol, verify and spend a factor. Only a kind's own
 * file depends on the kind. An operation that a kind does not support is NULL, and the caller refuses it.
 *
 * To add a kind: a line in FACTOR_KINDS, and a file with its row (docs/develop/design/factor-kinds.md).
 *
 * Enrolment:     begin, challenge, read, count, confirm
 * Verification:  read, count, verify, spend
 *
 * count runs before the code is checked, and is durable: docs/explain/throttling.md.
 */
#ifndef KEEPER_FACTOR_KIND_H
#define KEEPER_FACTOR_KIND_H

#include "base/err.h"
#include "keeper/core/proof.h"
#include "ipc/audit_events.h"

/* Input is tried in this order. Recovery codes are recognised by their form, without the database. */
#define FACTOR_KINDS(KIND) KIND(password) KIND(recovery) KIND(totp) KIND(passkey)

struct call;
struct enrolment;
struct attempt;
struct factor_values;

struct factor_kind {
	const char *name;            /* value of factors.kind, for kinds that can be enrolled */
	const char *sealing_purpose; /* for factors.secret_sealed; never changes after a release. NULL: no secret */
	const char *amr;             /* RFC 8176 s2 */
	unsigned shows;              /* SHOWS_KNOWLEDGE or SHOWS_POSSESSION */
	bool recovers;               /* replaces a lost factor until another one is enrolled */
	bool resists_phishing;       /* its answer is of no use at another address */
	bool guessable;              /* CODES_MAX successive failed codes disable the account's factors of this kind */
	enum audit_event passed;     /* audit event when it completes a sign-in */
	enum audit_event stepped_up; /* audit event when it renews a session's proof */
	enum audit_reason why_wrong, why_spent;
	enum audit_reason why_changed; /* of the event that a factor of this kind was renamed or removed */

	/* Create a secret, unsealed, in the call's arena. */
	err (*begin)(struct call *call, str *ret_secret);
	/* Write the enrolment data for the user's device to the call's answer. */
	err (*challenge)(struct call *call, const struct enrolment *enrolment);
	/* Does the input have the form of this kind's code? Otherwise it is not an attempt. */
	err (*read)(struct call *call, const struct attempt *attempt, bool *ret_possible);
	/* Choose the counters of the attempt: sets attempt->throttle. */
	err (*count)(struct call *call, struct attempt *attempt);
	/* Check the attempt against the enrolment, or against the account's active factors. Neither changes data. */
	err (*confirm)(struct call *call, struct attempt *attempt);
	err (*verify)(struct call *call, struct attempt *attempt);
	/* Inside a transaction, after verify: mark the code as used. *ret_done false: another request used it first. */
	err (*spend)(struct call *call, const struct attempt *attempt, bool *ret_done);
	/* Called after a refusal. *ret_drift_s: the clock drift of the device; 0: unknown. */
	err (*refused)(struct call *call, const struct attempt *attempt, int64_t *ret_drift_s);
	/* NULL: codes can be checked with these values. Otherwise what is wrong with them. */
	const char *(*row_wrong)(const struct factor_values *values);
};

#define FACTOR_KIND_DECLARE(kind) extern const struct factor_kind factor_kind_##kind;
FACTOR_KINDS(FACTOR_KIND_DECLARE)
#define FACTOR_KIND_COUNT_ONE(kind) +1
enum { FACTOR_KINDS_COUNT = 0 FACTOR_KINDS(FACTOR_KIND_COUNT_ONE) };
extern const struct factor_kind *const factor_kinds[FACTOR_KINDS_COUNT];

/* The kind with this factors.kind; NULL: unknown, or not a kind with rows in factors. */
const struct factor_kind *factor_kind_named(str name);

/* The kind to enrol when a question names none. */
const struct factor_kind *factor_kind_default(void);

#endif
