#include "access/access_file.h"

#include "base/file.h"
#include "config/values.h"
#include "access/access_file_internal.h"
#include "access/applications.h"
#include "access/domain.h"
#include "access/icons.h"
#include "access/pattern.h"

enum {
	RULES_ARENA_BYTES = 2 * 1024 * 1024 + ICONS_MAX_BYTES,
	GROUP_MAX = 40,
	TEXTS_MAX = 200,
	CONDITIONS_MAX = 16,
	CLIENT_MAX = 128
};

static void
access_file_reading_end(struct access_reading *r)
{
	yaml_text_wipe(&r->yaml);
}

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

/* The text of a key; empty: not a text, or YAML's merge key. */
static str
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

static bool
access_file_is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Same form as account names, folded: no account has another form, so a rule for it would never match. */
static bool
access_file_user_good(str name)
{
	if (name.n < 3 || name.n > 40 || !access_file_is_letter_or_digit(name.p[0]) ||
	    !access_file_is_letter_or_digit(name.p[name.n - 1]))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!access_file_is_letter_or_digit(name.p[i]) && !str_has_byte(STR("._@+-"), name.p[i]))
			return false;
	return true;
}

/* Printable ASCII without spaces: RFC 6749 appendix A.1, without the space. */
static bool
access_file_client_good(str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~')
			return false;
	return name.n > 0 && name.n <= CLIENT_MAX;
}

bool
access_group_good(str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'))
			return false;
	}
	return name.n > 0 && name.n <= GROUP_MAX;
}

static const struct access_kind kind_domain = {
	pattern_host_good, "a domain is like wiki.example.org, '*.example.org' or '{user}.example.org', in lower case"
};
static const struct access_kind kind_path = {
	pattern_path_good,
	"a path is written decoded: it begins with /, has at most 8 stars and none of % ? # ; \\ // /./ /../, "
	"like '/public/**'"
};
static const struct access_kind kind_method = { target_method_good, "a method is in capital letters, like GET" };
static const struct access_kind kind_user = {
	access_file_user_good, "a user is a user name as it is stored: 3 to 40 of a-z 0-9 . _ @ + -, in lower case"
};
static const struct access_kind kind_client = { access_file_client_good,
						"a client is the client_id of an application, or '*' for all of them" };
const struct access_kind access_kind_group = { access_group_good, "a group is 1 to 40 of a-z 0-9 . _ -" };

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

	if (n == 0 || n > TEXTS_MAX)
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
		     void **ret_items, size_t *ret_n)
{
	size_t n;

	if (list->type != YAML_SEQUENCE_NODE)
		return access_file_wrong(r, list, kind->written);
	n = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
	if (n > kind->most)
		return access_file_wrong(r, list, kind->too_many);
	*ret_items = arena_alloc(&r->rules->arena, (n + 1) * kind->item_bytes);
	*ret_n = n;
	return *ret_items != NULL ? ERR_OK : ERR_MEMORY;
}

/* --- networks ----------------------------------------------------------------------------------------------------- */

static bool
access_file_is_network(str text)
{
	struct config_network network;

	return value_network(text, &network) == ERR_OK;
}

/* A name begins with a letter and is not an address, so that it cannot be mistaken for a network. */
static bool
access_file_network_name_good(str text)
{
	return access_group_good(text) && text.p[0] >= 'a' && text.p[0] <= 'z' && !access_file_is_network(text);
}

static bool
access_file_network_or_name_good(str text)
{
	return access_file_is_network(text) || access_file_network_name_good(text);
}

static const struct access_kind kind_network = {
	access_file_is_network, "a network is like 192.168.0.0/16 or 2001:db8::/32, with no bits set after the prefix"
};
static const struct access_kind kind_network_or_name = {
	access_file_network_or_name_good,
	"a network is like 192.168.0.0/16 or 2001:db8::/32, with no bits set after the prefix, or a name of `networks:`"
};

static const struct access_named_networks *
access_file_named_find(const struct access_reading *r, str name)
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
		const struct access_named_networks *named = access_file_named_find(r, texts->at[i]);
		if (named == NULL && !access_file_is_network(texts->at[i]))
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
	const struct access_named_networks *named = access_file_named_find(r, text);

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

static err
access_file_networks_read(struct access_reading *r, const yaml_node_t *node, void *subject)
{
	struct access_rule *rule = subject;
	struct config_network *networks = NULL;

	TRY(access_file_networks_take(r, node, &kind_network_or_name, &networks, &rule->networks_n));
	rule->networks = networks;
	return ERR_OK;
}

static err
access_file_named_read(struct access_reading *r, const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = access_file_node_at(r, pair->key);
	str name = access_file_key_text(key);
	struct access_named_networks *named = &r->named[r->named_n];

	if (!access_file_network_name_good(name))
		return access_file_wrong_value(
		    r, key, "the name of a network is 1 to 40 of a-z 0-9 . _ - and begins with a letter", name);
	if (access_file_named_find(r, name) != NULL)
		return access_file_wrong(r, key, "this name occurs twice.");
	TRY(arena_copy(&r->rules->arena, name, &named->name));
	TRY(access_file_networks_take(r, access_file_node_at(r, pair->value), &kind_network, &named->at, &named->n));
	r->named_n++;
	return ERR_OK;
}

/* networks: {home: [192.168.0.0/16]} */
static err
access_file_named_networks_read(struct access_reading *r, const yaml_node_t *node)
{
	size_t n;

	if (node->type != YAML_MAPPING_NODE)
		return access_file_wrong(
		    r, node, "networks at the top of the file names networks, like `home: [192.168.0.0/16]`.");
	n = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	if (n > TEXTS_MAX)
		return access_file_wrong(r, node, "there are more than 200 named networks.");
	r->named = arena_alloc(&r->rules->arena, (n + 1) * sizeof(*r->named));
	if (r->named == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++)
		TRY(access_file_named_read(r, &node->data.mapping.pairs.start[i]));
	return ERR_OK;
}

/* --- query -------------------------------------------------------------------------------------------------------- */

static bool
access_file_query_text_good(str text)
{
	return query_value_good(text) && (!str_has_byte(text, '*') || str_equal(text, STR("*")));
}

static const struct access_kind kind_query_value = {
	access_file_query_text_good, "a value of a query is written decoded, without % and, but for '*' alone, "
				     "without stars; it has at most 200 bytes"
};

/* '*' alone means any value. */
static err
access_file_condition_values(struct access_reading *r, const yaml_node_t *node, struct query_condition *condition)
{
	struct access_texts texts = { .n = 0 };
	bool any = false;

	TRY(access_file_texts_read(r, node, &kind_query_value, &texts));
	for (size_t i = 0; i < texts.n; i++) {
		any = str_equal(texts.at[i], STR("*"));
		if (any && texts.n > 1)
			return access_file_wrong(r, access_file_item_at(r, node, i),
						 "'*' already means any value: delete the other values of this list.");
	}
	condition->values = texts.at;
	condition->values_n = any ? 0 : texts.n;
	return ERR_OK;
}

static err
access_file_condition_read(struct access_reading *r, const yaml_node_pair_t *pair, struct access_rule *rule,
			   struct query_condition *condition)
{
	const yaml_node_t *key = access_file_node_at(r, pair->key);
	str name = access_file_key_text(key);

	if (!query_name_good(name))
		return access_file_wrong_value(
		    r, key, "the name of a parameter is written decoded: 1 to 100 bytes, without %", name);
	for (size_t i = 0; i < rule->query_n; i++)
		if (str_equal(rule->query[i].name, name))
			return access_file_wrong(r, key, "this parameter occurs twice in the rule.");
	TRY(arena_copy(&r->rules->arena, name, &condition->name));
	return access_file_condition_values(r, access_file_node_at(r, pair->value), condition);
}

/* query: {action: login, page: '*'} */
static err
access_file_query_read(struct access_reading *r, const yaml_node_t *node, void *subject)
{
	struct access_rule *rule = subject;
	struct query_condition *conditions;
	size_t n = 0;

	if (node->type == YAML_MAPPING_NODE)
		n = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	if (n == 0 || n > CONDITIONS_MAX)
		return access_file_wrong(r, node,
					 "query names 1 to 16 parameters, like `query: {action: login, page: '*'}`.");
	conditions = arena_alloc(&r->rules->arena, n * sizeof(*conditions));
	if (conditions == NULL)
		return ERR_MEMORY;
	rule->query = conditions;
	for (size_t i = 0; i < n; i++) {
		TRY(access_file_condition_read(r, &node->data.mapping.pairs.start[i], rule, &conditions[i]));
		rule->query_n = i + 1;
	}
	return ERR_OK;
}

/* --- a rule ------------------------------------------------------------------------------------------------------- */

static err
access_file_policy_read(struct access_reading *r, const yaml_node_t *node, void *subject)
{
	struct access_rule *rule = subject;

	if (node->type != YAML_SCALAR_NODE)
		return access_file_wrong(r, node, "policy is one word.");
	for (unsigned i = 0; i < ACCESS_POLICY_COUNT; i++)
		if (str_equal(access_file_scalar(node), str_of(access_policy_name(i)))) {
			rule->policy = i;
			return ERR_OK;
		}
	return access_file_wrong_value(r, node, "a policy is bypass, one_factor, two_factor or deny",
				       access_file_scalar(node));
}

static err
access_file_max_age_read(struct access_reading *r, const yaml_node_t *node, void *subject)
{
	struct access_rule *rule = subject;
	bool good =
	    node->type == YAML_SCALAR_NODE && value_duration(access_file_scalar(node), &rule->max_age_us) == ERR_OK;

	if (good && rule->max_age_us >= INT64_C(30) * 1000000)
		return ERR_OK;
	return access_file_wrong(r, node, "max_age is a duration like 15m or 1h, of 30 seconds or more.");
}

static err
access_file_phishing_resistant_read(struct access_reading *r, const yaml_node_t *node, void *subject)
{
	struct access_rule *rule = subject;
	str word = node->type == YAML_SCALAR_NODE ? access_file_scalar(node) : STR("");

	rule->phishing_resistant = str_equal(word, STR("true"));
	if (rule->phishing_resistant || str_equal(word, STR("false")))
		return ERR_OK;
	return access_file_wrong(r, node, "phishing_resistant is true or false.");
}

static const struct access_key rule_keys[] = {
	ACCESS_KEY_TEXTS("domain", struct access_rule, domains, kind_domain),
	ACCESS_KEY_TEXTS("client", struct access_rule, clients, kind_client),
	ACCESS_KEY_TEXTS("path", struct access_rule, paths, kind_path),
	{ .name = "query", .read = access_file_query_read },
	ACCESS_KEY_TEXTS("methods", struct access_rule, methods, kind_method),
	{ .name = "networks", .read = access_file_networks_read },
	ACCESS_KEY_TEXTS("users", struct access_rule, users, kind_user),
	ACCESS_KEY_TEXTS("groups", struct access_rule, groups, access_kind_group),
	ACCESS_KEY_TEXTS("all_groups", struct access_rule, all_groups, access_kind_group),
	{ .name = "policy", .read = access_file_policy_read },
	{ .name = "max_age", .read = access_file_max_age_read },
	{ .name = "phishing_resistant", .read = access_file_phishing_resistant_read },
};
_Static_assert(COUNT(rule_keys) <= ACCESS_KEYS_MAX, "access_file_mapping_read has a bit for each key");

static const struct access_mapping rule_mapping = {
	.keys = rule_keys,
	.n = COUNT(rule_keys),
	.written = "a rule is written as `- domain: ...` with its other keys below.",
	.takes =
	    "a rule has domain or client, path, query, methods, networks, users, groups, all_groups, policy, max_age "
	    "and phishing_resistant",
	.twice = "this key occurs twice in the rule.",
};

static bool
access_file_rule_names_persons(const struct access_rule *rule)
{
	for (size_t i = 0; i < rule->domains.n; i++)
		if (pattern_host_names_persons(rule->domains.at[i]))
			return true;
	return rule->users.n > 0 || rule->groups.n > 0 || rule->all_groups.n > 0;
}

/* A rule is for URLs or for clients. */
static err
access_file_rule_check_client(struct access_reading *r, const yaml_node_t *node, const struct access_rule *rule)
{
	if (rule->clients.n == 0)
		return ERR_OK;
	if (rule->domains.n > 0 || rule->paths.n > 0 || rule->methods.n > 0 || rule->query_n > 0)
		return access_file_wrong(
		    r, node,
		    "a rule with client is for sign-ins to applications, so it has no domain, path, "
		    "query or methods.");
	if (rule->policy == ACCESS_BYPASS)
		return access_file_wrong(r, node, "a sign-in to a client needs a factor: bypass is for pages only.");
	return ERR_OK;
}

/* Reject rules that contradict themselves. */
static err
access_file_rule_check(struct access_reading *r, const yaml_node_t *node, struct access_rule *rule)
{
	TRY(access_file_rule_check_client(r, node, rule));
	if (rule->domains.n == 0 && rule->clients.n == 0)
		return access_file_wrong(r, node, "this rule has no domain; use '*' for all domains.");
	if (rule->policy == ACCESS_BYPASS && access_file_rule_names_persons(rule))
		return access_file_wrong(r, node, "bypass does not identify users, so it cannot name users or groups.");
	if (rule->policy != ACCESS_TWO_FACTOR && rule->max_age_us != 0)
		return access_file_wrong(r, node,
					 "max_age is the age of a code or passkey, so it needs the policy two_factor.");
	if (rule->policy != ACCESS_TWO_FACTOR && rule->phishing_resistant)
		return access_file_wrong(r, node,
					 "phishing_resistant requires a passkey, so it needs the policy two_factor.");
	return ERR_OK;
}

static err
access_file_rule_read(struct access_reading *r, const yaml_node_t *node, struct access_rule *rule)
{
	rule->line = yaml_text_line(node);
	rule->policy = ACCESS_TWO_FACTOR;
	TRY(access_file_mapping_read(r, node, &rule_mapping, rule));
	return access_file_rule_check(r, node, rule);
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

static err
access_file_rules_read(struct access_reading *r, const yaml_node_t *list)
{
	static const struct access_list kind = { ACCESS_RULES_MAX, sizeof(struct access_rule),
						 "rules is a list: each rule begins with a dash.",
						 "there are more than 1,000 rules." };
	struct access_rules *access = r->rules;
	void *rules = NULL;
	size_t n = 0;

	TRY(access_file_list_new(r, list, &kind, &rules, &n));
	access->rules = rules;
	for (; access->n < n; access->n++)
		TRY(access_file_rule_read(r, access_file_item_at(r, list, access->n), &access->rules[access->n]));
	return ERR_OK;
}

/* The value of a top-level key; NULL: it is missing. */
static const yaml_node_t *
access_file_root_value(struct access_reading *r, const yaml_node_t *root, const char *key)
{
	const yaml_node_pair_t *pairs = root->data.mapping.pairs.start;

	for (const yaml_node_pair_t *pair = pairs; pair < root->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = access_file_node_at(r, pair->key);
		if (name->type == YAML_SCALAR_NODE && str_equal(access_file_scalar(name), str_of(key)))
			return access_file_node_at(r, pair->value);
	}
	return NULL;
}

static const char root_takes[] = "the file holds the key `rules:` with the list of rules, and perhaps `networks:` "
				 "with names and `applications:` for the home page.";

static const char *
access_file_root_key(str word)
{
	static const char *const keys[] = { "rules", "networks", "applications" };

	for (size_t i = 0; i < COUNT(keys); i++)
		if (str_equal(word, str_of(keys[i])))
			return keys[i];
	return NULL;
}

/*
 * Every key must be known and unique.  access_file_root_value returns the first one, so a different value means a
 * duplicate.
 */
static err
access_file_root_check(struct access_reading *r, const yaml_node_t *root)
{
	if (root->type != YAML_MAPPING_NODE)
		return access_file_wrong(r, root, root_takes);
	for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start; pair < root->data.mapping.pairs.top;
	     pair++) {
		const yaml_node_t *name = access_file_node_at(r, pair->key);
		const char *key =
		    access_file_root_key(name->type == YAML_SCALAR_NODE ? access_file_scalar(name) : STR(""));
		if (key == NULL)
			return access_file_wrong(r, name, root_takes);
		if (access_file_root_value(r, root, key) != access_file_node_at(r, pair->value))
			return access_file_wrong(r, name, "this key occurs twice in the file.");
	}
	return access_file_root_value(r, root, "rules") != NULL ? ERR_OK : access_file_wrong(r, root, root_takes);
}

static err
access_file_tags_check(struct access_reading *r)
{
	const yaml_node_t *nodes = r->yaml.document.nodes.start;

	for (const yaml_node_t *node = nodes; node < r->yaml.document.nodes.top; node++)
		if (!yaml_text_untagged(node))
			return access_file_wrong(r, node, "tags (like !!binary or !name) are not supported.");
	return ERR_OK;
}

/* Read the named networks first: rules may use their names, wherever they are in the file. */
static err
access_file_root_read(struct access_reading *r)
{
	const yaml_node_t *root = yaml_document_get_root_node(&r->yaml.document);
	const yaml_node_t *networks, *applications;

	if (root == NULL)
		return why_set(r->why, ERR_CONFIG,
			       "%.*s is empty: no request would pass.  It must begin with `rules:`.",
			       STR_ARG(str_upto(r->name, 200)));
	TRY(access_file_tags_check(r));
	TRY(access_file_root_check(r, root));
	networks = access_file_root_value(r, root, "networks");
	if (networks != NULL)
		TRY(access_file_named_networks_read(r, networks));
	applications = access_file_root_value(r, root, "applications");
	if (applications != NULL)
		TRY(access_file_apps_read(r, applications));
	return access_file_rules_read(r, access_file_root_value(r, root, "rules"));
}

err
access_parse(str name, str text, struct access_rules *ret_rules, struct why *why)
{
	CLEANUP(access_file_reading_end) struct access_reading r = { .name = name, .rules = ret_rules, .why = why };
	err e;

	*ret_rules = (struct access_rules){ .arena = ARENA(RULES_ARENA_BYTES) };
	if (text.n > ACCESS_FILE_MAX_BYTES)
		return why_set(why, ERR_CONFIG, "%.*s is longer than 64 KiB.", STR_ARG(str_upto(name, 200)));
	e = yaml_text_load(name, text, &r.yaml, why);
	if (e == ERR_OK)
		e = access_file_root_read(&r);
	else if (e == ERR_INVALID)
		e = ERR_CONFIG;
	if (e != ERR_OK)
		access_rules_wipe(ret_rules);
	return e;
}

err
access_implied(const struct config *config, struct access_rules *ret_rules)
{
	struct access_texts domains = { .n = 0 };

	*ret_rules = (struct access_rules){ .arena = ARENA(RULES_ARENA_BYTES), .implied = true };
	ret_rules->rules = arena_alloc(&ret_rules->arena, sizeof(*ret_rules->rules));
	domains.at = arena_alloc(&ret_rules->arena, sizeof(*domains.at));
	if (ret_rules->rules == NULL || domains.at == NULL) {
		access_rules_wipe(ret_rules);
		return ERR_MEMORY;
	}
	domains.at[domains.n++] = STR("*"); /* the gate receives only checks for protected domains */
	ret_rules->rules[0] = (struct access_rule){ .policy = ACCESS_TWO_FACTOR, .domains = domains };
	ret_rules->n = config->gate_domains_count > 0 ? 1 : 0;
	return ERR_OK;
}

/* --- reading the file --------------------------------------------------------------------------------------------- */

err
access_file_text(const struct config *config, struct arena *arena, str *ret_text, struct why *why)
{
	CLEANUP(buf_wipe) struct buf text = BUF(ACCESS_FILE_MAX_BYTES);
	struct why file = { 0 };
	err e;

	*ret_text = (str){ 0 };
	if (config->access_rules[0] == '\0')
		return ERR_OK;
	e = file_read(config->access_rules, FILE_TRUSTED, &text, &file);
	if (e == ERR_OK)
		return arena_copy(arena, buf_str(&text), ret_text);
	return why_set(why, e == ERR_MEMORY ? e : ERR_CONFIG, "ACCESS_RULES: %s", file.text);
}

/* Can the pattern match a host in a protected domain? */
static bool
access_file_domain_concerned(const struct config *config, str pattern)
{
	str below = pattern_host_fixed(pattern);

	for (size_t i = 0; i < config->gate_domains_count; i++) {
		str domain = str_of(config->gate_domains[i].z);
		if (target_under(below, domain) || (below.n < pattern.n && target_under(domain, below)))
			return true;
	}
	return str_equal(pattern, STR("*"));
}

/* The gate receives no checks for other hosts, so a rule for one is an error in the rule or in GATE_DOMAINS. */
static err
access_file_domains_check(const struct config *config, const struct access_rules *rules, struct why *why)
{
	for (size_t i = 0; i < rules->n; i++) {
		if (rules->rules[i].domains.n > 0 && config->gate_domains_count == 0)
			return why_set(why, ERR_CONFIG,
				       "%.200s, in the rule of line %u: GATE_DOMAINS is not set, so no page is "
				       "protected.  Set it, for example GATE_DOMAINS=example.org.",
				       config->access_rules, rules->rules[i].line);
		for (size_t j = 0; j < rules->rules[i].domains.n; j++)
			if (!access_file_domain_concerned(config, rules->rules[i].domains.at[j]))
				return why_set(why, ERR_CONFIG,
					       "%.200s, in the rule of line %u: %.*s is under none of GATE_DOMAINS.",
					       config->access_rules, rules->rules[i].line,
					       STR_ARG(str_upto(rules->rules[i].domains.at[j], 100)));
	}
	return ERR_OK;
}

/* The gate protects https only: the rules would hide an http address from everybody. */
static err
access_file_apps_gate(const struct config *config, struct access_rules *rules, struct why *why)
{
	for (size_t i = 0; i < rules->applications_n; i++) {
		struct application *app = &rules->applications[i];
		app->gated = gate_domain_of(config, app->target.host).n > 0;
		if (app->gated && !app->https)
			return why_set(why, ERR_CONFIG,
				       "%.200s, in the application of line %u: %.*s is under GATE_DOMAINS, so its "
				       "address begins with https.",
				       config->access_rules, app->line, STR_ARG(str_upto(app->target.host, 100)));
	}
	return ERR_OK;
}

err
access_take(const struct config *config, str text, struct access_rules *ret_rules, struct why *why)
{
	err e;

	if (config->access_rules[0] == '\0')
		return access_implied(config, ret_rules);
	TRY(access_parse(str_of(config->access_rules), text, ret_rules, why));
	e = access_file_domains_check(config, ret_rules, why);
	if (e == ERR_OK)
		e = access_file_apps_gate(config, ret_rules, why);
	if (e != ERR_OK)
		access_rules_wipe(ret_rules);
	return e;
}

err
access_load(const struct config *config, struct arena *arena, str *ret_text, struct access_rules *ret_rules,
	    struct why *why)
{
	err e;

	TRY(access_file_text(config, arena, ret_text, why));
	TRY(access_take(config, *ret_text, ret_rules, why));
	e = icons_read(config, ret_rules, why);
	if (e != ERR_OK)
		access_rules_wipe(ret_rules);
	return e;
}
