#include "web/core/language.h"

#include "http/accept.h"

static const str codes[LANGUAGE_COUNT] = { [LANGUAGE_FR] = STR_INIT("fr"), [LANGUAGE_EN] = STR_INIT("en") };

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
		int q = accept_weight(parameters);
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
