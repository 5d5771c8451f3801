/*
 * Passwords: how they are prepared, hashed and proved.  Which are refused when chosen is not here (strength.h).
 *
 * A password is its NFC form in UTF-8 (RFC 8265 s4.2.2), and every byte of it counts.  Argon2id (RFC 9106) by the
 * reference library, bcrypt by libxcrypt; which one hashes new passwords is a setting, both go on proving old
 * ones.
 */
#ifndef KEEPER_PASSWORDS_H
#define KEEPER_PASSWORDS_H

#include "base/err.h"
#include "base/str.h"
#include "config/config.h"
#include "ipc/questions.h"

enum { HASH_TEXT_MAX = 160, BCRYPT_MAX_BYTES = 72 };

struct password {
	char b[PASSWORD_MAX_BYTES + 1]; /* a NUL stands behind it */
	size_t n;
};
void password_wipe(struct password *password);

struct password_hash {
	char z[HASH_TEXT_MAX]; /* $argon2id$v=19$m=...,t=...,p=...$salt$hash or $2b$... */
};

/*
 * Bring what was typed into the form that is hashed.
 * PROBLEM_NONE; PROBLEM_TOO_LONG: over PASSWORD_MAX_BYTES before or after; PROBLEM_CHARACTERS: a NUL, or not UTF-8.
 */
enum problem password_prepare(str typed, struct password *ret_password);

/* As the settings say.  ERR_TOO_LONG: over 72 bytes for bcrypt.  ERR_CRYPTO, ERR_MEMORY. */
MUST_USE err password_hash(const struct config *config, const struct password *password,
			   struct password_hash *ret_hash);

/*
 * A hash of no password at all, of random bytes, with the form and cost of one that is made today: proving by it takes the same work.
 * Hashes nothing.  ERR_CRYPTO, ERR_IO.
 */
MUST_USE err password_hash_dummy(const struct config *config, struct password_hash *ret_hash);

/*
 * The memory that this thread's last Argon2id hash took is kept for its next one, until the thread ends or it is released: when
 * there has been nothing to hash for a while.
 */
bool password_memory_is_kept(void);
void password_memory_release(void);

/*
 * Is it the password?  Always does the whole work of the hash, also with NULL, for a typed text that cannot be a
 * password of ours: then *ret_right is false.  ERR_CORRUPT: not usable, see below.
 */
MUST_USE err password_verify(str hash, const struct password *password, bool *ret_right);

/* Has it the form of a hash that can be proved, from us or from elsewhere: Argon2id, bcrypt, SHA-crypt? */
bool password_hash_usable(str hash);

/* What is wrong with the hash of an account that is to be imported, or is stored; NULL: it can be proved. */
const char *password_hash_wrong(str hash);

/* Would it be hashed otherwise today: another scheme, another cost? */
bool password_hash_outdated(const struct config *config, str hash);

#ifdef DOUBLETOUR_TEST_HOOKS
/* How often a hash was computed, in this process. */
long password_work_done(void);
#endif

#endif
