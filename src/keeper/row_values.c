#include "keeper/row_values.h"

#include "keeper/display_name.h"
#include "keeper/identity.h"

enum { DIGITS_MIN = 6, DIGITS_MAX = 8, PERIOD_MIN_S = 15, PERIOD_MAX_S = 300 };

/* --- words that rows have for numbers --------------------------------------------------------------------------------- */

static const char *const languages[PREFERRED_COUNT] = { "", "fr", "en" };
static const char *const formats[TIME_FORMAT_COUNT] = { "", "24", "12", "iso" };
static const char *const algorithms[] = { [OTP_SHA1] = "SHA1", [OTP_SHA256] = "SHA256", [OTP_SHA512] = "SHA512" };

/* *ret_number 0 when it is none of them. */
static bool
row_word_find(const char *const *words, size_t n, str text, uint32_t *ret_number)
{
	*ret_number = 0;
	for (uint32_t i = 0; i < n; i++)
		if (str_equal(text, str_of(words[i]))) {
			*ret_number = i;
			return true;
		}
	return false;
}

str
preferred_language_text(uint32_t language)
{
	return str_of(languages[language < PREFERRED_COUNT ? language : 0]);
}

uint32_t
preferred_language_read(str text)
{
	uint32_t number;

	(void)row_word_find(languages, COUNT(languages), text, &number);
	return number;
}

str
time_format_text(uint32_t format)
{
	return str_of(formats[format < TIME_FORMAT_COUNT ? format : 0]);
}

uint32_t
time_format_read(str text)
{
	uint32_t number;

	(void)row_word_find(formats, COUNT(formats), text, &number);
	return number;
}

const char *
factor_algorithm_name(enum otp_algorithm algorithm)
{
	return algorithms[(size_t)algorithm < COUNT(algorithms) ? algorithm : OTP_SHA1];
}

err
factor_algorithm_read(str name, enum otp_algorithm *ret_algorithm)
{
	uint32_t number;

	if (!row_word_find(algorithms, COUNT(algorithms), name, &number))
		return ERR_CORRUPT;
	*ret_algorithm = (enum otp_algorithm)number;
	return ERR_OK;
}

/* --- accounts --------------------------------------------------------------------------------------------------------- */

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

/* A stored name is the folded one: with another nobody can sign in. */
static const char *
row_name_wrong(str stored)
{
	struct account_name name = { .n = 0 };
	enum problem problem = account_name_fold(stored, &name);

	if (problem == PROBLEM_NONE && !str_equal(account_name_str(&name), stored))
		return "its name is not one that can be typed";
	return account_name_wrong(problem);
}

static const char *
row_display_name_wrong(str stored)
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
row_password_wrong(str stored)
{
	return str_equal(stored, STR(ACCOUNT_NO_PASSWORD)) ? NULL : password_hash_wrong(stored);
}

const char *
account_value_wrong(enum account_value which, const struct account_values *values, struct arena *arena)
{
	uint32_t number;
	str value = values->of[which];

	switch (which) {
	case ACCOUNT_NAME:
		return row_name_wrong(value);
	case ACCOUNT_DISPLAY_NAME:
		return row_display_name_wrong(value);
	case ACCOUNT_PASSWORD:
		return row_password_wrong(value);
	case ACCOUNT_EMAIL:
		return email_good(value) ? NULL : "its e-mail address is not one, or is longer than 254 bytes";
	case ACCOUNT_GROUPS:
		return groups_good(value, arena) ? NULL
						 : "its groups are not at most 50 names of 1 to 40 of a-z 0-9 . _ - "
						   "and of 1,000 bytes together";
	case ACCOUNT_LANGUAGE:
		return row_word_find(languages, COUNT(languages), value, &number) ? NULL : "its language is not known";
	case ACCOUNT_TIME_FORMAT:
		return row_word_find(formats, COUNT(formats), value, &number) ? NULL : "its time format is not known";
	default:
		return NULL;
	}
}

/* --- authenticators --------------------------------------------------------------------------------------------------- */

const char *
factor_counting_wrong(const struct factor_values *values)
{
	enum otp_algorithm algorithm;

	if (values->secret_n < OTP_SECRET_MIN)
		return "the secret of its authenticator is shorter than 128 bits";
	if (values->secret_n > OTP_SECRET_MAX)
		return "the secret of its authenticator is too long";
	if (values->digits < DIGITS_MIN || values->digits > DIGITS_MAX || values->period_s < PERIOD_MIN_S ||
	    values->period_s > PERIOD_MAX_S)
		return "its authenticator counts in a way that is not taken: 6 to 8 digits, 15 to 300 seconds";
	if (factor_algorithm_read(values->algorithm, &algorithm) != ERR_OK)
		return "its authenticator has an algorithm other than SHA1, SHA256 and SHA512";
	return NULL;
}

const char *
factor_name_wrong(const struct factor_values *values)
{
	struct display_name name;

	return display_name_check(values->name, &name) == PROBLEM_NONE
		   ? NULL
		   : "its name has more than 40 characters, some that cannot be seen, or is not UTF-8";
}
