/*
 * The questions that enrol a passkey: PASSKEY_OFFER, PASSKEY_BEGIN, PASSKEY_FIRST, PASSKEY_ADD; and CODES_OFF.
 */
#include "keeper/core/call.h"
#include "keeper/factor/passkey.h"
#include "keeper/factor/passkey_removal.h"
#include "keeper/handlers.h"

err
passkey_offer_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}

err
passkey_begin_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}

err
passkey_first_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}

err
passkey_add_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
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
