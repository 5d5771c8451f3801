/*
 * Secrets of clients.  A generated one has 256 bits, is shown once, and is stored as its SHA-256: a slow hash would
 * only make applications time out.  An imported digest (PBKDF2, as Authelia writes it) is replaced by SHA-256 at its
 * first use.
 */
#ifndef KEEPER_OIDC_CLIENT_SECRET_H
#define KEEPER_OIDC_CLIENT_SECRET_H

#include "base/digest.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

enum {
	CLIENT_SECRET_CHARACTERS = 43, /* 32 bytes as base64url */
	CLIENT_SECRETS_MAX = 2,        /* valid ones of a client */
	CLIENT_DIGEST_MAX_BYTES = 512, /* of a text with a PBKDF2 digest */
	CLIENT_DIGEST_ITERATIONS_MAX = 2000000
};

struct client_secret {
	char z[CLIENT_SECRET_CHARACTERS + 1]; /* "": none */
};

/* ERR_CRYPTO. */
MUST_USE err client_secret_make(struct client_secret *ret_secret);
void client_secret_wipe(struct client_secret *secret);

/*
 * Is it a PBKDF2 digest that client_secret_digest_fits can check?
 * $pbkdf2-sha512$ITERATIONS$SALT$KEY with sha1, sha256 or sha512 ($pbkdf2$ is sha1), and base64 with '.' for '+'.
 */
bool client_secret_is_digest(str text);

/*
 * Check a secret against such a digest; takes up to a second.
 *
 * ERR_INVALID  not such a digest
 */
MUST_USE err client_secret_digest_fits(str digest, str secret, bool *ret_fits);

#endif
