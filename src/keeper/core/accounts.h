/*
 * Accounts: their names, folded and checked at this one place for every use, and their rows.
 */
#ifndef KEEPER_ACCOUNTS_H
#define KEEPER_ACCOUNTS_H

#include "base/str.h"
#include "ipc/questions.h"

#include "store/db.h"

/* A user name: 3 to 40 of a-z 0-9 . _ @ + -, a letter or digit at both ends. */
struct account_name {
	char b[USERNAME_MAX + 1];
	size_t n;
};

/* Without white space and format characters around, ASCII letters in lower case; then the shape.  ret_name is written only with PROBLEM_NONE. */
enum problem account_name_fold(str typed, struct account_name *ret_name);

static inline str
account_name_str(const struct account_name *name)
{
	return str_bytes(name->b, name->n);
}

/* In place of a hash: no password was set yet, and none is right. */
#define ACCOUNT_NO_PASSWORD "!"

struct account {
	int64_t id;
	str password_hash; /* in the arena that was given */
	bool disabled;
};

/* The name may be "": nobody has it. */
MUST_USE err account_find(struct db *db, str name, struct arena *arena, struct account *ret_account, bool *ret_found);

/* ERR_EXISTS: the name is taken. */
MUST_USE err account_insert(struct db *db, int64_t id, str name, str password_hash, int64_t now_us);

#endif
