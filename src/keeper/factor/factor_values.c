#include "keeper/factor/factor_values.h"

#include "doubletour/otp.h"
#include "keeper/core/display_name.h"
#include "keeper/core/row_words.h"
#include "ipc/terms.h"

enum { PERIOD_MIN_S = 15, PERIOD_MAX_S = 300 };

const char *
factor_counting_wrong(const struct factor_values *values)
{
	enum otp_algorithm algorithm;

	if (values->secret_n < OTP_SECRET_MIN)
		return "the secret of its authenticator is shorter than 128 bits";
	if (values->secret_n > OTP_SECRET_MAX)
		return "the secret of its authenticator is too long";
	if (values->digits < CODE_DIGITS_MIN || values->digits > CODE_DIGITS_MAX || values->period_s < PERIOD_MIN_S ||
	    values->period_s > PERIOD_MAX_S)
		return "its authenticator has unsupported parameters: only 6 to 8 digits and 15 to 300 seconds are "
		       "possible";
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
		   : "its name has more than 40 characters or invisible ones, or is not UTF-8";
}
