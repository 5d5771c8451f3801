#include "oidc/locales.h"

static enum preferred_language
oidc_locale_read(str tag)
{
	str language = str_cut(&tag, '-');

	if (str_equal_nocase(language, STR("fr")))
		return PREFERRED_FR;
	return str_equal_nocase(language, STR("en")) ? PREFERRED_EN : PREFERRED_BROWSER;
}

enum preferred_language
oidc_locales_choose(str ui_locales)
{
	enum preferred_language chosen = PREFERRED_BROWSER;

	while (ui_locales.n > 0 && chosen == PREFERRED_BROWSER)
		chosen = oidc_locale_read(str_cut(&ui_locales, ' '));
	return chosen;
}
