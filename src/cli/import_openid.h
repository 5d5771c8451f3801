/*
 * For `doubletour import authelia`: the clients of its configuration file (identity_providers.oidc.clients), and the
 * identifiers (`sub`) in the output of `authelia storage user identifiers export`.
 */
#ifndef CLI_IMPORT_OPENID_H
#define CLI_IMPORT_OPENID_H

#include "cli/import.h"
#include "oidc/client_draft.h"

struct import_openid_counts {
	int64_t clients, clients_there, clients_refused;
	int64_t clients_without_secret; /* imported, but they need a new secret */
	int64_t clients_disabled;       /* imported, but they need an access rule first */
	int64_t subjects, subjects_there, subjects_refused;
};

struct import_openid {
	const struct config *config;
	const char *clients, *subjects; /* files; NULL: none */
	import_rename rename;           /* of accounts; NULL: none */
	void *rename_context;
	bool dry_run;
	struct arena *arena;
	struct import_openid_counts counts;
};

/*
 * Import the clients, then the identifiers of existing accounts.  Prints a line on standard error for each client or
 * account that was skipped, and for each value that was not taken.
 */
MUST_USE err import_openid_run(struct import_openid *import, struct why *why);

/* A client of Authelia's configuration file.  The texts live as long as the document and the arena. */
struct authelia_client {
	struct client_draft draft;
	str secret;          /* as in the file: a digest, $plaintext$ and the secret, or the secret */
	str policy;          /* authorization_policy; empty: two_factor */
	unsigned line;       /* of the file */
	const char *refused; /* why it cannot be imported; NULL: it can */
	bool insecure;       /* a redirect URI has no TLS, so insecure_redirect is set */
	char left[400];      /* values that were not taken: "lifespan, scopes (phone)" */
};

/*
 * Read the clients of a configuration file, and pass each of them to take().
 *
 * ERR_INVALID  with a sentence: not YAML, or it has no clients
 */
typedef err (*authelia_client_take)(void *context, const struct authelia_client *client);
MUST_USE err authelia_clients_read(const char *path, str text, struct arena *arena, authelia_client_take take,
				   void *context, struct why *why);

#endif
