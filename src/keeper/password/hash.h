/*
 * How passwords are hashed: the schemes that keeper/password/passwords.c chooses from.  Nothing else includes it.
 *
 * Each takes the text of a hash as it is stored, and errs with ERR_CORRUPT where that is none of its own, or of absurd cost.
 */
#ifndef KEEPER_HASH_H
#define KEEPER_HASH_H

#include "keeper/password/passwords.h"

enum { HASH_SALT_BYTES = 16 };

struct hash_scheme {
	const char *begins; /* what its texts begin with */
	bool (*usable)(str hash);
	err (*hash)(const struct config *config, const struct password *password, struct password_hash *ret_hash);
	err (*dummy_hash)(const struct config *config, struct password_hash *ret_hash);
	err (*verify)(str hash, const struct password *password, bool *ret_right);
	bool (*outdated)(const struct config *config, str hash);
};

extern const struct hash_scheme hash_argon2id, hash_bcrypt;
/* Of imported accounts only, until they sign in: nothing new is hashed with them. */
extern const struct hash_scheme hash_sha256_crypt, hash_sha512_crypt;

/* A hash was computed: for password_work_done. */
void hash_count_work(void);

#endif
