#include "gate/access.h"

#include "config/values.h"
#include "gate/pattern.h"

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
}

/* --- does a rule match? --------------------------------------------------------------------------------------------- */

static bool
any_fits(const struct access_texts *patterns, str text, bool (*fits)(str pattern, str text))
{
	for (size_t i = 0; i < patterns->n; i++)
		if (fits(patterns->at[i], text))
			return true;
	return false;
}

static bool
network_fits(const struct access_rule *rule, str text)
{
	struct in6_addr address;

	if (rule->networks_n == 0)
		return true;
	if (value_address(text, &address) != ERR_OK)
		return false;
	for (size_t i = 0; i < rule->networks_n; i++)
		if (network_has(&rule->networks[i], &address))
			return true;
	return false;
}

static bool
names_persons(const struct access_rule *rule)
{
	return rule->users.n > 0 || rule->groups.n > 0;
}

static bool
person_fits(const struct access_rule *rule, const struct access_visitor *visitor)
{
	str groups = visitor->groups;

	if (any_fits(&rule->users, visitor->name, str_equal))
		return true;
	while (groups.n > 0)
		if (any_fits(&rule->groups, str_cut(&groups, ','), str_equal))
			return true;
	return false;
}

/* All but path and person. */
static bool
place_fits(const struct access_rule *rule, const struct access_request *request)
{
	return any_fits(&rule->domains, request->target->host, pattern_host_fits) &&
	       (rule->methods.n == 0 || any_fits(&rule->methods, request->method, str_equal)) &&
	       network_fits(rule, request->address);
}

/* --- what it says ----------------------------------------------------------------------------------------------------- */

static struct access_decision
decided(enum access_outcome outcome, enum access_reason reason, const struct access_rule *rule)
{
	return (struct access_decision){ outcome, reason, rule };
}

/* A proof from the future is none: the clock was wrong, then or now. */
static bool
proof_is_old(const struct access_rule *rule, int64_t proved_us, int64_t now_us)
{
	int64_t age_us = now_us - proved_us;

	return rule->max_age_us != 0 && (age_us < 0 || age_us > rule->max_age_us);
}

static struct access_decision
apply(const struct access_rule *rule, const struct access_visitor *visitor, int64_t now_us)
{
	switch (rule->policy) {
	case ACCESS_BYPASS:
		return decided(ACCESS_PASSES, ACCESS_BY_RULE, rule);
	case ACCESS_ONE_FACTOR:
		return visitor->level == ACCESS_NOBODY ? decided(ACCESS_ASKS, ACCESS_UNKNOWN, rule)
						       : decided(ACCESS_PASSES, ACCESS_BY_RULE, rule);
	case ACCESS_TWO_FACTOR:
		if (visitor->level == ACCESS_NOBODY)
			return decided(ACCESS_ASKS, ACCESS_UNKNOWN, rule);
		if (visitor->level != ACCESS_FULL)
			return decided(ACCESS_ASKS, ACCESS_CODE, rule);
		return proof_is_old(rule, visitor->proved_us, now_us) ? decided(ACCESS_ASKS, ACCESS_OLD, rule)
								      : decided(ACCESS_PASSES, ACCESS_BY_RULE, rule);
	default:
		return decided(ACCESS_REFUSED, ACCESS_BY_RULE, rule);
	}
}

/* --- the decision ---------------------------------------------------------------------------------------------------- */

enum fit { FITS_NOT = 0, FITS_MAYBE, FITS };

/* Of an ambiguous path only the beginning is certain: a rule whose paths can begin so may be meant, and none is surely meant. */
static enum fit
path_fit(const struct access_rule *rule, const struct target *target)
{
	if (rule->paths.n == 0)
		return FITS;
	if (!target->unclear)
		return any_fits(&rule->paths, target->path, pattern_path_fits) ? FITS : FITS_NOT;
	for (size_t i = 0; i < rule->paths.n; i++)
		if (pattern_path_fits_all(rule->paths.at[i]))
			return FITS;
	return any_fits(&rule->paths, str_upto(target->path, target->certain), pattern_path_may_fit) ? FITS_MAYBE
												     : FITS_NOT;
}

static struct access_decision
rule_decide(const struct access_rule *rule, enum fit fit, const struct access_visitor *visitor, int64_t now_us)
{
	struct access_decision decision;

	if (names_persons(rule) && visitor->level == ACCESS_NOBODY)
		return decided(ACCESS_ASKS, ACCESS_UNKNOWN, rule);
	decision = apply(rule, visitor, now_us);
	if (fit == FITS_MAYBE && decision.outcome == ACCESS_REFUSED)
		decision.reason = ACCESS_UNCLEAR;
	return decision;
}

/* How little a decision leaves this visitor: its outcome, then what its rule asks for. */
static unsigned
strictness(const struct access_decision *decision)
{
	static const unsigned outcomes[ACCESS_OUTCOME_COUNT] = {
		[ACCESS_PASSES] = 0, [ACCESS_ASKS] = 1, [ACCESS_REFUSED] = 2
	};
	static const unsigned policies[ACCESS_POLICY_COUNT] = {
		[ACCESS_BYPASS] = 0, [ACCESS_ONE_FACTOR] = 1, [ACCESS_TWO_FACTOR] = 2, [ACCESS_DENY] = 3
	};

	return outcomes[decision->outcome] * ACCESS_POLICY_COUNT + policies[decision->rule->policy];
}

/* rule NULL: nothing is kept yet. */
static void
keep_stricter(struct access_decision *kept, const struct access_decision *one)
{
	if (kept->rule == NULL || strictness(one) > strictness(kept))
		*kept = *one;
}

/*
 * Each reading of an ambiguous path has a first rule of its own.  Rules that may be meant are passed, the first one that is surely meant
 * ends the search, and the strictest of them all decides: no reading would have been decided more strictly.
 */
struct access_decision
access_decide(const struct access_rules *rules, const struct access_request *request,
	      const struct access_visitor *visitor, int64_t now_us)
{
	struct access_decision strictest = { .rule = NULL };

	if (request->target->dots)
		return decided(ACCESS_REFUSED, ACCESS_DOTS, NULL);
	for (size_t i = 0; i < rules->n; i++) {
		const struct access_rule *rule = &rules->rules[i];
		enum fit fit = place_fits(rule, request) ? path_fit(rule, request->target) : FITS_NOT;
		bool judged = !names_persons(rule) || visitor->level == ACCESS_NOBODY || person_fits(rule, visitor);
		if (fit == FITS_NOT || !judged)
			continue;
		struct access_decision one = rule_decide(rule, fit, visitor, now_us);
		keep_stricter(&strictest, &one);
		if (fit == FITS)
			return strictest;
	}
	return decided(ACCESS_REFUSED, strictest.rule == NULL ? ACCESS_NO_RULE : ACCESS_UNCLEAR, NULL);
}
