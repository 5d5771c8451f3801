/*
 * The data of a person for applications: the claims of ID token and userinfo (OpenID Connect Core 1.0 s5.1).
 */
#ifndef KEEPER_OIDC_PERSON_H
#define KEEPER_OIDC_PERSON_H

#include "keeper/core/call.h"
#include "oidc/client.h"

enum { SUBJECT_LETTERS = 36 }; /* of a UUID: RFC 9562 s4 */

struct person {
	int64_t account_id;
	bool disabled;
	str subject;                           /* UUID; empty: not yet given */
	str name, display_name, email, groups; /* groups: "admins,staff" */
	enum preferred_language language;
	int64_t updated_us;
};

/* A random UUID, version 4, without a NUL.  ERR_CRYPTO. */
MUST_USE err subject_make(char ret_subject[SUBJECT_LETTERS]);

/*
 * *ret_found false: no such account.  Inside or outside a transaction; a missing subject stays empty.
 *
 * ERR_CORRUPT  invalid groups: a rule may deny access by a group that was left out
 */
MUST_USE err person_find(struct call *call, int64_t account_id, struct person *ret_person, bool *ret_found);

/* The same from its row.  The texts are those of the row, or copies in the arena. */
MUST_USE err person_from_row(struct call *call, const struct oidc_person_row *row, struct person *ret_person);

/* Inside a transaction: find the person, and give the account a subject if it has none. */
MUST_USE err person_settle(struct call *call, int64_t account_id, struct person *ret_person, bool *ret_found);

/* Where claims are sent: the members of the parameter `claims`. */
enum claims_place { CLAIMS_ID_TOKEN = 0, CLAIMS_USERINFO };

/*
 * Append the claims that these scopes grant, and the client's own claims, each as `,"name":value`.
 *
 *   scopes  granted ones.  A client with id_token_minimal gets their claims at userinfo only
 *   claims  the parameter `claims` (Core s5.5), a JSON object; empty: none.  It may name claims of granted scopes for
 *           this place.  A client without consent may name claims of all its scopes.  Values and `essential` have no
 *           effect
 */
MUST_USE err person_claims_put(const struct person *person, const struct oidc_client *client, unsigned scopes,
			       str claims, enum claims_place place, struct buf *out);

/*
 * Add the scopes of the claims that the parameter `claims` of the request names one by one.  Only a client that never
 * asks for consent gets such a claim without its scope.
 */
MUST_USE err person_scopes_told(const struct oidc_client *client, str claims, unsigned *scopes);

#endif
