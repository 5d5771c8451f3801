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

/* A session with the password alone is valid as at the gate: the access rules decide whether that is enough. */
static err
grants_session_lives(struct call *call, int64_t session_id, bool *ret_lives)
{
	const struct db_value args[] = { DB_INT(session_id) };
	struct gate_session_row row;
	struct session session;
	bool found = false;

	*ret_lives = false;
	TRY(db_row(call->db, SQL_GATE_SESSION, args, COUNT(args), &call->arena, &row, &found));
	if (!found)
		return ERR_OK;
	session = session_from_basis(&row.basis);
	session_decide_for_gate(&session, keeper_config(call->keeper), call->now_us);
	*ret_lives = session.state == STATE_FULL || session.state == STATE_PENDING;
	return ERR_OK;
}

err
grants_stand(struct call *call, const struct oidc_client *client, const struct person *person, int64_t session_id,
	     str amr, bool *ret_stand)
{
	bool lives = true;

	if (session_id != 0)
		TRY(grants_session_lives(call, session_id, &lives));
	*ret_stand = lives && !client->disabled && !person->disabled &&
		     policy_still_accepts(call, client, person->name, person->groups, amr);
	return ERR_OK;
}
