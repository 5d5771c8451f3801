/*
 * The endpoints that applications ask: token (RFC 6749 s3.2), userinfo (OpenID Connect Core 1.0 s5.3), introspection
 * (RFC 7662) and revocation (RFC 7009).  The keeper decides; this file translates between HTTP and its questions.
 */
#include "web/core/ask.h"
#include "web/oidc/api.h"
#include "web/oidc/credentials.h"
#include "web/pages/handlers.h"

/* A value may fill the body: the keeper's limits are applied by credentials_bounded. */
#define PARAMETER(type, member) FIELD(type, member, HTTP_BODY_MAX_BYTES, optional)

struct token_request {
	str grant_type, code, redirect_uri, code_verifier, refresh_token, scope, client_id, client_secret;
};
static const struct field token_fields[] = {
	PARAMETER(struct token_request, grant_type),    PARAMETER(struct token_request, code),
	PARAMETER(struct token_request, redirect_uri),  PARAMETER(struct token_request, code_verifier),
	PARAMETER(struct token_request, refresh_token), PARAMETER(struct token_request, scope),
	PARAMETER(struct token_request, client_id),     PARAMETER(struct token_request, client_secret),
};
const struct form oidc_token_form = FORM(struct token_request, token_fields);

struct inspect_request {
	str token, token_type_hint, client_id, client_secret;
};
static const struct field inspect_fields[] = {
	PARAMETER(struct inspect_request, token),
	PARAMETER(struct inspect_request, token_type_hint),
	PARAMETER(struct inspect_request, client_id),
	PARAMETER(struct inspect_request, client_secret),
};
const struct form oidc_inspect_form = FORM(struct inspect_request, inspect_fields);

struct userinfo_request {
	str access_token;
};
static const struct field userinfo_fields[] = { PARAMETER(struct userinfo_request, access_token) };
const struct form oidc_userinfo_form = FORM(struct userinfo_request, userinfo_fields);

/* --- errors ------------------------------------------------------------------------------------------------------- */

static const char *
token_sentence(enum oidc_error error)
{
	switch (error) {
	case OIDC_INVALID_REQUEST:
		return "A parameter is missing, or the client authenticates in two ways.";
	case OIDC_INVALID_CLIENT:
		return "The client is unknown, or its authentication failed.";
	case OIDC_INVALID_GRANT:
		return "The code or the token is invalid, expired, or belongs to another request.";
	case OIDC_UNAUTHORIZED_CLIENT:
		return "This client may not use this grant type.";
	case OIDC_UNSUPPORTED_GRANT_TYPE:
		return "Supported are authorization_code and refresh_token.";
	case OIDC_INVALID_SCOPE:
		return "None of these scopes was granted.";
	case OIDC_INVALID_TOKEN:
		return "The access token is unknown, expired or revoked.";
	case OIDC_INSUFFICIENT_SCOPE:
		return "The access token needs the scope openid.";
	default:
		return "The request was refused.";
	}
}

/* RFC 6749 s5.2: a client that used the header is told which scheme it needs. */
static err
token_error(struct exchange *x, enum oidc_error error)
{
	if (error == OIDC_INVALID_CLIENT && request_header_count(x->rq, "Authorization") > 0)
		TRY(reply_header(x->rq, x->rp, STR("WWW-Authenticate"), STR("Basic realm=\"client\"")));
	return api_error(x, error, token_sentence(error));
}

/* --- token -------------------------------------------------------------------------------------------------------- */

static enum oidc_grant
token_grant_of(str grant_type)
{
	if (str_equal(grant_type, STR("authorization_code")))
		return OIDC_GRANT_CODE;
	return str_equal(grant_type, STR("refresh_token")) ? OIDC_GRANT_REFRESH : OIDC_GRANT_OTHER;
}

static struct oidc_token_body
token_question(const struct token_request *form, const struct credentials *c)
{
	return (struct oidc_token_body){ .auth = c->auth,
					 .client_id = c->client_id,
					 .client_secret = c->client_secret,
					 .raw_id = c->raw_id,
					 .raw_secret = c->raw_secret,
					 .grant = token_grant_of(form->grant_type),
					 .code = credentials_bounded(form->code, OIDC_TOKEN_MAX),
					 .redirect_uri = credentials_bounded(form->redirect_uri, OIDC_URI_MAX),
					 .verifier = credentials_bounded(form->code_verifier, OIDC_VERIFIER_MAX),
					 .refresh_token = credentials_bounded(form->refresh_token, OIDC_TOKEN_MAX),
					 .scopes = credentials_bounded(form->scope, OIDC_SCOPES_MAX) };
}

static void
token_put_text(struct buf *out, const char *name, str value)
{
	buf_printf(out, ",\"%s\":", name);
	buf_put_json(out, value);
}

static err
token_reply(struct exchange *x, const struct oidc_tokens_body *tokens)
{
	struct buf *out = &x->rp->body;

	buf_put(out, STR("{\"token_type\":\"Bearer\",\"expires_in\":"));
	buf_put_number(out, tokens->expires_s);
	token_put_text(out, "access_token", tokens->access_token);
	token_put_text(out, "scope", tokens->scopes);
	if (tokens->id_token.n > 0)
		token_put_text(out, "id_token", tokens->id_token);
	if (tokens->refresh_token.n > 0)
		token_put_text(out, "refresh_token", tokens->refresh_token);
	buf_put_byte(out, '}');
	return api_reply(x, 200);
}

err
oidc_token_post(struct exchange *x, struct channel *keeper)
{
	const struct token_request *form = x->form;
	struct oidc_tokens_body tokens = { 0 };
	struct credentials credentials;
	struct oidc_token_body body;
	enum oidc_error error;
	enum verdict verdict;

	TRY(credentials_read(x, form->client_id, form->client_secret, &credentials, &error));
	if (error != OIDC_OK)
		return token_error(x, error);
	body = token_question(form, &credentials);
	TRY(exchange_ask(x, keeper, QUESTION_OIDC_TOKEN, &body, &verdict, &tokens));
	error = (enum oidc_error)tokens.error;
	if (verdict != VERDICT_PASSED)
		return ERR_PROTOCOL;
	if (error == OIDC_UNSUPPORTED_GRANT_TYPE && form->grant_type.n == 0)
		error = OIDC_INVALID_REQUEST;
	return error == OIDC_OK ? token_reply(x, &tokens) : token_error(x, error);
}

/* --- introspection and revocation --------------------------------------------------------------------------------- */

/* *ret_error not OIDC_OK: the question would be wrong. */
static err
token_inspect_question(struct exchange *x, struct oidc_inspect_body *ret_body, enum oidc_error *ret_error)
{
	const struct inspect_request *form = x->form;
	struct credentials c = { .auth = OIDC_AUTH_NONE };

	TRY(credentials_read(x, form->client_id, form->client_secret, &c, ret_error));
	if (*ret_error == OIDC_OK && form->token.n == 0)
		*ret_error = OIDC_INVALID_REQUEST;
	*ret_body =
	    (struct oidc_inspect_body){ .auth = c.auth,
					.client_id = c.client_id,
					.client_secret = c.client_secret,
					.raw_id = c.raw_id,
					.raw_secret = c.raw_secret,
					.token = credentials_bounded(form->token, OIDC_TOKEN_MAX),
					.refresh_hint = str_equal(form->token_type_hint, STR("refresh_token")) };
	return ERR_OK;
}

static err
token_claims_reply(struct exchange *x, const struct oidc_claims_body *claims)
{
	buf_put(&x->rp->body, claims->json);
	return api_reply(x, 200);
}

static err
token_inspect(struct exchange *x, struct channel *keeper, enum question_id question)
{
	struct oidc_claims_body claims = { 0 };
	struct oidc_inspect_body body;
	enum oidc_error error;
	enum verdict verdict;

	TRY(token_inspect_question(x, &body, &error));
	if (error != OIDC_OK)
		return token_error(x, error);
	TRY(exchange_ask(x, keeper, question, &body, &verdict, &claims));
	if (verdict != VERDICT_PASSED)
		return ERR_PROTOCOL;
	error = (enum oidc_error)claims.error;
	return error == OIDC_OK ? token_claims_reply(x, &claims) : token_error(x, error);
}

err
oidc_introspection_post(struct exchange *x, struct channel *keeper)
{
	return token_inspect(x, keeper, QUESTION_OIDC_INTROSPECT);
}

err
oidc_revocation_post(struct exchange *x, struct channel *keeper)
{
	return token_inspect(x, keeper, QUESTION_OIDC_REVOKE);
}

/* --- userinfo ----------------------------------------------------------------------------------------------------- */

/* RFC 6750 s3.1: without a token, no error is named. */
static err
token_ask_for_bearer(struct exchange *x)
{
	TRY(reply_header(x->rq, x->rp, STR("WWW-Authenticate"), STR("Bearer realm=\"userinfo\"")));
	return api_error(x, OIDC_INVALID_TOKEN, "Send an access token in the header Authorization.");
}

static err
token_bearer_error(struct exchange *x, enum oidc_error error)
{
	CLEANUP(buf_wipe) struct buf value = BUF(512);

	buf_put(&value, STR("Bearer realm=\"userinfo\", error=\""));
	buf_put(&value, str_of(oidc_error_name(error)));
	buf_put(&value, STR("\", error_description=\""));
	buf_put(&value, str_of(token_sentence(error)));
	buf_put(&value, error == OIDC_INSUFFICIENT_SCOPE ? STR("\", scope=\"openid\"") : STR("\""));
	TRY(buf_check(&value));
	TRY(reply_header(x->rq, x->rp, STR("WWW-Authenticate"), buf_str(&value)));
	return api_error(x, error, token_sentence(error));
}

/* The token of the header; p == NULL: the header has none.  RFC 6750 s2.1. */
static str
token_of_header(const struct exchange *x)
{
	str token = request_header(x->rq, "Authorization");
	str scheme = str_cut(&token, ' ');

	return str_equal_nocase(scheme, STR("Bearer")) && token.p != NULL ? str_trim(token) : (str){ 0 };
}

/* The token of the header or the body.  Not of the query: addresses are logged and remembered. */
static enum oidc_error
token_bearer_read(const struct exchange *x, str *ret_token)
{
	const struct userinfo_request *form = x->form;
	str of_header = token_of_header(x), of_body = form == NULL ? (str){ 0 } : form->access_token;

	if ((of_header.n > 0 && of_body.n > 0) || request_header_count(x->rq, "Authorization") > 1)
		return OIDC_INVALID_REQUEST;
	*ret_token = of_header.n > 0 ? of_header : of_body;
	return OIDC_OK;
}

static err
token_userinfo_ask(struct exchange *x, struct channel *keeper, str token)
{
	const struct oidc_bearer_body body = { credentials_bounded(token, OIDC_TOKEN_MAX) };
	struct oidc_claims_body claims = { 0 };
	enum verdict verdict;

	TRY(exchange_ask(x, keeper, QUESTION_OIDC_USERINFO, &body, &verdict, &claims));
	if (verdict != VERDICT_PASSED)
		return ERR_PROTOCOL;
	if (claims.error != OIDC_OK)
		return token_bearer_error(x, (enum oidc_error)claims.error);
	return token_claims_reply(x, &claims);
}

err
oidc_userinfo_reply(struct exchange *x, struct channel *keeper)
{
	str token = { 0 };

	if (token_bearer_read(x, &token) != OIDC_OK)
		return token_bearer_error(x, OIDC_INVALID_REQUEST);
	return token.n == 0 ? token_ask_for_bearer(x) : token_userinfo_ask(x, keeper, token);
}
