#include "access/access_file.h"

#include "base/file.h"
#include "access/access_file_internal.h"
#include "access/applications.h"
#include "access/domain.h"
#include "access/icons.h"
#include "access/pattern.h"

enum { RULES_ARENA_BYTES = 2 * 1024 * 1024 + ICONS_MAX_BYTES };

static void
access_file_reading_end(struct access_reading *r)
{
	yaml_text_wipe(&r->yaml);
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

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
	return why_set(why, e == ERR_MEMORY ? e : ERR_CONFIG, "ACCESS_RULES: %s%s", file.text,
		       config->access_rules[0] == '/'
			   ? ""
			   : "  Its path begins in the current directory: write the whole path, such as "
			     "/etc/doubletour/access.conf.");
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
