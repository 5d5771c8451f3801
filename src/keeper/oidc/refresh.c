#include "keeper/oidc/refresh.h"

#include "base/secret.h"
#include "ipc/questions.h"

/* --- life --------------------------------------------------------------------------------------------------------- */

bool
refresh_used_by(const struct oidc_client *client)
{
	return client->refresh_session || (client->scopes & OIDC_SCOPE_OFFLINE) != 0;
}

bool
refresh_allowed(const struct oidc_client *client, const struct oidc_grant_row *grant)
{
	return grant->session_id == 0 ? (client->scopes & OIDC_SCOPE_OFFLINE) != 0 : client->refresh_session;
}

int64_t
refresh_end_us(const struct oidc_grant_row *grant, int64_t used_us)
{
	int64_t idle_us = used_us + OIDC_REFRESH_IDLE_US, life_us = grant->created_at_us + OIDC_REFRESH_LIFE_US;

	return idle_us < life_us ? idle_us : life_us;
}

static int64_t
refresh_later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

err
refresh_extend(struct call *call, const struct issue *issue, bool refresh)
{
	int64_t access_us = call->now_us + SECONDS_US(issue->client->access_token_s);
	int64_t end_us = refresh_later(access_us, call->now_us + OIDC_CODE_KEPT_US);

	if (refresh)
		end_us = refresh_later(end_us, refresh_end_us(issue->grant, call->now_us));
	if (end_us <= issue->grant->expires_at_us)
		return ERR_OK;
	const struct db_value args[] = { DB_INT(end_us), DB_INT(issue->grant->id) };
	return db_run(call->db, SQL_OIDC_GRANT_EXTEND, args, COUNT(args), NULL);
}

/* --- which token is it? ------------------------------------------------------------------------------------------- */

enum refresh_age {
	REFRESH_UNKNOWN = 0, /* never given */
	REFRESH_NEWEST,
	REFRESH_REPEATED, /* the one before the newest, within OIDC_REFRESH_SAME_US */
	REFRESH_OLD,
};

static bool
refresh_hash_is(str stored, const uint8_t hash[DIGEST_BYTES])
{
	return stored.n == DIGEST_BYTES && secret_equal(stored.p, hash, DIGEST_BYTES);
}

/* A second node's clock may be behind. */
static bool
refresh_is_recent(const struct call *call, const struct oidc_grant_row *grant)
{
	int64_t age_us = call->now_us - grant->refreshed_at_us;

	return age_us <= OIDC_REFRESH_SAME_US && age_us >= -CLOCK_SLACK_US;
}

/*
 * Only an issued token has the grant's random id.  A counter above the newest one means that this database was restored
 * from an older backup.
 */
static enum refresh_age
refresh_age(const struct call *call, const struct oidc_grant_row *grant, int64_t counter,
	    const uint8_t hash[DIGEST_BYTES])
{
	if (refresh_hash_is(grant->refresh_hash, hash))
		return REFRESH_NEWEST;
	if (counter > grant->refresh_counter)
		return REFRESH_UNKNOWN;
	return refresh_hash_is(grant->refresh_previous_hash, hash) && refresh_is_recent(call, grant) ? REFRESH_REPEATED
												     : REFRESH_OLD;
}

static bool
refresh_lives(const struct call *call, const struct oidc_grant_row *grant)
{
	return call->now_us < refresh_end_us(grant, grant->refreshed_at_us);
}

bool
refresh_is_valid(const struct call *call, const struct oidc_grant_row *grant, const uint8_t hash[DIGEST_BYTES])
{
	enum refresh_age age = refresh_age(call, grant, 0, hash);

	return (age == REFRESH_NEWEST || age == REFRESH_REPEATED) && refresh_lives(call, grant);
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

struct refresh_row {
	int64_t counter;
	str token, previous_hash; /* previous_hash empty: none */
};

/* The grant's row is locked, and its counter is as it was read. */
static err
refresh_store(struct call *call, const struct oidc_grant_row *grant, const struct refresh_row *row)
{
	uint8_t hash[DIGEST_BYTES];
	int64_t changed = 0;

	TRY(digest_sha256(row->token, hash));
	const struct db_value args[] = { DB_INT(row->counter),
					 row->previous_hash.n == 0 ? DB_NULL() : DB_BLOB(row->previous_hash),
					 DB_BLOB(str_bytes(hash, sizeof(hash))),
					 DB_INT(call->now_us),
					 DB_INT(grant->refresh_counter),
					 DB_INT(grant->id) };
	TRY(db_run(call->db, SQL_OIDC_GRANT_REFRESH, args, COUNT(args), &changed));
	return changed == 1 ? ERR_OK : ERR_BUSY;
}

err
refresh_first(struct call *call, const struct oidc_grant_row *grant, str *ret_token)
{
	TRY(issue_refresh_token(call, grant->id, 1, ret_token));
	return refresh_store(call, grant, &(struct refresh_row){ .counter = 1, .token = *ret_token });
}

/* The successor of the newest token.  A fixed token stays, and only the time of its use is stored. */
static err
refresh_next(struct call *call, const struct oidc_client *client, const struct oidc_grant_row *grant, str presented,
	     str *ret_token)
{
	bool fixed = client->refresh_fixed && !client->public;
	struct refresh_row row = { .counter = grant->refresh_counter,
				   .token = presented,
				   .previous_hash = grant->refresh_previous_hash };

	if (!fixed) {
		row.counter++;
		row.previous_hash = grant->refresh_hash;
		TRY(issue_refresh_token(call, grant->id, row.counter, &row.token));
	}
	TRY(refresh_store(call, grant, &row));
	*ret_token = row.token;
	return ERR_OK;
}

/*
 * Return the same successor again.  After a rotation of the master key it differs, and replaces the stored one, which
 * the client may never have received.
 */
static err
refresh_again(struct call *call, const struct oidc_grant_row *grant, str *ret_token)
{
	struct refresh_row row = { .counter = grant->refresh_counter, .previous_hash = grant->refresh_previous_hash };
	uint8_t hash[DIGEST_BYTES];

	TRY(issue_refresh_token(call, grant->id, grant->refresh_counter, &row.token));
	TRY(digest_sha256(row.token, hash));
	*ret_token = row.token;
	return refresh_hash_is(grant->refresh_hash, hash) ? ERR_OK : refresh_store(call, grant, &row);
}

/* --- the exchange ------------------------------------------------------------------------------------------------- */

struct refreshing {
	const struct oidc_client *client;
	int64_t grant_id, counter; /* of the presented token */
	uint8_t hash[DIGEST_BYTES];
	struct token_signer signer;
	/* set in the transaction */
	struct oidc_grant_row grant;
	struct person person;
	int64_t until_us; /* when the tokens end at the latest; 0: they are refused */
	unsigned scopes;
	enum oidc_error error;
	enum audit_reason reason; /* REASON_ASKED: nothing is audited */
	str access_token, refresh_token, id_token;
};

static void
refreshing_wipe(struct refreshing *r)
{
	token_signer_wipe(&r->signer);
}

static err
refresh_refuse(struct call *call, struct refreshing *r, enum audit_reason reason, bool *ret_commit)
{
	r->error = OIDC_INVALID_GRANT;
	r->reason = reason;
	*ret_commit = true;
	return audit_write_client(call, AUDIT_OIDC_REFRESH_REFUSED, r->grant.account_id, r->client->client_id, reason);
}

/*
 * The account, session, client or rules no longer allow it.  The grant stays, because the cause may end before it.  An
 * application may try again every minute, so the audit trail gets one refusal a day.
 */
static err
refresh_refuse_daily(struct call *call, struct refreshing *r, bool *ret_commit)
{
	const struct db_value args[] = { DB_INT(call->now_us), DB_INT(r->grant.id),
					 DB_INT(call->now_us - OIDC_REFUSAL_US),
					 DB_INT(call->now_us + OIDC_REFUSAL_US) };
	int64_t changed = 0;

	TRY(db_run(call->db, SQL_OIDC_GRANT_REFUSED, args, COUNT(args), &changed));
	return changed == 0 ? ERR_OK : refresh_refuse(call, r, REASON_NO_LONGER, ret_commit);
}

static err
refresh_kill(struct call *call, struct refreshing *r, bool *ret_commit)
{
	TRY(grants_delete(call, r->grant.id));
	return refresh_refuse(call, r, REASON_SPENT, ret_commit);
}

/* RFC 6749 s6: scopes may be narrowed.  Words that were not granted are left out, as in the first request. */
static unsigned
refresh_scopes(const struct refreshing *r, str asked)
{
	unsigned granted = oidc_scopes_read(r->grant.scopes) & r->client->scopes;

	return asked.n == 0 ? granted : granted & oidc_scopes_read(asked);
}

/* Without `openid` in `scope`, only an access token was asked for. */
static err
refresh_id_token(struct call *call, struct refreshing *r, const struct issue *issue)
{
	if ((r->scopes & OIDC_SCOPE_OPENID) == 0)
		return ERR_OK;
	return issue_id_token(call, issue, &r->person, r->access_token, (str){ 0 }, &r->id_token);
}

static err
refresh_give(struct call *call, struct refreshing *r, enum refresh_age age, bool *ret_commit)
{
	const struct oidc_token_body *asked = call->body;
	const struct issue issue = { r->client, &r->grant, r->grant.session_id, r->scopes, &r->signer };

	if (age == REFRESH_NEWEST)
		TRY(refresh_next(call, r->client, &r->grant, asked->refresh_token, &r->refresh_token));
	else
		TRY(refresh_again(call, &r->grant, &r->refresh_token));
	TRY(issue_access_token(call, &issue, &r->access_token));
	TRY(refresh_id_token(call, r, &issue));
	TRY(refresh_extend(call, &issue, true));
	r->error = OIDC_OK;
	*ret_commit = true;
	return ERR_OK;
}

/* The checks after the one of the token itself.  Refusals here do not end the grant. */
static err
refresh_judge(struct call *call, struct refreshing *r, enum refresh_age age, bool *ret_commit)
{
	const struct oidc_token_body *asked = call->body;
	bool found = false;

	r->until_us = 0;
	if (!refresh_lives(call, &r->grant))
		return ERR_OK;
	TRY(person_settle(call, r->grant.account_id, &r->person, &found));
	if (found && refresh_allowed(r->client, &r->grant))
		TRY(grants_stand(call, r->client, &r->person, r->grant.session_id, r->grant.amr, &r->until_us));
	if (r->until_us == 0)
		return refresh_refuse_daily(call, r, ret_commit);
	r->scopes = refresh_scopes(r, asked->scopes);
	if (r->scopes == 0) {
		r->error = OIDC_INVALID_SCOPE;
		return ERR_OK;
	}
	return refresh_give(call, r, age, ret_commit);
}

static err
refresh_decide(struct call *call, struct refreshing *r, bool *ret_commit)
{
	enum refresh_age age = refresh_age(call, &r->grant, r->counter, r->hash);

	if (age == REFRESH_OLD)
		return refresh_kill(call, r, ret_commit);
	return age == REFRESH_UNKNOWN ? ERR_OK : refresh_judge(call, r, age, ret_commit);
}

static err
refresh_find(struct call *call, struct refreshing *r, bool *ret_found)
{
	const struct db_value args[] = { DB_INT(r->grant_id) };

	return db_row(call->db, SQL_OIDC_GRANT_FIND, args, COUNT(args), &call->arena, &r->grant, ret_found);
}

static err
refresh_write(struct call *call, void *context, bool *ret_commit)
{
	struct refreshing *r = context;
	bool found = false;

	r->error = OIDC_INVALID_GRANT;
	r->reason = REASON_ASKED;
	TRY(grants_lock(call, r->grant.session_id, r->grant_id));
	TRY(refresh_find(call, r, &found));
	return found ? refresh_decide(call, r, ret_commit) : ERR_OK;
}

static err
refresh_fill(struct call *call, const struct refreshing *r)
{
	struct oidc_tokens_body *answer = call->answer;

	answer->id_token = r->id_token;
	answer->access_token = r->access_token;
	answer->refresh_token = r->refresh_token;
	answer->expires_s = issue_expires_s(call, r->client, r->until_us);
	return issue_scopes(call, r->scopes, &answer->scopes);
}

err
refresh_use(struct call *call, const struct oidc_client *client, bool *ret_reused)
{
	const struct oidc_token_body *asked = call->body;
	struct oidc_tokens_body *answer = call->answer;
	CLEANUP(refreshing_wipe) struct refreshing r = { .client = client, .error = OIDC_INVALID_GRANT };
	bool found = false, done = false;

	answer->error = OIDC_INVALID_GRANT;
	if (!refresh_token_read(asked->refresh_token, &r.grant_id, &r.counter))
		return ERR_OK;
	TRY(digest_sha256(asked->refresh_token, r.hash));
	TRY(refresh_find(call, &r, &found));
	if (!found)
		return ERR_OK;
	if (r.grant.client_id != client->id)
		return grants_refuse_other(call, client, AUDIT_OIDC_REFRESH_REFUSED, r.grant.account_id);
	call->subject_account_id = r.grant.account_id;
	token_signer_find(call, client->alg, &r.signer);
	TRY(call_transact(call, refresh_write, &r, &done));
	answer->error = r.error;
	*ret_reused = r.reason == REASON_SPENT;
	if (r.reason != REASON_ASKED)
		audit_log_client(call, AUDIT_OIDC_REFRESH_REFUSED, r.grant.account_id, client->client_id, r.reason);
	return r.error == OIDC_OK ? refresh_fill(call, &r) : ERR_OK;
}
