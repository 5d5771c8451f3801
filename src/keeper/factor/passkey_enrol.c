/*
 * The questions that enrol a passkey: PASSKEY_OFFER, PASSKEY_BEGIN, PASSKEY_FIRST, PASSKEY_ADD; and CODES_OFF.
 *
 * Nothing is stored before the browser answers: the challenge names the session for which it was made, and a new token
 * of the session makes it void. So a challenge proves that PASSKEY_BEGIN has verified the password.
 */
#include "base/buf.h"
#include "base/digest.h"
#include "base/random.h"
#include "keeper/core/audit.h"
#include "keeper/core/display_name.h"
#include "keeper/factor/attempt.h"
#include "keeper/factor/passkey.h"
#include "keeper/factor/passkey_models.h"
#include "keeper/factor/passkey_removal.h"
#include "keeper/factor/recovery.h"
#include "keeper/handlers.h"
#include "keeper/session/current_password.h"
#include "keeper/session/devices.h"
#include "keeper/session/session.h"
#include "keeper/session/throttle.h"

/* --- PASSKEY_OFFER, PASSKEY_BEGIN: what the browser needs --------------------------------------------------------- */

/* Make the handle once: of two requests, the first one wins, and both read the same. */
static err
passkey_handle_make(struct call *call, void *context, bool *ret_commit)
{
	int64_t account_id = call->now.session.account_id;
	uint8_t handle[WEBAUTHN_HANDLE_MAX];

	TRY(random_fill(handle, sizeof(handle)));
	const struct db_value args[] = { DB_BLOB(str_bytes(handle, sizeof(handle))), DB_INT(account_id) };
	TRY(db_run(call->db, SQL_PASSKEY_USER_HANDLE_SET, args, COUNT(args), NULL));
	*ret_commit = true;
	return passkey_user_handle(call, account_id, context);
}

static err
passkey_handle_need(struct call *call, str *ret_handle)
{
	bool done = false;

	TRY(passkey_user_handle(call, call->now.session.account_id, ret_handle));
	return str_empty(*ret_handle) ? call_transact(call, passkey_handle_make, ret_handle, &done) : ERR_OK;
}

static err
passkey_excluded_list(struct call *call, str *ret_list)
{
	CLEANUP(buf_wipe) struct buf list = BUF(LIST_MAX_BYTES);
	const struct db_value args[] = { DB_INT(call->now.session.account_id) };

	TRY(db_rows(call->db, SQL_PASSKEY_EXCLUDED, args, COUNT(args), passkey_list_put, &list));
	return arena_copy(&call->arena, buf_str(&list), ret_list);
}

static err
passkey_options(struct call *call, struct passkey_options_body *answer, enum verdict *ret_verdict)
{
	TRY(passkey_handle_need(call, &answer->user_handle));
	TRY(passkey_excluded_list(call, &answer->excluded));
	TRY(passkey_challenge_make(call, CHALLENGE_ENROL, &answer->challenge));
	answer->rp_id = passkey_rp_id(keeper_config(call->keeper));
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

static bool
passkey_unavailable(struct call *call)
{
	return str_empty(passkey_rp_id(keeper_config(call->keeper)));
}

err
passkey_offer_answer(struct call *call, enum verdict *ret_verdict)
{
	struct passkey_options_body *answer = call->answer;

	answer->unavailable = passkey_unavailable(call);
	return answer->unavailable ? ERR_OK : passkey_options(call, answer, ret_verdict);
}

/* Only spares the user a useless ceremony: PASSKEY_ADD checks it again. */
static err
passkey_limit_reached(struct call *call, bool *ret_reached)
{
	const struct db_value args[] = { DB_INT(call->now.session.account_id) };
	struct passkey_factor_count_row row = { 0 };
	bool found = false;

	TRY(db_row(call->db, SQL_PASSKEY_FACTOR_COUNT, args, COUNT(args), NULL, &row, &found));
	*ret_reached = row.n >= FACTORS_MAX;
	return ERR_OK;
}

err
passkey_begin_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct passkey_begin_body *form = call->body;
	struct passkey_options_body *answer = call->answer;
	struct display_name name;
	bool full = false;

	answer->unavailable = passkey_unavailable(call);
	TRY(passkey_limit_reached(call, &full));
	if (answer->unavailable || full)
		return ERR_OK;
	answer->display_name = display_name_check(form->name, &name);
	TRY(current_password_check(call, form->current, &answer->current));
	if (answer->display_name == PROBLEM_NONE && answer->current == PROBLEM_NONE)
		return passkey_options(call, answer, ret_verdict);
	*ret_verdict = VERDICT_PROBLEMS;
	return ERR_OK;
}

/* --- PASSKEY_FIRST, PASSKEY_ADD: what the browser answered -------------------------------------------------------- */

struct passkey_enrolment {
	bool first; /* the account has no factor yet */
	struct throttle throttle;
	struct authenticator_data data;
	int64_t factor_id, challenge_us;
	str name, transports, sealed;
	enum passkey_fault fault;
	enum audit_reason reason; /* of the event: its kind, or why it is refused */
};

static void
passkey_enrolment_refuse(struct passkey_enrolment *e, enum passkey_fault fault, enum audit_reason reason)
{
	e->fault = fault;
	e->reason = reason;
}

static enum passkey_fault
passkey_enrolment_fault(enum webauthn_fault fault)
{
	switch (fault) {
	case WEBAUTHN_NONE:
		return PASSKEY_FAULT_NONE;
	case WEBAUTHN_UNVERIFIED:
		return PASSKEY_FAULT_UNVERIFIED;
	default:
		return PASSKEY_FAULT_REFUSED;
	}
}

static err
passkey_enrolment_challenge_check(struct call *call, const struct client_data *client, struct passkey_enrolment *e)
{
	TRY(passkey_challenge_check(call, CHALLENGE_ENROL, client, &e->challenge_us));
	if (e->challenge_us == 0)
		passkey_enrolment_refuse(e, PASSKEY_FAULT_OLD, REASON_CHALLENGE);
	return ERR_OK;
}

static err
passkey_enrolment_check(struct call *call, struct passkey_enrolment *e)
{
	const struct passkey_new_body *form = call->body;
	const struct ceremony asked = passkey_ceremony(keeper_config(call->keeper), !form->security_key);
	const struct enrolment_answer answer = { form->client_data, form->auth_data, form->credential_id };
	enum webauthn_fault fault = WEBAUTHN_RP_ID;
	struct client_data client;

	if (!passkey_unavailable(call))
		TRY(ceremony_check_enrolment(&asked, &answer, &client, &e->data, &fault));
	if (fault == WEBAUTHN_NONE)
		return passkey_enrolment_challenge_check(call, &client, e);
	passkey_enrolment_refuse(e, passkey_enrolment_fault(fault), passkey_reason(fault));
	return ERR_OK;
}

/* PASSKEY_BEGIN has reported a bad name. Without a valid one, the model names the passkey, if it is known. */
static err
passkey_enrolment_name(struct call *call, struct passkey_enrolment *e)
{
	const struct passkey_new_body *form = call->body;
	struct display_name name = { .n = 0 };

	if (display_name_check(form->name, &name) == PROBLEM_NONE && name.n > 0)
		return arena_copy(&call->arena, str_bytes(name.b, name.n), &e->name);
	e->name = passkey_model_name(e->data.aaguid);
	return ERR_OK;
}

static err
passkey_enrolment_prepare(struct call *call, struct passkey_enrolment *e)
{
	const struct passkey_new_body *form = call->body;

	TRY(random_id(&e->factor_id));
	TRY(passkey_enrolment_name(call, e));
	e->transports = passkey_transports_clean(form->transports);
	e->reason = form->security_key ? REASON_SECURITY_KEY : REASON_PASSKEY;
	return passkey_key_seal(call, call->now.session.account_id, e->factor_id, &e->data.key, &e->sealed);
}

static err
passkey_factor_insert(struct call *call, const struct passkey_enrolment *e, int64_t *ret_inserted)
{
	const struct db_value args[] = { DB_INT(e->factor_id), DB_INT(call->now.session.account_id),
					 DB_TEXT(e->name),     DB_BLOB(e->sealed),
					 DB_INT(call->now_us), DB_INT(FACTORS_MAX) };

	return e->first ? db_run(call->db, SQL_PASSKEY_FACTOR_FIRST, args, COUNT(args) - 1, ret_inserted)
			: db_run(call->db, SQL_PASSKEY_FACTOR_ANOTHER, args, COUNT(args), ret_inserted);
}

static err
passkey_insert(struct call *call, const struct passkey_enrolment *e, int64_t *ret_inserted)
{
	const struct authenticator_data *data = &e->data;
	const struct db_value args[] = { DB_INT(e->factor_id),
					 DB_BLOB(data->credential_id),
					 DB_TEXT(passkey_rp_id(keeper_config(call->keeper))),
					 DB_INT(data->count),
					 DB_INT(data->verified),
					 DB_INT(data->backup_eligible),
					 DB_INT(data->backed_up),
					 DB_TEXT(e->transports),
					 DB_BLOB(data->aaguid),
					 DB_INT(e->challenge_us) };

	return db_run(call->db, SQL_PASSKEY_INSERT, args, COUNT(args), ret_inserted);
}

/* A credential that was removed earlier and is enrolled again is not a removed one. */
static err
passkey_not_removed(struct call *call, const struct passkey_enrolment *e)
{
	uint8_t hash[DIGEST_BYTES];

	TRY(digest_sha256(e->data.credential_id, hash));
	const struct db_value args[] = { DB_BLOB(str_bytes(hash, sizeof(hash))) };
	return db_run(call->db, SQL_PASSKEY_REMOVED_DELETE, args, COUNT(args), NULL);
}

/* Insert both rows. e->fault and e->reason tell why not. */
static err
passkey_rows_insert(struct call *call, struct passkey_enrolment *e)
{
	int64_t inserted = 0;

	TRY(passkey_factor_insert(call, e, &inserted));
	if (inserted != 1) {
		passkey_enrolment_refuse(e, PASSKEY_FAULT_LIMIT, REASON_LIMIT);
		return ERR_OK;
	}
	TRY(passkey_insert(call, e, &inserted));
	if (inserted != 1) { /* only the audit trail tells that an account has it */
		passkey_enrolment_refuse(e, PASSKEY_FAULT_REFUSED, REASON_TAKEN);
		return ERR_OK;
	}
	TRY(passkey_not_removed(call, e));
	return factor_pending_delete(call);
}

/* A recovery code replaced a lost factor of this session: the passkey takes its place. */
static err
passkey_join_session(struct call *call, const struct proof *proof, bool *ret_done)
{
	if (proofs_recovered(&call->now.session.proofs))
		TRY(session_reattach(call, proof));
	TRY(session_renew(call, ret_done));
	*ret_done = *ret_done && call->next.session.state == STATE_FULL;
	return ERR_OK;
}

static err
passkey_begin_session(struct call *call, const struct proof *proof, bool *ret_done)
{
	struct passkey_result_body *answer = call->answer;

	TRY(throttle_full(call));
	return session_complete_sign_in(call, proof, &answer->device, &answer->next, ret_done);
}

static err
passkey_enrol(struct call *call, void *context, bool *ret_commit)
{
	struct passkey_enrolment *e = context;
	const struct proof proof = { .kind = &factor_kind_passkey,
				     .at_us = call->now_us,
				     .factor_id = e->factor_id,
				     .user_verified_us = e->data.verified ? call->now_us : 0,
				     .synced = e->data.backup_eligible };
	bool done = false;

	TRY(passkey_rows_insert(call, e));
	if (e->fault != PASSKEY_FAULT_NONE)
		return ERR_OK;
	TRY(session_end_others(call)); /* other people who know the password must verify this passkey from now on */
	TRY(e->first ? passkey_begin_session(call, &proof, &done) : passkey_join_session(call, &proof, &done));
	if (!done)
		return ERR_OK;
	TRY(throttle_right(call, &e->throttle));
	*ret_commit = true;
	TRY(audit_write(call, AUDIT_PASSKEY_ADDED, call->now.session.account_id, e->reason));
	return alarm_settle(call, &call->next.session);
}

static err
passkey_enrolment_refused(struct call *call, const struct passkey_enrolment *e)
{
	struct passkey_result_body *answer = call->answer;

	*answer = (struct passkey_result_body){ .fault = e->fault };
	TRY(audit_write(call, AUDIT_PASSKEY_REFUSED, call->now.session.account_id, e->reason));
	audit_log(call, AUDIT_PASSKEY_REFUSED, call->now.session.account_id, e->reason);
	return throttle_wrong(call, &e->throttle);
}

/* The transaction was rolled back. Without another cause, the session got a new token: the challenge is void. */
static err
passkey_enrolment_undone(struct call *call, struct passkey_enrolment *e)
{
	if (e->fault == PASSKEY_FAULT_NONE)
		passkey_enrolment_refuse(e, PASSKEY_FAULT_OLD, REASON_CHALLENGE);
	return passkey_enrolment_refused(call, e);
}

static err
passkey_enrolled(struct call *call, const struct passkey_enrolment *e, enum verdict *ret_verdict)
{
	struct passkey_result_body *answer = call->answer;
	int64_t left = 0;

	audit_log(call, AUDIT_PASSKEY_ADDED, call->now.session.account_id, e->reason);
	TRY(recovery_left(call, &left));
	answer->recovery_left = (uint32_t)(left > 100 ? 100 : left);
	answer->user_verified = e->data.verified;
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

static err
passkey_new_answer(struct call *call, bool first, enum verdict *ret_verdict)
{
	struct passkey_enrolment e = { .first = first };
	bool done = false;

	/* Counted before anything is checked: each refusal writes to the audit trail. */
	TRY(throttle_passkey(call, call->now.session.account_id, &e.throttle));
	TRY(throttle_take(call, &e.throttle));
	TRY(passkey_enrolment_check(call, &e));
	if (e.fault != PASSKEY_FAULT_NONE)
		return passkey_enrolment_refused(call, &e);
	TRY(passkey_enrolment_prepare(call, &e));
	TRY(call_transact(call, passkey_enrol, &e, &done));
	return done ? passkey_enrolled(call, &e, ret_verdict) : passkey_enrolment_undone(call, &e);
}

err
passkey_first_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct passkey_new_body *form = call->body;

	call->browser = form->browser;
	return passkey_new_answer(call, true, ret_verdict);
}

err
passkey_add_answer(struct call *call, enum verdict *ret_verdict)
{
	return passkey_new_answer(call, false, ret_verdict);
}

/* --- CODES_OFF ---------------------------------------------------------------------------------------------------- */

static enum audit_event
codes_event(const struct codes_off_body *form)
{
	return form->off ? AUDIT_CODES_OFF : AUDIT_CODES_ON;
}

/* Off is refused if too little would remain: passkeys_remaining. On is always allowed. */
static err
codes_switch(struct call *call, void *context, bool *ret_commit)
{
	const struct codes_off_body *form = call->body;
	int64_t account_id = call->now.session.account_id, changed = 0;
	const struct db_value args[] = { DB_INT(form->off), DB_INT(account_id) };
	struct passkeys_remaining remaining = { .codes_off = false };
	bool *ret_allowed = context;

	TRY(passkeys_remaining(call, account_id, &remaining));
	*ret_allowed = !form->off || remaining.suffice;
	if (!*ret_allowed)
		return ERR_OK;
	TRY(db_run(call->db, SQL_PASSKEY_CODES_OFF, args, COUNT(args), &changed));
	if (changed != 1) /* nothing to change */
		return ERR_OK;
	call->next.session.codes_off = form->off;
	*ret_commit = true;
	return audit_write(call, codes_event(form), account_id, REASON_ASKED);
}

err
codes_off_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct codes_off_body *form = call->body;
	bool done = false, allowed = false;

	TRY(call_transact(call, codes_switch, &allowed, &done));
	if (done)
		audit_log(call, codes_event(form), call->now.session.account_id, REASON_ASKED);
	*ret_verdict = allowed ? VERDICT_PASSED : VERDICT_REFUSED;
	return ERR_OK;
}
