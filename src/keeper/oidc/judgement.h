/*
 * Judges an authorization request: docs/reference/openid-connect.md has the checks in their order.  It reads the
 * database and changes nothing.  keeper/oidc/authorize.c carries out the result.
 *
 *	struct judgement j = { .call = call, .parameters = asked->parameters, .seal_text = seal, .step = answer };
 *	TRY(judgement_make(&j));
 *	if (j.step->outcome == OIDC_READY) ...
 */
#ifndef KEEPER_OIDC_JUDGEMENT_H
#define KEEPER_OIDC_JUDGEMENT_H

#include "keeper/core/call.h"
#include "keeper/oidc/seal.h"
#include "oidc/request.h"

struct judgement {
	struct call *call;
	str parameters, seal_text;
	enum oidc_decision decision;
	bool last;                   /* a refusal by the rules is the answer, and is not left to oidc-grant */
	struct oidc_step_body *step; /* the answer; the other members are set before its outcome */
	bool decided;                /* the outcome is final */
	struct oidc_client client;
	struct oidc_request request;
	struct seal seal;           /* of the previous page, or new */
	str subject, email, groups; /* of the account */
	unsigned given;             /* scopes that the person allowed earlier */
	bool approved;              /* the person allows the requested scopes now */
	bool cancelled, refused;    /* by the person, by the rules */
	bool granted;               /* the answer has a code */
	/* OIDC_READY */
	unsigned scopes; /* to grant */
	int64_t auth_us; /* auth_time */
	const char *acr;
};

MUST_USE err judgement_make(struct judgement *j);

/* Answer with a redirect that carries this error; client and redirect URI have been verified. */
MUST_USE err judgement_error(struct judgement *j, enum oidc_error error, const char *description);

/* Answer with a redirect that carries this code. */
MUST_USE err judgement_code(struct judgement *j, str code);

/*
 * The database failed.  If client and redirect URI can still be checked, answer temporarily_unavailable by redirect.
 * Otherwise return e, or the error of these checks.
 */
MUST_USE err judgement_unavailable(struct judgement *j, err e);

#endif
