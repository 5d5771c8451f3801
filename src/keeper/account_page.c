/*
 * The question ACCOUNT: an account at a glance.
 */
#include "base/buf.h"
#include "keeper/handlers.h"

/* Those that fit: nobody has so many, unless a row was written by hand. */
static err
put_factor(void *context, const struct db_value *row, size_t columns)
{
	CLEANUP(buf_wipe) struct buf one = BUF(1024);
	struct buf *list = context;
	struct display_name name;

	display_name_clean(row[1].bytes, &name);
	const struct factor_item item = { .id = row[0].number,
					  .name = str_bytes(name.b, name.n),
					  .created_us = row[2].number,
					  .last_used_us = row[3].number,
					  .disabled = row[4].number != 0,
					  .current = row[5].number != 0 };
	wire_put(&one, &wire_factor_item, &item);
	TRY(buf_check(&one));
	if (list->n + one.n <= list->max)
		buf_put(list, buf_str(&one));
	return buf_check(list);
}

static err
factors_list(struct turn *turn, str *ret_list)
{
	CLEANUP(buf_wipe) struct buf list = BUF(LIST_MAX_BYTES);
	const struct db_value args[] = { DB_INT(turn->now.session.account_id), DB_INT(turn->now.session.factor_id) };

	TRY(db_all(turn->db, SQL_ACCOUNT_FACTORS, args, COUNT(args), put_factor, &list));
	TRY(buf_check(&list));
	return arena_copy(&turn->arena, buf_str(&list), ret_list);
}

err
account_answer(struct turn *turn, enum verdict *ret_verdict)
{
	struct account_body *answer = turn->answer;
	const struct db_value args[] = { DB_INT(turn->now.session.account_id) };
	struct db_value row[3] = { 0 };
	bool found = false;

	TRY(db_one(turn->db, SQL_ACCOUNT_FACTS, args, COUNT(args), &turn->arena, row, COUNT(row), &found));
	if (!found)
		return ERR_OK;
	TRY(factors_list(turn, &answer->factors));
	answer->password_changed_us = row[0].number;
	answer->recovery_made_us = row[1].number;
	answer->sessions = (uint32_t)row[2].number;
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
