/*
 * Hash schemes behind keeper/password/passwords.c. No other file includes it.
 *
 * Each scheme receives a stored hash. ERR_CORRUPT: the hash is not of this scheme, or its cost is beyond the limits.
 */
#ifndef KEEPER_HASH_H
#define KEEPER_HASH_H

#include "keeper/password/passwords.h"

enum { HASH_SALT_BYTES = 16 };

struct hash_scheme {
	const char *begins; /* prefix of its hashes */
	bool (*usable)(str hash);
	err (*hash)(const struct config *config, const struct password *password, struct password_hash *ret_hash);
	err (*dummy_hash)(const struct config *config, struct password_hash *ret_hash);
	err (*verify)(str hash, const struct password *password, bool *ret_right);
	bool (*outdated)(const struct config *config, str hash);
};

extern const struct hash_scheme hash_argon2id, hash_bcrypt;
/* Only for imported accounts, until their next sign-in. No new hash uses these schemes. */
extern const struct hash_scheme hash_sha256_crypt, hash_sha512_crypt;

/* Count a computed hash for password_work_done. */
void hash_count_work(void);

#endif
