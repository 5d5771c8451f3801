/*
 * QUESTION_OIDC_TOKEN: authenticates the client, then exchanges a code or a refresh token for tokens.  The client comes
 * first: a client that tries a second way to authenticate still has its code.
 */
#include "keeper/handlers.h"

#include "base/secret.h"
#include "keeper/core/counts.h"
#include "keeper/oidc/clients.h"
#include "keeper/oidc/refresh.h"

enum { VERIFIER_MIN = 43, CHALLENGE_LETTERS = STR_BASE64_LETTERS(DIGEST_BYTES) };

struct redemption {
	const struct oidc_client *client;
	uint8_t hash[DIGEST_BYTES]; /* of the code */
	struct token_signer signer;
	/* set in the transaction */
	struct oidc_code_find_row code;
	struct person person;
	int64_t until_us; /* when the tokens end at the latest; 0: they are refused */
	unsigned scopes;
	enum oidc_error error;
	enum audit_reason reason; /* REASON_ASKED: nothing is audited */
	str access_token, refresh_token, id_token;
};

static void
redemption_wipe(struct redemption *r)
{
	token_signer_wipe(&r->signer);
}

/* --- what the code is bound to ------------------------------------------------------------------------------------ */

static bool
token_is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_' || c == '~';
}

/* RFC 7636 s4.1. */
static bool
token_verifier_good(str verifier)
{
	for (size_t i = 0; i < verifier.n; i++)
		if (!token_is_unreserved(verifier.p[i]))
			return false;
	return verifier.n >= VERIFIER_MIN && verifier.n <= OIDC_VERIFIER_MAX;
}

/* A verifier without a challenge is wrong too: RFC 9700 s4.8.2. */
static err
token_verifier_fits(str challenge, str verifier, bool *ret_fits)
{
	uint8_t hash[DIGEST_BYTES];
	char letters[CHALLENGE_LETTERS];

	*ret_fits = challenge.n == 0 && verifier.n == 0;
	if (challenge.n != sizeof(letters) || !token_verifier_good(verifier))
		return ERR_OK;
	TRY(digest_sha256(verifier, hash));
	str_base64url_write(hash, sizeof(hash), letters);
	*ret_fits = secret_equal(letters, challenge.p, sizeof(letters));
	return ERR_OK;
}

/* REASON_ASKED: the code is presented as it was made. */
static err
token_code_check(const struct oidc_token_body *asked, const struct oidc_code_find_row *code,
		 enum audit_reason *ret_reason)
{
	bool fits = false;

	TRY(token_verifier_fits(code->challenge, asked->verifier, &fits));
	*ret_reason = fits ? REASON_ASKED : REASON_VERIFIER;
	if (!str_equal(code->redirect_uri, asked->redirect_uri))
		*ret_reason = REASON_REDIRECT_URI;
	return ERR_OK;
}

/* --- redeeming a code --------------------------------------------------------------------------------------------- */

static err
token_refuse(struct call *call, struct redemption *r, enum audit_reason reason, bool *ret_commit)
{
	r->reason = reason;
	*ret_commit = true;
	return audit_write_client(call, AUDIT_OIDC_CODE_REFUSED, r->code.grant.account_id, r->client->client_id,
				  reason);
}

/* Delete the code and all tokens that were issued for it. */
static err
token_kill(struct call *call, struct redemption *r, enum audit_reason reason, bool *ret_commit)
{
	TRY(grants_delete(call, r->code.grant.id));
	return token_refuse(call, r, reason, ret_commit);
}

static err
token_give(struct call *call, struct redemption *r, bool *ret_commit)
{
	const struct oidc_grant_row *grant = &r->code.grant;
	const struct issue issue = { r->client, grant, r->code.code_session_id, r->scopes, &r->signer };
	bool refresh = refresh_allowed(r->client, grant);

	TRY(issue_access_token(call, &issue, &r->access_token));
	TRY(issue_id_token(call, &issue, &r->person, r->access_token, r->code.nonce, &r->id_token));
	if (refresh)
		TRY(refresh_first(call, grant, &r->refresh_token));
	TRY(refresh_extend(call, &issue, refresh));
	r->error = OIDC_OK;
	*ret_commit = true;
	return ERR_OK;
}

/* Do account, session, client and access rules still allow it? */
static err
token_stand(struct call *call, struct redemption *r)
{
	const struct oidc_grant_row *grant = &r->code.grant;
	bool found = false;

	r->scopes = oidc_scopes_read(grant->scopes) & r->client->scopes;
	TRY(person_settle(call, grant->account_id, &r->person, &found));
	r->until_us = 0;
	if (!found)
		return ERR_OK;
	return grants_stand(call, r->client, &r->person, r->code.code_session_id, grant->amr, &r->until_us);
}

/* One UPDATE decides which of several simultaneous requests gets the code. */
static err
token_code_use(struct call *call, struct redemption *r, bool *ret_used)
{
	const struct db_value args[] = { DB_INT(call->now_us), DB_INT(r->code.code_id) };
	int64_t changed = 0;

	TRY(db_run(call->db, SQL_OIDC_CODE_USE, args, COUNT(args), &changed));
	*ret_used = changed == 1;
	return ERR_OK;
}

static err
token_redeem_own(struct call *call, struct redemption *r, bool *ret_commit)
{
	enum audit_reason reason = REASON_ASKED;
	bool used = false;

	if (!r->code.used && r->code.code_expires_at_us <= call->now_us)
		return ERR_OK;
	if (!r->code.used)
		TRY(token_code_check(call->body, &r->code, &reason));
	if (reason != REASON_ASKED)
		return token_kill(call, r, reason, ret_commit);
	TRY(token_code_use(call, r, &used));
	if (!used)
		return token_kill(call, r, REASON_SPENT, ret_commit);
	TRY(token_stand(call, r));
	return r->until_us != 0 ? token_give(call, r, ret_commit) : token_kill(call, r, REASON_NO_LONGER, ret_commit);
}

static err
token_code_find(struct call *call, struct redemption *r, bool *ret_found)
{
	const struct db_value args[] = { DB_BLOB(str_bytes(r->hash, sizeof(r->hash))) };

	return db_row(call->db, SQL_OIDC_CODE_FIND, args, COUNT(args), &call->arena, &r->code, ret_found);
}

static err
token_redeem_write(struct call *call, void *context, bool *ret_commit)
{
	struct redemption *r = context;
	bool found = false;

	r->error = OIDC_INVALID_GRANT;
	r->reason = REASON_ASKED;
	TRY(grants_lock(call, r->code.code_session_id, r->code.grant.id));
	TRY(token_code_find(call, r, &found));
	return found ? token_redeem_own(call, r, ret_commit) : ERR_OK;
}

static err
token_redeem_fill(struct call *call, const struct redemption *r)
{
	struct oidc_tokens_body *answer = call->answer;

	answer->access_token = r->access_token;
	answer->id_token = r->id_token;
	answer->refresh_token = r->refresh_token;
	answer->expires_s = issue_expires_s(call, r->client, r->until_us);
	return issue_scopes(call, r->scopes, &answer->scopes);
}

static err
token_redeem(struct call *call, const struct oidc_client *client, bool *ret_reused)
{
	const struct oidc_token_body *asked = call->body;
	struct oidc_tokens_body *answer = call->answer;
	CLEANUP(redemption_wipe) struct redemption r = { .client = client, .error = OIDC_INVALID_GRANT };
	bool found = false, done = false;

	answer->error = OIDC_INVALID_GRANT;
	TRY(digest_sha256(asked->code, r.hash));
	TRY(token_code_find(call, &r, &found));
	if (!found)
		return ERR_OK;
	if (r.code.grant.client_id != client->id)
		return grants_refuse_other(call, client, AUDIT_OIDC_CODE_REFUSED, r.code.grant.account_id);
	call->subject_account_id = r.code.grant.account_id;
	token_signer_find(call, client->alg, &r.signer);
	TRY(call_transact(call, token_redeem_write, &r, &done));
	answer->error = r.error;
	*ret_reused = r.reason == REASON_SPENT;
	if (r.reason != REASON_ASKED)
		audit_log_client(call, AUDIT_OIDC_CODE_REFUSED, r.code.grant.account_id, client->client_id, r.reason);
	return r.error == OIDC_OK ? token_redeem_fill(call, &r) : ERR_OK;
}

/* --- the question ------------------------------------------------------------------------------------------------- */

static err
token_code_exchange(struct call *call, const struct oidc_client *client, bool *ret_reused)
{
	const struct oidc_token_body *asked = call->body;
	struct oidc_tokens_body *answer = call->answer;

	if (asked->code.n > 0)
		return token_redeem(call, client, ret_reused);
	answer->error = OIDC_INVALID_REQUEST;
	return ERR_OK;
}

static err
token_refresh_exchange(struct call *call, const struct oidc_client *client, bool *ret_reused)
{
	const struct oidc_token_body *asked = call->body;
	struct oidc_tokens_body *answer = call->answer;

	if (asked->refresh_token.n > 0 && refresh_used_by(client))
		return refresh_use(call, client, ret_reused);
	answer->error = refresh_used_by(client) ? OIDC_INVALID_REQUEST : OIDC_UNAUTHORIZED_CLIENT;
	return ERR_OK;
}

/* *ret_reused true: a code or refresh token was used a second time. */
static err
token_exchange(struct call *call, const struct oidc_client *client, bool *ret_reused)
{
	const struct oidc_token_body *asked = call->body;
	struct oidc_tokens_body *answer = call->answer;

	switch (asked->grant) {
	case OIDC_GRANT_CODE:
		return token_code_exchange(call, client, ret_reused);
	case OIDC_GRANT_REFRESH:
		return token_refresh_exchange(call, client, ret_reused);
	default:
		answer->error = OIDC_UNSUPPORTED_GRANT_TYPE;
		return ERR_OK;
	}
}

static void
token_count(uint32_t grant, err e, const struct oidc_tokens_body *answer, bool reused)
{
	enum outcome { ISSUED, REFUSED, REUSED, FAILED };
	static const enum metric_series series[OIDC_GRANT_COUNT][4] = {
		[OIDC_GRANT_OTHER] = { [REFUSED] = SERIES_OIDC_OTHER_REFUSED },
		[OIDC_GRANT_CODE] = { SERIES_OIDC_CODE_ISSUED, SERIES_OIDC_CODE_REFUSED, SERIES_OIDC_CODE_REUSED,
				      SERIES_OIDC_CODE_FAILED },
		[OIDC_GRANT_REFRESH] = { SERIES_OIDC_REFRESH_ISSUED, SERIES_OIDC_REFRESH_REFUSED,
					 SERIES_OIDC_REFRESH_REUSED, SERIES_OIDC_REFRESH_FAILED },
	};
	enum outcome outcome = e != ERR_OK ? FAILED : answer->error == OIDC_OK ? ISSUED : reused ? REUSED : REFUSED;

	keeper_count(series[grant][outcome]);
}

static err
token_exchange_counted(struct call *call, const struct oidc_client *client)
{
	const struct oidc_token_body *asked = call->body;
	bool reused = false;
	err e = token_exchange(call, client, &reused);

	token_count(asked->grant, e, call->answer, reused);
	return e;
}

err
oidc_token_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct oidc_token_body *asked = call->body;
	struct oidc_tokens_body *answer = call->answer;
	const struct client_proof proof = { (enum oidc_auth)asked->auth, asked->client_id, asked->client_secret,
					    asked->raw_id, asked->raw_secret };
	struct oidc_client client;
	enum oidc_error error = OIDC_INVALID_CLIENT;

	call->now.session = (struct session){ 0 }; /* the answer never has a page's session */
	TRY(clients_authenticate(call, &proof, &client, &error));
	answer->error = error;
	if (error == OIDC_OK)
		TRY(token_exchange_counted(call, &client));
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
