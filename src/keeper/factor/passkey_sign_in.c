/*
 * The questions that verify a passkey: PASSKEY_SIGN_IN, PASSKEY_VERIFY, PASSKEY_STEP_UP; and PASSKEYS.
 *
 * An unknown credential and a wrong signature have the same answer after the same work: one look-up, one count, one
 * checked signature, one audit entry. A challenge that says that it is old has another answer. That does not depend on
 * the credential.
 */
#include "keeper/core/alarm.h"
#include "keeper/core/audit.h"
#include "keeper/core/call.h"
#include "keeper/core/factor_kind.h"
#include "keeper/factor/passkey.h"
#include "keeper/factor/recovery.h"
#include "keeper/handlers.h"
#include "keeper/session/session.h"
#include "keeper/session/throttle.h"

#include "base/digest.h"

/* One answer of a browser. */
struct assertion {
	enum challenge_purpose purpose;
	const struct passkey_proof_body *form;
	struct passkey_find_row passkey;
	bool known; /* some account has a passkey with this credential id */
	struct client_data client;
	struct authenticator_data data;
	int64_t challenge_us; /* 0: not a challenge for this purpose and session */
	bool genuine;         /* a known passkey signed a challenge for this purpose and session */
	struct throttle throttle;

	/* Set inside the transaction. */
	bool user_verified; /* the device verified its user, and this passkey may say so */
	bool fell;          /* its counter did not rise */
	bool demoted;       /* for that reason, it opens nothing alone from now on */
	bool became_eligible;

	enum audit_reason why; /* REASON_UNKNOWN: not refused */
	enum passkey_fault fault;
};

static void
passkey_refuse_as(struct assertion *a, enum passkey_fault fault, enum audit_reason why)
{
	a->fault = fault;
	a->why = why;
}

/* --- reading and checking ----------------------------------------------------------------------------------------- */

/* The account that the answer is for; 0: none. */
static int64_t
passkey_account(const struct call *call, const struct assertion *a)
{
	return a->purpose == CHALLENGE_SIGN_IN ? a->passkey.account_id : call->now.session.account_id;
}

/* Count the attempt before anything is checked. */
static err
passkey_take(struct call *call, struct assertion *a)
{
	const struct db_value args[] = { DB_BLOB(a->form->credential_id) };

	TRY(db_row(call->db, SQL_PASSKEY_FIND, args, COUNT(args), &call->arena, &a->passkey, &a->known));
	if (a->purpose == CHALLENGE_SIGN_IN) /* otherwise the session's account */
		call->subject_account_id = a->passkey.account_id;
	TRY(throttle_passkey(call, passkey_account(call, a), &a->throttle));
	return throttle_take(call, &a->throttle);
}

static err
passkey_key(struct call *call, const struct assertion *a, struct credential_key *ret_key)
{
	*ret_key = ceremony_unknown_key();
	if (!a->known)
		return ERR_OK;
	return passkey_key_open(call, a->passkey.account_id, a->passkey.factor_id, a->passkey.secret_sealed, ret_key);
}

static bool
passkey_handle_unknown(const struct assertion *a)
{
	return a->passkey.imported && str_empty(a->passkey.imported_handle);
}

/*
 * s7.2/6: without a user name, the authenticator must name the account; otherwise it may. The handle of an imported
 * passkey is not known before its first answer after the password: passkey_handle_learn.
 */
static bool
passkey_handle_fits(const struct assertion *a)
{
	str handle = a->form->user_handle;

	if (str_empty(handle) || passkey_handle_unknown(a))
		return a->purpose != CHALLENGE_SIGN_IN;
	return str_equal(handle, a->passkey.imported ? a->passkey.imported_handle : a->passkey.user_handle);
}

/* Whose passkey is it? REASON_UNKNOWN: one that may answer here. */
static enum audit_reason
passkey_why_not_theirs(const struct call *call, const struct assertion *a)
{
	bool theirs = a->purpose == CHALLENGE_SIGN_IN || a->passkey.account_id == call->now.session.account_id;

	if (!a->known || !a->passkey.usable || !theirs)
		return REASON_CREDENTIAL;
	if (!str_equal(a->passkey.rp_id, passkey_rp_id(keeper_config(call->keeper))))
		return REASON_RP_ID;
	return passkey_handle_fits(a) ? REASON_UNKNOWN : REASON_USER_HANDLE;
}

static enum audit_reason
passkey_why_refused(const struct call *call, const struct assertion *a, enum webauthn_fault fault)
{
	enum audit_reason whose = passkey_why_not_theirs(call, a);

	if (fault != WEBAUTHN_NONE && fault != WEBAUTHN_SIGNATURE)
		return passkey_reason(fault);
	if (whose != REASON_UNKNOWN)
		return whose;
	if (fault != WEBAUTHN_NONE)
		return passkey_reason(fault);
	if (a->challenge_us == 0)
		return REASON_CHALLENGE;
	return a->passkey.account_disabled ? REASON_DISABLED : REASON_UNKNOWN;
}

/*
 * User verification is not asked here, but after the signature was found right: only the owner of the passkey may learn
 * that it is missing.
 */
static err
passkey_check(struct call *call, struct assertion *a)
{
	const struct ceremony asked = passkey_ceremony(keeper_config(call->keeper), false);
	const struct assertion_answer answer = { a->form->client_data, a->form->auth_data, a->form->signature };
	enum webauthn_fault fault = WEBAUTHN_NONE;
	struct credential_key key;

	TRY(passkey_key(call, a, &key));
	TRY(ceremony_check_assertion(&asked, &key, &answer, &a->client, &a->data, &fault));
	TRY(passkey_challenge_check(call, a->purpose, &a->client, &a->challenge_us));
	a->genuine = a->known && fault == WEBAUTHN_NONE && a->challenge_us != 0;
	a->why = passkey_why_refused(call, a, fault);
	a->fault =
	    challenge_is_old(str_of(a->client.challenge), call->now_us) ? PASSKEY_FAULT_OLD : PASSKEY_FAULT_REFUSED;
	return ERR_OK;
}

/* --- inside the transaction --------------------------------------------------------------------------------------- */

/* A counter that does not rise may be that of a copy. Many authenticators have none, and always send 0. */
static bool
passkey_count_fell(const struct passkey_marks_row *marks, uint32_t count)
{
	return count <= marks->sign_count && (count != 0 || marks->sign_count != 0);
}

/*
 * May the passkey open the account alone after this answer? The password of a sign-in vouches for it. That of a session
 * does not: it may be weeks old, and the thief of a key without a PIN could set one in a session that was left open.
 */
static bool
passkey_initialized(const struct assertion *a, const struct passkey_marks_row *marks)
{
	bool vouched = a->purpose == CHALLENGE_PROVE;

	return !a->demoted && (marks->uv_initialized || (a->data.verified && vouched));
}

static err
passkey_marks_set(struct call *call, const struct assertion *a, const struct passkey_marks_row *marks)
{
	const struct authenticator_data *data = &a->data;
	const struct db_value args[] = { DB_INT(data->count > marks->sign_count ? data->count : marks->sign_count),
					 DB_INT(passkey_initialized(a, marks)),
					 DB_INT(marks->backup_eligible || data->backup_eligible),
					 DB_INT(data->backed_up), DB_INT(a->passkey.factor_id) };
	const struct db_value used[] = { DB_INT(call->now_us), DB_INT(a->passkey.factor_id) };

	TRY(db_run(call->db, SQL_PASSKEY_MARKS_SET, args, COUNT(args), NULL));
	return db_run(call->db, SQL_PASSKEY_USED, used, COUNT(used), NULL);
}

static err
passkey_marks_audit(struct call *call, const struct assertion *a)
{
	int64_t account_id = a->passkey.account_id;

	if (a->became_eligible)
		TRY(audit_write(call, AUDIT_PASSKEY_BACKUP_CHANGED, account_id, REASON_PASSKEY));
	return a->fell ? audit_write(call, AUDIT_PASSKEY_COUNT_FELL, account_id, REASON_PASSKEY) : ERR_OK;
}

/* After the commit. */
static void
passkey_marks_log(const struct call *call, const struct assertion *a)
{
	if (a->became_eligible)
		audit_log(call, AUDIT_PASSKEY_BACKUP_CHANGED, a->passkey.account_id, REASON_PASSKEY);
	if (a->fell)
		audit_log(call, AUDIT_PASSKEY_COUNT_FELL, a->passkey.account_id, REASON_PASSKEY);
}

/* *ret_claimed false: the challenge or a newer one was used before, or the passkey is gone. */
static err
passkey_claim(struct call *call, const struct assertion *a, bool *ret_claimed)
{
	const struct db_value args[] = { DB_INT(a->challenge_us), DB_INT(a->passkey.factor_id) };
	int64_t changed = 0;

	TRY(db_run(call->db, SQL_PASSKEY_CLAIM, args, COUNT(args), &changed));
	*ret_claimed = changed == 1;
	return ERR_OK;
}

/*
 * Use the challenge up, and store counter and flags of the answer. *ret_done false: the challenge or a newer one was
 * used before, or the passkey is gone.
 */
static err
passkey_spend(struct call *call, struct assertion *a, bool *ret_done)
{
	const struct db_value args[] = { DB_INT(a->passkey.factor_id) };
	struct passkey_marks_row marks = { 0 };

	passkey_refuse_as(a, PASSKEY_FAULT_OLD, REASON_CHALLENGE_USED);
	TRY(passkey_claim(call, a, ret_done));
	if (!*ret_done)
		return ERR_OK;
	TRY(db_row(call->db, SQL_PASSKEY_MARKS, args, COUNT(args), NULL, &marks, ret_done));
	a->fell = passkey_count_fell(&marks, a->data.count);
	a->became_eligible = a->data.backup_eligible && !marks.backup_eligible;
	a->demoted = a->fell && !marks.backup_eligible;
	a->user_verified = a->data.verified && passkey_initialized(a, &marks);
	TRY(passkey_marks_set(call, a, &marks));
	TRY(passkey_marks_audit(call, a));
	a->why = REASON_UNKNOWN;
	return ERR_OK;
}

static struct proof
passkey_proof(const struct call *call, const struct assertion *a)
{
	return (struct proof){ .kind = &factor_kind_passkey,
			       .at_us = call->now_us,
			       .factor_id = a->passkey.factor_id,
			       .user_verified_us = a->user_verified ? call->now_us : 0 };
}

/* Record the verified passkey. session: after the change. */
static err
passkey_settle(struct call *call, const struct assertion *a, enum audit_event event)
{
	TRY(throttle_right(call, &a->throttle));
	TRY(audit_write(call, event, a->passkey.account_id, REASON_PASSKEY));
	return alarm_settle(call, &call->next.session);
}

/* --- the three questions ------------------------------------------------------------------------------------------ */

static enum audit_reason
passkey_why_not_alone(const struct assertion *a)
{
	return a->data.verified ? REASON_NOT_ALONE : REASON_USER_UNVERIFIED;
}

/* PASSKEY_SIGN_IN. A demotion is stored although the answer is refused. */
static err
passkey_sign_in(struct call *call, void *context, bool *ret_commit)
{
	struct passkey_result_body *result = call->answer;
	struct assertion *a = context;
	bool done = false;
	err e;

	TRY(passkey_spend(call, a, &done));
	if (!done)
		return ERR_OK;
	if (!a->user_verified) {
		passkey_refuse_as(a, PASSKEY_FAULT_UNVERIFIED, passkey_why_not_alone(a));
		*ret_commit = a->demoted;
		return ERR_OK;
	}
	const struct proof proof = passkey_proof(call, a);
	e = session_begin_verified(call, a->passkey.account_id, a->form->remember != 0, &proof);
	if (e == ERR_NOT_FOUND) { /* the account was disabled or deleted after the look-up */
		passkey_refuse_as(a, PASSKEY_FAULT_REFUSED, REASON_DISABLED);
		return ERR_OK;
	}
	TRY(e);
	TRY(throttle_full_by_passkey(call, &call->next.session));
	TRY(session_signed_in(call, &result->device));
	result->next = session_path(a->form->next);
	*ret_commit = true;
	return passkey_settle(call, a, AUDIT_PASSKEY_VERIFIED);
}

/* The password of this sign-in vouches for the user handle of an imported passkey. */
static err
passkey_handle_learn(struct call *call, const struct assertion *a)
{
	const struct db_value args[] = { DB_BLOB(a->form->user_handle), DB_INT(a->passkey.factor_id) };

	if (!passkey_handle_unknown(a) || str_empty(a->form->user_handle))
		return ERR_OK;
	return db_run(call->db, SQL_PASSKEY_HANDLE_LEARN, args, COUNT(args), NULL);
}

/* PASSKEY_VERIFY: the session has verified the password. */
static err
passkey_prove(struct call *call, void *context, bool *ret_commit)
{
	struct passkey_result_body *result = call->answer;
	struct assertion *a = context;
	bool done = false;

	TRY(passkey_spend(call, a, &done));
	if (!done)
		return ERR_OK;
	const struct proof proof = passkey_proof(call, a);
	TRY(passkey_handle_learn(call, a));
	TRY(throttle_full_by_passkey(call, &call->now.session));
	TRY(session_complete_sign_in(call, &proof, &result->device, &result->next, ret_commit));
	return *ret_commit ? passkey_settle(call, a, AUDIT_PASSKEY_VERIFIED) : ERR_OK;
}

/* A session without a password accepts only a passkey that opens the account alone. */
static bool
passkey_step_up_needs_user(const struct call *call)
{
	return !proofs_have_password(&call->now.session.proofs);
}

/* PASSKEY_STEP_UP. A demotion is stored although the answer is refused. */
static err
passkey_freshen(struct call *call, void *context, bool *ret_commit)
{
	struct assertion *a = context;
	bool done = false;

	TRY(passkey_spend(call, a, &done));
	if (!done)
		return ERR_OK;
	if (!a->user_verified && passkey_step_up_needs_user(call)) {
		passkey_refuse_as(a, PASSKEY_FAULT_UNVERIFIED, passkey_why_not_alone(a));
		*ret_commit = a->demoted;
		return ERR_OK;
	}
	const struct proof proof = passkey_proof(call, a);
	TRY(session_reattach(call, &proof));
	TRY(session_step_up(call, &factor_kind_passkey, ret_commit));
	return *ret_commit ? passkey_settle(call, a, AUDIT_PASSKEY_STEP_UP) : ERR_OK;
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

/* May the browser forget the passkey? Only where this server remembers that it removed it. */
static err
passkey_was_removed(struct call *call, const struct assertion *a, bool *ret_removed)
{
	uint8_t hash[DIGEST_BYTES];
	struct passkey_removed_find_row row;
	bool found = false;

	TRY(digest_sha256(a->form->credential_id, hash));
	const struct db_value args[] = { DB_BLOB(str_bytes(hash, sizeof(hash))) };
	TRY(db_row(call->db, SQL_PASSKEY_REMOVED_FIND, args, COUNT(args), NULL, &row, &found));
	*ret_removed = found && !a->known;
	return ERR_OK;
}

static err
passkey_claim_refused(struct call *call, void *context, bool *ret_commit)
{
	return passkey_claim(call, context, ret_commit);
}

/*
 * The answer is refused, but its signature is right: it still uses the challenge up. Otherwise it could be tried again
 * with another user handle, or after a change of the account: the signature covers neither.
 */
static err
passkey_spend_refused(struct call *call, struct assertion *a, bool spent)
{
	bool claimed = false;

	return !spent && a->genuine ? call_transact(call, passkey_claim_refused, a, &claimed) : ERR_OK;
}

static err
passkey_refused_answer(struct call *call, const struct assertion *a)
{
	struct passkey_result_body *result = call->answer;
	int64_t account_id = passkey_account(call, a);
	bool removed = false;

	TRY(audit_write(call, AUDIT_PASSKEY_REFUSED, account_id, a->why));
	audit_log(call, AUDIT_PASSKEY_REFUSED, account_id, a->why);
	TRY(alarm_raise(call, account_id));
	TRY(passkey_was_removed(call, a, &removed));
	*result = (struct passkey_result_body){ .fault = a->fault,
						.removed = removed,
						.demoted = a->demoted && a->fault == PASSKEY_FAULT_UNVERIFIED };
	return throttle_wrong(call, &a->throttle);
}

/* The refusal is recorded even if its challenge cannot be used up: the session may end at the same time. */
static err
passkey_refuse(struct call *call, struct assertion *a, bool spent)
{
	err e = passkey_spend_refused(call, a, spent);

	TRY(passkey_refused_answer(call, a));
	return e;
}

static err
passkey_result_fill(struct call *call, const struct assertion *a)
{
	struct passkey_result_body *result = call->answer;
	int64_t left = 0;

	TRY(recovery_left(call, &left));
	result->user_verified = a->data.verified;
	result->demoted = a->demoted;
	result->recovery_left = (uint32_t)(left > 100 ? 100 : left);
	return ERR_OK;
}

/* Common to the three questions. */
static err
passkey_answer(struct call *call, enum challenge_purpose purpose, call_work work, enum verdict *ret_verdict)
{
	struct assertion a = { .purpose = purpose, .form = call->body };
	enum audit_event event = purpose == CHALLENGE_STEP_UP ? AUDIT_PASSKEY_STEP_UP : AUDIT_PASSKEY_VERIFIED;
	bool done = false;

	if (purpose != CHALLENGE_STEP_UP) /* otherwise the session names the browser */
		call->browser = a.form->browser;
	TRY(passkey_take(call, &a));
	TRY(passkey_check(call, &a));
	if (a.why == REASON_UNKNOWN)
		TRY(call_transact(call, work, &a, &done));
	if (done)
		passkey_marks_log(call, &a);
	if (!done || a.why != REASON_UNKNOWN)
		return passkey_refuse(call, &a, done);
	audit_log(call, event, a.passkey.account_id, REASON_PASSKEY);
	*ret_verdict = VERDICT_PASSED;
	return passkey_result_fill(call, &a);
}

err
passkey_sign_in_answer(struct call *call, enum verdict *ret_verdict)
{
	return passkey_answer(call, CHALLENGE_SIGN_IN, passkey_sign_in, ret_verdict);
}

err
passkey_verify_answer(struct call *call, enum verdict *ret_verdict)
{
	return passkey_answer(call, CHALLENGE_PROVE, passkey_prove, ret_verdict);
}

err
passkey_step_up_answer(struct call *call, enum verdict *ret_verdict)
{
	return passkey_answer(call, CHALLENGE_STEP_UP, passkey_freshen, ret_verdict);
}

/* --- PASSKEYS ----------------------------------------------------------------------------------------------------- */

/* initialized: only passkeys that passkey_initialized accepts at a step-up. */
static err
passkeys_list(struct call *call, str rp_id, bool initialized, str *ret_list)
{
	CLEANUP(buf_wipe) struct buf list = BUF(LIST_MAX_BYTES);
	const struct db_value args[] = { DB_INT(call->now.session.account_id), DB_TEXT(rp_id), DB_INT(initialized) };

	TRY(db_rows(call->db, SQL_PASSKEY_USABLE, args, COUNT(args), passkey_list_put, &list));
	return arena_copy(&call->arena, buf_str(&list), ret_list);
}

err
passkeys_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct passkeys_ask_body *form = call->body;
	struct passkeys_body *answer = call->answer;
	bool full = call->now.session.state == STATE_FULL, needs_user = full && passkey_step_up_needs_user(call);

	if (full != (form->step_up != 0))
		return ERR_OK;
	answer->rp_id = passkey_rp_id(keeper_config(call->keeper));
	answer->user_verification = needs_user;
	TRY(passkeys_list(call, answer->rp_id, needs_user && form->all == 0, &answer->passkeys));
	TRY(passkey_challenge_make(call, full ? CHALLENGE_STEP_UP : CHALLENGE_PROVE, &answer->challenge));
	if (full)
		TRY(passkey_user_handle(call, call->now.session.account_id, &answer->user_handle));
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
