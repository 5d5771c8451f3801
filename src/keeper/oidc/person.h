/*
 * The data of a person for applications: the claims of ID token and userinfo (OpenID Connect Core 1.0 s5.1).
 */
#ifndef KEEPER_OIDC_PERSON_H
#define KEEPER_OIDC_PERSON_H

#include "keeper/core/call.h"
#include "oidc/client.h"

struct person {
	int64_t account_id;
	bool disabled;
	str subject;                           /* UUID */
	str name, display_name, email, groups; /* groups: "admins,staff" */
	enum preferred_language language;
	int64_t updated_us;
};

/* *ret_found false: no such account.  Inside or outside a transaction; a missing subject stays empty. */
MUST_USE err person_find(struct call *call, int64_t account_id, struct person *ret_person, bool *ret_found);

/* Inside a transaction: find the person, and give the account a subject if it has none. */
MUST_USE err person_settle(struct call *call, int64_t account_id, struct person *ret_person, bool *ret_found);

/*
 * Append the claims that these scopes grant, and the client's own ones, each as `,"name":value`.  claims: the member
 * `id_token` or `userinfo` of the parameter `claims`, a JSON object; empty: none.
 */
MUST_USE err person_claims_put(const struct person *person, const struct oidc_client *client, unsigned scopes,
			       str claims, struct buf *out);

#endif
