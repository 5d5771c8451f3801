/*
 * Normalises, hashes and verifies passwords. strength.h decides which passwords may be chosen.
 *
 * A password is its NFC form in UTF-8 (RFC 8265 s4.2.2), and all of its bytes count. New passwords are hashed with
 * Argon2id (RFC 9106, reference library) or bcrypt (libxcrypt), depending on the settings. Existing hashes of either
 * scheme can still be verified.
 */
#ifndef KEEPER_PASSWORDS_H
#define KEEPER_PASSWORDS_H

#include "base/err.h"
#include "base/str.h"
#include "config/config.h"
#include "ipc/questions.h"

enum { HASH_TEXT_MAX = 160, BCRYPT_MAX_BYTES = 72 };

struct password {
	char b[PASSWORD_MAX_BYTES + 1]; /* followed by a NUL */
	size_t n;
};
void password_wipe(struct password *password);

struct password_hash {
	char z[HASH_TEXT_MAX]; /* $argon2id$v=19$m=...,t=...,p=...$salt$hash or $2b$... */
};

/*
 * Convert the input to the form that is hashed.
 *
 * PROBLEM_NONE
 * PROBLEM_TOO_LONG    over PASSWORD_MAX_BYTES before or after conversion
 * PROBLEM_CHARACTERS  contains a NUL, or is not UTF-8
 */
enum problem password_prepare(str typed, struct password *ret_password);

/* Hash with the configured scheme. ERR_TOO_LONG: over 72 bytes for bcrypt. ERR_CRYPTO, ERR_MEMORY. */
MUST_USE err password_hash(const struct config *config, const struct password *password,
			   struct password_hash *ret_hash);

/*
 * Create a hash of random bytes that belongs to no password, with the current form and cost: verifying against it takes
 * the same work. Computes no hash. ERR_CRYPTO, ERR_IO.
 */
MUST_USE err password_hash_dummy(const struct config *config, struct password_hash *ret_hash);

/*
 * Each thread keeps the memory of its last Argon2id hash for the next one. It is freed when the thread ends, or by
 * password_memory_release after a time without hashing.
 */
bool password_memory_is_kept(void);
void password_memory_release(void);

/*
 * Verify a password. Always does the full work of the hash, even if password is NULL (invalid input): *ret_right is
 * then false. ERR_CORRUPT: the hash is not usable, see below.
 */
MUST_USE err password_verify(str hash, const struct password *password, bool *ret_right);

/* Can the hash be verified, whether ours or imported: Argon2id, bcrypt or SHA-crypt? */
bool password_hash_usable(str hash);

/* Describes the fault of an imported or stored hash; NULL: it can be verified. */
const char *password_hash_wrong(str hash);

/* Does the hash differ from the configured scheme or cost? */
bool password_hash_outdated(const struct config *config, str hash);

#ifdef DOUBLETOUR_TEST_HOOKS
/* Number of hashes computed in this process. */
long password_work_done(void);
#endif

#endif
