/*
 * What the row of an account or of an authenticator may hold.  An import asks before it writes a row; `doubletour check` asks for
 * every row that is there.  Each answer comes from the function that pages and commands use for the same kind of value.
 */
#ifndef KEEPER_ROW_VALUES_H
#define KEEPER_ROW_VALUES_H

#include "base/arena.h"
#include "doubletour/otp.h"
#include "keeper/accounts.h"
#include "keeper/passwords.h"

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
	str of[ACCOUNT_VALUES]; /* as they stand in the row; "" where there is none */
};

/* NULL: in order.  Else what is wrong: "its display name has more than 40 characters". */
const char *account_value_wrong(enum account_value which, const struct account_values *values, struct arena *arena);

/* Why a user name cannot be taken; NULL for PROBLEM_NONE. */
const char *account_name_wrong(enum problem problem);

struct factor_values {
	str name, algorithm; /* "": not asked about; SHA1 */
	size_t secret_n;     /* bytes */
	int64_t digits, period_s;
};

/* NULL: codes of it can be checked.  Else what is wrong, without a word about its name. */
const char *factor_counting_wrong(const struct factor_values *values);
/* The name that its owner gave it. */
const char *factor_name_wrong(const struct factor_values *values);

/* SHA1, SHA256 or SHA512: as rows have them. */
const char *factor_algorithm_name(enum otp_algorithm algorithm);
/* ERR_CORRUPT: none of them. */
MUST_USE err factor_algorithm_read(str name, enum otp_algorithm *ret_algorithm);

/* What stands in a row for enum preferred_language and enum time_format; what is none of them reads as 0. */
str preferred_language_text(uint32_t language);
uint32_t preferred_language_read(str text);
str time_format_text(uint32_t format);
uint32_t time_format_read(str text);

#endif
