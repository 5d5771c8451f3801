#include "access/query.h"

/* --- decoding ----------------------------------------------------------------------------------------------------- */

/* out: text.n bytes of space.  False: invalid, or contains a control byte. */
static bool
query_decode(str text, char *out, str *ret_decoded)
{
	size_t n = 0, at = 0;

	while (at < text.n) {
		char c;
		if (!str_form_next(text, &at, &c) || (unsigned char)c < ' ' || c == 0x7f)
			return false;
		out[n++] = c;
	}
	*ret_decoded = str_bytes(out, n);
	return true;
}

/* --- one condition ------------------------------------------------------------------------------------------------ */

/* Normalize as lenient programs do: ignore case; '.', ' ' and '[' become '_'. */
static char
query_fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '.' || c == ' ' || c == '[' ? '_' : c;
}

static str
query_without_spaces(str name)
{
	while (name.n > 0 && name.p[0] == ' ')
		name = str_from(name, 1);
	return name;
}

static bool
query_folds_to(str a, str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (query_fold(a.p[i]) != query_fold(b.p[i]))
			return false;
	return true;
}

/* Could some program treat the two names as equal? */
static bool
query_names_alike(str a, str b)
{
	if (str_has_byte(a, '%')) /* a program that decodes twice could find any name */
		return true;
	a = query_without_spaces(a);
	b = query_without_spaces(b);
	return query_folds_to(a, b) || query_folds_to(str_cut(&a, '['), str_cut(&b, '['));
}

struct query_found {
	/* number of parameters with this name, and with a name that some program treats as equal */
	size_t exact, alike;
	str value; /* of the last one, undecoded */
};

static struct query_found
query_find(str name, str query)
{
	struct query_found found = { .exact = 0 };
	char text[QUERY_MAX_BYTES];

	while (query.n > 0) {
		str value = str_cut(&query, '&');
		str decoded = { 0 };
		if (!query_decode(str_cut(&value, '='), text, &decoded) || !query_names_alike(decoded, name))
			continue;
		found.alike++;
		found.exact += str_equal(decoded, name) ? 1 : 0;
		found.value = value;
	}
	return found;
}

static enum fit
query_value_fit(const struct query_condition *condition, str value)
{
	char text[QUERY_MAX_BYTES];
	str decoded = { 0 };

	(void)query_decode(value, text, &decoded); /* query_fit has checked that it can be decoded */
	for (size_t i = 0; i < condition->values_n; i++)
		if (str_equal(condition->values[i], decoded))
			return FITS;
	return str_has_byte(decoded, '%') ? FITS_MAYBE : FITS_NOT;
}

static enum fit
query_condition_fit(const struct query_condition *condition, str query)
{
	struct query_found found = query_find(condition->name, query);

	if (found.alike == 0)
		return FITS_NOT;
	if (condition->values_n == 0)
		return found.exact > 0 ? FITS : FITS_MAYBE;
	if (found.alike > 1 || found.exact == 0)
		return FITS_MAYBE;
	return query_value_fit(condition, found.value);
}

/* --- all conditions ----------------------------------------------------------------------------------------------- */

/*
 * Some programs split at ';'.  Texts that cannot be decoded are truncated, dropped or kept, depending on the
 * program.
 */
static bool
query_is_clear(str query)
{
	char text[QUERY_MAX_BYTES];
	str decoded;

	return query.n <= sizeof(text) && !str_has_byte(query, ';') && query_decode(query, text, &decoded) &&
	       str_utf8_valid(decoded);
}

enum fit
query_fit(const struct query_condition *conditions, size_t n, str query)
{
	enum fit fit = FITS;

	if (n == 0)
		return FITS;
	if (!query_is_clear(query))
		return FITS_MAYBE;
	for (size_t i = 0; i < n && fit != FITS_NOT; i++) {
		enum fit one = query_condition_fit(&conditions[i], query);
		fit = one < fit ? one : fit;
	}
	return fit;
}

bool
query_value_good(str value)
{
	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] < ' ' || value.p[i] == 0x7f || value.p[i] == '%')
			return false;
	return value.n <= QUERY_VALUE_MAX && str_utf8_valid(value);
}

bool
query_name_good(str name)
{
	return name.n > 0 && name.n <= QUERY_NAME_MAX && query_value_good(name);
}
