/*
 * For `doubletour client check`: the claims that an account would get in a client, without a sign-in.  The functions
 * that make the tokens make them, so they are exact.  An account without a subject gets one; nothing else is written.
 */
#ifndef KEEPER_OIDC_CLIENT_PREVIEW_H
#define KEEPER_OIDC_CLIENT_PREVIEW_H

#include "keeper/core/keeper.h"
#include "keeper/oidc/person.h"

/* The texts are in the arena. */
struct client_preview {
	struct person person;
	str id_token, userinfo; /* a JSON object each */
};

/*
 * account: a user name as typed.  passkey: the account has signed in with a passkey, not with password and code.  The
 * client asks for all its scopes.
 *
 * ERR_NOT_FOUND  no such account: the message says so
 */
MUST_USE err client_preview_make(struct keeper_thread *t, const struct oidc_client *client, str account, bool passkey,
				 struct arena *arena, struct why *why, struct client_preview *ret_preview);

#endif
