/*
 * Authorization requests: reads the parameters, and checks them as far as no session is needed.  Pure.
 * OAuth 2.0 (RFC 6749 s4.1.1), OpenID Connect Core 1.0 s3.1.2.1, PKCE (RFC 7636 s4.3), RFC 9207.
 */
#ifndef OIDC_REQUEST_H
#define OIDC_REQUEST_H

#include "base/arena.h"
#include "base/err.h"
#include "oidc/client.h"

enum oidc_prompt { OIDC_PROMPT_NONE = 1, OIDC_PROMPT_LOGIN = 2, OIDC_PROMPT_CONSENT = 4, OIDC_PROMPT_SELECT = 8 };

/* The parameters, decoded.  An absent or empty one has n = 0.  The texts are in the arena. */
struct oidc_request {
	str client_id, redirect_uri, response_type, response_mode, scope, state, nonce;
	str code_challenge, code_challenge_method, prompt, max_age, claims, acr_values;
	str id_token_hint, login_hint, ui_locales;
	bool request, request_uri, registration; /* present */
	/* set by oidc_request_check */
	enum oidc_mode mode;
	unsigned scopes;                  /* requested ones that the client may have */
	unsigned prompts;                 /* bits of enum oidc_prompt */
	int64_t max_age_s;                /* of the parameter, or the client's own; -1: none */
	enum preferred_language language; /* of ui_locales */
};

/*
 * Read the form-encoded parameters.  Unknown ones are ignored.
 *
 * *ret_problem  OIDC_PROBLEM_MALFORMED, OIDC_PROBLEM_TWICE (any parameter, also unknown ones), or OIDC_PROBLEM_NONE
 */
MUST_USE err oidc_request_read(str parameters, struct arena *arena, struct oidc_request *ret_request,
			       enum oidc_problem *ret_problem);

/*
 * Check the request of a known client with a registered redirect URI, in the order of the table in
 * docs/reference/openid-connect.md.  Sets the last members of the request; mode and a printable state of at most
 * OIDC_STATE_MAX bytes are set before the first error, because the error is sent with them.
 *
 * OIDC_OK, or the error; *ret_description: ASCII without quotes and backslashes (RFC 6749 s4.1.2.1).
 */
enum oidc_error oidc_request_check(const struct oidc_client *client, struct oidc_request *request,
				   const char **ret_description);

#endif
