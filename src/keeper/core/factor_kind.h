/*
 * Kinds of factors, as a table: what each is called, what it shows, and the functions that enrol, verify and spend it.  Nothing
 * outside of a kind's own file asks which kind it deals with; what a kind cannot do is NULL in its row, and the caller refuses.
 *
 * To add one: a line in FACTOR_KINDS, and a file with its row (docs/develop/design/factor-kinds.md).
 *
 * The way of a factor that is enrolled:    begin, challenge, read, count, confirm
 * The way of one that is proved:           read, count, verify, spend
 * count comes before the first look at what the answer is worth, and is durable: docs/explain/throttling.md.
 */
#ifndef KEEPER_FACTOR_KIND_H
#define KEEPER_FACTOR_KIND_H

#include "base/err.h"
#include "keeper/core/proof.h"
#include "ipc/audit_events.h"

/* In the order in which what was typed is held against them: recovery codes are told apart without the database. */
#define FACTOR_KINDS(KIND) KIND(password) KIND(recovery) KIND(totp)

struct call;
struct enrolment;
struct attempt;
struct factor_values;

struct factor_kind {
	const char *name; /* factors.kind, for a kind that is enrolled */
	const char
	    *sealing_purpose; /* of factors.secret_sealed; once published it never changes.  NULL: nothing is sealed */
	const char *amr;      /* RFC 8176 s2 */
	unsigned shows;       /* SHOWS_KNOWLEDGE or SHOWS_POSSESSION */
	bool recovers;        /* stands in for a factor that is lost, until another is enrolled */
	bool guessable;       /* CODES_MAX wrong answers in a row disable the account's factors of this kind */
	enum audit_event passed;     /* audit: it finished a sign-in, */
	enum audit_event stepped_up; /* or made a session's proof fresh */
	enum audit_reason why_wrong, why_spent;

	/* A new secret, unsealed, in the turn's arena. */
	err (*begin)(struct call *call, str *ret_secret);
	/* Into the turn's answer: what the person's device must be given to enrol. */
	err (*challenge)(struct call *call, const struct enrolment *enrolment);
	/* Could what was typed be an answer of this kind, right or wrong?  What could not is no attempt. */
	err (*read)(struct call *call, const struct attempt *attempt, bool *ret_possible);
	/* Which counters the attempt falls under: into attempt->throttle. */
	err (*count)(struct call *call, struct attempt *attempt);
	/* Hold the attempt against the enrolment, or against the account's factors in use.  Both change nothing. */
	err (*confirm)(struct call *call, struct attempt *attempt);
	err (*verify)(struct call *call, struct attempt *attempt);
	/* Within a transaction, after verify: it counts once.  *ret_done false: another request had it. */
	err (*spend)(struct call *call, const struct attempt *attempt, bool *ret_done);
	/* It was refused: does that tell something about the device?  *ret_drift_s: by how much its clock is off; 0: not known. */
	err (*refused)(struct call *call, const struct attempt *attempt, int64_t *ret_drift_s);
	/* NULL: answers of a row with these values can be checked.  Else what is wrong with it. */
	const char *(*row_wrong)(const struct factor_values *values);
};

#define FACTOR_KIND_DECLARE(kind) extern const struct factor_kind factor_kind_##kind;
FACTOR_KINDS(FACTOR_KIND_DECLARE)
#define FACTOR_KIND_COUNT_ONE(kind) +1
enum { FACTOR_KINDS_COUNT = 0 FACTOR_KINDS(FACTOR_KIND_COUNT_ONE) };
extern const struct factor_kind *const factor_kinds[FACTOR_KINDS_COUNT];

/* The kind of a row in `factors`, by factors.kind; NULL: of no kind that is enrolled here. */
const struct factor_kind *factor_kind_named(str name);

/* The kind that a question enrols which names none. */
const struct factor_kind *factor_kind_default(void);

#endif
