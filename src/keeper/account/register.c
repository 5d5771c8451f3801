/*
 * The question REGISTER: creates an account.
 *
 * Form errors are reported for all fields at once, before any database lookup. Whether the name is taken is only found
 * out by inserting it, always after computing the hash.
 */
#include "base/log.h"
#include "base/random.h"
#include "base/secret.h"
#include "keeper/core/audit.h"
#include "keeper/account/links.h"
#include "keeper/password/password_choice.h"
#include "keeper/password/passwords.h"
#include "keeper/session/session.h"
#include "keeper/session/throttle.h"
#include "keeper/handlers.h"

struct registration {
	bool by_invitation;
	str invite;
	struct account_name name;
	struct password password;
	struct password_hash hash;
	int64_t account_id;
};

static void
register_registration_wipe(struct registration *r)
{
	secret_wipe(r, sizeof(*r));
}

/* --- form --------------------------------------------------------------------------------------------------------- */

/* Check the form. If it returns false, the answer holds the problem of each field. */
static bool
register_form_check(struct call *call, struct registration *r)
{
	const struct register_body *form = call->body;
	struct problems_body *problems = call->answer;

	problems->username = account_name_fold(form->username, &r->name);
	password_choose(keeper_config(call->keeper), form->password, form->confirm, &r->name, &r->password, problems);
	return problems->username == PROBLEM_NONE && problems->password == PROBLEM_NONE &&
	       problems->confirm == PROBLEM_NONE;
}

/* --- account ------------------------------------------------------------------------------------------------------ */

static err
register_make_account(struct call *call, void *context, bool *ret_commit)
{
	const struct register_body *form = call->body;
	struct registration *r = context;
	bool spent = false;

	if (r->by_invitation) {
		TRY(link_spend(call, r->invite, LINK_INVITE, &spent));
		if (!spent)
			return ERR_OK;
	}
	TRY(random_id(&r->account_id));
	TRY(account_insert(call->db, r->account_id, account_name_str(&r->name), str_of(r->hash.z), call->now_us));
	TRY(session_begin(call, r->account_id, form->next, false));
	TRY(audit_write(call, AUDIT_REGISTER, r->account_id, r->by_invitation ? REASON_INVITATION : REASON_OPEN));
	*ret_commit = true;
	return ERR_OK;
}

static err
register_taken(struct call *call, const struct registration *r, enum verdict *ret_verdict)
{
	struct problems_body *problems = call->answer;

	TRY(audit_write_unknown(call, AUDIT_REGISTER_REFUSED, account_name_str(&r->name), REASON_TAKEN));
	audit_log(call, AUDIT_REGISTER_REFUSED, 0, REASON_TAKEN);
	problems->username = PROBLEM_TAKEN;
	*ret_verdict = VERDICT_PROBLEMS;
	return ERR_OK;
}

/* Registration may be open or need an invitation, which is spent in the transaction that takes the name. */
static bool
register_may_register(const struct call *call, struct registration *r)
{
	const struct register_body *form = call->body;
	enum config_registration registration = keeper_config(call->keeper)->registration;

	r->by_invitation = registration == REGISTRATION_INVITE;
	r->invite = form->invite;
	return registration == REGISTRATION_OPEN || (r->by_invitation && form->invite.n > 0);
}

err
register_answer(struct call *call, enum verdict *ret_verdict)
{
	CLEANUP(register_registration_wipe) struct registration r = { .account_id = 0 };
	struct throttle throttle;
	bool done = false;
	err e;

	if (!register_may_register(call, &r)) {
		*ret_verdict = VERDICT_CLOSED;
		return ERR_OK;
	}
	if (!register_form_check(call, &r)) {
		*ret_verdict = VERDICT_PROBLEMS;
		return ERR_OK;
	}
	TRY(throttle_register(call, &throttle));
	TRY(throttle_take(call, &throttle));
	TRY(password_hash(keeper_config(call->keeper), &r.password, &r.hash));
	e = call_transact(call, register_make_account, &r, &done);
	if (e == ERR_EXISTS)
		return register_taken(call, &r, ret_verdict);
	TRY(e);
	if (!done) { /* the invitation was used or has expired */
		*ret_verdict = VERDICT_CLOSED;
		return ERR_OK;
	}
	audit_log(call, AUDIT_REGISTER, r.account_id, r.by_invitation ? REASON_INVITATION : REASON_OPEN);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
