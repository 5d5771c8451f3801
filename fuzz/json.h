/*
 * A second parser of JSON (RFC 8259). The targets `client_data`, `jwt` and `claims` compare jansson with it.
 *
 * It keeps strings, `true`, `false`, the members of the outermost object, and the text of objects and arrays. Like
 * jansson, it refuses U+0000, surrogates without a partner, and numbers too large for an int64_t or a double. It also
 * refuses a name twice in one object, at any depth, and compares names after it decoded the escapes.
 */
#ifndef FUZZ_JSON_H
#define FUZZ_JSON_H

#include "base/str.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { JSON_TEXT_MAX = 2048, JSON_MEMBERS_MAX = JSON_TEXT_MAX / 5 };

enum json_kind { JSON_ABSENT, JSON_A_STRING, JSON_A_TRUE, JSON_A_FALSE, JSON_AN_OBJECT, JSON_AN_ARRAY, JSON_ANOTHER };

struct json_value {
	enum json_kind kind;
	str text; /* of a string: decoded; of an object or an array: the JSON text */
};

struct json_name {
	str text;
	const struct json_name *older;
};

/* The decoded strings are not longer than the text, so they fit in `decoded`. */
struct json {
	str rest;
	char decoded[JSON_TEXT_MAX];
	size_t used;
	unsigned depth;
	struct json_name names[JSON_MEMBERS_MAX]; /* of the outermost object, with values */
	struct json_value values[JSON_MEMBERS_MAX];
	size_t members;
	char number[JSON_TEXT_MAX + 1];
};

static inline bool json_value_read(struct json *j, struct json_value *ret_value);

static inline void
json_skip(struct json *j, size_t n)
{
	j->rest = str_bytes(j->rest.p + n, j->rest.n - n);
}

static inline bool
json_literal(struct json *j, str literal)
{
	if (j->rest.n < literal.n || memcmp(j->rest.p, literal.p, literal.n) != 0)
		return false;
	json_skip(j, literal.n);
	return true;
}

static inline bool
json_is_next(const struct json *j, char c)
{
	return j->rest.n > 0 && j->rest.p[0] == c;
}

static inline bool
json_byte(struct json *j, char c)
{
	if (!json_is_next(j, c))
		return false;
	json_skip(j, 1);
	return true;
}

static inline void
json_blanks(struct json *j)
{
	while (json_is_next(j, ' ') || json_is_next(j, '\t') || json_is_next(j, '\r') || json_is_next(j, '\n'))
		json_skip(j, 1);
}

static inline bool
json_hex4(struct json *j, uint32_t *ret_unit)
{
	char high, low;

	if (!str_hex_pair(str_upto(j->rest, 2), &high) || !str_hex_pair(str_upto(str_from(j->rest, 2), 2), &low))
		return false;
	*ret_unit = (uint32_t)(uint8_t)high << 8 | (uint8_t)low;
	j->rest = str_from(j->rest, 4);
	return true;
}

static inline void
json_keep(struct json *j, uint32_t byte)
{
	j->decoded[j->used++] = (char)byte;
}

static inline void
json_keep_point(struct json *j, uint32_t point)
{
	if (point < 0x80) {
		json_keep(j, point);
	} else if (point < 0x800) {
		json_keep(j, 0xc0 | point >> 6);
		json_keep(j, 0x80 | (point & 63));
	} else if (point < 0x10000) {
		json_keep(j, 0xe0 | point >> 12);
		json_keep(j, 0x80 | (point >> 6 & 63));
		json_keep(j, 0x80 | (point & 63));
	} else {
		json_keep(j, 0xf0 | point >> 18);
		json_keep(j, 0x80 | (point >> 12 & 63));
		json_keep(j, 0x80 | (point >> 6 & 63));
		json_keep(j, 0x80 | (point & 63));
	}
}

static inline bool
json_unicode(struct json *j)
{
	uint32_t first, second;

	if (!json_hex4(j, &first) || first == 0 || (first >= 0xdc00 && first <= 0xdfff))
		return false;
	if (first < 0xd800 || first > 0xdfff) {
		json_keep_point(j, first);
		return true;
	}
	if (!json_literal(j, STR("\\u")) || !json_hex4(j, &second) || second < 0xdc00 || second > 0xdfff)
		return false;
	json_keep_point(j, 0x10000 + ((first & 0x3ff) << 10 | (second & 0x3ff)));
	return true;
}

static inline bool
json_escape(struct json *j)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *at;

	if (json_byte(j, 'u'))
		return json_unicode(j);
	at = j->rest.n == 0 ? NULL : memchr(letters, j->rest.p[0], sizeof(letters) - 1);
	if (at == NULL)
		return false;
	json_keep(j, (uint8_t)meant[at - letters]);
	json_skip(j, 1);
	return true;
}

static inline bool
json_string_read(struct json *j, str *ret_text)
{
	size_t from = j->used;

	if (!json_byte(j, '"'))
		return false;
	while (!json_byte(j, '"')) {
		if (j->rest.n == 0 || (uint8_t)j->rest.p[0] < 0x20)
			return false;
		if (json_byte(j, '\\')) {
			if (!json_escape(j))
				return false;
			continue;
		}
		json_keep(j, (uint8_t)j->rest.p[0]);
		json_skip(j, 1);
	}
	*ret_text = str_bytes(j->decoded + from, j->used - from);
	return str_utf8_valid(*ret_text);
}

static inline size_t
json_digits(struct json *j)
{
	size_t n = 0;

	while (n < j->rest.n && j->rest.p[n] >= '0' && j->rest.p[n] <= '9')
		n++;
	json_skip(j, n);
	return n;
}

static inline bool
json_number_read(struct json *j)
{
	const str from = j->rest;
	bool whole = true, good = true;

	(void)json_byte(j, '-');
	good = json_byte(j, '0') || json_digits(j) > 0;
	if (good && json_byte(j, '.')) {
		whole = false;
		good = json_digits(j) > 0;
	}
	if (good && (json_byte(j, 'e') || json_byte(j, 'E'))) {
		whole = false;
		(void)(json_byte(j, '+') || json_byte(j, '-'));
		good = json_digits(j) > 0;
	}
	if (!good)
		return false;
	memcpy(j->number, from.p, from.n - j->rest.n);
	j->number[from.n - j->rest.n] = '\0';
	errno = 0;
	if (whole) {
		(void)strtoll(j->number, NULL, 10);
		return errno != ERANGE;
	}
	return !isinf(strtod(j->number, NULL));
}

/* Read an array after its "[". */
static inline bool
json_array_read(struct json *j)
{
	struct json_value value;

	json_blanks(j);
	if (json_byte(j, ']'))
		return true;
	do {
		if (!json_value_read(j, &value))
			return false;
	} while (json_byte(j, ','));
	return json_byte(j, ']');
}

static inline bool
json_has_name(const struct json_name *names, str text)
{
	for (; names != NULL; names = names->older)
		if (str_equal(names->text, text))
			return true;
	return false;
}

/* Read the remaining members.  Each call reads one name; the names of all open calls form a list. */
static inline bool
json_members(struct json *j, const struct json_name *older)
{
	struct json_name name = { .older = older };
	struct json_value value = { 0 };

	json_blanks(j);
	if (!json_string_read(j, &name.text) || json_has_name(older, name.text))
		return false;
	json_blanks(j);
	if (!json_byte(j, ':') || !json_value_read(j, &value))
		return false;
	if (j->depth == 1) {
		j->names[j->members] = name;
		j->values[j->members++] = value;
	}
	return json_byte(j, ',') ? json_members(j, &name) : json_byte(j, '}');
}

/* Read an object after its "{". */
static inline bool
json_object_read(struct json *j)
{
	json_blanks(j);
	return json_byte(j, '}') || json_members(j, NULL);
}

static inline bool
json_bare_value(struct json *j, struct json_value *ret_value)
{
	*ret_value = (struct json_value){ .kind = JSON_ANOTHER };
	if (j->rest.n > 0 && j->rest.p[0] == '"') {
		ret_value->kind = JSON_A_STRING;
		return json_string_read(j, &ret_value->text);
	}
	if (json_byte(j, '{')) {
		ret_value->kind = JSON_AN_OBJECT;
		return json_object_read(j);
	}
	if (json_byte(j, '[')) {
		ret_value->kind = JSON_AN_ARRAY;
		return json_array_read(j);
	}
	if (json_literal(j, STR("true"))) {
		ret_value->kind = JSON_A_TRUE;
		return true;
	}
	if (json_literal(j, STR("false"))) {
		ret_value->kind = JSON_A_FALSE;
		return true;
	}
	return json_literal(j, STR("null")) || json_number_read(j);
}

/* Read a value and the blanks around it. */
static inline bool
json_value_read(struct json *j, struct json_value *ret_value)
{
	str from;
	bool good;

	json_blanks(j);
	from = j->rest;
	j->depth++;
	good = json_bare_value(j, ret_value);
	j->depth--;
	if (ret_value->kind == JSON_AN_OBJECT || ret_value->kind == JSON_AN_ARRAY)
		ret_value->text = str_upto(from, from.n - j->rest.n);
	json_blanks(j);
	return good;
}

/* Is the text, of at most JSON_TEXT_MAX bytes, one object? */
static inline bool
json_read_object(str text, struct json *ret)
{
	struct json_value value;

	ret->rest = text;
	ret->used = ret->depth = 0;
	ret->members = 0;
	return json_value_read(ret, &value) && value.kind == JSON_AN_OBJECT && ret->rest.n == 0;
}

/* Go to the first value of an array that was read before; false if it is empty.  Then call json_value_read for each. */
static inline bool
json_array_begin(str text, struct json *ret)
{
	ret->rest = str_from(text, 1);
	ret->used = ret->members = 0;
	ret->depth = 1;
	json_blanks(ret);
	return !json_byte(ret, ']');
}

static inline struct json_value
json_member(const struct json *j, str name)
{
	for (size_t i = 0; i < j->members; i++)
		if (str_equal(j->names[i].text, name))
			return j->values[i];
	return (struct json_value){ .kind = JSON_ABSENT };
}

#endif
