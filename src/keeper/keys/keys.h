/*
 * The keys.  One master key, from SECRET_KEY or from the key file DATA_DIR/doubletour.key; all others are derived
 * from it with HKDF-SHA-256 (RFC 5869), each for one use.
 */
#ifndef KEEPER_KEYS_H
#define KEEPER_KEYS_H

#include "config/config.h"
#include "keeper/keys/sealing.h"
#include "keeper/keys/signing.h"
#include "store/db.h"
#include "ipc/wire.h"

struct keys {
	struct sealing sealing;
	struct token form;  /* for web's form tokens */
	struct token names; /* for hashes of names that no account has */
	struct token gate;  /* for the gate's cookies */
	struct signing signing;
};

/* The master key as it was found. */
struct master_key {
	uint8_t b[CONFIG_KEY_MAX];
	size_t n;                        /* 0: none is there yet */
	char path[CONFIG_TEXT_MAX + 64]; /* "SECRET_KEY", or the file: for sentences */
};
void master_key_wipe(struct master_key *master);

/*
 * Read SECRET_KEY, or the key file when there is one (n is 0 when not).  ERR_CONFIG with the sentence: a key that is
 * short, published, plainly guessed, or a file that others may read.  Changes nothing.
 */
MUST_USE err master_key_read(const struct config *config, struct why *why, struct master_key *ret_master);

/*
 * Derive the keys, and check that they are the database's.  A database that has no key yet gets this one, and
 * where there is none at all a key file is made (0600).  ERR_CONFIG with the sentence: the key is not the
 * database's, or is missing.
 */
MUST_USE err keys_open(const struct config *config, struct master_key *master, struct db *db, struct why *why,
		       struct keys *ret_keys);
void keys_wipe(struct keys *keys);

/* --- for a change of the master key (keeper/keys/rotate.h) ----------------------------------------------------------------- */

/* Derive the keys of a master key; says nothing of any database. */
MUST_USE err keys_derive(const struct master_key *master, struct keys *ret_keys);

/* Does one of the database's checks open under these keys?  ret_rows, when not NULL: how many checks there are. */
MUST_USE err keys_fit(const struct keys *keys, struct db *db, bool *ret_fit, size_t *ret_rows);

/* This key's check into the database, within the transaction that is open; again is no error. */
MUST_USE err keys_enter(const struct keys *keys, struct db *db);

/*
 * The key that is to follow: read DATA_DIR/doubletour.key.new (n is 0 when there is none), make it, and let it take the place of
 * doubletour.key, whose file is kept as doubletour.key.ID, ID being the old key's in hexadecimal: backups from before need it.
 * All names are on the disk when these return.
 */
MUST_USE err master_key_new_read(const struct config *config, struct why *why, struct master_key *ret_master);
MUST_USE err master_key_new_make(const struct config *config, struct why *why, struct master_key *ret_master);
MUST_USE err master_key_new_install(const struct config *config, const struct keys *old_keys, struct why *why);

#endif
