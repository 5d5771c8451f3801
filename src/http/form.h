/*
 * Parses application/x-www-form-urlencoded, from a form's body or a query, with a table of fields.
 *
 *	struct login_form { str username, password; };
 *	static const struct field login_fields[] = {
 *		FIELD(struct login_form, username,   64, required),
 *		FIELD(struct login_form, password, 1024, required),
 *	};
 *	static const struct form login_form = FORM(struct login_form, login_fields);
 *
 *	struct login_form values;
 *	struct form_faults faults;
 *	TRY(form_parse(&login_form, rq->body, rq->arena, &values, &faults));
 *
 * A member that is not a str does not compile.
 */
#ifndef HTTP_FORM_H
#define HTTP_FORM_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum { FORM_FIELDS_MAX = 32 };

struct field {
	str name;
	size_t offset; /* of its str in the form's struct */
	size_t max_bytes;
	enum { FIELD_optional, FIELD_required } presence;
};

#define FIELD(type, member, max, presence_word)                                                                        \
	{                                                                                                              \
		.name = STR_INIT(#member),                                                                             \
		.offset = _Generic(((type *)0)->member, str                                                            \
				   : offsetof(type, member)),                                                          \
		.max_bytes = (max), .presence = FIELD_##presence_word                                                  \
	}

struct form {
	const struct field *fields;
	size_t count; /* at most FORM_FIELDS_MAX */
	size_t size;  /* bytes of the struct */
};

#define FORM(type, table)                                                                                              \
	{                                                                                                              \
		.fields = (table), .count = COUNT(table), .size = sizeof(type)                                         \
	}

/* Faults that the user can correct.  Bit i stands for fields[i]. */
struct form_faults {
	uint32_t missing;   /* required, and absent or empty */
	uint32_t over_long; /* truncated to its maximum, at the end of a character */
};

/*
 * Decode the text into the form's struct: '+' and %XX, once.  Unknown names are ignored.  An absent field has p ==
 * NULL.  A value may contain any code point, including U+0000.
 *
 *	text        as received; a query without its '?'
 *	arena       holds the decoded values
 *	ret_values  the whole struct; written only on ERR_OK
 *	ret_faults  may be NULL; written only on ERR_OK
 *
 * ERR_INVALID  an invalid percent sequence, a name or value that is not UTF-8, a repeated name, more than
 *              FORM_FIELDS_MAX fields
 * ERR_MEMORY   the arena is full
 * Source: WHATWG URL s5.1, but strict.
 */
MUST_USE err form_parse(const struct form *form, str text, struct arena *arena, void *ret_values,
			struct form_faults *ret_faults);

/* Value of a field by its name, in a struct that form_parse has filled; NULL: the form has no such field. */
const str *form_value(const struct form *form, const void *values, str name);

#endif
