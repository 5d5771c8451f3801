/*
 * Texts, lists and mappings of the rules file: reads YAML nodes, and names the line of an error.
 */
#include "access/access_file_internal.h"

err
access_file_wrong(struct access_reading *r, const yaml_node_t *node, const char *sentence)
{
	return why_set(r->why, ERR_CONFIG, "%.*s, line %u: %s", STR_ARG(str_upto(r->name, 200)), yaml_text_line(node),
		       sentence);
}

err
access_file_wrong_value(struct access_reading *r, const yaml_node_t *node, const char *takes, str value)
{
	if (!str_utf8_valid(value))
		value = STR("that");
	return why_set(r->why, ERR_CONFIG, "%.*s, line %u: %s, not \"%.*s\".", STR_ARG(str_upto(r->name, 200)),
		       yaml_text_line(node), takes, STR_ARG(str_utf8_upto(value, 60)));
}

str
access_file_scalar(const yaml_node_t *node)
{
	return str_bytes(node->data.scalar.value, node->data.scalar.length);
}

str
access_file_key_text(const yaml_node_t *node)
{
	bool plain = node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

	if (node->type != YAML_SCALAR_NODE || yaml_text_is_null(node) ||
	    (plain && str_equal(access_file_scalar(node), STR("<<"))))
		return STR("");
	return access_file_scalar(node);
}

const yaml_node_t *
access_file_node_at(struct access_reading *r, int index)
{
	return yaml_document_get_node(&r->yaml.document, index);
}

const yaml_node_t *
access_file_item_at(struct access_reading *r, const yaml_node_t *node, size_t i)
{
	return node->type == YAML_SEQUENCE_NODE ? access_file_node_at(r, node->data.sequence.items.start[i]) : node;
}

/* --- lists of texts ----------------------------------------------------------------------------------------------- */

err
access_file_text_read(struct access_reading *r, const yaml_node_t *node, const struct access_kind *kind, str *ret_text)
{
	if (node == NULL || node->type != YAML_SCALAR_NODE)
		return access_file_wrong(r, node, "a text or a list of texts is required here.");
	if (yaml_text_is_null(node))
		return access_file_wrong(
		    r, node, "a text is required here; write a name that YAML reads as null in quotes: 'null'.");
	if (!kind->good(access_file_scalar(node)))
		return access_file_wrong_value(r, node, kind->takes, access_file_scalar(node));
	return arena_copy(&r->rules->arena, access_file_scalar(node), ret_text);
}

static err
access_file_text_take(struct access_reading *r, const yaml_node_t *node, const struct access_kind *kind,
		      struct access_texts *texts)
{
	return access_file_text_read(r, node, kind, &texts->at[texts->n++]);
}

err
access_file_texts_read(struct access_reading *r, const yaml_node_t *node, const struct access_kind *kind,
		       struct access_texts *texts)
{
	bool list = node->type == YAML_SEQUENCE_NODE;
	size_t n = list ? (size_t)(node->data.sequence.items.top - node->data.sequence.items.start) : 1;

	if (n == 0 || n > ACCESS_TEXTS_MAX)
		return access_file_wrong(r, node, "a list has at least one text, and at most 200.");
	texts->at = arena_alloc(&r->rules->arena, n * sizeof(*texts->at));
	if (texts->at == NULL)
		return ERR_MEMORY;
	if (!list)
		return access_file_text_take(r, node, kind, texts);
	for (size_t i = 0; i < n; i++)
		TRY(access_file_text_take(r, access_file_item_at(r, node, i), kind, texts));
	return ERR_OK;
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

static err
access_file_key_find(struct access_reading *r, const yaml_node_t *node, const struct access_mapping *mapping,
		     size_t *ret_key)
{
	str word = node->type == YAML_SCALAR_NODE ? access_file_scalar(node) : STR("");

	for (size_t i = 0; i < mapping->n; i++)
		if (str_equal(word, str_of(mapping->keys[i].name))) {
			*ret_key = i;
			return ERR_OK;
		}
	return access_file_wrong_value(r, node, mapping->takes, word);
}

static err
access_file_value_read(struct access_reading *r, const yaml_node_t *node, const struct access_key *key, void *subject)
{
	void *member = (char *)subject + key->offset;

	if (key->read != NULL)
		return key->read(r, node, subject);
	return key->text != NULL ? access_file_text_read(r, node, key->text, member)
				 : access_file_texts_read(r, node, key->texts, member);
}

err
access_file_mapping_read(struct access_reading *r, const yaml_node_t *node, const struct access_mapping *mapping,
			 void *subject)
{
	uint32_t seen = 0;

	if (node->type != YAML_MAPPING_NODE)
		return access_file_wrong(r, node, mapping->written);
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
	     pair++) {
		const yaml_node_t *name = access_file_node_at(r, pair->key);
		size_t key = 0;
		TRY(access_file_key_find(r, name, mapping, &key));
		if ((seen & UINT32_C(1) << key) != 0)
			return access_file_wrong(r, name, mapping->twice);
		seen |= UINT32_C(1) << key;
		TRY(access_file_value_read(r, access_file_node_at(r, pair->value), &mapping->keys[key], subject));
	}
	return ERR_OK;
}

err
access_file_list_new(struct access_reading *r, const yaml_node_t *list, const struct access_list *kind,
		     void **ret_items)
{
	size_t n;

	if (list->type != YAML_SEQUENCE_NODE)
		return access_file_wrong(r, list, kind->written);
	n = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
	if (n > kind->most)
		return access_file_wrong(r, list, kind->too_many);
	*ret_items = arena_alloc(&r->rules->arena, (n + 1) * kind->item_bytes);
	return *ret_items != NULL ? ERR_OK : ERR_MEMORY;
}

err
access_file_list_read(struct access_reading *r, const yaml_node_t *list, const struct access_list *kind, void *items,
		      size_t *n)
{
	size_t all = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);

	for (; *n < all; (*n)++)
		TRY(kind->read(r, access_file_item_at(r, list, *n), (char *)items + *n * kind->item_bytes));
	return ERR_OK;
}
