/*
 * Enrols, replaces, renames and removes authenticators.
 *
 * A secret being enrolled belongs to one session for 10 minutes and is shown only to that session. A confirmed secret
 * is never shown again.
 */
#include "base/random.h"
#include "keeper/core/audit.h"
#include "keeper/session/current_password.h"
#include "keeper/factor/attempt.h"
#include "keeper/factor/passkey.h"
#include "keeper/factor/passkey_removal.h"
#include "keeper/handlers.h"
#include "keeper/keys/keys.h"
#include "keeper/session/session.h"

/* --- ENROL: show the secret --------------------------------------------------------------------------------------- */

/* Create a secret of this kind, sealed for the account and the new factor. */
static err
factors_secret_make(struct call *call, const struct factor_kind *kind, int64_t *ret_id, str *ret_sealed)
{
	struct sealed_for owner = { kind->sealing_purpose, call->now.session.account_id, 0 };
	str secret = { 0 };

	TRY(random_id(&owner.factor_id));
	TRY(kind->begin(call, &secret));
	*ret_id = owner.factor_id;
	return sealing_seal(&keeper_keys(call->keeper)->sealing, &owner, secret, &call->arena, ret_sealed);
}

static err
factors_first_insert(struct call *call, const struct factor_kind *kind, int64_t *ret_inserted)
{
	const struct session *session = &call->now.session;
	str sealed = { 0 };
	int64_t id = 0;

	TRY(factors_secret_make(call, kind, &id, &sealed));
	const struct db_value args[] = { DB_INT(id),
					 DB_INT(session->account_id),
					 DB_BLOB(sealed),
					 DB_INT(call->now_us),
					 DB_INT(session->id),
					 DB_INT(call->now_us + ENROLMENT_US),
					 DB_TEXT(str_of(kind->name)) };
	return db_run(call->db, SQL_FACTOR_PENDING_INSERT, args, COUNT(args), ret_inserted);
}

/* Two tabs may ask at the same time: check again under the lock, so that both show the same secret. */
static err
factors_first_make(struct call *call, void *context, bool *ret_commit)
{
	struct enrolment *enrolment = context;
	int64_t inserted = 0;

	TRY(factor_pending(call, enrolment));
	if (enrolment->kind != NULL)
		return ERR_OK;
	TRY(factor_pending_delete(call));
	TRY(factors_first_insert(call, factor_kind_default(), &inserted));
	if (inserted != 1) /* another session enrolled a factor first */
		return ERR_OK;
	TRY(factor_pending(call, enrolment));
	*ret_commit = true;
	return audit_write(call, AUDIT_ENROL, call->now.session.account_id, REASON_ASKED);
}

err
enrol_answer(struct call *call, enum verdict *ret_verdict)
{
	struct enrolment enrolment;
	bool made = false;

	TRY(factor_pending(call, &enrolment));
	/* Only FACTOR_BEGIN, which asks for the password, creates a further factor. */
	if (enrolment.kind == NULL && call->now.session.state == STATE_ENROLLING)
		TRY(call_transact(call, factors_first_make, &enrolment, &made));
	if (enrolment.kind == NULL)
		return ERR_OK;
	TRY(enrolment.kind->challenge(call, &enrolment));
	if (made)
		audit_log(call, AUDIT_ENROL, call->now.session.account_id, REASON_ASKED);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

/* --- FACTOR_BEGIN ------------------------------------------------------------------------------------------------- */

struct beginning {
	const struct factor_kind *kind;
	struct display_name name;
	int64_t replaces;
};

static err
factors_another_insert(struct call *call, const struct beginning *b, int64_t *ret_inserted)
{
	const struct session *session = &call->now.session;
	str sealed = { 0 };
	int64_t id = 0;

	TRY(factors_secret_make(call, b->kind, &id, &sealed));
	const struct db_value args[] = { DB_INT(id),
					 DB_INT(session->account_id),
					 DB_BLOB(sealed),
					 DB_INT(call->now_us),
					 DB_INT(session->id),
					 DB_INT(call->now_us + ENROLMENT_US),
					 DB_TEXT(str_bytes(b->name.b, b->name.n)),
					 DB_INT(b->replaces),
					 DB_INT(FACTORS_MAX + (b->replaces != 0 ? 1 : 0)),
					 DB_TEXT(str_of(b->kind->name)) };
	return db_run(call->db, SQL_FACTOR_ANOTHER_INSERT, args, COUNT(args), ret_inserted);
}

static enum audit_reason
factors_reason(const struct beginning *b)
{
	return b->replaces != 0 ? REASON_REPLACE : REASON_ANOTHER;
}

static err
factors_another_make(struct call *call, void *context, bool *ret_commit)
{
	const struct beginning *b = context;
	int64_t inserted = 0;

	TRY(factor_pending_delete(call));
	TRY(factors_another_insert(call, b, &inserted));
	if (inserted != 1) /* limit reached, codes are off, or the factor to replace is not of this account or kind */
		return ERR_OK;
	*ret_commit = true;
	return audit_write(call, AUDIT_ENROL, call->now.session.account_id, factors_reason(b));
}

err
factor_begin_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct factor_begin_body *form = call->body;
	struct problems_body *problems = call->answer;
	struct beginning b = { .kind = factor_kind_default(), .replaces = form->replaces };
	bool done = false;

	problems->display_name = display_name_check(form->name, &b.name);
	TRY(current_password_check(call, form->current, &problems->current));
	if (problems->display_name != PROBLEM_NONE || problems->current != PROBLEM_NONE) {
		*ret_verdict = VERDICT_PROBLEMS;
		return ERR_OK;
	}
	TRY(call_transact(call, factors_another_make, &b, &done));
	if (done)
		audit_log(call, AUDIT_ENROL, call->now.session.account_id, factors_reason(&b));
	*ret_verdict = done ? VERDICT_PASSED : VERDICT_REFUSED;
	return ERR_OK;
}

/* --- FACTOR_CONFIRM ----------------------------------------------------------------------------------------------- */

/* If the session's verified factor was replaced, or a recovery code stood in for it, the new factor takes its place. */
static err
factor_reattach(struct call *call, const struct attempt *a)
{
	const struct proofs *proofs = &call->now.session.proofs;

	if (!proofs_recovered(proofs) && !proofs_have_factor(proofs, a->enrolment->row.replaces_id))
		return ERR_OK;
	return session_reattach(call, &a->proof);
}

/* End what the replaced factor opened, and delete it. */
static err
factors_replaced_delete(struct call *call, int64_t replaces_id)
{
	const struct db_value args[] = { DB_INT(replaces_id), DB_INT(call->now.session.account_id) };

	if (replaces_id == 0)
		return ERR_OK;
	TRY(session_end_of_factor(call, replaces_id));
	return db_run(call->db, SQL_FACTOR_DELETE, args, COUNT(args), NULL);
}

static err
factors_another_confirm(struct call *call, void *context, bool *ret_commit)
{
	const struct attempt *a = context;
	const struct session *session = &call->now.session;
	const struct db_value args[] = { DB_INT(call->now_us), DB_INT(a->step), DB_INT(a->proof.factor_id),
					 DB_INT(session->account_id), DB_INT(session->id) };
	int64_t changed = 0;
	bool renewed = false;

	TRY(db_run(call->db, SQL_FACTOR_ANOTHER_CONFIRM, args, COUNT(args), &changed));
	if (changed != 1)
		return ERR_OK;
	TRY(factors_replaced_delete(call, a->enrolment->row.replaces_id));
	TRY(factor_reattach(call, a));
	TRY(session_end_others(call));
	TRY(session_renew(call, &renewed));
	if (!renewed || call->next.session.state != STATE_FULL)
		return ERR_OK;
	TRY(throttle_right(call, &a->throttle));
	*ret_commit = true;
	TRY(audit_write(call, AUDIT_ENROLLED, session->account_id, REASON_ANOTHER));
	return alarm_settle(call, &call->next.session);
}

static err
factors_confirm_checked(struct call *call, struct attempt *a, enum verdict *ret_verdict)
{
	bool done = false;

	TRY(attempt_take(call, a));
	TRY(a->kind->confirm(call, a));
	if (a->proof.kind != NULL)
		TRY(call_transact(call, factors_another_confirm, a, &done));
	if (!done)
		return attempt_refuse(call, a, a->kind->why_wrong);
	audit_log(call, AUDIT_ENROLLED, call->now.session.account_id, REASON_ANOTHER);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

err
factor_confirm_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct verify_body *form = call->body;
	struct enrolment enrolment;
	CLEANUP(attempt_wipe) struct attempt a = { .enrolment = &enrolment, .typed = form->code };
	bool possible = false;

	TRY(factor_pending(call, &enrolment));
	a.kind = enrolment.kind;
	if (a.kind == NULL) {
		*ret_verdict = VERDICT_STATE;
		return ERR_OK;
	}
	TRY(a.kind->read(call, &a, &possible));
	if (possible)
		return factors_confirm_checked(call, &a, ret_verdict);
	*ret_verdict = VERDICT_PROBLEMS;
	return ERR_OK;
}

/* --- FACTOR_RENAME, FACTOR_REMOVE --------------------------------------------------------------------------------- */

struct factor_change {
	struct factor_body form;
	struct display_name name; /* of a renamed factor */
	enum audit_reason reason; /* names the kind of the factor */
};

/* The reason of the event. */
static enum audit_reason
factor_changed_reason(const struct factor_remove_row *row)
{
	const struct factor_kind *kind = factor_kind_named(row->kind);

	return kind == NULL ? REASON_ASKED : kind->why_changed;
}

static err
factor_rename(struct call *call, void *context, bool *ret_commit)
{
	struct factor_change *change = context;
	int64_t account_id = call->now.session.account_id;
	const struct db_value args[] = { DB_TEXT(str_bytes(change->name.b, change->name.n)), DB_INT(change->form.id),
					 DB_INT(account_id) };
	struct factor_remove_row row = { 0 };
	bool found = false;

	TRY(db_row(call->db, SQL_FACTOR_RENAME, args, COUNT(args), &call->arena, &row, &found));
	if (!found)
		return ERR_OK;
	change->reason = factor_changed_reason(&row);
	*ret_commit = true;
	return audit_write(call, AUDIT_FACTOR_RENAMED, account_id, change->reason);
}

err
factor_rename_answer(struct call *call, enum verdict *ret_verdict)
{
	struct factor_change change = { .form = *(const struct factor_body *)call->body };
	struct problems_body *problems = call->answer;
	bool done = false;

	problems->display_name = display_name_check(change.form.name, &change.name);
	if (problems->display_name != PROBLEM_NONE) {
		*ret_verdict = VERDICT_PROBLEMS;
		return ERR_OK;
	}
	TRY(call_transact(call, factor_rename, &change, &done));
	if (done)
		audit_log(call, AUDIT_FACTOR_RENAMED, call->now.session.account_id, change.reason);
	*ret_verdict = done ? VERDICT_PASSED : VERDICT_REFUSED;
	return ERR_OK;
}

/* Without codes, enough passkeys must remain. Other kinds may be removed: their codes open nothing. */
static err
factor_removal_allowed(struct call *call, const struct factor_remove_row *row, bool *ret_allowed)
{
	struct passkeys_remaining remaining = { .codes_off = false };

	if (factor_kind_named(row->kind) == &factor_kind_passkey)
		TRY(passkeys_remaining(call, call->now.session.account_id, &remaining));
	*ret_allowed = !remaining.codes_off || remaining.suffice;
	return ERR_OK;
}

static err
factor_remove(struct call *call, void *context, bool *ret_commit)
{
	struct factor_change *change = context;
	int64_t account_id = call->now.session.account_id, id = change->form.id;
	const struct db_value args[] = { DB_INT(id), DB_INT(account_id),
					 DB_TEXT(passkey_rp_id(keeper_config(call->keeper))) };
	struct factor_remove_row row = { 0 };
	bool allowed = false;

	TRY(passkeys_remember_removed(call, account_id, id));
	TRY(db_row(call->db, SQL_FACTOR_REMOVE, args, COUNT(args), &call->arena, &row, &allowed));
	if (allowed)
		TRY(factor_removal_allowed(call, &row, &allowed));
	if (!allowed)
		return ERR_OK;
	change->reason = factor_changed_reason(&row);
	TRY(session_end_of_factor(call, id));
	TRY(session_find(call, &call->token_hash, &call->next.session)); /* for the counts in the answer */
	*ret_commit = true;
	return audit_write(call, AUDIT_FACTOR_REMOVED, account_id, change->reason);
}

err
factor_remove_answer(struct call *call, enum verdict *ret_verdict)
{
	struct factor_change change = { .form = *(const struct factor_body *)call->body };
	bool done = false;

	/* Users cannot remove the factor that verified this session. They can sign in with another factor first. */
	if (proofs_have_factor(&call->now.session.proofs, change.form.id))
		return ERR_OK;
	TRY(call_transact(call, factor_remove, &change, &done));
	if (!done)
		return ERR_OK;
	audit_log(call, AUDIT_FACTOR_REMOVED, call->now.session.account_id, change.reason);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
