#include "cli/authelia_yaml.h"

static bool
authelia_yaml_is_one_of(str word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (str_equal(word, str_of(*words)))
			return true;
	return false;
}

static bool
authelia_yaml_is_plain(const yaml_node_t *node)
{
	return yaml_text_is_text(node) && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

bool
authelia_yaml_bool(const yaml_node_t *node, bool *ret_yes)
{
	static const char *const plain_yes[] = { "true", "True", "TRUE", NULL };
	static const char *const plain_no[] = { "false", "False", "FALSE", NULL };
	static const char *const yes[] = { "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", NULL };
	static const char *const no[] = { "n", "N", "no", "No", "NO", "off", "Off", "OFF", NULL };
	str word = yaml_text_scalar(node);

	if (yaml_text_is_null(node))
		return true;
	*ret_yes = authelia_yaml_is_one_of(word, yes) ||
		   (authelia_yaml_is_plain(node) && authelia_yaml_is_one_of(word, plain_yes));
	return *ret_yes || authelia_yaml_is_one_of(word, no) ||
	       (authelia_yaml_is_plain(node) && authelia_yaml_is_one_of(word, plain_no));
}

const yaml_node_t *
authelia_yaml_value(yaml_document_t *document, const yaml_node_t *mapping, const char *key)
{
	if (mapping == NULL || mapping->type != YAML_MAPPING_NODE)
		return NULL;
	for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top;
	     pair++)
		if (str_equal(yaml_text_scalar(yaml_document_get_node(document, pair->key)), str_of(key)))
			return yaml_document_get_node(document, pair->value);
	return NULL;
}
