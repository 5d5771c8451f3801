/*
 * A client: an application that signs people in here.  Pure: keeper/oidc/clients.h reads and stores it.
 */
#ifndef OIDC_CLIENT_H
#define OIDC_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "ipc/terms.h"

enum oidc_consent { OIDC_CONSENT_ONCE = 0, OIDC_CONSENT_NEVER, OIDC_CONSENT_ALWAYS };
enum oidc_alg { OIDC_RS256 = 0, OIDC_ES256, OIDC_EDDSA, OIDC_ALG_COUNT };

/* "RS256", "ES256", "EdDSA": RFC 7518 s3.1, RFC 8037 s3.1. */
const char *oidc_alg_name(enum oidc_alg alg);

/* Find the algorithm with this name.  False: the name is unknown. */
bool oidc_alg_read(str name, enum oidc_alg *ret_alg);

/* The scopes, as bits. */
enum oidc_scope {
	OIDC_SCOPE_OPENID = 1,
	OIDC_SCOPE_PROFILE = 2,
	OIDC_SCOPE_EMAIL = 4,
	OIDC_SCOPE_GROUPS = 8,
	OIDC_SCOPE_OFFLINE = 16,
	OIDC_SCOPE_ALL = 31
};

/* Read a list of scopes, separated by spaces, into bits.  Unknown words are ignored. */
unsigned oidc_scopes_read(str list);

/* Append "openid profile email groups offline_access" for these bits, in this order. */
void oidc_scopes_put(struct buf *out, unsigned scopes);

struct oidc_client {
	int64_t id;
	str client_id;
	str name;
	str preset;                     /* empty: generic */
	str launch_url;                 /* empty: no tile */
	str redirect_uris, logout_uris; /* one per line, without an end of line at the end */
	str backchannel_uri;
	bool public;         /* it has no secret */
	enum oidc_auth auth; /* the only method accepted; OIDC_AUTH_NONE: Basic or body */
	unsigned scopes;     /* allowed ones */
	bool pkce_optional;
	enum oidc_consent consent;
	enum oidc_alg alg; /* of ID tokens */
	bool id_token_minimal;
	bool refresh_fixed, refresh_session;
	bool offline_without_consent;
	bool insecure_redirect;
	int64_t max_age_s; /* -1: none */
	int64_t access_token_s;
	str claims; /* own claims, one rule per line: oidc/claim_rules.h */
	bool disabled;
};

#endif
