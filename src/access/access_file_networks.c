/*
 * Networks in the rules file: the key `networks` of a rule, and the names that the top-level key `networks` gives.
 */
#include "config/values.h"
#include "access/access_file.h"
#include "access/access_file_internal.h"

static bool
access_file_networks_text_good(str text)
{
	struct config_network network;

	return value_network(text, &network) == ERR_OK;
}

/* A name begins with a letter and is not an address, so that it cannot be mistaken for a network. */
static bool
access_file_networks_name_good(str text)
{
	return access_group_good(text) && text.p[0] >= 'a' && text.p[0] <= 'z' && !access_file_networks_text_good(text);
}

static bool
access_file_networks_either_good(str text)
{
	return access_file_networks_text_good(text) || access_file_networks_name_good(text);
}

static const struct access_kind kind_network = {
	access_file_networks_text_good,
	"a network is like 192.168.0.0/16 or 2001:db8::/32, with no bits set after the prefix"
};
static const struct access_kind kind_network_or_name = {
	access_file_networks_either_good,
	"a network is like 192.168.0.0/16 or 2001:db8::/32, with no bits set after the prefix, or a name of `networks:`"
};

static const struct access_named_networks *
access_file_networks_find(const struct access_reading *r, str name)
{
	for (size_t i = 0; i < r->named_n; i++)
		if (str_equal(r->named[i].name, name))
			return &r->named[i];
	return NULL;
}

/* Number of networks that the texts stand for: each text is a network, or a name for several. */
static err
access_file_networks_count(struct access_reading *r, const yaml_node_t *node, const struct access_texts *texts,
			   size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < texts->n; i++) {
		const struct access_named_networks *named = access_file_networks_find(r, texts->at[i]);
		if (named == NULL && !access_file_networks_text_good(texts->at[i]))
			return access_file_wrong_value(r, access_file_item_at(r, node, i),
						       "networks: at the top of the file has no such name",
						       texts->at[i]);
		n += named == NULL ? 1 : named->n;
	}
	*ret_n = n;
	return ERR_OK;
}

static err
access_file_networks_put(struct access_reading *r, str text, struct config_network *out, size_t *n)
{
	const struct access_named_networks *named = access_file_networks_find(r, text);

	if (named == NULL)
		return value_network(text, &out[(*n)++]);
	memcpy(&out[*n], named->at, named->n * sizeof(*out));
	*n += named->n;
	return ERR_OK;
}

static err
access_file_networks_take(struct access_reading *r, const yaml_node_t *node, const struct access_kind *kind,
			  struct config_network **ret_networks, size_t *ret_n)
{
	struct access_texts texts = { .n = 0 };
	struct config_network *networks;
	size_t total = 0, n = 0;

	TRY(access_file_texts_read(r, node, kind, &texts));
	TRY(access_file_networks_count(r, node, &texts, &total));
	networks = arena_alloc(&r->rules->arena, total * sizeof(*networks));
	if (networks == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < texts.n; i++)
		TRY(access_file_networks_put(r, texts.at[i], networks, &n));
	*ret_networks = networks;
	*ret_n = n;
	return ERR_OK;
}

err
access_file_networks_read(struct access_reading *r, const yaml_node_t *node, void *subject)
{
	struct access_rule *rule = subject;
	struct config_network *networks = NULL;

	TRY(access_file_networks_take(r, node, &kind_network_or_name, &networks, &rule->networks_n));
	rule->networks = networks;
	return ERR_OK;
}

static err
access_file_networks_named_read(struct access_reading *r, const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = access_file_node_at(r, pair->key);
	str name = access_file_key_text(key);
	struct access_named_networks *named = &r->named[r->named_n];

	if (!access_file_networks_name_good(name))
		return access_file_wrong_value(
		    r, key, "the name of a network is 1 to 40 of a-z 0-9 . _ - and begins with a letter", name);
	if (access_file_networks_find(r, name) != NULL)
		return access_file_wrong(r, key, "this name occurs twice.");
	TRY(arena_copy(&r->rules->arena, name, &named->name));
	TRY(access_file_networks_take(r, access_file_node_at(r, pair->value), &kind_network, &named->at, &named->n));
	r->named_n++;
	return ERR_OK;
}

err
access_file_named_networks_read(struct access_reading *r, const yaml_node_t *node)
{
	size_t n;

	if (node->type != YAML_MAPPING_NODE)
		return access_file_wrong(
		    r, node, "networks at the top of the file names networks, like `home: [192.168.0.0/16]`.");
	n = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	if (n > ACCESS_TEXTS_MAX)
		return access_file_wrong(r, node, "there are more than 200 named networks.");
	r->named = arena_alloc(&r->rules->arena, (n + 1) * sizeof(*r->named));
	if (r->named == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++)
		TRY(access_file_networks_named_read(r, &node->data.mapping.pairs.start[i]));
	return ERR_OK;
}
