#include "http/form.h"

struct pair {
	str name, value;
};

struct pairs {
	struct pair at[FORM_FIELDS_MAX];
	size_t n;
};

static err
form_decode(struct arena *arena, str in, str *ret_text)
{
	char *out = arena_alloc(arena, in.n + 1);
	size_t n = 0;

	if (out == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < in.n;)
		if (!str_form_next(in, &i, &out[n++]))
			return ERR_INVALID;
	*ret_text = str_bytes(out, n);
	return str_utf8_valid(*ret_text) ? ERR_OK : ERR_INVALID;
}

static const struct pair *
form_pair_find(const struct pairs *pairs, str name)
{
	for (size_t i = 0; i < pairs->n; i++)
		if (str_equal(pairs->at[i].name, name))
			return &pairs->at[i];
	return NULL;
}

static err
form_pair_add(struct pairs *pairs, str piece, struct arena *arena)
{
	struct pair pair = { 0 };
	str value = piece;
	str name = str_cut(&value, '=');

	if (pairs->n == FORM_FIELDS_MAX)
		return ERR_INVALID;
	TRY(form_decode(arena, name, &pair.name));
	TRY(form_decode(arena, value, &pair.value));
	if (form_pair_find(pairs, pair.name) != NULL)
		return ERR_INVALID;
	pairs->at[pairs->n++] = pair;
	return ERR_OK;
}

static err
form_pairs_read(str text, struct arena *arena, struct pairs *ret_pairs)
{
	while (text.n > 0) {
		str piece = str_cut(&text, '&');
		if (piece.n > 0)
			TRY(form_pair_add(ret_pairs, piece, arena));
	}
	return ERR_OK;
}

/* At most max bytes, without cutting a character. */
static str
form_cut(str s, size_t max)
{
	while (max > 0 && ((unsigned char)s.p[max] & 0xc0) == 0x80)
		max--;
	return str_upto(s, max);
}

static str
form_field_value(const struct field *field, const struct pair *pair, uint32_t bit, struct form_faults *faults)
{
	str value = pair == NULL ? (str){ 0 } : pair->value;

	if (value.n > field->max_bytes) {
		faults->over_long |= bit;
		value = form_cut(value, field->max_bytes);
	}
	if (field->presence == FIELD_required && value.n == 0)
		faults->missing |= bit;
	return value;
}

err
form_parse(const struct form *form, str text, struct arena *arena, void *ret_values, struct form_faults *ret_faults)
{
	struct pairs pairs = { .n = 0 };
	struct form_faults faults = { 0 };

	TRY(form_pairs_read(text, arena, &pairs));
	for (size_t i = 0; i < form->count; i++) {
		const struct field *field = &form->fields[i];
		str value = form_field_value(field, form_pair_find(&pairs, field->name), UINT32_C(1) << i, &faults);
		memcpy((char *)ret_values + field->offset, &value, sizeof(value));
	}
	if (ret_faults != NULL)
		*ret_faults = faults;
	return ERR_OK;
}

const str *
form_value(const struct form *form, const void *values, str name)
{
	for (size_t i = 0; form != NULL && i < form->count; i++)
		if (str_equal(form->fields[i].name, name))
			return (const str *)(const void *)((const char *)values + form->fields[i].offset);
	return NULL;
}
