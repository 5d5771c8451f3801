/*
 * Clients in the database (oidc/client.h), their secrets, and how they prove themselves.
 */
#ifndef KEEPER_OIDC_CLIENTS_H
#define KEEPER_OIDC_CLIENTS_H

#include "keeper/core/call.h"
#include "oidc/client.h"

/* Find a client by its client_id, or by its row.  *ret_found false: there is none.  A disabled one is found. */
MUST_USE err clients_find(struct call *call, str client_id, struct oidc_client *ret_client, bool *ret_found);
MUST_USE err clients_find_row(struct call *call, int64_t id, struct oidc_client *ret_client, bool *ret_found);

/* The credentials of a request: the members of oidc_token_body and oidc_inspect_body. */
struct client_proof {
	enum oidc_auth auth;
	str client_id, client_secret; /* form-decoded for OIDC_AUTH_BASIC: RFC 6749 s2.3.1 */
	str raw_id, raw_secret;       /* OIDC_AUTH_BASIC: as they are in the header */
};

/*
 * Authenticate a client.  An unknown client costs the same work as a wrong secret.  A refused attempt is counted by
 * address and client (keeper/session/throttle.h), and audited.
 *
 * OIDC_OK              *ret_client is set, and not disabled
 * OIDC_INVALID_CLIENT  unknown, disabled, wrong secret, or a method that the client does not accept
 */
MUST_USE err clients_authenticate(struct call *call, const struct client_proof *proof, struct oidc_client *ret_client,
				  enum oidc_error *ret_error);

#endif
