/*
 * Keys. All keys are derived with HKDF-SHA-256 (RFC 5869) from one master key, each for one purpose. The master key is
 * SECRET_KEY or the key file DATA_DIR/doubletour.key.
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
	struct token form;       /* for web's form tokens */
	struct token names;      /* for hashes of names that no account has */
	struct token gate;       /* for the gate's cookies */
	struct token challenges; /* for challenges of passkeys: webauthn/challenge.h */
	struct token refresh;    /* for refresh tokens: keeper/oidc/issue.h */
	struct token requests;   /* for seals of authorization requests: keeper/oidc/seal.h */
	struct signing signing;
};

/* The master key and its source. */
struct master_key {
	uint8_t b[CONFIG_KEY_MAX];
	size_t n;                        /* 0: no key yet */
	char path[CONFIG_TEXT_MAX + 64]; /* "SECRET_KEY", or the file; used in messages */
};
void master_key_wipe(struct master_key *master);

/*
 * Read SECRET_KEY, or the key file if it exists (otherwise n is 0). Changes nothing.
 *
 * ERR_CONFIG  the key is too short, published, or easy to guess, or other users can read the file; with a message
 */
MUST_USE err master_key_read(const struct config *config, struct why *why, struct master_key *ret_master);

/*
 * Check that the key belongs to the database, and derive the keys. Changes nothing, and works with every schema except
 * the empty one. ret_rows: the number of keys that the database knows; 0: it has never had a key, and without a master
 * key ret_keys is empty.
 *
 * ERR_CONFIG  the key is missing or does not belong to the database; with a message
 * ERR_BUSY    another program has locked the database; with a message
 */
MUST_USE err keys_check(const struct config *config, const struct master_key *master, struct db *db, struct why *why,
			struct keys *ret_keys, size_t *ret_rows);

/* The message of keys_check for a missing (n is 0) or wrong key. Returns ERR_CONFIG. */
MUST_USE err keys_refuse(const struct master_key *master, struct why *why);

/*
 * keys_check; a database without a key gets this one. If there is no key, a key file is created (0600), unless `create`
 * is false: then ERR_CONFIG.
 */
MUST_USE err keys_open(const struct config *config, struct master_key *master, struct db *db, bool create,
		       struct why *why, struct keys *ret_keys);
void keys_wipe(struct keys *keys);

/* --- rotation of the master key (keeper/keys/rotate.h) ------------------------------------------------------------ */

/* Derive the keys of a master key. Does not use the database. */
MUST_USE err keys_derive(const struct master_key *master, struct keys *ret_keys);

/* Do these keys open one of the database's check values? ret_rows may be NULL: the number of check values. */
MUST_USE err keys_fit(const struct keys *keys, struct db *db, bool *ret_fit, size_t *ret_rows);

/* Insert this key's check value in the open transaction. Repeating it is not an error. */
MUST_USE err keys_enter(const struct keys *keys, struct db *db);

/*
 * The next key: read DATA_DIR/doubletour.key.new (n is 0 if missing), create it, and rename it to doubletour.key. The
 * old file is kept as doubletour.key.ID, where ID is the old key's id in hexadecimal: older backups need it. All names
 * are durable when these functions return.
 */
MUST_USE err master_key_new_read(const struct config *config, struct why *why, struct master_key *ret_master);
MUST_USE err master_key_new_make(const struct config *config, struct why *why, struct master_key *ret_master);
MUST_USE err master_key_new_install(const struct config *config, const struct keys *old_keys, struct why *why);

#endif
