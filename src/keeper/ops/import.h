/*
 * Accounts that come from elsewhere, with their password hashes and authenticators.
 *
 * A source (src/cli/import_*.c) calls take() for each of its rows, the same rows in the same order twice: the first time names are
 * counted, so that of several rows that fold to one name none is taken; the second time accounts are made, in transactions of
 * some hundred.  An account that is there already is left as it is, so that an import which was interrupted, or is run again,
 * goes on where it was; only one that has no authenticator gets the row's.
 *
 * No account comes out weaker than it was: a row with a value that cannot be taken is refused whole and named.
 */
#ifndef KEEPER_IMPORT_H
#define KEEPER_IMPORT_H

#include "config/config.h"
#include "doubletour/otp.h"
#include "keeper/core/keeper.h"
#include "store/db.h"

/* One account as the source has it.  Texts live as long as the call. */
struct import_row {
	str where;         /* "row 12": how the person finds it */
	str name;          /* as there */
	str display_name;  /* "": none */
	str email, groups; /* "": none; groups: a list with commas between */
	str password_hash; /* in the form of crypt(5) or Argon2's */
	str secret;        /* base32; "": no authenticator */
	enum otp_algorithm algorithm;
	unsigned digits, period_s; /* 0: 6 and 30 */
	int64_t created_us;        /* 0: now */
	bool disabled;
	const char *refused;        /* what the source itself cannot take of it; NULL: nothing */
	const char *factor_refused; /* the same of its authenticator, which it has; NULL: nothing */
	bool stray;                 /* not an account: an authenticator that fits none; name: what it is labelled */
};

typedef err (*import_take)(void *context, const struct import_row *row);
/* Calls take for each row and passes its err on. */
typedef err (*import_reader)(void *source, import_take take, void *context, struct why *why);

/* What to call whom: lines "old name=new name" of a file.  NULL: nothing is renamed. */
typedef bool (*import_rename)(void *context, str name, str *ret_name);

struct import_counts {
	int64_t rows, taken, with_factor, there, refused;
	int64_t factors_added; /* to accounts that were there without one */
	int64_t enrol_anew;    /* of those taken: without the authenticator that could not be */
	int64_t weak_factors;  /* of those refused: because of their authenticator */
	int64_t strays;        /* authenticators that fit no account */
};

struct import {
	enum audit_reason reason; /* for the audit: the kind of source */
	import_reader source;
	void *source_context;
	import_rename rename;
	void *rename_context;
	bool dry_run;    /* everything is tried and nothing kept */
	bool enrol_anew; /* an account whose authenticator cannot be taken comes without it: the next sign-in enrols */
	/* reason: a sentence without its full stop: "its password hash has a form that is not known" */
	void (*refused)(void *context, const struct import_row *row, const char *reason);
	/* the account is taken without its authenticator, for this reason */
	void (*weakened)(void *context, const struct import_row *row, const char *reason);
	void (*progress)(void *context, int64_t done, int64_t all);
	void *context;
};

/* The database is the settings', made and upgraded as `run` would.  ERR_CONFIG and others with the sentence. */
MUST_USE err import_run(const struct config *config, const struct import *import, struct why *why,
			struct import_counts *ret_counts);

#endif
