/*
 * Valid values of an authenticator's row. Imports check them before writing a row, `doubletour check` for every row,
 * and a sign-in before it checks a code.
 */
#ifndef KEEPER_FACTOR_VALUES_H
#define KEEPER_FACTOR_VALUES_H

#include "base/str.h"

struct factor_values {
	str name, algorithm; /* name "": not checked; algorithm "": SHA1 */
	size_t secret_n;     /* bytes */
	int64_t digits, period_s;
};

/* NULL: its codes can be checked. Otherwise what is wrong, apart from the name. */
const char *factor_counting_wrong(const struct factor_values *values);
/* Checks the name that the user gave it. */
const char *factor_name_wrong(const struct factor_values *values);

#endif
