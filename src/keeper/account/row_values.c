#include "keeper/account/row_values.h"

#include "keeper/core/display_name.h"
#include "keeper/account/identity.h"
#include "keeper/password/passwords.h"
#include "keeper/core/row_words.h"

const char *
account_name_wrong(enum problem problem)
{
	switch (problem) {
	case PROBLEM_NONE:
		return NULL;
	case PROBLEM_MISSING:
		return "it has no name";
	case PROBLEM_TOO_SHORT:
		return "its name has fewer than 3 characters";
	case PROBLEM_TOO_LONG:
		return "its name has more than 40 characters";
	case PROBLEM_CHARACTERS:
		return "its name has characters other than a-z 0-9 . _ @ + -";
	case PROBLEM_EDGES:
		return "its name does not begin and end with a letter or digit";
	default:
		return "its name cannot be taken";
	}
}

/* A stored name must be folded; otherwise its user cannot sign in. */
static const char *
row_values_name_wrong(str stored)
{
	struct account_name name = { .n = 0 };
	enum problem problem = account_name_fold(stored, &name);

	if (problem == PROBLEM_NONE && !str_equal(account_name_str(&name), stored))
		return "its name is not one that can be typed";
	return account_name_wrong(problem);
}

static const char *
row_values_display_name_wrong(str stored)
{
	struct display_name name;

	switch (display_name_check(stored, &name)) {
	case PROBLEM_NONE:
		return NULL;
	case PROBLEM_TOO_LONG:
		return "its display name has more than 40 characters";
	default:
		return "its display name has characters that cannot be seen or change the text around them, or is not "
		       "UTF-8";
	}
}

static const char *
row_values_password_wrong(str stored)
{
	return str_equal(stored, STR(ACCOUNT_NO_PASSWORD)) ? NULL : password_hash_wrong(stored);
}

const char *
account_value_wrong(enum account_value which, const struct account_values *values, struct arena *arena)
{
	str value = values->of[which];

	switch (which) {
	case ACCOUNT_NAME:
		return row_values_name_wrong(value);
	case ACCOUNT_DISPLAY_NAME:
		return row_values_display_name_wrong(value);
	case ACCOUNT_PASSWORD:
		return row_values_password_wrong(value);
	case ACCOUNT_EMAIL:
		return email_good(value) ? NULL : "its e-mail address is invalid, or longer than 254 bytes";
	case ACCOUNT_GROUPS:
		return groups_good(value, arena) ? NULL
						 : "its groups are not at most 50 names of 1 to 40 of a-z 0-9 . _ - "
						   "and of 1,000 bytes together";
	case ACCOUNT_LANGUAGE:
		return preferred_language_known(value) ? NULL : "its language is not known";
	case ACCOUNT_TIME_FORMAT:
		return time_format_known(value) ? NULL : "its time format is not known";
	default:
		return NULL;
	}
}
