/*
 * Changes of clients, for the command line.  Each function runs one transaction, including its audit entry.  A running
 * server reads clients from the database at each request, so changes take effect at once.
 *
 * client_id: as typed.  ERR_NOT_FOUND, with a message: there is no such client.
 */
#ifndef KEEPER_OIDC_CLIENT_ADMIN_H
#define KEEPER_OIDC_CLIENT_ADMIN_H

#include "base/arena.h"
#include "ipc/audit_events.h"
#include "keeper/core/keeper.h"
#include "keeper/oidc/client_secret.h"
#include "oidc/client.h"

/*
 * Add a checked client (oidc/client_draft.h).  A client that is not public gets a secret, otherwise it is "".
 *
 * ERR_EXISTS  its client_id exists
 */
MUST_USE err client_admin_add(struct keeper_thread *t, const struct oidc_client *client, struct why *why,
			      struct client_secret *ret_secret);

/*
 * Add a checked client of another program, disabled if client->disabled.  secret_hash: SHA-256, or a digest
 * (client_secret_is_digest); empty: none.
 *
 * ERR_EXISTS  its client_id exists; nothing was changed, and *why is empty
 */
MUST_USE err client_admin_import(struct keeper_thread *t, const struct oidc_client *client, str secret_hash,
				 enum audit_reason reason, struct why *why);

/*
 * Give an account the identifier (`sub`) that it had in another program, so that applications recognise it.
 *
 *   subject  UUID
 *   dry_run  check everything, write nothing; an account that does not exist yet counts as taken
 *
 * ERR_INVALID, ERR_NOT_FOUND  *why has the reason without its full stop.  Reasons: not a UUID; no such account; another
 *                             account has it; an application already knows the account by another one
 */
MUST_USE err client_admin_import_subject(struct keeper_thread *t, str account, str subject, bool dry_run,
					 struct why *why, bool *ret_changed);

/* A client as the commands show it.  The texts are in the arena. */
struct client_view {
	struct oidc_client client;
	int64_t created_us, disabled_us; /* disabled_us 0: it is not */
	struct client_view_secret {
		int64_t created_us, expires_us; /* expires_us 0: never */
		bool imported;
	} secrets[CLIENT_SECRETS_MAX];
	size_t secrets_n;
};

MUST_USE err client_admin_find(struct keeper_thread *t, str client_id, struct arena *arena, struct why *why,
			       struct client_view *ret_view);

/* Call each() for every client, ordered by client_id.  Texts are valid during the call. */
typedef err (*client_admin_each)(void *context, const struct client_view *view);
MUST_USE err client_admin_list(struct keeper_thread *t, struct why *why, client_admin_each each, void *context);

/*
 * Change a client: edit() makes the new one, with its texts in the arena or outside.  Its id and client_id stay.  A
 * client that becomes public loses its secrets.
 *
 * ERR_INVALID  from edit(), which has set the message; nothing was changed
 */
typedef err (*client_admin_edit)(void *context, const struct oidc_client *stored, struct arena *arena,
				 struct oidc_client *ret_client, struct why *why);
MUST_USE err client_admin_change(struct keeper_thread *t, str client_id, client_admin_edit edit, void *context,
				 struct why *why);

/*
 * Make another secret.  The previous secret stays valid for keep_us microseconds; an older one becomes invalid at once.
 *
 * ERR_INVALID  the client is public
 */
MUST_USE err client_admin_secret(struct keeper_thread *t, str client_id, int64_t keep_us, struct why *why,
				 struct client_secret *ret_secret);

/* Disabling makes all codes and tokens of the client invalid.  *ret_changed false: it was in this state already. */
MUST_USE err client_admin_disable(struct keeper_thread *t, str client_id, struct why *why, bool *ret_changed);
MUST_USE err client_admin_enable(struct keeper_thread *t, str client_id, struct why *why, bool *ret_changed);

/* Delete the client, with its secrets, tokens and consents. */
MUST_USE err client_admin_delete(struct keeper_thread *t, str client_id, struct why *why);

#endif
