#include "web/core/language.h"

static const str codes[LANGUAGE_COUNT] = { [LANGUAGE_FR] = STR_INIT("fr"), [LANGUAGE_EN] = STR_INIT("en") };

enum { WEIGHT_FULL = 1000 };

str
language_code(enum config_language language)
{
	return codes[language];
}

bool
language_of(str code, enum config_language *ret_language)
{
	for (size_t i = 0; i < COUNT(codes); i++) {
		if (!str_equal(code, codes[i]))
			continue;
		*ret_language = (enum config_language)i;
		return true;
	}
	return false;
}

/* q=0.8 is 800; a missing weight is 1000; a malformed weight is 0. */
static int
language_weight(str parameters)
{
	str q = str_trim(parameters);
	int value = 0, unit = WEIGHT_FULL;

	if (q.n == 0)
		return WEIGHT_FULL;
	if (!str_starts(q, STR("q=")) && !str_starts(q, STR("Q=")))
		return 0;
	for (size_t i = 2; i < q.n && unit > 0; i++) {
		if (q.p[i] == '.')
			continue;
		if (q.p[i] < '0' || q.p[i] > '9')
			return 0;
		value += (q.p[i] - '0') * unit;
		unit /= 10;
	}
	return value;
}

/* fr, fr-CA and FR match French. */
static bool
language_range_matches(str range, str code)
{
	return str_equal_nocase(str_upto(range, code.n), code) && (range.n == code.n || range.p[code.n] == '-');
}

static bool
language_accepted(str accept, enum config_language *ret_language)
{
	int best = 0;

	while (accept.p != NULL && accept.n > 0) {
		str parameters = str_cut(&accept, ',');
		str range = str_trim(str_cut(&parameters, ';'));
		int q = language_weight(parameters);
		for (size_t i = 0; i < COUNT(codes); i++) {
			if (q <= best || !language_range_matches(range, codes[i]))
				continue;
			best = q;
			*ret_language = (enum config_language)i;
		}
	}
	return best > 0;
}

enum config_language
language_choose(str cookie, str accept, enum config_language otherwise)
{
	enum config_language chosen = otherwise;

	if (language_of(cookie, &chosen) || language_accepted(accept, &chosen))
		return chosen;
	return otherwise;
}
