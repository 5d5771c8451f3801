#include "oidc/claim_rules.h"

#include <jansson.h>

/* One rule, cut into its parts.  A value with n = 0 is missing. */
struct claim_rule {
	str name;
	str value, otherwise; /* JSON, or the word `groups` */
	str group;            /* empty: for everybody */
	unsigned scope;       /* 0: always */
};

/* Claims that the server gives: OpenID Connect Core 1.0 s2 and s5.1, RFC 7519 s4.1, RFC 7662 s2.2. */
static const str claim_names_taken[] = {
	STR_INIT("iss"),        STR_INIT("sub"),       STR_INIT("aud"),      STR_INIT("exp"),
	STR_INIT("nbf"),        STR_INIT("iat"),       STR_INIT("jti"),      STR_INIT("auth_time"),
	STR_INIT("nonce"),      STR_INIT("acr"),       STR_INIT("amr"),      STR_INIT("azp"),
	STR_INIT("at_hash"),    STR_INIT("c_hash"),    STR_INIT("s_hash"),   STR_INIT("sid"),
	STR_INIT("events"),     STR_INIT("name"),      STR_INIT("locale"),   STR_INIT("preferred_username"),
	STR_INIT("updated_at"), STR_INIT("email"),     STR_INIT("active"),   STR_INIT("email_verified"),
	STR_INIT("scope"),      STR_INIT("client_id"), STR_INIT("username"), STR_INIT("token_type"),
};

static bool
claim_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static str
claim_skip_blanks(str text)
{
	while (text.n > 0 && claim_is_blank(text.p[0]))
		text = str_from(text, 1);
	return text;
}

/* The next word; empty at the end of the line. */
static str
claim_next_word(str *rest)
{
	size_t n = 0;
	str word;

	*rest = claim_skip_blanks(*rest);
	while (n < rest->n && !claim_is_blank(rest->p[n]))
		n++;
	word = str_upto(*rest, n);
	*rest = str_from(*rest, n);
	return word;
}

/* Skip this word if it is the next one. */
static bool
claim_skip_word(str *rest, str word)
{
	str after = *rest;

	if (!str_equal(claim_next_word(&after), word))
		return false;
	*rest = after;
	return true;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static bool
claim_name_is_good(str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~' || str_has_byte(STR("\"\\="), name.p[i]))
			return false;
	return name.n > 0 && name.n <= CLAIM_NAME_MAX;
}

static bool
claim_name_is_taken(str name)
{
	for (size_t i = 0; i < COUNT(claim_names_taken); i++)
		if (str_equal(name, claim_names_taken[i]))
			return true;
	return false;
}

/* Length in bytes of the JSON value at the beginning of the text.  0: no value, or one that may not be sent. */
static size_t
claim_json_length(str text)
{
	json_error_t error;
	json_t *value =
	    json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &error);

	if (value == NULL)
		return 0;
	json_decref(value);
	return (size_t)error.position;
}

static bool
claim_is_groups(str value)
{
	return str_equal(value, STR("groups"));
}

/* A value ends at white space or at the end of the line. */
static const char *
claim_read_value(str *rest, str *ret_value)
{
	size_t n;

	if (claim_skip_word(rest, STR("groups"))) {
		*ret_value = STR("groups");
		return NULL;
	}
	*rest = claim_skip_blanks(*rest);
	n = claim_json_length(*rest);
	if (n == 0 || (n < rest->n && !claim_is_blank(rest->p[n])))
		return "the value must be JSON, such as \"admin\", true, 5 or [\"a\", \"b\"], or the word groups.";
	if (n > CLAIM_VALUE_MAX)
		return "a value has at most 2048 bytes.";
	*ret_value = str_upto(*rest, n);
	*rest = str_from(*rest, n);
	return NULL;
}

static bool
claim_group_is_good(str group)
{
	for (size_t i = 0; i < group.n; i++)
		if (!(group.p[i] >= 'a' && group.p[i] <= 'z') && !(group.p[i] >= '0' && group.p[i] <= '9') &&
		    !str_has_byte(STR("_.-"), group.p[i]))
			return false;
	return group.n > 0;
}

static const char *
claim_read_condition(str *rest, struct claim_rule *rule)
{
	if (!claim_skip_word(rest, STR("if")))
		return NULL;
	if (!claim_skip_word(rest, STR("group")))
		return "the word if needs the word group and the name of a group.";
	rule->group = claim_next_word(rest);
	if (!claim_group_is_good(rule->group))
		return "the name of a group has only characters of a-z 0-9 . _ -";
	return claim_skip_word(rest, STR("else")) ? claim_read_value(rest, &rule->otherwise) : NULL;
}

static const char *
claim_read_scope(str *rest, struct claim_rule *rule)
{
	if (claim_skip_word(rest, STR("always"))) {
		rule->scope = 0;
	} else if (claim_skip_word(rest, STR("with"))) {
		rule->scope = oidc_scopes_read(claim_next_word(rest));
		if (rule->scope == 0)
			return "the word with needs openid, profile, email, groups or offline_access.";
	}
	return claim_skip_blanks(*rest).n == 0
		   ? NULL
		   : "it must have the form NAME = VALUE [if group GROUP [else VALUE]] [always | with SCOPE].";
}

static const char *
claim_read_name(str *rest, struct claim_rule *rule)
{
	str after = *rest;

	rule->name = str_trim(str_cut(&after, '='));
	if (after.p == NULL || !claim_name_is_good(rule->name))
		return "it must begin with the name of a claim and =.";
	if (claim_name_is_taken(rule->name))
		return "the server has its own claim of this name.";
	*rest = after;
	return NULL;
}

/* NULL, or a sentence. */
static const char *
claim_rule_read(str line, struct claim_rule *ret_rule)
{
	struct claim_rule rule = { .scope = OIDC_SCOPE_PROFILE };
	const char *problem = claim_read_name(&line, &rule);

	if (problem == NULL)
		problem = claim_read_value(&line, &rule.value);
	if (problem == NULL)
		problem = claim_read_condition(&line, &rule);
	if (problem == NULL)
		problem = claim_read_scope(&line, &rule);
	*ret_rule = rule;
	return problem;
}

static const char *
claim_rules_limit(unsigned rules, unsigned groups)
{
	if (rules > CLAIM_RULES_MAX)
		return "a client has at most 32 rules.";
	return groups > CLAIM_RULES_GROUPS_MAX ? "at most two rules have the value groups." : NULL;
}

err
claim_rules_check(str rules, unsigned *ret_line, const char **ret_problem)
{
	const char *problem = rules.n > CLAIM_RULES_BYTES_MAX ? "all rules have at most 6144 bytes." : NULL;
	unsigned line = problem == NULL ? 0 : 1, groups = 0;

	while (rules.n > 0 && problem == NULL) {
		struct claim_rule rule;
		line++;
		problem = claim_rule_read(str_cut(&rules, '\n'), &rule);
		groups += claim_is_groups(rule.value) || claim_is_groups(rule.otherwise);
		if (problem == NULL)
			problem = claim_rules_limit(line, groups);
	}
	if (problem == NULL)
		return ERR_OK;
	*ret_line = line;
	*ret_problem = problem;
	return ERR_INVALID;
}

/* --- applying ----------------------------------------------------------------------------------------------------- */

static bool
claim_has_group(str groups, str group)
{
	while (groups.n > 0)
		if (str_equal(str_cut(&groups, ','), group))
			return true;
	return false;
}

/* The value for a person with these groups; n = 0: the rule does not apply. */
static str
claim_value_for(const struct claim_rule *rule, unsigned scopes, str groups)
{
	if (rule->scope != 0 && (rule->scope & scopes) == 0)
		return STR("");
	return rule->group.n == 0 || claim_has_group(groups, rule->group) ? rule->value : rule->otherwise;
}

static void
claim_put_groups(str groups, struct buf *out)
{
	bool first = true;

	buf_put_byte(out, '[');
	while (groups.n > 0) {
		if (!first)
			buf_put_byte(out, ',');
		buf_put_json(out, str_cut(&groups, ','));
		first = false;
	}
	buf_put_byte(out, ']');
}

static void
claim_put(str name, str value, str groups, struct buf *out)
{
	buf_put_byte(out, ',');
	buf_put_json(out, name);
	buf_put_byte(out, ':');
	if (claim_is_groups(value))
		claim_put_groups(groups, out);
	else
		buf_put(out, value);
}

/* Names that were put already. */
struct claim_names {
	str of[CLAIM_RULES_MAX + 1];
	size_t n;
};

static bool
claim_names_have(const struct claim_names *names, str name)
{
	for (size_t i = 0; i < names->n; i++)
		if (str_equal(names->of[i], name))
			return true;
	return false;
}

/* A claim that the rules give: its value is JSON, or the word `groups`. */
struct claim_given {
	str name, value;
};

/* The claim of the next rule that gives one.  False: no further rule does.  *ret_e: a rule cannot be read. */
static bool
claim_rules_next(str *rules, unsigned scopes, str groups, struct claim_names *names, struct claim_given *ret_given,
		 err *ret_e)
{
	while (rules->n > 0) {
		struct claim_rule rule;
		str line = str_cut(rules, '\n'), value;
		if (claim_rule_read(line, &rule) != NULL || names->n == COUNT(names->of)) {
			*ret_e = ERR_CORRUPT; /* without this rule, a later one could give more rights */
			return false;
		}
		value = claim_value_for(&rule, scopes, groups);
		if (value.n == 0 || claim_names_have(names, rule.name))
			continue;
		names->of[names->n++] = rule.name;
		*ret_given = (struct claim_given){ rule.name, value };
		return true;
	}
	return false;
}

void
claim_rules_put(str rules, unsigned scopes, str groups, bool groups_given, struct buf *out)
{
	struct claim_names names = { .n = 0 };
	struct claim_given given;
	err e = ERR_OK;

	if (groups_given)
		names.of[names.n++] = STR("groups");
	while (claim_rules_next(&rules, scopes, groups, &names, &given, &e))
		claim_put(given.name, given.value, groups, out);
	if (e != ERR_OK)
		out->failed = e;
}

/* False: with this claim, the text would exceed max bytes. */
static bool
claim_put_text(const struct claim_given *given, size_t max, struct buf *out)
{
	str comma = out->n > 0 ? STR(", ") : STR(""), colon = STR(": "), value = given->value;

	if (value.n > CLAIM_SHOWN_MAX)
		colon = value = STR("");
	if (out->n + comma.n + given->name.n + colon.n + value.n > max)
		return false;
	buf_put(out, comma);
	buf_put(out, given->name);
	buf_put(out, colon);
	buf_put(out, value);
	return true;
}

void
claim_rules_put_text(str rules, unsigned scopes, str groups, size_t max, struct claims_untold *ret_untold,
		     struct buf *out)
{
	struct claim_names names = { .n = 0 };
	struct claim_given given;
	err e = ERR_OK;

	*ret_untold = (struct claims_untold){ .more = 0 };
	while (claim_rules_next(&rules, scopes, groups, &names, &given, &e)) {
		if (claim_is_groups(given.value))
			ret_untold->groups = true;
		else if (ret_untold->more > 0 || !claim_put_text(&given, max, out))
			ret_untold->more++;
	}
	if (e != ERR_OK)
		out->failed = e;
}

bool
claim_rules_next_group(str *rules, str *ret_group)
{
	struct claim_rule rule = { .scope = 0 };

	while (rules->n > 0 && rule.group.n == 0)
		(void)claim_rule_read(str_cut(rules, '\n'), &rule);
	*ret_group = rule.group;
	return rule.group.n > 0;
}
