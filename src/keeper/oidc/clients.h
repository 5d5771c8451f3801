/*
 * Clients in the database (oidc/client.h), and their authentication.  keeper/oidc/client_admin.h changes them.
 */
#ifndef KEEPER_OIDC_CLIENTS_H
#define KEEPER_OIDC_CLIENTS_H

#include "keeper/core/call.h"
#include "oidc/client.h"

/*
 * Find a client by its client_id, which may be any bytes, or by its row.  *ret_found false: no such client.  Disabled
 * clients are found too.
 */
MUST_USE err clients_find(struct call *call, str client_id, struct oidc_client *ret_client, bool *ret_found);
MUST_USE err clients_find_row(struct call *call, int64_t id, struct oidc_client *ret_client, bool *ret_found);

/* A client from its row.  The texts are those of the row.  ERR_CORRUPT: a word that this program does not write. */
MUST_USE err client_from_row(const struct oidc_client_row *row, struct oidc_client *ret_client);

/* The credentials of a request: the members of oidc_token_body and oidc_inspect_body. */
struct client_proof {
	enum oidc_auth auth;
	str client_id, client_secret; /* form-decoded for OIDC_AUTH_BASIC: RFC 6749 s2.3.1 */
	str raw_id, raw_secret;       /* OIDC_AUTH_BASIC: as they are in the header */
};

/*
 * Authenticate a client, outside a transaction.  An unknown client costs the same work as a wrong secret.  A refused
 * attempt is counted by address and client (keeper/session/throttle.h), and audited.  An empty secret counts as none,
 * because libraries of public clients send one.
 *
 * OIDC_OK              *ret_client is set, and not disabled
 * OIDC_INVALID_CLIENT  unknown, disabled, wrong secret, or a method that the client does not accept
 *
 * ERR_LOCKOUT          too many refused attempts: call->retry_us.  A generated secret passes during a lockout, because
 *                      it cannot be guessed; an imported one does not.
 * ERR_SLOW             on a channel of the quick pool: the client has an imported digest, which takes up to a second
 */
MUST_USE err clients_authenticate(struct call *call, const struct client_proof *proof, struct oidc_client *ret_client,
				  enum oidc_error *ret_error);

#endif
