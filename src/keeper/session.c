#include "keeper/session.h"

#include "base/digest.h"
#include "base/random.h"
#include "keeper/audit.h"
#include "keeper/handlers.h"

/* --- changes of state --------------------------------------------------------------------------------------------- */

static err
session_token_new(struct turn *turn, struct token *ret_hash)
{
	TRY(random_fill(turn->next.token.b, TOKEN_BYTES));
	return digest_sha256(str_bytes(turn->next.token.b, TOKEN_BYTES), ret_hash->b);
}

static err
session_end_presented(struct turn *turn)
{
	int64_t deleted = 0;

	if (session_token_is_zero(&turn->head.token))
		return ERR_OK;
	TRY(session_delete(turn, &turn->token_hash, &deleted));
	return turn_ended(turn, &turn->token_hash);
}

/* Who has the password and no factor cannot fill the table, nor what ending all sessions has to hold. */
static err
session_trim(struct turn *turn, int64_t account_id)
{
	const struct db_value args[] = { DB_INT(account_id), DB_INT(SESSION_WAITING_MAX) };

	return db_rows(turn->db, SQL_SESSION_TRIM, args, COUNT(args), turn_ended_row, turn);
}

/* What no database takes for text, and what is no path of ours, is not kept.  Where it leads is web's to say, when it is used. */
static str
session_path_or_nothing(str way_back)
{
	bool kept = str_starts(way_back, STR("/")) && !str_has_byte(way_back, '\0') && str_utf8_valid(way_back);

	return kept ? way_back : STR("");
}

err
session_way_back(struct turn *turn, str *ret_way_back)
{
	const struct db_value args[] = { DB_INT(turn->now.session.id) };
	struct session_way_back_row row;
	bool found = false;

	TRY(db_row(turn->db, SQL_SESSION_WAY_BACK, args, COUNT(args), &turn->arena, &row, &found));
	*ret_way_back = found && row.way_back.n <= WAY_BACK_MAX_BYTES ? row.way_back : STR("");
	return ERR_OK;
}

err
session_begin(struct turn *turn, int64_t account_id, str way_back)
{
	struct token hash = { 0 };
	int64_t id = 0, inserted = 0;

	TRY(session_end_presented(turn));
	TRY(random_id(&id));
	TRY(session_token_new(turn, &hash));
	const struct db_value args[] = {
		DB_INT(id),
		session_token_value(&hash),
		DB_INT(account_id),
		DB_INT(turn->now_us),
		DB_TEXT(audit_text(&turn->arena, turn->head.address)),
		DB_TEXT(audit_text(&turn->arena, turn->head.agent)),
		DB_TEXT(session_path_or_nothing(way_back)),
	};
	TRY(db_run(turn->db, SQL_SESSION_INSERT, args, COUNT(args), &inserted));
	if (inserted != 1)
		return ERR_NOT_FOUND;
	TRY(session_trim(turn, account_id));
	return session_find(turn, &hash, &turn->next.session);
}

/* The session's row was given a new token: the old one is dead, and what the row is now holds. */
static err
session_renewed(struct turn *turn, const struct token *hash, int64_t changed, bool *ret_done)
{
	*ret_done = changed == 1;
	if (changed != 1)
		return ERR_OK;
	TRY(turn_ended(turn, &turn->token_hash));
	return session_find(turn, hash, &turn->next.session);
}

err
session_prove(struct turn *turn, const struct proof *proof, bool *ret_done)
{
	const struct session_columns columns = session_proof_columns(proof);
	struct token hash = { 0 };
	int64_t changed = 0;

	TRY(session_token_new(turn, &hash));
	const struct db_value args[] = { session_token_value(&hash),
					 columns.factor_at_us,
					 columns.factor_id,
					 DB_INT(turn->now.session.id),
					 session_token_value(&turn->token_hash),
					 columns.recovered_at_us };
	TRY(db_run(turn->db, SQL_SESSION_PROVE, args, COUNT(args), &changed));
	return session_renewed(turn, &hash, changed, ret_done);
}

err
session_stand_on(struct turn *turn, const struct proof *proof)
{
	const struct session_columns columns = session_proof_columns(proof);
	const struct db_value args[] = { columns.factor_id, columns.factor_at_us, DB_INT(turn->now.session.id),
					 columns.recovered_at_us };

	return db_run(turn->db, SQL_SESSION_FACTOR, args, COUNT(args), NULL);
}

err
session_renew(struct turn *turn, bool *ret_done)
{
	struct token hash = { 0 };
	int64_t changed = 0;

	TRY(session_token_new(turn, &hash));
	const struct db_value args[] = { session_token_value(&hash), DB_INT(turn->now_us), DB_INT(turn->now.session.id),
					 session_token_value(&turn->token_hash) };
	TRY(db_run(turn->db, SQL_SESSION_RENEW, args, COUNT(args), &changed));
	return session_renewed(turn, &hash, changed, ret_done);
}

err
session_step_up(struct turn *turn, bool *ret_done)
{
	const struct db_value args[] = { DB_INT(turn->now_us), DB_INT(turn->now.session.id),
					 session_token_value(&turn->token_hash) };
	int64_t changed = 0;

	TRY(db_run(turn->db, SQL_SESSION_STEP_UP, args, COUNT(args), &changed));
	*ret_done = changed == 1;
	if (changed != 1)
		return ERR_OK;
	TRY(turn_ended(turn, &turn->token_hash)); /* what the gate remembers is of the proof before */
	return session_find(turn, &turn->token_hash, &turn->next.session);
}

err
session_end_all(struct turn *turn, int64_t account_id)
{
	const struct db_value args[] = { DB_INT(account_id) };

	return db_rows(turn->db, SQL_ADMIN_SESSIONS_END, args, COUNT(args), turn_ended_row, turn);
}

err
session_end_others(struct turn *turn)
{
	const struct db_value args[] = { DB_INT(turn->now.session.account_id), DB_INT(turn->now.session.id) };

	return db_rows(turn->db, SQL_SESSION_DELETE_OTHERS, args, COUNT(args), turn_ended_row, turn);
}

err
session_end_of_factor(struct turn *turn, int64_t factor_id)
{
	const struct db_value args[] = { DB_INT(turn->now.session.account_id), DB_INT(factor_id),
					 DB_INT(turn->now.session.id) };

	return db_rows(turn->db, SQL_SESSION_DELETE_OF_FACTOR, args, COUNT(args), turn_ended_row, turn);
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

err
session_answer(struct turn *turn, enum verdict *ret_verdict)
{
	*ret_verdict = turn->now.session.state == STATE_NONE ? VERDICT_REFUSED : VERDICT_PASSED;
	return ERR_OK;
}

static err
session_sign_out(struct turn *turn, void *context, bool *ret_commit)
{
	int64_t deleted = 0;

	TRY(session_delete(turn, &turn->token_hash, &deleted));
	TRY(turn_ended(turn, &turn->token_hash));
	turn->next.session = (struct session){ 0 };
	*ret_commit = deleted == 1;
	return deleted == 1 ? audit_write(turn, AUDIT_SIGN_OUT, turn->now.session.account_id, REASON_ASKED) : ERR_OK;
}

err
sign_out_answer(struct turn *turn, enum verdict *ret_verdict)
{
	int64_t account_id = turn->now.session.account_id;
	bool done = false;

	TRY(turn_transact(turn, session_sign_out, NULL, &done));
	if (!done) { /* another request of this session was faster */
		turn->now.session = (struct session){ 0 };
		return ERR_OK;
	}
	audit_log(turn, AUDIT_SIGN_OUT, account_id, REASON_ASKED);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
