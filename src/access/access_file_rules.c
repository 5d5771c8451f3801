/*
 * The key `rules` of the rules file.
 */
#include "config/values.h"
#include "access/access_file.h"
#include "access/access_file_internal.h"
#include "access/pattern.h"

enum { GROUP_MAX = 40, CONDITIONS_MAX = 16, CLIENT_MAX = 128 };

/* --- texts -------------------------------------------------------------------------------------------------------- */

static bool
access_file_rule_is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Same form as account names, folded: no account has another form, so a rule for it would never match. */
static bool
access_file_rule_user_good(str name)
{
	if (name.n < 3 || name.n > 40 || !access_file_rule_is_letter_or_digit(name.p[0]) ||
	    !access_file_rule_is_letter_or_digit(name.p[name.n - 1]))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!access_file_rule_is_letter_or_digit(name.p[i]) && !str_has_byte(STR("._@+-"), name.p[i]))
			return false;
	return true;
}

/* Printable ASCII without spaces: RFC 6749 appendix A.1, without the space. */
static bool
access_file_rule_client_good(str name)
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
	access_file_rule_user_good, "a user is a user name as it is stored: 3 to 40 of a-z 0-9 . _ @ + -, in lower case"
};
static const struct access_kind kind_client = { access_file_rule_client_good,
						"a client is the client_id of an application, or '*' for all of them" };
const struct access_kind access_kind_group = { access_group_good, "a group is 1 to 40 of a-z 0-9 . _ -" };

/* --- query -------------------------------------------------------------------------------------------------------- */

static bool
access_file_rule_query_text_good(str text)
{
	return query_value_good(text) && (!str_has_byte(text, '*') || str_equal(text, STR("*")));
}

static const struct access_kind kind_query_value = {
	access_file_rule_query_text_good, "a value of a query is written decoded, without % and, but for '*' alone, "
					  "without stars; it has at most 200 bytes"
};

/* '*' alone means any value. */
static err
access_file_rule_condition_values(struct access_reading *r, const yaml_node_t *node, struct query_condition *condition)
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
access_file_rule_condition_read(struct access_reading *r, const yaml_node_pair_t *pair, struct access_rule *rule,
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
	return access_file_rule_condition_values(r, access_file_node_at(r, pair->value), condition);
}

/* query: {action: login, page: '*'} */
static err
access_file_rule_query_read(struct access_reading *r, const yaml_node_t *node, void *subject)
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
		TRY(access_file_rule_condition_read(r, &node->data.mapping.pairs.start[i], rule, &conditions[i]));
		rule->query_n = i + 1;
	}
	return ERR_OK;
}

/* --- a rule ------------------------------------------------------------------------------------------------------- */

static err
access_file_rule_policy_read(struct access_reading *r, const yaml_node_t *node, void *subject)
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
access_file_rule_max_age_read(struct access_reading *r, const yaml_node_t *node, void *subject)
{
	struct access_rule *rule = subject;
	bool good =
	    node->type == YAML_SCALAR_NODE && value_duration(access_file_scalar(node), &rule->max_age_us) == ERR_OK;

	if (good && rule->max_age_us >= INT64_C(30) * 1000000)
		return ERR_OK;
	return access_file_wrong(r, node, "max_age is a duration like 15m or 1h, of 30 seconds or more.");
}

static err
access_file_rule_phishing_resistant_read(struct access_reading *r, const yaml_node_t *node, void *subject)
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
	{ .name = "query", .read = access_file_rule_query_read },
	ACCESS_KEY_TEXTS("methods", struct access_rule, methods, kind_method),
	{ .name = "networks", .read = access_file_networks_read },
	ACCESS_KEY_TEXTS("users", struct access_rule, users, kind_user),
	ACCESS_KEY_TEXTS("groups", struct access_rule, groups, access_kind_group),
	ACCESS_KEY_TEXTS("all_groups", struct access_rule, all_groups, access_kind_group),
	{ .name = "policy", .read = access_file_rule_policy_read },
	{ .name = "max_age", .read = access_file_rule_max_age_read },
	{ .name = "phishing_resistant", .read = access_file_rule_phishing_resistant_read },
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
access_file_rule_read(struct access_reading *r, const yaml_node_t *node, void *item)
{
	struct access_rule *rule = item;

	rule->line = yaml_text_line(node);
	rule->policy = ACCESS_TWO_FACTOR;
	TRY(access_file_mapping_read(r, node, &rule_mapping, rule));
	return access_file_rule_check(r, node, rule);
}

err
access_file_rules_read(struct access_reading *r, const yaml_node_t *list)
{
	static const struct access_list kind = { ACCESS_RULES_MAX, sizeof(struct access_rule), access_file_rule_read,
						 "rules is a list: each rule begins with a dash.",
						 "there are more than 1,000 rules." };
	void *rules = NULL;

	TRY(access_file_list_new(r, list, &kind, &rules));
	r->rules->rules = rules;
	return access_file_list_read(r, list, &kind, rules, &r->rules->n);
}
