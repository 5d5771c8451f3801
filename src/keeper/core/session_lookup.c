#include "keeper/core/session_lookup.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/secret.h"
#include "access/access_file.h"
#include "keeper/core/factor_kind.h"
#include "keeper/core/row_words.h"
#include "keeper/core/call.h"

/* --- converting the row ------------------------------------------------------------------------------------------- */

/*
 * The only mapping of columns to proofs; session_proof_columns is its inverse. factor_kind is NULL if the factor is no
 * longer active. A newer version may write rows with other kinds at the same time: an unknown kind proves nothing.
 */
static struct proofs
session_proofs(const struct session_basis_row *row)
{
	struct proofs proofs = { .n = 0 };

	if (row->password_at_us != 0)
		proofs_add(&proofs, (struct proof){ .kind = &factor_kind_password, .at_us = row->password_at_us });
	if (row->recovered_at_us != 0)
		proofs_add(&proofs, (struct proof){ .kind = &factor_kind_recovery, .at_us = row->factor_at_us });
	if (row->factor_id != 0)
		proofs_add(&proofs, (struct proof){ .kind = factor_kind_named(row->factor_kind),
						    .at_us = row->factor_at_us,
						    .factor_id = row->factor_id,
						    .user_verified_us = row->user_verified_at_us,
						    .synced = row->factor_synced });
	return proofs;
}

struct session_columns
session_proof_columns(const struct proof *proof)
{
	return (
	    struct session_columns){ DB_INT(proof->at_us), proof->factor_id == 0 ? DB_NULL() : DB_INT(proof->factor_id),
				     DB_INT(proof->kind->recovers ? proof->at_us : 0), DB_INT(proof->user_verified_us),
				     DB_INT(proof->kind->resists_phishing ? proof->at_us : 0) };
}

struct session
session_from_basis(const struct session_basis_row *row)
{
	return (struct session){ .id = row->id,
				 .account_id = row->account_id,
				 .created_us = row->created_at_us,
				 .seen_us = row->seen_at_us,
				 .remembered = row->remembered,
				 .proofs = session_proofs(row),
				 .user_verified_us = row->user_verified_at_us,
				 .passkey_us = row->passkey_at_us,
				 .account_disabled = row->account_disabled,
				 .factor_since_us = row->factor_since_us };
}

static void
session_preferences_fill(const struct session_find_row *row, struct session *s)
{
	s->language = preferred_language_read(row->language);
	s->time_format = time_format_read(row->time_format);
	s->recovery_left = row->recovery_left;
	s->factors_usable = row->factors_usable;
	s->passkeys_usable = row->passkeys_usable;
	s->codes_off = row->codes_off;
	s->codes_disabled = row->codes_disabled;
	s->code_sign_in_us = row->code_sign_in_at_us;
	s->code_digits = row->code_digits < 0 || row->code_digits > CODE_DIGITS_MAX ? 0 : row->code_digits;
	display_name_clean(row->display_name, &s->display_name);
}

/*
 * Pages show which applications these groups may open, and nothing depends on it: an account with unreadable groups
 * sees what an account without groups sees.  The gate refuses such an account.
 */
static str
session_groups(str stored)
{
	str rest = stored;

	while (rest.n > 0)
		if (!access_group_good(str_cut(&rest, ',')))
			return (str){ 0 };
	return stored;
}

static err
session_fill(const struct session_find_row *row, struct session *ret_session)
{
	struct session s = session_from_basis(&row->basis);

	s.previous_sign_in_us = row->previous_sign_in_at_us;
	s.account_created_us = row->account_created_at_us;
	s.clock_step = row->clock_step;
	s.clock_drift = row->clock_drift;
	s.gated_us = row->gated_at_us;
	s.sessions = row->sessions;
	s.groups = session_groups(row->group_names);
	s.refused = row->refused;
	s.alarm_from_us = row->alarm_from_us != 0 ? row->alarm_from_us : row->last_sign_in_at_us;
	if (account_name_fold(row->name, &s.name) != PROBLEM_NONE)
		return ERR_CORRUPT;
	session_preferences_fill(row, &s);
	*ret_session = s;
	return ERR_OK;
}

err
session_find(struct call *call, const struct token *token_hash, struct session *ret_session)
{
	const struct db_value args[] = { session_token_value(token_hash) };
	struct session_find_row row;
	struct session session = { 0 };
	bool found = false;

	TRY(db_row(call->db, SQL_SESSION_FIND, args, COUNT(args), &call->arena, &row, &found));
	if (found)
		TRY(session_fill(&row, &session));
	session_decide(&session, keeper_config(call->keeper), call->now_us);
	*ret_session = session;
	return ERR_OK;
}

err
session_unchanged(struct call *call, bool *ret_unchanged)
{
	const struct session *asked = &call->now.session;
	const struct db_value args[] = { session_token_value(&call->token_hash) };
	struct session_basis_row row;
	struct session session = { 0 };
	bool found = false;

	TRY(db_row(call->db, SQL_SESSION_BASIS, args, COUNT(args), &call->arena, &row, &found));
	if (found)
		session = session_from_basis(&row);
	session_decide(&session, keeper_config(call->keeper), call->now_us);
	*ret_unchanged = session.state != STATE_NONE && session.state == asked->state && session.id == asked->id;
	return ERR_OK;
}

/* --- presented token ---------------------------------------------------------------------------------------------- */

bool
session_token_is_zero(const struct token *token)
{
	static const struct token zero;

	return secret_equal(token, &zero, sizeof(zero));
}

err
session_delete(struct call *call, const struct token *token_hash, int64_t *ret_deleted)
{
	const struct db_value args[] = { session_token_value(token_hash) };

	return db_run(call->db, SQL_SESSION_DELETE, args, COUNT(args), ret_deleted);
}

static err
session_touch(struct call *call, struct session *session)
{
	const struct db_value args[] = { DB_INT(call->now_us), DB_INT(session->id) };

	TRY(db_run(call->db, SQL_SESSION_TOUCH, args, COUNT(args), NULL));
	session->seen_us = call->now_us;
	session_decide(session, keeper_config(call->keeper), call->now_us);
	return ERR_OK;
}

/*
 * Update the activity, or delete an expired session. Best effort: an error does not change the answer. An expired
 * session is refused even if it cannot be deleted.
 */
static err
session_keep_house(struct call *call, struct session *session)
{
	const struct config *config = keeper_config(call->keeper);
	int64_t deleted = 0;

	if (session->state != STATE_NONE && session_touch_due(session, config, call->now_us))
		return session_touch(call, session);
	if (session->id != 0 && session_over(session, config, call->now_us))
		return session_delete(call, &call->token_hash, &deleted);
	return ERR_OK;
}

err
session_present(struct call *call)
{
	err e;

	if (session_token_is_zero(&call->head.token))
		return ERR_OK;
	TRY(digest_sha256(str_bytes(call->head.token.b, TOKEN_BYTES), call->token_hash.b));
	TRY(session_find(call, &call->token_hash, &call->now.session));
	e = session_keep_house(call, &call->now.session);
	if (e != ERR_OK)
		log_event(LOG_WARNING, "session.unwritten", LOG_TEXT("why", err_name(e)));
	return ERR_OK;
}

/* --- age of the proof --------------------------------------------------------------------------------------------- */

static bool
session_is_recent(const struct call *call, int64_t us)
{
	int64_t age_us = call->now_us - us;

	return call->now.session.state == STATE_FULL && us != 0 && age_us >= 0 && age_us <= STEP_UP_US;
}

bool
session_fresh(const struct call *call)
{
	return session_is_recent(call, session_verified_us(&call->now.session));
}

bool
session_user_verified(const struct call *call)
{
	return session_is_recent(call, call->now.session.user_verified_us);
}
