/*
 * QUESTION_OIDC_USERINFO, _INTROSPECT and _REVOKE: use, describe and revoke tokens.
 *
 * A token is valid if its row is there and has not expired, and if account, session, client and access rules still
 * allow it.
 */
#include "keeper/handlers.h"

#include "keeper/oidc/clients.h"
#include "keeper/oidc/refresh.h"

/* A valid token. */
struct bearer {
	struct oidc_grant_row grant;
	struct oidc_client client;
	struct person person;
	unsigned scopes;
	bool refresh;   /* a refresh token */
	int64_t row_id; /* of an access token */
	int64_t made_us, expires_us;
};

/* --- finding a token ---------------------------------------------------------------------------------------------- */

static err
bearer_find_access(struct call *call, str token, struct bearer *b, int64_t *ret_session_id, bool *ret_found)
{
	uint8_t hash[DIGEST_BYTES];
	struct oidc_access_token_find_row row;

	TRY(digest_sha256(token, hash));
	const struct db_value args[] = { DB_BLOB(str_bytes(hash, sizeof(hash))) };
	TRY(db_row(call->db, SQL_OIDC_ACCESS_TOKEN_FIND, args, COUNT(args), &call->arena, &row, ret_found));
	if (!*ret_found)
		return ERR_OK;
	*b = (struct bearer){ .grant = row.grant,
			      .scopes = oidc_scopes_read(row.token_scopes),
			      .row_id = row.token_id,
			      .made_us = row.token_created_at_us,
			      .expires_us = row.token_expires_at_us };
	*ret_session_id = row.token_session_id;
	return client_from_row(&row.client, &b->client);
}

static err
bearer_find_grant(struct call *call, str token, struct oidc_grant_row *ret_grant, bool *ret_found)
{
	int64_t grant_id = 0, counter = 0;

	if (!refresh_token_read(token, &grant_id, &counter))
		return ERR_OK;
	const struct db_value args[] = { DB_INT(grant_id) };
	return db_row(call->db, SQL_OIDC_GRANT_FIND, args, COUNT(args), &call->arena, ret_grant, ret_found);
}

static err
bearer_find_refresh(struct call *call, str token, struct bearer *b, int64_t *ret_session_id, bool *ret_found)
{
	struct oidc_grant_row grant;
	uint8_t hash[DIGEST_BYTES];

	TRY(bearer_find_grant(call, token, &grant, ret_found));
	if (!*ret_found)
		return ERR_OK;
	TRY(digest_sha256(token, hash));
	*ret_found = refresh_is_valid(call, &grant, hash);
	*b = (struct bearer){ .grant = grant,
			      .refresh = true,
			      .scopes = oidc_scopes_read(grant.scopes),
			      .made_us = grant.refreshed_at_us,
			      .expires_us = refresh_end_us(&grant, grant.refreshed_at_us) };
	*ret_session_id = grant.session_id;
	if (!*ret_found)
		return ERR_OK;
	return clients_find_row(call, grant.client_id, &b->client, ret_found);
}

/* Do account, session, client and access rules still allow the found token?  It ends with its session. */
static err
bearer_stands(struct call *call, struct bearer *b, int64_t session_id, bool *ret_stands)
{
	int64_t until_us = 0;

	if (b->expires_us <= call->now_us || (b->refresh && !refresh_allowed(&b->client, &b->grant)))
		return ERR_OK;
	TRY(grants_person_find(call, b->grant.account_id, session_id, &b->person, &until_us));
	if (until_us == 0 || !grants_allow(call, &b->client, &b->person, b->grant.amr))
		return ERR_OK;
	if (b->person.subject.n == 0) /* a downgrade has removed it since; the next refresh gives another one */
		return ERR_OK;
	*ret_stands = true;
	b->scopes &= b->client.scopes;
	if (until_us < b->expires_us)
		b->expires_us = until_us;
	return ERR_OK;
}

/* *ret_valid false: unknown, expired, or no longer allowed. */
static err
bearer_find(struct call *call, str token, struct bearer *ret_bearer, bool *ret_valid)
{
	int64_t session_id = 0;
	bool found = false;

	if (str_starts(token, STR("dtr_")))
		TRY(bearer_find_refresh(call, token, ret_bearer, &session_id, &found));
	else
		TRY(bearer_find_access(call, token, ret_bearer, &session_id, &found));
	return found ? bearer_stands(call, ret_bearer, session_id, ret_valid) : ERR_OK;
}

/* --- userinfo ----------------------------------------------------------------------------------------------------- */

static err
bearer_userinfo_put(struct call *call, const struct bearer *b, str *ret_json)
{
	CLEANUP(buf_wipe) struct buf json = BUF(OIDC_JWT_MAX);

	const struct issue issue = { .client = &b->client, .grant = &b->grant, .scopes = b->scopes };

	TRY(issue_userinfo_put(&issue, &b->person, &json));
	return arena_copy(&call->arena, buf_str(&json), ret_json);
}

err
oidc_userinfo_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct oidc_bearer_body *asked = call->body;
	struct oidc_claims_body *answer = call->answer;
	struct bearer b = { .row_id = 0 };
	bool valid = false;

	call->now.session = (struct session){ 0 }; /* the answer never has a page's session */
	TRY(bearer_find(call, asked->access_token, &b, &valid));
	*ret_verdict = VERDICT_PASSED;
	if (!valid || b.refresh)
		answer->error = OIDC_INVALID_TOKEN;
	else if ((b.scopes & OIDC_SCOPE_OPENID) == 0)
		answer->error = OIDC_INSUFFICIENT_SCOPE;
	else
		return bearer_userinfo_put(call, &b, &answer->json);
	return ERR_OK;
}

/* --- introspection ------------------------------------------------------------------------------------------------ */

/* A public client cannot authenticate, which RFC 7662 s2.1 requires. */
static err
bearer_authenticate(struct call *call, bool secret, struct oidc_client *ret_client, enum oidc_error *ret_error)
{
	const struct oidc_inspect_body *asked = call->body;
	const struct client_proof proof = { (enum oidc_auth)asked->auth, asked->client_id, asked->client_secret,
					    asked->raw_id, asked->raw_secret };

	call->now.session = (struct session){ 0 }; /* the answer never has a page's session */
	TRY(clients_authenticate(call, &proof, ret_client, ret_error));
	if (*ret_error == OIDC_OK && secret && ret_client->public)
		*ret_error = OIDC_INVALID_CLIENT;
	return ERR_OK;
}

static void
bearer_put_text(struct buf *json, const char *name, str value)
{
	buf_printf(json, ",\"%s\":", name);
	buf_put_json(json, value);
}

static void
bearer_put_person(struct buf *json, const struct call *call, const struct bearer *b)
{
	bearer_put_text(json, "username", b->person.name);
	bearer_put_text(json, "sub", b->person.subject);
	bearer_put_text(json, "aud", b->client.client_id);
	bearer_put_text(json, "iss", str_of(keeper_config(call->keeper)->public_origin));
	if ((b->scopes & OIDC_SCOPE_EMAIL) != 0 && b->person.email.n > 0)
		bearer_put_text(json, "email", b->person.email);
}

/* RFC 7662 s2.2. */
static void
bearer_put_active(struct buf *json, const struct call *call, const struct bearer *b)
{
	buf_put(json, STR("{\"active\":true,\"scope\":\""));
	oidc_scopes_put(json, b->scopes);
	buf_put_byte(json, '"');
	bearer_put_text(json, "client_id", b->client.client_id);
	bearer_put_person(json, call, b);
	buf_put(json, STR(",\"exp\":"));
	buf_put_number(json, b->expires_us / SECONDS_US(1));
	buf_put(json, STR(",\"iat\":"));
	buf_put_number(json, b->made_us / SECONDS_US(1));
	if (!b->refresh)
		bearer_put_text(json, "token_type", STR("Bearer"));
	buf_put_byte(json, '}');
}

/*
 * A client's own token.  A resource server asks without knowing which kind of token it received, and would accept a
 * refresh token as an access token.  So a refresh token is active only for a client that expects one.
 */
static err
bearer_inspect(struct call *call, const struct oidc_client *client, str *ret_json)
{
	const struct oidc_inspect_body *asked = call->body;
	CLEANUP(buf_wipe) struct buf json = BUF(OIDC_JWT_MAX);
	struct bearer b = { .row_id = 0 };
	bool valid = false;

	TRY(bearer_find(call, asked->token, &b, &valid));
	if (valid && b.client.id == client->id && (!b.refresh || asked->refresh_hint != 0))
		bearer_put_active(&json, call, &b);
	else
		buf_put(&json, STR("{\"active\":false}"));
	TRY(buf_check(&json));
	return arena_copy(&call->arena, buf_str(&json), ret_json);
}

err
oidc_introspect_answer(struct call *call, enum verdict *ret_verdict)
{
	struct oidc_claims_body *answer = call->answer;
	enum oidc_error error = OIDC_INVALID_CLIENT;
	struct oidc_client client;

	TRY(bearer_authenticate(call, true, &client, &error));
	answer->error = error;
	if (error == OIDC_OK)
		TRY(bearer_inspect(call, &client, &answer->json));
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

/* --- revocation --------------------------------------------------------------------------------------------------- */

struct revocation {
	const struct oidc_client *client;
	struct bearer b;
	bool family;
};

static err
bearer_revoke_write(struct call *call, void *context, bool *ret_commit)
{
	const struct revocation *r = context;
	const struct db_value args[] = { DB_INT(r->b.row_id) };

	*ret_commit = true;
	if (!r->family)
		return db_run(call->db, SQL_OIDC_ACCESS_TOKEN_DELETE, args, COUNT(args), NULL);
	TRY(grants_delete(call, r->b.grant.id));
	return audit_write_client(call, AUDIT_OIDC_REVOKED, r->b.grant.account_id, r->client->client_id, REASON_ASKED);
}

/* A refresh token revokes its whole grant.  An old one does too: only this client ever received it. */
static err
bearer_revoke_find(struct call *call, str token, struct revocation *r, bool *ret_found)
{
	int64_t session_id = 0;

	r->family = str_starts(token, STR("dtr_"));
	return r->family ? bearer_find_grant(call, token, &r->b.grant, ret_found)
			 : bearer_find_access(call, token, &r->b, &session_id, ret_found);
}

static err
bearer_revoke(struct call *call, const struct oidc_client *client)
{
	const struct oidc_inspect_body *asked = call->body;
	struct revocation r = { .client = client };
	bool found = false, done = false;

	TRY(bearer_revoke_find(call, asked->token, &r, &found));
	if (!found || r.b.grant.client_id != client->id)
		return ERR_OK;
	call->subject_account_id = r.b.grant.account_id;
	TRY(call_transact(call, bearer_revoke_write, &r, &done));
	if (r.family)
		audit_log_client(call, AUDIT_OIDC_REVOKED, r.b.grant.account_id, client->client_id, REASON_ASKED);
	return ERR_OK;
}

err
oidc_revoke_answer(struct call *call, enum verdict *ret_verdict)
{
	struct oidc_claims_body *answer = call->answer;
	enum oidc_error error = OIDC_INVALID_CLIENT;
	struct oidc_client client;

	TRY(bearer_authenticate(call, false, &client, &error));
	answer->error = error;
	answer->json = STR("{}"); /* RFC 7009 s2.2: its content does not matter */
	if (error == OIDC_OK)
		TRY(bearer_revoke(call, &client));
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
