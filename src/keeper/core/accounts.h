/*
 * Accounts: user names, which only this module folds and checks, and rows.
 */
#ifndef KEEPER_ACCOUNTS_H
#define KEEPER_ACCOUNTS_H

#include "base/str.h"
#include "ipc/questions.h"

#include "store/db.h"

/* User name: 3 to 40 of a-z 0-9 . _ @ + -, with a letter or digit at both ends. */
struct account_name {
	char b[USERNAME_MAX + 1];
	size_t n;
};

/*
 * Trim white space and format characters, convert ASCII letters to lower case, and check the form. ret_name is written
 * only with PROBLEM_NONE.
 */
enum problem account_name_fold(str typed, struct account_name *ret_name);

static inline str
account_name_str(const struct account_name *name)
{
	return str_bytes(name->b, name->n);
}

/* Stored instead of a hash: the account has no password, and no password is accepted. */
#define ACCOUNT_NO_PASSWORD "!"

struct account {
	int64_t id;
	str password_hash; /* in the caller's arena */
	bool disabled;
};

/* name may be "", which no account has. */
MUST_USE err account_find(struct db *db, str name, struct arena *arena, struct account *ret_account, bool *ret_found);

/*
 * Names of closed or renamed accounts are not given to another account, because applications may know people by name.
 *
 * account_name_close    inside a transaction, before the account is closed or renamed
 * account_name_settle   inside a transaction, after an account took the name. ERR_EXISTS: another account had it
 * account_name_release  an administrator gives the name again
 */
MUST_USE err account_name_close(struct db *db, int64_t account_id, int64_t now_us);
MUST_USE err account_name_settle(struct db *db, str name, int64_t account_id);
MUST_USE err account_name_release(struct db *db, str name);

/* ERR_EXISTS: the name is taken, or another account had it. Inside a transaction. */
MUST_USE err account_insert(struct db *db, int64_t id, str name, str password_hash, int64_t now_us);

#endif
