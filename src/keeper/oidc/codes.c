/*
 * Codes: `dtc_` and 256 random bits.  The database has only their SHA-256.
 */
#include "base/digest.h"
#include "base/random.h"
#include "base/secret.h"
#include "keeper/oidc/grants.h"

enum { CODE_BYTES = 32, SID_BYTES = 16, CODES_MAX = 100, GRANTS_MAX = 500 };

/* The session's sid for this client.  Each client gets another one, so that two clients cannot compare them. */
static err
codes_sid(struct call *call, const struct oidc_client *client, str *ret_sid)
{
	uint8_t bytes[SID_BYTES];
	char text[STR_BASE64_LETTERS(SID_BYTES)];
	struct oidc_sid_find_row row;
	int64_t id = 0;
	bool found = false;

	TRY(random_fill(bytes, sizeof(bytes)));
	TRY(random_id(&id));
	str_base64url_write(bytes, sizeof(bytes), text);
	const struct db_value args[] = { DB_INT(id), DB_INT(call->now.session.id), DB_INT(client->id),
					 DB_TEXT(str_bytes(text, sizeof(text))) };
	TRY(db_run(call->db, SQL_OIDC_SID_INSERT, args, COUNT(args), NULL));
	TRY(db_row(call->db, SQL_OIDC_SID_FIND, args + 1, 2, &call->arena, &row, &found));
	*ret_sid = row.sid;
	return found ? ERR_OK : ERR_CORRUPT;
}

/* With offline_access, the tokens of the code survive the session, unless the client is bound to sessions. */
static bool
codes_survive(const struct approval *approval)
{
	return (approval->scopes & OIDC_SCOPE_OFFLINE) != 0 && !approval->client->refresh_session;
}

static int64_t
codes_later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* When the last token ends: at most with the session, but not before the first access token. */
static int64_t
codes_expires_us(struct call *call, const struct approval *approval)
{
	const struct config *config = keeper_config(call->keeper);
	const struct session *session = &call->now.session;
	int64_t first_us = call->now_us + OIDC_CODE_US + SECONDS_US(approval->client->access_token_s);
	int64_t session_us = codes_later(session->created_us + config->session_lifetime_us,
					 session_remembered_until_us(session, config));

	if (codes_survive(approval))
		return call->now_us + OIDC_REFRESH_LIFE_US;
	return codes_later(first_us, session_us);
}

static err
codes_grant_insert(struct call *call, const struct approval *approval, str sid, int64_t id)
{
	CLEANUP(buf_wipe) struct buf scopes = BUF(OIDC_SCOPES_MAX);

	oidc_scopes_put(&scopes, approval->scopes);
	TRY(buf_check(&scopes));
	const struct db_value args[] = {
		DB_INT(id),
		DB_INT(approval->client->id),
		DB_INT(call->now.session.account_id),
		codes_survive(approval) ? DB_NULL() : DB_INT(call->now.session.id),
		DB_TEXT(buf_str(&scopes)),
		DB_TEXT(approval->claims),
		DB_INT(approval->auth_us),
		DB_TEXT(approval->amr),
		DB_TEXT(approval->acr),
		DB_TEXT(sid),
		DB_INT(call->now_us),
		DB_INT(codes_expires_us(call, approval)),
		DB_INT(proofs_factor_id(&call->now.session.proofs)),
	};
	return db_run(call->db, SQL_OIDC_GRANT_INSERT, args, COUNT(args), NULL);
}

static err
codes_code_insert(struct call *call, const struct approval *approval, str code, int64_t grant_id)
{
	uint8_t hash[DIGEST_BYTES];
	int64_t id = 0;

	TRY(random_id(&id));
	TRY(digest_sha256(code, hash));
	const struct db_value args[] = { DB_INT(id),
					 DB_BLOB(str_bytes(hash, sizeof(hash))),
					 DB_INT(grant_id),
					 DB_INT(call->now.session.id),
					 DB_TEXT(approval->redirect_uri),
					 DB_TEXT(approval->challenge),
					 DB_TEXT(approval->nonce),
					 DB_INT(call->now_us + OIDC_CODE_US) };
	return db_run(call->db, SQL_OIDC_CODE_INSERT, args, COUNT(args), NULL);
}

static err
codes_code_new(struct call *call, str *ret_code)
{
	uint8_t bytes[CODE_BYTES];
	char text[4 + STR_BASE64_LETTERS(CODE_BYTES)] = "dtc_";
	err e = random_fill(bytes, sizeof(bytes));

	if (e == ERR_OK) {
		str_base64url_write(bytes, sizeof(bytes), text + 4);
		e = arena_copy(&call->arena, str_bytes(text, sizeof(text)), ret_code);
	}
	secret_wipe(bytes, sizeof(bytes));
	secret_wipe(text, sizeof(text));
	return e;
}

/* The new code's grant is the newest one, so it is not deleted. */
static err
codes_trim(struct call *call, const struct oidc_client *client)
{
	const struct session *session = &call->now.session;
	const struct db_value of_session[] = { DB_INT(session->id), DB_INT(CODES_MAX) };
	const struct db_value of_client[] = { DB_INT(session->account_id), DB_INT(client->id), DB_INT(GRANTS_MAX) };

	TRY(db_run(call->db, SQL_OIDC_CODE_TRIM, of_session, COUNT(of_session), NULL));
	return db_run(call->db, SQL_OIDC_GRANT_TRIM, of_client, COUNT(of_client), NULL);
}

err
grants_code_make(struct call *call, const struct approval *approval, str *ret_code)
{
	str sid = { 0 }, code = { 0 };
	int64_t grant_id = 0;

	TRY(random_id(&grant_id));
	TRY(codes_sid(call, approval->client, &sid));
	TRY(codes_code_new(call, &code));
	TRY(codes_grant_insert(call, approval, sid, grant_id));
	TRY(codes_code_insert(call, approval, code, grant_id));
	TRY(codes_trim(call, approval->client));
	*ret_code = code;
	return ERR_OK;
}
