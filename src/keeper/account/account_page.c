/*
 * The question ACCOUNT: overview of an account.
 */
#include "base/buf.h"
#include "keeper/factor/passkey.h"
#include "keeper/factor/passkey_removal.h"
#include "keeper/handlers.h"

struct listing {
	const struct proofs *proofs;
	struct buf *list;
};

/* Leave out items that do not fit the list. This can happen only if a row was edited by hand. */
static err
account_page_put_factor(void *context, const struct account_factors_row *row)
{
	CLEANUP(buf_wipe) struct buf one = BUF(1024);
	const struct listing *listing = context;
	struct display_name name;

	display_name_clean(row->name, &name);
	const struct factor_item item = { .id = row->id,
					  .name = str_bytes(name.b, name.n),
					  .created_us = row->confirmed_at_us,
					  .last_used_us = row->last_used_at_us,
					  .disabled = row->disabled,
					  .current = proofs_have_factor(listing->proofs, row->id),
					  .passkey = row->passkey,
					  .synced = row->synced,
					  .alone = passkey_opens_alone(&row->alone),
					  .other_host = row->other_host };
	wire_put(&one, &wire_factor_item, &item);
	TRY(buf_check(&one));
	if (listing->list->n + one.n <= listing->list->max)
		buf_put(listing->list, buf_str(&one));
	return buf_check(listing->list);
}

static err
account_page_factors_list(struct call *call, str *ret_list)
{
	CLEANUP(buf_wipe) struct buf list = BUF(LIST_MAX_BYTES);
	struct listing listing = { &call->now.session.proofs, &list };
	const struct db_value args[] = { DB_INT(call->now.session.account_id),
					 DB_TEXT(passkey_rp_id(keeper_config(call->keeper))) };

	TRY(db_rows(call->db, SQL_ACCOUNT_FACTORS, args, COUNT(args), account_page_put_factor, &listing));
	TRY(buf_check(&list));
	return arena_copy(&call->arena, buf_str(&list), ret_list);
}

err
account_answer(struct call *call, enum verdict *ret_verdict)
{
	struct account_body *answer = call->answer;
	const struct db_value args[] = { DB_INT(call->now.session.account_id) };
	struct passkeys_remaining remaining = { .codes_off = false };
	struct account_facts_row row;
	bool found = false;

	TRY(db_row(call->db, SQL_ACCOUNT_FACTS, args, COUNT(args), &call->arena, &row, &found));
	if (!found)
		return ERR_OK;
	TRY(account_page_factors_list(call, &answer->factors));
	TRY(passkeys_remaining(call, call->now.session.account_id, &remaining));
	answer->codes_off = remaining.codes_off;
	answer->codes_off_allowed = remaining.suffice;
	answer->password_changed_us = row.password_changed_at_us;
	answer->recovery_made_us = row.recovery_made_at_us;
	answer->sessions = (uint32_t)row.sessions;
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
