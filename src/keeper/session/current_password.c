#include "keeper/session/current_password.h"

#include "base/log.h"
#include "keeper/core/audit.h"
#include "keeper/core/session_lookup.h"
#include "keeper/password/passwords.h"
#include "keeper/session/throttle.h"

bool
account_has_password(const struct account *account)
{
	if (password_hash_usable(account->password_hash))
		return true;
	if (!str_equal(account->password_hash, STR(ACCOUNT_NO_PASSWORD)))
		log_event(LOG_WARNING, "password.unusable", LOG_INT("account", account->id));
	return false;
}

static err
current_password_stored(struct call *call, str *ret_hash)
{
	struct account account = { .id = call->now.session.account_id };
	const struct db_value args[] = { DB_INT(account.id) };
	struct account_password_row row = { 0 };
	bool found = false;

	TRY(db_row(call->db, SQL_ACCOUNT_PASSWORD, args, COUNT(args), &call->arena, &row, &found));
	account.password_hash = row.password_hash;
	*ret_hash =
	    found && account_has_password(&account) ? account.password_hash : str_of(keeper_dummy_hash(call->keeper));
	return found ? ERR_OK : ERR_GONE; /* the account was deleted after the session lookup */
}

static err
current_password_right(struct call *call, void *context, bool *ret_commit)
{
	*ret_commit = true;
	return throttle_right(call, context);
}

static err
current_password_wrong(struct call *call, const struct throttle *throttle)
{
	TRY(audit_write(call, AUDIT_PASSWORD_REFUSED, call->now.session.account_id, REASON_CURRENT));
	audit_log(call, AUDIT_PASSWORD_REFUSED, call->now.session.account_id, REASON_CURRENT);
	TRY(alarm_raise(call, call->now.session.account_id));
	return throttle_wrong(call, throttle);
}

err
current_password_check(struct call *call, str typed, uint32_t *ret_problem)
{
	CLEANUP(password_wipe) struct password password = { .n = 0 };
	struct throttle throttle;
	str hash = { 0 };
	bool usable, is_right = false, done = false;

	*ret_problem = str_empty(typed) ? PROBLEM_MISSING : PROBLEM_WRONG;
	if (str_empty(typed) && session_user_verified(call))
		*ret_problem = PROBLEM_NONE;
	if (str_empty(typed))
		return ERR_OK;
	TRY(throttle_own_password(call, &throttle));
	TRY(throttle_take(call, &throttle));
	TRY(current_password_stored(call, &hash));
	usable = password_prepare(typed, &password) == PROBLEM_NONE;
	TRY(password_verify(hash, usable ? &password : NULL, &is_right));
	if (!is_right)
		return current_password_wrong(call, &throttle);
	TRY(call_transact(call, current_password_right, &throttle, &done));
	*ret_problem = PROBLEM_NONE;
	return ERR_OK;
}
