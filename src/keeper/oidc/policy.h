/*
 * May this person sign in to this client?  The access rules decide: rules with `client: NAME` in place of `domain`.
 * Without a rule for the client, both factors are needed.
 */
#ifndef KEEPER_OIDC_POLICY_H
#define KEEPER_OIDC_POLICY_H

#include "access/access.h"
#include "keeper/core/call.h"
#include "oidc/client.h"

/*
 * Decide for the session of this call, when a request is approved.
 *
 *   groups  of the account, readable ones: "admins,staff"
 *
 * ACCESS_ASKS  the reason is ACCESS_CODE, ACCESS_OLD, ACCESS_PASSKEY or ACCESS_PASSKEY_OLD
 */
struct access_decision policy_decide(struct call *call, const struct oidc_client *client, str groups,
				     enum access_refusal *ret_refusal);

/*
 * For a grant, when a code or a refresh token is used: would the rules still accept this person, whatever the age of
 * the proof, from any network?  amr: of the grant, with a space between.
 */
bool policy_still_accepts(struct call *call, const struct oidc_client *client, str name, str groups, str amr);

#endif
