/* A browser's reading of escaped text: a second parser for the targets `answer`, `html` and `template`. */
#ifndef FUZZ_HTML_H
#define FUZZ_HTML_H

#include "target.h"

#include "base/str.h"

/*
 * Returns the next character, unescaped.  Ends the program at an unescaped < > " ' or &, because that character could
 * end the text.
 */
static inline char
html_character_take(str *rest)
{
	static const struct {
		str entity;
		char c;
	} entities[] = {
		{ STR_INIT("&amp;"), '&' }, { STR_INIT("&lt;"), '<' },   { STR_INIT("&gt;"), '>' },
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

/* Read one escaped text from the front and compare it. */
static inline void
html_text_take(str *rest, str text)
{
	for (size_t i = 0; i < text.n; i++)
		PROMISE(html_character_take(rest) == text.p[i]);
}

/* --- every opened element is closed ------------------------------------------------------------------------------- */

enum { HTML_DEPTH_MAX = 64 };

static inline bool
html_is_void(str name)
{
	static const str names[] = { STR_INIT("meta"), STR_INIT("link"), STR_INIT("img"), STR_INIT("input"),
				     STR_INIT("br") };

	for (size_t i = 0; i < COUNT(names); i++)
		if (str_equal(name, names[i]))
			return true;
	return false;
}

/* Read from after '<' to after the '>' that ends the tag: a quoted value may contain a '>'. */
static inline str
html_tag_take(str *rest)
{
	char quote = '\0';
	size_t n = 0;

	for (; n < rest->n && (quote != '\0' || rest->p[n] != '>'); n++) {
		char c = rest->p[n];
		PROMISE(quote != '\0' || c != '<');
		if (quote == '\0' && (c == '"' || c == '\''))
			quote = c;
		else if (c == quote)
			quote = '\0';
	}
	PROMISE(n < rest->n);
	str tag = str_upto(*rest, n);
	*rest = str_from(*rest, n + 1);
	return tag;
}

static inline str
html_name_of(str tag)
{
	size_t n = 0;

	while (n < tag.n && ((tag.p[n] >= 'a' && tag.p[n] <= 'z') || (tag.p[n] >= '0' && tag.p[n] <= '9')))
		n++;
	PROMISE(n > 0);
	return str_upto(tag, n);
}

/* Checks a whole page, or a part that closes the elements that it opens. */
static inline void
html_check_balance(str rest)
{
	str open[HTML_DEPTH_MAX];
	size_t depth = 0;

	for (str_cut(&rest, '<'); rest.p != NULL; str_cut(&rest, '<')) {
		str tag = html_tag_take(&rest);
		if (str_starts(tag, STR("!")))
			continue;
		if (str_starts(tag, STR("/"))) {
			PROMISE(depth > 0 && str_equal(open[--depth], str_from(tag, 1)));
			continue;
		}
		str name = html_name_of(tag);
		if (html_is_void(name) || str_ends(tag, STR("/")))
			continue;
		PROMISE(depth < HTML_DEPTH_MAX);
		open[depth++] = name;
	}
	PROMISE(depth == 0);
}

#endif
