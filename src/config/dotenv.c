#include "config/dotenv.h"

struct dotenv
dotenv_of(char *text, size_t n)
{
	size_t bom = n - str_without_bom(str_bytes(text, n)).n;

	return (struct dotenv){ .next = text + bom, .end = text + n };
}

static bool
dotenv_is_name_byte(char c, bool first)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || (!first && c >= '0' && c <= '9');
}

static bool
dotenv_is_name(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!dotenv_is_name_byte(s.p[i], i == 0))
			return false;
	return s.n > 0;
}

static bool
dotenv_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static str
dotenv_without_export(str s)
{
	if (str_starts(s, STR("export")) && s.n > 6 && dotenv_is_blank(s.p[6]))
		return str_trim(str_from(s, 6));
	return s;
}

/* After a closing quote only white space, or white space and a comment, is allowed. */
static bool
dotenv_is_only_comment(str rest)
{
	str text = str_trim(rest);

	return text.n == 0 || (text.p[0] == '#' && dotenv_is_blank(rest.p[0]));
}

/* The text before a # that follows white space. */
static str
dotenv_unquoted(str s)
{
	for (size_t i = 1; i < s.n; i++)
		if (s.p[i] == '#' && dotenv_is_blank(s.p[i - 1]))
			return str_trim(str_upto(s, i));
	return str_trim(s);
}

/* The text between quotes, unescaped in place; s begins with its quote. */
static err
dotenv_quoted(char *s, size_t n, str *ret_value, struct why *why)
{
	char quote = s[0];
	size_t out = 1, in = 1;

	for (; in < n && s[in] != quote; in++) {
		if (quote == '"' && s[in] == '\\' && in + 1 < n && str_has_byte(STR("\"\\$`"), s[in + 1]))
			in++;
		s[out++] = s[in];
	}
	if (in >= n)
		return why_set(why, ERR_CONFIG, "has an opening %c without a closing one", quote);
	if (!dotenv_is_only_comment(str_bytes(s + in + 1, n - in - 1)))
		return why_set(why, ERR_CONFIG, "has text after the closing %c", quote);
	*ret_value = str_bytes(s + 1, out - 1);
	return ERR_OK;
}

static err
dotenv_read_value(str text, str *ret_value, struct why *why)
{
	str bare = str_trim(text);

	if (bare.n > 0 && (bare.p[0] == '"' || bare.p[0] == '\''))
		TRY(dotenv_quoted((char *)bare.p, bare.n, ret_value, why));
	else
		*ret_value = dotenv_unquoted(text);
	if (str_has_byte(*ret_value, '\0'))
		return why_set(why, ERR_CONFIG, "contains a NUL byte");
	if (!str_utf8_valid(*ret_value))
		return why_set(why, ERR_CONFIG, "is not UTF-8 text");
	return ERR_OK;
}

static err
dotenv_read_line(str line, struct dotenv_entry *ret_entry, struct why *why)
{
	str rest = dotenv_without_export(line);
	str name = str_trim(str_cut(&rest, '='));

	if (rest.p == NULL)
		return why_set(why, ERR_CONFIG, "has no '=': a line is NAME=value, or a comment that begins with #");
	if (!dotenv_is_name(name))
		return why_set(why, ERR_CONFIG, "does not begin with a name of letters, digits and _");
	ret_entry->name = name;
	return dotenv_read_value(rest, &ret_entry->value, why);
}

/* Remove and return the next line, without its line end. */
static str
dotenv_take_line(struct dotenv *file)
{
	char *newline = memchr(file->next, '\n', (size_t)(file->end - file->next));
	char *end = newline == NULL ? file->end : newline;
	str line = str_bytes(file->next, (size_t)(end - file->next));

	file->next = newline == NULL ? file->end : newline + 1;
	file->line++;
	return str_trim(line);
}

err
dotenv_next(struct dotenv *file, struct dotenv_entry *ret_entry, bool *ret_more, struct why *why)
{
	*ret_more = false;
	while (file->next < file->end) {
		str line = dotenv_take_line(file);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		ret_entry->line = file->line;
		TRY(dotenv_read_line(line, ret_entry, why));
		*ret_more = true;
		return ERR_OK;
	}
	return ERR_OK;
}
