/* language_choose, language_of.  Input: the cookie, a newline, Accept-Language. */
#include "target.h"

#include "web/core/language.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	str rest = str_bytes(bytes, n);
	str cookie = str_cut(&rest, '\n');
	enum config_language chosen = language_choose(cookie, rest, LANGUAGE_FR), named;

	PROMISE((unsigned)chosen < LANGUAGE_COUNT);
	if (language_of(cookie, &named))
		PROMISE(chosen == named && str_equal(cookie, language_code(named)));
	return 0;
}
