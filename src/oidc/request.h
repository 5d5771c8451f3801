/*
 * Authorization requests: reads the parameters, and makes the checks that need no session.  Pure.
 * OAuth 2.0 (RFC 6749 s4.1.1), OpenID Connect Core 1.0 s3.1.2.1 and s5.5, PKCE (RFC 7636 s4.3), RFC 9207.
 */
#ifndef OIDC_REQUEST_H
#define OIDC_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "oidc/client.h"

enum { OIDC_PARAMETERS_COUNT_MAX = 100 };

enum oidc_prompt { OIDC_PROMPT_NONE = 1, OIDC_PROMPT_LOGIN = 2, OIDC_PROMPT_CONSENT = 4, OIDC_PROMPT_SELECT = 8 };

/*
 * Authentication context classes, as bits: one factor, two factors, a passkey.  A session that reaches one of them
 * reaches the lower ones too.  Sources: https://refeds.org/profile/sfa and .../mfa; OpenID Connect EAP ACR Values 1.0.
 */
enum oidc_acr { OIDC_ACR_SFA = 1, OIDC_ACR_MFA = 2, OIDC_ACR_PHR = 4 };

/* "https://refeds.org/profile/mfa"; "" for another number. */
const char *oidc_acr_name(enum oidc_acr acr);

/* The highest requested class that a session of class `reached` satisfies.  If it satisfies none: `reached`. */
enum oidc_acr oidc_acr_answer(unsigned asked, enum oidc_acr reached);

/* The parameters, decoded.  An absent or empty one has n = 0.  The texts are in the arena. */
struct oidc_request {
	str client_id, redirect_uri, response_type, response_mode, scope, state, nonce;
	str code_challenge, code_challenge_method, prompt, max_age, claims, acr_values;
	str id_token_hint, login_hint, ui_locales;
	str request, request_uri, registration; /* not supported */
	/* set by oidc_request_check */
	enum oidc_mode mode;
	unsigned scopes;                  /* requested ones that the client may have */
	unsigned prompts;                 /* bits of enum oidc_prompt; other words are ignored */
	int64_t max_age_s;                /* of the parameter, or the client's own; -1: none */
	unsigned acrs;                    /* requested classes: bits of enum oidc_acr; other names are ignored */
	bool acr_essential;               /* one of the requested classes is required */
	str sub;                          /* `sub` that the parameter claims requires; empty: any */
	enum preferred_language language; /* of ui_locales */
};

/*
 * Read the form-encoded parameters.  Unknown ones are ignored.
 *
 * *ret_problem  OIDC_PROBLEM_MALFORMED (a broken percent sequence, or over OIDC_PARAMETERS_COUNT_MAX parameters),
 *               OIDC_PROBLEM_TWICE (any parameter, also unknown ones), or OIDC_PROBLEM_NONE
 */
MUST_USE err oidc_request_read(str parameters, struct arena *arena, struct oidc_request *ret_request,
			       enum oidc_problem *ret_problem);

/*
 * Check the request of a known client with a registered redirect URI, in the order of the table in
 * docs/reference/openid-connect.md.  Sets the last members of the request.  The error is sent with its mode and state:
 * an unknown mode becomes OIDC_MODE_QUERY, and a state that is too long or not printable is removed.
 *
 * OIDC_OK, or the error; *ret_description: ASCII without quotes and backslashes (RFC 6749 s4.1.2.1).
 */
enum oidc_error oidc_request_check(const struct oidc_client *client, struct arena *arena, struct oidc_request *request,
				   const char **ret_description);

/* Append `name=value`, form-encoded, after `&` unless it is the first one. */
void oidc_parameter_put(struct buf *out, str name, str value);

#endif
