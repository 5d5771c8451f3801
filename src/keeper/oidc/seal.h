/*
 * The seal of an authorization request: `base64url(time ‖ flags ‖ HMAC-SHA-256)` over time, flags, session, client,
 * scopes and parameters.  Only the keeper makes it.  It shows three things:
 *
 *   when    the keeper first saw this request in this session: proofs for prompt=login and max_age must be newer
 *   what    exactly these parameters, of this client, for these scopes
 *   whom    this session.  A seal without a session was made on the sign-in page; it fits any session that began later.
 *
 * A seal is accepted for SEAL_US.  After that the request counts as new.
 */
#ifndef KEEPER_OIDC_SEAL_H
#define KEEPER_OIDC_SEAL_H

#include "keeper/core/call.h"

#define SEAL_US MINUTES_US(60)

enum seal_flag {
	SEAL_CHOSEN = 1, /* the user chose this account after the request: prompt=select_account */
	SEAL_CONSENT = 2 /* the page that it was made for asks for consent */
};

/* The request that a seal is made for. */
struct seal_subject {
	int64_t client; /* row */
	unsigned scopes;
	str parameters; /* as received */
};

struct seal {
	int64_t at_us;
	unsigned flags;  /* bits of enum seal_flag */
	bool of_session; /* seal_open: made for the session that asks */
};

/* Make the seal for the session of this call, or without a session.  The text is in the call's arena. */
MUST_USE err seal_make(struct call *call, const struct seal_subject *subject, const struct seal *seal, str *ret_text);

/*
 * *ret_good false: empty, of other parameters, of another session, or too old.  A seal without a session gets the flag
 * SEAL_CHOSEN, because its user signed in after the request.
 */
MUST_USE err seal_open(struct call *call, const struct seal_subject *subject, str text, struct seal *ret_seal,
		       bool *ret_good);

#endif
