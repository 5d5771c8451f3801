#include "keeper/session.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/random.h"
#include "base/secret.h"
#include "keeper/audit.h"
#include "keeper/factor_kind.h"
#include "keeper/handlers.h"
#include "keeper/row_words.h"

/* --- the decision ------------------------------------------------------------------------------------------------- */

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

bool
session_is_enrolled(const struct session *s)
{
	return s->factor_since_us != 0;
}

/* The state, were there no time.  A factor that is disabled must still be proved, only it cannot be. */
static enum session_state
proved(const struct session *s)
{
	if (s->id == 0 || s->account_disabled)
		return STATE_NONE;
	return proofs_state(&s->proofs, session_is_enrolled(s));
}

/* The clock has been far ahead when it was last seen: by that clock its time is over. */
static bool
from_the_future(const struct session *s, int64_t now_us)
{
	return s->created_us > now_us + CLOCK_SLACK_US || s->seen_us > now_us + CLOCK_SLACK_US;
}

static void
decide(struct session *s, const struct config *config, int64_t now_us, int64_t pending_us)
{
	enum session_state state = from_the_future(s, now_us) ? STATE_NONE : proved(s);
	int64_t expires_us = earlier(s->seen_us + config->session_idle_us, s->created_us + config->session_lifetime_us);

	if (state == STATE_PENDING)
		expires_us = earlier(expires_us, proofs_newest_us(&s->proofs, SHOWS_KNOWLEDGE) + pending_us);
	s->state = now_us < expires_us ? state : STATE_NONE;
	s->expires_us = s->state == STATE_NONE ? 0 : expires_us;
}

void
session_decide(struct session *s, const struct config *config, int64_t now_us)
{
	decide(s, config, now_us, PENDING_US);
}

void
session_decide_for_gate(struct session *s, const struct config *config, int64_t now_us)
{
	decide(s, config, now_us, config->session_lifetime_us);
}

bool
session_over(const struct session *s, const struct config *config, int64_t now_us)
{
	struct session at_gate = *s;

	session_decide_for_gate(&at_gate, config, now_us);
	return s->state == STATE_NONE && (at_gate.state == STATE_NONE || s->gated_us == 0);
}

bool
session_touch_due(const struct session *s, const struct config *config, int64_t now_us)
{
	return now_us - s->seen_us >= earlier(SESSION_TOUCH_US, config->session_idle_us / SESSION_TOUCH_PARTS);
}

bool
session_rose(const struct session *before, const struct session *after)
{
	if (after->state == STATE_NONE)
		return false;
	return after->state > before->state || after->id != before->id || after->account_id != before->account_id;
}

/* --- finding ------------------------------------------------------------------------------------------------------ */

/*
 * THE mapping of columns to proofs; session_proof_columns is the way back.  factor_kind is NULL in the row when the factor is not in use
 * any more.  A version that knows more kinds may write rows beside this one: what this one cannot name proves nothing.
 */
static struct proofs
session_proofs(const struct session_standing_row *row)
{
	struct proofs proofs = { .n = 0 };

	if (row->password_at_us != 0)
		proofs_add(&proofs, (struct proof){ .kind = &factor_kind_password, .at_us = row->password_at_us });
	if (row->recovered_at_us != 0)
		proofs_add(&proofs, (struct proof){ .kind = &factor_kind_recovery, .at_us = row->factor_at_us });
	if (row->factor_id != 0)
		proofs_add(&proofs, (struct proof){ .kind = factor_kind_named(row->factor_kind),
						    .at_us = row->factor_at_us,
						    .factor_id = row->factor_id });
	return proofs;
}

struct session_columns {
	struct db_value factor_at_us, factor_id, recovered_at_us;
};

static struct session_columns
session_proof_columns(const struct proof *proof)
{
	return (struct session_columns){ DB_INT(proof->at_us),
					 proof->factor_id == 0 ? DB_NULL() : DB_INT(proof->factor_id),
					 DB_INT(proof->kind->recovers ? proof->at_us : 0) };
}

struct session
session_of_standing(const struct session_standing_row *row)
{
	return (struct session){ .id = row->id,
				 .account_id = row->account_id,
				 .created_us = row->created_at_us,
				 .seen_us = row->seen_at_us,
				 .proofs = session_proofs(row),
				 .account_disabled = row->account_disabled,
				 .factor_since_us = row->factor_since_us };
}

static void
preferences_fill(const struct session_find_row *row, struct session *s)
{
	s->language = preferred_language_read(row->language);
	s->time_format = time_format_read(row->time_format);
	s->recovery_left = row->recovery_left;
	s->refused = row->refused < 0 ? 0 : row->refused > UINT32_MAX ? UINT32_MAX : row->refused;
	s->factors_usable = row->factors_usable;
	display_name_clean(row->display_name, &s->display_name);
}

static err
session_fill(const struct session_find_row *row, struct session *ret_session)
{
	struct session s = session_of_standing(&row->standing);

	s.previous_sign_in_us = row->previous_sign_in_at_us;
	s.account_created_us = row->account_created_at_us;
	s.clock_step = row->clock_step;
	s.clock_drift = row->clock_drift;
	s.gated_us = row->gated_at_us;
	if (account_name_fold(row->name, &s.name) != PROBLEM_NONE)
		return ERR_CORRUPT;
	preferences_fill(row, &s);
	*ret_session = s;
	return ERR_OK;
}

static struct db_value
blob(const struct token *token)
{
	return DB_BLOB(str_bytes(token->b, TOKEN_BYTES));
}

err
session_find(struct turn *turn, const struct token *token_hash, struct session *ret_session)
{
	const struct db_value args[] = { blob(token_hash) };
	struct session_find_row row;
	struct session session = { 0 };
	bool found = false;

	TRY(db_row(turn->db, SQL_SESSION_FIND, args, COUNT(args), &turn->arena, &row, &found));
	if (found)
		TRY(session_fill(&row, &session));
	session_decide(&session, keeper_config(turn->keeper), turn->now_us);
	*ret_session = session;
	return ERR_OK;
}

err
session_stands(struct turn *turn, bool *ret_stands)
{
	const struct session *asked = &turn->now.session;
	const struct db_value args[] = { blob(&turn->token_hash) };
	struct session_standing_row row;
	struct session session = { 0 };
	bool found = false;

	TRY(db_row(turn->db, SQL_SESSION_STANDING, args, COUNT(args), &turn->arena, &row, &found));
	if (found)
		session = session_of_standing(&row);
	session_decide(&session, keeper_config(turn->keeper), turn->now_us);
	*ret_stands = session.state != STATE_NONE && session.state == asked->state && session.id == asked->id;
	return ERR_OK;
}

/* --- the token that was presented --------------------------------------------------------------------------------- */

static bool
token_is_zero(const struct token *token)
{
	static const struct token zero;

	return secret_equal(token, &zero, sizeof(zero));
}

static err
session_delete(struct turn *turn, const struct token *token_hash, int64_t *ret_deleted)
{
	const struct db_value args[] = { blob(token_hash) };

	return db_run(turn->db, SQL_SESSION_DELETE, args, COUNT(args), ret_deleted);
}

static err
session_touch(struct turn *turn, struct session *session)
{
	const struct db_value args[] = { DB_INT(turn->now_us), DB_INT(session->id) };

	TRY(db_run(turn->db, SQL_SESSION_TOUCH, args, COUNT(args), NULL));
	session->seen_us = turn->now_us;
	session_decide(session, keeper_config(turn->keeper), turn->now_us);
	return ERR_OK;
}

/*
 * Neither is needed for the answer: a session that cannot be touched or deleted now is idle, or refused, all the
 * same.
 */
static err
session_keep_house(struct turn *turn, struct session *session)
{
	const struct config *config = keeper_config(turn->keeper);
	int64_t deleted = 0;

	if (session->state != STATE_NONE && session_touch_due(session, config, turn->now_us))
		return session_touch(turn, session);
	if (session->id != 0 && session_over(session, config, turn->now_us))
		return session_delete(turn, &turn->token_hash, &deleted);
	return ERR_OK;
}

err
session_present(struct turn *turn)
{
	err e;

	if (token_is_zero(&turn->head.token))
		return ERR_OK;
	TRY(digest_sha256(str_bytes(turn->head.token.b, TOKEN_BYTES), turn->token_hash.b));
	TRY(session_find(turn, &turn->token_hash, &turn->now.session));
	e = session_keep_house(turn, &turn->now.session);
	if (e != ERR_OK)
		log_event(LOG_WARNING, "session.unwritten", LOG_TEXT("why", err_name(e)));
	return ERR_OK;
}

/* --- changes of state --------------------------------------------------------------------------------------------- */

static err
token_new(struct turn *turn, struct token *ret_hash)
{
	TRY(random_fill(turn->next.token.b, TOKEN_BYTES));
	return digest_sha256(str_bytes(turn->next.token.b, TOKEN_BYTES), ret_hash->b);
}

static err
end_presented(struct turn *turn)
{
	int64_t deleted = 0;

	if (token_is_zero(&turn->head.token))
		return ERR_OK;
	TRY(session_delete(turn, &turn->token_hash, &deleted));
	return turn_ended(turn, &turn->token_hash);
}

/* Who has the password and no factor cannot fill the table, nor what ending all sessions has to hold. */
static err
trim(struct turn *turn, int64_t account_id)
{
	const struct db_value args[] = { DB_INT(account_id), DB_INT(SESSION_WAITING_MAX) };

	return db_rows(turn->db, SQL_SESSION_TRIM, args, COUNT(args), turn_ended_row, turn);
}

/* What no database takes for text, and what is no path of ours, is not kept.  Where it leads is web's to say, when it is used. */
static str
path_or_nothing(str way_back)
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

	TRY(end_presented(turn));
	TRY(random_id(&id));
	TRY(token_new(turn, &hash));
	const struct db_value args[] = {
		DB_INT(id),
		blob(&hash),
		DB_INT(account_id),
		DB_INT(turn->now_us),
		DB_TEXT(audit_text(&turn->arena, turn->head.address)),
		DB_TEXT(audit_text(&turn->arena, turn->head.agent)),
		DB_TEXT(path_or_nothing(way_back)),
	};
	TRY(db_run(turn->db, SQL_SESSION_INSERT, args, COUNT(args), &inserted));
	if (inserted != 1)
		return ERR_NOT_FOUND;
	TRY(trim(turn, account_id));
	return session_find(turn, &hash, &turn->next.session);
}

int64_t
session_proved_us(const struct session *s)
{
	return proofs_newest_us(&s->proofs, SHOWS_POSSESSION);
}

bool
session_fresh(const struct turn *turn)
{
	const struct session *s = &turn->now.session;
	int64_t age_us = turn->now_us - session_proved_us(s);

	return s->state == STATE_FULL && age_us >= 0 && age_us <= STEP_UP_US;
}

/* The session's row was given a new token: the old one is dead, and what the row is now holds. */
static err
renewed(struct turn *turn, const struct token *hash, int64_t changed, bool *ret_done)
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

	TRY(token_new(turn, &hash));
	const struct db_value args[] = { blob(&hash),
					 columns.factor_at_us,
					 columns.factor_id,
					 DB_INT(turn->now.session.id),
					 blob(&turn->token_hash),
					 columns.recovered_at_us };
	TRY(db_run(turn->db, SQL_SESSION_PROVE, args, COUNT(args), &changed));
	return renewed(turn, &hash, changed, ret_done);
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

	TRY(token_new(turn, &hash));
	const struct db_value args[] = { blob(&hash), DB_INT(turn->now_us), DB_INT(turn->now.session.id),
					 blob(&turn->token_hash) };
	TRY(db_run(turn->db, SQL_SESSION_RENEW, args, COUNT(args), &changed));
	return renewed(turn, &hash, changed, ret_done);
}

err
session_step_up(struct turn *turn, bool *ret_done)
{
	const struct db_value args[] = { DB_INT(turn->now_us), DB_INT(turn->now.session.id), blob(&turn->token_hash) };
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
sign_out(struct turn *turn, void *context, bool *ret_commit)
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

	TRY(turn_transact(turn, sign_out, NULL, &done));
	if (!done) { /* another request of this session was faster */
		turn->now.session = (struct session){ 0 };
		return ERR_OK;
	}
	audit_log(turn, AUDIT_SIGN_OUT, account_id, REASON_ASKED);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
