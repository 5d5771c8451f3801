/*
 * An application that signs people in: its client and its codes, inserted by SQL, and the questions that it asks.
 */
#ifndef TEST_KEEPER_APPLICATION_H
#define TEST_KEEPER_APPLICATION_H

#include "keeper/harness.h"

#include "keeper/core/call.h"
#include "oidc/client.h"

#define REDIRECT_URI "https://app.example.org/callback"
#define VERIFIER "a-verifier-of-forty-three-letters-or-more.~_0"

struct application {
	int64_t row;
	const char *client_id;
	const char *secret; /* NULL: a public client */
};

/* `changes`: columns of its row, as in UPDATE ... SET; NULL: none. */
void application_add(struct world *w, const struct application *a, const char *changes);

/* Sign a token as the token endpoint does. */
err application_sign(struct call *call, enum oidc_alg alg, str claims, struct buf *out);

/* The authorization request of a client with this client_id, and its redirect URI. */
#define AUTHORIZATION(client_id)                                                                                       \
	"client_id=" client_id "&redirect_uri=https%3A%2F%2Fapp.example.org%2Fcallback&response_type=code&"            \
	"scope=openid%20email&state=xyz&code_challenge_method=S256&"                                                   \
	"code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

/* The answer to QUESTION_OIDC_CHECK, _GRANT or _CONFIRM.  Begin with STEP; the texts are valid until the next one. */
struct step {
	struct buf raw;
	struct oidc_step_body body;
	char seal[OIDC_SEAL_MAX + 1];
};
#define STEP                                                                                                           \
	{                                                                                                              \
		.raw = BUF(WIRE_MAX_BYTES)                                                                             \
	}
void step_wipe(struct step *step);

/* Ask one of these questions.  Without VERDICT_PASSED the step is empty. */
enum verdict ask_step(struct keeper_thread *t, struct browser *b, enum question_id id, const void *body,
		      struct step *ret_step);

/* The code ("dtc_...") in the step's response; empty: the response has no code. */
str step_code(const struct step *step);

/* The code of an approved request.  Members of NULL or 0 get the right value. */
struct approved {
	const char *scopes; /* NULL: "openid profile email groups" */
	const char *nonce, *claims, *amr;
	bool offline;      /* its refresh token survives the session */
	bool no_challenge; /* the request was sent without PKCE */
};
struct approved_code {
	char z[48];
	int64_t grant_id;
};

/* Insert a grant and its code for the newest session of the account with this name. */
struct approved_code application_code(struct world *w, const struct application *a, const char *name,
				      const struct approved *approved);

/* The body of QUESTION_OIDC_TOKEN that redeems the code rightly, or uses the refresh token.  Borrows. */
struct oidc_token_body redeem_body(const struct application *a, const char *code);
struct oidc_token_body refresh_body(const struct application *a, const char *refresh_token);
/* The body of QUESTION_OIDC_INTROSPECT and _REVOKE. */
struct oidc_inspect_body inspect_body(const struct application *a, const char *token);

/* Ask; the answer is in b->oidc.  Returns the error, or OIDC_ERROR_COUNT if the question failed. */
enum oidc_error ask_token(struct keeper_thread *t, struct browser *b, const struct oidc_token_body *body);
enum oidc_error ask_userinfo(struct keeper_thread *t, struct browser *b, const char *access_token);
enum oidc_error ask_inspect(struct keeper_thread *t, struct browser *b, enum question_id id,
			    const struct oidc_inspect_body *body);

#endif
