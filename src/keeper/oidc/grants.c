#include "keeper/oidc/grants.h"

#include "keeper/core/session_lookup.h"
#include "keeper/oidc/policy.h"
#include "keeper/session/throttle.h"

err
grants_lock(struct call *call, int64_t session_id, int64_t grant_id)
{
	const struct db_value session[] = { DB_INT(session_id) }, grant[] = { DB_INT(grant_id) };

	if (session_id != 0)
		TRY(db_lock(call->db, SQL_OIDC_SESSION_LOCK, session, COUNT(session)));
	return db_lock(call->db, SQL_OIDC_GRANT_LOCK, grant, COUNT(grant));
}

err
grants_refuse_other(struct call *call, const struct oidc_client *client, enum audit_event event, int64_t account_id)
{
	struct throttle throttle;

	TRY(throttle_client(call, client->client_id, &throttle));
	TRY(throttle_take(call, &throttle));
	TRY(audit_write_client(call, event, account_id, client->client_id, REASON_OTHER_CLIENT));
	audit_log_client(call, event, account_id, client->client_id, REASON_OTHER_CLIENT);
	return throttle_wrong(call, &throttle);
}

err
grants_delete(struct call *call, int64_t grant_id)
{
	const struct db_value args[] = { DB_INT(grant_id) };

	return db_run(call->db, SQL_OIDC_GRANT_DELETE, args, COUNT(args), NULL);
}

/*
 * A session with the password alone is valid as at the gate: the access rules decide whether that is enough.
 * *ret_end_us 0: the session has ended.
 */
static err
grants_session_end(struct call *call, int64_t session_id, int64_t *ret_end_us)
{
	const struct db_value args[] = { DB_INT(session_id) };
	struct gate_session_row row;
	struct session session;
	bool found = false;

	*ret_end_us = 0;
	TRY(db_row(call->db, SQL_GATE_SESSION, args, COUNT(args), &call->arena, &row, &found));
	if (!found)
		return ERR_OK;
	session = session_from_basis(&row.basis);
	session_decide_for_gate(&session, keeper_config(call->keeper), call->now_us);
	if (session.state == STATE_FULL || session.state == STATE_PENDING)
		*ret_end_us = session.expires_us;
	return ERR_OK;
}

err
grants_stand(struct call *call, const struct oidc_client *client, const struct person *person, int64_t session_id,
	     str amr, int64_t *ret_until_us)
{
	int64_t end_us = INT64_MAX;
	bool allowed;

	if (session_id != 0)
		TRY(grants_session_end(call, session_id, &end_us));
	allowed = !client->disabled && !person->disabled &&
		  policy_still_accepts(call, client, person->name, person->groups, amr);
	*ret_until_us = allowed ? end_us : 0;
	return ERR_OK;
}
