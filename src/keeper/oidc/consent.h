/*
 * Consent: the scopes that a person allowed a client. One row per account and client, kept until it is withdrawn.
 */
#ifndef KEEPER_OIDC_CONSENT_H
#define KEEPER_OIDC_CONSENT_H

#include "keeper/core/call.h"
#include "oidc/request.h"

/* The scopes that the account of this session allowed the client; 0: none. */
MUST_USE err consent_find(struct call *call, const struct oidc_client *client, unsigned *ret_scopes);

/* Inside a transaction: the account of this session allows these scopes, in addition to earlier ones. */
MUST_USE err consent_give(struct call *call, const struct oidc_client *client, unsigned scopes);

/*
 * Must the person be asked now?
 *
 *   prompts  of the request: OIDC_PROMPT_CONSENT always asks, whatever the client's setting is
 *   given    what consent_find found
 */
bool consent_is_needed(const struct oidc_client *client, unsigned prompts, unsigned scopes, unsigned given);

/* The scopes to grant: without OIDC_SCOPE_OFFLINE, unless it was allowed, or the client has it without consent. */
unsigned consent_scopes(const struct oidc_client *client, unsigned scopes, unsigned given);

/* All data that a client gets of an account, for the person who decides. */
struct consent_told {
	unsigned
	    scopes; /* requested ones, those of single named claims, and OIDC_SCOPE_GROUPS if a rule gives the groups */
	str claims; /* the other claims of the client's rules, in the arena of the call */
	unsigned more; /* claims that did not fit into the text */
};

/*
 *   scopes, claims  requested; claims is the parameter, "": none
 *   max             bytes of the text ret_told->claims, at most OIDC_CLAIMS_MAX
 */
MUST_USE err consent_told(struct call *call, const struct oidc_client *client, unsigned scopes, str claims, str groups,
			  size_t max, struct consent_told *ret_told);

#endif
