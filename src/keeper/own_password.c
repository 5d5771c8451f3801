/*
 * The password of one's own account, asked for again where something grave is done.
 */
#include "keeper/audit.h"
#include "keeper/turn.h"

err
account_password_check(struct turn *turn, str typed, uint32_t *ret_problem)
{
	CLEANUP(password_wipe) struct password password = { .n = 0 };
	const struct db_value args[] = { DB_INT(turn->now.session.account_id) };
	struct db_value row[1] = { 0 };
	bool found = false, right = false;

	*ret_problem = str_empty(typed) ? PROBLEM_MISSING : PROBLEM_WRONG;
	if (str_empty(typed))
		return ERR_OK;
	TRY(db_one(turn->db, SQL_ACCOUNT_PASSWORD, args, COUNT(args), &turn->arena, row, COUNT(row), &found));
	if (!found)
		return ERR_NOT_FOUND;
	bool usable = password_prepare(typed, &password) == PROBLEM_NONE;
	TRY(password_prove(row[0].bytes, usable ? &password : NULL, &right));
	if (right) {
		*ret_problem = PROBLEM_NONE;
		return ERR_OK;
	}
	audit_log(turn, AUDIT_PASSWORD_REFUSED, turn->now.session.account_id, "current");
	return audit_write(turn, AUDIT_PASSWORD_REFUSED, turn->now.session.account_id, "current");
}
