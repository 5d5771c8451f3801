/*
 * Valid values of an account's row. Imports check them before writing a row, `doubletour check` for every row. Each
 * check is the function that pages and commands use for the same value.
 */
#ifndef KEEPER_ROW_VALUES_H
#define KEEPER_ROW_VALUES_H

#include "base/arena.h"
#include "keeper/core/accounts.h"

enum account_value {
	ACCOUNT_NAME,
	ACCOUNT_DISPLAY_NAME,
	ACCOUNT_PASSWORD,
	ACCOUNT_EMAIL,
	ACCOUNT_GROUPS,
	ACCOUNT_LANGUAGE,
	ACCOUNT_TIME_FORMAT,
	ACCOUNT_VALUES
};

struct account_values {
	str of[ACCOUNT_VALUES]; /* as stored; "": none */
};

/* NULL: valid. Otherwise what is wrong: "its display name has more than 40 characters". */
const char *account_value_wrong(enum account_value which, const struct account_values *values, struct arena *arena);

/* Why a user name is invalid; NULL for PROBLEM_NONE. */
const char *account_name_wrong(enum problem problem);

#endif
