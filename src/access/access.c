#include "access/access.h"

#include "config/values.h"
#include "access/pattern.h"

const char *
access_policy_name(enum access_policy policy)
{
	static const char *const names[ACCESS_POLICY_COUNT] = { "deny", "bypass", "one_factor", "two_factor" };

	return policy < ACCESS_POLICY_COUNT ? names[policy] : names[ACCESS_DENY];
}

void
access_rules_wipe(struct access_rules *rules)
{
	arena_wipe(&rules->arena);
	rules->rules = NULL;
	rules->n = 0;
	rules->applications = NULL;
	rules->applications_n = 0;
}

/* --- matching a rule ---------------------------------------------------------------------------------------------- */

static bool
access_any_fits(const struct access_texts *patterns, str text, bool (*fits)(str pattern, str text))
{
	for (size_t i = 0; i < patterns->n; i++)
		if (fits(patterns->at[i], text))
			return true;
	return false;
}

/*
 * An unknown address may be in any network.  Requests over a Unix socket without X-Forwarded-For have an unknown
 * address.
 */
static enum fit
access_network_fit(const struct access_rule *rule, str text)
{
	struct in6_addr address;

	if (rule->networks_n == 0)
		return FITS;
	if (value_address(text, &address) != ERR_OK)
		return str_empty(text) ? FITS_NOT : FITS_MAYBE;
	for (size_t i = 0; i < rule->networks_n; i++)
		if (network_has(&rule->networks[i], &address))
			return FITS;
	return FITS_NOT;
}

bool
access_groups_have_one(str groups, const struct access_texts *names)
{
	while (groups.n > 0)
		if (access_any_fits(names, str_cut(&groups, ','), str_equal))
			return true;
	return false;
}

static bool
access_groups_have_all(str groups, const struct access_texts *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (!access_groups_have_one(groups, &(struct access_texts){ &names->at[i], 1 }))
			return false;
	return true;
}

/* The rule's keys about users.  access_domain_fit handles users named by a label of the host. */
static bool
access_names_persons(const struct access_rule *rule)
{
	return rule->users.n > 0 || rule->groups.n > 0 || rule->all_groups.n > 0;
}

static bool
access_person_fits(const struct access_rule *rule, const struct access_visitor *visitor)
{
	bool anybody = rule->users.n == 0 && rule->groups.n == 0;

	return (anybody || access_any_fits(&rule->users, visitor->name, str_equal) ||
		access_groups_have_one(visitor->groups, &rule->groups)) &&
	       access_groups_have_all(visitor->groups, &rule->all_groups);
}

/* FITS_MAYBE: only a pattern with {user} or {group} fits, and the visitor is unknown. */
static enum fit
access_domain_fit(const struct access_rule *rule, str host, const struct access_visitor *visitor)
{
	bool known = visitor->level != ACCESS_NOBODY;
	enum fit fit = FITS_NOT;

	for (size_t i = 0; i < rule->domains.n; i++) {
		str pattern = rule->domains.at[i];
		if (!pattern_host_fits(pattern, host, known ? visitor->name : (str){ 0 },
				       known ? visitor->groups : (str){ 0 }))
			continue;
		if (known || !pattern_host_names_persons(pattern))
			return FITS;
		fit = FITS_MAYBE;
	}
	return fit;
}

/* Does the rule name this client of OpenID Connect? */
static bool
access_client_fits(const struct access_rule *rule, str client)
{
	return access_any_fits(&rule->clients, client, str_equal) ||
	       access_any_fits(&rule->clients, STR("*"), str_equal);
}

static bool
access_client_has_rule(const struct access_rules *rules, str client)
{
	for (size_t i = 0; i < rules->n; i++)
		if (access_client_fits(&rules->rules[i], client))
			return true;
	return false;
}

static bool
access_method_fits(const struct access_rule *rule, str method)
{
	return rule->methods.n == 0 || access_any_fits(&rule->methods, method, str_equal);
}

/* --- applying a rule ---------------------------------------------------------------------------------------------- */

static struct access_decision
access_decided(enum access_outcome outcome, enum access_reason reason, const struct access_rule *rule)
{
	return (struct access_decision){ outcome, reason, rule };
}

/* A proof from the future is invalid: the clock was wrong at that time, or is wrong now. */
static bool
access_proof_is_old(const struct access_rule *rule, int64_t verified_us, int64_t now_us)
{
	int64_t age_us = now_us - verified_us;

	return rule->max_age_us != 0 && (age_us < 0 || age_us > rule->max_age_us);
}

/* A rule that requires a passkey judges the age of the passkey's answer: a newer code does not renew it. */
static struct access_decision
access_apply_phishing_resistant(const struct access_rule *rule, const struct access_visitor *visitor, int64_t now_us)
{
	if (visitor->phishing_resistant_us == 0)
		return access_decided(ACCESS_ASKS, ACCESS_PASSKEY, rule);
	return access_proof_is_old(rule, visitor->phishing_resistant_us, now_us)
		   ? access_decided(ACCESS_ASKS, ACCESS_PASSKEY_OLD, rule)
		   : access_decided(ACCESS_PASSES, ACCESS_BY_RULE, rule);
}

static struct access_decision
access_apply(const struct access_rule *rule, const struct access_visitor *visitor, int64_t now_us)
{
	switch (rule->policy) {
	case ACCESS_BYPASS:
		return access_decided(ACCESS_PASSES, ACCESS_BY_RULE, rule);
	case ACCESS_ONE_FACTOR:
		return visitor->level == ACCESS_NOBODY ? access_decided(ACCESS_ASKS, ACCESS_UNKNOWN, rule)
						       : access_decided(ACCESS_PASSES, ACCESS_BY_RULE, rule);
	case ACCESS_TWO_FACTOR:
		if (visitor->level == ACCESS_NOBODY)
			return access_decided(ACCESS_ASKS, ACCESS_UNKNOWN, rule);
		if (visitor->level != ACCESS_FULL)
			return access_decided(ACCESS_ASKS, ACCESS_CODE, rule);
		if (rule->phishing_resistant)
			return access_apply_phishing_resistant(rule, visitor, now_us);
		return access_proof_is_old(rule, visitor->verified_us, now_us)
			   ? access_decided(ACCESS_ASKS, ACCESS_OLD, rule)
			   : access_decided(ACCESS_PASSES, ACCESS_BY_RULE, rule);
	default:
		return access_decided(ACCESS_REFUSED, ACCESS_BY_RULE, rule);
	}
}

/* --- the decision ------------------------------------------------------------------------------------------------- */

/*
 * Only the beginning of an ambiguous path is certain.  A rule whose paths can begin this way matches with
 * FITS_MAYBE.
 */
static enum fit
access_path_fit(const struct access_rule *rule, const struct target *target)
{
	if (rule->paths.n == 0)
		return FITS;
	if (!target->unclear)
		return access_any_fits(&rule->paths, target->path, pattern_path_fits) ? FITS : FITS_NOT;
	for (size_t i = 0; i < rule->paths.n; i++)
		if (pattern_path_fits_all(rule->paths.at[i]))
			return FITS;
	return access_any_fits(&rule->paths, str_upto(target->path, target->certain), pattern_path_may_fit) ? FITS_MAYBE
													    : FITS_NOT;
}

static bool
access_path_has_any(const struct target *target, str bytes)
{
	for (size_t i = target->certain; target->unclear && i < target->path.n; i++)
		if (str_has_byte(bytes, target->path.p[i]))
			return true;
	return false;
}

/*
 * Some programs find a query after an encoded '?' in the path.  An encoded '#' or NUL removes the query for some
 * programs.
 */
static enum fit
access_rule_query_fit(const struct access_rule *rule, const struct target *target)
{
	enum fit fit = query_fit(rule->query, rule->query_n, target->query);

	if (rule->query_n == 0)
		return FITS;
	if (access_path_has_any(target, STR("?%")))
		return FITS_MAYBE;
	return fit == FITS && access_path_has_any(target, STR("#\0")) ? FITS_MAYBE : fit;
}

/* The fit of two conditions together is that of the less certain one. */
static enum fit
access_fit_both(enum fit one, enum fit other)
{
	return one < other ? one : other;
}

/* The result of comparing a rule with a request. */
struct match {
	enum fit fit;
	bool asks_who; /* the rule names users, and the visitor is unknown */
};

static struct match
access_client_match(const struct access_rule *rule, const struct access_request *request,
		    const struct access_visitor *visitor)
{
	bool known = visitor->level != ACCESS_NOBODY;

	if (!access_client_fits(rule, request->client) || (known && !access_person_fits(rule, visitor)))
		return (struct match){ FITS_NOT, false };
	return (struct match){ access_network_fit(rule, request->address), !known && access_names_persons(rule) };
}

static struct match
access_target_match(const struct access_rule *rule, const struct access_request *request,
		    const struct access_visitor *visitor)
{
	const struct target *target = request->target;
	bool known = visitor->level != ACCESS_NOBODY;
	enum fit domain = access_domain_fit(rule, target->host, visitor),
		 network = access_network_fit(rule, request->address);
	enum fit path, query;

	if (domain == FITS_NOT || network == FITS_NOT || !access_method_fits(rule, request->method) ||
	    (known && !access_person_fits(rule, visitor)))
		return (struct match){ FITS_NOT, false };
	path = access_path_fit(rule, target);
	query = path == FITS_NOT ? FITS_NOT : access_rule_query_fit(rule, target);
	return (struct match){ access_fit_both(network, access_fit_both(path, query)),
			       !known && (domain == FITS_MAYBE || access_names_persons(rule)) };
}

static struct match
access_rule_match(const struct access_rule *rule, const struct access_request *request,
		  const struct access_visitor *visitor)
{
	if (request->client.n > 0)
		return access_client_match(rule, request, visitor);
	return rule->clients.n > 0 ? (struct match){ FITS_NOT, false } : access_target_match(rule, request, visitor);
}

static struct access_decision
access_rule_decide(const struct access_rule *rule, struct match match, const struct access_visitor *visitor,
		   int64_t now_us)
{
	struct access_decision decision;

	if (match.asks_who)
		return access_decided(ACCESS_ASKS, ACCESS_UNKNOWN, rule);
	decision = access_apply(rule, visitor, now_us);
	if (match.fit == FITS_MAYBE && decision.outcome == ACCESS_REFUSED)
		decision.reason = ACCESS_UNCLEAR;
	return decision;
}

/* Strictness of a decision for this visitor: first its outcome, then the policy of its rule. */
static unsigned
access_strictness(const struct access_decision *decision)
{
	static const unsigned outcomes[ACCESS_OUTCOME_COUNT] = {
		[ACCESS_PASSES] = 0, [ACCESS_ASKS] = 1, [ACCESS_REFUSED] = 2
	};
	static const unsigned policies[ACCESS_POLICY_COUNT] = {
		[ACCESS_BYPASS] = 0, [ACCESS_ONE_FACTOR] = 1, [ACCESS_TWO_FACTOR] = 2, [ACCESS_DENY] = 3
	};

	return outcomes[decision->outcome] * ACCESS_POLICY_COUNT + policies[decision->rule->policy];
}

/* rule NULL: no decision is kept yet. */
static void
access_keep_stricter(struct access_decision *kept, const struct access_decision *one)
{
	if (kept->rule == NULL || access_strictness(one) > access_strictness(kept))
		*kept = *one;
}

/* For a client that no rule names. */
static const struct access_rule access_client_default = { .policy = ACCESS_TWO_FACTOR };

/*
 * Each interpretation of an ambiguous path or query has a first matching rule.  The search collects rules that
 * match with FITS_MAYBE, and ends at the first rule with FITS.  The strictest of these decides, so that no
 * interpretation would get a stricter decision.
 */
struct access_decision
access_decide(const struct access_rules *rules, const struct access_request *request,
	      const struct access_visitor *visitor, int64_t now_us)
{
	struct access_decision strictest = { .rule = NULL };

	if (request->client.n > 0 && !access_client_has_rule(rules, request->client))
		return access_apply(&access_client_default, visitor, now_us);
	if (request->client.n == 0 && request->target->dots)
		return access_decided(ACCESS_REFUSED, ACCESS_DOTS, NULL);
	for (size_t i = 0; i < rules->n; i++) {
		const struct access_rule *rule = &rules->rules[i];
		struct match match = access_rule_match(rule, request, visitor);
		if (match.fit == FITS_NOT)
			continue;
		struct access_decision one = access_rule_decide(rule, match, visitor, now_us);
		access_keep_stricter(&strictest, &one);
		if (match.fit == FITS)
			return strictest;
	}
	return access_decided(ACCESS_REFUSED, strictest.rule == NULL ? ACCESS_NO_RULE : ACCESS_UNCLEAR, NULL);
}

/* Of the rules that depend on the network, one that accepts is enough; one that does not may be for another network. */
bool
access_client_accepts(const struct access_rules *rules, str client, const struct access_visitor *visitor,
		      int64_t now_us)
{
	if (!access_client_has_rule(rules, client))
		return access_apply(&access_client_default, visitor, now_us).outcome == ACCESS_PASSES;
	for (size_t i = 0; i < rules->n; i++) {
		const struct access_rule *rule = &rules->rules[i];
		if (!access_client_fits(rule, client) || !access_person_fits(rule, visitor))
			continue;
		if (access_apply(rule, visitor, now_us).outcome == ACCESS_PASSES)
			return true;
		if (rule->networks_n == 0)
			return false;
	}
	return false;
}

/* --- the reason for a refused visitor ----------------------------------------------------------------------------- */

/* A rule that denies access to some users or networks only. */
static enum access_refusal
access_refusal_by(const struct access_rule *rule)
{
	if (access_names_persons(rule))
		return ACCESS_PERSON;
	return rule->networks_n > 0 ? ACCESS_NETWORK : ACCESS_CLOSED;
}

/* Does the rule apply to this client or URL for some user? */
static bool
access_rule_reaches(const struct access_rule *rule, const struct access_request *request)
{
	static const struct access_visitor anybody = { .level = ACCESS_NOBODY };

	if (request->client.n > 0)
		return access_client_fits(rule, request->client);
	return access_domain_fit(rule, request->target->host, &anybody) != FITS_NOT &&
	       access_method_fits(rule, request->method) && access_path_fit(rule, request->target) != FITS_NOT &&
	       access_rule_query_fit(rule, request->target) != FITS_NOT;
}

static bool
access_domain_suits(const struct access_rule *rule, const struct access_request *request,
		    const struct access_visitor *visitor)
{
	return request->client.n > 0 || access_domain_fit(rule, request->target->host, visitor) != FITS_NOT;
}

/* Would the rule open the page to another user, or on another network? */
static enum access_refusal
access_refusal_despite(const struct access_rule *rule, const struct access_request *request,
		       const struct access_visitor *visitor)
{
	bool known = visitor->level != ACCESS_NOBODY;

	if (rule->policy == ACCESS_DENY || !access_rule_reaches(rule, request))
		return ACCESS_CLOSED;
	if (known && (!access_domain_suits(rule, request, visitor) || !access_person_fits(rule, visitor)))
		return ACCESS_PERSON;
	return access_network_fit(rule, request->address) == FITS ? ACCESS_CLOSED : ACCESS_NETWORK;
}

/* Only the rules before the deciding one could have opened the page; without a deciding rule, all of them. */
enum access_refusal
access_refusal(const struct access_rules *rules, const struct access_request *request,
	       const struct access_visitor *visitor, const struct access_decision *decision)
{
	enum access_refusal refusal = ACCESS_CLOSED;

	if (decision->reason == ACCESS_DOTS || decision->reason == ACCESS_UNCLEAR)
		return ACCESS_ADDRESS;
	for (size_t i = 0; i < rules->n && refusal == ACCESS_CLOSED && &rules->rules[i] != decision->rule; i++)
		refusal = access_refusal_despite(&rules->rules[i], request, visitor);
	return refusal == ACCESS_CLOSED && decision->rule != NULL ? access_refusal_by(decision->rule) : refusal;
}
