#include "keeper/core/row_words.h"

static const char *const languages[PREFERRED_COUNT] = { "", "fr", "en" };
static const char *const formats[TIME_FORMAT_COUNT] = { "", "24", "12", "iso" };
static const char *const algorithms[] = { [OTP_SHA1] = "SHA1", [OTP_SHA256] = "SHA256", [OTP_SHA512] = "SHA512" };

/* Returns false and sets *ret_number to 0 for any other text. */
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

bool
preferred_language_known(str text)
{
	uint32_t number;

	return row_word_find(languages, COUNT(languages), text, &number);
}

bool
time_format_known(str text)
{
	uint32_t number;

	return row_word_find(formats, COUNT(formats), text, &number);
}
