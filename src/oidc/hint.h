/*
 * An ID token that comes back: id_token_hint of an authorization request (OpenID Connect Core 1.0 s3.1.2.1) or of a
 * logout.  Its signature is verified first: keeper/oidc/signing_keys.h.
 */
#ifndef OIDC_HINT_H
#define OIDC_HINT_H

#include "base/arena.h"
#include "base/err.h"

/* Texts of the token; an absent member, or one that is not a text, has n = 0. */
struct oidc_hint {
	str iss, sub, aud, sid;
};

/* claims: a JSON object without a member twice.  The texts are in the arena.  ERR_INVALID: it is not. */
MUST_USE err oidc_hint_read(str claims, struct arena *arena, struct oidc_hint *ret_hint);

#endif
