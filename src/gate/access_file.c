#include "gate/access_file.h"

#include "base/file.h"
#include "config/values.h"
#include "config/yaml_text.h"
#include "gate/pattern.h"

enum { RULES_ARENA_BYTES = 1024 * 1024, GROUP_MAX = 40, TEXTS_MAX = 200, CONDITIONS_MAX = 16 };

/* A name of the key `networks` at the top of the file. */
struct named_networks {
	str name;
	struct config_network *at;
	size_t n;
};

/* A file while it is read. */
struct reading {
	str name;
	struct yaml_text yaml;
	struct access_rules *rules;
	struct named_networks *named;
	size_t named_n;
	struct why *why;
};

static void
reading_end(struct reading *r)
{
	yaml_text_wipe(&r->yaml);
}

static err
wrong(struct reading *r, const yaml_node_t *node, const char *sentence)
{
	return why_set(r->why, ERR_CONFIG, "%.*s, line %u: %s", STR_ARG(str_upto(r->name, 200)), yaml_text_line(node),
		       sentence);
}

static err
wrong_value(struct reading *r, const yaml_node_t *node, const char *takes, str value)
{
	if (!str_utf8_valid(value))
		value = STR("that");
	return why_set(r->why, ERR_CONFIG, "%.*s, line %u: %s, not \"%.*s\".", STR_ARG(str_upto(r->name, 200)),
		       yaml_text_line(node), takes, STR_ARG(str_utf8_upto(value, 60)));
}

static str
scalar(const yaml_node_t *node)
{
	return str_bytes(node->data.scalar.value, node->data.scalar.length);
}

/* The text of a key; empty: it is none, or YAML's merge key. */
static str
access_key_text(const yaml_node_t *node)
{
	bool plain = node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

	if (node->type != YAML_SCALAR_NODE || yaml_text_is_null(node) || (plain && str_equal(scalar(node), STR("<<"))))
		return STR("");
	return scalar(node);
}

static const yaml_node_t *
node_at(struct reading *r, int index)
{
	return yaml_document_get_node(&r->yaml.document, index);
}

/* Of a list, or of the one text that stands for it. */
static const yaml_node_t *
access_item_at(struct reading *r, const yaml_node_t *node, size_t i)
{
	return node->type == YAML_SEQUENCE_NODE ? node_at(r, node->data.sequence.items.start[i]) : node;
}

/* --- lists of texts ----------------------------------------------------------------------------------------------------- */

/* How one text of a list is checked; takes: "a domain is ...". */
struct kind {
	bool (*good)(str text);
	const char *takes;
};

static bool
is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* As accounts are called, folded: another name is nobody's, and a rule for it would never match. */
static bool
user_good(str name)
{
	if (name.n < 3 || name.n > 40 || !is_letter_or_digit(name.p[0]) || !is_letter_or_digit(name.p[name.n - 1]))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!is_letter_or_digit(name.p[i]) && !str_has_byte(STR("._@+-"), name.p[i]))
			return false;
	return true;
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

static const struct kind kind_domain = {
	pattern_host_good, "a domain is like wiki.example.org, '*.example.org' or '{user}.example.org', in lower case"
};
static const struct kind kind_path = {
	pattern_path_good,
	"a path is written decoded: it begins with /, has at most 8 stars and none of % ? # ; \\ // /./ /../, "
	"like '/public/**'"
};
static const struct kind kind_method = { target_method_good, "a method is in capital letters, like GET" };
static const struct kind kind_user = {
	user_good, "a user is a user name as it is stored: 3 to 40 of a-z 0-9 . _ @ + -, in lower case"
};
static const struct kind kind_group = { access_group_good, "a group is 1 to 40 of a-z 0-9 . _ -" };

static err
text_take(struct reading *r, const yaml_node_t *node, const struct kind *kind, struct access_texts *texts)
{
	if (node == NULL || node->type != YAML_SCALAR_NODE)
		return wrong(r, node, "a text is wanted here, or a list of texts.");
	if (yaml_text_is_null(node))
		return wrong(r, node,
			     "a text is wanted here, and this is none; a name that YAML takes for none is "
			     "written in quotes: 'null'.");
	if (!kind->good(scalar(node)))
		return wrong_value(r, node, kind->takes, scalar(node));
	return arena_copy(&r->rules->arena, scalar(node), &texts->at[texts->n++]);
}

/* One text, or a list of them. */
static err
texts_read(struct reading *r, const yaml_node_t *node, const struct kind *kind, struct access_texts *texts)
{
	bool list = node->type == YAML_SEQUENCE_NODE;
	size_t n = list ? (size_t)(node->data.sequence.items.top - node->data.sequence.items.start) : 1;

	if (n == 0 || n > TEXTS_MAX)
		return wrong(r, node, "a list has at least one text, and at most 200.");
	texts->at = arena_alloc(&r->rules->arena, n * sizeof(*texts->at));
	if (texts->at == NULL)
		return ERR_MEMORY;
	if (!list)
		return text_take(r, node, kind, texts);
	for (size_t i = 0; i < n; i++)
		TRY(text_take(r, access_item_at(r, node, i), kind, texts));
	return ERR_OK;
}

/* --- networks ----------------------------------------------------------------------------------------------------------- */

static bool
is_network(str text)
{
	struct config_network network;

	return value_network(text, &network) == ERR_OK;
}

/* A name begins with a letter and is no address, so that it cannot be taken for a network. */
static bool
network_name_good(str text)
{
	return access_group_good(text) && text.p[0] >= 'a' && text.p[0] <= 'z' && !is_network(text);
}

static bool
network_or_name_good(str text)
{
	return is_network(text) || network_name_good(text);
}

static const struct kind kind_network = {
	is_network, "a network is like 192.168.0.0/16 or 2001:db8::/32, with no bit set behind the prefix"
};
static const struct kind kind_network_or_name = {
	network_or_name_good,
	"a network is like 192.168.0.0/16 or 2001:db8::/32, with no bit set behind the prefix, or a name of `networks:`"
};

static const struct named_networks *
named_find(const struct reading *r, str name)
{
	for (size_t i = 0; i < r->named_n; i++)
		if (str_equal(r->named[i].name, name))
			return &r->named[i];
	return NULL;
}

/* The networks that each of the texts stands for: itself, or those of its name. */
static err
networks_count(struct reading *r, const yaml_node_t *node, const struct access_texts *texts, size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < texts->n; i++) {
		const struct named_networks *named = named_find(r, texts->at[i]);
		if (named == NULL && !is_network(texts->at[i]))
			return wrong_value(r, access_item_at(r, node, i),
					   "networks: at the top of the file has no such name", texts->at[i]);
		n += named == NULL ? 1 : named->n;
	}
	*ret_n = n;
	return ERR_OK;
}

static err
networks_put(struct reading *r, str text, struct config_network *out, size_t *n)
{
	const struct named_networks *named = named_find(r, text);

	if (named == NULL)
		return value_network(text, &out[(*n)++]);
	memcpy(&out[*n], named->at, named->n * sizeof(*out));
	*n += named->n;
	return ERR_OK;
}

static err
networks_take(struct reading *r, const yaml_node_t *node, const struct kind *kind, struct config_network **ret_networks,
	      size_t *ret_n)
{
	struct access_texts texts = { .n = 0 };
	struct config_network *networks;
	size_t total = 0, n = 0;

	TRY(texts_read(r, node, kind, &texts));
	TRY(networks_count(r, node, &texts, &total));
	networks = arena_alloc(&r->rules->arena, total * sizeof(*networks));
	if (networks == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < texts.n; i++)
		TRY(networks_put(r, texts.at[i], networks, &n));
	*ret_networks = networks;
	*ret_n = n;
	return ERR_OK;
}

static err
networks_read(struct reading *r, const yaml_node_t *node, struct access_rule *rule)
{
	struct config_network *networks = NULL;

	TRY(networks_take(r, node, &kind_network_or_name, &networks, &rule->networks_n));
	rule->networks = networks;
	return ERR_OK;
}

static err
named_read(struct reading *r, const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = node_at(r, pair->key);
	str name = access_key_text(key);
	struct named_networks *named = &r->named[r->named_n];

	if (!network_name_good(name))
		return wrong_value(r, key, "the name of a network is 1 to 40 of a-z 0-9 . _ - and begins with a letter",
				   name);
	if (named_find(r, name) != NULL)
		return wrong(r, key, "this name stands twice.");
	TRY(arena_copy(&r->rules->arena, name, &named->name));
	TRY(networks_take(r, node_at(r, pair->value), &kind_network, &named->at, &named->n));
	r->named_n++;
	return ERR_OK;
}

/* networks: {home: [192.168.0.0/16]} */
static err
named_networks_read(struct reading *r, const yaml_node_t *node)
{
	size_t n;

	if (node->type != YAML_MAPPING_NODE)
		return wrong(r, node, "networks at the top of the file names networks, like `home: [192.168.0.0/16]`.");
	n = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	if (n > TEXTS_MAX)
		return wrong(r, node, "there are more than 200 named networks.");
	r->named = arena_alloc(&r->rules->arena, (n + 1) * sizeof(*r->named));
	if (r->named == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++)
		TRY(named_read(r, &node->data.mapping.pairs.start[i]));
	return ERR_OK;
}

/* --- query -------------------------------------------------------------------------------------------------------------- */

static bool
query_text_good(str text)
{
	return query_value_good(text) && (!str_has_byte(text, '*') || str_equal(text, STR("*")));
}

static const struct kind kind_query_value = {
	query_text_good, "a value of a query is written decoded, without % and, but for '*' alone, "
			 "without stars; it has at most 200 bytes"
};

/* '*' alone: any value. */
static err
condition_values(struct reading *r, const yaml_node_t *node, struct query_condition *condition)
{
	struct access_texts texts = { .n = 0 };
	bool any = false;

	TRY(texts_read(r, node, &kind_query_value, &texts));
	for (size_t i = 0; i < texts.n; i++) {
		any = str_equal(texts.at[i], STR("*"));
		if (any && texts.n > 1)
			return wrong(r, access_item_at(r, node, i),
				     "'*' is any value already: the other values of this list say nothing.");
	}
	condition->values = texts.at;
	condition->values_n = any ? 0 : texts.n;
	return ERR_OK;
}

static err
condition_read(struct reading *r, const yaml_node_pair_t *pair, struct access_rule *rule,
	       struct query_condition *condition)
{
	const yaml_node_t *key = node_at(r, pair->key);
	str name = access_key_text(key);

	if (!query_name_good(name))
		return wrong_value(r, key, "the name of a parameter is written decoded: 1 to 100 bytes, without %",
				   name);
	for (size_t i = 0; i < rule->query_n; i++)
		if (str_equal(rule->query[i].name, name))
			return wrong(r, key, "this parameter stands twice in the rule.");
	TRY(arena_copy(&r->rules->arena, name, &condition->name));
	return condition_values(r, node_at(r, pair->value), condition);
}

/* query: {action: login, page: '*'} */
static err
query_read(struct reading *r, const yaml_node_t *node, struct access_rule *rule)
{
	struct query_condition *conditions;
	size_t n = 0;

	if (node->type == YAML_MAPPING_NODE)
		n = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	if (n == 0 || n > CONDITIONS_MAX)
		return wrong(r, node, "query names 1 to 16 parameters, like `query: {action: login, page: '*'}`.");
	conditions = arena_alloc(&r->rules->arena, n * sizeof(*conditions));
	if (conditions == NULL)
		return ERR_MEMORY;
	rule->query = conditions;
	for (size_t i = 0; i < n; i++) {
		TRY(condition_read(r, &node->data.mapping.pairs.start[i], rule, &conditions[i]));
		rule->query_n = i + 1;
	}
	return ERR_OK;
}

/* --- a rule --------------------------------------------------------------------------------------------------------------- */

static err
policy_read(struct reading *r, const yaml_node_t *node, struct access_rule *rule)
{
	if (node->type != YAML_SCALAR_NODE)
		return wrong(r, node, "policy is one word.");
	for (unsigned i = 0; i < ACCESS_POLICY_COUNT; i++)
		if (str_equal(scalar(node), str_of(access_policy_name(i)))) {
			rule->policy = i;
			return ERR_OK;
		}
	return wrong_value(r, node, "a policy is bypass, one_factor, two_factor or deny", scalar(node));
}

static err
max_age_read(struct reading *r, const yaml_node_t *node, struct access_rule *rule)
{
	bool good = node->type == YAML_SCALAR_NODE && value_duration(scalar(node), &rule->max_age_us) == ERR_OK;

	if (good && rule->max_age_us >= INT64_C(30) * 1000000)
		return ERR_OK;
	return wrong(r, node, "max_age is a duration like 15m or 1h, of 30 seconds or more.");
}

enum key {
	KEY_DOMAIN,
	KEY_PATH,
	KEY_QUERY,
	KEY_METHODS,
	KEY_NETWORKS,
	KEY_USERS,
	KEY_GROUPS,
	KEY_ALL_GROUPS,
	KEY_POLICY,
	KEY_MAX_AGE,
	KEY_COUNT
};
static const char *const key_names[KEY_COUNT] = { "domain", "path",   "query",      "methods", "networks",
						  "users",  "groups", "all_groups", "policy",  "max_age" };

static err
value_read(struct reading *r, enum key key, const yaml_node_t *node, struct access_rule *rule)
{
	switch (key) {
	case KEY_DOMAIN:
		return texts_read(r, node, &kind_domain, &rule->domains);
	case KEY_PATH:
		return texts_read(r, node, &kind_path, &rule->paths);
	case KEY_QUERY:
		return query_read(r, node, rule);
	case KEY_METHODS:
		return texts_read(r, node, &kind_method, &rule->methods);
	case KEY_NETWORKS:
		return networks_read(r, node, rule);
	case KEY_USERS:
		return texts_read(r, node, &kind_user, &rule->users);
	case KEY_GROUPS:
		return texts_read(r, node, &kind_group, &rule->groups);
	case KEY_ALL_GROUPS:
		return texts_read(r, node, &kind_group, &rule->all_groups);
	case KEY_POLICY:
		return policy_read(r, node, rule);
	default:
		return max_age_read(r, node, rule);
	}
}

static err
key_read(struct reading *r, const yaml_node_t *node, enum key *ret_key)
{
	str word = node->type == YAML_SCALAR_NODE ? scalar(node) : STR("");

	for (unsigned i = 0; i < KEY_COUNT; i++)
		if (str_equal(word, str_of(key_names[i]))) {
			*ret_key = i;
			return ERR_OK;
		}
	return wrong_value(
	    r, node, "a rule has domain, path, query, methods, networks, users, groups, all_groups, policy and max_age",
	    word);
}

static bool
rule_names_persons(const struct access_rule *rule)
{
	for (size_t i = 0; i < rule->domains.n; i++)
		if (pattern_host_names_persons(rule->domains.at[i]))
			return true;
	return rule->users.n > 0 || rule->groups.n > 0 || rule->all_groups.n > 0;
}

/* What was written may be read in one way only. */
static err
rule_check(struct reading *r, const yaml_node_t *node, struct access_rule *rule)
{
	if (rule->domains.n == 0)
		return wrong(r, node, "this rule has no domain; '*' stands for all of them.");
	if (rule->policy == ACCESS_BYPASS && rule_names_persons(rule))
		return wrong(r, node, "bypass asks nobody who they are, so it cannot name users or groups.");
	if (rule->policy != ACCESS_TWO_FACTOR && rule->max_age_us != 0)
		return wrong(r, node, "max_age is the age of a code, so it needs the policy two_factor.");
	return ERR_OK;
}

static err
rule_read(struct reading *r, const yaml_node_t *node, struct access_rule *rule)
{
	unsigned seen = 0;

	if (node->type != YAML_MAPPING_NODE)
		return wrong(r, node, "a rule is written as `- domain: ...` with its other keys below.");
	rule->line = yaml_text_line(node);
	rule->policy = ACCESS_TWO_FACTOR;
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
	     pair++) {
		const yaml_node_t *name = node_at(r, pair->key);
		enum key key = KEY_DOMAIN;
		TRY(key_read(r, name, &key));
		if ((seen & 1u << key) != 0)
			return wrong(r, name, "this key stands twice in the rule.");
		seen |= 1u << key;
		TRY(value_read(r, key, node_at(r, pair->value), rule));
	}
	return rule_check(r, node, rule);
}

/* --- the file ------------------------------------------------------------------------------------------------------------- */

static err
rules_read(struct reading *r, const yaml_node_t *list)
{
	size_t n;

	if (list->type != YAML_SEQUENCE_NODE)
		return wrong(r, list, "rules is a list: each rule begins with a dash.");
	n = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
	if (n > ACCESS_RULES_MAX)
		return wrong(r, list, "there are more than 1,000 rules.");
	r->rules->rules = arena_alloc(&r->rules->arena, (n + 1) * sizeof(*r->rules->rules));
	if (r->rules->rules == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		TRY(rule_read(r, node_at(r, list->data.sequence.items.start[i]), &r->rules->rules[i]));
		r->rules->n = i + 1;
	}
	return ERR_OK;
}

/* The value of a key at the top of the file; NULL: it has none. */
static const yaml_node_t *
root_value(struct reading *r, const yaml_node_t *root, const char *key)
{
	const yaml_node_pair_t *pairs = root->data.mapping.pairs.start;

	for (const yaml_node_pair_t *pair = pairs; pair < root->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = node_at(r, pair->key);
		if (name->type == YAML_SCALAR_NODE && str_equal(scalar(name), str_of(key)))
			return node_at(r, pair->value);
	}
	return NULL;
}

static const char root_takes[] =
    "the file holds the key `rules:` with the list of rules, and perhaps `networks:` with names.";

/* Each key is one of ours and stands once: it is the one that root_value finds. */
static err
root_check(struct reading *r, const yaml_node_t *root)
{
	if (root->type != YAML_MAPPING_NODE)
		return wrong(r, root, root_takes);
	for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start; pair < root->data.mapping.pairs.top;
	     pair++) {
		const yaml_node_t *name = node_at(r, pair->key);
		str word = name->type == YAML_SCALAR_NODE ? scalar(name) : STR("");
		bool rules = str_equal(word, STR("rules"));
		if (!rules && !str_equal(word, STR("networks")))
			return wrong(r, name, root_takes);
		if (root_value(r, root, rules ? "rules" : "networks") != node_at(r, pair->value))
			return wrong(r, name, "this key stands twice in the file.");
	}
	return root_value(r, root, "rules") != NULL ? ERR_OK : wrong(r, root, root_takes);
}

static err
access_tags_check(struct reading *r)
{
	const yaml_node_t *nodes = r->yaml.document.nodes.start;

	for (const yaml_node_t *node = nodes; node < r->yaml.document.nodes.top; node++)
		if (!yaml_text_untagged(node))
			return wrong(r, node, "a tag (like !!binary or !name) is not taken.");
	return ERR_OK;
}

/* Rules may use the names of networks, wherever those stand in the file. */
static err
root_read(struct reading *r)
{
	const yaml_node_t *root = yaml_document_get_root_node(&r->yaml.document);
	const yaml_node_t *networks;

	if (root == NULL)
		return why_set(r->why, ERR_CONFIG, "%.*s is empty: nobody would pass.  It begins with `rules:`.",
			       STR_ARG(str_upto(r->name, 200)));
	TRY(access_tags_check(r));
	TRY(root_check(r, root));
	networks = root_value(r, root, "networks");
	if (networks != NULL)
		TRY(named_networks_read(r, networks));
	return rules_read(r, root_value(r, root, "rules"));
}

err
access_parse(str name, str text, struct access_rules *ret_rules, struct why *why)
{
	CLEANUP(reading_end) struct reading r = { .name = name, .rules = ret_rules, .why = why };
	err e;

	*ret_rules = (struct access_rules){ .arena = ARENA(RULES_ARENA_BYTES) };
	if (text.n > ACCESS_FILE_MAX_BYTES)
		return why_set(why, ERR_CONFIG, "%.*s is longer than 64 KiB.", STR_ARG(str_upto(name, 200)));
	e = yaml_text_load(name, text, &r.yaml, why);
	if (e == ERR_OK)
		e = root_read(&r);
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
	domains.at[domains.n++] = STR("*"); /* the gate asks about protected domains only */
	ret_rules->rules[0] = (struct access_rule){ .policy = ACCESS_TWO_FACTOR, .domains = domains };
	ret_rules->n = config->gate_domains_count > 0 ? 1 : 0;
	return ERR_OK;
}

/* --- reading it ------------------------------------------------------------------------------------------------------------ */

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

/* Is any host of the pattern protected? */
static bool
domain_concerned(const struct config *config, str pattern)
{
	str below = pattern_host_fixed(pattern);

	for (size_t i = 0; i < config->gate_domains_count; i++) {
		str domain = str_of(config->gate_domains[i].z);
		if (target_under(below, domain) || (below.n < pattern.n && target_under(domain, below)))
			return true;
	}
	return str_equal(pattern, STR("*"));
}

/* A rule for a host that the gate is never asked about is a mistake in it, or in GATE_DOMAINS. */
static err
domains_check(const struct config *config, const struct access_rules *rules, struct why *why)
{
	for (size_t i = 0; i < rules->n; i++)
		for (size_t j = 0; j < rules->rules[i].domains.n; j++)
			if (!domain_concerned(config, rules->rules[i].domains.at[j]))
				return why_set(why, ERR_CONFIG,
					       "%.200s, in the rule of line %u: %.*s is under none of GATE_DOMAINS.",
					       config->access_rules, rules->rules[i].line,
					       STR_ARG(str_upto(rules->rules[i].domains.at[j], 100)));
	return ERR_OK;
}

err
access_take(const struct config *config, str text, struct access_rules *ret_rules, struct why *why)
{
	err e;

	if (config->access_rules[0] == '\0')
		return access_implied(config, ret_rules);
	TRY(access_parse(str_of(config->access_rules), text, ret_rules, why));
	e = domains_check(config, ret_rules, why);
	if (e != ERR_OK)
		access_rules_wipe(ret_rules);
	return e;
}
