#include "keeper/oidc/policy.h"

#include "access/live_rules.h"
#include "keeper/core/factor_kind.h"

static struct access_visitor
policy_visitor(const struct session *session, str groups)
{
	return (struct access_visitor){ .level = session->state == STATE_FULL ? ACCESS_FULL : ACCESS_PASSWORD,
					.name = account_name_str(&session->name),
					.groups = groups,
					.verified_us = session_verified_us(session),
					.phishing_resistant_us = session_phishing_resistant_us(session) };
}

struct access_decision
policy_decide(struct call *call, const struct oidc_client *client, str groups, enum access_refusal *ret_refusal)
{
	const struct access_visitor visitor = policy_visitor(&call->now.session, groups);
	const struct access_request request = { .client = client->client_id, .address = call->head.address };
	struct live_rules *live = keeper_live_rules(call->keeper);
	struct access_decision decision;
	enum access_policy policy;
	unsigned line;

	decision = live_rules_decide(live, &request, &visitor, call->now_us, &policy, &line);
	*ret_refusal = ACCESS_CLOSED;
	if (decision.outcome == ACCESS_REFUSED)
		*ret_refusal = live_rules_refusal(live, &request, &visitor, call->now_us);
	return decision;
}

static bool
policy_amr_has(str amr, const char *method)
{
	while (amr.n > 0)
		if (str_equal(str_cut(&amr, ' '), str_of(method)))
			return true;
	return false;
}

bool
policy_still_accepts(struct call *call, const struct oidc_client *client, str name, str groups, str amr)
{
	bool full = policy_amr_has(amr, "mfa"), passkey = full && policy_amr_has(amr, factor_kind_passkey.amr);
	const struct access_visitor visitor = { .level = full ? ACCESS_FULL : ACCESS_PASSWORD,
						.name = name,
						.groups = groups,
						.verified_us = call->now_us,
						.phishing_resistant_us = passkey ? call->now_us : 0 };

	return live_rules_client_accepts(keeper_live_rules(call->keeper), client->client_id, &visitor, call->now_us);
}
