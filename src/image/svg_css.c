#include "image/internal.h"

#include <stdio.h>

/* Functions that compute a colour, a length or a transformation, and the @media of small files.  They load nothing. */
static const str svg_css_functions[] = {
	STR_INIT("rgb"),        STR_INIT("rgba"),      STR_INIT("hsl"),        STR_INIT("hsla"),
	STR_INIT("matrix"),     STR_INIT("translate"), STR_INIT("scale"),      STR_INIT("rotate"),
	STR_INIT("skewx"),      STR_INIT("skewy"),     STR_INIT("translatex"), STR_INIT("scalex"),
	STR_INIT("translatey"), STR_INIT("scaley"),    STR_INIT("calc"),       STR_INIT("media"),
};

static bool
svg_css_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       (unsigned char)c > 0x7f;
}

bool
svg_name_good(str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!svg_css_name_byte(name.p[i]) && name.p[i] != '.' && name.p[i] != ':')
			return false;
	return name.n > 0;
}

/* The name before the parenthesis at css.p[at]; empty for a plain parenthesis. */
static str
svg_css_function(str css, size_t at)
{
	size_t begin = at;

	while (begin > 0 && svg_css_name_byte(css.p[begin - 1]))
		begin--;
	return (str){ css.p + begin, at - begin };
}

static bool
svg_css_function_good(str name)
{
	for (size_t i = 0; i < COUNT(svg_css_functions); i++)
		if (str_equal_nocase(name, svg_css_functions[i]))
			return true;
	return str_empty(name);
}

static str
svg_css_without_quotes(str s)
{
	bool quoted = s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0];

	return quoted ? (str){ s.p + 1, s.n - 2 } : s;
}

/* rest: the text after "url(".  Advances it past the parenthesis. */
static err
svg_css_url(str *rest, str *ret_name, char ret_fault[SVG_FAULT_MAX])
{
	str address = svg_css_without_quotes(str_trim(str_cut(rest, ')')));

	if (rest->p == NULL || !str_starts(address, STR("#")) || !svg_name_good(str_from(address, 1))) {
		snprintf(ret_fault, SVG_FAULT_MAX, "a reference to \"%.*s\"", STR_ARG(str_utf8_upto(address, 60)));
		return ERR_INVALID;
	}
	*ret_name = str_from(address, 1);
	return ERR_OK;
}

/* @media, for the colours of dark pages.  Other at-rules load files. */
static bool
svg_css_at_rule_good(str rule)
{
	return str_equal_nocase(str_upto(rule, 6), STR("@media")) && (rule.n == 6 || !svg_css_name_byte(rule.p[6]));
}

static err
svg_css_refuse_byte(char byte, char ret_fault[SVG_FAULT_MAX])
{
	snprintf(ret_fault, SVG_FAULT_MAX, "%s", byte == '@' ? "an at-rule (@)" : "an escape (\\)");
	return ERR_INVALID;
}

err
svg_css_next(str *css, str *ret_name, char ret_fault[SVG_FAULT_MAX])
{
	for (size_t i = 0; i < css->n; i++) {
		str function = css->p[i] == '(' ? svg_css_function(*css, i) : STR("");
		if (css->p[i] == '\\' || (css->p[i] == '@' && !svg_css_at_rule_good(str_from(*css, i))))
			return svg_css_refuse_byte(css->p[i], ret_fault);
		if (str_equal_nocase(function, STR("url"))) {
			*css = str_from(*css, i + 1);
			return svg_css_url(css, ret_name, ret_fault);
		}
		if (!svg_css_function_good(function)) {
			snprintf(ret_fault, SVG_FAULT_MAX, "the function \"%.*s\"",
				 STR_ARG(str_utf8_upto(function, 60)));
			return ERR_INVALID;
		}
	}
	*css = STR("");
	*ret_name = STR("");
	return ERR_OK;
}
