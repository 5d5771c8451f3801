/* What a browser reads in escaped text: a second opinion for the targets `html` and `template`. */
#ifndef FUZZ_HTML_H
#define FUZZ_HTML_H

#include "target.h"

#include "base/str.h"

/* The next character as it is meant; the text goes no further than it: a bare < > " ' & breaks the promise. */
static inline char
html_character_take(str *rest)
{
	static const struct {
		str entity;
		char c;
	} entities[] = {
		{ STR_INIT("&amp;"), '&' }, { STR_INIT("&lt;"), '<' },  { STR_INIT("&gt;"), '>' },
		{ STR_INIT("&#34;"), '"' }, { STR_INIT("&quot;"), '"' }, { STR_INIT("&#39;"), '\'' },
	};

	PROMISE(rest->n > 0);
	for (size_t i = 0; i < COUNT(entities); i++) {
		if (!str_starts(*rest, entities[i].entity))
			continue;
		*rest = str_from(*rest, entities[i].entity.n);
		return entities[i].c;
	}
	char c = rest->p[0];
	PROMISE(c == '\0' || strchr("<>\"'&", c) == NULL);
	*rest = str_from(*rest, 1);
	return c;
}

/* Take a text, escaped, off the front. */
static inline void
html_text_take(str *rest, str text)
{
	for (size_t i = 0; i < text.n; i++)
		PROMISE(html_character_take(rest) == text.p[i]);
}

#endif
