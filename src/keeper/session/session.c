#include "keeper/session/session.h"

#include "base/digest.h"
#include "base/random.h"
#include "keeper/core/audit.h"
#include "keeper/core/factor_kind.h"
#include "keeper/handlers.h"
#include "keeper/session/devices.h"

/* --- changes of state --------------------------------------------------------------------------------------------- */

static err
session_token_new(struct call *call, struct token *ret_hash)
{
	TRY(random_fill(call->next.token.b, TOKEN_BYTES));
	return digest_sha256(str_bytes(call->next.token.b, TOKEN_BYTES), ret_hash->b);
}

static err
session_end_presented(struct call *call)
{
	int64_t deleted = 0;

	if (session_token_is_zero(&call->head.token))
		return ERR_OK;
	TRY(session_delete(call, &call->token_hash, &deleted));
	return call_token_ended(call, &call->token_hash);
}

/* Limits the sessions of a user who knows the password but verifies no factor, so that they cannot fill the table. */
static err
session_trim(struct call *call, int64_t account_id)
{
	const struct db_value args[] = { DB_INT(account_id), DB_INT(SESSION_WAITING_MAX) };

	return db_rows(call->db, SQL_SESSION_TRIM, args, COUNT(args), call_token_ended_row, call);
}

/* Keep only a path that the database can store as text. Web checks the target when it redirects. */
str
session_path(str return_to)
{
	bool kept = str_starts(return_to, STR("/")) && !str_has_byte(return_to, '\0') && str_utf8_valid(return_to);

	return kept ? return_to : STR("");
}

err
session_return_to(struct call *call, str *ret_return_to)
{
	const struct db_value args[] = { DB_INT(call->now.session.id) };
	struct session_return_to_row row;
	bool found = false;

	TRY(db_row(call->db, SQL_SESSION_RETURN_TO, args, COUNT(args), &call->arena, &row, &found));
	*ret_return_to = found && row.return_to.n <= RETURN_TO_MAX_BYTES ? row.return_to : STR("");
	return ERR_OK;
}

static bool
session_may_be_remembered(const struct call *call, bool remember)
{
	return remember && keeper_config(call->keeper)->session_remember_us > 0;
}

enum { SESSION_ARGS = 6, SESSION_OWN_ARGS_MAX = 5 };

/* Insert a session in place of the presented one.  own: the arguments of this query after those that both have. */
static err
session_insert(struct call *call, enum sql query, int64_t account_id, const struct db_value *own, size_t own_n,
	       struct token *ret_hash)
{
	int64_t id = 0, inserted = 0;

	TRY(session_end_presented(call));
	TRY(random_id(&id));
	TRY(session_token_new(call, ret_hash));
	struct db_value args[SESSION_ARGS + SESSION_OWN_ARGS_MAX] = {
		DB_INT(id),
		session_token_value(ret_hash),
		DB_INT(account_id),
		DB_INT(call->now_us),
		DB_TEXT(audit_text(&call->arena, call->head.address)),
		DB_TEXT(audit_text(&call->arena, call->head.agent)),
	};
	memcpy(&args[SESSION_ARGS], own, own_n * sizeof(*own));
	TRY(db_run(call->db, query, args, SESSION_ARGS + own_n, &inserted));
	return inserted == 1 ? ERR_OK : ERR_NOT_FOUND;
}

err
session_begin(struct call *call, int64_t account_id, str return_to, bool remember)
{
	const struct db_value own[] = { DB_TEXT(session_path(return_to)),
					DB_INT(session_may_be_remembered(call, remember)) };
	struct token hash = { 0 };

	TRY(session_insert(call, SQL_SESSION_INSERT, account_id, own, COUNT(own), &hash));
	TRY(session_trim(call, account_id));
	return session_find(call, &hash, &call->next.session);
}

err
session_begin_verified(struct call *call, int64_t account_id, bool remember, const struct proof *proof)
{
	const struct session_columns columns = session_proof_columns(proof);
	const struct db_value own[] = { DB_INT(session_may_be_remembered(call, remember)), columns.factor_at_us,
					columns.factor_id, columns.user_verified_at_us, columns.passkey_at_us };
	struct token hash = { 0 };

	_Static_assert(COUNT(own) <= SESSION_OWN_ARGS_MAX, "session_insert has room for them");
	TRY(session_insert(call, SQL_SESSION_INSERT_VERIFIED, account_id, own, COUNT(own), &hash));
	return session_find(call, &hash, &call->next.session);
}

/* After a new token was written: announce the end of the old token and read the changed row. */
static err
session_renewed(struct call *call, const struct token *hash, int64_t changed, bool *ret_done)
{
	*ret_done = changed == 1;
	if (changed != 1)
		return ERR_OK;
	TRY(call_token_ended(call, &call->token_hash));
	return session_find(call, hash, &call->next.session);
}

err
session_verify(struct call *call, const struct proof *proof, bool *ret_done)
{
	const struct session_columns columns = session_proof_columns(proof);
	struct token hash = { 0 };
	int64_t changed = 0;

	TRY(session_token_new(call, &hash));
	const struct db_value args[] = { session_token_value(&hash),
					 columns.factor_at_us,
					 columns.factor_id,
					 DB_INT(call->now.session.id),
					 session_token_value(&call->token_hash),
					 columns.recovered_at_us,
					 columns.user_verified_at_us,
					 columns.passkey_at_us };
	TRY(db_run(call->db, SQL_SESSION_VERIFY, args, COUNT(args), &changed));
	return session_renewed(call, &hash, changed, ret_done);
}

err
session_signed_in(struct call *call, struct token *ret_device)
{
	int64_t account_id = call->next.session.account_id;
	const struct db_value args[] = { DB_INT(call->now_us), DB_INT(account_id) };

	TRY(device_remember(call, account_id, ret_device));
	return db_run(call->db, SQL_ACCOUNT_SIGNED_IN, args, COUNT(args), NULL);
}

err
session_complete_sign_in(struct call *call, const struct proof *proof, struct token *ret_device, str *ret_next,
			 bool *ret_done)
{
	TRY(session_return_to(call, ret_next));
	TRY(session_verify(call, proof, ret_done));
	*ret_done = *ret_done && call->next.session.state == STATE_FULL;
	return *ret_done ? session_signed_in(call, ret_device) : ERR_OK;
}

err
session_reattach(struct call *call, const struct proof *proof)
{
	const struct session_columns columns = session_proof_columns(proof);
	const struct db_value args[] = {
		columns.factor_id,       columns.factor_at_us,        DB_INT(call->now.session.id),
		columns.recovered_at_us, columns.user_verified_at_us, columns.passkey_at_us
	};

	return db_run(call->db, SQL_SESSION_FACTOR, args, COUNT(args), NULL);
}

err
session_renew(struct call *call, bool *ret_done)
{
	struct token hash = { 0 };
	int64_t changed = 0;

	TRY(session_token_new(call, &hash));
	const struct db_value args[] = { session_token_value(&hash), DB_INT(call->now_us), DB_INT(call->now.session.id),
					 session_token_value(&call->token_hash) };
	TRY(db_run(call->db, SQL_SESSION_RENEW, args, COUNT(args), &changed));
	return session_renewed(call, &hash, changed, ret_done);
}

err
session_step_up(struct call *call, const struct factor_kind *kind, bool *ret_done)
{
	const struct db_value args[] = { DB_INT(call->now_us), DB_INT(call->now.session.id),
					 session_token_value(&call->token_hash), DB_INT(kind->resists_phishing) };
	int64_t changed = 0;

	TRY(db_run(call->db, SQL_SESSION_STEP_UP, args, COUNT(args), &changed));
	*ret_done = changed == 1;
	if (changed != 1)
		return ERR_OK;
	TRY(call_token_ended(call, &call->token_hash)); /* the gate has cached the state before this proof */
	return session_find(call, &call->token_hash, &call->next.session);
}

err
session_end_all(struct call *call, int64_t account_id)
{
	const struct db_value args[] = { DB_INT(account_id) };

	return db_rows(call->db, SQL_ADMIN_SESSIONS_END, args, COUNT(args), call_token_ended_row, call);
}

err
session_end_others(struct call *call)
{
	const struct db_value args[] = { DB_INT(call->now.session.account_id), DB_INT(call->now.session.id) };

	return db_rows(call->db, SQL_SESSION_DELETE_OTHERS, args, COUNT(args), call_token_ended_row, call);
}

err
session_end_of_factor(struct call *call, int64_t factor_id)
{
	const struct db_value args[] = { DB_INT(call->now.session.account_id), DB_INT(factor_id),
					 DB_INT(call->now.session.id) };

	TRY(db_rows(call->db, SQL_SESSION_DELETE_OF_FACTOR, args, COUNT(args), call_token_ended_row, call));
	return db_run(call->db, SQL_OIDC_END_OF_FACTOR, args, 2, NULL);
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

err
session_answer(struct call *call, enum verdict *ret_verdict)
{
	*ret_verdict = call->now.session.state == STATE_NONE ? VERDICT_REFUSED : VERDICT_PASSED;
	return ERR_OK;
}

static err
session_sign_out(struct call *call, void *context, bool *ret_commit)
{
	int64_t deleted = 0;

	TRY(session_delete(call, &call->token_hash, &deleted));
	TRY(call_token_ended(call, &call->token_hash));
	call->next.session = (struct session){ 0 };
	*ret_commit = deleted == 1;
	return deleted == 1 ? audit_write(call, AUDIT_SIGN_OUT, call->now.session.account_id, REASON_ASKED) : ERR_OK;
}

err
sign_out_answer(struct call *call, enum verdict *ret_verdict)
{
	int64_t account_id = call->now.session.account_id;
	bool done = false;

	TRY(call_transact(call, session_sign_out, NULL, &done));
	if (!done) { /* another request ended the session first */
		call->now.session = (struct session){ 0 };
		return ERR_OK;
	}
	audit_log(call, AUDIT_SIGN_OUT, account_id, REASON_ASKED);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
