/* dotenv_of, dotenv_next: every entry lies within the text, line numbers never decrease, and the iteration ends. */
#include "target.h"

#include "config/dotenv.h"

static bool
lies_within(str s, const char *text, size_t n)
{
	return s.n == 0 || (s.p >= text && s.n <= n && s.p + s.n <= text + n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *text = malloc(n + 1);
	struct dotenv_entry entry = { 0 };
	struct why why = { 0 };
	struct dotenv file;
	bool more = true;
	unsigned line = 0;

	PROMISE(text != NULL);
	memcpy(text, bytes, n);
	file = dotenv_of(text, n);
	for (size_t i = 0; more; i++) {
		PROMISE(i <= n);
		if (dotenv_next(&file, &entry, &more, &why) != ERR_OK) {
			PROMISE(why.text[0] != '\0');
			break;
		}
		if (!more)
			break;
		PROMISE(lies_within(entry.name, text, n) && lies_within(entry.value, text, n));
		PROMISE(entry.name.n > 0 && entry.line > line && !str_has_byte(entry.value, '\n'));
		line = entry.line;
	}
	free(text);
	return 0;
}
