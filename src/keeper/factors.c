/*
 * Authenticators being enrolled, replaced, renamed and removed.
 *
 * A secret being enrolled belongs to one session for 10 minutes and is shown to that session only; once it is confirmed it is
 * never shown again.
 */
#include "base/random.h"
#include "base/secret.h"
#include "doubletour/otp.h"
#include "keeper/audit.h"
#include "keeper/current_password.h"
#include "keeper/keys.h"
#include "keeper/throttle.h"
#include "keeper/totp.h"
#include "keeper/handlers.h"

enum { URI_MAX = 2048, FACTORS_MAX = 10 };

/* --- ENROL: what is shown ------------------------------------------------------------------------------------------ */

static err
seal(struct turn *turn, const struct factor *factor, str *ret_sealed)
{
	const struct sealed_for owner = { SEALED_TOTP, turn->now.session.account_id, factor->id };

	return sealing_seal(&keeper_keys(turn->keeper)->sealing, &owner, str_bytes(factor->secret, factor->secret_n),
			    &turn->arena, ret_sealed);
}

static err
factor_new(struct turn *turn, struct factor *ret_factor)
{
	*ret_factor = (struct factor){ .secret_n = OTP_SECRET_DEFAULT,
				       .totp = OTP_TOTP_DEFAULT,
				       .expires_us = turn->now_us + ENROLMENT_US };
	TRY(random_id(&ret_factor->id));
	return random_fill(ret_factor->secret, ret_factor->secret_n);
}

static err
pending_delete(struct turn *turn)
{
	const struct db_value args[] = { DB_INT(turn->now.session.id) };

	return db_run(turn->db, SQL_FACTOR_PENDING_DELETE, args, COUNT(args), NULL);
}

static err
first_insert(struct turn *turn, const struct factor *factor, int64_t *ret_inserted)
{
	const struct session *session = &turn->now.session;
	str sealed = { 0 };

	TRY(seal(turn, factor, &sealed));
	const struct db_value args[] = {
		DB_INT(factor->id),   DB_INT(session->account_id), DB_BLOB(sealed),
		DB_INT(turn->now_us), DB_INT(session->id),         DB_INT(factor->expires_us)
	};
	return db_run(turn->db, SQL_FACTOR_PENDING_INSERT, args, COUNT(args), ret_inserted);
}

/* Two tabs may ask at once: under the lock look again, and let both show the same. */
static err
first_make(struct turn *turn, void *context, bool *ret_commit)
{
	struct factor *factor = context;
	int64_t inserted = 0;

	*factor = (struct factor){ 0 };
	TRY(factor_pending(turn, factor));
	if (factor->id != 0)
		return ERR_OK;
	TRY(pending_delete(turn));
	TRY(factor_new(turn, factor));
	TRY(first_insert(turn, factor, &inserted));
	if (inserted != 1) { /* enrolled meanwhile, by another session */
		factor_wipe(factor);
		return ERR_OK;
	}
	*ret_commit = true;
	return audit_write(turn, AUDIT_ENROL, turn->now.session.account_id, "asked");
}

static void
uri_fill(const struct turn *turn, const struct factor *factor, struct otp_uri *uri)
{
	*uri = OTP_URI_DEFAULT;
	(void)!str_copy_z(str_of(keeper_config(turn->keeper)->app_name), uri->issuer, sizeof(uri->issuer));
	(void)!str_copy_z(account_name_str(&turn->now.session.name), uri->account, sizeof(uri->account));
	memcpy(uri->secret, factor->secret, factor->secret_n);
	uri->secret_n = factor->secret_n;
}

static err
pending_show(struct turn *turn, const struct factor *factor)
{
	CLEANUP(otp_uri_wipe) struct otp_uri parts;
	struct enrolment_body *answer = turn->answer;
	size_t room = OTP_BASE32_SIZE(OTP_SECRET_DEFAULT);
	char *secret = arena_alloc(&turn->arena, room), *uri = arena_alloc(&turn->arena, URI_MAX + 1);

	uri_fill(turn, factor, &parts);
	if (secret == NULL || uri == NULL)
		return ERR_MEMORY;
	TRY(otp_err(otp_base32_encode(parts.secret, parts.secret_n, secret, room)));
	TRY(otp_err(otp_uri_build(&parts, 0, uri, URI_MAX + 1)));
	answer->secret = str_of(secret);
	answer->uri = str_of(uri);
	answer->expires_us = factor->expires_us;
	return ERR_OK;
}

err
enrol_answer(struct turn *turn, enum verdict *ret_verdict)
{
	CLEANUP(factor_wipe) struct factor factor = { 0 };
	bool made = false;

	TRY(factor_pending(turn, &factor));
	/* A further one is made by FACTOR_BEGIN, which asks for the password. */
	if (factor.id == 0 && turn->now.session.state == STATE_ENROLLING)
		TRY(turn_transact(turn, first_make, &factor, &made));
	if (factor.id == 0)
		return ERR_OK;
	TRY(pending_show(turn, &factor));
	if (made)
		audit_log(turn, AUDIT_ENROL, turn->now.session.account_id, "asked");
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

/* --- FACTOR_BEGIN ----------------------------------------------------------------------------------------------------- */

struct beginning {
	struct display_name name;
	int64_t replaces;
};

static err
another_insert(struct turn *turn, const struct factor *factor, const struct beginning *b, int64_t *ret_inserted)
{
	const struct session *session = &turn->now.session;
	str sealed = { 0 };

	TRY(seal(turn, factor, &sealed));
	const struct db_value args[] = { DB_INT(factor->id),
					 DB_INT(session->account_id),
					 DB_BLOB(sealed),
					 DB_INT(turn->now_us),
					 DB_INT(session->id),
					 DB_INT(factor->expires_us),
					 DB_TEXT(str_bytes(b->name.b, b->name.n)),
					 DB_INT(b->replaces),
					 DB_INT(FACTORS_MAX + (b->replaces != 0 ? 1 : 0)) };
	return db_run(turn->db, SQL_FACTOR_ANOTHER_INSERT, args, COUNT(args), ret_inserted);
}

static err
another_make(struct turn *turn, void *context, bool *ret_commit)
{
	CLEANUP(factor_wipe) struct factor factor = { 0 };
	const struct beginning *b = context;
	int64_t inserted = 0;

	TRY(pending_delete(turn));
	TRY(factor_new(turn, &factor));
	TRY(another_insert(turn, &factor, b, &inserted));
	if (inserted != 1) /* too many, or the one to be replaced is not theirs */
		return ERR_OK;
	*ret_commit = true;
	return audit_write(turn, AUDIT_ENROL, turn->now.session.account_id, b->replaces != 0 ? "replace" : "another");
}

err
factor_begin_answer(struct turn *turn, enum verdict *ret_verdict)
{
	const struct factor_begin_body *form = turn->body;
	struct problems_body *problems = turn->answer;
	struct beginning b = { .replaces = form->replaces };
	bool done = false;

	problems->display_name = display_name_check(form->name, &b.name);
	TRY(current_password_check(turn, form->current, &problems->current));
	if (problems->display_name != PROBLEM_NONE || problems->current != PROBLEM_NONE) {
		*ret_verdict = VERDICT_PROBLEMS;
		return ERR_OK;
	}
	TRY(turn_transact(turn, another_make, &b, &done));
	*ret_verdict = done ? VERDICT_PASSED : VERDICT_REFUSED;
	return ERR_OK;
}

/* --- FACTOR_CONFIRM --------------------------------------------------------------------------------------------------- */

/* What this session came in by is gone, or was a recovery code: from now on it is the new one. */
static err
stand_on(struct turn *turn, const struct factor *factor)
{
	const struct session *session = &turn->now.session;
	const struct db_value args[] = { DB_INT(factor->id), DB_INT(turn->now_us), DB_INT(session->id) };

	if (session->recovered_us == 0 && (factor->replaces_id == 0 || session->factor_id != factor->replaces_id))
		return ERR_OK;
	return db_run(turn->db, SQL_SESSION_FACTOR, args, COUNT(args), NULL);
}

static err
replaced_delete(struct turn *turn, const struct factor *factor)
{
	const struct db_value args[] = { DB_INT(factor->replaces_id), DB_INT(turn->now.session.account_id) };

	if (factor->replaces_id == 0)
		return ERR_OK;
	return db_run(turn->db, SQL_FACTOR_DELETE, args, COUNT(args), NULL);
}

struct confirmation {
	struct throttle throttle;
	struct proof proof;
};

static void
confirmation_wipe(struct confirmation *c)
{
	secret_wipe(c, sizeof(*c));
}

static err
another_confirm(struct turn *turn, void *context, bool *ret_commit)
{
	const struct confirmation *c = context;
	const struct proof *proof = &c->proof;
	const struct session *session = &turn->now.session;
	const struct db_value args[] = { DB_INT(turn->now_us), DB_INT(proof->match.step), DB_INT(proof->factor.id),
					 DB_INT(session->account_id), DB_INT(session->id) };
	int64_t changed = 0;
	bool renewed = false;

	TRY(db_run(turn->db, SQL_FACTOR_ANOTHER_CONFIRM, args, COUNT(args), &changed));
	if (changed != 1)
		return ERR_OK;
	TRY(replaced_delete(turn, &proof->factor));
	TRY(stand_on(turn, &proof->factor));
	TRY(session_end_others(turn));
	TRY(session_renew(turn, &renewed));
	if (!renewed || turn->next.session.state != STATE_FULL)
		return ERR_OK;
	TRY(throttle_right(turn, &c->throttle));
	*ret_commit = true;
	return audit_write(turn, AUDIT_ENROLLED, session->account_id, "another");
}

static err
confirmation_refuse(struct turn *turn, const struct confirmation *c, str typed)
{
	struct proved_body *answer = turn->answer;

	TRY(code_refused(turn, &c->proof.factor, typed, "code", &answer->drift_s));
	return throttle_wrong(turn, &c->throttle);
}

err
factor_confirm_answer(struct turn *turn, enum verdict *ret_verdict)
{
	CLEANUP(confirmation_wipe) struct confirmation c = { .proof = { .match = { false, 0 } } };
	const struct prove_body *form = turn->body;
	bool done = false;

	TRY(factor_pending(turn, &c.proof.factor));
	if (c.proof.factor.id == 0) {
		*ret_verdict = VERDICT_STATE;
		return ERR_OK;
	}
	if (!code_possible(form->code, c.proof.factor.totp.digits)) {
		*ret_verdict = VERDICT_PROBLEMS;
		return ERR_OK;
	}
	TRY(throttle_code(turn, false, &c.throttle));
	TRY(throttle_take(turn, &c.throttle));
	TRY(code_check(&c.proof.factor, form->code, turn->now_us, &c.proof.match));
	if (c.proof.match.ok)
		TRY(turn_transact(turn, another_confirm, &c, &done));
	if (!done)
		return confirmation_refuse(turn, &c, form->code);
	audit_log(turn, AUDIT_ENROLLED, turn->now.session.account_id, "another");
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

/* --- FACTOR_RENAME, FACTOR_REMOVE ------------------------------------------------------------------------------------- */

static err
factor_rename(struct turn *turn, void *context, bool *ret_commit)
{
	const struct factor_body *form = turn->body;
	const struct display_name *name = context;
	int64_t account_id = turn->now.session.account_id, changed = 0;
	const struct db_value args[] = { DB_TEXT(str_bytes(name->b, name->n)), DB_INT(form->id), DB_INT(account_id) };

	TRY(db_run(turn->db, SQL_FACTOR_RENAME, args, COUNT(args), &changed));
	if (changed != 1)
		return ERR_OK;
	*ret_commit = true;
	return audit_write(turn, AUDIT_FACTOR_RENAMED, account_id, "asked");
}

err
factor_rename_answer(struct turn *turn, enum verdict *ret_verdict)
{
	const struct factor_body *form = turn->body;
	struct problems_body *problems = turn->answer;
	struct display_name name = { .n = 0 };
	bool done = false;

	problems->display_name = display_name_check(form->name, &name);
	if (problems->display_name != PROBLEM_NONE) {
		*ret_verdict = VERDICT_PROBLEMS;
		return ERR_OK;
	}
	TRY(turn_transact(turn, factor_rename, &name, &done));
	*ret_verdict = done ? VERDICT_PASSED : VERDICT_REFUSED;
	return ERR_OK;
}

static err
factor_remove(struct turn *turn, void *context, bool *ret_commit)
{
	const struct factor_body *form = context;
	int64_t account_id = turn->now.session.account_id, changed = 0;
	const struct db_value args[] = { DB_INT(form->id), DB_INT(account_id) };

	TRY(db_run(turn->db, SQL_FACTOR_REMOVE, args, COUNT(args), &changed));
	if (changed != 1)
		return ERR_OK;
	TRY(session_end_of_factor(turn, form->id));
	*ret_commit = true;
	return audit_write(turn, AUDIT_FACTOR_REMOVED, account_id, "asked");
}

err
factor_remove_answer(struct turn *turn, enum verdict *ret_verdict)
{
	const struct session *session = &turn->now.session;
	struct factor_body form = *(const struct factor_body *)turn->body;
	bool done = false;

	/* Who came in by it would be out: that is what signing in with another is for. */
	if (session->recovered_us == 0 && session->factor_id == form.id)
		return ERR_OK;
	TRY(turn_transact(turn, factor_remove, &form, &done));
	if (!done)
		return ERR_OK;
	audit_log(turn, AUDIT_FACTOR_REMOVED, turn->now.session.account_id, "asked");
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
