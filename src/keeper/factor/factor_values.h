/*
 * Which values the row of an authenticator may hold.  An import asks before it writes a row, `doubletour check` for every row
 * that exists, and a sign-in before it checks a code.
 */
#ifndef KEEPER_FACTOR_VALUES_H
#define KEEPER_FACTOR_VALUES_H

#include "base/str.h"

struct factor_values {
	str name, algorithm; /* "": not asked about; SHA1 */
	size_t secret_n;     /* bytes */
	int64_t digits, period_s;
};

/* NULL: codes of it can be checked.  Else what is wrong, without a word about its name. */
const char *factor_counting_wrong(const struct factor_values *values);
/* The name that its owner gave it. */
const char *factor_name_wrong(const struct factor_values *values);

#endif
