/*
 * Imports accounts from other programs, with their password hashes and authenticators.
 *
 * A source (src/cli/import_*.c) passes the same rows in the same order twice to take(). The first pass counts the
 * names: if several rows fold to one name, all of them are refused. The second pass creates accounts, about a hundred
 * per transaction. Existing accounts stay unchanged, so an import can be repeated or continued. Only an existing
 * account without an authenticator or passkey gets those of the row.
 *
 * No account becomes weaker by an import: a row with an invalid value is refused as a whole and reported.
 */
#ifndef KEEPER_IMPORT_H
#define KEEPER_IMPORT_H

#include "config/config.h"
#include "doubletour/otp.h"
#include "keeper/core/keeper.h"
#include "store/db.h"

/* A passkey of the source. Texts are valid during the call. */
struct import_passkey {
	unsigned line; /* of the file that has it */
	str owner;     /* user name, as in the source */
	str credential_id;
	str key;             /* COSE_Key */
	str rp_id;           /* the host that it was made for */
	str name;            /* given by the user */
	str transports;      /* "usb,nfc" */
	str aaguid;          /* 16 bytes; "": unknown */
	uint64_t sign_count; /* of 32 bits */
	bool backup_eligible, backed_up;
	bool copied;         /* the source saw its counter fall, so there may be a copy of it */
	bool legacy;         /* of an older kind: for the source only */
	const char *refused; /* why the source cannot convert it; NULL: it can */
};

/* One account of the source. Texts are valid during the call. */
struct import_row {
	str where;         /* "row 12": shown in messages */
	str name;          /* as in the source */
	str display_name;  /* "": none */
	str email, groups; /* "": none; groups: separated by commas */
	str password_hash; /* in the form of crypt(5) or Argon2 */
	str secret;        /* base32; "": no authenticator */
	enum otp_algorithm algorithm;
	unsigned digits, period_s; /* 0: 6 and 30 */
	const struct import_passkey *passkeys;
	size_t passkeys_n;
	int64_t created_us; /* 0: now */
	bool disabled;
	const char *refused;        /* why the source cannot convert the account; NULL: it can */
	const char *factor_refused; /* why the source cannot convert its authenticator; NULL: it can */
	bool stray;                 /* an authenticator or passkey that matches no account; name: its label */
};

typedef err (*import_take)(void *context, const struct import_row *row);
/* Calls take for each row and returns its err. */
typedef err (*import_reader)(void *source, import_take take, void *context, struct why *why);

/* Renames accounts: lines "old name=new name" of a file. NULL: keep all names. */
typedef bool (*import_rename)(void *context, str name, str *ret_name);

struct import_counts {
	int64_t rows, taken, with_factor, there, refused;
	int64_t factors_added; /* to existing accounts without one */
	int64_t enrol_anew;    /* imported without their authenticator, which was refused */
	int64_t weak_factors;  /* refused because of their authenticator */
	int64_t strays;        /* authenticators and passkeys that match no account */
	int64_t passkeys;      /* imported ones */
	int64_t copied;        /* of these, the ones of which there may be a copy */
};

struct import {
	enum audit_reason reason; /* kind of source, for the audit */
	import_reader source;
	void *source_context;
	import_rename rename;
	void *rename_context;
	bool dry_run;    /* check everything, write nothing */
	bool enrol_anew; /* import an account without its invalid authenticator: the user enrols at the next sign-in */
	/* reason: a sentence without its full stop, "its password hash has an unknown form" */
	void (*refused)(void *context, const struct import_row *row, const char *reason);
	/* the account is imported without an authenticator or passkey for this reason; enrols: it has no other */
	void (*weakened)(void *context, const struct import_row *row, const char *reason, bool enrols);
	void (*progress)(void *context, int64_t done, int64_t all);
	void *context;
};

/* Creates and upgrades the database as `run` does. ERR_CONFIG and other errors set a message. */
MUST_USE err import_run(const struct config *config, const struct import *import, struct why *why,
			struct import_counts *ret_counts);

#endif
