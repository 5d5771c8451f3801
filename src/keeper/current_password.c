#include "keeper/current_password.h"

#include "base/log.h"
#include "keeper/audit.h"
#include "keeper/passwords.h"
#include "keeper/throttle.h"

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
current_password_stored(struct turn *turn, str *ret_hash)
{
	struct account account = { .id = turn->now.session.account_id };
	const struct db_value args[] = { DB_INT(account.id) };
	struct account_password_row row = { 0 };
	bool found = false;

	TRY(db_row(turn->db, SQL_ACCOUNT_PASSWORD, args, COUNT(args), &turn->arena, &row, &found));
	account.password_hash = row.password_hash;
	*ret_hash =
	    found && account_has_password(&account) ? account.password_hash : str_of(keeper_dummy_hash(turn->keeper));
	return found ? ERR_OK : ERR_GONE; /* the account was deleted since the session was looked up */
}

static err
current_password_right(struct turn *turn, void *context, bool *ret_commit)
{
	*ret_commit = true;
	return throttle_right(turn, context);
}

static err
current_password_wrong(struct turn *turn, const struct throttle *throttle)
{
	TRY(audit_write(turn, AUDIT_PASSWORD_REFUSED, turn->now.session.account_id, REASON_CURRENT));
	audit_log(turn, AUDIT_PASSWORD_REFUSED, turn->now.session.account_id, REASON_CURRENT);
	return throttle_wrong(turn, throttle);
}

err
current_password_check(struct turn *turn, str typed, uint32_t *ret_problem)
{
	CLEANUP(password_wipe) struct password password = { .n = 0 };
	struct throttle throttle;
	str hash = { 0 };
	bool usable, is_right = false, done = false;

	*ret_problem = str_empty(typed) ? PROBLEM_MISSING : PROBLEM_WRONG;
	if (str_empty(typed))
		return ERR_OK;
	TRY(throttle_own_password(turn, &throttle));
	TRY(throttle_take(turn, &throttle));
	TRY(current_password_stored(turn, &hash));
	usable = password_prepare(typed, &password) == PROBLEM_NONE;
	TRY(password_prove(hash, usable ? &password : NULL, &is_right));
	if (!is_right)
		return current_password_wrong(turn, &throttle);
	TRY(turn_transact(turn, current_password_right, &throttle, &done));
	*ret_problem = PROBLEM_NONE;
	return ERR_OK;
}
